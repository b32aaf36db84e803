"""What the embedded toxiproxy does beyond toxiproxy, and that it leaks nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from harness.waiting import until
from tests.integration.toxic_wiring import (
    EMBEDDED,
    ToxicServer,
    Wire,
    is_silent,
    receive,
    receive_all,
    reset,
    toxic_server,
)

pytestmark = pytest.mark.servers

CONNECTIONS = 2000
IN_FLIGHT_BYTES_MAX = 8 << 20
"""What the kernel's buffers of two connections and one read may hold."""


@pytest.fixture(scope="module")
def server() -> Iterator[ToxicServer]:
    with toxic_server(EMBEDDED, "-proxy-metrics", "-runtime-metrics", "-seed", "7") as server:
        yield server


@pytest.fixture
def wire(server: ToxicServer) -> Iterator[Wire]:
    with Wire(server, "wire") as wire:
        yield wire


def is_empty(server: ToxicServer) -> bool:
    return server.metric("toxiproxy_proxy_open_connections") == 0


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("toxics", [(), ("noop",), ("latency", "slicer")], ids="+".join)
def test_a_half_closed_connection_goes_on_the_other_way(wire: Wire, toxics: tuple[str, ...]) -> None:
    for kind in toxics:
        wire.add(kind, "upstream", latency=20, average_size=3)
        wire.add(kind, "downstream", latency=20, average_size=3)
    client, upstream = wire.connect()
    client.sendall(b"the whole question")
    client.shutdown(socket.SHUT_WR)
    assert receive_all(upstream).data == b"the whole question"
    upstream.sendall(b"and the answer")
    upstream.close()
    assert receive_all(client).data == b"and the answer"
    assert until(lambda: is_empty(wire.server), 10)


def test_a_connection_that_lives_is_reset_too(wire: Wire) -> None:
    client, upstream = wire.connect()
    client.sendall(b"x")
    receive(upstream, 1)
    wire.add("reset_peer", "downstream")
    upstream.sendall(b"y")
    assert (receive_all(client).end, receive_all(upstream).end) == ("reset", "reset")


@pytest.mark.parametrize("side", ["client", "upstream"])
def test_a_side_that_resets_ends_the_other(wire: Wire, side: str) -> None:
    client, upstream = wire.connect()
    gone, other = (client, upstream) if side == "client" else (upstream, client)
    reset(gone)
    assert receive_all(other).data == b""
    assert until(lambda: is_empty(wire.server), 10)


def test_what_was_sent_before_a_reset_still_arrives(wire: Wire) -> None:
    wire.add("latency", "downstream", latency=100)
    client, upstream = wire.connect()
    upstream.sendall(b"last words")
    assert until(lambda: wire.server.metric("toxiproxy_proxy_received_bytes_total") >= 10, 10)
    reset(upstream)
    assert receive_all(client).data == b"last words"


def test_a_connection_that_no_timeout_strikes_outlives_it(wire: Wire) -> None:
    toxic = wire.add("timeout", toxicity=0.0)
    client, upstream = wire.connect()
    upstream.sendall(b"one")
    assert receive(client, 3) == b"one"
    wire.remove(toxic)
    upstream.sendall(b"two")
    assert receive(client, 3) == b"two"


# ── what toxiproxy lacks ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_seed_decides_whom_a_toxic_strikes() -> None:
    """The same connections again, in another process; others with another seed."""

    def struck(seed: int) -> list[bool]:
        with toxic_server(EMBEDDED, "-seed", str(seed)) as server, Wire(server, "wire") as wire:
            wire.add("limit_data", toxicity=0.5, bytes=1)
            found = []
            for _ in range(20):
                client, upstream = wire.connect()
                upstream.sendall(b"xy")
                upstream.close()
                found.append(receive_all(client).data == b"x")
            return found

    first = struck(1)
    assert 0 < sum(first) < 20
    assert struck(1) == first
    assert struck(2) != first


