"""A proxy: where it listens, where it leads, its toxics and its connections."""

from __future__ import annotations

import errno
import logging
import socket
from asyncio import AbstractEventLoop
from collections.abc import Sequence

from harness.toxics.connection import Connection
from harness.toxics.flow import Counter
from harness.toxics.sockets import Address, BadAddress, address_of, listen, reset
from harness.toxics.toxic import FAIL_FIRST, Dice, Stream, Toxic

ACCEPTS_MAX = 64
"""At a time, so that a storm of new connections does not stall those that are there."""
PAUSE_S = 0.1
"""Until the next try where there are no file descriptors left."""

_log = logging.getLogger(__name__)


class CannotListen(Exception):
    """Says why in toxiproxy's words."""


class Proxy:
    """Not yet enabled. All of it is for the thread of the event loop."""

    def __init__(self, loop: AbstractEventLoop, seed: int, name: str, listen: str, upstream: str) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.counters = {stream: Counter() for stream in Stream}
        self.accepted = 0
        """Connections so far; each has its number from this."""
        self._loop = loop
        self._dice = Dice(seed, name)
        self._toxics: dict[str, Toxic] = {}
        self._failed: dict[str, int] = {}
        """How many connections each toxic of the kind `fail_first` has failed."""
        self._listener: socket.socket | None = None
        self._connections: set[Connection] = set()

    # ── being on and off ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def enabled(self) -> bool:
        return self._listener is not None

    def enable(self) -> None:
        """Does nothing if it is. Raises CannotListen."""
        if self._listener:
            return
        try:
            address = Address.parse(self.listen)
        except BadAddress as error:
            raise CannotListen(f"listen tcp: {error}") from error
        try:
            listener = listen(address.resolved())
        except OSError as error:
            raise CannotListen(f"listen tcp {self.listen}: {_why(error)}") from error
        self._listener = listener
        self.listen = str(address_of(listener))
        self._loop.add_reader(listener.fileno(), self._accept)
        _log.info("proxy %s: %s leads to %s", self.name, self.listen, self.upstream)

    def disable(self) -> None:
        """Cuts all connections and refuses new ones."""
        if self._listener:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            _log.info("proxy %s: off", self.name)
        for connection in tuple(self._connections):
            connection.cut()

    def leads_elsewhere(self, listen: str, upstream: str) -> bool:
        """Whether it would have to be another for these. Raises BadAddress."""
        try:
            there = str(Address.parse(listen).resolved())
        except OSError as error:
            raise BadAddress(f"lookup {listen}: {error.strerror}") from error
        return (self.listen, self.upstream) != (there, upstream)

    def redirect(self, listen: str, upstream: str) -> None:
        """Disabled before, if that is another place."""
        if self.leads_elsewhere(listen, upstream):
            self.disable()
            self.listen, self.upstream = listen, upstream

    # ── toxics ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def toxics(self) -> tuple[Toxic, ...]:
        """Those of the upstream first, as toxiproxy lists them."""
        return tuple(sorted(self._toxics.values(), key=lambda toxic: toxic.direction is Stream.DOWNSTREAM))

    def toxic(self, name: str) -> Toxic | None:
        return self._toxics.get(name)

    def put(self, *toxics: Toxic) -> None:
        """Add toxics, or replace those of their names where they stand."""
        for toxic in toxics:
            self._toxics[toxic.name] = toxic
            self._failed.pop(toxic.name, None)
        self._arrange()

    def take(self, name: str) -> None:
        """There is one of that name."""
        del self._toxics[name]
        self._failed.pop(name, None)
        self._arrange()

    def take_all(self) -> None:
        self._toxics.clear()
        self._failed.clear()
        self._arrange()

    def _arrange(self) -> None:
        for connection in tuple(self._connections):
            connection.arrange(self._striking, self._dice)

    def _striking(self, direction: Stream, number: int) -> Sequence[Toxic]:
        return [
            toxic
            for toxic in self._toxics.values()
            if toxic.direction is direction and toxic.kind != FAIL_FIRST and toxic.strikes(self._dice, number)
        ]

    # ── connections ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_MAX):
            if not self._listener:
                return
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            client.setblocking(False)
            self._welcome(client)

    def _rest(self, error: OSError) -> None:
        _log.warning("proxy %s: cannot accept: %s", self.name, error.strerror)
        assert self._listener is not None
        listener = self._listener
        self._loop.remove_reader(listener.fileno())
        self._loop.call_later(PAUSE_S, self._go_on, listener)

    def _go_on(self, listener: socket.socket) -> None:
        if listener is self._listener:
            self._loop.add_reader(listener.fileno(), self._accept)

    def _welcome(self, client: socket.socket) -> None:
        self.accepted += 1
        if self._fails(self.accepted):
            reset(client)
            return
        connection = Connection(self._loop, client, self.accepted, self.counters, self._connections.discard)
        self._connections.add(connection)
        try:
            upstream = Address.parse(self.upstream)
        except BadAddress as error:
            self._failed_to_open(str(error))
            connection.cut()
            return
        connection.open(upstream, self._opened, self._failed_to_open)

    def _fails(self, number: int) -> bool:
        for toxic in self._toxics.values():
            if toxic.kind == FAIL_FIRST and toxic.strikes(self._dice, number):
                failed = self._failed.get(toxic.name, 0)
                if failed < toxic.attributes["connections"]:
                    self._failed[toxic.name] = failed + 1
                    return True
        return False

    def _opened(self, connection: Connection) -> None:
        if self._toxics:
            connection.arrange(self._striking, self._dice)

    def _failed_to_open(self, reason: str) -> None:
        _log.info("proxy %s: cannot reach %s: %s", self.name, self.upstream, reason)


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "bind: address already in use"
    if error.errno == errno.EADDRNOTAVAIL:
        return "bind: cannot assign requested address"
    return f"bind: {(error.strerror or str(error)).lower()}"
