"""A response is understood the same, however the network cuts it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.responses import MalformedResponse, ResponseReader


@dataclass(frozen=True)
class Message:
    raw: bytes
    status: int
    body: bytes
    needs_end: bool = False


PATIENT = settings(deadline=None, max_examples=100)  # a busy machine is no failure
STATUSES = st.sampled_from([200, 201, 404, 409, 500, 503])
BODIES = st.binary(max_size=200)


@st.composite
def messages(draw: st.DrawFn, *, bounded: bool = False) -> Message:
    status, body = draw(STATUSES), draw(BODIES)
    begin = draw(
        st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"])
    )
    head = begin + f"HTTP/1.1 {status} Reason\r\nX-Position: 12\r\n".encode()
    framing = draw(st.sampled_from(["length", "chunks"] if bounded else ["length", "chunks", "end"]))
    if framing == "length":
        return Message(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body, status, body)
    if framing == "end":
        return Message(head + b"\r\n" + body, status, body, needs_end=True)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces if piece)
    return Message(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n", status, body)


def feed(reader: ResponseReader, raw: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    for start, stop in pairwise(bounds):
        reader.feed(raw[start:stop])


@PATIENT
@given(messages(), st.lists(st.integers(0, 10_000), max_size=8))
def test_any_cut_gives_the_same_response(message: Message, cuts: list[int]) -> None:
    reader = ResponseReader()
    reader.begin()
    feed(reader, message.raw, cuts)
    if message.needs_end:
        assert not reader.complete
        reader.end()
    assert reader.complete
    assert (reader.status, reader.body, reader.size) == (message.status, message.body, len(message.body))
    assert reader.headers[b"x-position"] == b"12"
    assert reader.reusable is not message.needs_end


@PATIENT
@given(st.lists(messages(bounded=True), min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=4))
def test_one_connection_carries_many(sequence: list[Message], cuts: list[int]) -> None:
    reader = ResponseReader()
    for message in sequence:
        reader.begin()
        feed(reader, message.raw, cuts)
        assert reader.complete
        assert reader.reusable
        assert (reader.status, reader.body) == (message.status, message.body)


@PATIENT
@given(messages(bounded=True), st.data())
def test_a_part_is_not_the_whole(message: Message, data: st.DataObject) -> None:
    part = message.raw[: data.draw(st.integers(0, len(message.raw) - 1))]
    reader = ResponseReader()
    reader.begin()
    reader.feed(part)
    reader.end()
    assert not reader.complete


@PATIENT
@given(messages(bounded=True), messages(bounded=True))
def test_a_connection_that_says_more_than_it_was_asked_is_not_used_again(asked: Message, unasked: Message) -> None:
    reader = ResponseReader()
    reader.begin()
    reader.feed(asked.raw + unasked.raw)
    assert (reader.status, reader.body) == (asked.status, asked.body)
    assert not reader.reusable


def test_nonsense_is_malformed() -> None:
    reader = ResponseReader()
    reader.begin()
    with pytest.raises(MalformedResponse):
        reader.feed(b"SSH-2.0-OpenSSH_9.2p1\r\n")
