"""The command `harness replay`: recorded streams through versions of the code."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.replay.compare import Ignored
    from harness.replay.engines import Engine
    from harness.streams.scrubbing.rules import Rules
    from harness.verdict import Verdict

ABOVE_0 = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--version",
    "versions",
    multiple=True,
    required=True,
    metavar="NAME=COMMAND",
    help="A version: a command that speaks the protocol ({helper} is the shipped helper), or a .toml file.",
)
@click.option("--ignore", "ignored", multiple=True, metavar="POINTER", help="A place of the state that may differ.")
@click.option("--whole", is_flag=True, help="All events make one state, as of a read model; not a state a stream.")
@click.option("--rollback-to", metavar="NAME", default="", help="Say whether a rollback to this version may start.")
@click.option("--commute", "commuting", multiple=True, metavar="TYPE,TYPE", help="Types of events that commute.")
@click.option("--shred", metavar="RULES", type=click.Path(path_type=Path), help="What a destroyed key would hide.")
@click.option("--hidden", multiple=True, metavar="POINTER", help="A place of the state that comes from that.")
@click.option("--without", multiple=True, metavar="PROPERTY", help="Do not judge this.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--address", default="local", show_default=True, help="Of the Ray cluster; `local` makes one.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--shared", type=click.Path(file_okay=False, exists=True, path_type=Path), help="For Ray's workers.")
@click.option("--timeout", "answer_s", type=ABOVE_0, default=30.0, show_default=True, help="Seconds until it hangs.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def replay(
    recording: Path,
    versions: tuple[str, ...],
    ignored: tuple[str, ...],
    whole: bool,
    rollback_to: str,
    commuting: tuple[str, ...],
    shred: Path | None,
    hidden: tuple[str, ...],
    without: tuple[str, ...],
    engine: str,
    address: str,
    workers: int,
    shared: Path | None,
    answer_s: float,
    as_json: bool,
) -> int:
    """Replay recorded streams through versions of your code, and compare the states.

    RECORDING is a .jsonl or .parquet file, or a folder of them. The first version is the one that others are compared
    with. A version that crashes or hangs on an event is told with it, and started again for the rest.
    """
    from harness.replay.plan import Plan
    from harness.replay.process import Limits
    from harness.replay.replaying import replay as replay_all
    from harness.replay.versions import parse_version
    from harness.streams.files import open_recording
    from harness.verdict import worst

    plan = Plan(
        versions=tuple(parse_version(text) for text in versions),
        limits=Limits(answer_s=answer_s),
        ignored=_places(ignored, "--ignore"),
        rollback_to=rollback_to,
        commuting=tuple(frozenset(types.split(",")) for types in commuting),
        shredding=_rules(shred) if shred is not None else None,
        hidden=_places(hidden, "--hidden"),
        without=frozenset(without),
    )
    judged = replay_all(plan, open_recording(recording), _engine(engine, address, workers), whole=whole, shared=shared)
    if as_json:
        import json

        click.echo(json.dumps([_document(verdict) for verdict in judged.verdicts], indent=2))
    else:
        from harness.reporting.verdict_text import render_verdicts

        click.echo(render_verdicts(judged.verdicts))
    return worst(judged.verdicts).exit_code


def _document(verdict: Verdict) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(verdict), "status": verdict.status.word}


def _places(pointers: tuple[str, ...], option: str) -> Ignored:
    from harness.errors import InvalidInput
    from harness.replay.compare import Ignored

    try:
        return Ignored.parse(pointers)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}") from error


def _rules(file: Path) -> Rules:
    from harness.streams.scrubbing.rules import Rules
    from harness.toml_reader import Table
    from harness.toml_values import build

    table = Table.read(file)
    table.expect(("scrub",))
    return build(Rules, table.table("scrub"))


def _engine(name: str, address: str, workers: int) -> Engine:
    from harness.replay.engines import Local, Ray

    return Ray(address, workers) if name == "ray" else Local(workers)
