"""The command `harness`. Exit codes: 0 pass, 1 fail, 2 unknown, 3 the harness itself broke, 4 the input is invalid.

Everything heavy is imported by the command that needs it, so that `harness --help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from harness import __version__
from harness.cluster_command import cluster
from harness.errors import HarnessError
from harness.judge_command import judge
from harness.replay_command import replay
from harness.schema_command import schema
from harness.streams_command import streams
from harness.upcasters_command import upcasters

if TYPE_CHECKING:
    from harness.reporting.terminal import Display
    from harness.scenario import Scenario
    from harness.scenario_file import Overrides

BROKEN, INVALID, INTERRUPTED, TERMINATED = 3, 4, 130, 143
DEBUG = "HARNESS_DEBUG"
FILE = click.Path(dir_okay=False, path_type=Path)
ABOVE_0 = click.FloatRange(min=0, min_open=True)
FOLDER = click.Path(file_okay=False, path_type=Path)

Command = TypeVar("Command", bound=Callable[..., object])


# ── one way in, one way out ──────────────────────────────────────────────────────────────────────────────────────


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit. An error is one message on stderr; HARNESS_DEBUG=1 shows where it comes from."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = cli.main(None if arguments is None else list(arguments), prog_name="harness", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(INVALID)
    except click.ClickException as error:
        _complain(error.format_message())
        sys.exit(INVALID)
    except HarnessError as error:
        _complain("\n".join((str(error), *getattr(error, "__notes__", ()))))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Who read our output is gone. Without this Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN)
    except Exception as error:  # noqa: BLE001 (Python would exit with 1, which says that the system failed)
        _complain(f"broke: {type(error).__name__}: {error} ({DEBUG}=1 shows where)")
        sys.exit(BROKEN)
    sys.exit(code if isinstance(code, int) else 0)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like Ctrl-C, so that faults heal and nothing is left behind."""
    sys.exit(TERMINATED)


def _complain(message: str) -> None:
    if os.environ.get(DEBUG) == "1":
        traceback.print_exc()
    click.echo(f"harness: {message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    """Prove, before production, that a deployment has no downtime and that its rollback works.

    Exit codes: 0 pass, 1 fail, 2 unknown, 3 the harness itself broke, 4 the input is invalid.
    """


cli.add_command(cluster)
cli.add_command(schema)
cli.add_command(streams)
cli.add_command(replay)
cli.add_command(upcasters)
cli.add_command(judge)


# ── scenarios ────────────────────────────────────────────────────────────────────────────────────────────────────


def overriding(command: Command) -> Command:
    """Adds the options that say something else than the scenario's file."""
    for option in (
        click.option("--driver", metavar="NAME", help="Bring the environment up with this driver."),
        click.option("--seed", type=click.IntRange(min=0), help="Repeat the run that had this seed."),
        click.option("--to", "new", metavar="VERSION", help="Deploy this version instead, e.g. 2.0+slow."),
        click.option("--from", "old", metavar="VERSION", help="Start from this version instead."),
        click.option("--rate", "rate_per_s", type=ABOVE_0, help="Load with this many requests a second instead."),
    ):
        command = option(command)
    return command


def _use_context(_context: click.Context, _option: click.Parameter, name: str | None) -> None:
    """What a driver offers depends on it, so it must be known before a scenario is read."""
    if name is not None:
        os.environ["HARNESS_KUBE_CONTEXT"] = name


def _use_namespace(_context: click.Context, _option: click.Parameter, name: str | None) -> None:
    if name is not None:
        os.environ["HARNESS_KUBE_NAMESPACE"] = name


@cli.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@overriding
@click.option("--reports", type=FOLDER, default="reports", show_default=True, help="Where reports go.")
@click.option(
    "--context",
    metavar="NAME",
    expose_value=False,
    callback=_use_context,
    help="Use the Kubernetes cluster of this context of your kubeconfig, as HARNESS_KUBE_CONTEXT does.",
)
@click.option(
    "--namespace",
    metavar="NAME",
    expose_value=False,
    callback=_use_namespace,
    help="Use this empty namespace in place of one made for the run, as HARNESS_KUBE_NAMESPACE does.",
)
@click.option("--plain", is_flag=True, help="Plain lines, even on a terminal.")
@click.option("--quiet", is_flag=True, help="Only a line a verdict.")
def run(
    files: tuple[Path, ...],
    old: str | None,
    new: str | None,
    seed: int | None,
    driver: str | None,
    rate_per_s: float | None,
    reports: Path,
    plain: bool,
    quiet: bool,
) -> int:
    """Run scenarios and judge them; the worst verdict is the exit code.

    All files are read before anything is started. Scenarios that follow each other share their environment's servers.
    Ctrl-C heals the faults, keeps what was recorded and stops everything. SIGUSR1 aborts the deployment as an operator
    would: it is rolled back.
    """
    from harness.scenario_file import Overrides

    scenarios = _read(files, Overrides(driver, seed, old, new, rate_per_s))
    from harness.reporting.judgement import judge
    from harness.runner import open_session

    display = _display(plain, quiet)
    results = []
    with _abort_by_signal() as abort, open_session(reports, display, abort) as session:
        for scenario in scenarios:
            with display:
                result = session.run(scenario)
            results.append(result)
            if quiet:
                told = judge(result.verdicts)
                click.echo(f"{told.status.word:<8}{scenario.name}: {told.reason} {result.folder / 'report.html'}")
    return max(result.status for result in results).exit_code


def _display(plain: bool, quiet: bool) -> Display:
    from harness.reporting.terminal import PlainDisplay, SilentDisplay, choose_display

    if quiet:
        return SilentDisplay()
    return PlainDisplay(sys.stdout) if plain else choose_display(sys.stdout)


@contextmanager
def _abort_by_signal() -> Iterator[threading.Event]:
    """An event that SIGUSR1 sets: the operator wants the old version back."""
    abort = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: abort.set())
    try:
        yield abort
    finally:
        signal.signal(signal.SIGUSR1, before)


