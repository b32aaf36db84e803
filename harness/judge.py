"""From a history and its checkers to verdicts; and checkers as data, so that a saved run can be judged again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, cast

import msgspec

from harness import registry
from harness.errors import InvalidInput
from harness.history import History, Kind
from harness.protocols import Checker
from harness.verdict import Status, Verdict


def judge(history: History, checkers: Iterable[Checker]) -> tuple[Verdict, ...]:
    """One verdict a checker, in their order, and before them one that is unknown if the run was cut short.

    A checker that crashes proves nothing: its verdict is unknown.
    """
    return (*_cut_short(history), *(_judge(history, checker) for checker in checkers))


def _cut_short(history: History) -> Iterator[Verdict]:
    for cut in history.moments(Kind.CUT):
        yield Verdict("run", Status.UNKNOWN, f"The run was cut short by {cut.name}; this is what it had.")


def _judge(history: History, checker: Checker) -> Verdict:
    try:
        return checker.check(history)
    except Exception as crash:  # noqa: BLE001
        # The one place that catches everything: checkers are other people's code too, and one that breaks must neither
        # silence the others nor be lost. KeyboardInterrupt and SystemExit are no Exceptions, and pass.
        return Verdict(checker.name, Status.UNKNOWN, f"The checker crashed: {type(crash).__name__}: {crash}")


def describe(checker: Checker) -> tuple[str, Mapping[str, Any]]:
    """Its kind, as scenarios call it, and its options as JSON can hold them; `build` makes it again."""
    options: dict[str, Any] = asdict(cast(Any, checker)) if is_dataclass(checker) else {}
    return registry.CHECKERS.kind_of(checker), msgspec.to_builtins(options)


def build(kind: str, options: Mapping[str, Any]) -> Checker:
    """The checker that `describe` described. Raises InvalidInput for a kind or an option that there is not."""
    cls = registry.CHECKERS.find(kind)
    known: set[str] = {option.name for option in fields(cls)} if is_dataclass(cls) else set()
    if strange := sorted(options.keys() - known):
        raise InvalidInput(f"the checker {kind!r} has no option {strange[0]!r}")
    try:
        return msgspec.convert(dict(options), cls) if is_dataclass(cls) else cls()
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the checker {kind!r} cannot be made from its options: {error}") from error
