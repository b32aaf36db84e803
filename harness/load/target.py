"""Where a load is sent: a URL, resolved once, so that no request waits for a name server."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.errors import InvalidInput

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Target:
    """One server. `authority` is what the Host header says; `path` is the URL's own, prefixed to every request's."""

    secure: bool
    host: str
    authority: str
    path: str
    family: int
    address: tuple[str, int]


def resolve(url: str) -> Target:
    """The first address of the URL's host. Raises InvalidInput if it is no http(s) URL or has no address."""
    parts = _split(url)
    family, address, port = _addresses(parts)[0]
    return Target(
        secure=parts.scheme == "https",
        host=parts.hostname or "",
        authority=parts.netloc.rpartition("@")[2],
        path=parts.path.rstrip("/"),
        family=family,
        address=(address, port),
    )


def require_loopback(url: str) -> None:
    """Raise InvalidInput unless every address of the URL's host is this machine's own.

    A load that is aimed at a machine of somebody else is an attack.
    """
    parts = _split(url)
    for _, address, _ in _addresses(parts):
        if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            raise InvalidInput(
                f"{parts.hostname} is {address}, which is not this machine: "
                "a load may only be sent to loopback addresses (127.0.0.1, ::1)"
            )


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidInput(f"{url!r} is not a URL like http://127.0.0.1:8080/path")
    return parts


def _addresses(parts: SplitResult) -> list[tuple[int, str, int]]:
    """Family, address and port of each."""
    try:
        found = socket.getaddrinfo(
            parts.hostname, parts.port or _PORTS[parts.scheme], type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{parts.netloc} has no address: {error}") from error
    return [(int(family), str(address[0]), int(address[1])) for family, _, _, _, address in found]
