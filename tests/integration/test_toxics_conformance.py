"""One suite for two servers: what toxiproxy does, and that the embedded one does the same.

Every endpoint and every toxic, with the bytes, their order, how a connection ends, and when. Nothing may come earlier
than it should, ever; that it does not come later is asked until one of several tries shows it, and of the embedded
server and toxiproxy alike: lateness has one sign, so the best try tells what the server does, and the others what the
machine was busy with.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.waiting import until
from tests.integration.toxic_wiring import (
    EMBEDDED,
    ORIGINAL,
    Answer,
    ToxicServer,
    Wire,
    is_silent,
    receive,
    receive_all,
    toxic_server,
)

pytestmark = pytest.mark.servers

EARLY_S = 0.001
"""Clocks and timers are that fine."""
TRIES_MAX = 40
QUIET_S = 0.005
"""What an exchange without a toxic takes at most on a machine that has time."""
UPSTREAM = "127.0.0.1:1"
MALFORMED = (
    b"",
    b"{",
    b'{"name": "x"',
    b"null",
    b"[]",
    b"3",
    b"true",
    b'"text"',
    b"{}",
    b'{"name": "x"}',
    b'{"name": "", "upstream": "y"}',
    b'{"name": 3}',
    b'{"name": "x", "upstream": ["y"]}',
    b'{"name": "x", "upstream": "y", "enabled": "yes"}',
    b'{"name": "x", "upstream": "y", "listen": "nonsense"}',
    b'{"name": "x", "upstream": "y", "listen": "127.0.0.1:99999"}',
    b'{"name": "x", "upstream": "y", "listen": "1.2.3.4:1"}',
)
MALFORMED_TOXICS = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b'{"type": "nope"}',
    b'{"type": 3}',
    b'{"type": "latency", "stream": "sideways"}',
    b'{"type": "nope", "stream": "sideways"}',
    b'{"type": "latency", "toxicity": "1"}',
    b'{"type": "latency", "attributes": 3}',
    b'{"type": "latency", "attributes": {"latency": "x"}}',
    b'{"type": "latency", "attributes": {"latency": true}}',
    b'{"type": "latency", "attributes": {"latency": 1.5}}',
    b'{"type": "latency", "attributes": {"latency": 1e3}}',
    b'{"type": "latency", "attributes": {"latency": 99999999999999999999}}',
    b'{"type": "slicer", "attributes": {"delay": "x"}}',
    b'{"type": "reset_peer", "attributes": {"timeout": "x"}}',
    b'{"type": "limit_data", "attributes": {"bytes": {}}}',
)
ATTRIBUTES = {
    "noop": {},
    "latency": {"latency": 0, "jitter": 0},
    "bandwidth": {"rate": 0},
    "slow_close": {"delay": 0},
    "timeout": {"timeout": 0},
    "reset_peer": {"timeout": 0},
    "slicer": {"average_size": 0, "size_variation": 0, "delay": 0},
    "limit_data": {"bytes": 0},
}


@pytest.fixture(scope="module", params=[EMBEDDED, ORIGINAL])
def server(request: pytest.FixtureRequest) -> Iterator[ToxicServer]:
    with toxic_server(request.param, "-proxy-metrics") as server:
        yield server


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[ToxicServer, ToxicServer]]:
    with toxic_server(ORIGINAL) as original, toxic_server(EMBEDDED) as embedded:
        yield original, embedded


@pytest.fixture
def wire(server: ToxicServer) -> Iterator[Wire]:
    with Wire(server, "wire") as wire:
        yield wire


# ── the API ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(answer: Answer) -> tuple[int, str]:
    assert answer.content["status"] == answer.status
    return answer.status, answer.content["error"]


def test_a_proxy_is_made_shown_changed_and_removed(server: ToxicServer) -> None:
    made = server.ask("POST", "/proxies", {"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM})
    proxy = made.content
    assert (made.status, made.content_type) == (201, "application/json")
    assert proxy | {"listen": ""} == {"name": "p", "listen": "", "upstream": UPSTREAM, "enabled": True, "toxics": []}
    assert proxy["listen"].startswith("127.0.0.1:")
    assert proxy["listen"] != "127.0.0.1:0"
    assert server.ask("GET", "/proxies/p").content == proxy
    assert server.ask("GET", "/proxies").content == {"p": proxy}
    for method in ("PATCH", "POST"):
        off = server.ask(method, "/proxies/p", {"enabled": False, "name": "other"})
        assert (off.status, off.content) == (200, proxy | {"enabled": False})
        assert server.ask(method, "/proxies/p", {"enabled": True}).content == proxy
    assert server.ask("PATCH", "/proxies/p", {"upstream": "127.0.0.1:2"}).content == proxy | {"upstream": "127.0.0.1:2"}
    removed = server.ask("DELETE", "/proxies/p")
    assert (removed.status, removed.text) == (204, "")
    assert server.ask("GET", "/proxies").content == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/proxies/none"),
        ("PATCH", "/proxies/none"),
        ("DELETE", "/proxies/none"),
        ("GET", "/proxies/none/toxics"),
        ("POST", "/proxies/none/toxics"),
        ("GET", "/proxies/none/toxics/t"),
        ("PATCH", "/proxies/none/toxics/t"),
        ("DELETE", "/proxies/none/toxics/t"),
    ],
)
def test_a_proxy_that_is_not_there_is_not_found(server: ToxicServer, method: str, path: str) -> None:
    assert refused(server.ask(method, path, {})) == (404, "proxy not found")


def test_a_proxy_has_one_name_and_one_place(wire: Wire) -> None:
    server = wire.server
    again = {"name": "wire", "listen": "127.0.0.1:0", "upstream": UPSTREAM}
    assert refused(server.ask("POST", "/proxies", again)) == (409, "proxy already exists")
    place = f"127.0.0.1:{wire.address[1]}"
    taken = server.ask("POST", "/proxies", {"name": "q", "listen": place, "upstream": UPSTREAM})
    assert refused(taken) == (500, f"listen tcp {place}: bind: address already in use")
    assert server.ask("GET", "/proxies/q").status == 404


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_a_toxic_has_its_defaults(wire: Wire, kind: str) -> None:
    made = wire.server.ask("POST", f"{wire.path}/toxics", {"type": kind})
    toxic = {
        "name": f"{kind}_downstream",
        "type": kind,
        "stream": "downstream",
        "toxicity": 1,
        "attributes": ATTRIBUTES[kind],
    }
    assert (made.status, made.content_type, made.content) == (200, "application/json", toxic)
    assert wire.server.ask("GET", f"{wire.path}/toxics").content == [toxic]
    assert wire.server.ask("GET", f"{wire.path}/toxics/{kind}_downstream").content == toxic
    assert wire.server.ask("GET", wire.path).content["toxics"] == [toxic]


def test_a_toxic_is_changed_in_part_and_removed(wire: Wire) -> None:
    path = f"{wire.path}/toxics/slow"
    given_ = {"type": "latency", "name": "slow", "stream": "UPSTREAM", "toxicity": 0.25}
    made = wire.server.ask("POST", f"{wire.path}/toxics", given_ | {"attributes": {"latency": 10, "Jitter": 3}})
    toxic = made.content
    assert toxic == given_ | {"attributes": {"latency": 10, "jitter": 3}}
    for method in ("PATCH", "POST"):
        latency = wire.server.ask(method, path, {"attributes": {"latency": 7}, "name": "other", "stream": "downstream"})
        assert (latency.status, latency.content) == (200, toxic | {"attributes": {"latency": 7, "jitter": 3}})
    assert wire.server.ask("PATCH", path, {"toxicity": 0.5}).content["toxicity"] == 0.5
    assert wire.server.ask("PATCH", path, {"attributes": None, "toxicity": None}).content["toxicity"] == 0.5
    removed = wire.server.ask("DELETE", path)
    assert (removed.status, removed.text) == (204, "")
    assert refused(wire.server.ask("DELETE", path)) == (404, "toxic not found")
    assert refused(wire.server.ask("GET", path)) == (404, "toxic not found")
    assert refused(wire.server.ask("PATCH", path, {})) == (404, "toxic not found")


def test_a_toxic_has_one_name_in_a_proxy(wire: Wire) -> None:
    wire.add("latency")
    again = wire.server.ask("POST", f"{wire.path}/toxics", {"type": "latency"})
    assert refused(again) == (409, "toxic already exists")


def test_toxics_of_the_upstream_are_listed_first(wire: Wire) -> None:
    for stream in ("downstream", "upstream"):
        for kind in ("latency", "bandwidth"):
            wire.add(kind, stream)
    names = [toxic["name"] for toxic in wire.server.ask("GET", f"{wire.path}/toxics").content]
    assert names == ["latency_upstream", "bandwidth_upstream", "latency_downstream", "bandwidth_downstream"]


def test_proxies_are_populated_and_reset(server: ToxicServer) -> None:
    first = {"name": "a", "listen": "127.0.0.1:0", "upstream": UPSTREAM}
    second = {"name": "b", "listen": "127.0.0.1:0", "upstream": UPSTREAM, "enabled": False}
    made = server.ask("POST", "/populate", [first, second])
    one, other = made.content["proxies"]
    assert made.status == 201
    assert (one["enabled"], other["enabled"]) == (True, False)
    server.ask("POST", "/proxies/a/toxics", {"type": "latency"})
    kept, moved = server.ask(
        "POST", "/populate", [first | {"listen": one["listen"]}, second | {"upstream": "127.0.0.1:2", "enabled": True}]
    ).content["proxies"]
    assert kept["listen"] == one["listen"]
    assert [toxic["type"] for toxic in kept["toxics"]] == ["latency"]
    assert (moved["upstream"], moved["enabled"]) == ("127.0.0.1:2", True)
    server.ask("PATCH", "/proxies/b", {"enabled": False})
    assert server.ask("POST", "/reset").status == 204
    after = server.ask("GET", "/proxies").content
    assert [(proxy["enabled"], proxy["toxics"]) for proxy in after.values()] == [(True, []), (True, [])]
    for name in after:
        server.ask("DELETE", f"/proxies/{name}")


def test_what_cannot_be_populated_leaves_what_could(server: ToxicServer) -> None:
    good = {"name": "good", "listen": "127.0.0.1:0", "upstream": UPSTREAM}
    bad = {"name": "bad", "listen": "1.2.3.4:1", "upstream": UPSTREAM}
    answer = server.ask("POST", "/populate", [good, bad, good | {"name": "never"}])
    assert refused(answer) == (500, "listen tcp 1.2.3.4:1: bind: cannot assign requested address")
    assert [proxy["name"] for proxy in answer.content["proxies"]] == ["good"]
    assert list(server.ask("GET", "/proxies").content) == ["good"]
    server.ask("DELETE", "/proxies/good")
    incomplete = server.ask("POST", "/populate", [good, {"name": "bad"}])
    assert refused(incomplete) == (400, "missing required field: upstream at proxy 2")
    assert server.ask("GET", "/proxies").content == {}


def test_it_tells_its_version(server: ToxicServer) -> None:
    answer = server.ask("GET", "/version")
    assert (answer.status, answer.content_type) == (200, "application/json;charset=utf-8")
    assert list(answer.content) == ["version"]


def test_it_counts_bytes_both_ways(wire: Wire) -> None:
    client, upstream = wire.connect()
    client.sendall(b"x" * 1000)
    assert receive(upstream, 1000)
    upstream.sendall(b"y" * 3000)
    assert receive(client, 3000)
    client.close()
    upstream.close()
    for word in ("received", "sent"):
        for direction, size in (("upstream", 1000), ("downstream", 3000)):
            name = f'toxiproxy_proxy_{word}_bytes_total{{direction="{direction}"'
            assert until(lambda name=name, size=size: wire.server.metric(name) >= size, 10)  # type: ignore[misc]


def test_browsers_are_refused(server: ToxicServer) -> None:
    answer = server.ask("GET", "/version", **{"User-Agent": "Mozilla/5.0"})
    assert (answer.status, answer.text) == (403, "User agent not allowed\n")


# ── the same to what is wrong ────────────────────────────────────────────────────────────────────────────────────────


def same(both: tuple[ToxicServer, ToxicServer], method: str, path: str, body: object = None) -> Answer:
    """Ask both; returns the embedded one's answer."""
    original, embedded = (server.ask(method, path, body) for server in both)
    assert embedded.comparable() == original.comparable(), (method, path, body)
    return embedded


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: body.decode() or "empty")
def test_both_refuse_a_malformed_proxy_alike(both: tuple[ToxicServer, ToxicServer], body: bytes) -> None:
    assert same(both, "POST", "/proxies", body).status >= 400


