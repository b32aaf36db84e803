"""The driver `containers` with all its real servers, and what only containers can suffer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.drivers.containers.driver import ContainersDriver
from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, connect, machine
from harness.drivers.containers.images import MIRROR
from harness.drivers.containers.leftovers import of_run
from harness.drivers.containers.system import ContainersSystem
from harness.drivers.system import RunningSystem
from harness.errors import InvalidInput, MissingServer, StartFailed
from harness.faults.container import Disconnect, Limit
from harness.protocols import Disconnectable, Limitable, Limits, Toxic
from harness.supervisor.scratch import PREFIX
from harness.sweep import sweep
from harness.waiting import until
from tests.integration.driver_contract import DriverContract, answering, named, running
from tests.integration.echo import ECHO, POSTGRES, STORELESS, WORKER
from tests.integration.echo.running import eventually, get, workspace

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
DEAD = f"{os.getpid()}@1"
"""Our own number, but it began at another time."""


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    with closing(connect()) as engine:
        yield engine


def left(engine: docker.DockerClient, run_id: str) -> list[str]:
    return [f"{leftover.kind} {leftover.name}" for leftover in of_run(engine, run_id)]


def volumes(engine: docker.DockerClient, run_id: str) -> set[str]:
    """Those that containers of the run have now; they carry no label of their own."""
    containers = engine.containers.list(all=True, filters={"label": f"{RUN_LABEL}={run_id}"}, ignore_removed=True)
    mounts = (mount for container in containers for mount in container.attrs["Mounts"])
    return {mount["Name"] for mount in mounts if mount["Type"] == "volume"}


def all_volumes(engine: docker.DockerClient) -> set[str]:
    return {str(volume.name) for volume in engine.volumes.list()}


class TestContainersDriver(DriverContract):
    driver = ContainersDriver
    kill_s_max = 5.0

    def test_an_instance_sees_only_what_its_image_and_the_environment_say(self, system: RunningSystem) -> None:
        seen = json.loads(get(system.url, "/environment").body)
        given = {"VERSION", "INSTANCE", "POSTGRES_URL", "PATH", "HOME", "HOSTNAME", "PYTHONUNBUFFERED"}
        assert seen.keys() - {"LC_CTYPE", "LANG"} == given

    def test_all_is_published_on_loopback_alone(self, engine: docker.DockerClient, system: RunningSystem) -> None:
        [network] = [each for each in engine.networks.list() if each.name == self.network_of(system)]
        network.reload()
        containers = [engine.containers.get(number) for number in network.attrs["Containers"]]
        published = [port for container in containers for ports in container.ports.values() for port in ports or ()]
        assert len(containers) == 7  # router, links, two stores, two web, one worker
        assert {port["HostIp"] for port in published} == {"127.0.0.1"}

    def network_of(self, system: RunningSystem) -> str:
        return f"rollproof-{system._workspace.run_id}"

    def test_nobody_in_a_container_of_a_service_is_root(
        self, engine: docker.DockerClient, system: RunningSystem
    ) -> None:
        uids = {
            Path(f"/proc/{instance.pid}").stat().st_uid for instance in system.instances() if instance.pid is not None
        }
        assert uids == {10001}

    # ── links ────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_links_are_severed_poisoned_and_mended(self, system: RunningSystem) -> None:
        assert isinstance(system, ContainersSystem)
        first = named(system, "web")[0]
        system.sever("web", "postgres")
        assert not system.ready(first)
        system.mend("web", "postgres")
        assert eventually(lambda: system.ready(first))
        system.poison("web", "postgres", "slow", Toxic("timeout", {"timeout": 100}))
        assert not system.ready(first)
        system.cure("web", "postgres", "slow")
        assert eventually(lambda: system.ready(first))

    # ── off the network ──────────────────────────────────────────────────────────────────────────────────────────

    def test_a_disconnected_instance_comes_back_where_it_was(self, system: RunningSystem) -> None:
        assert isinstance(system, Disconnectable)
        victim, survivor = named(system, "web")
        url = system.instances()[0].url
        system.disconnect(victim)
        assert not system.connected(victim)
        assert system.connected(survivor)
        assert eventually(lambda: answering(system, 4) == {survivor})
        system.reconnect(victim)
        assert system.connected(victim)
        assert eventually(lambda: answering(system) == {victim, survivor})
        assert (system.instances()[0].url, get(url).instance) == (url, victim)
        system.reconnect(victim)  # it is connected: nothing to do

    def test_the_fault_disconnect_proves_that_it_bit_and_healed(self, system: RunningSystem) -> None:
        with Disconnect("web-2").inject(system) as effect:
            bit = effect.bites()
            assert bit.seen, bit.by
            assert "web-2 has no network; it cannot be reached" in bit.by
        healed = effect.heals()
        assert healed.seen, healed.by

    def test_a_worker_is_disconnected_too(self, system: RunningSystem) -> None:
        with Disconnect("worker").inject(system) as effect:
            assert effect.bites().seen
        assert effect.heals().seen

    # ── short of resources ───────────────────────────────────────────────────────────────────────────────────────

    def test_limits_are_in_force_until_they_are_lifted(self, system: RunningSystem) -> None:
        assert isinstance(system, Limitable)
        name = named(system, "web")[0]
        assert system.usage(name).limits == Limits()
        system.limit(name, Limits(cpus=0.5, memory_mb=256))
        assert system.usage(name).limits == Limits(0.5, 256)
        system.limit(name, Limits())
        assert system.usage(name).limits == Limits()

    def test_the_fault_limit_proves_that_it_held_back(self, system: RunningSystem) -> None:
        with Limit("web-1", cpus=0.01).inject(system) as effect:
            bit = effect.bites()
            assert bit.seen, bit.by
        healed = effect.heals()
        assert healed.seen, healed.by

    def test_a_limit_of_memory_is_in_force_until_the_fault_heals(self, system: RunningSystem) -> None:
        with Limit("web-1", memory_mb=64).inject(system) as effect:
            bit = effect.bites()
            assert bit.seen, bit.by
            assert "all processors and 64 MB" in bit.by
        healed = effect.heals()
        assert healed.seen, healed.by


# ── nothing is left ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_that_does_not_start_leaves_nothing(engine: docker.DockerClient) -> None:
    with workspace() as space:
        with (
            pytest.raises(StartFailed, match="web-1 ended with code 1"),
            ContainersDriver().open(STORELESS, space) as site,
            running(site, "1.0+broken"),
        ):
            pass
        assert left(engine, space.run_id) == []


def test_what_ended_is_gone_at_once_with_its_volumes(engine: docker.DockerClient) -> None:
    with workspace() as space, ContainersDriver().open(replace(STORELESS, stores=(POSTGRES,)), space):
        used = volumes(engine, space.run_id)
        assert used
    assert left(engine, space.run_id) == []
    assert not used & all_volumes(engine)


MOMENTS = ("begun", *(f"{number} there" for number in range(1, 7)), "up 1", "down 1", "up 2")
"""When the harness is killed: by what is there of its network, two servers and three instances, or what it said."""
HARNESS = """
import sys
from itertools import count
from harness.drivers.containers.driver import ContainersDriver
from tests.integration.echo import ECHO, STORELESS
from tests.integration.echo.running import workspace
with workspace() as space:
    print(space.run_id, flush=True)
    with ContainersDriver().open(STORELESS if "there" in sys.argv[1] else ECHO, space) as site:
        for number in count(1):
            with site.start("1.0"):
                print(f"up {number}", flush=True)
            print(f"down {number}", flush=True)
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_harness_killed_at_any_moment_leaves_nothing(engine: docker.DockerClient, scratch: Path, moment: str) -> None:
    harness = subprocess.Popen(
        (sys.executable, "-c", HARNESS, moment),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    with harness:
        assert harness.stdout is not None
        try:
            run_id = harness.stdout.readline().strip()
            if moment.endswith("there"):
                number = int(moment.split(maxsplit=1)[0])
                assert until(lambda: len(left(engine, run_id)) >= number, 60, poll_s=0.05)
            elif moment != "begun":
                assert any(line.strip() == moment for line in harness.stdout)
            used = volumes(engine, run_id)
        finally:
            harness.send_signal(signal.SIGKILL)
    assert eventually(lambda: not left(engine, run_id) and not list(scratch.glob(f"{PREFIX}*")), 30)
    assert not used & all_volumes(engine)
    # The engine may have been making something then.
    assert not eventually(lambda: bool(left(engine, run_id)), 1), left(engine, run_id)


def leave(engine: docker.DockerClient, run_id: str, harness: str) -> str:
    """A container and a network as a harness makes them; the container's name."""
    labels = {RUN_LABEL: run_id, HARNESS_LABEL: harness, MACHINE_LABEL: machine()}
    engine.networks.create(f"rollproof-{run_id}", labels=labels)
    name = f"rollproof-{run_id}-web-1"
    engine.containers.create("python:3.11-slim", "true", name=name, labels=labels, network=f"rollproof-{run_id}")
    return name


def test_sweeping_removes_what_dead_harnesses_left_and_nothing_else(engine: docker.DockerClient) -> None:
    dead, living = f"dead-{os.getpid()}", f"living-{os.getpid()}"
    with workspace() as space, ContainersDriver().open(STORELESS, space):
        before = left(engine, space.run_id)
        name = leave(engine, dead, DEAD)
        swept = sweep()
        assert f"container {name} of run {dead}" in swept.others
        assert f"network rollproof-{dead} of run {dead}" in swept.others
        assert left(engine, dead) == []
        assert left(engine, space.run_id) == before
    leave(engine, living, "no identity")
    sweep()
    kept = list(of_run(engine, living))
    for leftover in kept:
        leftover.remove()
    assert len(kept) == 2


# ── what is missing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_without_an_engine_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with (
        workspace() as space,
        pytest.raises(MissingServer, match=r"no Docker engine answers \(unix:///nowhere.sock: No such file"),
        ContainersDriver().open(ECHO, space),
    ):
        pass