def _read(files: Sequence[Path], overrides: Overrides) -> list[Scenario]:
    from harness.scenario_file import read_scenario

    return [read_scenario(file, overrides) for file in files]


@cli.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@overriding
def plan(
    files: tuple[Path, ...],
    old: str | None,
    new: str | None,
    seed: int | None,
    driver: str | None,
    rate_per_s: float | None,
) -> None:
    """Print what a run would do, step by step. Nothing is started."""
    from harness.scenario_file import Overrides

    scenarios = _read(files, Overrides(driver, seed, old, new, rate_per_s))
    from harness.plan import plan as draw

    click.echo("\n".join(draw(scenario) for scenario in scenarios), nl=False)


@cli.command()
@click.argument("folder", type=FOLDER)
def check(folder: Path) -> int:
    """Judge the saved history of a run again, and say whether the verdict is the recorded one.

    FOLDER is the run's own: reports/<scenario>/<run id>.
    """
    from harness.explain import explain
    from harness.recheck import check_again

    again = check_again(folder)
    click.echo(explain(again.judged, folder))
    for difference in again.differences:
        click.echo(f"differs from the recorded verdict: {difference}")
    if not again.differences:
        click.echo("the same as recorded")
    return again.status.exit_code


@cli.command()
@click.argument("folder", type=FOLDER)
def explain(folder: Path) -> int:
    """Print the chain from a run's verdict to its raw records, and what of the evidence is missing.

    FOLDER is the run's own: reports/<scenario>/<run id>. The exit code is that of the verdict.
    """
    from harness.explain import chain
    from harness.reporting import json_report
    from harness.verdict import Status

    click.echo(chain(folder))
    return Status[json_report.read(folder / "verdict.json").status.upper()].exit_code


@cli.command()
@click.argument("url")
@click.option("--rate", "rate_per_s", type=ABOVE_0, required=True, help="Requests a second.")
@click.option("--duration", "duration_s", type=ABOVE_0, required=True, help="Seconds.")
@click.option("--method", default="GET", show_default=True)
@click.option("--body", default="", help="Sent with every request.")
@click.option("--connections", type=click.Choice(["kept", "new"]), default="kept", show_default=True)
@click.option("--arrivals", type=click.Choice(["poisson", "uniform"]), default="poisson", show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=64, show_default=True, help="Connections at most.")
@click.option("--timeout", "timeout_s", type=ABOVE_0, default=5.0, show_default=True, help="Seconds.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=FOLDER, help="Where the records are kept.  [default: reports/load/<time>]")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def load(
    url: str,
    rate_per_s: float,
    duration_s: float,
    method: str,
    body: str,
    connections: str,
    arrivals: str,
    users: int,
    timeout_s: float,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Load one URL of this machine on a schedule, and record every request."""
    from harness.load.command import Connections, run_alone
    from harness.scenario import Arrivals

    summary = run_alone(
        url,
        rate_per_s,
        duration_s,
        out or Path("reports", "load", f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"),
        method=method,
        connections=Connections(connections),
        body=body.encode(),
        arrivals=Arrivals(arrivals),
        users=users,
        timeout_s=timeout_s,
        seed=seed,
    )
    click.echo(summary.json() if as_json else summary.text())


# ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────────


@cli.command()
def sweep() -> None:
    """Undo and remove what runs left behind that ended in a power cut. Runs that live are left alone.

    Exit code 3 if something could not be undone.
    """
    from harness import sweep as sweeping

    swept = sweeping.sweep()
    click.echo(sweeping.render(swept))
    if swept.broken:
        raise click.exceptions.Exit(3)


@cli.command()
@click.option("--install", is_flag=True, help="Get toxiproxy, which no wheel has; needs Go.")
def doctor(install: bool) -> None:
    """Say which servers were found, what is missing, what that rules out and how to get it."""
    from harness import doctor as surgery

    if install:
        click.echo(surgery.install())
    click.echo(surgery.render(surgery.examine()))


@cli.command(name="list")
def list_() -> None:
    """List strategies, faults, checkers and drivers, with their options."""
    from harness import registry

    for group in registry.GROUPS:
        click.echo(group.entry_points.removeprefix("harness."))
        for kind in group.kinds():
            click.echo("\n".join(_described(group.find(kind), kind)))


def _described(cls: type, kind: str) -> Iterator[str]:
    from harness.toml_values import options

    told = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
    yield f"  {kind:<16} {told}".rstrip()
    if is_dataclass(cls):
        yield from (f"{'':<19}  {option}" for option in options(cls) if option.name not in ("kind", "name"))
