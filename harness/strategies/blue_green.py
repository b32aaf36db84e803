"""Blue-green: the new version is built aside in full, then traffic is switched; the way back is a switch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bounds import not_negative, percent, positive
from harness.environment import Service
from harness.protocols import Announce, Gate, Instance, Route, Setback, Steps, WarmUp
from harness.scenario import Change
from harness.strategies.fleet import (
    CONTRACT,
    EXPAND,
    REBUILD,
    SWITCH,
    VERIFY,
    WORKERS,
    Fleet,
    finish,
    prepare,
    rebuild,
    retreat,
    watch,
)

PREPARE, WARM_UP, KEEP, RETIRE = "prepare green", "warm up green", "keep blue", "retire blue"


@dataclass(frozen=True)
class BlueGreen:
    """`steps` are the weights of green in percent, `(100,)` for a switch at once; each is held for `hold_s`.

    Blue is kept for `keep_s` after the last step, so that the way back stays a switch. With `rebuild` that is so of the
    read model too: it is built anew by workers beside those of blue, within `rebuild_s_max`.
    """

    steps_percent: tuple[int, ...] = (100,)
    hold_s: float = 3.0
    warm_up_requests: int = 20
    keep_s: float = 2.0
    gate: Gate | None = Gate()
    rebuild: bool = False
    rebuild_s_max: float = 60.0

    def __post_init__(self) -> None:
        for step in self.steps_percent:
            percent(steps_percent=step)
        if not self.steps_percent or self.steps_percent[-1] != 100:
            raise ValueError("steps_percent must end with 100")
        positive(rebuild_s_max=self.rebuild_s_max)
        not_negative(hold_s=self.hold_s, warm_up_requests=self.warm_up_requests, keep_s=self.keep_s)

    def names(self, replicas: int) -> tuple[str, ...]:
        switches = tuple(_name(percent) for percent in self.steps_percent)
        workers = (REBUILD, VERIFY, SWITCH) if self.rebuild else (WORKERS,)
        return (EXPAND, *workers, PREPARE, WARM_UP, *switches, KEEP, RETIRE, CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        known = Fleet(change, services, fleet)
        try:
            yield from rebuild(known, self.rebuild_s_max) if self.rebuild else prepare(known)
            yield from self._build(known)
            yield from self._switch(known)
            yield Announce(RETIRE)
            yield from known.remove(known.old)
            for service in known.workers:
                yield from known.remove(known.of(service, change.old))
        except Setback:
            yield from retreat(known)
        else:
            yield from finish(known)

    def _build(self, fleet: Fleet) -> Steps:
        yield Announce(PREPARE)
        green = yield from fleet.add(fleet.routed, fleet.change.new, fleet.routed.replicas, smoke=True)
        yield Announce(WARM_UP)
        for instance in green:
            yield WarmUp(instance.name, self.warm_up_requests)

    def _switch(self, fleet: Fleet) -> Steps:
        for green in self.steps_percent:
            yield Announce(_name(green))
            yield Route({fleet.change.old: 100 - green, fleet.change.new: green})
            yield from watch(fleet, self.hold_s, self.gate)
        yield Announce(KEEP)
        yield from watch(fleet, self.keep_s, self.gate)


def _name(percent: int) -> str:
    return f"switch {percent} %"
