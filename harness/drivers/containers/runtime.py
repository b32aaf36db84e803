"""The runtime of the driver `containers`: each part is a container, its ports published on loopback alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import docker
from docker.types import LogConfig
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer, Reaper

from harness.drivers.containers.engine import TROUBLE, connect, marks, refusing
from harness.drivers.containers.images import (
    get_images,
    make_service_images,
    need_image,
    server_image,
    service_image,
)
from harness.drivers.containers.leftovers import removal_command, remove_run
from harness.drivers.containers.network import RunNetwork, make_network
from harness.drivers.containers.process import ContainerProcess
from harness.drivers.parts import stopping
from harness.drivers.ports import HOST, free_port
from harness.drivers.processes import write_whole
from harness.drivers.runtime import Address, Part, Place
from harness.drivers.watchdog import watching
from harness.environment import Environment, StoreKind
from harness.errors import HarnessError, MissingServer, StartFailed
from harness.protocols import Workspace
from harness.servers import ENVOY, NATS, POSTGRES, TOXIPROXY

ALL_ADDRESSES = "0.0.0.0"
FIRST_PORT = 8000
"""In the containers; for what is below, a process needs a right that it does not have."""
STORES = {StoreKind.POSTGRES: POSTGRES, StoreKind.NATS: NATS}


@contextmanager
def open_runtime(environment: Environment, workspace: Workspace) -> Iterator[ContainerRuntime]:
    """Get all images and make a network; leaving removes whatever the run still has in the engine.

    Raises InvalidInput, MissingServer and HarnessError; nothing is left then.
    """
    need_image(environment)
    with ExitStack() as stack:
        engine = connect()
        stack.callback(engine.close)
        get_images(engine, _server_images(environment))
        make_service_images(engine, environment, workspace.logs)
        _choose_reaper(engine)
        stack.enter_context(watching(removal_command(workspace.run_id, workspace.scratch)))
        stack.enter_context(stopping(lambda: _remove_all(engine, workspace.run_id)))
        labels = marks(workspace.run_id)
        network = make_network(engine, f"rollproof-{workspace.run_id}", labels)
        yield ContainerRuntime(engine, network, workspace, labels)


def _server_images(environment: Environment) -> Iterator[str]:
    yield from (server_image(server) for server in (ENVOY, TOXIPROXY))
    yield from (server_image(STORES[store.kind], store.image) for store in environment.stores)


def _choose_reaper(engine: docker.DockerClient) -> None:
    """Testcontainers' own guard against leftovers runs where its image can be had; we have ours beside it."""
    if testcontainers_config.ryuk_disabled:
        return
    try:
        get_images(engine, [testcontainers_config.ryuk_image])
    except MissingServer:
        testcontainers_config.ryuk_disabled = True
        return
    with refusing("testcontainers' reaper cannot be started"):
        Reaper.get_instance()  # here, because of several threads each would start one


def _remove_all(engine: docker.DockerClient, run_id: str) -> None:
    with refusing(f"what run {run_id} has in the engine cannot be removed"):
        if not remove_run(engine, run_id):
            raise HarnessError(f"not all of run {run_id} could be removed from the engine; try `harness sweep`")


class ContainerRuntime:
    """See runtime.Runtime. Safe to use from several threads."""

    def __init__(
        self, engine: docker.DockerClient, network: RunNetwork, workspace: Workspace, labels: Mapping[str, str]
    ) -> None:
        self.scratch = workspace.scratch
        self._engine = engine
        self._network = network
        self._run_id = workspace.run_id
        self._labels = labels
        self._places: dict[str, tuple[Place, ...]] = {}
        self._numbers = count(1)
        self._user = _own_user(engine)

    def places(self, name: str, count: int) -> tuple[Place, ...]:
        """The same ones each time, so that what is started again is where it was."""
        known = self._places.get(name, ())
        more = (self._place(name, FIRST_PORT + number) for number in range(len(known), count))
        self._places[name] = (*known, *more)
        return self._places[name][:count]

    def _place(self, name: str, port: int) -> Place:
        inside = Address(self._network.address(name), port)
        return Place(Address(ALL_ADDRESSES, port), inside, Address(HOST, free_port()))

    def values(self, environment: Environment) -> Mapping[str, str]:
        image = need_image(environment)
        return {"python": image.python, "folder": image.folder}

    def image(self, environment: Environment, service: str, version: str) -> str:
        return service_image(environment, version)

    def write(self, file: Path, text: str) -> None:
        write_whole(file, text)

    def spawn(self, part: Part) -> ContainerProcess:
        """Returns when the engine has started it."""
        described = self._describe(part)
        try:
            container = self._engine.containers.get(described.start().get_container_id())
        except TROUBLE as error:
            described.stop()
            raise StartFailed(f"{part.name} cannot be started: {error}") from error
        described.get_docker_client().client.close()
        return ContainerProcess(container, part, self._network)

    def _describe(self, part: Part) -> DockerContainer:
        program = part.server.image_program if part.server else ()
        name = _name(f"rollproof-{self._run_id}-{part.name}-{next(self._numbers)}")
        container = DockerContainer("").with_name(name).with_command([*program, *part.argv])
        # Said to the constructor, it would get the prefix of a registry's mirror, which is none of a local image's.
        container.image = server_image(part.server, part.image) if part.server else part.image
        container.with_envs(**self._variables(part))
        for place in part.places:
            container.ports[f"{place.bind.port}/tcp"] = (place.outside.host, place.outside.port)  # type: ignore[assignment]
        for folder in part.shared:
            container.with_volume_mapping(folder, str(folder), "rw")
        return container.with_kwargs(
            labels=dict(self._labels),
            network=self._network.name,
            networking_config=self._network.endpoint(part.name),
            hostname=_name(part.name),
            user=self._user if part.shared else None,
            working_dir=part.folder,
            log_config=LogConfig(type=LogConfig.types.JSON),
            # The engine wakes a paused container that it sends its stop signal. One that is paused is to stay so.
            stop_signal="SIGKILL",
        )

    def _variables(self, part: Part) -> dict[str, str]:
        """Envoy's image changes its user by itself unless it is told not to."""
        user, _, group = self._user.partition(":")
        own = {"ENVOY_UID": user, "ENVOY_GID": group} if part.server is ENVOY else {}
        return {**own, **part.variables}


def _own_user(engine: docker.DockerClient) -> str:
    """Who a container must be to share files with us: ourselves, whom an engine without root knows as root."""
    with refusing("the engine cannot be asked about itself"):
        rootless = any("rootless" in option for option in engine.info().get("SecurityOptions") or ())
    return "0:0" if rootless else f"{os.geteuid()}:{os.getegid()}"


def _name(text: str) -> str:
    """Without what names of containers may not hold, as the plus of a variant."""
    return re.sub(r"[^\w.-]", "-", text)
