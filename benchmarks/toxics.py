"""What a proxy without a toxic costs: the embedded toxiproxy, and toxiproxy itself where there is one.

    python -m benchmarks.toxics [--megabytes N] [--connections N]

Prints, for both: how many MB and new connections pass in a second of one core (what the server itself took, as peers
need cores, too) and of the clock; what a round trip takes longer than without a proxy; and how long it takes until the
last connection of a partition is cut. Exit code 1 if the embedded one carries less than 200 MB or 5,000 connections in
a second of a core.

The bars are for a usual machine, on which the loop of the first line takes about half a second; so what falls short is
also said by that measure.
"""

from __future__ import annotations

import argparse
import multiprocessing
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from statistics import median

import psutil

from harness.drivers.ports import HOST, free_port
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.drivers.troubles import TroubledLinks
from harness.errors import MissingServer
from harness.protocols import Link, Manner, Way
from harness.servers import EMBEDDED, SERVER, TOXIPROXY, Found, find, find_program
from harness.waiting import until

LOOP_S = 0.5
MB_PER_S, CONNECTIONS_PER_S, CUT_MS = 200, 5000, 50
BLOCK = 1 << 20
AT_A_TIME = 64
ROUND_TRIPS = 2000
PARTED = 12
"""Links that a partition cuts: six instances, two stores."""


# ── who is behind the proxies ────────────────────────────────────────────────────────────────────────────────────────


def drain(listener: socket.socket) -> None:
    """Takes all that is sent, one connection after the other."""
    buffer = bytearray(BLOCK)
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv_into(buffer):
                pass


