"""What differs between two versions of an Avro schema, in words, and which of it breaks which direction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.schemas.avro.comparison import Mismatch, compare
from harness.schemas.avro.costs import Costs
from harness.schemas.avro.matching import Matching, names_match
from harness.schemas.avro.model import (
    Array,
    AvroSchema,
    Default,
    Enumeration,
    Field,
    Fixed,
    Map,
    Named,
    Record,
    Type,
    Union,
    kind_of,
    listed,
    said,
)
from harness.schemas.optional import Difference


@dataclass(frozen=True)
class Change:
    """One difference, with its place in both schemas; None where it has none."""

    old: str | None
    new: str | None
    text: str

    def holds(self, old: str, new: str) -> int:
        """How closely a mismatch at these places belongs to this change; 0 if it does not."""
        return max(_depth(old, self.old), _depth(new, self.new))


def differences(old: AvroSchema, new: AvroSchema) -> tuple[Difference, ...]:
    """In the order of the new schema. A mismatch is told at the difference that it stands at, or on its own."""
    changes = list(_Differ(old, new).changes())
    backward = [(each, each.writer_path, each.path) for each in compare(Matching(new, old), Costs(old)).mismatches]
    forward = [(each, each.path, each.writer_path) for each in compare(Matching(old, new), Costs(new)).mismatches]
    found: dict[Change, tuple[list[str], list[str]]] = {change: ([], []) for change in changes}
    for side, mismatches in enumerate((backward, forward)):
        for mismatch, old_path, new_path in mismatches:
            change = _owner(changes, old_path, new_path) or Change(old_path, new_path, "what both have is read apart")
            found.setdefault(change, ([], []))[side].append(_told(mismatch))
    return tuple(
        Difference((change.old if change.new is None else change.new) or "", change.text, "; ".join(b), "; ".join(f))
        for change, (b, f) in found.items()
    )


def _owner(changes: Sequence[Change], old: str, new: str) -> Change | None:
    best = max(changes, key=lambda change: change.holds(old, new), default=None)
    return best if best is not None and best.holds(old, new) else None


def _depth(path: str, base: str | None) -> int:
    """1 and more if `path` is `base` or within it, the more the deeper `base` is."""
    if base is None or not (path == base or path.startswith(f"{base}/")):
        return 0
    return 1 + base.count("/")


def _told(mismatch: Mismatch) -> str:
    return f"{mismatch.rule}: {mismatch.reason}"


class _Differ:
    """Walks both schemas side by side; a pair of types that was met is not walked again."""

    def __init__(self, old: AvroSchema, new: AvroSchema) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[Type, Type]] = set()

    def changes(self) -> Iterator[Change]:
        yield from self._types(self._old.root, self._new.root, "")

    def _types(self, old: Type, new: Type, label: str) -> Iterator[Change]:
        old, new = self._old.target(old), self._new.target(new)
        if (old, new) in self._seen:
            return
        self._seen.add((old, new))
        if old.logical != new.logical:
            text = f"logical type {old.logical or 'none'} becomes {new.logical or 'none'}"
            yield Change(old.path, new.path, f"{label}{text}")
        match old, new:
            case Union(), Union():
                yield from self._branches(old.branches, new.branches, label)
            case (Union(branches=branches), other) | (other, Union(branches=branches)):
                yield Change(old.path, new.path, f"{label}{said(old)} becomes {said(new)}")
                inner = next((each for each in branches if kind_of(each) == kind_of(other)), None)
                if inner is not None:
                    yield from self._types(*((inner, new) if isinstance(old, Union) else (old, inner)), label)
            case Array(), Array():
                yield from self._types(old.items, new.items, f"{label}elements: ")
            case Map(), Map():
                yield from self._types(old.values, new.values, f"{label}values: ")
            case Named(), Named() if kind_of(old) == kind_of(new):
                yield from self._named(old, new, label)
            case _ if kind_of(old) != kind_of(new):
                yield Change(old.path, new.path, f"{label}{said(old)} becomes {said(new)}")

    def _named(self, old: Named, new: Named, label: str) -> Iterator[Change]:
        if old.name != new.name:
            alias = ", with the old name as an alias" if names_match(new, old) and _renamed(old, new) else ""
            yield Change(f"{old.path}/name", f"{new.path}/name", f"{label}{said(old)} is called {new.name} now{alias}")
        match old, new:
            case Fixed(), Fixed() if old.size != new.size:
                text = f"{label}{new.name} has {new.size} bytes instead of {old.size}"
                yield Change(f"{old.path}/size", f"{new.path}/size", text)
            case Enumeration(), Enumeration():
                yield from _symbols(old, new, label)
            case Record(), Record():
                yield from self._fields(old, new, label)

    def _branches(self, old: Sequence[Type], new: Sequence[Type], label: str) -> Iterator[Change]:
        known = {_unqualified(self._old.target(each)): each for each in old}
        for branch in new:
            before = known.pop(_unqualified(self._new.target(branch)), None)
            if before is None:
                yield Change(None, branch.path, f"{label}branch {said(branch)} added to the union")
            else:
                yield from self._types(before, branch, label)
        for branch in known.values():
            yield Change(branch.path, None, f"{label}branch {said(branch)} removed from the union")

    def _fields(self, old: Record, new: Record, label: str) -> Iterator[Change]:
        known = {field.name: field for field in old.fields}
        for field in new.fields:
            before = known.pop(field.name, None) or next(
                (known.pop(alias) for alias in field.aliases if alias in known), None
            )
            if before is None:
                yield Change(None, field.path, f"{label}field {field.name} ({said(field.type)}) added{_default(field)}")
            else:
                yield from self._field(before, field, label)
        for field in known.values():
            yield Change(field.path, None, f"{label}field {field.name} ({said(field.type)}) removed")
        common = {field.name for field in old.fields} & {field.name for field in new.fields}
        if _order(old.fields, common) != _order(new.fields, common):
            yield Change(f"{old.path}/fields", f"{new.path}/fields", f"{label}fields are in another order")

    def _field(self, old: Field, new: Field, label: str) -> Iterator[Change]:
        if old.name != new.name:
            text = f"{label}field {old.name} is called {new.name} now, with the old name as an alias"
            yield Change(old.path, new.path, text)
        if old.default != new.default:
            text = f"{label}field {new.name}: {_shown(old.default)} becomes {_shown(new.default)}"
            yield Change(f"{old.path}/default", f"{new.path}/default", text)
        yield from self._types(old.type, new.type, f"{label}field {new.name}: ")


def _renamed(old: Named, new: Named) -> bool:
    return old.name.unqualified != new.name.unqualified


def _unqualified(type_: Type) -> str:
    return f"{kind_of(type_)} {type_.name.unqualified}" if isinstance(type_, Named) else kind_of(type_)


def _symbols(old: Enumeration, new: Enumeration, label: str) -> Iterator[Change]:
    places = f"{old.path}/symbols", f"{new.path}/symbols"
    for symbols, others, word in ((new.symbols, old.symbols, "added"), (old.symbols, new.symbols, "removed")):
        apart = [symbol for symbol in symbols if symbol not in set(others)]
        if apart:
            kind = "symbol" if len(apart) == 1 else "symbols"
            yield Change(*places, f"{label}{kind} {listed(apart)} {word} in {new.name}")
    if old.default != new.default:
        text = f"{label}{new.name}: default {old.default or 'none'} becomes {new.default or 'none'}"
        yield Change(f"{old.path}/default", f"{new.path}/default", text)


def _order(fields: Iterable[Field], names: set[str]) -> list[str]:
    return [field.name for field in fields if field.name in names]


def _default(field: Field) -> str:
    return ", without a default" if field.default is None else f", with {_shown(field.default)}"


def _shown(default: Default | None) -> str:
    return "no default" if default is None else f"default {json.dumps(default.json):.60}"
