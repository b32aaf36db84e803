"""The command `harness judge`: one judge on recorded histories, of ours or of others."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.judge_files import histories, judge_each
from harness.judge_promises_command import bank, promise_command
from harness.judge_streams_command import anomaly_command, stream_anomalies

if TYPE_CHECKING:
    from harness.consistency.linearizability.picture import Judged
    from harness.verdict import Verdict

LINEARIZABLE = "One order of the operations, true to their times, explains all that was seen."


def _list(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        for of, judges in _judges():
            click.echo(f"{of}:")
            for name, claim in judges:
                click.echo(f"  {name:<22} {claim}")
        context.exit()


def _judges() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """By what they judge, each with what it claims."""
    from harness.consistency.catalogue import PROMISES
    from harness.consistency.streams.anomalies import ANOMALIES
    from harness.registry import CHECKERS

    promises = [(promise.name, promise.claim) for promise in PROMISES]
    yield "of operations (Jepsen's logs and EDN, JSON lines)", [("linearizable", LINEARIZABLE), *promises]
    anomalies = [(anomaly.name, anomaly.claim) for anomaly in ANOMALIES]
    yield (
        "of messages (Parquet, JSON lines)",
        [("streams", "Those below, as far as every system must hold to them."), *anomalies],
    )
    yield (
        "of runs (their folders)",
        [
            (kind, " ".join((CHECKERS.find(kind).__doc__ or "").partition("\n\n")[0].split()))
            for kind in CHECKERS.kinds()
        ],
    )


class Judges(click.Group):
    """Its commands, and one for each checker that scenarios can name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        return own or promise_command(cmd_name) or anomaly_command(cmd_name) or _checker(cmd_name)


@click.group(cls=Judges)
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="Name every judge.")
def judge() -> None:
    """Judge recorded histories, a line a file.

    Besides the commands below, every judge that `--list` names is one, by itself: harness judge lost-write
    messages.parquet, or for the folder of a run: harness judge availability reports/canary/20300101-000000. The exit
    code is that of the worst: 1 if any failed, else 4 if one could not be read, else 2 if one is unknown.
    """


@judge.command()
@click.option("--model", "model_name", metavar="NAME", required=True, help="What the object is; yours as module:Class.")
@histories
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw violations into this page.")
@click.option("--steps", "steps_max", type=click.IntRange(min=1), help="Give up after so many configurations.")
@click.option("--seconds", "seconds_max", type=click.FloatRange(min=0, min_open=True), default=60, show_default=True)
@click.option(
    "--memory-mb", "memory_mb_max", type=click.FloatRange(min=0, min_open=True), default=2048, show_default=True
)
def linearizable(
    files: Sequence[Path],
    model_name: str,
    format_: str | None,
    keyed: bool,
    picture: Path | None,
    steps_max: int | None,
    seconds_max: float,
    memory_mb_max: float,
) -> int:
    """Does one order of the operations, true to their times, explain all that was seen?

    Models: register, cas-register, counter, set, queue, log, positions. The budget is for each file; beyond it the
    verdict is unknown.
    """
    from harness.consistency.linearizability import Budget, check
    from harness.consistency.linearizability.verdict import verdict
    from harness.consistency.models import find_model
    from harness.consistency.reading import read_operations

    if ":" in model_name:  # as Python finds modules when it runs a file of theirs
        sys.path.insert(0, str(Path.cwd()))
    find_model(model_name)
    budget = Budget(steps_max, seconds_max, memory_mb_max)
    drawn: list[Judged] = []

    def judge_one(file: Path) -> Verdict:
        judged = check(read_operations(file, format_, keyed=keyed), find_model(model_name), budget)
        told = verdict(judged)
        if picture is not None:
            from harness.consistency.linearizability.picture import Judged

            drawn.append(Judged(str(file), told, judged.violation))
        return told

    code = judge_each(files, judge_one)
    if picture is not None:
        from harness.consistency.linearizability.picture import render

        picture.write_text(render(drawn), "utf-8")
    return code


judge.add_command(bank)
judge.add_command(stream_anomalies)


def _checker(kind: str) -> click.Command | None:
    from harness.registry import CHECKERS

    if kind not in CHECKERS.kinds():
        return None

    @click.command(name=kind, help=CHECKERS.find(kind).__doc__)
    @click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
    def run(folders: Sequence[Path]) -> int:
        from harness.recheck import judge_saved

        return judge_each(folders, lambda folder: judge_saved(folder, kind))

    return run
