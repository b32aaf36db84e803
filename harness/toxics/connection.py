"""A client's connection and the one to the upstream, joined by a flow each way."""

from __future__ import annotations

import errno
import os
import socket
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from harness.toxics.flow import Counter, Flow
from harness.toxics.sockets import Address, outgoing, reset
from harness.toxics.stages import End
from harness.toxics.toxic import Dice, Stream, Toxic

Chosen: TypeAlias = Callable[[Stream, int], Sequence[Toxic]]
"""The toxics of a direction that strike the connection of that number."""


class Connection:
    """One of a proxy's. It ends by itself when both sides have, or when it is cut or reset."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        client: socket.socket,
        number: int,
        counters: Mapping[Stream, Counter],
        ended: Callable[[Connection], None],
    ) -> None:
        self.number = number
        self._loop = loop
        self._client = client
        self._counters = counters
        self._ended = ended
        self._upstream: socket.socket | None = None
        self._flows: Mapping[Stream, Flow] = {}
        self._over = False

    # ── to the upstream ──────────────────────────────────────────────────────────────────────────────────────────

    def open(self, upstream: Address, ready: Callable[[Connection], None], failed: Callable[[str], None]) -> None:
        """Connect to the upstream; `ready` is called before any byte is read."""
        self._ready = ready
        self._failed = failed
        if upstream.literal:
            self._connect([(upstream.family, (upstream.host, upstream.port))])
            return
        lookup = self._loop.run_in_executor(None, _look_up, upstream)
        lookup.add_done_callback(self._looked_up)

    def _looked_up(self, lookup: Future[list[tuple[socket.AddressFamily, tuple[str, int]]]]) -> None:
        error = lookup.exception()
        if self._over:
            return
        if error:
            self._fail(str(error))
        else:
            self._connect(lookup.result())

    def _connect(self, candidates: list[tuple[socket.AddressFamily, tuple[str, int]]]) -> None:
        """To the first that accepts."""
        (family, address), *others = candidates
        try:
            self._upstream = outgoing(family)
            code = self._upstream.connect_ex(address)
        except OSError as error:  # no more file descriptors
            self._fail(error.strerror or str(error))
            return
        if code == errno.EINPROGRESS:
            # On this machine it is there by now, which spares a round of the event loop.
            code = self._upstream.connect_ex(address)
        if code == errno.EALREADY:
            self._loop.add_writer(self._upstream.fileno(), self._answered, self._upstream, others)
        else:
            self._settle(self._upstream, code, others)

    def _answered(self, upstream: socket.socket, others: list[tuple[socket.AddressFamily, tuple[str, int]]]) -> None:
        self._loop.remove_writer(upstream.fileno())
        self._settle(upstream, upstream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), others)

    def _settle(
        self, upstream: socket.socket, code: int, others: list[tuple[socket.AddressFamily, tuple[str, int]]]
    ) -> None:
        if code in (0, errno.EISCONN):
            self._start(upstream)
        elif others:
            upstream.close()
            self._connect(others)
        else:
            self._fail(os.strerror(code))

    def _fail(self, reason: str) -> None:
        self._failed(reason)
        self.cut()

    def _start(self, upstream: socket.socket) -> None:
        client, loop, counters = self._client, self._loop, self._counters
        self._flows = {
            Stream.UPSTREAM: Flow(loop, self, client, upstream, counters[Stream.UPSTREAM]),
            Stream.DOWNSTREAM: Flow(loop, self, upstream, client, counters[Stream.DOWNSTREAM]),
        }
        self._ready(self)
        for flow in self._flows.values():
            if not flow.over:
                flow.start()

    def arrange(self, chosen: Chosen, dice: Dice) -> None:
        """From now on its streams go through these toxics."""
        for direction, flow in self._flows.items():
            flow.arrange(chosen(direction, self.number), dice, self.number)

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────

    def delivered(self, side: socket.socket) -> None:
        if self._is_idle():
            self.cut()
        else:
            with suppress(OSError):  # its peer may have gone
                side.shutdown(socket.SHUT_WR)

    def _is_idle(self) -> bool:
        return all(flow.over for flow in self._flows.values())

    def lost(self, side: socket.socket) -> None:
        """What came from that side is still delivered to the other; what was to go there is not."""
        if self._over or side.fileno() < 0:
            return
        there, back = sorted(self._flows.values(), key=lambda flow: flow.source is side)
        there.stop()
        if not back.over:
            back.finish(End.CUT)
        if side.fileno() >= 0:
            side.close()
        if self._is_idle():
            self.cut()

    def cut(self) -> None:
        self._end(socket.socket.close)

    def reset(self) -> None:
        self._end(reset)

    def _end(self, close: Callable[[socket.socket], None]) -> None:
        if self._over:
            return
        self._over = True
        for flow in self._flows.values():
            flow.stop()
        if self._upstream and not self._flows and self._upstream.fileno() >= 0:
            self._loop.remove_writer(self._upstream.fileno())
        for side in (self._client, self._upstream):
            if side:
                close(side)
        self._ended(self)


def _look_up(address: Address) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """IPv4 first. Raises OSError."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    ordered = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return [(family, (str(where[0]), int(where[1]))) for family, _, _, _, where in ordered]
