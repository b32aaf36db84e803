"""What a driver's stores have in common: PostgreSQL and NATS alike are started, reset and kept."""

from __future__ import annotations

from typing import Protocol

from harness.protocols import Process


class StoreServer(Protocol):
    """A running store. `start` returns at once; nothing else may be called before `await_up` has returned."""

    name: str
    port: int

    def start(self) -> Process: ...

    def await_up(self) -> None:
        """Raises StartFailed."""

    def url(self, port: int | None = None) -> str:
        """Its address for a client; through a proxy where one listens at `port`."""

    def keep(self, label: str) -> None:
        """Remember what it holds now under `label`. No client may be connected."""

    def reset(self, label: str | None = None) -> None:
        """Make it hold what it held when `label` was kept; nothing, if None. Connections are cut."""

    def stop(self) -> None: ...
