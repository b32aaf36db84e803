"""The links between instances and stores: proxies of a toxiproxy server of the run, in which faults can be put."""

from __future__ import annotations

from harness.drivers.parts import await_up, stop
from harness.drivers.runtime import Address, Part, PartProcess, Place, Runtime
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.drivers.troubles import TroubledLinks, name_of
from harness.errors import HarnessError
from harness.protocols import Link, Workspace
from harness.servers import TOXIPROXY

LINKS = "links"
"""The part that all links are of."""
START_S_MAX = 30.0
STOP_S_MAX = 2.0


class ProxiedLinks(TroubledLinks):
    """The server, and where its proxies are."""

    def __init__(self, workspace: Workspace, runtime: Runtime, room: int | None = None) -> None:
        """`room` is for how many links at a time places are made at once; None: each place is made with its link."""
        self._log = workspace.logs / "links.log"
        self._seed = workspace.seed
        self._runtime = runtime
        self._all_places = runtime.places(LINKS, 1 + (room or 0))
        self._admin, *self._spare = self._all_places
        self._room = room
        self._places: dict[str, Place] = {}
        self._process: PartProcess | None = None
        client = ToxiproxyClient(self._admin.outside.host, self._admin.outside.port)
        self._answers = client.answers
        super().__init__(client)

    def start(self) -> PartProcess:
        bind = self._admin.bind
        argv = ("-host", bind.host, "-port", str(bind.port), "-seed", str(self._seed), "-proxy-metrics")
        part = Part(LINKS, argv, self._log, TOXIPROXY, variables={"LOG_LEVEL": "info"}, places=self._all_places)
        self._process = self._runtime.spawn(part)
        return self._process

    def await_up(self) -> None:
        """Raises StartFailed."""
        assert self._process is not None
        await_up(self._process, self._answers, START_S_MAX, self._log)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, STOP_S_MAX)

    def port(self, instance: str, store: str) -> int | None:
        """At which the instance reaches that store; None if it is not linked to it."""
        with self._lock:
            place = self._places.get(f"{instance}.{store}")
            return place.inside.port if place else None

    def connect(self, instance: str, service: str, store: str, upstream: Address) -> Address:
        """Make the link of a new instance to the store at `upstream`, as broken as its service's others.

        Returns where the instance reaches it. Raises HarnessError if there are as many links as there can be.
        """
        with self._lock:
            place = self._take_place()
            link = Link(instance, service, store, (place.outside.host, place.outside.port))
            self.make(link, str(place.bind), str(upstream))
            self._places[name_of(link)] = place
            return place.inside

    def disconnect(self, instance: str) -> None:
        """Remove all links of an instance that is gone."""
        with self._lock:
            for link in self.all():
                if link.source == instance:
                    self.remove(link)
                    place = self._places.pop(name_of(link))
                    if self._room is not None:
                        self._spare.insert(0, place)

    def reset(self) -> None:
        """No links, and no trouble for those to come."""
        with self._lock:
            for instance in {link.source for link in self.all()}:
                self.disconnect(instance)
            self.forget_troubles()

    def _take_place(self) -> Place:
        if self._room is None:
            [place] = self._runtime.places(LINKS, 1)
            return place
        if not self._spare:
            raise HarnessError(f"there are {len(self.all())} links already, as many as there is room for")
        return self._spare.pop()
