"""A service of nothing but the standard library, for the driver's tests: says who it is, and works as asked.

GET /work?ms=N answers after N ms. It is ready once its stores take connections. SIGTERM: accepts nothing more,
finishes what is in flight, exits 0.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STORES = [urlsplit(os.environ[name]) for name in ("POSTGRES_URL", "NATS_URL") if name in os.environ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/ready":
            self.answer(200 if stores_answer() else 503, "")
        elif url.path == "/environment":
            self.answer(200, json.dumps(dict(os.environ)))
        elif url.path == "/status":
            self.answer(int(url.query), "as asked")
        else:
            threading.Event().wait(int(parse_qs(url.query).get("ms", ["0"])[0]) / 1000)
            self.answer(200, "done")

    def answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", os.environ["VERSION"])
        self.send_header("X-Instance", os.environ["INSTANCE"])
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True  # server_close waits for all requests that are being answered
    request_queue_size = 128
    timeout = 0.02

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), Handler)
        self.connections: set[socket.socket] = set()
        self.idle = False

    def process_request(self, request: socket.socket, address: object) -> None:  # type: ignore[override]
        self.idle = False
        self.connections.add(request)
        super().process_request(request, address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_timeout(self) -> None:
        self.idle = True

    def drain(self) -> None:
        """Take what has already been connected, answer what has already been sent, and no more."""
        self.idle = False
        while not self.idle:
            self.handle_request()
        for connection in tuple(self.connections):
            connection.shutdown(socket.SHUT_RD)
        self.server_close()


def stores_answer() -> bool:
    for store in STORES:
        try:
            with socket.create_connection((store.hostname or "", store.port or 0), timeout=0.5) as connection:
                if store.scheme == "postgresql":
                    connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
                if not connection.recv(1):
                    return False
        except OSError:
            return False
    return True


def main() -> None:
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    if os.environ.get("MODE") == "broken":
        sys.exit("cannot start: told to be broken")
    server = Server(sys.argv[1], int(sys.argv[2]))
    while not asked_to_stop.is_set():
        server.handle_request()
    if os.environ.get("MODE") == "stubborn":
        signal.pause()
    server.drain()


if __name__ == "__main__":
    main()
