"""The Docker engine: how it is reached, and the labels by which what a run made there is known."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

try:
    import docker
    import requests
    from docker.errors import DockerException
    from testcontainers.core.docker_client import DockerClient, get_docker_host
except ImportError as error:
    raise ImportError(f"{error}; pip install 'rollproof[containers]'") from error

from harness.errors import HarnessError, MissingServer
from harness.supervisor.scratch import Identity

RUN_LABEL = "rollproof.run"
HARNESS_LABEL = "rollproof.harness"
MACHINE_LABEL = "rollproof.machine"

DEFAULT_HOST = "unix:///var/run/docker.sock"
CONNECTIONS_MAX = 100
"""Two follow each container."""
TROUBLE = (DockerException, requests.RequestException)
"""What docker-py raises when the engine refuses, or cannot be reached."""


def connect() -> docker.DockerClient:
    """The engine that Docker's own settings and those of testcontainers name. Raises MissingServer."""
    try:
        _knock(get_docker_host() or DEFAULT_HOST)
        engine = DockerClient(max_pool_size=CONNECTIONS_MAX).client
        engine.ping()
    except (*TROUBLE, OSError) as error:
        raise MissingServer(
            f"no Docker engine answers ({error}); start one, or point DOCKER_HOST or the Docker context at one"
        ) from error
    return engine


def _knock(host: str) -> None:
    """Raises OSError, which says better than docker-py does why nobody answers at a socket."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
            except OSError as error:
                raise OSError(f"{host}: {error.strerror}") from error


def whereabouts(engine: docker.DockerClient) -> tuple[str, str]:
    """Its address and its version. Raises HarnessError."""
    with refusing("the engine's version"):
        return str(engine.api.base_url).replace("http+docker://", ""), str(engine.version()["Version"])


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """What the engine refuses within becomes a HarnessError that says `what` was to be done."""
    try:
        yield
    except TROUBLE as error:
        raise HarnessError(f"{what}: the Docker engine says: {error}") from error


def marks(run_id: str) -> Mapping[str, str]:
    """The labels of everything that this process makes for that run."""
    return {RUN_LABEL: run_id, HARNESS_LABEL: str(Identity.of(os.getpid())), MACHINE_LABEL: machine()}


def machine() -> str:
    """Where a harness's identity means something: an engine may serve several hosts, and containers among them."""
    return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
