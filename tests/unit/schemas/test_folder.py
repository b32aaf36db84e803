"""From a folder's names to types and versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.folder import read_folder


def touch(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


def test_types_are_folders_and_versions_files_oldest_first(tmp_path: Path) -> None:
    touch(tmp_path, "Placed/10.avsc", "Placed/2.avsc", "Placed/1.avsc", "pay/Refunded/1.avsc", "Placed/notes.txt")
    folder = read_folder(tmp_path)
    assert folder.format == "avro"
    assert [type_.name for type_ in folder.types] == ["Placed", "pay/Refunded"]
    assert [version.version for version in folder.types[0].versions] == ["1", "2", "10"]
    assert folder.types[0].newest.file == tmp_path / "Placed/10.avsc"


def test_a_folder_of_files_is_one_type(tmp_path: Path) -> None:
    folder = read_folder(touch(tmp_path / "Placed", "1.avsc", "2.avsc"))
    assert [(type_.name, len(type_.versions)) for type_ in folder.types] == [("Placed", 2)]


def test_files_beside_types_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "common.avsc", "Placed/1.avsc", ".git/x/1.avsc", "Placed/.2.avsc")
    folder = read_folder(tmp_path)
    assert [[version.version for version in type_.versions] for type_ in folder.types] == [["1"]]


def test_the_longest_suffix_is_taken_off(tmp_path: Path) -> None:
    folder = read_folder(touch(tmp_path, "Placed/1.0.schema.json", "Placed/1.1.json"))
    assert [version.version for version in folder.types[0].versions] == ["1.0", "1.1"]


def test_two_formats_need_a_choice(tmp_path: Path) -> None:
    touch(tmp_path, "Placed/1.avsc", "Placed/1.proto")
    with pytest.raises(InvalidInput, match="formats avro and protobuf; choose one with --format"):
        read_folder(tmp_path)
    assert [version.file.name for version in read_folder(tmp_path, "avro").types[0].versions] == ["1.avsc"]


def test_a_folder_without_schemas_is_invalid(tmp_path: Path) -> None:
    touch(tmp_path, "Placed/1.txt")
    with pytest.raises(InvalidInput, match="holds no schemas"):
        read_folder(tmp_path)
    with pytest.raises(InvalidInput, match="holds no schemas of format avro"):
        read_folder(tmp_path, "avro")


def test_one_version_twice_is_invalid(tmp_path: Path) -> None:
    touch(tmp_path, "Placed/1.avsc", "Placed/1.0.avsc")
    with pytest.raises(InvalidInput, match=r"1\.0\.avsc and 1\.avsc are the same version"):
        read_folder(tmp_path)
