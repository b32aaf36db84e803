"""Lines of JSON Pointers, held against texts whose lines are known."""

from __future__ import annotations

import pytest

from harness.schemas.places import line_of

TEXT = """\
{"type": "record", "name": "Order",

 "fields": [
   {"name": "id", "type": "string", "doc": "a } in { a [ text, and \\" too"},
   {"name": "a/b~c",
    "type": [
      "null",
      {"type": "array", "items": "long"}]}
 ],
 "type": "again"
}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1),
        ("/name", 1),
        ("/fields", 3),
        ("/fields/0", 4),
        ("/fields/0/type", 4),
        ("/fields/1", 5),
        ("/fields/1/type", 6),
        ("/fields/1/type/0", 7),
        ("/fields/1/type/1/items", 8),
    ],
)
def test_a_value_is_found_on_its_line(pointer: str, line: int) -> None:
    assert line_of(TEXT, pointer) == line


@pytest.mark.parametrize(("pointer", "line"), [("/fields/7/type", 3), ("/fields/1/default", 5), ("/name/x", 1)])
def test_what_is_not_there_is_on_the_line_of_what_would_hold_it(pointer: str, line: int) -> None:
    assert line_of(TEXT, pointer) == line


def test_of_two_members_with_one_name_the_last_counts_as_it_does_for_parsers() -> None:
    assert line_of(TEXT, "/type") == 10


def test_a_pointer_is_unescaped() -> None:
    assert line_of('{"a/b":\n {"~":\n 1}}', "/a~1b/~0") == 3


def test_empty_objects_and_arrays_hold_nothing() -> None:
    assert line_of('\n{"a": {}, "b": []}', "/b/0") == 2


def test_a_scalar_holds_nothing() -> None:
    assert line_of('\n\n"int"', "/type") == 3
