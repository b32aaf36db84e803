"""What an environment says about its processes, made into commands: placeholders filled in, variables merged."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.environment import Environment, Service, Version
from harness.placeholders import expand_all, expand_values
from harness.protocols import Command

NO_PORT = 0


def listens(service: Service, version: Version) -> bool:
    """Whether it is given a port of its own, anywhere in what it is started with."""
    texts: Iterable[str] = (*service.command, *service.variables.values(), *version.variables.values())
    return any("{port}" in text for text in texts)


def instance_command(
    environment: Environment,
    service: Service,
    version: Version,
    *,
    name: str,
    port: int,
    urls: Mapping[str, str],
    log: Path,
) -> Command:
    """How to start one instance. `urls` are the stores' addresses as it must use them. Raises InvalidInput."""
    values = {**_values(environment, version, urls), "instance": name, "port": str(port)}
    return Command(
        name,
        expand_all(service.command, values),
        variables=expand_values({**service.variables, **version.variables}, values),
        folder=environment.folder,
        log=log,
    )


def migration_command(
    environment: Environment, command: Sequence[str], version: Version, *, name: str, urls: Mapping[str, str], log: Path
) -> Command:
    """How to run a migration: like an instance of the routed service, but reaching the stores past all links."""
    values = {**_values(environment, version, urls), "instance": name, "port": str(NO_PORT)}
    return Command(
        name,
        expand_all(command, values),
        variables=expand_values({**environment.routed.variables, **version.variables}, values),
        folder=environment.folder,
        log=log,
    )


def _values(environment: Environment, version: Version, urls: Mapping[str, str]) -> dict[str, str]:
    return {
        "python": sys.executable,
        "folder": str(environment.folder),
        "version": version.name,
        **{f"{store}.url": url for store, url in urls.items()},
    }
