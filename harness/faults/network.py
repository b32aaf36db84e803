"""Faults of links between a service and a store, by toxiproxy's vocabulary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from zlib import crc32

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.faults.disturbances import DISTURBANCES, DOWN, complete
from harness.faults.probes import Door, Exchange
from harness.faults.symptoms import Symptom
from harness.protocols import Account, Effect, Link, Linked, Proof, System, Toxic
from harness.toml_reader import nearest
from harness.toxics.toxic import Stream
from harness.waiting import until

UNDO = "taken off all proxies; the same question is answered as quickly as before"
HEAL_TIMEOUT_S = 5.0
CONNECTIONS = 2
"""That must all be disturbed, where all are."""
MISSED_MAX = 0.001
"""How likely it may be that of the connections that are tried none is struck, though some would be."""
TRIES_MAX = 200


@dataclass(frozen=True)
class Crossing:
    """The way of one service to one store: through a link of it, and past all of them."""

    system: System
    linked: Linked
    service: str
    store: str

    def link(self) -> Link | None:
        """Of the instance that came last; None if there is none."""
        matching = [link for link in self.linked.links() if (link.service, link.target) == (self.service, self.store)]
        return matching[-1] if matching else None

    def through(self, symptom: Symptom) -> Exchange | None:
        """What the symptom's probe meets; None if there is no link."""
        link = self.link()
        return None if link is None else symptom.probe(Door(link.address, self._kind, self._url), symptom.timeout_s)

    def past(self, symptom: Symptom) -> Exchange:
        return symptom.probe(Door.of_store(self._kind, self._url), symptom.timeout_s)

    @property
    def _kind(self) -> StoreKind:
        return next(store.kind for store in self.system.environment.stores if store.name == self.store)

    @property
    def _url(self) -> str:
        return self.system.store_url(self.store)


@dataclass(frozen=True)
class _Disturbed(Effect):
    crossing: Crossing
    symptom: Symptom
    toxicity: float
    usual: Exchange

    def bites(self) -> Proof:
        if self.toxicity >= 1:
            return self._seen_on(CONNECTIONS)
        for _ in range(_tries(self.toxicity)):
            proof = self._seen_on(1)
            if proof.seen:
                break
        return proof

    def _seen_on(self, connections: int) -> Proof:
        """Whether the symptom shows on each of so many new connections."""
        seen: list[Exchange] = []
        for _ in range(connections):
            exchange = self.crossing.through(self.symptom)
            if exchange is None:
                return Proof(False, f"no instance of {self.crossing.service} is linked to {self.crossing.store}")
            seen.append(exchange)
            if exchange.silent:
                break  # no more patience for others
        proof = self.symptom.shows(self.usual, seen)
        if proof.seen and seen[-1].error and not self.crossing.past(self.symptom).answered:
            return Proof(False, f"{proof.by}, but past the link {self.crossing.store} does not answer either")
        return proof

    def heals(self) -> Proof:
        healed = until(self._are_as_usual, HEAL_TIMEOUT_S)
        return Proof(healed, f"a probe {'is answered' if healed else 'is not answered'} as before")

    def _are_as_usual(self) -> bool:
        """As many connections as it took to be sure of one that was struck."""
        return all(self._is_as_usual() for _ in range(_tries(self.toxicity)))

    def _is_as_usual(self) -> bool:
        exchange = self.crossing.through(self.symptom)
        return exchange is None or self.symptom.is_gone(self.usual, exchange)


@dataclass(frozen=True)
class LinkFault:
    """Disturbs every link from `service` to `store`, also those of instances that are added meanwhile.

    `kind` is a toxic with toxiproxy's attributes, in its units, on the `stream` to the store (upstream) or from it, for
    a share of connections (`toxicity`); or `down`: all connections cut, new ones refused.
    """

    service: str
    store: str
    kind: str
    attributes: Mapping[str, int] = field(default_factory=dict)
    stream: Stream = Stream.DOWNSTREAM
    toxicity: float = 1.0

    needs: ClassVar[frozenset[type]] = frozenset({Linked})
    account: ClassVar[Mapping[str, Account]] = {
        kind: Account(each.does, each.proof, UNDO) for kind, each in DISTURBANCES.items()
    }

    def __post_init__(self) -> None:
        if self.kind not in DISTURBANCES:
            raise InvalidInput(f"no link fault {self.kind!r}; {nearest(self.kind, DISTURBANCES)}")
        complete(self.kind, self.attributes)
        if not 0 < self.toxicity <= 1:
            raise InvalidInput(f"toxicity must be above 0 and at most 1, and is {self.toxicity:g}")
        if self.kind == DOWN and (self.toxicity, self.stream) != (1.0, Stream.DOWNSTREAM):
            raise InvalidInput("kind down is of whole links: it has no toxicity and no stream")

    @property
    def target(self) -> str:
        return f"{self.service} -> {self.store}"

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Linked)
        crossing = Crossing(system, system, self.service, self.store)
        usual = self._usual(crossing)
        self._break(system)
        try:
            yield _Disturbed(crossing, self.symptom, self.toxicity, usual)
        finally:
            self._mend(system)

    def _usual(self, crossing: Crossing) -> Exchange:
        """The best of some, as a busy machine is slow at times."""
        seen = [crossing.through(self.symptom) for _ in range(CONNECTIONS)]
        answers = [exchange for exchange in seen if exchange is not None]
        if not answers:
            raise HarnessError(f"there is no link {self.target} to break")
        return min(answers, key=lambda exchange: (not exchange.answered, exchange.took_ms))

    @cached_property
    def symptom(self) -> Symptom:
        return DISTURBANCES[self.kind].symptom(complete(self.kind, self.attributes), self.stream)

    @cached_property
    def _name(self) -> str:
        """Another for each fault that is not the same, so that they may overlap."""
        told = (self.stream, self.toxicity, sorted(self.attributes.items()))
        return f"{self.kind}_{crc32(repr(told).encode()):08x}"

    def _break(self, linked: Linked) -> None:
        if self.kind == DOWN:
            linked.sever(self.service, self.store)
        else:
            toxic = Toxic(self.kind, self.attributes, self.stream, self.toxicity)
            linked.poison(self.service, self.store, self._name, toxic)

    def _mend(self, linked: Linked) -> None:
        if self.kind == DOWN:
            linked.mend(self.service, self.store)
        else:
            linked.cure(self.service, self.store, self._name)


def _tries(toxicity: float) -> int:
    """How many connections it takes until one of them is struck, almost surely."""
    if toxicity >= 1:
        return 1
    return min(TRIES_MAX, math.ceil(math.log(MISSED_MAX) / math.log(1 - toxicity)))
