"""A store and the links to it, without a server: it speaks as much of PostgreSQL as probes do, and the links go through
toxics of the embedded toxiproxy, in an event loop of a thread of the test.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.drivers.ports import free_port
from harness.drivers.troubles import TroubledLinks
from harness.environment import Environment, Service, Store, StoreKind, Version
from harness.protocols import Link, Manner, Toxic, Way
from harness.toxics.proxy import Proxy
from harness.toxics.toxic import KINDS
from harness.toxics.toxic import Toxic as ProxyToxic
from tests.unit.fakes import FakeSystem

T = TypeVar("T")
READY = b"Z" + struct.pack("!ic", 5, b"I")
REPEAT = re.compile(rb"repeat\('x', (\d+)\)")


def environment(instances: int = 1, stores: tuple[str, ...] = ("postgres",)) -> Environment:
    return Environment(
        "shop",
        Path("/nowhere"),
        stores=tuple(Store(name, StoreKind.POSTGRES) for name in stores),
        services=(Service("web", ("serve",), replicas=instances, routed=True, links=stores),),
        versions=(Version("1"),),
    )


class FakeStore:
    """Answers each connection in a thread of its own, as long as it is `well`."""

    def __init__(self) -> None:
        self.well = True
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._server.getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            if self._over.is_set():
                connection.close()
                return
            connection.settimeout(20)
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = _exactly(connection, 8)
            if not head or not self.well:
                return
            size, _protocol = struct.unpack("!ii", head)
            _exactly(connection, size - 8)
            connection.sendall(READY)
            while head := _exactly(connection, 5):
                statement = _exactly(connection, struct.unpack("!ci", head)[1] - 4)
                match = REPEAT.search(statement)
                row = b"x" * int(match[1] if match else 0)
                connection.sendall(b"D" + struct.pack("!i", len(row) + 4) + row + READY)


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Nothing if it ends before."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return b""
        data += part
    return data


class Toxics:
    """What the links' client does with a server, done with proxies here."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._proxies: dict[str, Proxy] = {}
        self.obeys = True

    def close(self) -> None:
        for name in list(self._proxies):
            self.destroy(name)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def create(self, name: str, listen: str, upstream: str) -> None:
        proxy = self._proxies[name] = Proxy(self._loop, 1, name, listen, upstream)
        self._do(proxy.enable)

    def destroy(self, name: str) -> None:
        self._do(self._proxies.pop(name).disable)

    def enable(self, name: str) -> None:
        self._do(self._proxies[name].enable)

    def disable(self, name: str) -> None:
        if self.obeys:
            self._do(self._proxies[name].disable)

    def add_toxic(self, name: str, toxic_name: str, toxic: Toxic) -> None:
        attributes = {attribute: toxic.attributes.get(attribute, 0) for attribute in KINDS[toxic.kind]}
        put = ProxyToxic(toxic_name, toxic.kind, toxic.stream, toxic.toxicity, attributes)
        if self.obeys:
            self._do(lambda: self._proxies[name].put(put))

    def remove_toxic(self, name: str, toxic_name: str) -> None:
        if self.obeys:
            self._do(lambda: self._proxies[name].take(toxic_name))

    def _do(self, act: Callable[[], T]) -> T:
        async def acted() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10)


@dataclass
class LinkedSystem(FakeSystem):
    """Implements Linked and Splittable, by the drivers' own class."""

    environment: Environment = field(default_factory=environment)
    toxics: Toxics = field(default_factory=Toxics)
    stores: dict[str, FakeStore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stores = {store.name: FakeStore() for store in self.environment.stores}
        self.troubled = TroubledLinks(self.toxics)
        for number, _ in enumerate(self.fleet, start=1):
            self.link(f"web-{number}")

    def link(self, instance: str) -> None:
        for name, store in self.stores.items():
            port = free_port()
            link = Link(instance, "web", name, ("127.0.0.1", port))
            self.troubled.make(link, f"127.0.0.1:{port}", f"127.0.0.1:{store.port}")

    def close(self) -> None:
        self.toxics.close()
        for store in self.stores.values():
            store.close()

    def store_url(self, store: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.stores[store].port}/app"

    def links(self) -> tuple[Link, ...]:
        return self.troubled.all()

    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None:
        self.troubled.poison(service, store, name, toxic)

    def cure(self, service: str, store: str, name: str) -> None:
        self.troubled.cure(service, store, name)

    def sever(self, service: str, store: str) -> None:
        self.troubled.sever(service, store)

    def mend(self, service: str, store: str) -> None:
        self.troubled.mend(service, store)

    def split(self, name: str, apart: Collection[tuple[str, str]], manner: Manner, way: Way) -> None:
        self.troubled.split(name, apart, manner, way)

    def rejoin(self, name: str) -> None:
        self.troubled.rejoin(name)


@contextmanager
def linked_system(instances: int = 1, stores: tuple[str, ...] = ("postgres",)) -> Iterator[LinkedSystem]:
    system = LinkedSystem(environment(instances, stores))
    try:
        yield system
    finally:
        system.close()
