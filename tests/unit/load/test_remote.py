"""The two sides of a worker on another machine, on loopback, with a worker that does as the test says."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.environment import Headers
from harness.load import remote as remote_module
from harness.load.agent import Agent, AgentServer
from harness.load.engine import plans_of
from harness.load.journal import Drained, Entry, JournalReader, Loaded
from harness.load.plan import Begin, Command, CommandWriter, End, Prepare, WorkerPlan
from harness.load.recording import Recorder, RecordingCopy, Records, alignment_of, journal_of
from harness.load.remote import AgentClient, RemoteWorker, WorkerLost
from harness.load.wire import CLOCK, NEWS, credentials
from harness.protocols.load import LoadPost
from harness.scenario import Load
from harness.waiting import until
from tests.unit.load.samples import write_request

TOKEN = "secret"
SOON_S = 5.0


@dataclass
class FakeProcess:
    """See protocols.Process."""

    exit_code: int | None = None
    name: str = "load-0"
    pid: int = 0
    signals: list[int] = field(default_factory=list)

    def signal(self, number: int) -> None:
        self.signals.append(number)
        self.exit_code = -number

    def wait(self, timeout_s: float) -> int | None:
        return self.exit_code


class FakePipe(CommandWriter):
    def __init__(self) -> None:
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)


class MortalServer(AgentServer):
    def __init__(self, agent: Agent) -> None:
        super().__init__(("127.0.0.1", 0), agent, TOKEN)
        self.connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


@dataclass
class There:
    """The worker's machine."""

    plan: WorkerPlan
    process: FakeProcess
    pipe: FakePipe
    recorder: Recorder
    log: Path
    agent: Agent
    server: MortalServer

    @property
    def post(self) -> LoadPost:
        return LoadPost("127.0.0.1", self.server.server_port, lambda: "OOMKilled: too much memory")

    def end(self, exit_code: int = 0) -> None:
        if exit_code == 0:
            self.recorder.journal.append(Drained())
        self.process.exit_code = exit_code

    def vanish(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:
            with suppress(OSError):  # closed before
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    folder = tmp_path / "there"
    folder.mkdir()
    locustfile = tmp_path / "locustfile.py"
    locustfile.touch()
    load = Load(locustfile, "User", 100.0)
    [plan] = plans_of(load, folder, seed=1, headers=Headers(), writes=(), workers=1)
    process, pipe, log = FakeProcess(), FakePipe(), folder / "load-0.log"
    agent = Agent(plan, process, pipe, log)
    with closing(Recorder(plan.recording)) as recorder, MortalServer(agent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield There(plan, process, pipe, recorder, log, agent, server)
        server.shutdown()
        thread.join()


@dataclass
class Here:
    """The harness's."""

    remote: RemoteWorker
    recording: Path
    log: Path

    def entries(self) -> list[Entry]:
        return JournalReader(journal_of(self.recording)).new()


@contextmanager
def following(there: There, folder: Path, token: str = TOKEN) -> Iterator[Here]:
    recording, log = folder / "load-0.requests", folder / "load-0.log"
    remote = RemoteWorker("load-0", there.post, token, RecordingCopy(recording), log)
    remote.start()
    try:
        remote.await_arrival()
        yield Here(remote, recording, log)
    finally:
        remote.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARRIVE_S_MAX", "LOST_S_MAX", "ANSWER_S_MAX"):
        monkeypatch.setattr(remote_module, name, 0.3)


def test_what_is_recorded_there_is_read_here_while_it_is_made(there: There, tmp_path: Path) -> None:
    with following(there, tmp_path) as here:
        records = Records([here.recording])
        there.recorder.journal.append(Loaded())
        write_request(there.recorder, key=1, version="1.0")
        assert until(lambda: len(records.all()) == 1, SOON_S)
        write_request(there.recorder, key=2, version="2.0")
        there.log.write_text("a word\n")
        there.end()
        assert here.remote.wait(SOON_S) == 0
        assert here.remote.whole
        assert records.all()["key"].tolist() == [1, 2]
        assert records.names["version"] == ["", "1.0", "2.0"]
        assert here.log.read_text() == "a word\n"
        assert {Loaded(), Drained()} <= set(here.entries())
    assert there.agent.left.is_set()


def test_a_long_recording_comes_in_parts(there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.load.agent.PART_BYTES_MAX", 7 * 80)
    for key in range(100):
        write_request(there.recorder, key=key, operation=f"operation {key}")
    there.end()
    with following(there, tmp_path) as here:
        assert here.remote.wait(SOON_S) == 0
    assert Records([here.recording]).all()["key"].tolist() == list(range(100))


def test_the_clock_is_read_before_and_after(there: There, tmp_path: Path) -> None:
    with following(there, tmp_path) as here:
        there.end()
        here.remote.wait(SOON_S)
    alignment = alignment_of(here.recording)
    assert [type(entry).__name__ for entry in here.entries()] == ["Clock", "Drained", "Clock"]
    assert abs(alignment.offset_ns) <= alignment.bound_ns, "both are the clock of this machine"
    assert alignment.steady


def test_commands_arrive_by_the_workers_clock(there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behind_ns = 10**15
    shown = AgentClient.clock
    monkeypatch.setattr(AgentClient, "clock", lambda client: shown(client) - behind_ns)
    with following(there, tmp_path) as here:
        for command in (Prepare("http://x"), Begin(5 * 10**15), End(6 * 10**15)):
            here.remote.send(command)
        offset_ns = alignment_of(here.recording).offset_ns
    assert abs(offset_ns - behind_ns) < 10**9
    assert there.pipe.sent == [Prepare("http://x"), Begin(5 * 10**15 - offset_ns), End(6 * 10**15 - offset_ns)]


def test_a_worker_that_failed_tells_how_when_all_is_here(there: There, tmp_path: Path) -> None:
    with following(there, tmp_path) as here:
        assert here.remote.exit_code is None
        write_request(there.recorder)
        there.log.write_text("no such thing")
        there.end(7)
        assert here.remote.wait(SOON_S) == 7
        assert here.remote.recorded == 80
        assert here.log.read_text() == "no such thing"


def test_a_worker_is_killed(there: There, tmp_path: Path) -> None:
    with following(there, tmp_path) as here:
        here.remote.signal(9)
        assert here.remote.wait(SOON_S) == -9
    assert there.process.signals == [9]


def test_a_worker_that_is_not_reached_any_more_is_lost(there: There, tmp_path: Path, impatient: None) -> None:
    with following(there, tmp_path) as here:
        write_request(there.recorder)
        assert until(lambda: here.remote.recorded == 80, SOON_S)
        there.vanish()
        assert here.remote.wait(SOON_S) == -9
        assert not here.remote.whole
        assert "load-0 is not reached at 127.0.0.1" in here.log.read_text()
        assert "OOMKilled" in here.log.read_text()
        here.remote.signal(9)  # there is nobody, and that is all right


def test_another_one_in_its_place_is_not_believed(there: There, tmp_path: Path, impatient: None) -> None:
    with following(there, tmp_path) as here:
        write_request(there.recorder)
        assert until(lambda: here.remote.recorded == 80, SOON_S)
        there.server.agent = Agent(there.plan, there.process, there.pipe, there.log)
        assert here.remote.wait(SOON_S) == -9
        assert "was started again" in here.log.read_text()


def test_a_worker_that_never_comes_up_is_told_with_what_the_platform_says(
    there: There, tmp_path: Path, impatient: None
) -> None:
    there.vanish()
    with pytest.raises(WorkerLost, match=r"not reached at (.|\n)*OOMKilled"), following(there, tmp_path):
        pytest.fail("arrived")


def test_nobody_without_the_token_is_listened_to(there: There, tmp_path: Path, impatient: None) -> None:
    with pytest.raises(WorkerLost, match="401"), following(there, tmp_path, token="guessed"):
        pytest.fail("arrived")
    assert there.pipe.sent == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"{NEWS}?requests=x&journal=0&log=0", b"", 400),
        ("GET", NEWS, b"", 400),
        ("GET", "/elsewhere", b"", 404),
        ("POST", "/elsewhere", b"", 404),
        ("POST", "/commands", b'{"type":"dance"}', 400),
        ("POST", "/commands", b"x" * 70_000, 400),
        ("GET", CLOCK, b"", 200),
    ],
)
def test_what_an_agent_does_not_understand_it_refuses(
    there: There, method: str, path: str, body: bytes, status: int
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", there.server.server_port, timeout=SOON_S)) as connection:
        connection.request(method, path, body, {"Authorization": credentials(TOKEN)})
        assert connection.getresponse().status == status
    assert there.pipe.sent == []


def test_a_disk_that_is_full_makes_no_whole_recording(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Event()

    def full(*_: object) -> None:
        arrived.wait(SOON_S)  # what is lost sooner does not arrive at all
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordingCopy, "append", full)
    with following(there, tmp_path) as here:
        arrived.set()
        assert here.remote.wait(SOON_S) == -9
        assert not here.remote.whole
        assert "No space left" in here.log.read_text()


def hears(agent: Agent, ask: Callable[[], object]) -> bool:
    before = agent.silence_s
    ask()
    return agent.silence_s <= before


def test_silence_counts_from_the_last_request_with_the_token(there: There) -> None:
    with closing(AgentClient("load-0", there.post, TOKEN)) as client:
        assert hears(there.agent, client.clock)
    before = there.agent.silence_s
    with closing(AgentClient("load-0", there.post, "guessed")) as stranger, pytest.raises(WorkerLost):
        stranger.clock()
    assert there.agent.silence_s > before
