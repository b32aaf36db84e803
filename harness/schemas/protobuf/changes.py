"""What differs between two versions of a message, in words, and which of it breaks which direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.schemas.optional import Difference
from harness.schemas.protobuf.model import Cardinality, EnumType, Field, Kind, same
from harness.schemas.protobuf.pairing import Encoding, Pair, PairedTypes, Pairing
from harness.schemas.protobuf.runtime import Runtime
from harness.schemas.protobuf.search import THOROUGH, Finding, search


@dataclass(frozen=True)
class Change:
    """One difference, with the full name of its field in both versions; None where it has none."""

    old: str | None
    new: str | None
    text: str
    moved: bool = False
    """The same name under another number."""

    @property
    def path(self) -> str:
        return (self.old if self.new is None else self.new) or ""


def differences(old: Runtime, new: Runtime, encoding: Encoding) -> tuple[Difference, ...]:
    """In the order of the fields' numbers. What an event shows to be misread is told at the difference that does it."""
    changes = list(_changes(Pairing(new.types, old.types, Encoding.WIRE)))
    found: dict[Change, tuple[list[str], list[str]]] = {change: ([], []) for change in changes}
    for finding in search(new, old, encoding, THOROUGH).findings:
        change = _owner([each for each in changes if each.new == finding.path], finding)
        found.setdefault(change or _apart(finding), ([], []))[0].append(_told(finding))
    for finding in search(old, new, encoding, THOROUGH).findings:
        change = _owner([each for each in changes if each.old == finding.path], finding)
        found.setdefault(change or _apart(finding), ([], []))[1].append(_told(finding))
    return tuple(
        Difference(change.path, change.text, "; ".join(backward), "; ".join(forward))
        for change, (backward, forward) in found.items()
    )


def _owner(changes: Sequence[Change], finding: Finding) -> Change | None:
    return min(changes, key=lambda each: each.moved is not (finding.rule == "number"), default=None)


def _apart(finding: Finding) -> Change:
    return Change(finding.path, finding.path, "what both have is read apart")


def _told(finding: Finding) -> str:
    return f"{finding.rule}: {finding.witness.refusal}"


def _changes(pairing: Pairing) -> Iterator[Change]:
    """`pairing` has the new version as its reader, and the old one as its writer."""
    if pairing.reader.root != pairing.writer.root:
        text = f"message {pairing.writer.root} becomes {pairing.reader.root}"
        yield Change(pairing.writer.root, pairing.reader.root, text)
    for meeting in pairing.meetings:
        for pair in meeting.types.pairs:
            yield from _of_pair(pair, pairing)
        yield from _removed(meeting.types)
        yield from _added(meeting.types)


def _of_pair(pair: Pair, pairing: Pairing) -> Iterator[Change]:
    new, old = pair.reader, pair.writer
    if pair.moved:
        text = f"field {new.name}: number {old.number} becomes {new.number}"
        yield Change(old.full_name, new.full_name, text, moved=True)
    elif parts := list(_parts(old, new, pairing)):
        yield Change(old.full_name, new.full_name, f"field {old.name} = {old.number}: {', '.join(parts)}")


def _parts(old: Field, new: Field, pairing: Pairing) -> Iterator[str]:
    if old.name != new.name:
        yield f"is called {new.name}"
    elif old.json_name != new.json_name:
        yield f"{old.json_name} becomes {new.json_name} in JSON"
    if old.oneof != new.oneof:
        yield f"{_alternatives(old)} becomes {_alternatives(new)}"
    if _declared(old) != _declared(new):
        yield f"{_declared(old)} becomes {_declared(new)}"
    one = not (old.cardinality.many or new.cardinality.many)
    if one and not same(old.default, new.default) and old.kind.has_defaults_like(new.kind):
        yield f"default {old.default!r} becomes {new.default!r}"
    if old.kind is Kind.ENUM and new.kind is Kind.ENUM:
        yield from _symbols(pairing.writer.enum_of(old), pairing.reader.enum_of(new))


def _symbols(old: EnumType, new: EnumType) -> Iterator[str]:
    if old.closed != new.closed:
        yield f"its enum is {'closed' if new.closed else 'open'} now"
    for number in sorted(old.names.keys() | new.names.keys()):
        before, after = old.names.get(number, ()), new.names.get(number, ())
        if not before:
            yield f"symbol {after[0]} = {number} is added"
        elif not after:
            yield f"symbol {before[0]} = {number} is removed"
        elif not set(before) <= set(after):
            yield f"symbol {before[0]} = {number} is called {after[0]}"


def _removed(types: PairedTypes) -> Iterator[Change]:
    """Also a field of which the name has gone to another number: that is told of too, by the pair."""
    kept = types.by_number
    for number, field in types.writer.fields.items():
        if number not in kept:
            keeps = "is reserved" if types.reader.reserves(number) else "is not reserved"
            text = f"field {field.name} = {number} ({_declared(field)}) is removed, its number {keeps}"
            yield Change(field.full_name, None, text)


def _added(types: PairedTypes) -> Iterator[Change]:
    known = {pair.reader.number for pair in types.pairs}
    for number, field in types.reader.fields.items():
        if number not in known:
            again = ", its number was reserved" if types.writer.reserves(number) else ""
            yield Change(None, field.full_name, f"field {field.name} = {number} ({_declared(field)}) is added{again}")


def _declared(field: Field) -> str:
    """As proto3 says it: without a word where a zero is not written, or where another field may be set instead."""
    if field.cardinality is Cardinality.IMPLICIT or field.oneof:
        return field.described.partition(" ")[2]
    return field.described


def _alternatives(field: Field) -> str:
    return f"one of {field.oneof}" if field.oneof else "independent"
