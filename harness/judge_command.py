"""The command `harness judge`: one judge on recorded histories, of ours or of others."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import InvalidInput

if TYPE_CHECKING:
    from harness.consistency.linearizability.picture import Judged
    from harness.verdict import Verdict

INVALID = 4
FORMATS = ("jepsen-log", "edn", "jsonl")
OWN = {
    "linearizable": "One order of the operations, true to their times, explains all that was seen.",
}
"""The judges of histories that may be of others, each with what it claims."""


def _list(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        for name, claim in _judges():
            click.echo(f"{name:<20} {claim}")
        context.exit()


def _judges() -> Iterator[tuple[str, str]]:
    from harness.registry import CHECKERS

    yield from OWN.items()
    for kind in CHECKERS.kinds():
        yield kind, " ".join((CHECKERS.find(kind).__doc__ or "").partition("\n\n")[0].split())


class Judges(click.Group):
    """Its commands, and one for each checker that scenarios can name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _checker(cmd_name)


@click.group(cls=Judges)
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="Name every judge.")
def judge() -> None:
    """Judge recorded histories, a line a file.

    Besides the commands below, every checker that `--list` names judges the folders of runs: harness judge availability
    reports/canary/20300101-000000. The exit code is that of the worst: 1 if any failed, else 4 if one could not be
    read, else 2 if one is unknown.
    """


def histories(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the arguments of all that judges histories of operations."""
    for option in (
        click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: what the file's name says."),
        click.option("--keyed", is_flag=True, help="Values are [key value], as jepsen.independent makes them."),
    ):
        command = option(command)
    return command


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


def judge_each(files: Sequence[Path], judge_one: Callable[[Path], Verdict]) -> int:
    """A line a file, and the exit code of them all. What cannot be read is told, and the others judged all the same."""
    from harness.verdict import worst

    verdicts: list[Verdict] = []
    unread = False
    for file in files:
        began = time.perf_counter()
        try:
            told = judge_one(file)
        except InvalidInput as error:
            unread = True
            where = "" if error.file is not None else f"{file}: " if error.line is None else f"{file}:{error.line}: "
            click.echo(f"harness: {where}{error}", err=True)
            continue
        verdicts.append(told)
        click.echo(f"{told.status.word:<8}{time.perf_counter() - began:>8.3f} s  {file}: {told.reason}")
    merged = worst(verdicts)
    return INVALID if unread and merged.word != "fail" else merged.exit_code
