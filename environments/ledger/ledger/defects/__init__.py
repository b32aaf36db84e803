"""Defects as real systems have them, each a code path of its own, wired in at the start of a process.

A module here is named like its variant (`ack-before-commit`: ack_before_commit.py) and has a function for each
process that it changes: `service`, `projector` or `migrations`, from that process's Parts to other Parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TypeVar

Parts = TypeVar("Parts")


def install(process: str, parts: Parts, variants: Iterable[str]) -> Parts:
    """Raises ModuleNotFoundError for a variant that does not exist."""
    for variant in variants:
        module = import_module(f"{__name__}.{variant.replace('-', '_')}")
        change = getattr(module, process, None)
        if change is not None:
            parts = change(parts)
    return parts
