"""A saved history judged again, by the same checkers with the same options, and compared with the recorded verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import InvalidInput
from harness.history import History
from harness.judge import build, describe, judge
from harness.protocols import Checker
from harness.reporting import json_report, options_of
from harness.reporting.json_report import VerdictDocument
from harness.verdict import Status, Verdict

FILE = "checkers.json"


@dataclass(frozen=True)
class _Saved:
    """A checker as data."""

    kind: str
    options: dict[str, object]


@dataclass(frozen=True)
class Again:
    """`differences` are for people, one a checker whose verdict is not the recorded one."""

    judged: VerdictDocument
    differences: tuple[str, ...]

    @property
    def status(self) -> Status:
        return Status[self.judged.status.upper()]


def save_checkers(folder: Path, checkers: Iterable[Checker]) -> None:
    """Write what judged a run into its folder."""
    saved = [_Saved(kind, dict(options)) for kind, options in map(describe, checkers)]
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=2) + b"\n")


def read_checkers(folder: Path) -> tuple[Checker, ...]:
    """Raises InvalidInput if the folder holds no checkers, or some that are not known here."""
    file = folder / FILE
    try:
        saved = msgspec.json.decode(file.read_bytes(), type=list[_Saved])
    except FileNotFoundError as error:
        raise InvalidInput(
            "there is no such file, so this is not the folder of a run that was judged", file=file
        ) from error
    except msgspec.DecodeError as error:
        raise InvalidInput(f"these are no checkers: {error}", file=file) from error
    return tuple(build(each.kind, each.options) for each in saved)


def check_again(folder: Path) -> Again:
    """Raises InvalidInput if the folder is not that of a run that was judged. Nothing in it is changed."""
    checkers = read_checkers(folder)
    recorded = json_report.read(folder / "verdict.json")
    with History.load(folder / "history") as history:
        judged = json_report.document(history.facts, judge(history, checkers), options_of(checkers))
    return Again(judged, tuple(_differences(recorded, judged)))


def judge_saved(folder: Path, kind: str) -> Verdict:
    """One checker on the history of a run, with the options it judged that run by, or else its own.

    Raises InvalidInput if the folder is neither that of a run nor its history.
    """
    history_folder = folder / "history" if (folder / "history").is_dir() else folder
    saved = read_checkers(folder) if (folder / FILE).exists() else ()
    checker = next((each for each in saved if describe(each)[0] == kind), None) or build(kind, {})
    with History.load(history_folder) as history:
        [verdict] = [each for each in judge(history, (checker,)) if each.checker == checker.name]
        return verdict


def _differences(recorded: VerdictDocument, judged: VerdictDocument) -> Iterator[str]:
    before = {entry.checker: entry for entry in recorded.checkers}
    after = {entry.checker: entry for entry in judged.checkers}
    for name in {**before, **after}:
        if name not in after:
            yield f"{name} judged then ({before[name].status}), and does not now"
        elif name not in before:
            yield f"{name} judges now ({after[name].status}), and did not then"
        elif before[name] != after[name]:
            then, now = before[name], after[name]
            yield f"{name} was {then.status}, {then.reason!r}; it is {now.status}, {now.reason!r}"