def greet(listener: socket.socket) -> None:
    """Closes each connection at its first byte, many at a time."""
    poll, there = select.epoll(), dict[int, socket.socket]()
    poll.register(listener.fileno(), select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                connection, _address = listener.accept()
                there[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
            else:
                poll.unregister(number)
                with there.pop(number) as connection, suppress(OSError):
                    connection.recv(1)


def echo(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(64):
                connection.sendall(data)


@contextmanager
def peer(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """Its port."""
    with socket.create_server((HOST, 0), backlog=4096) as listener:
        process = multiprocessing.get_context("fork").Process(target=act, args=(listener,), daemon=True)
        process.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            process.kill()
            process.join()


# ── the servers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Server:
    name: str
    process: psutil.Process
    client: ToxiproxyClient

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @contextmanager
    def leading_to(self, upstream: int) -> Iterator[int]:
        """The port of a proxy."""
        port = free_port()
        self.client.create("bench", f"{HOST}:{port}", f"{HOST}:{upstream}")
        try:
            yield port
        finally:
            self.client.destroy("bench")


@contextmanager
def serving(name: str, found: Found) -> Iterator[Server]:
    port = free_port()
    argv = (*found.command, "-host", HOST, "-port", str(port))
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin", "LOG_LEVEL": "error"})
    try:
        client = ToxiproxyClient(HOST, port)
        until(client.answers, 30)
        yield Server(name, psutil.Process(process.pid), client)
    finally:
        process.terminate()
        process.wait()


def servers() -> Iterator[tuple[str, Found]]:
    yield EMBEDDED, Found(find_embedded().path, EMBEDDED, TOXIPROXY.module)
    with suppress(MissingServer):
        if found := find_program(TOXIPROXY):
            yield SERVER, found


def find_embedded() -> Found:
    found = find(TOXIPROXY)
    assert found is not None
    return found if found.module else Found(type(found.path)(sys.executable), EMBEDDED, TOXIPROXY.module)


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rate:
    per_core_s: float
    """In a second of the server's processor time."""
    per_s: float
    """By the clock."""


def rate(server: Server, amount: int, act: Callable[[], None]) -> Rate:
    cpu_s, clock_s = server.cpu_s(), time.monotonic()
    act()
    clock_s = time.monotonic() - clock_s
    return Rate(amount / max(0.01, server.cpu_s() - cpu_s), amount / clock_s)


def throughput(server: Server, megabytes: int) -> Rate:
    block = bytes(BLOCK)

    def send() -> None:
        with socket.create_connection((HOST, port)) as connection:
            for _ in range(megabytes):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

    with peer(drain) as upstream, server.leading_to(upstream) as port:
        return rate(server, megabytes, send)


def connections(server: Server, number: int) -> Rate:
    with peer(greet) as upstream, server.leading_to(upstream) as port:
        return rate(server, number, lambda: connect_many(port, number))


def connect_many(port: int, number: int) -> None:
    """A byte each, until the other side closes, many at a time."""
    poll, there, begun, done = select.epoll(), dict[int, socket.socket](), 0, 0
    while done < number:
        while begun < number and len(there) < AT_A_TIME:
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((HOST, port))
            there[connection.fileno()] = connection
            poll.register(connection.fileno(), select.EPOLLOUT)
            begun += 1
        for descriptor, event in poll.poll():
            if event & select.EPOLLOUT and not event & select.EPOLLIN:
                there[descriptor].send(b"x")
                poll.modify(descriptor, select.EPOLLIN)
            else:
                poll.unregister(descriptor)
                there.pop(descriptor).close()
                done += 1


def round_trip_us(port: int) -> float:
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        took = []
        for _ in range(ROUND_TRIPS):
            began = time.perf_counter()
            connection.sendall(b"x")
            connection.recv(1)
            took.append(time.perf_counter() - began)
    return median(took) * 1e6


def added_us(server: Server) -> float:
    with peer(echo) as upstream:
        direct = round_trip_us(upstream)
        with server.leading_to(upstream) as port:
            return round_trip_us(port) - direct


def cut_ms(server: Server) -> float:
    """From the order to part all until the last connection has ended."""
    with peer(drain) as upstream, ExitStack() as stack:
        links = TroubledLinks(server.client)
        made = [Link(f"web-{number}", "web", "db", (HOST, free_port())) for number in range(PARTED)]
        open_ = []
        for link in made:
            links.make(link, f"{HOST}:{link.address[1]}", f"{HOST}:{upstream}")
            open_.append(stack.enter_context(socket.create_connection(link.address)))
        began = time.monotonic()
        links.split("bench", [(link.source, link.target) for link in made], Manner.REFUSE, Way.BOTH)
        for connection in open_:
            with suppress(ConnectionResetError):
                connection.recv(1)
        took_ms = (time.monotonic() - began) * 1000
        for link in made:
            links.remove(link)
        return took_ms


def calibrate() -> float:
    began, total = time.process_time(), 0
    for i in range(10_000_000):
        total += i
    return time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    slower = calibrate() / LOOP_S
    print(f"this machine is {slower:.1f} times slower than a usual one")
    short = False
    for name, found in servers():
        with serving(name, found) as server:
            carried = throughput(server, options.megabytes)
            made = connections(server, options.connections)
            print(f"{name}:")
            print(f"  {carried.per_core_s:8.0f} MB in a second of a core, {carried.per_s:.0f} MB/s by the clock")
            print(f"  {made.per_core_s:8.0f} connections in a second of a core, {made.per_s:.0f}/s by the clock")
            print(f"  {added_us(server):8.0f} us more a round trip")
            cut = median(cut_ms(server) for _ in range(5))
            print(f"  {cut:8.0f} ms until {PARTED} links are cut (at most {CUT_MS})")
        if name == EMBEDDED:
            short = told_short(slower, "MB", carried.per_core_s, MB_PER_S) | told_short(
                slower, "connections", made.per_core_s, CONNECTIONS_PER_S
            )
    return int(short)


def told_short(slower: float, what: str, measured: float, wanted: float) -> bool:
    share = measured / wanted
    print(f"  {share:8.0%} of the {wanted:.0f} {what} that are wanted; {share * slower:.0%} on a usual machine")
    return share * slower < 1


if __name__ == "__main__":
    sys.exit(main())
