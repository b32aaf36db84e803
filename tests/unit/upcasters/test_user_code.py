"""The process with the user's code: what is found in it, what it says, and what becomes of one that does not answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from harness.errors import InvalidInput
from harness.upcasters.catalog import Catalog
from harness.upcasters.user_code.messages import Hop, Load, Loaded, Touched, Walk, Walked
from harness.upcasters.user_code.process import Limits, NoAnswer, UserProcess
from harness.waiting import until

REGISTRY = "from harness.upcasters import Upcasters\nupcasters = Upcasters()\n"
HOP = Hop(1, 2)


def write(folder: Path, text: str, name: str = "events.py") -> str:
    (folder / name).write_text(dedent(text))
    return str(folder / name)


def registering(folder: Path, body: str, before: str = "") -> str:
    """A file with one upcaster of `Moved` from 1 to 2."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    return write(folder, f'{REGISTRY}{before}\n@upcasters.register("Moved", 1, 2)\ndef raised(data):\n{lines}\n')


@contextmanager
def process(target: str, processor_s: float = 1.0) -> Iterator[UserProcess]:
    with UserProcess(target, Limits(processor_s=processor_s), {}) as opened:
        yield opened


def catalog(target: str) -> Catalog:
    with process(target) as opened:
        return opened.catalog()


def walked(target: str, data: dict[str, object]) -> tuple[Walked, tuple[Touched, ...]]:
    with process(target) as opened:
        answer, touched = opened.ask(Walk("Moved", data, (HOP,)))
        assert isinstance(answer, Walked)
        return answer, touched


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_only_registry_of_a_file_is_found_with_the_places_of_its_functions(tmp_path: Path) -> None:
    target = registering(tmp_path, "return data")
    (step,) = catalog(target).steps
    assert step.told == f"Moved 1 → 2, raised ({target}:4)"


def test_a_module_is_found_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registering(tmp_path, "return data")
    monkeypatch.chdir(tmp_path)
    assert catalog("events").event_types == ("Moved",)


def test_a_file_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "NEWEST = 2", "beside.py")
    target = registering(tmp_path, "return data", "from beside import NEWEST\n")
    assert catalog(target).event_types == ("Moved",)


