"""When the collector looks, and at what."""

from __future__ import annotations

import gc

import pytest

from harness.garbage import sparing_what_was_before, uncollected


def test_what_was_there_before_is_not_looked_at_until_the_end() -> None:
    held: list[int] = []
    with sparing_what_was_before():
        since: list[int] = []
        looked_at = {id(each) for each in gc.get_objects()}
        assert id(since) in looked_at
        assert id(held) not in looked_at
    assert id(held) in {id(each) for each in gc.get_objects()}


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ValueError, match="broken"), sparing_what_was_before():
        raise ValueError("broken")
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_before_once_nothing_is_to_be_collected_any_more(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
        with pytest.raises(ValueError, match="broken"), uncollected():
            raise ValueError("broken")
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
