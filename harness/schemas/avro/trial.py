"""One event, written and read by fastavro, beside what the specification says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from harness.schemas.avro.decoder import DECODER, Decoder, DecoderRefuses
from harness.schemas.avro.json_encoding import json_of, shown_value
from harness.schemas.avro.matching import Matching
from harness.schemas.avro.model import Datum
from harness.schemas.avro.reading import NotText, Refused, read, same
from harness.schemas.decision import Witness


class Outcome(Enum):
    READ = auto()
    REFUSED = auto()
    """As the specification says."""
    LENIENT = auto()
    """The specification refuses it, fastavro reads something that the reader's schema admits."""
    BROKEN = auto()
    """The specification lets it be read, fastavro refuses it or reads it wrongly."""
    NOT_TEXT = auto()
    """Bytes that the specification promotes to a string without saying how."""
    NOT_WRITTEN = auto()
    """fastavro does not write it by the writer's own schema."""


@dataclass(frozen=True)
class Tried:
    event: Datum
    encoded: bytes
    outcome: Outcome
    said: str
    """What fastavro said, or gave."""

    def witness(self) -> Witness:
        return Witness(json_of(self.event), self.said, self.encoded.hex())


class Trial:
    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._decoder = Decoder(matching.reader, matching.writer)

    def of(self, event: Datum) -> Tried:
        try:
            encoded = self._decoder.encode(event)
        except DecoderRefuses as error:
            return Tried(event, b"", Outcome.NOT_WRITTEN, str(error))
        try:
            given = self._decoder.decode(encoded)
        except DecoderRefuses as error:
            return Tried(event, encoded, self._when_refused(event), str(error))
        outcome, remark = self._when_given(event, given)
        return Tried(event, encoded, outcome, f"{DECODER} gives {shown_value(given)}{remark}")

    def _when_refused(self, event: Datum) -> Outcome:
        try:
            read(self._matching, event)
        except Refused:
            return Outcome.REFUSED
        except NotText:
            return Outcome.NOT_TEXT
        return Outcome.BROKEN

    def _when_given(self, event: Datum, given: object) -> tuple[Outcome, str]:
        try:
            expected = read(self._matching, event)
        except Refused:
            if self._decoder.admits(given):
                return Outcome.LENIENT, ""
            return Outcome.REFUSED, ", which the reader's schema does not admit"
        except NotText:
            return Outcome.READ, ""
        if same(expected, given):
            return Outcome.READ, ""
        return Outcome.BROKEN, f", where the specification gives {shown_value(expected)}"
