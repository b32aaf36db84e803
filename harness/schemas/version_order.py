"""The order of versions: numbers as numbers, a pre-release before its release, as semantic versioning has it."""

from __future__ import annotations

import re
from typing import TypeAlias

Key: TypeAlias = tuple[int, tuple[tuple[int, int, str], ...], int, tuple[tuple[int, int, str], ...]]

_SEMANTIC = re.compile(r"[vV]?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?", re.ASCII)
_PIECES = re.compile(r"\d+|[^\d.]+", re.ASCII)


def version_key(version: str) -> Key:
    """Sorts `2` before `10`, `v1.9` before `1.10`, `2.0-rc1` before `2.0`; 1 and 1.0 are the same version.

    What is no number comes last, in the order of its texts and of the numbers within.
    """
    match = _SEMANTIC.fullmatch(version)
    if match is None:
        return 1, _pieces(version), 1, ()
    numbers = match[1].split(".")
    while len(numbers) > 1 and int(numbers[-1]) == 0:
        numbers.pop()
    release = tuple((0, int(number), "") for number in numbers)
    return 0, release, 0 if match[2] else 1, _pieces(match[2] or "")


def _pieces(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in _PIECES.findall(text))
