"""Probes on a machine that has no time for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from socket import socket
from typing import cast

import pytest

from harness.environment import StoreKind
from harness.faults import probes
from harness.faults.probes import AWAKE_S_MAX, LOOK_S, MEETINGS_MAX, Ask, Door, Line
from tests.unit.faults.store import FakeStore


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Connection:
    """Answers at last, after looks that each take so long."""

    def __init__(self, clock: Clock, looks_s: tuple[float, ...]) -> None:
        self._clock = clock
        self._looks_s = iter(looks_s)

    def settimeout(self, timeout_s: float) -> None:
        assert timeout_s == LOOK_S

    def recv(self, _size: int) -> bytes:
        self._clock.now_s += next(self._looks_s)
        if self._clock.now_s < 0.505:
            raise TimeoutError
        return b"x"


def line(*looks_s: float, timeout_s: float = 5.0) -> Line:
    clock = Clock()
    return Line(cast("socket", Connection(clock, looks_s)), timeout_s, clock)


def answered_in_ms(asking: Line) -> float:
    return asking.time(lambda: asking.read_past(b"x"))


def test_of_a_long_time_between_two_looks_only_so_much_counts() -> None:
    starved = line(LOOK_S, 0.6)
    assert answered_in_ms(starved) == pytest.approx((LOOK_S + AWAKE_S_MAX) * 1000)
    assert starved.overslept


def test_who_looks_often_counts_all() -> None:
    awake = line(*(LOOK_S,) * 25, LOOK_S / 2)
    assert answered_in_ms(awake) == pytest.approx(510)
    assert not awake.overslept


def test_patience_is_of_the_time_awake() -> None:
    impatient = line(*(0.06,) * 3, timeout_s=0.1)
    with pytest.raises(TimeoutError):
        answered_in_ms(impatient)


@pytest.fixture
def door() -> Iterator[Door]:
    store = FakeStore()
    yield Door(("127.0.0.1", store.port), StoreKind.POSTGRES, "postgresql://127.0.0.1/shop")
    store.close()


@pytest.mark.parametrize(("oversleeps", "asked"), [(0, 1), (2, 3), (99, MEETINGS_MAX)])
def test_a_probe_that_overslept_asks_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, oversleeps: int, asked: int
) -> None:
    lines: list[Line] = []

    def make(connection: socket, timeout_s: float) -> Line:
        lines.append(Line(connection, timeout_s, sleepy() if len(lines) < oversleeps else Clock()))
        return lines[-1]

    monkeypatch.setattr(probes, "Line", make)
    assert Ask()(door, 1.0).answered
    assert len(lines) == asked


def sleepy() -> Callable[[], float]:
    """A clock by which each look takes a second."""
    seconds = iter(range(1000))
    return lambda: float(next(seconds))
