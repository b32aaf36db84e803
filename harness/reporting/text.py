"""Numbers, times and foreign text as people read them; shared by every form a report takes."""

from __future__ import annotations

import math

from harness.verdict import Cell

NONE = "\u2013"
"""A dash, for what was not measured."""
NARROW_SPACE = "\u202f"

_UNITS = {"ms": "ms", "s": "s", "bytes": "bytes"}
_SHARES = {"rate", "share", "availability"}
_BOUNDS = {"max", "min"}


def count(number: int) -> str:
    """1234567 as 1 234 567, with spaces that do not break."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def decimal(number: float, digits: int = 4) -> str:
    """About `digits` significant digits, no trailing zeros; an exponent only where there is hardly anything."""
    if not math.isfinite(number):
        return NONE
    if abs(number) < 1e-6:
        return "0" if number == 0 else f"{number:.1e}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{places}f}".replace(",", NARROW_SPACE)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """A share of one, with two decimals, or more where it is close to all or nothing; never rounded to either."""
    if not math.isfinite(share):
        return NONE
    close = min(abs(share), abs(1 - share))
    places = 2 if close == 0 else min(max(2, math.ceil(-math.log10(close)) - 2), 6)
    text = f"{share * 100:.{places}f}".rstrip("0").rstrip(".")
    bound = ">" if share < 1 and text == "100" else "<" if share > 0 and text == "0" else ""
    if bound:
        text = f"{bound}{NARROW_SPACE}{'99.999999' if bound == '>' else '0.000001'}"
    return f"{text}{NARROW_SPACE}%"


def seconds(time_s: float | None) -> str:
    return NONE if time_s is None else f"{decimal(round(time_s, 3))}{NARROW_SPACE}s"


def milliseconds(time_ms: float | None) -> str:
    return NONE if time_ms is None else f"{decimal(time_ms, 3)}{NARROW_SPACE}ms"


def cell(value: Cell) -> str:
    """One value of a record."""
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return decimal(value, 6)
        case str():
            return value


def figure(name: str, value: Cell) -> tuple[str, str]:
    """A figure's label and its value with the unit that its name says: `p99_ms` 812.4 is `p99`, `812.4 ms`.

    A limit's unit stands before its `_max` or `_min`; what has a rate or a share in its name is a share of one.
    """
    words = name.split("_")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return " ".join(words), cell(value)
    if not _SHARES.isdisjoint(words) and "per" not in words:
        return " ".join(words), percent(value)
    number = count(value) if isinstance(value, int) else decimal(value)
    place = -2 if words[-1] in _BOUNDS else -1
    if len(words) < 2 or words[place] not in _UNITS or "per" in words:
        return " ".join(words), number
    unit = _UNITS[words.pop(place)]
    return " ".join(words), f"{number}{NARROW_SPACE}{unit}"
