"""A toxiproxy, real or embedded, as a process of its own, and connections through it with both ends in the test."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.drivers.ports import HOST, free_port
from harness.servers import TOXIPROXY, find_program
from harness.waiting import until

EMBEDDED, ORIGINAL = "embedded", "toxiproxy"
PATIENCE_S = 30.0
_EMBEDDED = (sys.executable, "-I", "-m", "harness.toxics.server")
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+|\[::\]:\d+")


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    text: str

    @property
    def content(self) -> Any:
        """Of JSON, without what toxiproxy tells of its logger by accident."""
        return json.loads(self.text, object_hook=_without_logger)

    def comparable(self) -> tuple[int, str, object]:
        """With every address the same: two servers cannot listen at one."""
        text = _ADDRESS.sub("somewhere", self.text)
        try:
            return self.status, self.content_type, json.loads(text, object_hook=_without_logger)
        except json.JSONDecodeError:
            return self.status, self.content_type, text


def _without_logger(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "Logger"}


@dataclass(frozen=True)
class ToxicServer:
    kind: str
    port: int
    pid: int

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """`body` is sent as it is if it is bytes, else as JSON."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_S)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read().decode())

    def metric(self, name: str) -> float:
        """The sum of a metric over all its labels."""
        lines = self.ask("GET", "/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def toxic_server(kind: str, *flags: str) -> Iterator[ToxicServer]:
    """Skips the test where there is no toxiproxy-server."""
    program: Sequence[str] = _EMBEDDED
    if kind == ORIGINAL:
        found = find_program(TOXIPROXY)
        if found is None:
            pytest.skip(f"no toxiproxy-server here to compare with; {TOXIPROXY.remedy}")
        program = (str(found.path),)
    port = free_port()
    command = (*program, "-host", HOST, "-port", str(port), *flags)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin", "LOG_LEVEL": "error"})
    try:
        server = ToxicServer(kind, port, process.pid)
        assert until(lambda: process.poll() is not None or _answers(server), PATIENCE_S)
        assert process.poll() is None, f"{kind} ended with {process.returncode}"
        yield server
    finally:
        process.terminate()
        process.wait()


def _answers(server: ToxicServer) -> bool:
    try:
        return server.ask("GET", "/version").status == 200
    except OSError:
        return False


class Wire:
    """A proxy of the server's, with what it leads to: the test accepts, so that it holds both ends of a connection."""

    def __init__(self, server: ToxicServer, name: str) -> None:
        self.server = server
        self.path = f"/proxies/{name}"
        self._stack = ExitStack()
        self._upstream = self._stack.enter_context(socket.create_server((HOST, 0), backlog=1024))
        self._upstream.settimeout(PATIENCE_S)
        upstream = f"{HOST}:{self._upstream.getsockname()[1]}"
        proxy = server.ask("POST", "/proxies", {"name": name, "listen": f"{HOST}:0", "upstream": upstream})
        assert proxy.status == 201, proxy.text
        host, port = proxy.content["listen"].split(":")
        self.address = (host, int(port))

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.ask("DELETE", self.path)
        self._stack.close()

    def add(self, kind: str, stream: str = "downstream", toxicity: float = 1.0, **attributes: int) -> str:
        """The name of the toxic that is there now."""
        body = {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        answer = self.server.ask("POST", f"{self.path}/toxics", body)
        assert answer.status == 200, answer.text
        return str(answer.content["name"])

    def change(self, toxic: str, **fields: object) -> None:
        answer = self.server.ask("PATCH", f"{self.path}/toxics/{toxic}", fields)
        assert answer.status == 200, answer.text

    def remove(self, toxic: str) -> None:
        assert self.server.ask("DELETE", f"{self.path}/toxics/{toxic}").status == 204

    def switch(self, enabled: bool) -> None:
        assert self.server.ask("PATCH", self.path, {"enabled": enabled}).status == 200

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """The client's end and the upstream's."""
        client = self.dial()
        upstream, _ = self._upstream.accept()
        return client, self._own(upstream)

    def dial(self) -> socket.socket:
        """The client's end alone."""
        return self._own(socket.create_connection(self.address, PATIENCE_S))

    def _own(self, connection: socket.socket) -> socket.socket:
        connection.settimeout(PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._stack.enter_context(connection)


@dataclass(frozen=True)
class Received:
    data: bytes
    end: str
    """How it ended: closed or reset."""
    after_s: float


def receive_all(connection: socket.socket) -> Received:
    """Until its end."""
    began = time.monotonic()
    parts = []
    end = "closed"
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        end = "reset"
    return Received(b"".join(parts), end, time.monotonic() - began)


def receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data


def is_silent(connection: socket.socket) -> bool:
    """Whether there is nothing to read now, not even an end."""
    connection.setblocking(False)
    try:
        with suppress(ConnectionResetError):
            connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(PATIENCE_S)
    return False


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
