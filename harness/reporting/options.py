"""What a checker judges by, read from its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from harness.protocols import Checker
from harness.verdict import Cell


def options_of(checkers: Iterable[Checker]) -> dict[str, Mapping[str, Cell]]:
    """The fields of each checker that is a dataclass, by its name; what is nested is named `outer.inner`."""
    return {checker.name: dict(_fields(checker, "")) for checker in checkers}


def _fields(value: object, prefix: str) -> Iterator[tuple[str, Cell]]:
    if not dataclasses.is_dataclass(value):
        return
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        if dataclasses.is_dataclass(inner):
            yield from _fields(inner, f"{prefix}{field.name}.")
        elif inner is None or isinstance(inner, (str, int, float, bool)):
            yield f"{prefix}{field.name}", inner
        else:
            yield (
                f"{prefix}{field.name}",
                ", ".join(map(str, inner)) if isinstance(inner, (tuple, list)) else str(inner),
            )
