"""What the checks share: how two values are compared, and how what was found becomes a verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.upcasters.observations import Observations
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

SHOWN_LETTERS_MAX = 160


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are one. 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right, strict=True))
    return bool(left == right)


def shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHOWN_LETTERS_MAX else f"{text[: SHOWN_LETTERS_MAX - 1]}…"


def evidence(title: str, columns: Sequence[str], records: Sequence[tuple[Cell, ...]]) -> Evidence:
    return Evidence(title, tuple(columns), tuple(records[:EVIDENCE_RECORDS_MAX]), len(records))


def failed(check: str, reason: str, found: Evidence, figures: Mapping[str, Cell]) -> Verdict:
    return Verdict(check, Status.FAIL, reason, figures, (found,))


def untried(check: str, seen: Observations, figures: Mapping[str, Cell]) -> Verdict | None:
    """Unknown if there are versions that no upcaster was tried on, because there was no event of them."""
    left = seen.untried()
    if not left:
        return None
    event_type, version = left[0]
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    reason = f"There was no event of {event_type} {version}{more} to try: record some, or give their schemas."
    found = evidence("versions without an event", ("type", "version"), left)
    return Verdict(check, Status.UNKNOWN, reason, figures, (found,))
