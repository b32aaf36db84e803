"""Faults of requests, at a router that is a counter of this test."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import InvalidInput
from harness.faults import http
from harness.faults.http import HttpAbort, HttpDelay
from harness.protocols import Breakage, Meddling, RequestTrouble
from harness.verdict import Status
from tests.unit.fakes import FakeSystem
from tests.unit.faults.judged import judged

ABORT, DELAY = Breakage.ABORT, Breakage.DELAY
FAULTS = [HttpAbort(), HttpDelay()]


@dataclass
class Meddler(FakeSystem):
    """Each look at it is ten requests more."""

    troubles: dict[Breakage, RequestTrouble] = field(default_factory=dict)
    obeys: bool = True
    stays: bool = False
    held: int = 0
    broken: int = 7
    requests: int = 0

    def break_requests(self, trouble: RequestTrouble) -> None:
        if self.obeys:
            self.troubles[trouble.way] = trouble

    def spare_requests(self, way: Breakage) -> None:
        if not self.stays:
            self.troubles.pop(way, None)

    def meddling(self, way: Breakage) -> Meddling:
        self.requests += 10
        if way in self.troubles:
            self.broken += 1
        return Meddling(self.broken, self.held, self.requests)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROOF_TIMEOUT_S", "HEAL_TIMEOUT_S", "SPARED_S"):
        monkeypatch.setattr(http, name, 0.1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_it_bites_and_heals(fault: HttpAbort | HttpDelay) -> None:
    with fault.inject(Meddler()) as effect:
        assert effect.bites().seen
    assert effect.heals().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_router_that_does_not_obey_makes_the_verdict_unknown(fault: HttpAbort | HttpDelay) -> None:
    outcome = judged(fault, Meddler(obeys=False))
    assert outcome.status is Status.UNKNOWN


@pytest.mark.parametrize(("stays", "held"), [(True, 0), (False, 3)])
def test_a_router_that_goes_on_is_not_healed(stays: bool, held: int) -> None:
    with HttpDelay().inject(system := Meddler(stays=stays)) as effect:
        pass
    system.held = held
    assert not effect.heals().seen


def test_it_says_what_the_router_is_to_do() -> None:
    assert HttpAbort(0.2, "/a", {"x": "1"}, "2.0", 404).trouble == RequestTrouble(
        ABORT, 0.2, "/a", {"x": "1"}, "2.0", status=404
    )
    assert HttpDelay(delay_ms=20).trouble == RequestTrouble(DELAY, delay_ms=20)
    assert HttpAbort(path="/a", version="2.0").target == "requests to /a for 2.0"


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: HttpAbort(share=0.0), "share must be above 0 and at most 1"),
        (lambda: HttpDelay(share=1.1), "share must be above 0 and at most 1"),
        (lambda: HttpAbort(path="a"), "path must begin with a slash"),
        (lambda: HttpAbort(status=200), "status must be one of an error"),
        (lambda: HttpDelay(delay_ms=0), "delay_ms must be at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, complaint: str) -> None:
    assert callable(make)
    with pytest.raises(InvalidInput, match=complaint):
        make()