def test_of_several_registries_one_is_named(tmp_path: Path) -> None:
    target = write(tmp_path, f"{REGISTRY}others = Upcasters()\nothers.register('Sold', 1, 2)(lambda data: data)")
    with pytest.raises(InvalidInput, match=r"which registry\? there are: upcasters, others"):
        catalog(target)
    assert catalog(f"{target}:others").event_types == ("Sold",)
    with pytest.raises(InvalidInput, match="has no registry 'other'"):
        catalog(f"{target}:other")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "has no upcasters"),
        ("def f(:", r"SyntaxError.*events.py:1|events.py:1: .*SyntaxError"),
        ("x = 1\nraise RuntimeError('no settings')", r"events.py:2: .*RuntimeError: no settings"),
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("import os\nos._exit(7)", "its process exited with 7"),
        ("import sys\nsys.exit('bye')", "its process exited with 1"),
    ],
)
def test_what_cannot_be_loaded_is_invalid_input(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        catalog(write(tmp_path, text))


def test_a_file_that_is_not_there_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        catalog(str(tmp_path / "events.py"))


def test_code_that_does_not_load_to_an_end_is_invalid_input(tmp_path: Path) -> None:
    target = write(tmp_path, "while True: pass")
    with UserProcess(target, Limits(loading_s=0.5), {}) as opened, pytest.raises(InvalidInput, match="did not end"):
        opened.catalog()


def test_classes_of_the_library_are_found_by_their_topics(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        """
        from dataclasses import dataclass
        from eventsourcing.domain import Aggregate, event

        class Account(Aggregate):
            class_version = 2

            @event("Opened")
            def __init__(self, owner):
                self.owner = owner

            @staticmethod
            def upcast_v1_v2(state):
                state["limit"] = 0

            class Renamed(Aggregate.Event):
                class_version = 3
                owner: str

                @staticmethod
                def upcast_v1_v2(state): ...

                @staticmethod
                def upcast_v2_v3(state): ...

                @staticmethod
                def downcast_v3_v2(state): ...

        @dataclass(frozen=True)
        class Base:
            originator_id: str
            originator_version: int

        class Closed(Base):
            TOPIC = "account.closed"
        """,
    )
    found = catalog(target)
    assert found.declared == {
        "events:Account": 2,
        "events:Account.Created": 1,  # the library adds it
        "events:Account.Opened": 1,
        "events:Account.Renamed": 3,
        "account.closed": 1,
    }
    assert [(step.source, step.target, step.down) for step in found.steps if "Renamed" in step.event_type] == [
        (3, 2, True),
        (1, 2, False),
        (2, 3, False),
    ]


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_walk_is_gone_twice_with_data_of_its_own(tmp_path: Path) -> None:
    target = registering(tmp_path, "data['n'] += 1\nreturn data")
    answer, touched = walked(target, {"n": 1})
    assert (answer.states, answer.states_again, touched) == (({"n": 2},), ({"n": 2},), ())


def test_numbers_of_any_size_come_through(tmp_path: Path) -> None:
    answer, _ = walked(registering(tmp_path, "return data"), {"n": 2**100})
    assert answer.states == ({"n": 2**100},)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return data['m']", r"KeyError: 'm' at .*events.py:6"),
        ("return None", "TypeError: returned None, not the event's data"),
        ("return [data]", "TypeError: returned list, not the event's data"),
        ("return {'a': {1, 2}}", "set is not JSON serializable"),
        ("return {'a': float('nan')}", "Out of range float values are not JSON compliant"),
        ("return {'a': chr(0xD800)}", "surrogates not allowed"),
        ("return raised(data)", "RecursionError"),
    ],
)
def test_what_fails_is_told_with_its_line(tmp_path: Path, body: str, why: str) -> None:
    answer, _ = walked(registering(tmp_path, body), {})
    assert answer.states == ()
    assert re.search(why, answer.failure)
    assert answer.failure_again


def test_what_it_prints_and_reads_is_its_own(tmp_path: Path) -> None:
    target = registering(tmp_path, "import sys\nprint('{}')\nreturn {'read': sys.stdin.read()}")
    answer, touched = walked(target, {})
    assert answer.states == ({"read": ""},)
    assert [each.what for each in touched] == ["print"]


def test_an_event_is_loaded_by_the_registry(tmp_path: Path) -> None:
    with process(registering(tmp_path, "return {'n': 2}")) as opened:
        assert opened.ask(Load("Moved", 1, {}))[0] == Loaded(given={}, state={"n": 2})
        refused = opened.ask(Load("Moved", 3, {}))[0]
    assert isinstance(refused, Loaded)
    assert refused.refusal.startswith("UnknownVersion: Moved 3")


# ── no answer ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_that_computes_without_end_is_ended_and_the_next_order_starts_another(tmp_path: Path) -> None:
    target = registering(tmp_path, "while data: pass\nreturn data")
    with process(target, processor_s=0.2) as opened:
        with pytest.raises(NoAnswer, match=r"did not end within 0\.2 s of processor time") as caught:
            opened.ask(Walk("Moved", {"n": 1}, (HOP,)))
        assert caught.value.certain
        assert opened.ask(Walk("Moved", {}, (HOP,)))[0] == Walked(({},), "", ({},), "")


def test_one_that_waits_is_ended_and_what_it_touched_before_is_known(tmp_path: Path) -> None:
    target = registering(tmp_path, "import time\nopen('/dev/null').close()\ntime.sleep(100)")
    with process(target, processor_s=0.1) as opened, pytest.raises(NoAnswer, match="it waits for something") as caught:
        opened.ask(Walk("Moved", {}, (HOP,)))
    assert "open" in {each.what for each in caught.value.touched}


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("os._exit(5)", "exited with 5"),
        ("os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("exit()", "exited with 0"),
    ],
)
def test_one_that_dies_says_how(tmp_path: Path, body: str, how: str) -> None:
    with process(registering(tmp_path, f"import os\n{body}")) as opened, pytest.raises(NoAnswer, match=how):
        opened.ask(Walk("Moved", {}, (HOP,)))


