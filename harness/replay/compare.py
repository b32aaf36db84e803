"""How two states differ, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = _Absent()
SHOWN_MAX: Final = 200


@dataclass(frozen=True)
class Difference:
    """At `pointer`, a JSON Pointer, the first state has one value and the second another; as JSON, or `(absent)`."""

    pointer: str
    first: str
    second: str


@dataclass(frozen=True)
class Ignored:
    """Places that are expected to differ: JSON Pointers, of which `*` is any one step."""

    patterns: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, pointers: Sequence[str]) -> Ignored:
        """Raises ValueError for what is no pointer."""
        for pointer in pointers:
            if not pointer.startswith("/"):
                raise ValueError(f"{pointer!r} is no JSON Pointer: it would begin with /")
        return cls(tuple(tuple(map(_unescaped, pointer[1:].split("/"))) for pointer in pointers))

    def covers(self, steps: tuple[str, ...]) -> bool:
        return any(
            len(pattern) == len(steps)
            and all(wanted in ("*", step) for wanted, step in zip(pattern, steps, strict=True))
            for pattern in self.patterns
        )


NOTHING: Final = Ignored()


def differences(first: bytes, second: bytes, ignored: Ignored = NOTHING) -> Iterator[Difference]:
    """Between two states as JSON. Equal bytes are equal states, whatever they say."""
    if first != second:
        yield from _differences(msgspec.json.decode(first), msgspec.json.decode(second), (), ignored)


def _differences(first: object, second: object, steps: tuple[str, ...], ignored: Ignored) -> Iterator[Difference]:
    if ignored.covers(steps):
        return
    match first, second:
        case dict(), dict():
            for name in sorted(first.keys() | second.keys()):
                yield from _differences(first.get(name, ABSENT), second.get(name, ABSENT), (*steps, name), ignored)
        case list(), list():
            for place in range(max(len(first), len(second))):
                one, other = (items[place] if place < len(items) else ABSENT for items in (first, second))
                yield from _differences(one, other, (*steps, str(place)), ignored)
        case _:
            if type(first) is not type(second) or first != second:
                yield Difference("".join("/" + _escaped(step) for step in steps), _shown(first), _shown(second))


def _shown(value: object) -> str:
    text = repr(value) if value is ABSENT else msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
