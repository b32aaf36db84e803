from __future__ import annotations

from pathlib import Path

import pytest

from harness.consistency.operations import Operation, Outcome
from harness.consistency.reading import read_operations
from harness.errors import InvalidInput

LOG = """\
INFO  jepsen.core - Running test
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 1   :invoke :cas    [1 2]
INFO  jepsen.util - :nemesis\t:info\t:start\t"cut off"
INFO  jepsen.util - 0\t:ok\t:read\t1
INFO  jepsen.util - 1\t:info\t:cas\t:timed-out
2030-01-01 10:00:00,123{GMT}\tINFO\t[jepsen worker 2] jepsen.util: 2\t:invoke\t:write\t3
2030-01-01 10:00:00,124{GMT}\tINFO\t[jepsen worker 2] jepsen.util: 2\t:fail\t:write\t3\t[:conflict "no"]
"""
EDN = """\
{:type :invoke, :f :read, :value nil, :process 0, :time 10, :index 0}
#jepsen.history.Op{:index 1, :time 20, :type :invoke, :process 1, :f :cas, :value [1 2]}
{:type :info, :f :start, :process :nemesis, :time 25}
{:type :ok, :f :read, :value 1, :process 0, :time 30, :index 2}
{:type :info, :f :cas, :value [1 2], :process 1, :time 40, :error :timeout}
{:type :invoke, :f :write, :value 3, :process 2, :time 50}
{:type :fail, :f :write, :value 3, :process 2, :time 60}
"""
EVENTS = """\
{"process": 0, "type": "invoke", "f": "read", "time": 10}
{"process": 1, "type": "invoke", "f": "cas", "value": [1, 2], "time": 20}
{"process": 0, "type": "ok", "f": "read", "value": 1, "time": 30}
{"process": 1, "type": "info", "f": "cas", "value": [1, 2], "time": 40}
{"process": 2, "type": "invoke", "f": "write", "value": 3, "time": 50}
{"process": 2, "type": "fail", "f": "write", "value": 3, "time": 60}
"""
OPERATIONS = """\
{"process": 0, "f": "read", "result": 1, "outcome": "ok", "start_ns": 10, "end_ns": 30}
{"process": 1, "f": "cas", "value": [1, 2], "outcome": "indeterminate", "start_ns": 20, "end_ns": 40}
{"process": 2, "f": "write", "value": 3, "outcome": "fail", "start_ns": 50, "end_ns": 60}
"""


