"""Partitions of instances from stores, of the shapes and by the names that Jepsen's nemeses have.

Source: the grudges of jepsen.nemesis (Kyle Kingsbury). A grudge says of each node whom it hears no more; here nodes are
instances and stores, and who cannot hear each other are pairs of one of each, as no others have links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, TypeAlias
from zlib import crc32

from harness.environment import StoreKind
from harness.errors import HarnessError, InvalidInput
from harness.faults.probes import Ask, Door, Exchange
from harness.protocols import Account, Effect, Link, Manner, Proof, Splittable, System, Way
from harness.toml_reader import nearest
from harness.waiting import until

ASK = Ask()
TIMEOUT_S = 1.0
HEAL_TIMEOUT_S = 10.0
PROBES_MAX = 16

Names: TypeAlias = Sequence[str]
Pairs: TypeAlias = frozenset[tuple[str, str]]
"""Each an instance and a store that are apart."""


Shape: TypeAlias = Callable[[Names, Names], Pairs]
"""Who of these instances and stores are apart."""

# ── who is apart from whom ───────────────────────────────────────────────────────────────────────────────────────────


def one(instances: Names, stores: Names) -> Pairs:
    """The last instance: a rollout replaces the first ones first."""
    return _all_pairs(instances[-1:], stores)


def minority(instances: Names, stores: Names) -> Pairs:
    return _all_pairs(instances[len(instances) // 2 + 1 :], stores)


def majority(instances: Names, stores: Names) -> Pairs:
    return _all_pairs(instances[: len(instances) // 2 + 1], stores)


def bridge(instances: Names, stores: Names) -> Pairs:
    """Two halves, of instances and of stores, that are apart, and one instance in the middle that is with both."""
    middle, half = len(instances) // 2, (len(stores) + 1) // 2
    before, after = instances[:middle], instances[middle + 1 :]
    return _all_pairs(before, stores[half:]) | _all_pairs(after, stores[:half])


def ring(instances: Names, stores: Names) -> Pairs:
    """All in a circle, stores spread among instances; each hears the nearest majority, no two the same one."""
    every = max(1, len(instances) // max(1, len(stores)))
    circle: list[str] = []
    for place, store in enumerate(stores):
        rest = None if place == len(stores) - 1 else (place + 1) * every
        circle += [store, *instances[place * every : rest]]
    enough = len(circle) // 2 + 1
    ahead, behind = enough // 2, (enough - 1) // 2

    def hears(instance: str, store: str) -> bool:
        distance = (circle.index(store) - circle.index(instance)) % len(circle)
        return distance <= ahead or len(circle) - distance <= behind

    pairs = _all_pairs(instances, stores)
    return frozenset(pair for pair in pairs if not hears(*pair))


def primaries(instances: Names, stores: Names) -> Pairs:
    """Each store, of which there is one, so that it is the primary, is apart from everybody."""
    return _all_pairs(instances, stores)


def _all_pairs(instances: Names, stores: Names) -> Pairs:
    return frozenset((instance, store) for instance in instances for store in stores)


PREFIX = "partition-"
_SHAPES: Mapping[str, tuple[Shape, str]] = {
    f"{PREFIX}{shape.__name__}": (shape, does)
    for shape, does in (
        (one, "one instance, from all stores"),
        (minority, "fewer than half of the instances, from all stores"),
        (majority, "more than half of the instances, from all stores"),
        (bridge, "two halves of instances and stores, from each other; one instance hears both"),
        (ring, "each instance, from the stores that are not of the nearest majority in a circle of all"),
        (primaries, "each store, from all instances"),
    )
}
SHAPES: Mapping[str, Shape] = {kind: shape for kind, (shape, _) in _SHAPES.items()}
PROOF = "over links that are cut a question is not answered, past them and over the others it is"
UNDO = "all links are opened at once; over each a question is answered"


# ── the fault ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Split(Effect):
    system: System
    splittable: Splittable
    apart: Pairs

    def bites(self) -> Proof:
        """Over each link that is cut nothing is heard, past it the store answers, and over the others it does too."""
        cut, whole = self._links(apart=True), self._links(apart=False)
        if heard := [link for link, met in self._ask(cut) if met.answered]:
            return Proof(False, f"{_told(heard)} still hear each other")
        stores = {link.target for link in cut}
        if dead := [store for store in stores if not self._answers_itself(store)]:
            return Proof(False, f"past every link {', '.join(dead)} does not answer either")
        if deaf := [link for link, met in self._ask(whole) if not met.answered]:
            return Proof(False, f"{_told(deaf)} do not hear each other, and should")
        return Proof(bool(cut), f"{len(cut)} links were cut and {len(whole)} were not: {_told(cut)}")

    def heals(self) -> Proof:
        healed = until(lambda: all(met.answered for _, met in self._ask(self._links(apart=True))), HEAL_TIMEOUT_S)
        return Proof(healed, f"{'all' if healed else 'not all'} that were apart hear each other again")

    def _links(self, apart: bool) -> list[Link]:
        """Those that are there now."""
        return [link for link in self.splittable.links() if ((link.source, link.target) in self.apart) is apart]

    def _ask(self, links: Sequence[Link]) -> list[tuple[Link, Exchange]]:
        doors = [Door(link.address, self._kind(link.target), self.system.store_url(link.target)) for link in links]
        with ThreadPoolExecutor(PROBES_MAX) as pool:
            return list(zip(links, pool.map(lambda door: ASK(door, TIMEOUT_S), doors), strict=True))

    def _answers_itself(self, store: str) -> bool:
        return ASK(Door.of_store(self._kind(store), self.system.store_url(store)), TIMEOUT_S).answered

    def _kind(self, store: str) -> StoreKind:
        return next(each.kind for each in self.system.environment.stores if each.name == store)


@dataclass(frozen=True)
class Split:
    """Instances and stores that do not hear each other: all links between them are cut at once.

    `service` and `store` say whose; "" is all that have links. `manner` is what becomes of new connections, `way` which
    direction is lost. Instances that are added meanwhile are on no side.
    """

    kind: str
    service: str = ""
    store: str = ""
    manner: Manner = Manner.DROP
    way: Way = Way.BOTH

    needs: ClassVar[frozenset[type]] = frozenset({Splittable})
    account: ClassVar[Mapping[str, Account]] = {
        kind: Account(f"cut off: {does}", PROOF, UNDO) for kind, (_, does) in _SHAPES.items()
    }

    def __post_init__(self) -> None:
        if self.kind not in SHAPES:
            raise InvalidInput(f"no partition {self.kind!r}; {nearest(self.kind, SHAPES)}")
        if self.manner is Manner.REFUSE and self.way is not Way.BOTH:
            raise InvalidInput("way must be both where connections are refused: these have no direction")

    @property
    def target(self) -> str:
        return f"{self.service or 'all services'} / {self.store or 'all stores'}"

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Splittable)
        apart = self.apart(system.links())
        name = f"split_{crc32(repr(self).encode()):08x}"
        system.split(name, apart, self.manner, self.way)
        try:
            yield _Split(system, system, apart)
        finally:
            system.rejoin(name)

    def apart(self, links: Sequence[Link]) -> Pairs:
        """Raises HarnessError if nobody would be."""
        matching = [link for link in links if self.service in ("", link.service) and self.store in ("", link.target)]
        instances = tuple(dict.fromkeys(link.source for link in matching))
        stores = tuple(dict.fromkeys(link.target for link in matching))
        there = {(link.source, link.target) for link in matching}
        pairs = SHAPES[self.kind](instances, stores) & there
        if not pairs:
            raise HarnessError(f"{self.kind} parts nobody of {len(instances)} instances and {len(stores)} stores")
        return pairs


def _told(links: Sequence[Link]) -> str:
    return ", ".join(f"{link.source} and {link.target}" for link in links)
