"""What numbers a value may hold. Values check themselves with these, so that TOML and Python are held to the same.

Each takes the fields by name; the message begins with the field's name, by which a reader of TOML finds its line.
"""

from __future__ import annotations

from math import inf


def positive(**numbers: float | None) -> None:
    """Raises ValueError unless each is above 0 and finite; None stands for "not given" and is let through."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < inf:
            raise ValueError(f"{name} must be more than 0, not {number:g}")


def not_negative(**numbers: float | None) -> None:
    """Raises ValueError unless each is 0 or more, and finite."""
    for name, number in numbers.items():
        if number is not None and not 0 <= number < inf:
            raise ValueError(f"{name} must be 0 or more, not {number:g}")


def fraction(**numbers: float | None) -> None:
    """Raises ValueError unless each lies from 0 to 1: a share, such as 0.05 for 5 %."""
    for name, number in numbers.items():
        if number is not None and not 0 <= number <= 1:
            raise ValueError(f"{name} must be from 0 to 1 (0.05 is 5 %), not {number:g}")


def percent(**numbers: float | None) -> None:
    """Raises ValueError unless each lies from 0 to 100."""
    for name, number in numbers.items():
        if number is not None and not 0 <= number <= 100:
            raise ValueError(f"{name} must be from 0 to 100, not {number:g}")
