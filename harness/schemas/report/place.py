"""The file and line that a decision's path stands for, where the difference shows in a review."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.schemas.places import line_of


@dataclass(frozen=True)
class Place:
    file: Path
    line: int
    """Counted from 1; 1 where nothing better is known."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def place_of(file: Path, path: str) -> Place:
    """`path` is a JSON Pointer, or a dotted name in a text of declarations."""
    text = file.read_bytes().decode("utf-8-sig", "replace")
    if not path:
        return Place(file, 1)
    return Place(file, line_of(text, path) if path.startswith("/") else _line_of_name(text, path))


def _line_of_name(text: str, name: str) -> int:
    """Of `Order.Item.amount`: the word amount after the word Item after the word Order, as far as they are there."""
    at = 0
    for word in name.split("."):
        match = re.compile(rf"\b{re.escape(word)}\b").search(text, at)
        if match:
            at = match.start()
    return text.count("\n", 0, at) + 1
