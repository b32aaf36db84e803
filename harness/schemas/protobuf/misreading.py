"""What a reader makes of an event otherwise than the writer meant it.

An event is read right if each value that the writer wrote is read as the same value by the field that stands for it.
What the reader has no field for is kept by the runtime as unknown, by Protobuf's design, and is no loss. Everything
else that is gone is: a value that went to the unknown fields although the reader has its number, the elements but one
of a list, the first of two fields that exclude each other. That a zero is not known to have been written is no loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from harness.schemas.protobuf.model import KEY, VALUE, Cardinality, Field, Kind, Tree, Value, same
from harness.schemas.protobuf.pairing import Pair, PairedTypes, Pairing
from harness.schemas.protobuf.runtime import Runtime

SHOWN_LETTERS_MAX = 60


class Fate(Enum):
    """What became of a value."""

    LACKING = "lacking"
    """The reader requires it, and it was not written."""
    LOST = "lost"
    CHANGED = "changed"


@dataclass(frozen=True)
class Misreading:
    """`writer` is None for what the reader alone knows of."""

    fate: Fate
    reader: Field
    writer: Field | None
    text: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """Compares what was read with what was written."""

    pairing: Pairing
    reader: Runtime
    writer: Runtime

    def misreadings(self, read: Tree, written: Tree) -> Iterator[Misreading]:
        return self._messages(self.pairing.root, read, written)

    def _messages(self, types: PairedTypes, read: Tree, written: Tree) -> Iterator[Misreading]:
        for field in types.required:
            if field.number not in read:
                text = f"{field.full_name} is required, and was not written"
                yield Misreading(Fate.LACKING, field, None, text)
        for number, value in written.items():
            for pair in types.by_number.get(number, ()):
                yield from self._fields(pair, read.get(pair.reader.number), value)
        for pair in types.matter_unset:
            if pair.writer.number not in written:
                yield from self._fields(pair, read.get(pair.reader.number), None)

    def _fields(self, pair: Pair, read: Value | None, written: Value | None) -> Iterator[Misreading]:
        if Cardinality.MAP in (pair.reader.cardinality, pair.writer.cardinality):
            return self._entries(pair, _elements(read), _elements(written))
        if pair.reader.cardinality.many or pair.writer.cardinality.many:
            return self._lists(pair, read, _elements(written))
        return self._singles(pair, read, written)

    def _singles(self, pair: Pair, read: Value | None, written: Value | None) -> Iterator[Misreading]:
        if written is None:
            if read is None:
                yield _changed(pair, pair.reader.default, pair.writer.default, " by default")
        elif read is not None:
            yield from self._values(pair, read, written)
        elif not _is_unwritten_zero(pair.reader, self._plain(self.writer, pair.writer, written)):
            yield _lost(pair, f"{_shown(written)} was written, nothing is read")

    def _lists(self, pair: Pair, read: Value | None, written: list[Value]) -> Iterator[Misreading]:
        if read is None and len(written) == 1 and _is_unwritten_zero(pair.reader, written[0]):
            return
        elements = _elements(read)
        if len(elements) != len(written):
            yield _lost(pair, f"{_shown(written)} was written, {_shown(elements)} is read")
            return
        for left, right in zip(elements, written, strict=True):
            yield from self._values(pair, left, right)

    def _entries(self, pair: Pair, read: list[Value], written: list[Value]) -> Iterator[Misreading]:
        """Entries have no order; they are told apart by their keys."""
        if not pair.both_hold_messages or len(read) != len(written):
            if len(written) or len(read):
                yield _lost(self._part(pair), f"{len(written)} entries were written, {len(read)} are read")
            return
        types = self.pairing.of(pair)
        by_key = {_key(types.reader.fields.get(KEY), each): each for each in read}
        for entry in written:
            found = by_key.get(_key(types.writer.fields.get(KEY), entry))
            if isinstance(found, dict) and isinstance(entry, dict):
                yield from self._messages(types, found, entry)
            else:
                yield _lost(self._part(pair), f"the entry {_shown(entry)} was written, and is not read")

    def _part(self, pair: Pair) -> Pair:
        """Of two maps what a whole entry is lost for: its key if that has another type, else its value."""
        if not pair.reader.cardinality is pair.writer.cardinality is Cardinality.MAP:
            return pair
        types = self.pairing.of(pair)
        keys, values = (Pair(types.reader.fields[each], types.writer.fields[each]) for each in (KEY, VALUE))
        return values if keys.reader.kind is keys.writer.kind else keys

    def _values(self, pair: Pair, read: Value, written: Value) -> Iterator[Misreading]:
        if isinstance(read, dict) and isinstance(written, dict):
            yield from self._messages(self.pairing.of(pair), read, written)
        elif pair.reader.kind is Kind.STRING and isinstance(read, bytes):
            yield _changed(pair, read, written, ", which is no UTF-8 text")
        elif not same(self._plain(self.reader, pair.reader, read), self._plain(self.writer, pair.writer, written)):
            yield _changed(pair, read, written)

    @staticmethod
    def _plain(runtime: Runtime, field: Field, value: Value) -> Value:
        """A message beside what is none is the bytes that it is embedded as."""
        return runtime.encode_part(field, value) if isinstance(value, dict) else value


def _elements(value: Value | None) -> list[Value]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _is_unwritten_zero(field: Field, value: Value) -> bool:
    """What a field without presence does not tell from nothing at all."""
    return field.cardinality is Cardinality.IMPLICIT and field.default is not None and same(field.default, value)


def _key(field: Field | None, entry: Value) -> Value | None:
    key = entry.get(KEY, None if field is None else field.default) if isinstance(entry, dict) else None
    return key.encode() if isinstance(key, str) else None if isinstance(key, (dict, list)) else key


def _lost(pair: Pair, text: str) -> Misreading:
    return Misreading(Fate.LOST, pair.reader, pair.writer, f"{pair.reader.full_name}: {text}")


def _changed(pair: Pair, read: Value | None, written: Value | None, more: str = "") -> Misreading:
    text = f"{pair.reader.full_name}: {_shown(written)} was written, {_shown(read)} is read{more}"
    return Misreading(Fate.CHANGED, pair.reader, pair.writer, text)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_LETTERS_MAX else f"{text[: SHOWN_LETTERS_MAX - 1]}…"
