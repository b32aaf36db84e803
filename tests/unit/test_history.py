"""A history is written while the run lasts, saved as a folder, and read again as it was."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.history import History, Kind, Moment, RunFacts, merged
from harness.recording import Timeline, write_facts, write_rows, write_timeline

FACTS = RunFacts(
    run_id="r1",
    scenario="canary",
    summary="",
    environment="ledger",
    driver="local",
    strategy="canary",
    old="1.0",
    new="2.0",
    ending="complete",
    seed=7,
    command="harness run canary.toml --seed 7",
    started_at="2030-01-01T00:00:00Z",
    origin_ns=5_000,
    load_ends_ns=10_000_000_000,
    rate_per_s=100.0,
    faults=("kill",),
    writes=("open", "transfer"),
    conserves=("transfer",),
    replicas={"ledger": 3},
)
STORE_ROWS = [("acc-1", 1, 11, "Opened", 0, 1), ("acc-1", 2, None, "Noted", -5, 2)]


def save(folder: Path) -> None:
    write_facts(folder, FACTS)
    write_timeline(folder, [Moment(1, Kind.STEP, "canary 5 %", until_ns=9, detail={"weight": 5})])
    write_rows(folder, "store", STORE_ROWS)
    write_rows(folder, "consumed", [])


def test_a_saved_history_is_read_as_it_was(tmp_path: Path) -> None:
    save(tmp_path)
    with History.load(tmp_path) as history:
        assert history.facts == FACTS
        assert history.timeline == (Moment(1, Kind.STEP, "canary 5 %", until_ns=9, detail={"weight": 5}),)
        assert history.query("SELECT * FROM store ORDER BY sequence") == STORE_ROWS
        assert history.query("SELECT stream FROM store WHERE position = ?", [2]) == [("acc-1",)]


def test_a_table_that_was_not_recorded_is_absent_and_an_empty_one_is_not(tmp_path: Path) -> None:
    save(tmp_path)
    with History.load(tmp_path) as history:
        assert history.has("consumed")
        assert history.query("SELECT count(*) FROM consumed") == [(0,)]
        assert not history.has("projection")


def test_the_folder_may_have_a_quote_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "it's"
    folder.mkdir()
    save(folder)
    with History.load(folder) as history:
        assert history.query("SELECT count(*) FROM store") == [(2,)]


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("run.json", None, "no history of a run that ended"),
        ("run.json", b"{", "not the facts of a run"),
        ("run.json", b'{"format": 1, "run_id": 3}', "not the facts of a run"),
        ("run.json", b'{"format": 2}', "format 2; this harness reads up to 1"),
        ("timeline.jsonl", None, "no history of a run that ended"),
        ("timeline.jsonl", b'{"at_ns": 1, "kind": "dance", "name": ""}\n', "timeline.jsonl:1: not a moment"),
        ("store.parquet", b"PAR1 not really", "not a Parquet file"),
    ],
)
def test_a_broken_history_is_refused_with_the_file(tmp_path: Path, file: str, content: bytes | None, says: str) -> None:
    save(tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(InvalidInput, match=says) as refused:
        History.load(tmp_path)
    assert refused.value.file == tmp_path / file


def test_a_table_without_one_of_its_columns_is_refused(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "store.parquet").rename(tmp_path / "projection.parquet")
    with pytest.raises(InvalidInput, match="the column 'value' is missing"):
        History.load(tmp_path)


def test_stalls_and_faults_are_there_for_queries() -> None:
    moments = [
        Moment(10, Kind.STALL, "paused", until_ns=20),
        Moment(15, Kind.STALL, "paused", until_ns=30),
        Moment(40, Kind.FAULT, "kill"),
    ]
    with History.of(FACTS, moments, {}) as history:
        assert history.query("SELECT * FROM stalls") == [(10, 30)]
        assert history.query("SELECT * FROM fault_windows") == [(40, FACTS.load_ends_ns)]
        assert history.query("SELECT operation FROM operations WHERE conserves") == [("transfer",)]


def test_a_prepared_table_is_made_once() -> None:
    with History.of(FACTS, [], {}) as history:
        history.prepare("answer", "SELECT random() AS number")
        first = history.query("SELECT number FROM answer")
        history.prepare("answer", "SELECT random() AS number")
        assert history.query("SELECT number FROM answer") == first


def test_two_tables_of_one_name_are_not_taken_for_each_other() -> None:
    with History.of(FACTS, [], {}) as history:
        history.prepare("answer", "SELECT $n AS number", {"n": 42})
        history.enter("span", {"n": "BIGINT"}, [(1,)])
        with pytest.raises(ValueError, match="answer is there already, and is something else"):
            history.prepare("answer", "SELECT $n AS number", {"n": 43})
        with pytest.raises(ValueError, match="span is there already, and is something else"):
            history.enter("span", {"n": "BIGINT"}, [(2,)])


def test_merged_spans_are_disjoint_and_in_order() -> None:
    assert merged([(5, 6), (0, 2), (2, 4), (1, 3)]) == ((0, 4), (5, 6))


def test_a_killed_run_leaves_what_it_had_done(tmp_path: Path) -> None:
    file = tmp_path / "timeline.jsonl"
    timeline = Timeline(file)
    step = timeline.add(Kind.STEP, "green up", at_ns=100)
    timeline.add(Kind.FAULT, "kill", {"target": "ledger-1"}, at_ns=150)
    timeline.end(step, until_ns=200)
    write_facts(tmp_path, FACTS)
    with History.load(tmp_path) as history:
        assert history.timeline == (
            Moment(100, Kind.STEP, "green up", until_ns=200),
            Moment(150, Kind.FAULT, "kill", detail={"target": "ledger-1"}),
        )
    timeline.close()


def test_the_timeline_counts_from_the_origin(tmp_path: Path) -> None:
    with Timeline(tmp_path / "timeline.jsonl") as timeline:
        fault = timeline.add(Kind.FAULT, "kill", {"bit": False}, at_ns=150)
        timeline.end(fault, {"bit": True}, until_ns=300)
        assert timeline.moments(origin_ns=200) == (Moment(-50, Kind.FAULT, "kill", until_ns=100, detail={"bit": True}),)


def test_the_timeline_keeps_all_moments_of_all_threads(tmp_path: Path) -> None:
    with Timeline(tmp_path / "timeline.jsonl") as timeline:
        threads = [
            threading.Thread(target=lambda: [timeline.add(Kind.NOTE, "same", at_ns=1) for _ in range(200)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(timeline.moments()) == 800
    assert len((tmp_path / "timeline.jsonl").read_bytes().splitlines()) == 800


def test_a_listener_hears_of_the_beginning_and_the_end(tmp_path: Path) -> None:
    heard: list[Moment] = []
    with Timeline(tmp_path / "timeline.jsonl", heard.append) as timeline:
        begun = timeline.add(Kind.STEP, "drain")
        ended = timeline.end(begun)
    assert heard == [begun, ended]
    assert replace(ended, until_ns=None) == begun
