"""Requests that a real Envoy breaks: which ones, how many, and that it stops."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.drivers.router import EnvoyRouter
from harness.errors import HarnessError
from harness.faults import http
from harness.faults.http import HttpAbort, HttpDelay
from harness.protocols import Breakage, Meddling, RequestTrouble
from tests.integration.echo import ECHO
from tests.integration.echo.running import connect, get
from tests.integration.test_router import Host, running, serving
from tests.unit.fakes import FakeSystem

pytestmark = pytest.mark.servers

ABORT, DELAY = Breakage.ABORT, Breakage.DELAY


@pytest.fixture(scope="module")
def envoy() -> Iterator[EnvoyRouter]:
    with running(ECHO) as router:
        yield router


@pytest.fixture
def router(envoy: EnvoyRouter) -> Iterator[EnvoyRouter]:
    """Two versions that share all traffic."""
    envoy.reset()
    with serving(Host("1.0")) as old, serving(Host("2.0")) as new:
        envoy.route({"1.0": 1, "2.0": 1}, {"1.0": (old.address,), "2.0": (new.address,)})
        yield envoy


def statuses(router: EnvoyRouter, times: int = 20, path: str = "/work", **headers: str) -> Counter[tuple[str, int]]:
    """By the version that a request was for, whoever answered."""
    seen: Counter[tuple[str, int]] = Counter()
    for _ in range(times):
        connection = connect(router.url)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        seen[answer.headers["X-Version"], answer.status] += 1
        connection.close()
    return seen


def test_a_request_is_aborted_with_that_status_in_the_name_of_its_version(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT, status=418))
    assert statuses(router).keys() == {("1.0", 418), ("2.0", 418)}
    assert router.meddling(ABORT).broken >= 20
    assert sum(router.observed_split().values()) == 0  # no service saw any
    router.spare_requests(ABORT)
    assert statuses(router).keys() == {("1.0", 200), ("2.0", 200)}


def test_of_one_version_alone(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT, version="2.0"))
    assert statuses(router).keys() == {("1.0", 200), ("2.0", 503)}


def test_that_version_alone_also_when_the_weights_change(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT, version="2.0"))
    with serving(Host("2.0")) as new:
        router.route({"1.0": 0, "2.0": 1}, {"2.0": (new.address,)})
        assert statuses(router, 5).keys() == {("2.0", 503)}


def test_of_paths_and_headers(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT, path="/acc", headers={"x-tenant": "a"}))
    broken = {
        (path, tenant): any(status == 503 for _, status in statuses(router, 4, path, **{"x-tenant": tenant}))
        for path in ("/accounts/7", "/other")
        for tenant in ("a", "b")
    }
    assert broken == {
        ("/accounts/7", "a"): True,
        ("/accounts/7", "b"): False,
        ("/other", "a"): False,
        ("/other", "b"): False,
    }


def test_a_share_of_requests(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT, share=0.5))
    seen = statuses(router, 200)
    aborted = sum(count for (_, status), count in seen.items() if status == 503)
    assert 60 < aborted < 140  # beyond five standard deviations


def test_a_request_is_held_back(router: EnvoyRouter) -> None:
    before = router.meddling(DELAY)
    router.break_requests(RequestTrouble(DELAY, delay_ms=150))
    began = time.monotonic()
    assert get(router.url).status == 200
    assert time.monotonic() - began >= 0.150
    assert router.meddling(DELAY).broken == before.broken + 1


def test_one_trouble_of_a_kind_at_a_time_and_both_kinds_together(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(DELAY, delay_ms=30, path="/slow"))
    router.break_requests(RequestTrouble(ABORT, path="/none"))
    with pytest.raises(HarnessError, match="the router has a trouble of the kind abort already"):
        router.break_requests(RequestTrouble(ABORT))
    assert statuses(router, 4, "/slow").keys() <= {("1.0", 200), ("2.0", 200)}
    assert statuses(router, 4, "/none").keys() <= {("1.0", 503), ("2.0", 503)}


def test_a_system_that_starts_again_is_whole(router: EnvoyRouter) -> None:
    router.break_requests(RequestTrouble(ABORT))
    router.reset()
    with serving(Host("1.0")) as host:
        router.route({"1.0": 1}, {"1.0": (host.address,)})
        assert statuses(router, 4).keys() == {("1.0", 200)}


# ── as faults ────────────────────────────────────────────────────────────────────────────────────────────────────────


class RoutedSystem(FakeSystem):
    """Implements Meddlesome, by a router."""

    router: EnvoyRouter

    def break_requests(self, trouble: RequestTrouble) -> None:
        self.router.break_requests(trouble)

    def spare_requests(self, way: Breakage) -> None:
        self.router.spare_requests(way)

    def meddling(self, way: Breakage) -> Meddling:
        return self.router.meddling(way)


@contextmanager
def users(router: EnvoyRouter, path: str = "/work") -> Iterator[None]:
    over = threading.Event()

    def use() -> None:
        while not over.is_set():
            get(router.url, path)

    thread = threading.Thread(target=use)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def system(router: EnvoyRouter) -> RoutedSystem:
    system = RoutedSystem()
    system.router = router
    return system


@pytest.mark.parametrize(
    "fault",
    [HttpAbort(), HttpAbort(share=0.3, version="2.0", status=500), HttpDelay(delay_ms=20), HttpDelay(path="/wo")],
    ids=lambda fault: f"{type(fault).__name__} {fault.target}",
)
def test_a_fault_of_requests_bites_and_heals(system: RoutedSystem, fault: HttpAbort | HttpDelay) -> None:
    with users(system.router):
        with fault.inject(system) as effect:
            bit = effect.bites()
            assert bit.seen, bit.by
        healed = effect.heals()
        assert healed.seen, healed.by


@pytest.mark.parametrize("meets", [{"path": "/never"}, {"version": "3.0"}, {"headers": {"x-tenant": "none"}}])
def test_a_fault_that_meets_no_request_does_not_claim_to_bite(
    system: RoutedSystem, meets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PROOF_TIMEOUT_S", 0.5)
    fault: Callable[..., HttpAbort] = HttpAbort
    with users(system.router), fault(**meets).inject(system) as effect:
        assert not effect.bites().seen
