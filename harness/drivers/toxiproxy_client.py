"""The toxiproxy-python client, mended. The only module that imports it.

It keeps the server's address on a class, so that a process can talk to one server only; it sets no timeouts, follows
the machine's proxy settings even to 127.0.0.1, and takes an answer of 5xx for success. And of what it sends by, a
request takes ms of processor time, in which a partition would not be cut at once.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import toxiproxy.api  # type: ignore[import-untyped]
import toxiproxy.proxy  # type: ignore[import-untyped]
import toxiproxy.server  # type: ignore[import-untyped]
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.protocols import Toxic

TIMEOUT_S = 5.0

_local = threading.local()


@dataclass(frozen=True)
class _Response:
    """As much of a response of `requests` as the client looks at."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class _Failed(Exception):
    """The server says that it failed."""


class _Consumer(toxiproxy.api.APIConsumer):  # type: ignore[misc]
    """Talks to the server of the client that is calling in this thread."""

    @classmethod
    def get(cls, url: str, **_kwargs: Any) -> _Response:
        return cls._send("GET", url)

    @classmethod
    def post(cls, url: str, json: Any = None, **_kwargs: Any) -> _Response:
        return cls._send("POST", url, json)

    @classmethod
    def delete(cls, url: str, **_kwargs: Any) -> _Response:
        return cls._send("DELETE", url)

    @staticmethod
    def _send(method: str, path: str, content: object = None) -> _Response:
        host, port = _local.server
        body = None if content is None else json.dumps(content)
        with closing(http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            response = _Response(answer.status, answer.read())
        toxiproxy.api.validate_response(response)
        if response.status_code >= 400:
            # What it says itself tells more than the status, e.g. that an address is in use.
            raise _Failed(f"{response.status_code} {response.content.decode(errors='replace').strip()}")
        return response


toxiproxy.proxy.APIConsumer = _Consumer
toxiproxy.server.APIConsumer = _Consumer


class ToxiproxyClient:
    """One toxiproxy server's proxies, by their names. All methods raise HarnessError if it does not do as told."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def answers(self) -> bool:
        try:
            self.proxies()
        except HarnessError:
            return False
        return True

    def proxies(self) -> tuple[str, ...]:
        with self._talking("list the proxies") as server:
            return tuple(server.proxies())

    def create(self, name: str, listen: str, upstream: str) -> None:
        with self._talking(f"create proxy {name}") as server:
            server.create(upstream, name, listen=listen, enabled=True)

    def destroy(self, name: str) -> None:
        with self._talking(f"remove proxy {name}"):
            _proxy(name).destroy()

    def enable(self, name: str) -> None:
        with self._talking(f"enable proxy {name}"):
            _proxy(name).enable()

    def disable(self, name: str) -> None:
        """Cuts all its connections and stops listening."""
        with self._talking(f"disable proxy {name}"):
            _proxy(name).disable()

    def add_toxic(self, name: str, toxic_name: str, toxic: Toxic) -> None:
        with self._talking(f"put {toxic.kind} on proxy {name}"):
            _proxy(name).add_toxic(
                name=toxic_name,
                type=toxic.kind,
                stream=toxic.stream,
                toxicity=toxic.toxicity,
                attributes=dict(toxic.attributes),
            )

    def remove_toxic(self, name: str, toxic_name: str) -> None:
        with self._talking(f"take {toxic_name} off proxy {name}"):
            _proxy(name).destroy_toxic(toxic_name)

    @contextmanager
    def _talking(self, purpose: str) -> Iterator[toxiproxy.server.Toxiproxy]:
        _local.server = self._address
        try:
            yield toxiproxy.server.Toxiproxy()
        except (OSError, http.client.HTTPException, _Failed, NotFound, ProxyExists, InvalidToxic) as error:
            raise HarnessError(f"toxiproxy did not {purpose}: {error}") from error


def _proxy(name: str) -> toxiproxy.proxy.Proxy:
    """Whether it is there shows when it is asked for something; to list all before would take as long again."""
    return toxiproxy.proxy.Proxy(name=name, upstream="", listen="", enabled=True)
