"""The links between instances and stores: one proxy each, in which faults can be put."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.drivers.parts import await_up, stop
from harness.drivers.ports import HOST, free_port
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.errors import HarnessError
from harness.protocols import Command, Link, Process, Toxic, Workspace
from harness.servers import TOXIPROXY, need

START_S_MAX = 30.0
STOP_S_MAX = 2.0


@dataclass
class _Trouble:
    """What is wrong with the links of one service to one store, now."""

    toxics: dict[str, Toxic] = field(default_factory=dict)
    severed: bool = False


class ProxiedLinks:
    """A toxiproxy server and its proxies. Safe to use from several threads: one change after the other."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._log = workspace.logs / "links.log"
        self._port = free_port()
        self._client = ToxiproxyClient(HOST, self._port)
        self._lock = threading.RLock()
        self._links: dict[str, Link] = {}
        self._troubles: dict[tuple[str, str], _Trouble] = {}
        self._process: Process | None = None

    def start(self) -> Process:
        argv = (str(need(TOXIPROXY)), "-host", HOST, "-port", str(self._port))
        self._process = self._workspace.spawner.spawn(Command("links", argv, {"LOG_LEVEL": "info"}, log=self._log))
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
            return tuple(self._links.values())

    def connect(self, instance: str, service: str, store: str, port: int) -> int:
        """Make the link of a new instance to the store at `port`, as broken as its service's others; gives its port."""
        with self._lock:
            link = Link(instance, service, store, (HOST, free_port()))
            name = _name(link)
            self._client.create(name, f"{HOST}:{link.address[1]}", f"{HOST}:{port}")
            self._links[name] = link
            trouble = self._troubles.get((service, store), _Trouble())
            for toxic_name, toxic in trouble.toxics.items():
                self._client.add_toxic(name, toxic_name, toxic)
            if trouble.severed:
                self._client.disable(name)
            return link.address[1]

    def disconnect(self, instance: str) -> None:
        """Remove all links of an instance that is gone."""
        with self._lock:
            for name in [name for name, link in self._links.items() if link.source == instance]:
                del self._links[name]
                self._client.destroy(name)

    def reset(self) -> None:
        """No links, and no trouble for those to come."""
        with self._lock:
            self._troubles.clear()
            for instance in {link.source for link in self._links.values()}:
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

    def _trouble(self, service: str, store: str) -> _Trouble:
        return self._troubles.setdefault((service, store), _Trouble())

    def _for_each(self, service: str, store: str, act: Callable[[str], None]) -> None:
        for name, link in self._links.items():
            if (link.service, link.target) == (service, store):
                act(name)


def _name(link: Link) -> str:
    return f"{link.source}.{link.target}"
