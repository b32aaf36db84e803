from __future__ import annotations

from pathlib import Path

from harness.replay.ordered import as_recorded, order
from harness.streams.event import BrokenRecord, refuse
from tests.unit.replay.running import ordered, paid, recording


def test_events_are_put_by_stream_and_position_and_those_of_one_position_stay_as_recorded(tmp_path: Path) -> None:
    part = ordered(tmp_path, [paid("b", 2), paid("a", 1), paid("b", 1, 1), paid("b", 1, 2)])
    assert [(unit.name, [(each.position, each.data) for each in unit.recorded()]) for unit in part.units()] == [
        ("a", [(1, b'{"amount":5}')]),
        ("b", [(1, b'{"amount":1}'), (1, b'{"amount":2}'), (2, b'{"amount":5}')]),
    ]
    assert (part.events, part.streams) == (4, 2)


def test_units_are_found_in_files_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    large = ',"filler":"' + "x" * 700_000 + '"'
    events = [paid(f"s{number:05}", position) for number in range(3_000) for position in (1, 2)]
    part = ordered(tmp_path, [*events, paid("t", 1, more=large), paid("t", 2), paid("u", 1, more=large)])
    units = list(part.units())
    assert [unit.events for unit in units] == [2] * 3_001 + [1]
    assert b"".join(b"".join(unit.chunks()) for unit in units) == part.file.read_bytes()
    assert all(line.endswith(b"\n") for unit in units[-2:] for line in unit.lines())


def test_parts_share_no_stream_and_hold_all_events(tmp_path: Path) -> None:
    events = [paid(f"s{number % 40}", number) for number in range(400)]
    parts = order(recording(tmp_path, events), tmp_path, refuse, partitions=3)
    streams = [{unit.name for unit in part.units()} for part in parts]
    assert sum(part.events for part in parts) == 400
    assert all(streams)
    assert sum(map(len, streams)) == len(set.union(*streams)) == 40


def test_a_whole_recording_is_one_unit_in_its_own_order(tmp_path: Path) -> None:
    part = as_recorded(recording(tmp_path, [paid("b", 1), paid("a", 1)]), tmp_path, refuse)
    [unit] = part.whole()
    assert [each.stream for each in unit.recorded()] == ["b", "a"]


def test_a_recording_without_events_has_no_units(tmp_path: Path) -> None:
    part = ordered(tmp_path, [])
    assert list(part.units()) == list(part.whole()) == []


def test_broken_and_reserved_records_are_told_and_left_out(tmp_path: Path) -> None:
    source = recording(tmp_path, [paid("a", 1), paid("a", 2, type="$replay.state")])
    with source.path.open("a") as file:
        file.write("nonsense\n")
    broken: list[BrokenRecord] = []
    [part] = order(source, tmp_path, broken.append)
    assert part.events == 1
    assert [("reserved" in each.reason, "malformed" in each.reason) for each in broken] == [
        (True, False),
        (False, True),
    ]
