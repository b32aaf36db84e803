"""The table of formats."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas import formats
from harness.schemas.formats import FORMATS, Entry, find, format_of, read_schema, suffix_of

BUILT = [name for name, entry in FORMATS.items() if find_spec(entry.place.partition(":")[0])]


@pytest.mark.parametrize("name", BUILT)
def test_the_table_says_what_the_class_says(name: str) -> None:
    format_ = find(name)
    assert format_.name == name
    assert sorted(format_.suffixes) == sorted(FORMATS[name].suffixes)


def test_avro_is_there() -> None:
    assert "avro" in BUILT


@pytest.mark.parametrize(
    ("name", "format_name", "suffix"),
    [
        ("1.avsc", "avro", ".avsc"),
        ("1.0.json", "jsonschema", ".json"),
        ("1.0.schema.json", "jsonschema", ".schema.json"),
        ("order.proto", "protobuf", ".proto"),
        ("README.md", None, None),
    ],
)
def test_a_files_name_says_its_format(name: str, format_name: str | None, suffix: str | None) -> None:
    assert format_of(Path(name)) == format_name
    assert format_name is None or suffix_of(Path(name), format_name) == suffix


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"unknown format 'avra'; did you mean 'avro'\?"):
        find("avra")


def test_a_missing_library_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", {"avro": Entry("no_such_library.part:Class", ())})
    with pytest.raises(InvalidInput, match=r"need no_such_library, .* pip install 'rollproof\[schemas\]'"):
        find("avro")


def test_a_file_that_cannot_be_read_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_schema(find("avro"), tmp_path / "none.avsc")
