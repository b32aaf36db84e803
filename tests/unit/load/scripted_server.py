"""A server that does to each connection what a test says, in threads."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("loopback.pem")

Script = Callable[[socket.socket, int], None]
"""Gets a connection and its number, from 0; the connection is closed when it returns."""


def read_request(connection: socket.socket) -> bytes:
    """One request without a body; empty if the client closed instead."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65_536)
        if not data:
            return b""
        received += data
    return received


def response(body: bytes = b"ok", *, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


@contextmanager
def scripted_server(script: Script, *, tls: bool = False) -> Iterator[str]:
    """The server's URL."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    threads: list[threading.Thread] = []
    stopped = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):  # the client may close first
            connection.settimeout(10)
            plain = connection if context is None else context.wrap_socket(connection, server_side=True)
            with plain:
                script(plain, number)

    def accept() -> None:
        number = 0
        while True:
            connection, _ = listener.accept()
            if stopped.is_set():
                connection.close()
                return
            threads.append(threading.Thread(target=serve, args=(connection, number)))
            threads[-1].start()
            number += 1

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address: tuple[str, int] = listener.getsockname()
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{address[1]}"
        finally:
            stopped.set()
            socket.create_connection(address).close()  # wakes the acceptor
            acceptor.join()
            for thread in threads:
                thread.join()
