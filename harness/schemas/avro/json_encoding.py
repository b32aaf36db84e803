"""Events in Avro's JSON encoding, and values as people read them."""

from __future__ import annotations

import json
import math

from harness.plain_text import printable, shortened
from harness.schemas.avro.model import Branch, Datum
from harness.schemas.decision import Json

SHOWN_LETTERS_MAX = 200


def json_of(event: Datum) -> Json:
    """A union's value is an object with its branch's name, unless it is null; bytes are text of the same code points.

    JSON has no number that is not finite: those are texts, as in Java's encoder.
    """
    match event:
        case Branch(name="null"):
            return None
        case Branch(name=name, datum=datum):
            return {name: json_of(datum)}
        case bytes():
            return event.decode("latin-1")
        case float() if not math.isfinite(event):
            return "NaN" if math.isnan(event) else "Infinity" if event > 0 else "-Infinity"
        case list():
            return [json_of(item) for item in event]
        case dict():
            return {key: json_of(item) for key, item in event.items()}
        case _:
            return event


def shown(event: Datum) -> str:
    """On one line, not too long."""
    return shortened(printable(json.dumps(json_of(event), ensure_ascii=False)), SHOWN_LETTERS_MAX)


def shown_value(value: object) -> str:
    """What a decoder gave."""
    return shortened(printable(repr(value)), SHOWN_LETTERS_MAX)
