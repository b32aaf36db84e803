"""What the store, the broker's consumer and the read model hold once all is quiet, saved into the history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.environment import Environment
from harness.events.consumer import ConsumerObserver
from harness.events.store import StoreReader
from harness.recording import write_rows


def save_snapshot(
    environment: Environment,
    store_url: Callable[[str], str],
    observer: ConsumerObserver | None,
    origin_ns: int,
    folder: Path,
) -> None:
    """Write the tables that the environment has. Raises HarnessError if a store cannot be read.

    What the consumer saw is left out, not saved in part, if it is known to be incomplete.
    """
    if environment.events is not None:
        with StoreReader(store_url(environment.events.store)) as store:
            write_rows(folder, "store", store.events(environment.events))
    if environment.projection is not None:
        with StoreReader(store_url(environment.projection.store)) as model:
            write_rows(folder, "projection", model.projection(environment.projection))
    if observer is not None and observer.problem is None:
        write_rows(folder, "consumed", observer.rows(origin_ns))
