from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gevent import get_hub

from harness.load.answers import CONNECT, PROTOCOL, RESET, TIMEOUT
from harness.load.client import Client
from harness.load.target import resolve
from tests.unit.load.scripted_server import CERTIFICATE, read_request, response, scripted_server

REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
FAR_S = 10.0


@contextmanager
def client_of(url: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Client]:
    client = Client(resolve(url), tls)
    timer = get_hub().loop.timer(0.002, 0.002)
    timer.start(lambda: client.expire() if client.deadline_ns <= time.monotonic_ns() else None)
    try:
        yield client
    finally:
        timer.stop()
        timer.close()
        client.close()


def ask(client: Client, *, keep: bool = True, timeout_s: float = FAR_S, request: bytes = REQUEST) -> str | None:
    deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
    return client.exchange(request, deadline_ns=deadline_ns, keep=keep, for_head=request.startswith(b"HEAD"))


def answer_all(connection: socket.socket, number: int) -> None:
    while read_request(connection):
        connection.sendall(response(str(number).encode()))


def test_a_kept_connection_carries_one_request_after_another() -> None:
    with scripted_server(answer_all) as url, client_of(url) as client:
        seen = [(ask(client), client.opened, client.response.body) for _ in range(3)]
    assert seen == [(None, True, b"0"), (None, False, b"0"), (None, False, b"0")]


def test_without_keeping_each_request_has_a_connection_of_its_own() -> None:
    with scripted_server(answer_all) as url, client_of(url) as client:
        seen = [(ask(client, keep=False), client.opened, client.response.body) for _ in range(3)]
    assert seen == [(None, True, b"0"), (None, True, b"1"), (None, True, b"2")]


def test_times_are_in_the_order_of_what_happened() -> None:
    with scripted_server(answer_all) as url, client_of(url) as client:
        before_ns = time.monotonic_ns()
        ask(client)
        assert before_ns <= client.sent_ns <= client.first_byte_ns <= client.done_ns <= time.monotonic_ns()


def read_and_drop(connection: socket.socket, number: int) -> None:
    read_request(connection)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_request_that_the_server_read_and_dropped_is_reported_and_not_sent_again(method: str) -> None:
    requests = []

    def drop_the_second(connection: socket.socket, number: int) -> None:
        while request := read_request(connection):
            requests.append(request)
            if len(requests) == 2:
                return
            connection.sendall(response())

    with scripted_server(drop_the_second) as url, client_of(url) as client:
        request = REQUEST.replace(b"GET", method.encode())
        errors = [ask(client, request=request) for _ in range(3)]
        assert client.opened
    assert errors == [None, RESET, None]
    assert len(requests) == 3


def test_a_dropped_request_keeps_the_time_it_was_sent() -> None:
    with scripted_server(read_and_drop) as url, client_of(url) as client:
        assert ask(client) == RESET
        assert client.sent_ns > 0
        assert client.first_byte_ns == 0
        assert client.done_ns >= client.sent_ns


