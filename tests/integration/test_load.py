"""Load as it really flows: workers in processes of their own, against servers that behave, drop and stall."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from textwrap import dedent

import msgspec
import numpy as np
import psutil
import pytest

from harness.errors import InvalidInput
from harness.load.children import Children
from harness.load.command import Connections, Summary, run_alone
from harness.load.engine import LoadStopped, RunningLoad, start_load
from harness.load.parquet import to_parquet
from harness.load.records import Outcome
from harness.scenario import Arrivals, Load
from tests.unit.load.kept_children import KeptChildren
from tests.unit.load.scripted_server import read_request, response, scripted_server

pytestmark = pytest.mark.servers

FAR_S = 30.0
SECOND_NS = 1_000_000_000


def answer_all(connection: socket.socket, number: int) -> None:
    while read_request(connection):
        connection.sendall(response(headers="x-version: 2.0\r\nx-instance: shop-1\r\nx-position: 7\r\n"))


@contextmanager
def loading(
    folder: Path,
    url: str,
    locustfile: str,
    *,
    user: str = "Shopper",
    rate_per_s: float = 200,
    users: int = 8,
    processes: int = 1,
    children: Children | None = None,
    writes: Sequence[str] = (),
) -> Iterator[RunningLoad]:
    """Workers that are prepared."""
    folder.mkdir(exist_ok=True)
    file = folder / "locustfile.py"
    file.write_text(dedent(locustfile))
    load = Load(file, user, rate_per_s, Arrivals.UNIFORM, users=users)
    with start_load(
        load, children or Children(), folder, folder, seed=1, processes=processes, writes=writes, key_base=1000
    ) as running:
        running.prepare(url)
        yield running


def flow(running: RunningLoad, duration_s: float = 0.5) -> int:
    """Let it begin and end; returns the origin."""
    origin_ns = running.begin()
    running.end(origin_ns + int(duration_s * 1e9))
    return origin_ns


SHOPPER = """
    from harness.load.open_loop import OpenLoopUser, operation

    class Shopper(OpenLoopUser):
        def prepare(self):
            for shelf in self.share(range(1, 21)):
                assert self.request("PUT", f"/shelves/{shelf}", stream=shelf, key=self.next_key(), operation="fill").ok

        @operation(weight=1)
        def buy(self):
            key = self.next_key()
            shelf = self.random.randint(1, 20)
            assert self.request("POST", f"/shelves/{shelf}", stream=shelf, key=key, body=b"{}").position == 7

        @operation(weight=3)
        def look(self):
            shelf = self.random.randint(1, 20)
            self.request("GET", f"/shelves/{shelf}", stream=shelf)
    """


def test_a_load_is_recorded_whole(tmp_path: Path) -> None:
    with scripted_server(answer_all) as url, loading(tmp_path, url, SHOPPER) as running:
        records = running.records()
        assert len(records.new()) == 20  # what was prepared can be read at once
        flow(running)
        requests = records.new()
    names = records.names
    assert len(requests) == 100
    assert set(requests["outcome"].tolist()) == {Outcome.OK}
    assert {names["version"][number] for number in requests["version"]} == {"2.0"}
    assert {names["instance"][number] for number in requests["instance"]} == {"shop-1"}
    assert {names["lane"][number] for number in requests["lane"]} == {"kept", "new"}
    assert set(requests["position"].tolist()) == {7}
    assert np.all(requests["scheduled_ns"] <= requests["sent_ns"])
    assert np.all(requests["sent_ns"] < requests["done_ns"])
    buys = requests[requests["operation"] == names["operation"].index("buy")]
    assert len(set(buys["key"].tolist())) == len(buys) > 10
    assert np.all(buys["key"] > 1000)


def test_a_seed_decides_what_each_arrival_does_also_in_several_processes(tmp_path: Path) -> None:
    seen = []
    for processes in (1, 2):
        with (
            scripted_server(answer_all) as url,
            loading(tmp_path / str(processes), url, SHOPPER, processes=processes) as running,
        ):
            origin_ns = flow(running)
            records = running.records()
            requests = np.sort(records.all(), order="scheduled_ns")
        requests = requests[requests["scheduled_ns"] >= origin_ns]
        operations = [records.names["operation"][number] for number in requests["operation"]]
        seen.append((operations, requests["stream"].tolist(), (requests["scheduled_ns"] - origin_ns).tolist()))
        keys = requests["key"][requests["key"] > 0].tolist()
        assert len(set(keys)) == len(keys)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_request_that_a_server_dropped_is_reported(tmp_path: Path, method: str) -> None:
    lock = threading.Lock()
    read = dropped = 0

    def drop_every_50th(connection: socket.socket, number: int) -> None:
        nonlocal read, dropped
        while read_request(connection):
            with lock:
                read += 1
                if read % 50 == 0:
                    dropped += 1
                    return
            connection.sendall(response())

    with scripted_server(drop_every_50th) as url:
        summary = run_alone(f"{url}/x?y=z", 500, 1.0, tmp_path, method=method, users=16)
    assert dropped >= 8
    assert summary.requests == summary.sent == read
    assert summary.errors == {"reset": dropped}
    assert summary.indeterminate == (dropped if method == "POST" else 0)
    assert summary.failed == (dropped if method == "GET" else 0)


def test_a_stall_of_the_server_is_seen_by_all_that_were_due_in_it(tmp_path: Path) -> None:
    rate_per_s, duration_s = 300, 2.0
    stall: list[int] = []
    asked = 0
    lock = threading.Lock()
    over = threading.Event()

    def stall_once(connection: socket.socket, number: int) -> None:
        nonlocal asked
        while read_request(connection):
            with lock:
                asked += 1
                first = asked == 150
            if first:
                stall.append(time.monotonic_ns())
                over.wait(0.5)  # never set yet: the stall itself
                stall.append(time.monotonic_ns())
                over.set()
            elif stall:
                over.wait(FAR_S)
            connection.sendall(response())

    locustfile = """
        from harness.load.open_loop import OpenLoopUser, operation

        class Shopper(OpenLoopUser):
            lanes = {"kept": 1}

            @operation()
            def look(self):
                self.request("GET", "/")
        """
    with (
        scripted_server(stall_once) as url,
        loading(tmp_path, url, locustfile, rate_per_s=rate_per_s, users=4) as running,
    ):
        flow(running, duration_s)
        requests = running.records().all()
    begin_ns, end_ns = stall
    due_in_it = requests[(requests["scheduled_ns"] > begin_ns) & (requests["scheduled_ns"] < end_ns)]
    assert len(requests) == rate_per_s * duration_s
    assert len(due_in_it) >= 0.4 * rate_per_s
    # At most the four that were on their way when it began may have been answered; the others waited for its end,
    # in the backlog too, and all count from when they were due.
    assert np.count_nonzero(due_in_it["done_ns"] < end_ns) <= 4
    assert np.count_nonzero(due_in_it["sent_ns"] >= end_ns) >= len(due_in_it) - 4


def test_the_command_keeps_every_record_and_says_what_came_of_them(tmp_path: Path) -> None:
    with scripted_server(answer_all) as url:
        summary = run_alone(url, 200, 0.5, tmp_path / "out", connections=Connections.NEW, arrivals=Arrivals.UNIFORM)
    assert (summary.requests, summary.sent, summary.ok) == (100, 100, 100)
    assert (summary.bytes, summary.statuses, summary.errors) == (200, {"200": 100}, {})
    assert (tmp_path / "out" / "requests.parquet").stat().st_size > 0
    assert msgspec.json.decode(summary.json(), type=Summary) == summary
    assert "100 due, 100 sent" in summary.text()
    with pytest.raises(InvalidInput, match="earlier load"):
        run_alone(url, 1, 1, tmp_path / "out")


@pytest.mark.parametrize("kind", ["HttpUser", "FastHttpUser"])
def test_locusts_own_users_are_recorded_too(tmp_path: Path, kind: str) -> None:
    locustfile = f"""
        from locust import {kind}, constant, task

        class Shopper({kind}):
            wait_time = constant(0.02)

            @task
            def look(self):
                self.client.get("/missing", name="look", context={{"stream": 3}})
        """

    def refuse(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            connection.sendall(response(status="404 Not Found", headers="x-version: 1.0\r\n"))

    with scripted_server(refuse) as url, loading(tmp_path, url, locustfile, users=2) as running:
        origin_ns = flow(running)
        records = running.records()
        requests = records.all()
    assert len(requests) > 4
    assert set(requests["closed_loop"].tolist()) == {1}
    assert set(requests["status"].tolist()) == {404}
    assert set(requests["stream"].tolist()) == {3}
    assert {records.names["version"][number] for number in requests["version"]} == {"1.0"}
    assert {records.names["error"][number] for number in requests["error"]} == {"refused"}
    assert {records.names["operation"][number] for number in requests["operation"]} == {"look"}
    assert np.all(requests["scheduled_ns"] >= origin_ns)


BROKEN = """
    from harness.load.open_loop import OpenLoopUser, operation

    class Shopper(OpenLoopUser):
        @operation()
        def buy(self):
            {body}
    """


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('shelf')", "KeyError: 'shelf'"),
        ("pass", "made no request"),
        ("[self.request('GET', '/') for _ in range(2)]", "made a second request"),
    ],
)
def test_a_mistake_in_a_locustfile_ends_the_load(tmp_path: Path, body: str, said: str) -> None:
    locustfile = BROKEN.format(body=body)
    with scripted_server(answer_all) as url, loading(tmp_path, url, locustfile) as running:
        running.begin()
        with pytest.raises(LoadStopped, match=said):
            wait_until_it_stops(running)


def wait_until_it_stops(running: RunningLoad) -> None:
    patience = threading.Event()
    deadline = time.monotonic() + FAR_S
    while time.monotonic() < deadline:
        running.check()
        patience.wait(0.02)


def test_preparations_that_fail_end_the_load(tmp_path: Path) -> None:
    def refuse(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            connection.sendall(response(status="500 Oh"))

    with (
        scripted_server(refuse) as url,
        pytest.raises(LoadStopped, match="AssertionError"),
        loading(tmp_path, url, SHOPPER),
    ):
        pytest.fail("was prepared")


def test_a_user_class_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(LoadStopped, match="no locust user class 'Buyer'"),
        loading(tmp_path, "http://127.0.0.1:1", SHOPPER, user="Buyer"),
    ):
        pytest.fail("was prepared")


def test_a_killed_worker_is_noticed_and_leaves_what_it_had_recorded(tmp_path: Path) -> None:
    children = KeptChildren()
    with scripted_server(answer_all) as url, loading(tmp_path, url, SHOPPER, children=children) as running:
        origin_ns = running.begin()
        records = running.records()
        seen = 0
        while seen < 60:
            running.check()
            seen += len(records.new())
        children.children[0].signal(SIGKILL)
        with pytest.raises(LoadStopped, match="signal 9"):
            wait_until_it_stops(running)
        assert len(running.records().all()) >= seen
        assert to_parquet(running.files, tmp_path / "requests.parquet", origin_ns) >= seen


HARNESS = """
    import sys
    from pathlib import Path

    from harness.load.children import Children
    from harness.load.engine import start_load
    from harness.scenario import Load

    folder, url = Path(sys.argv[1]), sys.argv[2]
    load = Load(folder / "locustfile.py", "Shopper", 50, users=2)
    with start_load(load, Children(), folder, folder, seed=1) as running:
        running.prepare(url)
        running.begin()
        print("begun", flush=True)
        running.end(2**62)
    """


def test_a_worker_whose_harness_is_killed_ends_by_itself(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(dedent(SHOPPER))
    with scripted_server(answer_all) as url:
        with subprocess.Popen(
            [sys.executable, "-c", dedent(HARNESS), str(tmp_path), url],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            (worker,) = psutil.Process(process.pid).children()
            process.kill()
        worker.wait(FAR_S)  # raises if it still runs
    assert "the harness is gone" in (tmp_path / "load-0.log").read_text()


LISTENING = """
    import json
    from pathlib import Path

    from locust import events
    from harness.load.open_loop import OpenLoopUser, operation

    heard = []
    if {listens}:
        events.request.add_listener(lambda **event: heard.append(event["exception"] is None))

    @events.test_stop.add_listener
    def note(environment, **_):
        total = environment.stats.total
        figures = [total.num_requests, total.num_failures, total.max_response_time < 5000, len(heard)]
        Path(__file__).with_name("figures.json").write_text(json.dumps(figures))

    class Shopper(OpenLoopUser):
        @operation()
        def look(self):
            self.request("GET", "/")
    """


@pytest.mark.parametrize("listens", [False, True])
def test_locusts_statistics_and_listeners_get_every_request(tmp_path: Path, listens: bool) -> None:
    with scripted_server(answer_all) as url, loading(tmp_path, url, LISTENING.format(listens=listens)) as running:
        flow(running)
    assert msgspec.json.decode((tmp_path / "figures.json").read_bytes()) == [100, 0, True, 100 if listens else 0]
