"""The toxiproxy-python client, mended. The only module that imports it.

It keeps the server's address on a class, so that a process can talk to one server only; it sets no timeouts, follows
the machine's proxy settings even to 127.0.0.1, and takes an answer of 5xx for success.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import toxiproxy.api  # type: ignore[import-untyped]
import toxiproxy.proxy  # type: ignore[import-untyped]
import toxiproxy.server  # type: ignore[import-untyped]
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.protocols import Toxic

TIMEOUT_S = 5.0

_local = threading.local()


class _Consumer(toxiproxy.api.APIConsumer):  # type: ignore[misc]
    """Talks to the server of the client that is calling in this thread."""

    @classmethod
    def get(cls, url: str, params: Any = None, **kwargs: Any) -> requests.Response:
        return cls._send("GET", url, params=params, **kwargs)

    @classmethod
    def post(cls, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> requests.Response:
        return cls._send("POST", url, data=data, json=json, **kwargs)

    @classmethod
    def delete(cls, url: str, **kwargs: Any) -> requests.Response:
        return cls._send("DELETE", url, **kwargs)

    @staticmethod
    def _send(method: str, path: str, **kwargs: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(method, _local.server + path, timeout=TIMEOUT_S, **kwargs)
        toxiproxy.api.validate_response(response)
        if response.status_code >= 400:
            # What it says itself tells more than the status, e.g. that an address is in use.
            raise requests.HTTPError(f"{response.status_code} {response.text.strip()}", response=response)
        return response


toxiproxy.proxy.APIConsumer = _Consumer
toxiproxy.server.APIConsumer = _Consumer


class ToxiproxyClient:
    """One toxiproxy server's proxies, by their names. All methods raise HarnessError if it does not do as told."""

    def __init__(self, host: str, port: int) -> None:
        self._address = f"http://{host}:{port}"

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
        except (requests.RequestException, NotFound, ProxyExists, InvalidToxic) as error:
            raise HarnessError(f"toxiproxy did not {purpose}: {error}") from error


def _proxy(name: str) -> toxiproxy.proxy.Proxy:
    """Whether it is there shows when it is asked for something; to list all before would take as long again."""
    return toxiproxy.proxy.Proxy(name=name, upstream="", listen="", enabled=True)
