"""What a person sees while a run goes on: a live display in a terminal, plain lines elsewhere, or nothing.

The runner calls a display from several threads; it is entered before the run starts and left when the run is over,
whatever ended it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.history import Kind, Moment
from harness.reporting.judgement import judge
from harness.reporting.narration import narrate
from harness.reporting.text import NONE, decimal, milliseconds, percent
from harness.reporting.verdict_text import render_verdicts
from harness.verdict import Status, Verdict

RECENT_LINES = 10
PLAIN_PROGRESS_EVERY_S = 5.0
REFRESHES_A_SECOND = 4
_STYLES = {Status.PASS: "bold green", Status.UNKNOWN: "bold yellow", Status.FAIL: "bold red"}


@dataclass(frozen=True)
class VersionRate:
    """What one version did lately; `version` is empty for requests that nobody answered."""

    version: str
    requests_per_s: float
    error_rate: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Snapshot:
    """How the run stands `elapsed_s` after the load began to flow (negative: before). Rates are of the last seconds.

    `phase` is what is going on, in a word or two: "starting", the step of the deployment, "catching up", "judging".
    """

    elapsed_s: float
    phase: str
    requests_per_s: float
    error_rate: float | None
    p99_ms: float | None
    versions: tuple[VersionRate, ...] = ()


class Display(AbstractContextManager["Display", None], Protocol):
    """All methods return at once, raise nothing of their own, and may be called from any thread."""

    def planned(self, text: str) -> None:
        """The whole plan, before anything starts."""

    def moment(self, moment: Moment) -> None:
        """Something began (no end yet), happened, or came to its end."""

    def progress(self, snapshot: Snapshot) -> None: ...

    def finished(self, verdicts: Sequence[Verdict], report: Path) -> None:
        """Judged; the report is written."""


def choose_display(stream: TextIO) -> Display:
    """Live where `stream` is a terminal that can be drawn on, plain lines otherwise."""
    console = Console(file=stream, highlight=False)
    if stream.isatty() and not console.is_dumb_terminal:
        return RichDisplay(console)
    return PlainDisplay(stream)


class SilentDisplay:
    """Shows nothing."""

    def __enter__(self) -> SilentDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def planned(self, text: str) -> None: ...
    def moment(self, moment: Moment) -> None: ...
    def progress(self, snapshot: Snapshot) -> None: ...
    def finished(self, verdicts: Sequence[Verdict], report: Path) -> None: ...


class PlainDisplay(SilentDisplay):
    """One line a moment, stamped with the second of the run: for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._next_progress_s = 0.0

    def planned(self, text: str) -> None:
        self._write(text)

    def moment(self, moment: Moment) -> None:
        if line := told(moment):
            self._write(_stamped(moment, line))

    def progress(self, snapshot: Snapshot) -> None:
        """A line every few seconds: a log of a long run must show that it lives."""
        if snapshot.elapsed_s >= self._next_progress_s:
            self._next_progress_s = snapshot.elapsed_s + PLAIN_PROGRESS_EVERY_S
            self._write(f"[{snapshot.elapsed_s:8.2f} s] {snapshot.phase}: {_summed(snapshot)}")

    def finished(self, verdicts: Sequence[Verdict], report: Path) -> None:
        self._write(f"{render_verdicts(verdicts)}\nreport: {report}")

    def _write(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()


class RichDisplay(SilentDisplay):
    """The last moments and the rates of each version, redrawn in place; the verdicts stay when the run is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._recent: deque[str] = deque(maxlen=RECENT_LINES)
        self._snapshot = Snapshot(0.0, "starting", 0.0, None, None)
        self._live = Live(
            get_renderable=self._rendered, console=console, refresh_per_second=REFRESHES_A_SECOND, transient=True
        )

    def __enter__(self) -> RichDisplay:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def planned(self, text: str) -> None:
        self._console.print(Text(text))

    def moment(self, moment: Moment) -> None:
        if line := told(moment):
            with self._lock:
                self._recent.append(_stamped(moment, line))

    def progress(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshot = snapshot

    def finished(self, verdicts: Sequence[Verdict], report: Path) -> None:
        self._live.stop()
        first, *rest = render_verdicts(verdicts).splitlines()
        self._console.print(Text(first, style=_STYLES[judge(verdicts).status]))
        for line in rest:
            self._console.print(Text(line), soft_wrap=True)
        self._console.print(Text(f"report: {report}"), soft_wrap=True)

    def _rendered(self) -> RenderableType:
        with self._lock:
            snapshot, recent = self._snapshot, list(self._recent)
        log = Text("\n".join(recent), no_wrap=True, overflow="ellipsis")
        title = f"{snapshot.elapsed_s:.1f} s · {snapshot.phase}"
        return Panel(Group(_rates(snapshot), log), title=Text(title), title_align="left", border_style="dim")


def told(moment: Moment) -> str:
    """What a display says of a moment: "" for those that say too little for a line."""
    if moment.kind is Kind.ACTION and moment.until_ns is None:
        return ""
    if moment.kind is Kind.STEP and moment.until_ns is not None:  # told when it began
        return ""
    return narrate(moment)


def _stamped(moment: Moment, line: str) -> str:
    at_ns = moment.at_ns if moment.until_ns is None else moment.until_ns
    return f"[{at_ns / 1e9:8.2f} s] {line}"


def _summed(snapshot: Snapshot) -> str:
    rate, errors = f"{decimal(snapshot.requests_per_s)} requests/s", _share(snapshot.error_rate)
    return f"{rate}, {errors} errors, p99 {milliseconds(snapshot.p99_ms)}"


def _share(share: float | None) -> str:
    return NONE if share is None else percent(share)


def _rates(snapshot: Snapshot) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("version")
    for column in ("requests/s", "errors", "p99"):
        table.add_column(column, justify="right")
    for rate in snapshot.versions:
        table.add_row(
            Text(rate.version or "nobody"),
            decimal(rate.requests_per_s),
            _share(rate.error_rate),
            milliseconds(rate.p99_ms),
        )
    table.add_row(
        "all",
        decimal(snapshot.requests_per_s),
        _share(snapshot.error_rate),
        milliseconds(snapshot.p99_ms),
        style="bold",
    )
    return table
