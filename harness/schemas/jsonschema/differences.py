"""What differs between two versions of a JSON Schema, and what each difference by itself does to readers.

Each difference is made alone in the old schema, and the schema that comes of it is decided against the old one, both
ways. So what is said of a difference is as well proved as a decision is; that of several together is the pair's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import InvalidInput
from harness.schemas.decision import Compatibility, Decision, Json
from harness.schemas.jsonschema.comparison import decide
from harness.schemas.jsonschema.document import JsonSchema, read
from harness.schemas.jsonschema.keywords import Location, pointer
from harness.schemas.optional import Difference

SHOWN_MAX = 60
"""Letters of a value; what is longer is cut."""


@dataclass(frozen=True)
class Absent:
    """In the place of a value that is not there."""


ABSENT = Absent()


@dataclass(frozen=True)
class Change:
    """A keyword, or a member of one, that only one of the two has, or that has another value."""

    location: Location
    old: Json | Absent
    new: Json | Absent

    @property
    def text(self) -> str:
        if isinstance(self.old, Absent):
            return f"added: {_shown(self.new)}"
        if isinstance(self.new, Absent):
            return f"removed: {_shown(self.old)}"
        return f"{_shown(self.old)} becomes {_shown(self.new)}"


def differences(old: JsonSchema, new: JsonSchema) -> tuple[Difference, ...]:
    """In the order of the new schema, what was removed last within its object."""
    return tuple(_difference(old, change) for change in _changes(old.content, new.content, ()))


def _difference(old: JsonSchema, change: Change) -> Difference:
    path = pointer(change.location)
    try:
        alone = read(json.dumps(_made(old.content, change.location, change.new)).encode())
    except InvalidInput:
        reason = "only together with other differences is there a schema"
        return Difference(path, change.text, reason, reason)
    return Difference(path, change.text, _told(decide(alone, old)), _told(decide(old, alone)))


def _told(decision: Decision) -> str:
    if decision.compatibility is Compatibility.COMPATIBLE:
        return ""
    rule = f"{decision.rule}: " if decision.rule else ""
    witness = f"; witness {json.dumps(decision.witness.event)}" if decision.witness else ""
    return f"{decision.compatibility.value}: {rule}{decision.reason}{witness}"


def _changes(old: Json, new: Json, location: Location) -> Iterator[Change]:
    """Arrays are one value: their places say little of what was added to them."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if type(old) is not type(new) or old != new:
            yield Change(location, old, new)
        return
    for name, value in new.items():
        if name in old:
            yield from _changes(old[name], value, (*location, name))
        else:
            yield Change((*location, name), ABSENT, value)
    for name, value in old.items():
        if name not in new:
            yield Change((*location, name), value, ABSENT)


def _made(content: Json, location: Location, value: Json | Absent) -> Json:
    """A copy that has `value` there."""
    if not location:
        assert not isinstance(value, Absent)  # a whole schema is always there
        return value
    assert isinstance(content, dict)  # changes are within objects
    name, *rest = location
    assert isinstance(name, str)
    if not rest and isinstance(value, Absent):
        return {key: kept for key, kept in content.items() if key != name}
    return {**content, name: _made(content.get(name), tuple(rest), value)}


def _shown(value: Json | Absent) -> str:
    text = json.dumps(None if isinstance(value, Absent) else value, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
