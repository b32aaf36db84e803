"""What a process of the ledger is told by its environment variables, read once at its start."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str
    broker_url: str
    host: str
    port: int
    instance: str
    version: str
    """As people name it, e.g. `2.0+no-upcaster`; answers show it."""
    variants: tuple[str, ...]
    """Alternative code paths to wire in, each a module of `ledger.defects`."""
    close_every: int
    """Each answer of that number is its connection's last; 0: connections are kept."""
    drain_s: float
    """How long it still serves after it said that it is no longer ready, so that routers notice first."""
    statement_s: float
    """How long a statement takes."""

    @property
    def release(self) -> str:
        return self.version.partition("+")[0]

    @classmethod
    def read(cls) -> Settings:
        """Raises KeyError, naming the variable, where one is missing."""
        return cls(
            database_url=os.environ["LEDGER_DATABASE_URL"],
            broker_url=os.environ["LEDGER_BROKER_URL"],
            host=os.environ.get("LEDGER_HOST", "127.0.0.1"),
            port=int(os.environ["LEDGER_PORT"]),
            instance=os.environ["LEDGER_INSTANCE"],
            version=os.environ["LEDGER_VERSION"],
            variants=read_variants(),
            close_every=int(os.environ.get("LEDGER_CLOSE_EVERY", "0")),
            drain_s=float(os.environ.get("LEDGER_DRAIN_S", "0.6")),
            statement_s=float(os.environ.get("LEDGER_STATEMENT_S", "0.78")),
        )


def read_variants() -> tuple[str, ...]:
    return tuple(name for name in os.environ.get("LEDGER_VARIANT", "").split(",") if name)