def test_a_proxy_comes_with_its_toxics(server: ToxicServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        toxics = [{"type": "timeout"}, {"type": "latency", "stream": "upstream", "attributes": {"latency": 5}}]
        proxy = {"name": "born", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream.getsockname()[1]}"}
        made = server.ask("POST", "/proxies", proxy | {"toxics": toxics})
        assert [toxic["name"] for toxic in made.content["toxics"]] == ["latency_upstream", "timeout_downstream"]
        again = server.ask("POST", "/populate", [proxy | {"name": "populated", "toxics": toxics}])
        assert len(again.content["proxies"][0]["toxics"]) == 2
    for name in ("born", "populated"):
        server.ask("DELETE", f"/proxies/{name}")


def test_a_proxy_with_a_toxic_that_is_wrong_is_not_made(server: ToxicServer) -> None:
    proxy = {"name": "unborn", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", "toxics": [{"type": "nope"}]}
    assert server.ask("POST", "/proxies", proxy).status == 400
    assert server.ask("GET", "/proxies/unborn").status == 404


def test_the_first_connections_fail_and_the_others_do_not(wire: Wire) -> None:
    toxic = wire.add("fail_first", connections=3)
    assert [is_reset(wire) for _ in range(3)] == [True] * 3
    client, upstream = wire.connect()
    client.sendall(b"served")
    assert receive(upstream, 6) == b"served"
    wire.change(toxic, attributes={"connections": 1})  # counts anew
    assert is_reset(wire)
    wire.connect()
    assert is_silent(client)


def is_reset(wire: Wire) -> bool:
    """A new connection: the reset may come before it is known to be made, or after."""
    try:
        return receive_all(wire.dial()).end == "reset"
    except ConnectionResetError:
        return True


def test_proxies_are_made_from_a_file(tmp_path: os.PathLike[str]) -> None:
    config = os.path.join(tmp_path, "toxiproxy.json")
    with open(config, "w") as file:
        file.write('[{"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}]')
    with toxic_server(EMBEDDED, "-config", config) as server:
        assert list(server.ask("GET", "/proxies").content) == ["p"]


def test_without_a_host_it_listens_on_this_machine_alone(server: ToxicServer) -> None:
    made = server.ask("POST", "/proxies", {"name": "p", "listen": ":0", "upstream": "127.0.0.1:1"})
    assert made.content["listen"].startswith("127.0.0.1:")
    server.ask("DELETE", "/proxies/p")


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("toxics", [(), ("noop",)], ids="+".join)
def test_a_source_is_read_no_faster_than_its_sink_takes_it(wire: Wire, toxics: tuple[str, ...]) -> None:
    for kind in toxics:
        wire.add(kind, "upstream")
    client, upstream = wire.connect()
    client.setblocking(False)
    sent = 0
    stalls = 0
    data = os.urandom(1 << 16)
    while stalls < 20:
        assert sent < IN_FLIGHT_BYTES_MAX * 2
        try:
            sent += client.send(data)
            stalls = 0
        except BlockingIOError:
            until(lambda: False, 0.01)
            stalls += 1
    client.settimeout(30)
    client.shutdown(socket.SHUT_WR)
    assert len(receive_all(upstream).data) == sent


def test_thousands_of_connections_leave_nothing(wire: Wire) -> None:
    """A third of each: closed by the client, closed by the upstream, reset."""
    server = wire.server
    wire.add("latency", "upstream", latency=1)
    before = server.open_files()
    pairs = []
    for number in range(CONNECTIONS):
        client, upstream = wire.connect()
        client.sendall(b"x")
        pairs.append((client, upstream))
        if len(pairs) == 500 or number == CONNECTIONS - 1:
            for which, (client, upstream) in enumerate(pairs):
                assert receive(upstream, 1) == b"x"
                if which % 3 == 0:
                    client.close()
                elif which % 3 == 1:
                    upstream.close()
                else:
                    reset(client)
                for end in (client, upstream):
                    if end.fileno() >= 0:
                        receive_all(end)
                        end.close()
            pairs.clear()
    assert until(lambda: is_empty(server), 20)
    assert until(lambda: server.open_files() <= before, 20)


def test_connections_that_wait_for_a_toxic_go_with_their_proxy(server: ToxicServer) -> None:
    before = server.open_files()
    with Wire(server, "gone") as wire:
        wire.add("timeout")
        wire.add("slow_close", "upstream", delay=60_000)
        for _ in range(50):
            client, _ = wire.connect()
            client.sendall(b"x")
            client.close()
        assert server.metric("toxiproxy_proxy_open_connections") == 50
    assert until(lambda: server.open_files() <= before, 20)
