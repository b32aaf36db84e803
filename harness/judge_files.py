"""What all commands of `harness judge` have in common: files, one after the other, each with what was found."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import InvalidInput

if TYPE_CHECKING:
    from harness.verdict import Verdict

INVALID = 4
FORMATS = ("jepsen-log", "edn", "jsonl", "run")


def histories(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the arguments of all that judges histories of operations."""
    for option in (
        click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: what the file's name says."),
        click.option("--keyed", is_flag=True, help="Values are [key value], as jepsen.independent makes them."),
    ):
        command = option(command)
    return command


def judge_each(files: Sequence[Path], judge_one: Callable[[Path], Verdict]) -> int:
    """A line a file, and the exit code of them all. What cannot be read is told, and the others judged all the same."""
    return judge_by_all(files, lambda file: ((None, judge_one(file)),))


def judge_by_all(files: Sequence[Path], judges: Callable[[Path], Iterable[tuple[str | None, Verdict]]]) -> int:
    """The same with a line for each verdict on a file, under the name of its judge."""
    from harness.verdict import worst

    verdicts: list[Verdict] = []
    unread = False
    for file in files:
        began = time.perf_counter()
        try:
            for name, told in judges(file):
                verdicts.append(told)
                label = f"{file}:" if name is None else f"{file}: {name}:"
                click.echo(f"{told.status.word:<8}{time.perf_counter() - began:>8.3f} s  {label} {told.reason}")
                began = time.perf_counter()
        except InvalidInput as error:
            unread = True
            where = "" if error.file is not None else f"{file}: " if error.line is None else f"{file}:{error.line}: "
            click.echo(f"harness: {where}{error}", err=True)
    merged = worst(verdicts)
    return INVALID if unread and merged.word != "fail" else merged.exit_code
