"""Load from several machines, as far as clocks and connections go: agents on loopback, each with a clock of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import numpy as np
import psutil
import pytest

from harness.checkers.load import Load as LoadChecker
from harness.drivers.ports import free_port
from harness.environment import Headers
from harness.history import History, Kind
from harness.judge import judge
from harness.load import remote
from harness.load.arrivals import Rate, plan_arrivals
from harness.load.cluster import ClusterLoad, start_load_in
from harness.load.records import Outcome
from harness.load.remote import WorkerLost
from harness.load.wire import INDEX
from harness.protocols import Announce, Instance, Steps, Watch, Workspace
from harness.protocols.load import LoadPost
from harness.reporting.terminal import SilentDisplay
from harness.run import Run
from harness.scenario import Arrivals, Change, Load, LoadWhere, Scenario
from harness.verdict import Status, Verdict
from tests.integration.test_load import SECOND_NS, SHOPPER, answer_all
from tests.unit.fakes import ENVIRONMENT, FakeSystem
from tests.unit.load.scripted_server import read_request, response, scripted_server

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
AGENT = """
import sys
from pathlib import Path
from harness.load import agent
agent.ORPHANED_S = float(sys.argv[3])
sys.exit(agent.main(Path(sys.argv[1]), ("127.0.0.1", int(sys.argv[2]))))
"""
SEED = 7
USERS = 8
RATE_PER_S = 200
SOON_S = 20.0


def has_time_namespaces() -> bool:
    command = ("unshare", "--time", "--monotonic", "1", "--fork", "true")
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


@dataclass
class Machines:
    """See protocols.LoadPlace. Their clocks show so many seconds more than the harness's."""

    folder: Path
    url: str
    clocks_s: Sequence[int] = (0, 0)
    orphaned_s: float = 30.0
    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def given(self) -> Path:
        return self.folder / "given"

    def entrance(self) -> str:
        return self.url

    @contextmanager
    def load_workers(self, files: Mapping[str, str], workers: int) -> Iterator[Sequence[LoadPost]]:
        self.given.mkdir()
        (self.folder / "work").mkdir()
        for name, text in files.items():
            (self.given / name).write_text(text)
        with ExitStack() as cleanup:
            posts = []
            for number, clock_s in zip(range(workers), self.clocks_s, strict=True):
                port = free_port()
                self.agents.append(self._start(number, port, clock_s))
                cleanup.callback(self.end, number)
                posts.append(LoadPost("127.0.0.1", port, lambda: "the machine burns"))
            yield posts

    def _start(self, number: int, port: int, clock_s: int) -> subprocess.Popen[bytes]:
        elsewhere = ("unshare", "--time", "--monotonic", str(clock_s), "--fork", "--kill-child") if clock_s else ()
        with (self.folder / f"agent-{number}.log").open("wb") as log:
            return subprocess.Popen(
                (*elsewhere, sys.executable, "-c", AGENT, str(self.given), str(port), str(self.orphaned_s)),
                env={**os.environ, INDEX: str(number), "PYTHONPATH": str(ROOT)},
                stderr=log,
                start_new_session=True,
            )

    def processes(self, number: int) -> list[psutil.Process]:
        """The worker last."""
        try:
            agent = psutil.Process(self.agents[number].pid)
            return [agent, *agent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self, number: int) -> None:
        for process in self.processes(number):
            process.kill()
        self.agents[number].wait()


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.load.cluster.GIVEN", tmp_path / "given")
    monkeypatch.setattr("harness.load.cluster.WORK", tmp_path / "work")
    monkeypatch.setattr(remote, "LOST_S_MAX", 1.0)


def shopping(folder: Path, arrivals: Arrivals = Arrivals.POISSON) -> Load:
    file = folder / "locustfile.py"
    file.write_text(dedent(SHOPPER))
    return Load(file, "Shopper", RATE_PER_S, arrivals, users=USERS, workers=2, where=LoadWhere.CLUSTER)


