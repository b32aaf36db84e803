"""The search for an event that the reader misreads."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from harness.schemas.decision import Effort, Json, Witness
from harness.schemas.protobuf.differences import Difference, find_differences, rule_of_misreading
from harness.schemas.protobuf.events import Impossible, Maker
from harness.schemas.protobuf.misreading import Comparison, Fate, Misreading
from harness.schemas.protobuf.model import Tree, Value
from harness.schemas.protobuf.pairing import Encoding, Pairing
from harness.schemas.protobuf.runtime import NotAnEvent, Reading, Refused, Runtime


@dataclass(frozen=True)
class Budget:
    """How many events are tried at most. Reading JSON takes time by the fields that a message has, set or not."""

    directed_max: int
    by_chance: int
    json_fields_max: int
    """Events times fields of the schema, in JSON."""
    first_only: bool = False
    """Whether it is over with the first that is misread."""

    def directed(self, encoding: Encoding, fields: int) -> int:
        return self.directed_max if encoding is Encoding.WIRE else min(self.directed_max, self._in_json(fields))

    def generated(self, encoding: Encoding, fields: int) -> int:
        return self.by_chance if encoding is Encoding.WIRE else min(self.by_chance, self._in_json(fields))

    def _in_json(self, fields: int) -> int:
        return max(1, self.json_fields_max // max(1, fields))


THOROUGH = Budget(directed_max=6_000, by_chance=60, json_fields_max=500_000)
BRIEF = Budget(directed_max=600, by_chance=15, json_fields_max=100_000, first_only=True)


@dataclass(frozen=True)
class Finding:
    """An event that is misread, and the difference that does it."""

    rule: str
    path: str
    witness: Witness


@dataclass(frozen=True)
class Searched:
    """All that was found, and how hard it was looked for. `obstacle` is why it could not be looked for everywhere."""

    findings: tuple[Finding, ...]
    effort: Effort
    obstacle: str = ""


def search(reader: Runtime, writer: Runtime, encoding: Encoding, budget: Budget) -> Searched:
    """Tries events made for each difference, then events by chance. The same pair is searched alike each time."""
    return _Search(reader, writer, encoding, budget).run()


class _Search:
    def __init__(self, reader: Runtime, writer: Runtime, encoding: Encoding, budget: Budget) -> None:
        self._trial = Trial(reader, writer, encoding)
        names = "\n".join((*reader.types.messages, *writer.types.messages))
        self._maker = Maker(writer.types, reader.types, random.Random(zlib.crc32(names.encode())))
        fields = sum(
            len(message.fields) for message in (*reader.types.messages.values(), *writer.types.messages.values())
        )
        self._directed_max, self._generated_max = budget.directed(encoding, fields), budget.generated(encoding, fields)
        self._first_only = budget.first_only
        self._found: dict[tuple[str, str], Finding] = {}
        self._directed = self._generated = 0

    def run(self) -> Searched:
        obstacle = self._search_differences(tuple(find_differences(self._trial.pairing)))
        if not self._found and not obstacle:
            obstacle = self._search_by_chance()
        return Searched(tuple(self._found.values()), Effort(self._directed, self._generated), obstacle)

    def _search_differences(self, differences: tuple[Difference, ...]) -> str:
        for place, difference in enumerate(differences):
            if self._found and self._first_only:
                break
            try:
                for event in self._maker.directed(difference):
                    if self._directed >= self._directed_max:
                        return f"{len(differences) - place} of {len(differences)} differences were not searched"
                    found = self._trial.findings(event, difference)
                    self._directed += found is not None
                    self._keep(found)
                    if (difference.rule, difference.reader.full_name) in self._found:
                        break
            except Impossible:
                continue  # no event gets there, so none is misread there
        return ""

    def _search_by_chance(self) -> str:
        try:
            for _ in range(self._generated_max):
                if self._found:
                    break
                event = self._maker.by_chance()
                found = self._trial.findings(event, None)
                self._generated += found is not None
                if found:
                    self._keep(self._trial.findings(self._trial.shrunk(event), None))
        except Impossible as error:
            return f"there can be no event: {error}"
        return ""

    def _keep(self, found: tuple[Finding, ...] | None) -> None:
        for finding in found or ():
            self._found.setdefault((finding.rule, finding.path), finding)


class Trial:
    """One event after the other is written by the writer's runtime and read by the reader's."""

    def __init__(self, reader: Runtime, writer: Runtime, encoding: Encoding) -> None:
        self.pairing = Pairing(reader.types, writer.types, encoding)
        self._reader = reader
        self._writer = writer
        self._encoding = encoding
        self._comparison = Comparison(self.pairing, reader, writer)

    def findings(self, event: Tree, difference: Difference | None) -> tuple[Finding, ...] | None:
        """How the event is misread; `difference` is what it was made for. None if the writer cannot write it."""
        try:
            encoded = self._writer.encode(event)
            misread = self._misread(event, encoded)
        except NotAnEvent:
            return None
        except Refused as refusal:
            rule, path = self._blamed(event, difference)
            return (self._finding(rule, path, event, encoded, str(refusal)),)
        return tuple(
            self._finding(rule_of_misreading(each, self.pairing), each.reader.full_name, event, encoded, text)
            for each, text in misread
        )

    def _misread(self, event: Tree, encoded: bytes) -> list[tuple[Misreading, str]]:
        if self._encoding is Encoding.WIRE:
            written, reading = self._writer.decode(encoded).event, self._reader.decode(encoded)
        else:
            document = self._writer.to_json(event)
            written, reading = self._own_reading(document), self._reader.from_json(document)
        return [(each, _refusal(each, reading)) for each in self._comparison.misreadings(reading.event, written)]

    def _own_reading(self, document: Json) -> Tree:
        """Raises NotAnEvent for what the writer does not read again itself, as the largest float."""
        try:
            return self._writer.from_json(document).event
        except Refused as refusal:
            raise NotAnEvent(str(refusal)) from refusal

    def _finding(self, rule: str, path: str, event: Tree, encoded: bytes, refusal: str) -> Finding:
        try:
            document: Json = self._writer.to_json(event)
        except NotAnEvent:
            document = self._writer.to_text(event)
        hexed = encoded.hex() if self._encoding is Encoding.WIRE else ""
        return Finding(rule, path, Witness(document, refusal, hexed))

    def _blamed(self, event: Tree, difference: Difference | None) -> tuple[str, str]:
        """What made the runtime refuse an event, which it does not say: what it was made for, or what differs in it."""
        if difference is None:
            candidates = (each for each in find_differences(self.pairing) if _shows(event, each))
            difference = next(candidates, None)
        return (
            ("value", self._reader.types.root) if difference is None else (difference.rule, difference.reader.full_name)
        )

    def shrunk(self, event: Tree) -> Tree:
        """The event without all that it can do without and still be misread."""
        for smaller in _smaller(event):
            if self.findings(smaller, None):
                return self.shrunk(smaller)
        return event


def _refusal(misreading: Misreading, reading: Reading) -> str:
    if misreading.fate is Fate.LACKING and reading.lacking:
        return f"not initialized: {', '.join(reading.lacking)} is required, and was not written"
    return misreading.text


def _shows(event: Tree, difference: Difference) -> bool:
    """Whether the event has the fields that differ."""
    parts: list[Tree] = [event]
    for step in difference.meeting.path:
        parts = [inner for part in parts for inner in _trees(part.get(step.number))]
    return any(all(writer.number in part for writer in difference.writers) for part in parts)


def _trees(value: Value | None) -> list[Tree]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _smaller(event: Tree) -> Iterator[Tree]:
    """The event with one thing less: a field, an element, or something within one of them."""
    for number, value in event.items():
        yield {other: kept for other, kept in event.items() if other != number}
        match value:
            case dict():
                yield from ({**event, number: inner} for inner in _smaller(value))
            case list():
                for place, element in enumerate(value):
                    yield {**event, number: [*value[:place], *value[place + 1 :]]}
                    if isinstance(element, dict):
                        for inner in _smaller(element):
                            yield {**event, number: [*value[:place], inner, *value[place + 1 :]]}
            case _:
                pass
