from __future__ import annotations

import pytest

from harness.replay.compare import Difference, Ignored, differences


def found(first: str, second: str, *ignored: str) -> list[Difference]:
    return list(differences(first.encode(), second.encode(), Ignored.parse(ignored)))


def test_equal_states_do_not_differ_however_they_are_written() -> None:
    assert found('{"a":1,"b":[1.5,null]}', '{ "b": [1.5, null], "a": 1 }') == []


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ("1", "2", Difference("", "1", "2")),
        ('{"a":{"b/c~d":1}}', '{"a":{"b/c~d":2}}', Difference("/a/b~1c~0d", "1", "2")),
        ('{"a":1}', "{}", Difference("/a", "1", "(absent)")),
        ("[1]", "[1,2]", Difference("/1", "(absent)", "2")),
        ("1", "1.0", Difference("", "1", "1.0")),
        ("1", "true", Difference("", "1", "true")),
        ('"1"', "1", Difference("", '"1"', "1")),
        ("null", "{}", Difference("", "null", "{}")),
        ("[]", "{}", Difference("", "[]", "{}")),
    ],
)
def test_a_difference_is_told_with_its_place(first: str, second: str, difference: Difference) -> None:
    assert found(first, second) == [difference]


def test_places_can_be_ignored() -> None:
    first, second = '{"a":[{"at":1,"b":1},{"at":2,"b":2}]}', '{"a":[{"at":3,"b":1},{"at":4,"b":3}]}'
    assert found(first, second, "/a/*/at") == [Difference("/a/1/b", "2", "3")]
    assert found(first, second, "/a") == []
    with pytest.raises(ValueError, match="'a' is no JSON Pointer"):
        found(first, second, "a")


def test_long_values_are_cut() -> None:
    [difference] = found('"' + "x" * 1000 + '"', "1")
    assert len(difference.first) == 201
