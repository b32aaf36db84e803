"""When a fault acts, how often, and upon whom: what a scenario says of it beside the fault itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from harness.bounds import fraction, not_negative, positive
from harness.protocols import Fault


@dataclass(frozen=True)
class Condition:
    """Something that may hold in the live history: exactly one of the bounds is given.

    It is looked at over the answers of the last `over_s` seconds, of `version` or, if that is "", of all. A level does
    not hold, whatever it is, with fewer than `requests_min` answers to judge by; a rate needs none.
    """

    p99_ms_above: float | None = None
    p99_ms_below: float | None = None
    error_rate_above: float | None = None
    error_rate_below: float | None = None
    rate_per_s_above: float | None = None
    """Requests that are done, a second."""
    rate_per_s_below: float | None = None
    version: str = ""
    over_s: float = 1.0
    requests_min: int = 20

    def __post_init__(self) -> None:
        if len(self._bounds()) != 1:
            known = ", ".join(field.name for field in fields(self)[:6])
            raise ValueError(f"a condition is exactly one of {known}")
        positive(over_s=self.over_s, requests_min=self.requests_min)
        positive(p99_ms_above=self.p99_ms_above, p99_ms_below=self.p99_ms_below)
        not_negative(rate_per_s_above=self.rate_per_s_above)
        positive(rate_per_s_below=self.rate_per_s_below)
        for name in ("error_rate_above", "error_rate_below"):
            if (value := getattr(self, name)) is not None:
                fraction(**{name: value})

    def _bounds(self) -> list[tuple[str, float]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self)[:6])
        return [(name, value) for name, value in values if value is not None]

    @property
    def figure(self) -> str:
        """Which figure it is about: "p99_ms", "error_rate" or "rate_per_s"."""
        return self._bounds()[0][0].rpartition("_")[0]

    def holds(self, value: float) -> bool:
        """With that value of its figure."""
        [(name, bound)] = self._bounds()
        return value > bound if name.endswith("_above") else value < bound

    def __str__(self) -> str:
        [(name, bound)] = self._bounds()
        figure, _, side = name.rpartition("_")
        return f"{figure}{f' of {self.version}' if self.version else ''} {side} {bound:g} over {self.over_s:g} s"


@dataclass(frozen=True)
class Window:
    """From when to when a fault acts, and how often.

    It begins at a second of the load (`at_s`), with a step (`at_step`) or once a condition holds (`when`), in each case
    `after_s` later; it ends after `duration_s`, with a later step (`until_step`) or once a condition holds
    (`until_when`). Exactly one of each three is set. `times` more than once, it begins anew as soon as what it begins
    with is so again, at the earliest `pause_s` after it has healed.
    """

    duration_s: float | None = None
    at_s: float | None = None
    at_step: str | None = None
    after_s: float = 0.0
    when: Condition | None = None
    until_step: str | None = None
    until_when: Condition | None = None
    times: int = 1
    pause_s: float = 0.0

    def __post_init__(self) -> None:
        positive(duration_s=self.duration_s, times=self.times)
        not_negative(at_s=self.at_s, after_s=self.after_s, pause_s=self.pause_s)
        if _given(self.at_s, self.at_step, self.when) != 1:
            raise ValueError("a window starts at a second, at a step or when a condition holds: one of these")
        if _given(self.duration_s, self.until_step, self.until_when) != 1:
            raise ValueError("a window ends after a time, at a step or when a condition holds: one of these")
        if self.times > 1 and self.until_step is not None:
            raise ValueError("times must be 1 where a step ends the window: a step begins only once")

    @property
    def begin(self) -> str:
        """For people."""
        if self.at_step is not None:
            begin = f"at {self.at_step!r}"
        else:
            begin = f"when {self.when}" if self.when else f"at {self.at_s:g} s"
        return f"{begin} + {self.after_s:g} s" if self.after_s else begin

    @property
    def end(self) -> str:
        """For people."""
        if self.until_step is not None:
            return f"until {self.until_step!r}"
        return f"until {self.until_when}" if self.until_when else f"for {self.duration_s:g} s"

    @property
    def repeats(self) -> str:
        """For people; "" for once."""
        if self.times == 1:
            return ""
        return f", {self.times} times{f', {self.pause_s:g} s apart' if self.pause_s else ''}"


def _given(*values: object) -> int:
    return sum(value is not None for value in values)


class Role(StrEnum):
    """What a service is there for."""

    ROUTED = "routed"
    """Behind the router."""
    WORKER = "worker"


class Choose(StrEnum):
    """How many of those that there are when the fault strikes."""

    ONE = "one"
    MINORITY = "minority"
    """The most that are fewer than half."""
    MAJORITY = "majority"
    """The fewest that are more than half."""
    ALL = "all"


@dataclass(frozen=True)
class Selection:
    """Whom a fault strikes, chosen by the scenario's seed of the instances that are there then and fit.

    What is "" or None fits all. `share` of them, rounded, but at least one; or as many as `choose` says; without
    both, one.
    """

    service: str = ""
    role: Role | None = None
    version: str = ""
    choose: Choose | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if self.choose is not None and self.share is not None:
            raise ValueError("share says how many already, so choose cannot")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, and is {self.share:g}")

    def count(self, there: int) -> int:
        """How many of so many."""
        if self.share is not None:
            return min(there, max(1, round(self.share * there)))
        match self.choose:
            case Choose.MINORITY:
                return max(0, (there - 1) // 2)
            case Choose.MAJORITY:
                return min(there, there // 2 + 1)
            case Choose.ALL:
                return there
        return min(there, 1)

    def __str__(self) -> str:
        many = f"{self.share:.0%}" if self.share is not None else f"{self.choose or Choose.ONE}"
        whose = self.service or (f"{self.role}s" if self.role is Role.WORKER else self.role or "instances")
        return f"{many} of {whose}{f' at {self.version}' if self.version else ''}"


@dataclass(frozen=True)
class ScheduledFault:
    """`selection` chooses the instances that the fault strikes; None: its own `target` names it."""

    name: str
    fault: Fault
    window: Window
    selection: Selection | None = None
