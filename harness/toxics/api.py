"""toxiproxy's HTTP API on proxies of ours: from a request to an answer, with no HTTP in it."""

from __future__ import annotations

import json
import re
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from harness.toxics import bodies, metrics
from harness.toxics.bodies import BadBody, BadKind, BadStream, ProxyBody
from harness.toxics.proxy import CannotListen, Proxy
from harness.toxics.sockets import BadAddress
from harness.toxics.toxic import Toxic

VERSION = "2.12.0"
"""Of the toxiproxy that this is like."""
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    body: bytes = b""
    user_agent: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = ""


class Refusal(Exception):
    """An answer with an error in it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def content(self) -> dict[str, Any]:
        return {"error": str(self), "status": self.status}


Handler: TypeAlias = Callable[..., Answer]


class Api:
    """All proxies of a server, by their names."""

    def __init__(self, loop: AbstractEventLoop, seed: int, *, proxy_metrics: bool, runtime_metrics: bool) -> None:
        self.proxies: dict[str, Proxy] = {}
        self._loop = loop
        self._seed = seed
        self._proxy_metrics = proxy_metrics
        self._runtime_metrics = runtime_metrics
        proxy, toxic = "/proxies/([^/]+)", "/proxies/([^/]+)/toxics/([^/]+)"
        self._routes: tuple[tuple[str, Mapping[str, Handler]], ...] = (
            ("/version", {"GET": self._version}),
            ("/reset", {"POST": self._reset}),
            ("/populate", {"POST": self._populate}),
            ("/proxies", {"GET": self._list_proxies, "POST": self._create_proxy}),
            (proxy, dict.fromkeys(("POST", "PATCH"), self._update_proxy)),
            (proxy, {"GET": self._show_proxy, "DELETE": self._delete_proxy}),
            (f"{proxy}/toxics", {"GET": self._list_toxics, "POST": self._create_toxic}),
            (toxic, dict.fromkeys(("POST", "PATCH"), self._update_toxic)),
            (toxic, {"GET": self._show_toxic, "DELETE": self._delete_toxic}),
        )
        if proxy_metrics or runtime_metrics:
            self._routes += (("/metrics", {"GET": self._metrics}),)

    def answer(self, request: Request) -> Answer:
        """Never raises for what a request says."""
        found = self._find(request)
        if isinstance(found, Answer):
            return found
        handler, names = found
        if request.user_agent.startswith("Mozilla/"):
            return Answer(403, b"User agent not allowed\n", TEXT)
        try:
            return handler(request, *names)
        except Refusal as refusal:
            return Answer(refusal.status, _json(refusal.content) + b"\n", TEXT)

    def close(self) -> None:
        for proxy in self.proxies.values():
            proxy.disable()

    def _find(self, request: Request) -> tuple[Handler, tuple[str, ...]] | Answer:
        path = unquote(urlsplit(request.target).path)
        status = 404
        for pattern, handlers in self._routes:
            if match := re.fullmatch(pattern, path):
                if request.method in handlers:
                    return handlers[request.method], match.groups()
                status = 405
        return Answer(405) if status == 405 else Answer(404, b"404 page not found\n", TEXT)

    # ── the server ───────────────────────────────────────────────────────────────────────────────────────────────

    def _version(self, _request: Request) -> Answer:
        return Answer(200, b'{"version": "%s"}\n' % VERSION.encode(), f"{JSON};charset=utf-8")

    def _metrics(self, _request: Request) -> Answer:
        proxies = self.proxies.values() if self._proxy_metrics else ()
        return Answer(200, metrics.render(proxies, self._runtime_metrics).encode(), metrics.CONTENT_TYPE)

    def _reset(self, _request: Request) -> Answer:
        """All proxies enabled, all toxics gone."""
        for proxy in self.proxies.values():
            _enable(proxy)
            proxy.take_all()
        return Answer(204)

    def _populate(self, request: Request) -> Answer:
        populated: list[Proxy] = []
        try:
            for body in self._complete(_read(bodies.proxy_bodies, request.body)):
                populated.append(self._replaced(body))
        except Refusal as refusal:
            content = {**refusal.content, "proxies": _described(populated)}
            return Answer(refusal.status, _json(content), JSON)
        return Answer(201, _json({"proxies": _described(populated)}), JSON)

    def _complete(self, proxies: tuple[ProxyBody, ...]) -> tuple[ProxyBody, ...]:
        """Refused where one of them is not, before any is made."""
        for number, body in enumerate(proxies, start=1):
            _require(body, f" at proxy {number}")
        return proxies

    def _replaced(self, body: ProxyBody) -> Proxy:
        """The proxy that is there, if it is as the body says; else that takes the other's place."""
        existing = self.proxies.get(str(body.name))
        if existing:
            if not _leads_elsewhere(existing, body.listen or "", str(body.upstream)):
                return existing
            existing.disable()
        return self._made(body)

    # ── proxies ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _list_proxies(self, _request: Request) -> Answer:
        return Answer(200, _json({name: _proxy(self.proxies[name]) for name in sorted(self.proxies)}), JSON)

    def _create_proxy(self, request: Request) -> Answer:
        body = _read(bodies.proxy_body, request.body)
        _require(body)
        if body.name in self.proxies:
            raise Refusal(409, "proxy already exists")
        return Answer(201, _json(_proxy(self._made(body))), JSON)

    def _made(self, body: ProxyBody) -> Proxy:
        """With its toxics from the first connection on."""
        proxy = Proxy(self._loop, self._seed, str(body.name), body.listen or "", str(body.upstream))
        proxy.put(*body.toxics)
        if body.enabled is not False:
            _enable(proxy)
        self.proxies[proxy.name] = proxy
        return proxy

    def _show_proxy(self, _request: Request, name: str) -> Answer:
        return Answer(200, _json(_proxy(self._proxy(name))), JSON)

    def _update_proxy(self, request: Request, name: str) -> Answer:
        proxy = self._proxy(name)
        body = _read(bodies.proxy_body, request.body)
        enabled = proxy.enabled if body.enabled is None else body.enabled
        try:
            proxy.redirect(
                proxy.listen if body.listen is None else body.listen,
                proxy.upstream if body.upstream is None else body.upstream,
            )
        except BadAddress as error:
            raise Refusal(500, str(error)) from error
        if enabled:
            _enable(proxy)
        else:
            proxy.disable()
        return Answer(200, _json(_proxy(proxy)), JSON)

    def _delete_proxy(self, _request: Request, name: str) -> Answer:
        self._proxy(name).disable()
        del self.proxies[name]
        return Answer(204)

    def _proxy(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise Refusal(404, "proxy not found")
        return self.proxies[name]

    # ── toxics ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _list_toxics(self, _request: Request, proxy: str) -> Answer:
        return Answer(200, _json([_toxic(toxic) for toxic in self._proxy(proxy).toxics]), JSON)

    def _create_toxic(self, request: Request, name: str) -> Answer:
        proxy = self._proxy(name)
        toxic = _read(bodies.new_toxic, request.body)
        if proxy.toxic(toxic.name):
            raise Refusal(409, "toxic already exists")
        proxy.put(toxic)
        return Answer(200, _json(_toxic(toxic)), JSON)

    def _show_toxic(self, _request: Request, proxy: str, name: str) -> Answer:
        return Answer(200, _json(_toxic(self._toxic(self._proxy(proxy), name))), JSON)

    def _update_toxic(self, request: Request, name: str, toxic_name: str) -> Answer:
        proxy = self._proxy(name)
        toxic = self._toxic(proxy, toxic_name)
        revision = _read(lambda value: bodies.revision(value, toxic.kind), request.body)
        revised = replace(
            toxic,
            toxicity=toxic.toxicity if revision.toxicity is None else revision.toxicity,
            attributes={**toxic.attributes, **revision.attributes},
        )
        proxy.put(revised)
        return Answer(200, _json(_toxic(revised)), JSON)

    def _delete_toxic(self, _request: Request, name: str, toxic_name: str) -> Answer:
        proxy = self._proxy(name)
        proxy.take(self._toxic(proxy, toxic_name).name)
        return Answer(204)

    def _toxic(self, proxy: Proxy, name: str) -> Toxic:
        toxic = proxy.toxic(name)
        if toxic is None:
            raise Refusal(404, "toxic not found")
        return toxic


def _read(reader: Callable[[Any], Any], body: bytes) -> Any:
    try:
        return reader(bodies.first_value(body))
    except BadBody as error:
        raise Refusal(400, f"bad request body: {error}") from error
    except BadStream as error:
        raise Refusal(400, "stream was invalid, can be either upstream or downstream") from error
    except BadKind as error:
        raise Refusal(400, "invalid toxic type") from error


def _require(body: ProxyBody, where: str = "") -> None:
    for field in ("name", "upstream"):
        if not getattr(body, field):
            raise Refusal(400, f"missing required field: {field}{where}")


def _enable(proxy: Proxy) -> None:
    try:
        proxy.enable()
    except CannotListen as error:
        raise Refusal(500, str(error)) from error


def _leads_elsewhere(proxy: Proxy, listen: str, upstream: str) -> bool:
    try:
        return proxy.leads_elsewhere(listen, upstream)
    except BadAddress as error:
        raise Refusal(500, str(error)) from error


def _described(proxies: Iterable[Proxy]) -> list[dict[str, Any]] | None:
    """toxiproxy says null for no proxies."""
    return [_proxy(proxy) for proxy in proxies] or None


def _proxy(proxy: Proxy) -> dict[str, Any]:
    return {
        "name": proxy.name,
        "listen": proxy.listen,
        "upstream": proxy.upstream,
        "enabled": proxy.enabled,
        "toxics": [_toxic(toxic) for toxic in proxy.toxics],
    }


def _toxic(toxic: Toxic) -> dict[str, Any]:
    whole = toxic.toxicity.is_integer()
    return {
        "attributes": dict(toxic.attributes),
        "name": toxic.name,
        "type": toxic.kind,
        "stream": toxic.stream,
        "toxicity": int(toxic.toxicity) if whole else toxic.toxicity,
    }


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
