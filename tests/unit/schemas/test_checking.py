"""Folders by phase: what is healthy passes, and what is done in the wrong order fails in the phase that it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.schemas.avro import AvroFormat
from harness.schemas.checking import Checked, check_folder, exit_code
from harness.schemas.decision import Compatibility
from harness.schemas.folder import read_folder
from harness.schemas.phases import Mode
from tests.unit.schemas.avro.shapes import Schema, enum, field, record
from tests.unit.schemas.samples import ORDER_1, ORDER_2, ORDER_WIDER, ORDER_WITHOUT, write_folder

COMPATIBLE, UNKNOWN, INCOMPATIBLE = Compatibility.COMPATIBLE, Compatibility.UNKNOWN, Compatibility.INCOMPATIBLE


def checked(path: Path, *versions: Schema, mode: Mode | None = None, lag_max: int | None = None) -> Checked:
    numbered = {str(number): schema for number, schema in enumerate(versions, start=1)}
    folder = read_folder(write_folder(path, {"OrderPlaced": numbered}))
    return check_folder(AvroFormat(), folder, mode, lag_max)


def failed_phases(result: Checked) -> set[str]:
    return {
        f"{answer.phase}: {answer.reader.version} reads {answer.writer.version}"
        for answer in result.answers
        if answer.decision.compatibility is INCOMPATIBLE
    }


def test_a_field_added_with_a_default_is_healthy_in_every_phase(tmp_path: Path) -> None:
    result = checked(tmp_path, ORDER_1, ORDER_2)
    assert failed_phases(result) == set()
    assert (result.exit_code, result.word) == (0, "compatible")


def test_a_field_added_without_a_default_fails_the_replay(tmp_path: Path) -> None:
    added = record("OrderPlaced", *ORDER_1["fields"], field("currency", "string"))
    assert failed_phases(checked(tmp_path, ORDER_1, added)) == {"replay: 2 reads 1", "mixed window: 2 reads 1"}


def test_a_type_widened_at_once_fails_the_way_back(tmp_path: Path) -> None:
    assert failed_phases(checked(tmp_path, ORDER_1, ORDER_WIDER)) == {
        "mixed window: 1 reads 2",
        "rollback: 1 reads 2",
        "lagging consumers: 1 reads 2",
    }


def test_expand_and_contract_fails_only_for_consumers_that_were_left_behind(tmp_path: Path) -> None:
    expanded = record("OrderPlaced", field("id", "string"), field("cents", "int", default=0))
    result = checked(tmp_path, ORDER_1, expanded, ORDER_WITHOUT)
    assert failed_phases(result) == {"lagging consumers: 1 reads 3"}
    assert result.exit_code == 1
    assert checked(tmp_path, ORDER_1, expanded, ORDER_WITHOUT, lag_max=1).exit_code == 0


def test_history_older_than_the_version_before_counts_for_the_replay(tmp_path: Path) -> None:
    """A default that was given and taken back: neighbours agree, the oldest events do not."""
    with_default = record("OrderPlaced", field("id", "string"), field("cents", "int", default=0))
    assert failed_phases(checked(tmp_path, ORDER_WITHOUT, with_default, ORDER_1)) == {"replay: 3 reads 1"}


def test_a_new_symbol_needs_readers_first(tmp_path: Path) -> None:
    old = record("OrderPlaced", field("state", enum("State", "NEW")))
    new = record("OrderPlaced", field("state", enum("State", "NEW", "PAID")))
    assert "rollback: 1 reads 2" in failed_phases(checked(tmp_path / "sudden", old, new))
    prepared = record("OrderPlaced", field("state", enum("State", "NEW", default="NEW")))
    newer = record("OrderPlaced", field("state", enum("State", "NEW", "PAID", default="NEW")))
    assert failed_phases(checked(tmp_path / "prepared", prepared, newer)) == set()


def test_a_mode_asks_less_than_the_phases(tmp_path: Path) -> None:
    assert checked(tmp_path, ORDER_1, ORDER_WIDER, mode=Mode.BACKWARD).exit_code == 0
    assert checked(tmp_path, ORDER_1, ORDER_WIDER, mode=Mode.FULL).exit_code == 1
    assert checked(tmp_path, ORDER_1, ORDER_WIDER, mode=Mode.NONE).answers == ()


def test_a_broken_schema_does_not_stop_the_rest(tmp_path: Path) -> None:
    write_folder(tmp_path, {"Good": {"1": ORDER_1, "2": ORDER_2}, "OrderPlaced": {"1": ORDER_1, "3": ORDER_2}})
    (tmp_path / "OrderPlaced/2.avsc").write_text('{"type": "record",\n "name": 5}')
    result = check_folder(AvroFormat(), read_folder(tmp_path))
    assert [str(broken.error) for broken in result.broken] == [
        f"{tmp_path}/OrderPlaced/2.avsc:2: at /name: name must be a text, not a number"
    ]
    asked = {(answer.reader.type, answer.reader.version, answer.writer.version) for answer in result.answers}
    assert asked == {("Good", "2", "1"), ("Good", "1", "2"), ("OrderPlaced", "3", "1"), ("OrderPlaced", "1", "3")}
    assert (result.exit_code, result.word) == (4, "invalid")


def test_files_are_read_and_pairs_decided_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[tuple[object, object]] = []
    decide = AvroFormat.decide

    def counted(self: AvroFormat, reader: Schema, writer: Schema) -> object:
        decided.append((reader, writer))
        return decide(self, reader, writer)

    monkeypatch.setattr(AvroFormat, "decide", counted)
    assert len(checked(tmp_path, ORDER_1, ORDER_2).answers) == 5
    assert len(decided) == 2


@pytest.mark.parametrize(
    ("found", "broken", "code"),
    [
        ([], False, 0),
        ([COMPATIBLE], False, 0),
        ([COMPATIBLE, UNKNOWN], False, 2),
        ([UNKNOWN, INCOMPATIBLE], False, 1),
        ([COMPATIBLE], True, 4),
        ([UNKNOWN], True, 4),
        ([INCOMPATIBLE], True, 1),
    ],
)
def test_what_is_proved_goes_before_what_is_not_known(found: list[Compatibility], broken: bool, code: int) -> None:
    assert exit_code(found, broken=broken) == code
