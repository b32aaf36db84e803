"""toxiproxy's toxics as faults: which attributes each takes, and how it shows to those who use the link."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.errors import InvalidInput
from harness.faults.probes import Ask, close
from harness.faults.symptoms import TIMEOUT_S, Broken, Slow, Symptom
from harness.toml_reader import nearest
from harness.toxics.toxic import KINDS, Stream

Attributes: TypeAlias = Mapping[str, int]

DOWN = "down"
CONFIRMATIONS = 3
"""A machine is slow once; a connection that is disturbed is slow each time."""
SHOWS_MS = 300
"""A probe carries so much that a limited rate, or slices, delay it by about this."""
CARRIED_MAX = 8 << 20
PIECES_MAX = 20_000
BYTES_PER_S_MIN = 10 << 20
"""What a link that is not disturbed carries at least."""


@dataclass(frozen=True)
class Disturbance:
    """A kind of toxic, or `down`."""

    does: str
    """To a link, for people."""
    proof: str
    """By what it is seen, for people."""
    symptom: Callable[[Attributes, Stream], Symptom]
    """Of complete attributes."""
    least: Attributes = field(default_factory=dict)
    """What an attribute must be at least, where 0 would do nothing."""
    below: Mapping[str, str] = field(default_factory=dict)
    """Which attribute must be below which."""


def _latency(attributes: Attributes, _stream: Stream) -> Symptom:
    return Slow(Ask(times=CONFIRMATIONS), attributes["latency"] - attributes["jitter"])


def _bandwidth(attributes: Attributes, stream: Stream) -> Symptom:
    rate = attributes["rate"]  # in kB/s, which is bytes a ms
    if rate == 0:
        return Broken(Ask())
    size = min(rate * SHOWS_MS, CARRIED_MAX)
    return Slow(_carrying(size, stream, CONFIRMATIONS), size / rate)


def _slow_close(attributes: Attributes, _stream: Stream) -> Symptom:
    return Slow(close, attributes["delay"])


def _slicer(attributes: Attributes, stream: Stream) -> Symptom:
    longest = attributes["average_size"] + attributes["size_variation"]
    wanted = math.ceil(SHOWS_MS * 1000 / attributes["delay"])
    pieces = max(2, min(wanted, PIECES_MAX, CARRIED_MAX // longest))
    by_ms = (pieces - 1) * attributes["delay"] / 1000
    return Slow(_carrying(pieces * longest, stream, CONFIRMATIONS), by_ms)


def _limit_data(attributes: Attributes, stream: Stream) -> Symptom:
    size = attributes["bytes"] + 1
    return Broken(_carrying(size, stream), TIMEOUT_S + size / BYTES_PER_S_MIN)


def _broken(_attributes: Attributes, _stream: Stream) -> Symptom:
    return Broken(Ask())


def _carrying(size: int, stream: Stream, times: int = 1) -> Ask:
    return Ask(up=size, times=times) if stream is Stream.UPSTREAM else Ask(down=size, times=times)


DISTURBANCES: Mapping[str, Disturbance] = {
    "latency": Disturbance(
        "delays what goes through, in ms",
        "a question through the link is answered so much later",
        _latency,
        least={"latency": 1},
        below={"jitter": "latency"},
    ),
    "bandwidth": Disturbance(
        "lets through so many kB/s; 0: nothing",
        "an amount carried through the link takes so much longer",
        _bandwidth,
    ),
    "slow_close": Disturbance(
        "delays the end of connections, in ms",
        "a connection through the link ends so much later",
        _slow_close,
        least={"delay": 1},
    ),
    "timeout": Disturbance(
        "lets nothing through, and closes the connection after so many ms; 0: never",
        "a question through the link is not answered, one past it is",
        _broken,
    ),
    "reset_peer": Disturbance(
        "resets connections, so many ms after the first byte",
        "a question through the link is not answered, one past it is",
        _broken,
    ),
    "slicer": Disturbance(
        "cuts what goes through into slices of so many bytes, and waits so many µs after each",
        "an amount carried through the link takes so much longer",
        _slicer,
        least={"average_size": 1, "delay": 1},
        below={"size_variation": "average_size"},
    ),
    "limit_data": Disturbance(
        "closes a connection after so many bytes",
        "a byte more than that is not carried through the link",
        _limit_data,
    ),
    DOWN: Disturbance(
        "cuts all connections and refuses new ones",
        "a question through the link is not answered, one past it is",
        _broken,
    ),
}


def complete(kind: str, attributes: Attributes) -> Attributes:
    """With toxiproxy's defaults. Raises InvalidInput, naming the nearest, for what the kind does not know, and for
    values that would do nothing."""
    known = KINDS.get(kind, ())
    for name, value in attributes.items():
        if name not in known:
            raise InvalidInput(f"attributes of {kind} do not include {name!r}; {nearest(name, known)}")
        if value < 0:
            raise InvalidInput(f"attributes of {kind}: {name} must not be negative, and is {value}")
    whole = {name: attributes.get(name, 0) for name in known}
    disturbance = DISTURBANCES[kind]
    for name, least in disturbance.least.items():
        if whole[name] < least:
            raise InvalidInput(f"attributes of {kind}: {name} must be at least {least}, or nothing would be seen of it")
    for name, bound in disturbance.below.items():
        if whole[name] >= whole[bound]:
            raise InvalidInput(f"attributes of {kind}: {name} must be less than {bound}")
    return whole
