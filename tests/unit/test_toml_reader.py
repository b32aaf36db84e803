from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InvalidInput, Unsupported
from harness.toml_reader import Source, Table, nearest

DOCUMENT = """\
# a comment
title = "x"

many = [
    1,
    2,
]
text = '''
[inner]
key = 1
'''

[outer]
a.b = true

  [outer.inner]
  "odd key" = 1

[[item]]
name = "first"

[[item]]
# about the second
name = "second"
point = { x = 1, y = 2 }
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 2),
        (("many",), 4),
        (("text",), 8),
        (("outer",), 13),
        (("outer", "a", "b"), 14),
        (("outer", "inner"), 16),
        (("outer", "inner", "odd key"), 17),
        (("item", 0), 19),
        (("item", 1), 22),
        (("item", 1, "name"), 24),
        (("item", 1, "point", "y"), 25),
        (("inner",), None),
        (("absent",), None),
    ],
)
def test_the_line_of_a_key_is_where_its_statement_begins(keys: tuple[str | int, ...], line: int | None) -> None:
    assert Source(Path("x.toml"), DOCUMENT).line(keys) == line


def write(folder: Path, text: str) -> Table:
    file = folder / "some.toml"
    file.write_text(text)
    return Table.read(file)


def test_values_are_handed_out_by_type(tmp_path: Path) -> None:
    table = write(tmp_path, 'a = "x"\nc = 3\nd = ["p", "q"]\n[e]\nf = 1\n[[g]]\nh = 1\n')
    assert (table.text("a"), table.number("c"), table.texts("d")) == ("x", 3.0, ("p", "q"))
    assert table.table("e").number("f") == 1
    assert [each.number("h") for each in table.tables("g")] == [1]
    assert table.text("absent", "default") == "default"
    assert table.table("absent").names() == ()


@pytest.mark.parametrize(
    ("text", "ask", "message"),
    [
        ("\na = 1", lambda t: t.text("a"), "some.toml:2: a must be a text, not a whole number"),
        ("a = true", lambda t: t.number("a"), "some.toml:1: a must be a number, not true or false"),
        ("a = ['x', 1]", lambda t: t.texts("a"), "some.toml:1: a must hold texts only, not a whole number"),
        ("a = 1979-05-27", lambda t: t.text("a"), "some.toml:1: a must be a text, not a date or time"),
        ("b = 1\n[a]\n", lambda t: t.tables("a"), "some.toml:2: a must be an array of tables: [[a]], not a table"),
        ("a = [1]", lambda t: t.tables("a"), "some.toml:1: a must be an array of tables, but holds a whole number"),
        ("a = 1", lambda t: t.table("a"), "some.toml:1: a must be a table, not a whole number"),
        ("[a.b]\n", lambda t: t.table("a").table("b").text("c"), "some.toml:1: 'c' is missing in [a.b]"),
        ("", lambda t: t.text("c"), "some.toml: 'c' is missing"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(tmp_path: Path, text: str, ask: object, message: str) -> None:
    assert callable(ask)
    with pytest.raises(InvalidInput) as caught:
        ask(write(tmp_path, text))
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_a_key_that_is_not_expected_is_refused_with_the_nearest(tmp_path: Path) -> None:
    table = write(tmp_path, "[a]\nrate_per_s = 1\nrate_pre_s = 2\n").table("a")
    with pytest.raises(
        InvalidInput, match=r"some.toml:3: unknown key 'rate_pre_s' in \[a\]; did you mean 'rate_per_s'"
    ):
        table.expect(["rate_per_s", "users"])


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = = 2\n", 2), ("a = 1\na = 2\n", 2), ('a = 1\nb = """x\n\n', 3), ("a = [\n1,\n", 2)]
)
def test_what_is_not_toml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(InvalidInput, match=f"some.toml:{line}: is not TOML: ") as caught:
        write(tmp_path, text)
    assert caught.value.line == line


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"absent.toml: cannot be read: No such file"):
        Table.read(tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidInput, match=r"bytes.toml: is not UTF-8"):
        Table.read(tmp_path / "bytes.toml")


def test_blame_points_at_a_key_and_keeps_the_kind_of_error(tmp_path: Path) -> None:
    table = write(tmp_path, "a = 1\nb = 2\n")
    with pytest.raises(Unsupported, match=r"some.toml:2: cannot"), table.blame("b"):
        raise Unsupported("cannot")
    with pytest.raises(InvalidInput, match=r"^other.toml:7: wrong$"), table.blame("b"):
        raise InvalidInput("wrong", file=Path("other.toml"), line=7)


def test_nearest() -> None:
    assert nearest("canray", ["canary", "rolling"]) == "did you mean 'canary'?"
    assert nearest("rate", ["write", "rate_per_s"]) == "did you mean 'rate_per_s'?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", []) == "none are known here"