def is_gone(pid: int) -> bool:
    """A corpse that nobody has buried yet is gone too."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_nothing_of_it_is_left_behind(tmp_path: Path) -> None:
    body = "import subprocess\nreturn {'pid': subprocess.Popen(['sleep', '100']).pid}"
    with process(registering(tmp_path, body)) as opened:
        answer, _ = opened.ask(Walk("Moved", {}, (HOP,)))
        assert isinstance(answer, Walked)
        (state,) = answer.states
    assert until(lambda: is_gone(state["pid"]), timeout_s=60)
    assert not [child for child in psutil.Process(os.getpid()).children() if "worker" in " ".join(child.cmdline())]


# ── watching ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "body", "kind", "what"),
    [
        ("from time import time as now", "return {'a': now()}", "clock", "time.time"),
        ("import time", "return {'a': time.strftime('%Y')}", "clock", "time.strftime"),
        ("from datetime import datetime", "return {'a': datetime.now().isoformat()}", "clock", "datetime.now"),
        ("import datetime as d", "return {'a': str(d.date.today())}", "clock", "date.today"),
        ("import random", "return {'a': random.choice([1])}", "random", "random.getrandbits"),
        ("import uuid", "return {'a': str(uuid.uuid4())}", "random", "os.urandom"),
        ("import secrets", "return {'a': secrets.token_hex()}", "random", "os.urandom"),
        ("import os", "return {'a': os.getenv('A')}", "environment", "os.environ"),
        ("import os", "return {'a': os.getpid()}", "io", "os.getpid"),
        ("import os", "return {'a': os.listdir('.')}", "io", "os.listdir"),
        ("", "return {'a': open(__file__).read()}", "io", "open"),
        ("import socket", "socket.socket().close()\nreturn {}", "io", "socket.__new__"),
        ("import subprocess", "subprocess.run(['true'])\nreturn {}", "io", "subprocess.Popen"),
        ("import sqlite3", "sqlite3.connect(':memory:').close()\nreturn {}", "io", "sqlite3.connect"),
    ],
)
def test_what_is_not_pure_is_seen(tmp_path: Path, before: str, body: str, kind: str, what: str) -> None:
    target = registering(tmp_path, body, f"{before}\n")
    _, touched = walked(target, {})
    assert (kind, what) in {(each.kind, each.what) for each in touched}
    assert {each.where for each in touched if each.what == what} <= {f"{target}:{line}" for line in range(6, 9)}


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ("import time", "return {'a': time.strftime('%Y', time.gmtime(0)), 'b': time.localtime(0)[0]}"),
        ("import logging", "logging.getLogger('a').error('b')\nreturn {}"),
        ("", "import wave\nreturn {'a': wave.WAVE_FORMAT_PCM}"),
        ("import random", "return {'a': random.Random(5).random()}"),
        ("from datetime import datetime, UTC", "return {'a': str(datetime.fromtimestamp(0, UTC))}"),
        (
            "import uuid, hashlib, json, re",
            "return {'a': hashlib.sha256(b'').hexdigest(), 'b': bool(re.match('a', 'a'))}",
        ),
        ("import decimal, copy", "return {'a': str(decimal.Decimal(1) / 3), **copy.deepcopy(data)}"),
    ],
)
def test_what_is_pure_is_not_taken_for_something_else(tmp_path: Path, before: str, body: str) -> None:
    answer, touched = walked(registering(tmp_path, body, f"{before}\n"), {})
    assert not answer.failure
    assert touched == ()


def test_large_events_come_through_whole(tmp_path: Path) -> None:
    text = "x" * 50_000_000
    answer, _ = walked(registering(tmp_path, "return {**data, 'b': 1}"), {"a": text})
    assert answer.states == ({"a": text, "b": 1},)