@contextmanager
def loading(machines: Machines) -> Iterator[ClusterLoad]:
    folder = machines.folder
    here = folder / "here"
    here.mkdir()
    load = shopping(folder)
    with start_load_in(machines, load, here, here, seed=SEED, headers=Headers(), writes=(), key_base=1000) as running:
        running.prepare(machines.entrance())
        yield running


@pytest.fixture
def url() -> Iterator[str]:
    with scripted_server(answer_all) as server:
        yield server


def due_ns(duration_s: float) -> list[int]:
    arrivals = plan_arrivals(Rate([(0, RATE_PER_S)]), Arrivals.POISSON, SEED, [1, 3], [9, 1], duration_s=duration_s)
    return [arrival.due_ns for arrival in arrivals]


@pytest.mark.parametrize("clocks_s", [(0, 0), (100_000, 2_500_000)], ids=["one clock", "clocks of their own"])
def test_the_records_of_all_machines_are_one_schedule(tmp_path: Path, url: str, clocks_s: tuple[int, int]) -> None:
    if any(clocks_s) and not has_time_namespaces():
        pytest.skip("this machine lets nobody have a clock of one's own")
    with loading(Machines(tmp_path, url, clocks_s)) as running:
        records = running.records()
        origin_ns = running.begin()
        running.end(origin_ns + 2 * SECOND_NS)
        requests = records.all()
        accounts = running.accounts()
    assert [account.trouble for account in accounts] == ["", ""]
    for account, clock_s in zip(accounts, clocks_s, strict=True):
        assert abs(account.offset_ns + clock_s * SECOND_NS) <= account.bound_ns < 10_000_000
    lanes = np.array(records.names["lane"])[requests["lane"]]
    assert np.count_nonzero(lanes == "prepare") == 20
    sent = np.sort(requests["scheduled_ns"][lanes != "prepare"]) - origin_ns
    bound_ns = max(account.bound_ns for account in accounts)
    assert np.abs(sent - np.array(due_ns(2.0))).max() <= bound_ns
    assert set(requests["outcome"].tolist()) == {Outcome.OK}
    assert np.all(requests["scheduled_ns"] <= requests["sent_ns"])
    assert np.all(requests["sent_ns"] < requests["done_ns"])
    assert sum(account.requests for account in accounts) == len(requests)
    keys = requests["key"][requests["key"] > 0]
    assert len(np.unique(keys)) == len(keys)


def test_each_machine_sends_its_share(tmp_path: Path, url: str) -> None:
    with loading(Machines(tmp_path, url)) as running:
        running.end(running.begin() + SECOND_NS)
        requests = running.records().all()
    assert set((requests["session"] % 2).tolist()) == {0, 1}
    assert len(np.unique(requests["session"])) == USERS


def test_records_are_here_while_the_load_flows(tmp_path: Path, url: str) -> None:
    with loading(Machines(tmp_path, url)) as running:
        records = running.records()
        running.begin()
        seen, never = 0, threading.Event()
        for _ in range(100):
            seen += len(records.new())
            if seen > 200:
                break
            never.wait(0.05)
        running.check()
        running.end()
    assert seen > 200


def test_a_worker_that_is_killed_is_missed_at_once(tmp_path: Path, url: str) -> None:
    machines = Machines(tmp_path, url)
    with loading(machines) as running:
        running.begin()
        machines.processes(1)[-1].kill()
        with pytest.raises(WorkerLost, match=r"load-1 ended by itself \(signal 9\)"):
            missed(running)
        running.kill()
        assert [account.whole for account in running.accounts()] == [False, False]


def test_a_machine_that_is_gone_is_missed(tmp_path: Path, url: str) -> None:
    machines = Machines(tmp_path, url)
    with loading(machines) as running:
        running.begin()
        machines.end(1)
        with pytest.raises(WorkerLost, match=r"load-1 (.|\n)*not reached(.|\n)*the machine burns"):
            missed(running)


def missed(running: ClusterLoad) -> None:
    """Look after the load, as a run does, until something is wrong with it."""
    never = threading.Event()
    for _ in range(int(SOON_S / 0.1)):
        running.check()
        never.wait(0.1)


