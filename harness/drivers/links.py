"""The links between instances and stores: one proxy each, in which faults can be put."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.drivers.parts import await_up, stop
from harness.drivers.runtime import Address, Part, PartProcess, Place, Runtime
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.errors import HarnessError
from harness.protocols import Link, Toxic, Workspace
from harness.servers import TOXIPROXY

LINKS = "links"
"""The part that all links are of."""
START_S_MAX = 30.0
STOP_S_MAX = 2.0


@dataclass
class _Trouble:
    """What is wrong with the links of one service to one store, now."""

    toxics: dict[str, Toxic] = field(default_factory=dict)
    severed: bool = False


@dataclass(frozen=True)
class _Link:
    link: Link
    place: Place

    @property
    def name(self) -> str:
        return f"{self.link.source}.{self.link.target}"


class ProxiedLinks:
    """A toxiproxy server and its proxies. Safe to use from several threads: one change after the other."""

    def __init__(self, workspace: Workspace, runtime: Runtime, room: int | None = None) -> None:
        """`room` is for how many links at a time places are made at once; None: each place is made with its link."""
        self._log = workspace.logs / "links.log"
        self._seed = workspace.seed
        self._runtime = runtime
        self._places = runtime.places(LINKS, 1 + (room or 0))
        self._admin, *self._spare = self._places
        self._room = room
        self._client = ToxiproxyClient(self._admin.outside.host, self._admin.outside.port)
        self._lock = threading.RLock()
        self._links: dict[str, _Link] = {}
        self._troubles: dict[tuple[str, str], _Trouble] = {}
        self._process: PartProcess | None = None

    def start(self) -> PartProcess:
        bind = self._admin.bind
        argv = ("-host", bind.host, "-port", str(bind.port), "-seed", str(self._seed), "-proxy-metrics")
        part = Part(LINKS, argv, self._log, TOXIPROXY, variables={"LOG_LEVEL": "info"}, places=self._places)
        self._process = self._runtime.spawn(part)
        return self._process

    def await_up(self) -> None:
        """Raises StartFailed."""
        assert self._process is not None
        await_up(self._process, self._client.answers, START_S_MAX, self._log)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, STOP_S_MAX)

    def all(self) -> tuple[Link, ...]:
        with self._lock:
            return tuple(link.link for link in self._links.values())

    def port(self, instance: str, store: str) -> int | None:
        """At which the instance reaches that store; None if it is not linked to it."""
        with self._lock:
            link = self._links.get(f"{instance}.{store}")
            return link.place.inside.port if link else None

    def connect(self, instance: str, service: str, store: str, upstream: Address) -> Address:
        """Make the link of a new instance to the store at `upstream`, as broken as its service's others.

        Returns where the instance reaches it. Raises HarnessError if there are as many links as there can be.
        """
        with self._lock:
            place = self._take_place()
            outside = place.outside
            link = _Link(Link(instance, service, store, (outside.host, outside.port)), place)
            self._client.create(link.name, str(place.bind), str(upstream))
            self._links[link.name] = link
            trouble = self._troubles.get((service, store), _Trouble())
            for toxic_name, toxic in trouble.toxics.items():
                self._client.add_toxic(link.name, toxic_name, toxic)
            if trouble.severed:
                self._client.disable(link.name)
            return place.inside

    def disconnect(self, instance: str) -> None:
        """Remove all links of an instance that is gone."""
        with self._lock:
            for name in [name for name, link in self._links.items() if link.link.source == instance]:
                link = self._links.pop(name)
                self._client.destroy(name)
                if self._room is not None:
                    self._spare.insert(0, link.place)

    def reset(self) -> None:
        """No links, and no trouble for those to come."""
        with self._lock:
            self._troubles.clear()
            for instance in {link.link.source for link in self._links.values()}:
                self.disconnect(instance)

    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None:
        with self._lock:
            trouble = self._trouble(service, store)
            if name in trouble.toxics:
                raise HarnessError(f"links {service} -> {store} have a toxic {name!r} already")
            trouble.toxics[name] = toxic
            self._for_each(service, store, lambda proxy: self._client.add_toxic(proxy, name, toxic))

    def cure(self, service: str, store: str, name: str) -> None:
        with self._lock:
            if self._trouble(service, store).toxics.pop(name, None) is None:
                raise HarnessError(f"links {service} -> {store} have no toxic {name!r}")
            self._for_each(service, store, lambda proxy: self._client.remove_toxic(proxy, name))

    def sever(self, service: str, store: str) -> None:
        with self._lock:
            self._trouble(service, store).severed = True
            self._for_each(service, store, self._client.disable)

    def mend(self, service: str, store: str) -> None:
        with self._lock:
            self._trouble(service, store).severed = False
            self._for_each(service, store, self._client.enable)

    def _take_place(self) -> Place:
        if self._room is None:
            [place] = self._runtime.places(LINKS, 1)
            return place
        if not self._spare:
            raise HarnessError(f"there are {len(self._links)} links already, as many as there is room for")
        return self._spare.pop()

    def _trouble(self, service: str, store: str) -> _Trouble:
        return self._troubles.setdefault((service, store), _Trouble())

    def _for_each(self, service: str, store: str, act: Callable[[str], None]) -> None:
        for name, link in self._links.items():
            if (link.link.service, link.link.target) == (service, store):
                act(name)
