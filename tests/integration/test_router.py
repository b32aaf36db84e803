"""Envoy, steered by files, in front of servers that live in this process."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.drivers.ports import HOST, free_port
from harness.drivers.processes import LocalRuntime
from harness.drivers.router import EnvoyRouter
from harness.drivers.runtime import Address
from harness.environment import Environment, Headers, Router
from harness.errors import HarnessError, StartFailed
from tests.integration.echo import ECHO
from tests.integration.echo.running import Answer, eventually, get, workspace

pytestmark = pytest.mark.servers


@dataclass
class Host:
    """A server of one version that answers as it is told."""

    version: str
    port: int = field(default_factory=free_port)
    ready: bool = True
    status: int = 200
    dead: bool = False

    @property
    def address(self) -> Address:
        return Address(HOST, self.port)


@pytest.fixture
def host() -> Iterator[Callable[[str], Host]]:
    with ExitStack() as stack:
        yield lambda version: stack.enter_context(serving(Host(version)))


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            if host.dead:
                self.close_connection = True
                return
            checks = self.path == "/ready"
            self.send_response((200 if host.ready else 503) if checks else host.status)
            self.send_header("Content-Length", "0")
            self.send_header("X-Version", host.version)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    host.dead = False
    with ThreadingHTTPServer((HOST, host.port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield host
        finally:
            host.dead = True
            server.shutdown()
            thread.join()


@contextmanager
def running(environment: Environment) -> Iterator[EnvoyRouter]:
    with workspace() as space:
        router = EnvoyRouter(environment, space, LocalRuntime(space))
        router.start()
        router.await_up()
        yield router


@pytest.fixture(scope="module")
def envoy() -> Iterator[EnvoyRouter]:
    with running(ECHO) as router:
        yield router


@pytest.fixture
def router(envoy: EnvoyRouter) -> EnvoyRouter:
    envoy.reset()
    return envoy


def ask(router: EnvoyRouter, times: int = 1) -> list[Answer]:
    return [get(router.url) for _ in range(times)]


def test_before_anything_is_routed_users_are_told_so(router: EnvoyRouter) -> None:
    [answer] = ask(router)
    assert (answer.status, answer.version, answer.body) == (503, None, "no version has any traffic")


def test_traffic_is_divided_by_weight_and_the_split_is_observed(
    router: EnvoyRouter, host: Callable[[str], Host]
) -> None:
    old, new = host("1.0"), host("2.0")
    router.route({"1.0": 75, "2.0": 25}, {"1.0": (old.address,), "2.0": (new.address,)})
    seen = Counter(answer.version for answer in ask(router, 200))
    assert router.observed_split() == seen
    assert 20 < seen["2.0"] < 90  # of 200 at 25 %: beyond five standard deviations
    router.route({"1.0": 0, "2.0": 1}, {"1.0": (old.address,), "2.0": (new.address,)})
    assert {answer.version for answer in ask(router, 20)} == {"2.0"}


def test_a_new_host_serves_from_the_first_request_on(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    hosts = [host(str(number)) for number in range(10)]
    hosts_by_version: dict[str, tuple[Address, ...]] = {}
    for new in hosts:
        hosts_by_version[new.version] = (new.address,)
        router.route({new.version: 100}, hosts_by_version)
        [answer] = ask(router)
        assert (answer.status, answer.version) == (200, new.version)


def test_hosts_of_a_version_share_its_traffic(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    first, second = host("a"), host("b")
    router.route({"1.0": 1}, {"1.0": (first.address, second.address)})
    assert Counter(answer.version for answer in ask(router, 20)) == {"a": 10, "b": 10}


def test_a_version_without_hosts_is_refused_in_its_name(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    old = host("1.0")
    router.route({"1.0": 0, "2.0": 1}, {"1.0": (old.address,)})
    [answer] = ask(router)
    assert (answer.status, answer.version, answer.body) == (503, "2.0", "no healthy upstream")


def test_a_host_taken_out_gets_nothing_more(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    first, second = host("a"), host("b")
    router.route({"1.0": 1}, {"1.0": (first.address, second.address)})
    router.take_out("1.0", first.address)
    assert {answer.version for answer in ask(router, 10)} == {"b"}
    router.take_out("1.0", first.address)  # a second time changes nothing
    router.take_out("2.0", first.address)


def test_a_host_that_is_not_ready_waits_until_it_is(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    ready, late = host("ready"), host("late")
    late.ready = False
    router.route({"1.0": 1}, {"1.0": (ready.address, late.address)})
    assert {answer.version for answer in ask(router, 10)} == {"ready"}
    late.ready = True
    assert eventually(lambda: "late" in {answer.version for answer in ask(router, 4)})
    late.ready = False
    assert eventually(lambda: {answer.version for answer in ask(router, 4)} == {"ready"})


def test_a_dead_host_is_left_out_and_comes_back(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    alive, dying = host("alive"), Host("dying")
    with serving(dying):
        router.route({"1.0": 1}, {"1.0": (alive.address, dying.address)})
        assert {answer.version for answer in ask(router, 4)} == {"alive", "dying"}
    assert eventually(lambda: {answer.version for answer in ask(router, 4)} == {"alive"})
    with serving(dying):
        assert eventually(lambda: "dying" in {answer.version for answer in ask(router, 4)})


def test_bad_answers_are_passed_on_not_routed_around(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    good, bad = host("good"), host("bad")
    bad.status = 503
    router.route({"1.0": 1}, {"1.0": (good.address, bad.address)})
    answers = ask(router, 40)
    assert Counter(answer.status for answer in answers) == {200: 20, 503: 20}
    assert {answer.attempts for answer in answers} == {1}


def test_a_reset_forgets_versions_and_counts(router: EnvoyRouter, host: Callable[[str], Host]) -> None:
    old = host("1.0")
    router.route({"1.0": 1}, {"1.0": (old.address,)})
    ask(router, 3)
    router.reset()
    assert router.observed_split() == {}
    router.route({"1.0": 1}, {"1.0": (old.address,)})
    ask(router)
    assert router.observed_split() == {"1.0": 1}


def test_a_negative_weight_is_refused(router: EnvoyRouter) -> None:
    with pytest.raises(HarnessError, match="cannot be negative"):
        router.route({"1.0": -1}, {})


def test_retries_happen_only_when_asked_for_and_are_counted(host: Callable[[str], Host]) -> None:
    bad = host("1.0")
    bad.status = 503
    with running(replace(ECHO, router=Router(retry_on="5xx", retries=2))) as router:
        router.route({"1.0": 1}, {"1.0": (bad.address,)})
        [answer] = ask(router)
        assert (answer.status, answer.attempts) == (503, 3)


def test_a_rejected_configuration_is_an_error(host: Callable[[str], Host]) -> None:
    old = host("1.0")
    environment = replace(ECHO, headers=Headers(version="not\na header"))
    with running(environment) as router, pytest.raises(HarnessError, match="the router rejected its new configuration"):
        router.route({"1.0": 1}, {"1.0": (old.address,)})


def test_a_port_in_use_is_an_error_that_says_so() -> None:
    with workspace() as space, socket.socket() as taken:
        router = EnvoyRouter(ECHO, space, LocalRuntime(space))
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind((HOST, int(router.url.rpartition(":")[2])))
        router.start()
        with pytest.raises(StartFailed, match=r"(?s)router .*[Aa]ddress already in use"):
            router.await_up()
