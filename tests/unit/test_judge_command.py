from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import cli, registry
from harness.consistency import catalogue
from harness.consistency.streams.anomalies import BY_NAME
from tests.histories.broker import Broker, got, sent

RECORDED = Path(__file__).parents[1] / "histories" / "recorded"
GOOD = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\t1\n"
BAD = GOOD.replace(":ok\t:read\t1", ":ok\t:read\t2")
NOTHING = "0\t:invoke\t:write\t1\n"
BROKEN = "0\t:ok\n"
FILES = {"good": GOOD, "bad": BAD, "nothing": NOTHING, "broken": BROKEN}

Judge = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def judge(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    for name, text in FILES.items():
        (tmp_path / f"{name}.log").write_text(text)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, list[str], list[str]]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["judge", *map(str, arguments)])
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, told.out.splitlines(), told.err.splitlines()

    return run


def linearizable(*names: str) -> tuple[str, ...]:
    return "linearizable", "--model", "cas-register", *(f"{name}.log" for name in names)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("good",), 0),
        (("good", "bad"), 1),
        (("nothing", "good"), 2),
        (("bad", "nothing"), 1),
        (("broken", "good"), 4),
        (("broken", "nothing"), 4),
        (("broken", "bad"), 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst(judge: Judge, names: tuple[str, ...], code: int) -> None:
    assert judge(*linearizable(*names))[0] == code


def test_a_line_a_file_and_a_broken_one_hides_no_other(judge: Judge) -> None:
    _, out, err = judge(*linearizable("good", "broken", "bad", "nothing"))
    assert [line.split()[0] for line in out] == ["pass", "fail", "unknown"]
    assert [line.split()[3] for line in out] == ["good.log:", "bad.log:", "nothing.log:"]
    assert all(line.split()[2] == "s" and float(line.split()[1]) >= 0 for line in out)
    assert err == ["harness: broken.log:1: this operation has no type, function and value"]


def test_the_format_can_be_named(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(GOOD)
    assert judge("linearizable", "--model", "register", "good")[0] == 4
    assert judge("linearizable", "--model", "register", "--format", "jepsen-log", "good")[0] == 0


def test_what_the_model_cannot_take_is_told_with_file_and_line(judge: Judge) -> None:
    code, out, err = judge("linearizable", "--model", "queue", "good.log")
    assert (code, out) == (4, [])
    [message] = err
    assert message.startswith("harness: good.log:2: the model knows no operation 'write'")


def test_a_model_of_ones_own_lies_beside(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "anything_goes.py").write_text(
        "from harness.consistency.models import Model\n"
        "class Anything(Model):\n"
        "    names = frozenset({'read', 'write'})\n"
        "    initial = None\n"
        "    def step(self, state, operation):\n"
        "        return state\n"
    )
    assert judge("linearizable", "--model", "anything_goes:Anything", "bad.log")[0] == 0


def test_a_picture_is_drawn(judge: Judge, tmp_path: Path) -> None:
    assert judge(*linearizable("good", "bad"), "--picture", "seen.html")[0] == 1
    assert "<svg" in (tmp_path / "seen.html").read_text()


def test_the_list_names_every_judge_in_a_line(judge: Judge) -> None:
    code, out, _ = judge("--list")
    assert code == 0
    names = [line.split()[0] for line in out if line.startswith("  ")]
    assert names[0] == "linearizable"
    assert set(names) >= {*BY_NAME, *catalogue.BY_NAME, *registry.CHECKERS.kinds()}
    assert len(names) == len(set(names))
    assert all(len(line.split()) > 3 for line in out)


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("bad", 1)])
def test_a_checker_judges_the_folder_of_a_run(judge: Judge, name: str, code: int) -> None:
    assert judge("lost-events", RECORDED / name)[0] == code
    assert judge("lost-events", RECORDED / name / "history")[0] == code


def test_a_folder_that_is_none_of_a_run_is_told(judge: Judge, tmp_path: Path) -> None:
    code, _, err = judge("lost-events", tmp_path, RECORDED / "bad")
    assert code == 1
    assert err[0].startswith(f"harness: {tmp_path}/run.json: there is no such file")


def test_a_judge_that_there_is_not(judge: Judge) -> None:
    assert judge("lost-evens", "x") == (4, [], ["harness: No such command 'lost-evens'."])


SENT = Broker().did("p", sent("s", 0, "a")).did("p", sent("s", 1, "b"))
RECEIVED = SENT.did("c", got("s", 0, "a")).did("c", got("s", 1, "b"))


def test_every_anomaly_of_streams_has_a_line(judge: Judge, tmp_path: Path) -> None:
    RECEIVED.save(tmp_path / "good.parquet")
    code, out, err = judge("streams", "good.parquet", "--also", "unseen")
    assert (code, err) == (0, [])
    assert [line.split()[0] for line in out] == ["pass"] * len(out)
    assert [line.split(": ")[1] for line in out][:4] == ["inconsistent-offset", "duplicate", "lost-write", "unseen"]


def test_an_anomaly_is_judged_by_itself(judge: Judge, tmp_path: Path) -> None:
    SENT.did("c", got("s", 1, "b")).save(tmp_path / "lost.parquet")
    code, out, _ = judge("lost-write", "lost.parquet")
    assert (code, len(out)) == (1, 1)
    assert "first a of stream s at offset 0" in out[0]
    assert judge("duplicate", "lost.parquet")[0] == 0
    assert judge("streams", "lost.parquet")[0] == 1


def test_an_anomaly_that_there_is_not(judge: Judge, tmp_path: Path) -> None:
    RECEIVED.save(tmp_path / "good.parquet")
    code, out, [message] = judge("streams", "good.parquet", "--also", "unsen")
    assert (code, out) == (4, [])
    assert "unseen" in message


def test_a_lag_is_unknown_as_long_as_no_bound_is_given(judge: Judge, tmp_path: Path) -> None:
    RECEIVED.save(tmp_path / "good.parquet")
    assert judge("realtime-lag", "good.parquet")[0] == 2
    assert judge("realtime-lag", "good.parquet", "--lag-s-max", 5)[0] == 0
    assert judge("realtime-lag", "good.parquet", "--lag-s-max", 0.01)[0] == 1


def test_a_promise_is_judged_by_its_name(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "ids.jsonl").write_text(
        '{"process": 1, "f": "generate", "result": 7, "outcome": "ok", "start_ns": 0, "end_ns": 1}\n'
        '{"process": 2, "f": "generate", "result": 7, "outcome": "ok", "start_ns": 2, "end_ns": 3}\n'
    )
    code, [line], _ = judge("unique-ids", "ids.jsonl")
    assert code == 1
    assert "process 2 was given 7, as another was before (line 2)" in line
    code, _, [message] = judge("counter", "ids.jsonl")
    assert code == 4
    assert message.startswith("harness: ids.jsonl:1: this judge knows no operation 'generate'")


@pytest.mark.parametrize(("total", "code"), [(10, 0), (11, 1)])
def test_a_bank_has_a_total(judge: Judge, tmp_path: Path, total: int, code: int) -> None:
    (tmp_path / "bank.jsonl").write_text(
        '{"process": 1, "f": "read", "result": {"a": 3, "b": 7}, "outcome": "ok", "start_ns": 0, "end_ns": 1}\n'
    )
    assert judge("bank", "bank.jsonl", "--total", total)[0] == code
