"""Whatever faults overlap, repeat and are cut short: all heals, nothing leaks, and the history tells what was done."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.drivers.troubles import TroubledLinks
from harness.faults.process import Kill, Pause
from harness.history import Kind, Moment
from harness.lanes.stage import Stage
from harness.protocols import Effect, Link, Manner, Proof, System, Toxic, Way
from harness.supervisor.undo import UndoLog
from harness.windows import Choose, ScheduledFault, Selection, Window
from tests.unit.fakes import ALL_WELL, FakeSystem, MemoryTimeline, fault_lane

PATIENT = settings(deadline=None, max_examples=30)  # a busy machine is no failure
LINKS = tuple(Link(f"web-{number}", "web", "postgres", ("127.0.0.1", number)) for number in (1, 2, 3))


@dataclass
class CountingProxies:
    """Proxies that do what they are told, and count it."""

    toxics: dict[str, dict[str, Toxic]] = field(default_factory=lambda: defaultdict(dict))
    disabled: set[str] = field(default_factory=set)
    added: Counter[tuple[str, str]] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def create(self, name: str, listen: str, upstream: str) -> None:
        self.toxics[name] = {}

    def destroy(self, name: str) -> None:
        del self.toxics[name]

    def enable(self, name: str) -> None:
        self.disabled.remove(name)

    def disable(self, name: str) -> None:
        assert name not in self.disabled
        self.disabled.add(name)

    def add_toxic(self, name: str, toxic_name: str, toxic: Toxic) -> None:
        assert toxic_name not in self.toxics[name]
        self.toxics[name][toxic_name] = toxic
        self.added[name, toxic_name] += 1

    def remove_toxic(self, name: str, toxic_name: str) -> None:
        del self.toxics[name][toxic_name]
        self.removed[name, toxic_name] += 1


class LinkedFake(FakeSystem):
    """Instances in a list, links whose proxies count, and a count of who was killed and paused."""

    def __init__(self) -> None:
        super().__init__()
        self.proxies = CountingProxies()
        self.troubled = TroubledLinks(self.proxies)
        for link in LINKS:
            self.troubled.make(link, "", "")
        self.struck: Counter[str] = Counter()
        self._lock = threading.Lock()

    def kill(self, name: str) -> None:
        with self._lock:
            self.struck["Kill"] += 1
            super().kill(name)

    def pause(self, name: str) -> None:
        with self._lock:
            self.struck["Pause"] += 1
            super().pause(name)


@dataclass(frozen=True)
class OfLinks:
    """A fault of links that is proven by what the proxies were told."""

    kind: str
    target: str = "links"
    needs: ClassVar[frozenset[type]] = frozenset()

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, LinkedFake)
        begin, end, is_in = self._acts(system)
        begin()
        try:
            yield Told(is_in)
        finally:
            end()

    def _acts(self, system: LinkedFake) -> tuple[Callable[[], None], Callable[[], None], Callable[[], bool]]:
        links, proxies = system.troubled, system.proxies
        match self.kind:
            case "severed":
                return (
                    lambda: links.sever("web", "postgres"),
                    lambda: links.mend("web", "postgres"),
                    lambda: len(proxies.disabled) == len(LINKS),
                )
            case "split":
                apart: Collection[tuple[str, str]] = {("web-1", "postgres")}
                return (
                    lambda: links.split("split", apart, Manner.DROP, Way.UPSTREAM),
                    lambda: links.rejoin("split"),
                    lambda: "split_upstream" in proxies.toxics["web-1.postgres"],
                )
        return (
            lambda: links.poison("web", "postgres", self.kind, Toxic("latency")),
            lambda: links.cure("web", "postgres", self.kind),
            lambda: all(self.kind in toxics for toxics in proxies.toxics.values()),
        )


@dataclass(frozen=True)
class Told(Effect):
    """Others of its kind may be in when it is out, so that only the end of all of them shows that it has healed."""

    is_in: Callable[[], bool]

    def bites(self) -> Proof:
        return Proof(self.is_in(), "the proxies were told")

    def heals(self) -> Proof:
        return Proof(not self.is_in(), "the proxies were told")


windows = st.builds(
    Window,
    st.floats(0.001, 0.02),
    at_s=st.floats(0, 0.02),
    times=st.integers(1, 2),
    pause_s=st.just(0.002),
)
of_links = st.sampled_from(["slow", "slower", "severed", "split"]).map(OfLinks)
of_instances = st.sampled_from([Kill("web"), Pause("web"), Pause("worker")])
selections = st.none() | st.sampled_from(Choose).map(lambda choose: Selection("web", choose=choose))
scheduled = st.builds(ScheduledFault, st.just(""), of_links, windows) | st.builds(
    ScheduledFault, st.just(""), of_instances, windows, selections
)
schedules = st.lists(scheduled, min_size=1, max_size=5).map(
    lambda found: tuple(replace(one, name=f"fault {number}") for number, one in enumerate(found))
)


@PATIENT
@given(schedules, st.none() | st.floats(0, 0.04))
def test_everything_heals_nothing_leaks_and_the_history_tells_what_was_done(
    faults: tuple[ScheduledFault, ...], cut_after_s: float | None
) -> None:
    system = LinkedFake()
    with tempfile.TemporaryDirectory() as folder:
        undo = UndoLog(Path(folder))
        with MemoryTimeline() as timeline, ThreadPoolExecutor(len(faults)) as executor:
            stage = Stage(timeline, time.monotonic_ns())
            lane = fault_lane(system, stage, ALL_WELL, over=lambda: False, undo=undo)
            lanes = lane.schedule(faults, executor)
            if cut_after_s is not None:
                stage.sleep(cut_after_s)
                stage.stop.set()
                lane.heal_all()
            for one in lanes:
                one.result()
        assert undo.open() == ()
    assert not system.dead | system.stopped
    assert not system.proxies.disabled
    assert not any(system.proxies.toxics.values())
    moments = timeline.of(Kind.FAULT)
    assert all(moment.until_ns is not None for moment in moments)
    assert all(moment.detail["healed"] for moment in moments if moment.detail["bit"])
    _all_windows_are_told_of(faults, moments, timeline.of(Kind.MISSED))
    _counters_agree(faults, moments, system)


def _all_windows_are_told_of(faults: tuple[ScheduledFault, ...], moments: list[Moment], missed: list[Moment]) -> None:
    opened = Counter(moment.name for moment in moments)
    cut = {moment.name: moment.detail["window"] for moment in missed}
    for each in faults:
        assert opened[each.name] == int(str(cut.get(each.name, each.window.times + 1))) - 1


def _counters_agree(faults: tuple[ScheduledFault, ...], moments: list[Moment], system: LinkedFake) -> None:
    """Each toxic was put in once for each fault of it that bit, and taken out as often; a fault of its kind that was in
    already kept a second out. Instances were struck at least once for each fault that bit."""
    bit = Counter(moment.name for moment in moments if moment.detail["bit"])
    by_kind: Counter[str] = Counter()
    for each in faults:
        by_kind[each.fault.kind if isinstance(each.fault, OfLinks) else type(each.fault).__name__] += bit[each.name]
    proxies = system.proxies
    assert proxies.added == proxies.removed
    for toxic in ("slow", "slower"):
        assert {proxies.added[name, toxic] for name in proxies.toxics} == {by_kind[toxic]}
    assert proxies.added["web-1.postgres", "split_upstream"] == by_kind["split"]
    for kind in ("Kill", "Pause"):
        assert system.struck[kind] >= by_kind[kind]
