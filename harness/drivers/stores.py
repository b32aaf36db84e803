"""What a driver's stores have in common: PostgreSQL and NATS alike are started, reset and kept."""

from __future__ import annotations

from typing import ClassVar, Protocol

from harness.drivers.runtime import Address, PartProcess, Place


class StoreServer(Protocol):
    """A running store. `start` returns at once; nothing else may be called before `await_up` has returned."""

    name: str
    place: Place
    keeps: ClassVar[bool]
    """Whether `keep` and `reset` with a label work; what cannot be kept is made again."""

    def start(self) -> PartProcess: ...

    def await_up(self) -> None:
        """Raises StartFailed."""

    def url(self, address: Address) -> str:
        """What a client is told who reaches it at `address`: one of its place's, or a proxy's."""

    def keep(self, label: str) -> None:
        """Remember what it holds now under `label`. No client may be connected."""

    def reset(self, label: str | None = None) -> None:
        """Make it hold what it held when `label` was kept; nothing, if None. Connections are cut."""

    def stop(self) -> None: ...