def test_load_does_not_outlive_the_harness(tmp_path: Path, url: str) -> None:
    machines = Machines(tmp_path, url, orphaned_s=1.0)
    with loading(machines) as running:
        running.begin()
        workers = [machines.processes(number)[-1] for number in range(2)]
        for one in running._remotes:
            one._closing.set()  # as if nobody asked any more
        assert [agent.wait(SOON_S) for agent in machines.agents] == [3, 3]
        assert psutil.wait_procs(workers, SOON_S)[1] == []
    assert "has not been heard of" in (tmp_path / "agent-0.log").read_text()


# ── a whole run ──────────────────────────────────────────────────────────────────────────────────────────────────


class Watching:
    """A strategy that changes nothing."""

    def steps(self, change: Change, services: object, fleet: Sequence[Instance]) -> Steps:
        yield Announce("watch")
        yield Watch(2.0, change.old, None)

    def names(self, replicas: int) -> tuple[str, ...]:
        return ("watch",)


class FarSystem(FakeSystem):
    """Its platform has machines for the load."""

    machines: Machines

    def entrance(self) -> str:
        return self.machines.entrance()

    @contextmanager
    def load_workers(self, files: Mapping[str, str], workers: int) -> Iterator[Sequence[LoadPost]]:
        with self.machines.load_workers(files, workers) as posts:
            yield posts


@dataclass
class FarSite:
    machines: Machines

    @contextmanager
    def start(self, version: str) -> Iterator[FarSystem]:
        system = FarSystem()
        system.machines = self.machines
        yield system


class Arson(SilentDisplay):
    """Burns a machine down when the step begins."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines

    def moment(self, moment: object) -> None:
        if getattr(moment, "kind", None) is Kind.STEP:
            self.machines.end(1)


def run(folder: Path, machines: Machines, display: SilentDisplay) -> tuple[History, Sequence[Verdict]]:
    scenario = Scenario("far", ENVIRONMENT, Change("1", "2"), Watching(), shopping(folder), settle_s=0.5)
    history, logs = folder / "history", folder / "logs"
    history.mkdir()
    logs.mkdir()
    workspace = Workspace("r", folder, logs, spawner=None, seed=1)  # type: ignore[arg-type]
    Run(scenario, "r", history, FarSite(machines), workspace, display, threading.Event()).carry_out()
    loaded = History.load(history)
    return loaded, judge(loaded, [LoadChecker(answers_min=1, excused_share_max=1.0)])


def answer_as_both_versions(connection: socket.socket, number: int) -> None:
    while read_request(connection):
        connection.sendall(response(headers=f"x-version: {1 + number % 2}\r\nx-position: 7\r\n"))


def test_a_run_tells_of_each_worker_and_its_clock(tmp_path: Path) -> None:
    with scripted_server(answer_as_both_versions) as url:
        loaded, [verdict] = run(tmp_path, Machines(tmp_path, url), SilentDisplay())
    with loaded as history:
        workers = history.moments(Kind.WORKER)
        assert [moment.name for moment in workers] == ["load-0", "load-1"]
        assert all(moment.detail["whole"] for moment in workers)
        [(rows,)] = history.query("SELECT count(*) FROM requests")
        assert rows == sum(int(moment.detail["requests"] or 0) for moment in workers)
        assert verdict.status is Status.PASS, verdict.reason
        assert verdict.figures["workers"] == 2


def test_a_run_that_lost_a_worker_is_unknown_whatever_it_saw(tmp_path: Path, url: str) -> None:
    machines = Machines(tmp_path, url)
    loaded, verdicts = run(tmp_path, machines, Arson(machines))
    with loaded as history:
        assert {verdict.status for verdict in verdicts} == {Status.UNKNOWN}
        assert [verdict.checker for verdict in verdicts] == ["run", "load"]
        assert "load-1" in verdicts[0].reason
        assert "the records of load-1 are not whole" in verdicts[1].reason
        assert not history.has("requests")
        assert (tmp_path / "history" / "some-requests.parquet").exists()