def told(operations: list[Operation]) -> list[tuple[object, ...]]:
    order = sorted(
        {each.invoked for each in operations} | {each.returned for each in operations if each.returned is not None}
    )
    return [
        (each.process, each.name, each.argument, each.result, each.outcome, order.index(each.invoked))
        for each in operations
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.log", LOG), ("x.edn", EDN), ("x.edn", f"[{EDN}]"), ("x.jsonl", EVENTS), ("x.jsonl", OPERATIONS)],
)
def test_all_formats_tell_the_same(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    operations = read_operations(file)
    assert told(operations) == [
        (0, "read", None, 1, Outcome.OK, 0),
        (1, "cas", (1, 2), None, Outcome.INDETERMINATE, 1),
        (2, "write", 3, None, Outcome.FAIL, 3),
    ]
    assert operations[1].returned is None


def test_lines_and_times_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.edn"
    file.write_text(EDN)
    read = read_operations(file)[0]
    assert (read.line, read.invoked_ns, read.returned_ns) == (4, 10, 30)


def test_jepsens_independent_keys(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text("0\t:invoke\t:read\t[7 nil]\n0\t:ok\t:read\t[7 3]\n1\t:invoke\t:write\t[8 4]\n")
    read, write = read_operations(file, keyed=True)
    assert (read.key, read.argument, read.result) == (7, None, 3)
    assert (write.key, write.argument) == (8, 4)


def test_at_equal_times_nothing_is_before_anything(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(
        '{"process": 0, "f": "write", "value": 1, "outcome": "ok", "start_ns": 1, "end_ns": 5}\n'
        '{"process": 1, "f": "read", "result": null, "outcome": "ok", "start_ns": 5, "end_ns": 5}\n'
    )
    write, read = read_operations(file)
    assert write.returned is not None
    assert read.invoked < write.returned


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    for name in ("x.log", "x.edn", "x.jsonl"):
        (tmp_path / name).write_text("")
        assert read_operations(tmp_path / name) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.log", "0\t:invoke\n", "x.log:1: this operation has no type, function and value"),
        ("x.log", "\nINFO  jepsen.util - 3\t:oops\t:read\tnil\n", "x.log:2: this operation has no type"),
        ("x.log", "0\t:invoke\t:write\t[1\n", r"x.log:1: '\[' is not closed"),
        ("x.log", "0\t:invoke\t:write\t;1\n", "x.log:1: this operation has no value"),
        ("x.log", "0\t:ok\t:read\t1\n", "x.log:1: process 0 ends read, which it has not begun"),
        ("x.log", "0\t:invoke\t:read\tnil\n" * 2, "x.log:2: process 0 begins read while its read is under way"),
        ("x.log", "0\t:invoke\t:read\tnil\n0\t:ok\t:write\t1\n", "x.log:2: process 0 ends write, but had begun read"),
        ("x.edn", "{:type :ok}", "x.edn:1: this operation has no :process"),
        ("x.edn", "\n7", "x.edn:2: this is no operation: not a map"),
        ("x.edn", "{:process 0 :type :done :f :x}", "x.edn:1: no type of operation: :done"),
        ("x.edn", "{:process 0 :type :ok :f 3}", "x.edn:1: no name of a function: 3"),
        ("x.edn", '{:process 0 :type :ok :f :x :time "now"}', "x.edn:1: no time in nanoseconds: now"),
        ("x.jsonl", '{"process": 0}\n', "x.jsonl:1: not an operation of a history: Object missing required field"),
        ("x.jsonl", EVENTS + "{}\n", "x.jsonl:7: not an operation of a history"),
        ("x.jsonl", OPERATIONS + "nonsense", "x.jsonl:4: not an operation of a history"),
        ("x.jsonl", OPERATIONS.replace("30", "3"), "x.jsonl:1: this operation ends before it starts"),
        ("x.txt.gz", "", "x.txt.gz: its name does not say its format; name one of jepsen-log, edn, jsonl"),
    ],
)
def test_what_is_malformed_is_told_with_file_and_line(name: str, text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_operations(file)


def test_a_value_that_should_have_a_key_and_has_none(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text("0\t:invoke\t:read\tnil\n")
    with pytest.raises(InvalidInput, match=r"x.log:1: the value of this operation is no pair \[key value\]"):
        read_operations(file, keyed=True)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"absent.log: cannot be read: No such file"):
        read_operations(tmp_path / "absent.log")
    (tmp_path / "x.log").write_bytes(b"fine\n\xff")
    with pytest.raises(InvalidInput, match=r"x.log:2: is not UTF-8"):
        read_operations(tmp_path / "x.log")


RECORDED = Path(__file__).parents[2] / "histories" / "recorded"


def test_a_run_of_ours_is_read_as_operations_on_its_streams() -> None:
    operations = read_operations(RECORDED / "good")
    assert operations == read_operations(RECORDED / "good" / "history", "run")
    reads = [each for each in operations if each.name == "read"]
    appends = [each for each in operations if each.name == "append"]
    assert len(reads) == 281 + 473 + 206 + 3
    assert len(appends) == 60 + 894 + 93
    assert all(isinstance(each.result, int) for each in reads if each.outcome is Outcome.OK)
    # These answers do not show where the event went, so it is not known when it took effect.
    assert {each.outcome for each in appends} == {Outcome.INDETERMINATE}
    assert len({each.key for each in operations}) == 60
    for each in operations:
        assert each.returned is None or each.invoked < each.returned


def test_a_folder_that_is_none_of_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        read_operations(tmp_path)
