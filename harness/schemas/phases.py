"""Who reads what whom in a deployment of the newest version over the one before, and in the modes of registries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.schemas.folder import SchemaFile


class Phase(StrEnum):
    REPLAY = "replay"
    """The new version reads all history, whatever version wrote it."""
    MIXED = "mixed window"
    """Both versions run: each reads what the other writes."""
    ROLLBACK = "rollback"
    """The old version is back, and reads what the new one wrote meanwhile."""
    LAG = "lagging consumers"
    """Consumers that are still at older versions read what the new one writes."""
    BACKWARD = "backward"
    """A registry's mode: the new version reads old ones."""
    FORWARD = "forward"
    """A registry's mode: old versions read the new one."""


class Mode(StrEnum):
    """As schema registries define them; plain modes look at the version before, transitive ones at all."""

    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"
    NONE = "NONE"


@dataclass(frozen=True)
class Question:
    """Does this reader read that writer, and in which phase does it matter?"""

    phase: Phase
    reader: SchemaFile
    writer: SchemaFile


def questions(versions: Sequence[SchemaFile], lag_max: int | None = None) -> Iterator[Question]:
    """Those of every phase; `versions` are oldest first, and consumers lag by `lag_max` versions at most.

    A type with one version has only itself to read.
    """
    *earlier, newest = versions
    for old in earlier or [newest]:
        yield Question(Phase.REPLAY, newest, old)
    if not earlier:
        return
    before = earlier[-1]
    yield Question(Phase.MIXED, newest, before)
    yield Question(Phase.MIXED, before, newest)
    yield Question(Phase.ROLLBACK, before, newest)
    for old in earlier if lag_max is None else earlier[max(0, len(earlier) - lag_max) :]:
        yield Question(Phase.LAG, old, newest)


def questions_of_mode(versions: Sequence[SchemaFile], mode: Mode) -> Iterator[Question]:
    """Those that a registry asks when the newest version is registered."""
    *earlier, newest = versions
    compared = earlier if mode.endswith("_TRANSITIVE") else earlier[-1:]
    for old in compared:
        for ask in _ASKED[mode.removesuffix("_TRANSITIVE")]:
            yield ask(newest, old)


def _backward(new: SchemaFile, old: SchemaFile) -> Question:
    return Question(Phase.BACKWARD, new, old)


def _forward(new: SchemaFile, old: SchemaFile) -> Question:
    return Question(Phase.FORWARD, old, new)


_ASKED: Mapping[str, tuple[Callable[[SchemaFile, SchemaFile], Question], ...]] = {
    "BACKWARD": (_backward,),
    "FORWARD": (_forward,),
    "FULL": (_backward, _forward),
    "NONE": (),
}
