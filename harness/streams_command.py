"""The command `harness streams`: recordings of events are made, looked at and turned into other formats."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.streams.census import Census
    from harness.streams.event import BrokenRecord

RECORDING = click.Path(path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
SHOWN_BROKEN_MAX = 20
INCOMPLETE = 2
"""Exit code where something could not be read, as of a verdict `unknown`."""


@click.group()
def streams() -> None:
    """Record event streams, with personal data scrubbed; look at recordings, and convert them.

    Recordings are JSON lines (.jsonl) or Parquet (.parquet).
    """


@streams.command()
@click.argument("plan", type=FILE)
@click.option("--out", "target", type=FILE, required=True, help="The recording: a .jsonl or .parquet file.")
@click.option("--url", help="The source's address, in place of the one in PLAN.")
def record(plan: Path, target: Path, url: str | None) -> int:
    """Record a sample of a live store or broker, as the file PLAN says, scrubbed before it is written.

    Exit code 2 if the source holds records that are no events.
    """
    from harness.streams import recorder

    recorded = recorder.record(recorder.read_plan(plan, url), target)
    click.echo(f"{recorded.events} events recorded in {target}")
    return _complain(recorded.broken)


@streams.command()
@click.argument("recording", type=RECORDING)
@click.option("--events", "count", type=click.IntRange(min=0), default=0, help="Also print the first events.")
def show(recording: Path, count: int) -> int:
    """Say what a recording holds: types and versions, streams, what is broken, missing or there twice.

    Exit code 1 if a stream has a hole or a position twice, else 2 if a record is broken or nothing is there.
    """
    from itertools import islice

    from harness.plain_text import printable
    from harness.streams.census import take_census
    from harness.streams.files import open_recording
    from harness.streams.jsonlines import render

    opened = open_recording(recording)
    census = take_census(opened)
    click.echo(_described(census))
    for event in islice(opened.events(lambda _: None), count):  # they are told below
        click.echo(printable(render(event).decode()), nl=False)
    return _complain(census.broken) if census.positions.status.exit_code == 0 else census.positions.status.exit_code


@streams.command()
@click.argument("recording", type=RECORDING)
@click.argument("target", type=FILE)
def convert(recording: Path, target: Path) -> int:
    """Write a recording in the format that the name TARGET says.

    What is broken is told and left out, and the exit code is then 2.
    """
    from harness.streams.files import open_recording, write_recording

    broken: list[BrokenRecord] = []
    count = write_recording(target, open_recording(recording).events(broken.append))
    click.echo(f"{count} events written to {target}")
    return _complain(broken)


def _described(census: Census) -> str:
    from harness.plain_text import printable
    from harness.reporting.verdict_text import render_verdicts

    lines = [
        f"{census.events} events in {census.streams} streams",
        f"{'events':>12}{'bytes':>14}{'largest':>12}  type, version",
    ]
    lines += [
        f"{kind.events:>12}{kind.bytes:>14}{kind.bytes_max:>12}  {printable(kind.type)}, {kind.version}"
        for kind in census.kinds
    ]
    return "\n".join((*lines, render_verdicts([census.positions])))


def _complain(broken: Sequence[BrokenRecord]) -> int:
    """The exit code."""
    for each in broken[:SHOWN_BROKEN_MAX]:
        click.echo(f"harness: {each}", err=True)
    if len(broken) > SHOWN_BROKEN_MAX:
        click.echo(f"harness: and {len(broken) - SHOWN_BROKEN_MAX} more are broken", err=True)
    return INCOMPLETE if broken else 0
