"""What an environment says about its processes, made into parts: placeholders filled in, variables merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from harness.drivers.runtime import Address, Part, Place, Runtime
from harness.environment import Environment, Service, Version
from harness.placeholders import expand_all, expand_values

NO_PORT = 0


def listens(service: Service, version: Version) -> bool:
    """Whether it is given a port of its own, anywhere in what it is started with."""
    texts: Iterable[str] = (*service.command, *service.variables.values(), *version.variables.values())
    return any("{port}" in text for text in texts)


def instance_part(
    environment: Environment,
    service: Service,
    version: Version,
    runtime: Runtime,
    *,
    name: str,
    places: tuple[Place, ...],
    urls: Mapping[str, str],
    log: Path,
) -> Part:
    """How to start one instance. `urls` are the stores' addresses as it must use them. Raises InvalidInput."""
    host, port = (places[0].bind.host, places[0].bind.port) if places else ("", NO_PORT)
    own = {"instance": name, "host": host, "port": str(port)}
    values = {**runtime.values(environment), **_values(version, urls), **own}
    return Part(
        name,
        expand_all(service.command, values),
        log,
        image=runtime.image(environment, service.name, version.name),
        service=service.name,
        variables=expand_values({**service.variables, **version.variables}, values),
        folder=values["folder"],
        places=places,
        ready_path=service.ready_path if places else "",
        grace_s=service.stop_grace_s,
    )


def migration_part(
    environment: Environment,
    command: Sequence[str],
    version: Version,
    runtime: Runtime,
    *,
    name: str,
    urls: Mapping[str, str],
    log: Path,
) -> Part:
    """How to run a migration: like an instance of the routed service, but reaching the stores past all links."""
    own = {"instance": name, "host": "", "port": str(NO_PORT)}
    values = {**runtime.values(environment), **_values(version, urls), **own}
    return Part(
        name,
        expand_all(command, values),
        log,
        image=runtime.image(environment, environment.routed.name, version.name),
        variables=expand_values({**environment.routed.variables, **version.variables}, values),
        folder=values["folder"],
        awaits=tuple(_address(url) for url in urls.values()),
    )


def _address(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None  # urls are made by the drivers
    assert parts.port is not None
    return Address(parts.hostname, parts.port)


def _values(version: Version, urls: Mapping[str, str]) -> dict[str, str]:
    return {"version": version.name, **{f"{store}.url": url for store, url in urls.items()}}
