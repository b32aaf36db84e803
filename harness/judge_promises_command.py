"""The commands of promises that histories of operations are held to, one each."""

# ruff: noqa: PLC0415 (imports wait for the command that needs them)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.judge_files import histories, judge_each

if TYPE_CHECKING:
    from harness.consistency.promises import Promise


@click.command()
@histories
@click.option("--total", type=int, help="What all balances come to. Default: that of the first read.")
def bank(files: Sequence[Path], format_: str | None, keyed: bool, total: int | None) -> int:
    """Every read of all accounts shows the same total, and no balance below zero.

    Operations: transfer; read → a map from accounts to balances.
    """
    from harness.consistency.objects import bank as promise

    return _judge(promise(total), files, format_, keyed)


def promise_command(name: str) -> click.Command | None:
    from harness.consistency.catalogue import BY_NAME

    promise = BY_NAME.get(name)
    if promise is None:
        return None

    @click.command(name=name, help=f"{promise.claim}\n\nOperations: {', '.join(promise.names)}.")
    @histories
    def run(files: Sequence[Path], format_: str | None, keyed: bool) -> int:
        return _judge(promise, files, format_, keyed)

    return run


def _judge(promise: Promise, files: Sequence[Path], format_: str | None, keyed: bool) -> int:
    from harness.consistency.reading import read_operations

    return judge_each(files, lambda file: promise.judge(read_operations(file, format_, keyed=keyed)))
