"""Protobuf as a format of event schemas."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas.decision import Compatibility, Decision, Json, Schema
from harness.schemas.optional import Difference, RuleText
from harness.schemas.protobuf.changes import differences
from harness.schemas.protobuf.events import Impossible, Maker
from harness.schemas.protobuf.pairing import Encoding, Pairing
from harness.schemas.protobuf.remarks import remarks
from harness.schemas.protobuf.rules import rules_of
from harness.schemas.protobuf.runtime import NotAnEvent, Refused, Runtime, load
from harness.schemas.protobuf.search import BRIEF, THOROUGH, Searched, search
from harness.schemas.protobuf.source import read_files

OTHERS_MAX = 20
"""Further differences that are told of, beside the one that decides."""

_VERSION = re.compile(r"[._-]?v?\d+(?:[._]\d+)*$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class ProtobufSchema:
    """One message, with all types that it can hold."""

    runtime: Runtime

    @property
    def name(self) -> str:
        """The message's full name."""
        return self.runtime.types.root

    def complaint(self, document: Json) -> str:
        """Why an event in JSON does not satisfy it, an unknown name among the reasons; empty if it does."""
        try:
            reading = self.runtime.from_json(document, strict=True)
        except Refused as refusal:
            return str(refusal)
        return f"{', '.join(reading.lacking)} is required" if reading.lacking else ""

    def examples(self, count: int) -> Iterator[dict[str, Json]]:
        """Up to `count` events in JSON, made by chance, the same each time; none of a message that requires itself."""
        maker = Maker(self.runtime.types, self.runtime.types, random.Random(1))
        with suppress(Impossible):
            for _ in range(count):
                with suppress(NotAnEvent):
                    yield self.runtime.to_json(maker.by_chance())


@dataclass(frozen=True)
class ProtobufFormat:
    """`.proto` files and sets of descriptors.

    The decision is for `encoding`: the wire, which event stores keep, or JSON as Protobuf defines it. A decision for
    the wire says in a note what comes of JSON. `message` is the message that is the event, by its full name or, as a
    package may change, by the last part of it; without it that is the only top-level one of the file, or the one that
    is named like the file or its folder.
    """

    encoding: Encoding = Encoding.WIRE
    message: str = ""
    name: str = "protobuf"
    suffixes: tuple[str, ...] = (".proto", ".desc", ".binpb", ".protoset", ".pb")

    def parse(self, text: bytes, source: Path | None = None) -> ProtobufSchema:
        """Raises InvalidInput for what protoc refuses, or where it is not plain which message is meant."""
        files = read_files(text, source)
        chosen = _choose(files.messages, self.message, source)
        return ProtobufSchema(load(files, chosen, source))

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        """Raises TypeError for schemas of another format."""
        if not isinstance(reader, ProtobufSchema) or not isinstance(writer, ProtobufSchema):
            raise TypeError("these are not schemas of Protobuf")
        found = search(reader.runtime, writer.runtime, self.encoding, THOROUGH)
        decision = _decision(found, self.encoding)
        if self.encoding is Encoding.JSON:
            return decision
        told = tuple(remarks(Pairing(reader.runtime.types, writer.runtime.types, Encoding.WIRE)))
        in_json = _decision(search(reader.runtime, writer.runtime, Encoding.JSON, BRIEF), Encoding.JSON)
        return replace(decision, notes=(*decision.notes, *told, _note_on_json(in_json)))

    def differences(self, old: Schema, new: Schema) -> tuple[Difference, ...]:
        """Each with what an event shows of it, in the encoding."""
        if not isinstance(old, ProtobufSchema) or not isinstance(new, ProtobufSchema):
            raise TypeError("these are not schemas of Protobuf")
        return differences(old.runtime, new.runtime, self.encoding)

    def rules(self) -> tuple[RuleText, ...]:
        """Those that decisions for the encoding name."""
        return rules_of(self.encoding)

    def choosing(self, message: str | None = None, encoding: str | None = None) -> ProtobufFormat:
        """The format with what was chosen; what is None stays as it is."""
        return replace(
            self,
            message=message or self.message,
            encoding=Encoding(encoding) if encoding else self.encoding,
        )


def _decision(found: Searched, encoding: Encoding) -> Decision:
    if found.findings:
        first, *others = found.findings
        notes = [f"also {each.rule} at {each.path}: {each.witness.refusal}" for each in others[:OTHERS_MAX]]
        if len(others) > OTHERS_MAX:
            notes.append(f"also {len(others) - OTHERS_MAX} more")
        reason = first.witness.refusal
        return Decision(
            Compatibility.INCOMPATIBLE, first.rule, first.path, reason, first.witness, found.effort, tuple(notes)
        )
    if found.obstacle:
        return Decision(Compatibility.UNKNOWN, "", "", found.obstacle, effort=found.effort)
    where = "on the wire" if encoding is Encoding.WIRE else "in JSON, names that it does not know ignored"
    reason = f"the reader reads all events that were tried {where}"
    return Decision(Compatibility.COMPATIBLE, "", "", reason, effort=found.effort)


def _note_on_json(decision: Decision) -> str:
    if decision.compatibility is Compatibility.INCOMPATIBLE:
        return f"in JSON incompatible: {decision.rule} at {decision.path}: {decision.reason}"
    if decision.compatibility is Compatibility.UNKNOWN:
        return f"in JSON unknown: {decision.reason}"
    return "in JSON compatible"


def _choose(messages: tuple[str, ...], wanted: str, source: Path | None) -> str:
    if wanted in messages:
        return wanted
    if wanted:
        alike = [message for message in messages if message.rpartition(".")[2] == wanted]
        if len(alike) != 1:
            raise InvalidInput(f"has no top-level message {wanted!r}; it has: {_listed(messages)}", file=source)
        return alike[0]
    if len(messages) == 1:
        return messages[0]
    names = [] if source is None else [_plain(source.name.partition(".")[0]), _plain(source.parent.name)]
    for name in names:
        alike = [message for message in messages if _plain(message.rpartition(".")[2]) == name]
        if len(alike) == 1:
            return alike[0]
    remedy = "name the file or its folder like the message that is the event, or choose it with --message"
    raise InvalidInput(f"which message is the event? It has: {_listed(messages)}; {remedy}", file=source)


def _plain(name: str) -> str:
    """`order_placed.v2` and `OrderPlaced` are one name."""
    return re.sub(r"[^a-z0-9]", "", _VERSION.sub("", name).lower())


def _listed(messages: tuple[str, ...]) -> str:
    return ", ".join(sorted(messages)) or "none"
