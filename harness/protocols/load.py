"""Where else than on the harness's own machine the workers of a load may run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class LoadPost:
    """One worker's place. Its agent is reached at this address, once it is up."""

    host: str
    port: int
    fate: Callable[[], str]
    """What the platform says of it; "" if that is nothing to worry about."""


@runtime_checkable
class LoadPlace(Protocol):
    """A system whose platform can run the workers of its load as well."""

    def entrance(self) -> str:
        """The URL where users' requests come in, as workers on the platform reach it."""

    def load_workers(self, files: Mapping[str, str], workers: int) -> AbstractContextManager[Sequence[LoadPost]]:
        """Run that many of harness.load.agent, each with its number from 0 on, and `files` by name in the folder
        harness.load.wire.GIVEN. Returns before they are up; leaving ends those that still run."""
