"""Requests of users that the router breaks, as far as they get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Breakage(StrEnum):
    ABORT = "abort"
    """Answered by the router itself."""
    DELAY = "delay"
    """Held back before it goes on."""


@dataclass(frozen=True)
class RequestTrouble:
    """What becomes of a share of the requests that match: those whose path begins so, with all these headers, that
    were for that version. What is empty matches all."""

    way: Breakage
    share: float = 1.0
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    status: int = 503
    """Of what is aborted."""
    delay_ms: int = 0
    """Of what is delayed."""


@dataclass(frozen=True)
class Meddling:
    """By the router's own counters."""

    broken: int
    """Requests so far."""
    active: int
    """Requests that are held back now."""
    requests: int
    """All that have come so far, broken or not."""


@runtime_checkable
class Meddlesome(Protocol):
    """A router that breaks requests."""

    def break_requests(self, trouble: RequestTrouble) -> None:
        """Returns when that is in force.

        Raises HarnessError if there is a trouble of that way already: nobody could tell what either did.
        """

    def spare_requests(self, way: Breakage) -> None:
        """Returns when no more requests are broken that way."""

    def meddling(self, way: Breakage) -> Meddling: ...