@pytest.mark.parametrize(
    ("variable", "value", "missing"),
    [
        ("HARNESS_NATS_IMAGE", "127.0.0.1:1/nats:none", "127.0.0.1:1/nats:none"),
        (MIRROR, "127.0.0.1:1/mirror", "127.0.0.1:1/mirror/envoyproxy/envoy:v1.40-latest"),
    ],
)
def test_an_image_that_is_not_there_is_named(
    engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, missing: str
) -> None:
    monkeypatch.setenv(variable, value)
    with (
        workspace() as space,
        pytest.raises(MissingServer, match=f"the image {missing} is not there and cannot be pulled"),
        ContainersDriver().open(ECHO, space),
    ):
        pass
    assert left(engine, space.run_id) == []


def test_an_environment_without_an_image_is_told_what_to_write() -> None:
    with (
        workspace() as space,
        pytest.raises(InvalidInput, match=r'environment.toml: .*add a table \[image\] with name = "echo:{version}"'),
        ContainersDriver().open(replace(ECHO, image=None), space),
    ):
        pass


def test_a_program_that_is_not_in_the_image_is_named(engine: docker.DockerClient) -> None:
    lost = replace(WORKER, command=("/no-such-program",))
    with (
        workspace() as space,
        pytest.raises(StartFailed, match=r"(?s)worker-1 cannot be started: .*no-such-program"),
        ContainersDriver().open(replace(STORELESS, services=(STORELESS.routed, lost)), space) as site,
        running(site),
    ):
        pass
    assert left(engine, space.run_id) == []
