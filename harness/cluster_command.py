"""The command `harness cluster`: Kubernetes clusters that are kept from one run to the next."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.drivers.kubernetes.cluster.kind import KindCluster

DEFAULT = "kept"
SETTINGS = Path("environments", "kind.yaml")


@click.group()
def cluster() -> None:
    """Make, list and remove clusters for the driver kind.

    A run that finds no cluster makes one for itself, which takes a minute, and removes it. One that was made here is
    used by every run, each in a namespace of its own, until it is removed here.
    """


@cluster.command()
@click.argument("name", default=DEFAULT)
@click.option(
    "--config",
    "settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"kind's own configuration.  [default: {SETTINGS}, where that is]",
)
def up(name: str, settings: Path | None) -> None:
    """Make a cluster, unless it is there; returns when all of its nodes are ready."""
    from harness.drivers.kubernetes.cluster import kind
    from harness.errors import InvalidInput
    from harness.supervisor import Supervisor, scratch_folder

    began = time.monotonic()
    full = kind.full_name(name)
    known = next((each for each in kind.clusters() if each.name == full), None)
    if known is not None and not known.kept:
        remedy = "`harness sweep` removes it" if known.abandoned else "wait until it is there"
        raise InvalidInput(f"{full} is being made by another process ({known.owner}); {remedy}")
    if known is not None:
        kind.await_ready(known)
        click.echo(f"{full} is there already\n{_use(known)}")
        return
    scratch = scratch_folder(full)
    with Supervisor(full, scratch) as spawner:
        chosen = settings or (SETTINGS if SETTINGS.is_file() else None)
        made = kind.create(full, chosen, spawner, scratch / "cluster.log", keep=True)
    click.echo(f"{full} is ready after {time.monotonic() - began:.0f} s\n{_use(made)}")


@cluster.command()
@click.argument("name", default=DEFAULT)
@click.option("--all", "everything", is_flag=True, help="All clusters that the harness made.")
def down(name: str, everything: bool) -> None:
    """Remove a cluster, with all that runs in it."""
    from harness.drivers.kubernetes.cluster import kind
    from harness.errors import InvalidInput

    there = kind.clusters()
    unwanted = there if everything else [each for each in there if each.name == kind.full_name(name)]
    if not unwanted and not everything:
        names = ", ".join(each.name for each in there) or "none"
        raise InvalidInput(f"there is no cluster {kind.full_name(name)!r}; there are: {names}")
    for each in unwanted:
        began = time.monotonic()
        kind.delete(each)
        click.echo(f"{each.name} was removed in {time.monotonic() - began:.0f} s")


@cluster.command(name="list")
def list_() -> None:
    """List the clusters that the harness made, and for whom."""
    from harness.drivers.kubernetes.cluster import kind

    there = kind.clusters()
    for each in there:
        click.echo(f"{each.name:<40} {_purpose(each)}")
    if not there:
        click.echo("There is no cluster; `harness cluster up` makes one.")


def _use(made: KindCluster) -> str:
    return f"kubectl --kubeconfig {made.kubeconfig} get nodes"


def _purpose(each: KindCluster) -> str:
    if each.kept:
        return "kept until `harness cluster down`"
    state = "its harness is dead: `harness sweep` removes it" if each.abandoned else "its harness lives"
    return f"of one run; {state}"
