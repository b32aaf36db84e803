"""The commands `harness judge streams` and those of single anomalies: what went wrong with the messages of streams."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.judge_files import judge_by_all, judge_each

if TYPE_CHECKING:
    from harness.verdict import Verdict


def messages(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the arguments of all that judges messages."""
    for option in (
        click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option("--rebalanced", is_flag=True, help="What clients consume changes, and no record says so."),
        click.option("--isolated", is_flag=True, help="Sends of one operation are not mixed with others."),
        click.option(
            "--lag-s-max", type=click.FloatRange(min=0, min_open=True), help="How old what polls show may be."
        ),
    ):
        command = option(command)
    return command


@click.command(name="streams")
@messages
@click.option("--also", multiple=True, metavar="NAME", help="Another promise of the system, as unseen. Repeatable.")
def stream_anomalies(
    files: Sequence[Path], also: Sequence[str], rebalanced: bool, isolated: bool, lag_s_max: float | None
) -> int:
    """What went wrong with streams: lost, twice, out of order, from nowhere; a line an anomaly.

    FILES hold a row a message, in Parquet or JSON lines: process, operation, kind (send, poll, assign, subscribe),
    stream, offset, value, outcome (ok, fail, indeterminate), start_ns, end_ns, and version if it is known. What not
    every system promises (unseen, int-send-skip, write-cycle, consume-count, realtime-lag) is judged if it is asked
    for.
    """
    from harness.consistency.streams.anomalies import Promises
    from harness.consistency.streams.messages import read_messages
    from harness.consistency.streams.verdict import judge, require_known

    promises = Promises(rebalanced, isolated, lag_s_max)
    asked = {*also, *(("int-send-skip", "write-cycle") if isolated else ()), *(("realtime-lag",) if lag_s_max else ())}
    require_known(asked)

    def judge_all(file: Path) -> Iterator[tuple[str, Verdict]]:
        for verdict in judge(read_messages(file), asked, promises):
            yield verdict.checker, verdict

    return judge_by_all(files, judge_all)


def anomaly_command(name: str) -> click.Command | None:
    from harness.consistency.streams.anomalies import BY_NAME, Promises

    if name not in BY_NAME:
        return None

    @click.command(name=name, help=BY_NAME[name].claim)
    @messages
    def run(files: Sequence[Path], rebalanced: bool, isolated: bool, lag_s_max: float | None) -> int:
        from harness.consistency.streams.messages import read_messages
        from harness.consistency.streams.verdict import judge_one

        promises = Promises(rebalanced, isolated, lag_s_max)
        return judge_each(files, lambda file: judge_one(read_messages(file), name, promises))

    return run
