"""What is wrong with links, and what their proxies are told so that it is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from harness.errors import HarnessError
from harness.protocols import Link, Manner, Toxic, Way

AT_ONCE_MAX = 4
"""Requests to the proxies' server at a time."""


class Proxies(Protocol):
    """What they can be told, by their names. All methods raise HarnessError if it is not done."""

    def create(self, name: str, listen: str, upstream: str) -> None: ...
    def destroy(self, name: str) -> None: ...
    def enable(self, name: str) -> None: ...
    def disable(self, name: str) -> None:
        """Cuts all its connections and stops listening."""

    def add_toxic(self, name: str, toxic_name: str, toxic: Toxic) -> None: ...
    def remove_toxic(self, name: str, toxic_name: str) -> None: ...


@dataclass(frozen=True)
class _Trouble:
    """What is wrong with some links, now, and with those of their kind that are made meanwhile."""

    meets: Callable[[Link], bool]
    toxics: Mapping[str, Toxic] = field(default_factory=dict)
    severed: bool = False


@dataclass
class _Told:
    """A link, and what its proxy was told last."""

    link: Link
    toxics: dict[str, Toxic] = field(default_factory=dict)
    severed: bool = False

    @property
    def proxy(self) -> str:
        return name_of(self.link)


def name_of(link: Link) -> str:
    """Of its proxy."""
    return f"{link.source}.{link.target}"


class TroubledLinks:
    """Links by the names of their proxies. Safe to use from several threads: one change after the other."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._lock = threading.RLock()
        self._links: dict[str, _Told] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._severed: Counter[tuple[str, str]] = Counter()

    def all(self) -> tuple[Link, ...]:
        with self._lock:
            return tuple(told.link for told in self._links.values())

    def make(self, link: Link, listen: str, upstream: str) -> None:
        """A new one, as broken as the others of its kind."""
        with self._lock:
            told = _Told(link)
            self._proxies.create(told.proxy, listen, upstream)
            self._links[told.proxy] = told
            self._bring(told)

    def remove(self, link: Link) -> None:
        with self._lock:
            del self._links[name_of(link)]
            self._proxies.destroy(name_of(link))

    def forget_troubles(self) -> None:
        """Those of links to come; there are none now."""
        with self._lock:
            self._troubles.clear()
            self._severed.clear()

    # ── trouble ──────────────────────────────────────────────────────────────────────────────────────────────────

    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None:
        key = f"{service} -> {store}: {name}"
        with self._lock:
            if key in self._troubles:
                raise HarnessError(f"links {service} -> {store} have a toxic {name!r} already")
            self._begin(key, _Trouble(_between(service, store), {name: toxic}))

    def cure(self, service: str, store: str, name: str) -> None:
        with self._lock:
            if not self._end(f"{service} -> {store}: {name}"):
                raise HarnessError(f"links {service} -> {store} have no toxic {name!r}")

    def sever(self, service: str, store: str) -> None:
        """As often as it is severed, so often it must be mended."""
        with self._lock:
            self._severed[service, store] += 1
            key = f"{service} -> {store}: severed {self._severed[service, store]}"
            self._begin(key, _Trouble(_between(service, store), severed=True))

    def mend(self, service: str, store: str) -> None:
        with self._lock:
            if self._end(f"{service} -> {store}: severed {self._severed[service, store]}"):
                self._severed[service, store] -= 1

    def split(self, name: str, apart: Collection[tuple[str, str]], manner: Manner, way: Way) -> None:
        toxics = {f"{name}_{stream}": Toxic("timeout", stream=stream) for stream in way.streams}
        meets = _of_pairs(frozenset(apart))
        with self._lock:
            if name in self._troubles:
                raise HarnessError(f"there is a split {name!r} already")
            if manner is Manner.REFUSE:
                self._begin(name, _Trouble(meets, severed=True))
                return
            # What is there is cut only when the toxics are in, so that no connection comes between.
            self._begin(name, _Trouble(meets, toxics))
            self._at_once(self._cut, (told for told in self._links.values() if meets(told.link)))

    def rejoin(self, name: str) -> None:
        with self._lock:
            if not self._end(name):
                raise HarnessError(f"there is no split {name!r}")

    def _begin(self, key: str, trouble: _Trouble) -> None:
        self._troubles[key] = trouble
        try:
            self._at_once(self._bring, self._links.values())
        except HarnessError:
            del self._troubles[key]
            raise

    def _end(self, key: str) -> bool:
        """False if there is no such trouble."""
        if self._troubles.pop(key, None) is None:
            return False
        self._at_once(self._bring, self._links.values())
        return True

    def _at_once(self, act: Callable[[_Told], None], links: Iterable[_Told]) -> None:
        with ThreadPoolExecutor(AT_ONCE_MAX) as pool:
            acts = [pool.submit(act, told) for told in links]
        for each in acts:
            each.result()

    def _bring(self, told: _Told) -> None:
        """Tell its proxy what is to be other than it was told last."""
        troubles = [trouble for trouble in self._troubles.values() if trouble.meets(told.link)]
        toxics = {name: toxic for trouble in troubles for name, toxic in trouble.toxics.items()}
        severed = any(trouble.severed for trouble in troubles)
        for name in told.toxics.keys() - toxics.keys():
            self._proxies.remove_toxic(told.proxy, name)
            del told.toxics[name]
        for name in toxics.keys() - told.toxics.keys():
            self._proxies.add_toxic(told.proxy, name, toxics[name])
            told.toxics[name] = toxics[name]
        if severed is not told.severed:
            (self._proxies.disable if severed else self._proxies.enable)(told.proxy)
            told.severed = severed

    def _cut(self, told: _Told) -> None:
        """End its connections; new ones may come, if they may."""
        if not told.severed:
            self._proxies.disable(told.proxy)
            self._proxies.enable(told.proxy)


def _between(service: str, store: str) -> Callable[[Link], bool]:
    return lambda link: (link.service, link.target) == (service, store)


def _of_pairs(apart: frozenset[tuple[str, str]]) -> Callable[[Link], bool]:
    return lambda link: (link.source, link.target) in apart
