"""Ways from version to version."""

from __future__ import annotations

import pytest

from harness.upcasters.catalog import WAYS_MAX, Catalog, Step


def catalog(*steps: tuple[int, int]) -> Catalog:
    return Catalog(tuple(Step("Moved", source, target) for source, target in steps))


def versions(found: Catalog, source: int, target: int) -> list[list[int]]:
    return [[step.target for step in way] for way in found.ways("Moved", source, target)]


def test_all_ways_are_found_those_of_short_steps_first() -> None:
    assert versions(catalog((1, 3), (1, 2), (2, 3)), 1, 3) == [[2, 3], [3]]


def test_there_is_a_way_of_no_steps_from_a_version_to_itself() -> None:
    assert versions(catalog((1, 2)), 2, 2) == [[]]


def test_there_is_none_over_a_gap() -> None:
    assert versions(catalog((1, 2), (3, 4)), 1, 4) == []


def test_ways_do_not_go_round_and_are_not_without_end() -> None:
    assert versions(catalog((1, 2), (2, 1), (2, 3)), 1, 3) == [[2, 3]]
    many = catalog(*((source, target) for target in range(2, 12) for source in range(1, target)))
    assert len(versions(many, 1, 11)) == WAYS_MAX


@pytest.mark.parametrize(
    ("steps", "cycle"),
    [(((1, 2), (2, 1)), [2, 1]), (((1, 1), (1, 2)), [1]), (((1, 2), (2, 2)), None), (((1, 2), (2, 3)), None)],
)
def test_a_cycle_is_found_and_a_normaliser_of_the_newest_is_none(
    steps: tuple[tuple[int, int], ...], cycle: list[int] | None
) -> None:
    newest = max(target for _, target in steps)
    found = catalog(*steps).cycle("Moved", newest)
    assert (None if found is None else [step.target for step in found]) == cycle
