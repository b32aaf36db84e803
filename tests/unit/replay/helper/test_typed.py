from __future__ import annotations

import gc
import io
import json

import pytest

from harness.replay.helper import typed
from harness.replay.helper.effects import Watch
from harness.replay.helper.serve import Answers
from tests.unit.replay.code.typed_shop import Account, Accounts


def line(kind: str, position: int, amount: object, **others: object) -> bytes:
    return (
        json.dumps({"type": kind, "stream": "a", "position": position, "data": {"amount": amount}, **others}).encode()
        + b"\n"
    )


def answers(*chunks: bytes) -> list[dict[str, object]]:
    sink = io.BytesIO()
    session = typed.Session(Accounts, Answers(sink, Watch()))
    state, number = None, 0
    for chunk in chunks:
        state, number = session.take(chunk, state, number)
    return [json.loads(each) for each in sink.getvalue().splitlines()]


BEGIN = b'{"type":"$replay.begin","unit":"a"}\n'
STATE = b'{"type":"$replay.state"}\n'
SYNC = b'{"type":"$replay.sync"}\n'


def test_events_orders_and_units_may_share_a_chunk() -> None:
    first = BEGIN + line("paid", 1, 5) + SYNC + line("refunded", 2, 2, version=2) + STATE
    second = BEGIN.replace(b'"a"', b'"b"') + line("paid", 1, 7, version=2) + STATE
    synced, a, b = answers(first + second)
    assert synced["synced"] == 1
    assert (a["unit"], a["events"], a["state"]) == ("a", 2, {"balance": 3, "currency": "EUR"})
    assert (b["unit"], b["events"], b["state"]) == ("b", 1, {"balance": 7, "currency": ""})


def test_a_unit_may_come_in_many_chunks() -> None:
    [answer] = answers(BEGIN, *(line("paid", number, 1) for number in range(100)), STATE)
    assert (answer["events"], answer["state"]) == (100, {"balance": 100, "currency": "EUR"})


def test_what_cannot_be_decoded_is_told_with_its_position_and_the_rest_is_folded() -> None:
    told, other, state = answers(
        BEGIN + line("paid", 1, 5) + line("paid", 2, "six") + line("other", 3, 1) + line("paid", 4, 1) + STATE
    )
    assert told["failed"]["position"] == 2  # type: ignore[index]
    assert "Expected `int`, got `str`" in told["failed"]["error"]  # type: ignore[index]
    assert other["failed"]["position"] == 3  # type: ignore[index]
    assert (state["events"], state["state"]) == (4, {"balance": 6, "currency": "EUR"})


def test_what_the_fold_refuses_is_told_and_the_rest_is_folded() -> None:
    told, state = answers(BEGIN + line("refunded", 1, -5) + line("paid", 2, 1) + STATE)
    assert told["failed"]["error"] == "ValueError: a refund is not negative"  # type: ignore[index]
    assert (state["events"], state["state"]) == (2, {"balance": 1, "currency": "EUR"})


def test_lines_are_folded_in_this_process_too_and_the_collector_is_as_before() -> None:
    decoder = typed.decoder_of(Accounts.events)
    state = typed.fold_lines((line("paid", number, 2) for number in range(10)), decoder, Accounts.fold, Account())
    assert state.balance == 20
    assert gc.isenabled()
    with pytest.raises(ValueError, match="Invalid value 'other'"):
        typed.fold_lines([line("other", 1, 1)], decoder, Accounts.fold, Account())
    assert gc.isenabled()
