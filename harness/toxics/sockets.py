"""Addresses and sockets as a proxy needs them: never blocking, never delaying small writes."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache

LOOPBACK = "127.0.0.1"
BACKLOG = 4096
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class BadAddress(Exception):
    """An address that cannot be one; says why in toxiproxy's words."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Address:
        """`host:port`, an IPv6 host in brackets. Raises BadAddress."""
        host, colon, port = text.rpartition(":")
        if text and not colon:
            raise BadAddress(f"address {text}: missing port in address")
        if port and not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise BadAddress(f"address {port}: invalid port")
        return cls(host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port or 0))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @cached_property
    def literal(self) -> bool:
        """Whether the host is a number, so that nobody has to be asked for it."""
        for family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):
                socket.inet_pton(family, self.host)
                return True
        return False

    @cached_property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    def resolved(self) -> Address:
        """With a number for its host. Asks for it and waits, so it is for addresses that are listened at, which are
        local. Raises OSError."""
        if self.literal:
            return self
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        hosts = [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)]
        return Address(hosts[0], self.port)


def listen(address: Address) -> socket.socket:
    """Raises OSError."""
    listener = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Those that it accepts inherit this.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> Address:
    host, port, *_ = listener.getsockname()
    return Address(host, port)


def outgoing(family: socket.AddressFamily) -> socket.socket:
    """A socket that is about to connect. Raises OSError if there can be no more."""
    outgoing = socket.socket(family, socket.SOCK_STREAM)
    outgoing.setblocking(False)
    outgoing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return outgoing


def reset(connection: socket.socket) -> None:
    """Close it so that its peer sees a RST, and nothing that was still to be sent."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()
