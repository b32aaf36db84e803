from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from dataclasses import dataclass

import msgspec
import pytest

from harness.replay.helper.shown import NotShown, as_json


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Money:
    cents: int
    currency: str


class Point(msgspec.Struct):
    x: int


class Plain:
    def __init__(self) -> None:
        self.b, self.a = 1, None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"b": 1, "a": (1, 2)}, {"b": 1, "a": [1, 2]}),
        (Money(5, "EUR"), {"cents": 5, "currency": "EUR"}),
        (Point(3), {"x": 3}),
        (Plain(), {"a": None, "b": 1}),
        ([Colour.RED, Level.HIGH], ["red", 3]),
        ({"c", "a", "b"}, ["a", "b", "c"]),
        (b"\x00", {"base64": "AA=="}),
        (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (datetime.timedelta(minutes=1), {"seconds": 60.0}),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (float("inf"), {"float": "inf"}),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_values_are_shown_as_json(value: object, shown: object) -> None:
    assert as_json(value) == shown
    json.dumps(as_json(value), allow_nan=False)


@pytest.mark.parametrize("value", [object(), print, Plain, iter(()), {"a": [object()]}])
def test_what_has_no_form_is_refused_and_not_shown_by_its_address(value: object) -> None:
    with pytest.raises(NotShown, match="has no form as JSON"):
        as_json(value)
