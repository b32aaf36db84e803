"""Servers that load is measured against: Envoy, which answers at once, and one that drops or stalls on purpose.

python -m benchmarks.load_servers DROP_EVERY STALL_AFTER STALL_S       answers on the port that it prints
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.servers import ENVOY, need

SERVER_CORE = 1
UP_S_MAX = 15.0

_ENVOY = """
admin:
  address: {{socket_address: {{address: 127.0.0.1, port_value: {admin}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: "/"}}
                direct_response: {{status: 200, body: {{inline_string: "ok"}}}}
"""


@dataclass(frozen=True)
class Envoy:
    url: str
    admin: str

    def requests(self) -> int:
        """How many it has answered."""
        with urllib.request.urlopen(f"{self.admin}/stats?filter=http.bench.downstream_rq_2xx") as answer:
            return int(re.findall(rb"downstream_rq_2xx: (\d+)", answer.read())[0])


@contextmanager
def envoy() -> Iterator[Envoy]:
    """Envoy on a core of its own, one worker thread, answering by itself."""
    port, admin = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "envoy.yaml"
        config.write_text(_ENVOY.format(port=port, admin=admin))
        argv = [str(need(ENVOY)), "-c", str(config), "--concurrency", "1", "-l", "error", "--use-dynamic-base-id"]
        with running(argv, SERVER_CORE):
            wait_for(port)
            wait_for(admin)
            yield Envoy(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}")


@dataclass(frozen=True)
class Flawed:
    url: str

    def dropped(self) -> int:
        """How many requests it has read and not answered."""
        with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))) as connection:
            connection.sendall(b"COUNT")
            return int(connection.recv(100))


@contextmanager
def flawed_server(*, drop_every: int = 0, stall_after: int = 0, stall_s: float = 0.0) -> Iterator[Flawed]:
    """Drops every `drop_every`-th request; answers nothing for `stall_s` after its `stall_after`-th."""
    argv = [sys.executable, "-m", "benchmarks.load_servers", str(drop_every), str(stall_after), str(stall_s)]
    with running(argv, SERVER_CORE) as process:
        assert process.stdout is not None
        yield Flawed(f"http://127.0.0.1:{int(process.stdout.readline())}")


@contextmanager
def running(argv: list[str], core: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process on one core, ended with the block."""
    pinned = ["taskset", "-c", str(core), *argv]
    with subprocess.Popen(pinned, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    deadline = time.monotonic() + UP_S_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def serve(drop_every: int, stall_after: int, stall_s: float) -> None:
    """One thread, so that a stall stalls everything."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    received = dropped = 0
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    selector.register(listener, selectors.EVENT_READ)
    print(listener.getsockname()[1], flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                accepted, _ = listener.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(accepted, selectors.EVENT_READ)
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                data = connection.recv(65_536)
                if data == b"COUNT":
                    connection.sendall(str(dropped).encode())
                elif data:
                    received += 1
                    if received == stall_after:
                        time.sleep(stall_s)
                    if not drop_every or received % drop_every:
                        connection.sendall(answer)
                        continue
                    dropped += 1
            except OSError:
                pass  # the client is gone
            selector.unregister(connection)
            connection.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
