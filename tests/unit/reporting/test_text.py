from __future__ import annotations

import pytest

from harness.reporting import text
from harness.verdict import Cell


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (0.12345, "0.1235"), (3.0, "3"), (812.44, "812.4"), (100000.0, "100\u202f000"), (1e-9, "1.0e-09")],
)
def test_decimals(number: float, shown: str) -> None:
    assert text.decimal(number) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100"),
        (0.0, "0"),
        (0.5, "50"),
        (0.992075, "99.21"),
        (0.99997, "99.997"),
        (0.00003, "0.003"),
        (1 - 1e-12, ">\u202f99.999999"),
        (1e-12, "<\u202f0.000001"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, shown: str) -> None:
    assert text.percent(share) == f"{shown}\u202f%"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("p99_ms", 812.44, ("p99", "812.4\u202fms")),
        ("p99_ms_max", 1000.0, ("p99 max", "1\u202f000\u202fms")),
        ("error_rate_2.0", 0.05, ("error rate 2.0", "5\u202f%")),
        ("rate_per_s", 200.0, ("rate per s", "200")),
        ("requests", 1200000, ("requests", "1\u202f200\u202f000")),
        ("compare", True, ("compare", "yes")),
        ("slo_met_s", None, ("slo met s", text.NONE)),
        ("s", 3, ("s", "3")),
    ],
)
def test_figures_wear_their_units(name: str, value: Cell, shown: tuple[str, str]) -> None:
    assert text.figure(name, value) == shown


def test_what_was_not_measured_is_a_dash() -> None:
    assert text.seconds(None) == text.milliseconds(None) == text.cell(None) == text.decimal(float("nan")) == text.NONE