def test_a_connection_that_was_closed_while_idle_is_replaced_before_anything_is_sent() -> None:
    closed = threading.Event()

    def close_after_one(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(response(str(number).encode()))
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with scripted_server(close_after_one) as url, client_of(url) as client:
        for number in range(3):
            assert ask(client) is None
            assert client.opened
            assert client.response.body == str(number).encode()
            assert closed.wait(FAR_S)
            closed.clear()


def test_a_reset_connection_is_replaced_too() -> None:
    gone = threading.Event()

    def reset_after_one(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(response())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
        connection.close()
        gone.set()

    with scripted_server(reset_after_one) as url, client_of(url) as client:
        assert ask(client) is None
        assert gone.wait(FAR_S)
        assert ask(client) is None
        assert client.opened


def test_half_an_answer_is_no_answer() -> None:
    def half(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")

    with scripted_server(half) as url, client_of(url) as client:
        assert ask(client) == RESET
        assert client.first_byte_ns > 0


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    def unbounded(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    with scripted_server(unbounded) as url, client_of(url) as client:
        assert ask(client) is None
        assert client.response.body == b"all of it"


def test_what_is_not_http_is_a_protocol_error() -> None:
    def babble(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.recv(1)

    with scripted_server(babble) as url, client_of(url) as client:
        assert ask(client) == PROTOCOL


def test_a_request_ends_at_its_deadline_and_the_next_has_a_new_connection() -> None:
    def answer_only_later_connections(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            if number > 0:
                connection.sendall(response())

    with scripted_server(answer_only_later_connections) as url, client_of(url) as client:
        before_ns = time.monotonic_ns()
        assert ask(client, timeout_s=0.05) == TIMEOUT
        assert client.done_ns - before_ns >= 50_000_000
        assert client.sent_ns > 0
        assert ask(client) is None
        assert client.opened


def test_past_its_deadline_a_request_is_not_sent() -> None:
    with scripted_server(answer_all) as url, client_of(url) as client:
        assert ask(client, timeout_s=-1) == TIMEOUT
        assert client.sent_ns == 0
        assert client.response.status == 0


def test_nobody_there_is_a_connect_error_and_nothing_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with client_of(f"http://127.0.0.1:{port}") as client:
        for keep in (True, False):
            assert ask(client, keep=keep) == CONNECT
            assert client.sent_ns == 0


def test_a_full_backlog_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address), client_of(f"http://127.0.0.1:{address[1]}") as client:
            assert ask(client, timeout_s=0.05) == TIMEOUT
            assert client.sent_ns == 0


def test_a_large_body_is_sent_to_its_end() -> None:
    body = bytes(4_000_000)
    received = []

    def swallow(connection: socket.socket, number: int) -> None:
        _, _, rest = read_request(connection).partition(b"\r\n\r\n")
        size = len(rest)
        while size < len(body):
            size += len(connection.recv(1_000_000))
        received.append(size)
        connection.sendall(response())

    with scripted_server(swallow) as url, client_of(url) as client:
        assert ask(client, request=b"POST / HTTP/1.1\r\ncontent-length: 4000000\r\n\r\n" + body) is None
    assert received == [len(body)]


def test_an_answer_that_comes_before_the_request_was_sent_to_its_end_counts() -> None:
    def refuse(connection: socket.socket, number: int) -> None:
        connection.recv(1000)
        connection.sendall(response(status="413 Content Too Large", headers="connection: close\r\n"))
        while connection.recv(1_000_000):
            pass

    with scripted_server(refuse) as url, client_of(url) as client:
        request = b"POST / HTTP/1.1\r\ncontent-length: 90000000\r\n\r\n" + bytes(90_000_000)
        assert ask(client, request=request) is None
        assert client.response.status == 413


def test_head_has_no_body_whatever_its_length() -> None:
    def head(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")
        connection.recv(1)

    with scripted_server(head) as url, client_of(url) as client:
        assert ask(client, request=REQUEST.replace(b"GET", b"HEAD")) is None
        assert client.response.headers[b"content-length"] == b"10"


def test_tls() -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    with scripted_server(answer_all, tls=True) as url, client_of(url, tls=trusting) as client:
        seen = [(ask(client), client.opened, client.response.body) for _ in range(3)]
    assert seen == [(None, True, b"0"), (None, False, b"0"), (None, False, b"0")]


def test_a_certificate_that_nobody_vouches_for_is_a_connect_error() -> None:
    with scripted_server(answer_all, tls=True) as url, client_of(url, tls=ssl.create_default_context()) as client:
        assert ask(client) == CONNECT
        assert client.sent_ns == 0


def test_a_tls_connection_that_ends_without_an_answer_is_a_reset() -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    with scripted_server(read_and_drop, tls=True) as url, client_of(url, tls=trusting) as client:
        assert ask(client) == RESET
        assert client.sent_ns > 0
