from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import pytest

from harness.bounds import percent
from harness.errors import HarnessError, InvalidInput
from harness.toml_reader import Table
from harness.toml_values import build, options


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    weight: int = 0

    def __post_init__(self) -> None:
        percent(weight=self.weight)


@dataclass(frozen=True)
class Whole:
    """Every type that an option may have."""

    needs: ClassVar[frozenset[type]] = frozenset()

    word: str
    count: int = 1
    size: float = 1.0
    on: bool = False
    colour: Colour = Colour.RED
    file: Path | None = None
    limit: float | None = 5.0
    words: tuple[str, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    parts: tuple[Part, ...] = ()
    part: Part | None = Part(7)
    attributes: Mapping[str, int] = field(default_factory=dict)


def read(folder: Path, text: str) -> Whole:
    file = folder / "some.toml"
    file.write_text(text)
    return build(Whole, Table.read(file))


def test_every_type_of_option(tmp_path: Path) -> None:
    text = """
word = "w"
count = 2
size = 3
on = true
colour = "blue"
file = "sub/file.py"
limit = 1
words = ["a", "b"]
points = [[0, 1], [2.5, 3]]
parts = [{ weight = 1 }, {}]
part = { weight = 9 }
attributes = { latency = 100 }
"""
    whole = read(tmp_path, text)
    assert whole == Whole(
        word="w",
        count=2,
        size=3.0,
        on=True,
        colour=Colour.BLUE,
        file=tmp_path / "sub" / "file.py",
        limit=1.0,
        words=("a", "b"),
        points=((0.0, 1.0), (2.5, 3.0)),
        parts=(Part(1), Part(0)),
        part=Part(9),
        attributes={"latency": 100},
    )
    assert type(whole.size) is float


def test_what_is_left_out_takes_its_default_and_false_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, 'word = "w"') == Whole("w")
    assert read(tmp_path, 'word = "w"\nlimit = false\npart = false') == Whole("w", limit=None, part=None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count = 1", "some.toml: 'word' is missing"),
        ('word = "w"\ncuont = 1', "some.toml:2: unknown key 'cuont'; did you mean 'count'?"),
        ('word = "w"\nneeds = []', "some.toml:2: unknown key 'needs'"),
        ('word = "w"\ncount = 1.5', "some.toml:2: count must be a whole number, not a number"),
        ('word = "w"\ncount = true', "some.toml:2: count must be a whole number, not true or false"),
        ('word = "w"\non = 1', "some.toml:2: on must be true or false, not a whole number"),
        ('word = "w"\ncolour = "bleu"', "some.toml:2: colour must be one of red, blue, not 'bleu'"),
        ('word = "w"\nwords = "a"', "some.toml:2: words must be an array, not a text"),
        ('word = "w"\nwords = ["a", 1]', "some.toml:2: words must be a text, not a whole number"),
        ('word = "w"\npoints = [[1, 2, 3]]', "some.toml:2: points must hold 2 values, not 3"),
        ('word = "w"\nattributes = { a = "x" }', "some.toml:2: a must be a whole number, not a text"),
        ('word = "w"\npart = 5', "some.toml:2: part must be a table, not a whole number"),
        ('word = "w"\nparts = [\n{ weight = 101 }]', "some.toml:2: weight must be from 0 to 100, not 101"),
        ('word = "w"\n[[parts]]\n[[parts]]\nwieght = 1', "some.toml:4: unknown key 'wieght' in [parts.1]"),
        ('word = "w"\n[part]\n\nweight = -1', "some.toml:4: weight must be from 0 to 100, not -1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


@dataclass(frozen=True)
class Odd:
    thing: str | int = 1


def test_an_option_that_toml_cannot_say_is_the_classes_fault(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text("thing = 1")
    with pytest.raises(HarnessError, match="several types"):
        build(Odd, Table.read(file))


def test_options_are_shown_as_toml_writes_them() -> None:
    assert [str(option) for option in options(Whole)][:6] == [
        "word",
        "count = 1",
        "size = 1.0",
        "on = false",
        'colour = "red"',
        "file = unset",
    ]
    assert str(options(Whole)[-2]) == "part = { weight = 7 }"