@pytest.mark.parametrize("body", MALFORMED_TOXICS, ids=lambda body: body.decode() or "empty")
def test_both_refuse_a_malformed_toxic_alike(both: tuple[ToxicServer, ToxicServer], body: bytes) -> None:
    same(both, "POST", "/proxies", {"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM})
    assert same(both, "POST", "/proxies/p/toxics", body).status >= 400
    same(both, "POST", "/proxies/p/toxics", {"type": "latency"})
    same(both, "PATCH", "/proxies/p/toxics/latency_downstream", body)
    same(both, "DELETE", "/proxies/p")


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[3]", b'[{"name": "r"}]', b'[{"upstream": "r"}]', b"[]", b"null"])
def test_both_refuse_a_malformed_population_alike(both: tuple[ToxicServer, ToxicServer], body: bytes) -> None:
    same(both, "POST", "/populate", body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/proxies/"),
        ("GET", "/proxies/a/b"),
        ("GET", "/metrics"),
        ("DELETE", "/proxies"),
        ("PUT", "/proxies/p"),
        ("GET", "/reset"),
        ("GET", "/populate"),
        ("POST", "/version"),
        ("DELETE", "/proxies/p/toxics"),
    ],
)
def test_both_know_the_same_places(both: tuple[ToxicServer, ToxicServer], method: str, path: str) -> None:
    assert same(both, method, path).status in {404, 405}


NAMES = st.sampled_from(["a", "b"])
ACTIONS = st.one_of(
    st.tuples(
        st.just("POST"),
        st.just("/proxies"),
        st.builds(
            lambda name, enabled: {"name": name, "upstream": UPSTREAM, "listen": "127.0.0.1:0", "enabled": enabled},
            NAMES,
            st.booleans(),
        ),
    ),
    st.tuples(
        st.just("PATCH"),
        st.builds("/proxies/{}".format, NAMES),
        st.sampled_from([{}, {"enabled": True}, {"enabled": False}, {"upstream": "127.0.0.1:3"}]),
    ),
    st.tuples(
        st.just("POST"),
        st.builds("/proxies/{}/toxics".format, NAMES),
        st.builds(
            lambda kind, stream, number: {"type": kind, "stream": stream, "attributes": {"timeout": number}},
            st.sampled_from(["latency", "timeout", "reset_peer", "noop"]),
            st.sampled_from(["upstream", "downstream", "Upstream"]),
            st.integers(-1, 3),
        ),
    ),
    st.tuples(
        st.sampled_from(["DELETE", "GET"]),
        st.builds(
            "/proxies/{}/toxics/{}_{}".format,
            NAMES,
            st.sampled_from(["latency", "timeout"]),
            st.sampled_from(["upstream", "downstream"]),
        ),
        st.none(),
    ),
    st.tuples(st.sampled_from(["DELETE", "GET"]), st.builds("/proxies/{}".format, NAMES), st.none()),
    st.tuples(st.just("POST"), st.just("/reset"), st.none()),
    st.tuples(st.just("GET"), st.just("/proxies"), st.none()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=20))
def test_both_are_in_the_same_state_after_any_requests(
    both: tuple[ToxicServer, ToxicServer], actions: list[tuple[str, str, object]]
) -> None:
    for name in ("a", "b"):
        for server in both:
            server.ask("DELETE", f"/proxies/{name}")
    for method, path, body in actions:
        same(both, method, path, body)
    same(both, "GET", "/proxies")


# ── the wire: bytes, their order, and how it ends ────────────────────────────────────────────────────────────────────


def test_bytes_come_through_both_ways_at_once(wire: Wire) -> None:
    client, upstream = wire.connect()
    up, down = os.urandom(400_000), os.urandom(400_000)
    client.sendall(up[:200_000])
    upstream.sendall(down[:200_000])
    assert receive(upstream, 200_000) == up[:200_000]
    assert receive(client, 200_000) == down[:200_000]
    client.sendall(up[200_000:])
    upstream.sendall(down[200_000:])
    assert receive(upstream, 200_000) == up[200_000:]  # to close with something unread would reset
    upstream.close()
    assert receive_all(client).data == down[200_000:]


@pytest.mark.parametrize("side", ["client", "upstream"])
def test_when_one_side_closes_so_does_the_other(wire: Wire, side: str) -> None:
    client, upstream = wire.connect()
    closing, other = (client, upstream) if side == "client" else (upstream, client)
    closing.sendall(b"the end")
    closing.close()
    received = receive_all(other)
    assert (received.data, received.end) == (b"the end", "closed")


def test_an_upstream_that_refuses_closes_the_client(server: ToxicServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
    made = server.ask("POST", "/proxies", {"name": "nobody", "listen": "127.0.0.1:0", "upstream": nobody})
    host, port = made.content["listen"].split(":")
    with socket.create_connection((host, int(port)), 10) as client:
        assert receive_all(client).data == b""
    server.ask("DELETE", "/proxies/nobody")


@pytest.mark.parametrize("act", ["disable", "delete", "redirect"])
def test_switching_off_cuts_what_is_there_and_refuses_what_comes(wire: Wire, act: str) -> None:
    client, upstream = wire.connect()
    client.sendall(b"x")
    receive(upstream, 1)
    match act:
        case "disable":
            wire.switch(False)
        case "delete":
            wire.server.ask("DELETE", wire.path)
        case "redirect":
            wire.server.ask("PATCH", wire.path, {"listen": "127.0.0.1:0"})
    assert receive_all(client).data == receive_all(upstream).data == b""
    with pytest.raises(ConnectionRefusedError):
        wire.dial()
    if act == "disable":
        wire.switch(True)
        client, upstream = wire.connect()
        client.sendall(b"again")
        assert receive(upstream, 5) == b"again"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_a_toxic_meets_its_stream_and_no_other(wire: Wire, stream: str) -> None:
    wire.add("timeout", stream)
    client, upstream = wire.connect()
    silenced, free = (client, upstream) if stream == "upstream" else (upstream, client)
    silenced.sendall(b"never")
    free.sendall(b"at once")
    assert receive(silenced, 7) == b"at once"
    assert is_silent(free)


@pytest.mark.parametrize(("toxicity", "struck"), [(0.0, False), (-1.0, False), (1.0, True), (7.0, True)])
def test_toxicity_is_the_share_of_connections_that_is_struck(wire: Wire, toxicity: float, struck: bool) -> None:
    wire.add("limit_data", toxicity=toxicity, bytes=3)
    client, upstream = wire.connect()
    upstream.sendall(b"abcdef")
    if struck:
        assert receive_all(client).data == b"abc"
    else:
        assert receive(client, 6) == b"abcdef"


def test_toxics_come_and_go_while_a_connection_lives(wire: Wire) -> None:
    client, upstream = wire.connect()
    upstream.sendall(b"one")
    assert receive(client, 3) == b"one"
    toxic = wire.add("latency", latency=60_000)
    upstream.sendall(b"two")
    assert is_silent(client)
    wire.remove(toxic)
    assert receive(client, 3) == b"two"
    toxic = wire.add("latency", latency=60_000)
    wire.change(toxic, attributes={"latency": 1})
    upstream.sendall(b"three")
    assert receive(client, 5) == b"three"
    wire.add("limit_data", bytes=4)
    upstream.sendall(b"fourth")
    assert receive_all(client).data == b"four"


def test_toxics_act_one_after_the_other(wire: Wire) -> None:
    """The delay comes before the limit: all that is let through is late."""
    wire.add("latency", latency=100)
    wire.add("limit_data", bytes=5)
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.sendall(b"0123456789")
    assert receive_all(client).data == b"01234"
    assert time.monotonic() - began >= 0.1 - EARLY_S


# ── each toxic ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["timeout", "bandwidth"])
def test_nothing_comes_through(wire: Wire, kind: str) -> None:
    """A timeout of 0 never closes, and with a rate of 0 nothing ever leaves."""
    toxic = wire.add(kind)
    client, upstream = wire.connect()
    upstream.sendall(b"never")
    client.sendall(b"but this does")
    assert receive(upstream, 13) == b"but this does"
    assert is_silent(client)
    wire.remove(toxic)
    if kind == "timeout":
        assert receive_all(client).data == b""  # bytes are missing, so it is closed
    else:
        assert receive(client, 5) == b"never"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_a_reset_is_a_reset_on_both_sides(wire: Wire, stream: str) -> None:
    wire.add("reset_peer", stream)
    client, upstream = wire.connect()
    (client if stream == "upstream" else upstream).sendall(b"lost")
    assert (receive_all(client).end, receive_all(upstream).end) == ("reset", "reset")


def test_a_reset_waits_for_the_first_byte(wire: Wire) -> None:
    wire.add("reset_peer", "downstream")
    client, upstream = wire.connect()
    client.sendall(b"question")
    assert receive(upstream, 8) == b"question"
    assert is_silent(client)
    upstream.sendall(b"answer")
    assert receive_all(client).end == "reset"


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_data_are_limited_to_the_byte(wire: Wire, size: int) -> None:
    wire.add("limit_data", bytes=size)
    client, upstream = wire.connect()
    data = os.urandom(size + 10)
    half = size // 2
    upstream.sendall(data[:half])
    assert receive(client, half) == data[:half]
    upstream.sendall(data[half:])
    received = receive_all(client)
    assert (received.data, received.end) == (data[half:size], "closed")


def test_the_limit_is_of_each_connection(wire: Wire) -> None:
    wire.add("limit_data", bytes=4)
    for _ in range(2):
        client, upstream = wire.connect()
        upstream.sendall(b"abcdef")
        assert receive_all(client).data == b"abcd"


@pytest.mark.parametrize(("average_size", "size_variation"), [(10, 0), (64, 32), (100_000, 0)])
def test_slices_are_the_whole_in_order(wire: Wire, average_size: int, size_variation: int) -> None:
    wire.add("slicer", average_size=average_size, size_variation=size_variation)
    client, upstream = wire.connect()
    data = os.urandom(50_000)
    upstream.sendall(data)
    upstream.close()
    assert receive_all(client).data == data


def test_a_slow_close_lets_bytes_through_at_once(wire: Wire) -> None:
    toxic = wire.add("slow_close", delay=60_000)
    client, upstream = wire.connect()
    upstream.sendall(b"bytes")
    upstream.close()
    assert receive(client, 5) == b"bytes"
    assert is_silent(client)
    wire.remove(toxic)
    assert receive_all(client).data == b""


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def answer_s(wire: Wire) -> float:
    """From a byte that the upstream sends to its arrival."""
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.sendall(b"x")
    receive(client, 1)
    return time.monotonic() - began


def amount_s(wire: Wire) -> float:
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.sendall(b"x" * 100_000)
    receive(client, 100_000)
    return time.monotonic() - began


def closing_s(wire: Wire) -> float:
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.close()
    receive_all(client)
    return time.monotonic() - began


def silence_s(wire: Wire) -> float:
    began = time.monotonic()
    client, _ = wire.connect()
    receive_all(client)
    return time.monotonic() - began


def reset_s(wire: Wire) -> float:
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.sendall(b"x")
    assert receive_all(client).end == "reset"
    return time.monotonic() - began


def slices_s(wire: Wire) -> float:
    client, upstream = wire.connect()
    began = time.monotonic()
    upstream.sendall(b"x" * 80)
    receive(client, 80)
    return time.monotonic() - began


TIMED: dict[str, tuple[dict[str, int], Callable[[Wire], float], float]] = {
    "latency": ({"latency": 80}, answer_s, 0.080),
    "bandwidth": ({"rate": 1000}, amount_s, 0.100),
    "slow_close": ({"delay": 80}, closing_s, 0.080),
    "timeout": ({"timeout": 80}, silence_s, 0.080),
    "reset_peer": ({"timeout": 80}, reset_s, 0.080),
    "slicer": ({"average_size": 10, "delay": 15_000}, slices_s, 0.105),  # eight slices, seven delays
}


@pytest.mark.parametrize("kind", TIMED)
def test_it_acts_when_it_should(server: ToxicServer, kind: str) -> None:
    """Never earlier; and in the best of several tries no later than by 10 ms or 5 %, beyond what the machine takes for
    an exchange without a toxic at that time."""
    attributes, measure, expected_s = TIMED[kind]
    late: list[float] = []
    usual: list[float] = []
    with Wire(server, "plain") as plain, Wire(server, "timed") as timed:
        timed.add(kind, "downstream", **attributes)
        while len(late) < TRIES_MAX:
            usual.append(answer_s(plain))
            late.append(measure(timed) - expected_s)
            assert late[-1] >= -EARLY_S - 0.02 * expected_s
            if late[-1] <= max(0.010, 0.05 * expected_s) + usual[-1]:
                return
    if min(usual) > QUIET_S:
        pytest.skip(f"this machine was never free: an exchange without a toxic took {min(usual) * 1000:.0f} ms at best")
    pytest.fail(f"{kind} was late by {min(late) * 1000:.1f} ms in the best of {TRIES_MAX} tries")


def test_jitter_goes_both_ways_and_no_further(wire: Wire) -> None:
    wire.add("latency", latency=60, jitter=40)
    assert min(answer_s(wire) for _ in range(10)) >= 0.020 - EARLY_S


def test_latencies_add_up(wire: Wire) -> None:
    wire.add("latency", "upstream", latency=30)
    wire.add("latency", "downstream", latency=40)
    client, upstream = wire.connect()
    began = time.monotonic()
    client.sendall(b"x")
    receive(upstream, 1)
    upstream.sendall(b"y")
    receive(client, 1)
    assert time.monotonic() - began >= 0.070 - EARLY_S


def test_a_rate_holds_over_many_chunks(wire: Wire) -> None:
    """1 MB at 4 MB/s, in chunks that are each below what a timer can tell."""
    wire.add("bandwidth", rate=4000)
    client, upstream = wire.connect()
    began = time.monotonic()
    for _ in range(250):
        upstream.sendall(b"x" * 4000)
    receive(client, 1_000_000)
    assert time.monotonic() - began >= 0.250 * 0.95


def test_a_timeout_counts_from_the_last_byte(wire: Wire) -> None:
    wire.add("timeout", timeout=150)
    client, upstream = wire.connect()
    for _ in range(3):
        upstream.sendall(b"x")
        last = time.monotonic()
        until(lambda: False, 0.05)
    assert receive_all(client).data == b""
    assert time.monotonic() - last >= 0.150 - EARLY_S
