"""The command `harness upcasters`: are upcasters total, valid, coherent, idempotent, pure and lossless?"""

# ruff: noqa: PLC0415 (what is heavy is imported when the command runs)

from __future__ import annotations

import os
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def upcasters() -> None:
    """Check the functions that make events of the newest version from stored ones."""


@upcasters.command()
@click.argument("target", metavar="MODULE_OR_FILE[:NAME]")
@click.option("--schemas", type=FOLDER, help="Schemas of the versions: FOLDER/<event type>/<version>.json.")
@click.option("--events", type=FILE, help="Recorded events: a JSON object a line, with type, version and data.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave out a check, by its name; may be repeated.")
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds of processor time for one event.",
)
def check(target: str, schemas: Path | None, events: Path | None, skip: tuple[str, ...], time_limit_s: float) -> int:
    """Try upcasters on recorded events, and on events that are made from schemas; the worst verdict is the exit code.

    MODULE_OR_FILE has a registry (harness.upcasters.Upcasters, NAME if there are several), or event classes of the
    library eventsourcing. It is loaded in processes of its own.
    """
    from harness.errors import InvalidInput
    from harness.reporting.verdict_text import render_verdicts
    from harness.servers import cache_folder
    from harness.toml_reader import nearest
    from harness.upcasters.checks import CHECKS, judge
    from harness.upcasters.events import Recorded, read_events
    from harness.upcasters.schemas import Schemas, read_schemas
    from harness.upcasters.trials import try_upcasters
    from harness.upcasters.user_code.process import Limits
    from harness.verdict import worst

    for name in skip:
        if name not in CHECKS:
            raise InvalidInput(f"there is no check {name!r}; {nearest(name, CHECKS)}")
    # Otherwise Hypothesis makes a folder where it is run.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache_folder() / "hypothesis"))
    seen = try_upcasters(
        target,
        Recorded() if events is None else read_events(events),
        Schemas() if schemas is None else read_schemas(schemas),
        Limits(processor_s=time_limit_s),
    )
    verdicts = judge(seen, frozenset(skip))
    click.echo(render_verdicts(verdicts))
    return worst(verdicts).exit_code
