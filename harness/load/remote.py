"""The harness's side of a worker on another machine: its agent is asked, and what it recorded is copied as it comes."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from signal import SIGKILL
from typing import TypeVar

import msgspec

from harness.errors import HarnessError
from harness.load.alignment import Alignment, read_clock
from harness.load.engine import LoadStopped
from harness.load.journal import Clock
from harness.load.plan import Command, Prepare
from harness.load.recording import RecordingCopy
from harness.load.wire import CLOCK, COMMANDS, KILL, LEAVE, NEWS, TOKEN_HEADER, News, credentials
from harness.protocols.load import LoadPost

ARRIVE_S_MAX = 120.0
"""From when a worker is asked for to when its agent answers; images may have to be pulled."""
LOST_S_MAX = 10.0
"""A worker that is not reached for so long is lost."""
ANSWER_S_MAX = 5.0
RETRY_S = 0.1
POLL_S = 0.1
READ_CLOCK_EVERY_S = 30.0

T = TypeVar("T")


class WorkerLost(LoadStopped):
    """A worker on another machine has ended or is not reached: what it recorded may not be whole."""


class AgentClient:
    """One connection to an agent, made anew if it broke. Raises WorkerLost if no answer comes. For one thread."""

    def __init__(self, name: str, post: LoadPost, token: str) -> None:
        self._name = name
        self._connection = http.client.HTTPConnection(post.host, post.port, timeout=ANSWER_S_MAX)
        self._headers = {TOKEN_HEADER: credentials(token)}

    def clock(self) -> int:
        return int(self._ask("GET", CLOCK))

    def news(self, requests: int, journal: int, log: int) -> News:
        """What there is beyond these sizes."""
        body = self._ask("GET", f"{NEWS}?requests={requests}&journal={journal}&log={log}")
        try:
            return msgspec.msgpack.decode(body, type=News)
        except msgspec.DecodeError as error:
            raise WorkerLost(f"{self._name} answers what no agent does: {error}") from error

    def post(self, path: str, body: bytes = b"") -> None:
        self._ask("POST", path, body)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            where = f"{self._connection.host}:{self._connection.port}"
            raise WorkerLost(f"{self._name} is not reached at {where}: {error or type(error).__name__}") from error
        if response.status != HTTPStatus.OK:
            raise WorkerLost(f"{self._name} refuses {method} {path}: {response.status} {response.reason}")
        return answer


class RemoteWorker:
    """Implements Process and engine.Commands. One thread of its own asks and copies, from `start` to `close`.

    It has ended when all that it recorded is here. One that is lost counts as killed, and its log ends with why.
    """

    def __init__(self, name: str, post: LoadPost, token: str, copy: RecordingCopy, log: Path) -> None:
        self.name = name
        self.pid = 0  # another machine's numbers mean nothing here
        self.whole = False
        """All that it recorded is here."""
        self.collected_s = 0.0
        """From when it was known to have ended to when that was so."""
        self._post = post
        self._token = token
        self._client = AgentClient(name, post, token)
        self._copy = copy
        self._log = log
        self._log_size = 0
        self._life = ""
        self._readings: list[Clock] = []
        self._exit_code = -SIGKILL
        self._loss: WorkerLost | None = None
        self._arrived = threading.Event()
        self._done = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"following {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def await_arrival(self) -> None:
        """Until its agent has answered, and its clock has been read. Raises WorkerLost."""
        if not self._arrived.wait(ARRIVE_S_MAX + 2 * ANSWER_S_MAX):
            raise WorkerLost(f"{self.name} has not answered in {ARRIVE_S_MAX:g} s")
        if self._loss is not None:
            raise self._loss

    @property
    def loss(self) -> str:
        """Why it was lost; "" if it was not."""
        return str(self._loss or "")

    @property
    def recorded(self) -> int:
        """Bytes of records that are here."""
        return self._copy.size

    def close(self) -> None:
        """Ask it nothing more."""
        self._closing.set()
        self._thread.join(2 * ANSWER_S_MAX)
        self._copy.close()

    # ── as a process ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def exit_code(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout_s: float) -> int | None:
        return self._exit_code if self._done.wait(timeout_s) else None

    def signal(self, number: int) -> None:
        """Only SIGKILL. If it does not arrive, the agent does the same as soon as it misses the harness."""
        assert number == SIGKILL
        with suppress(WorkerLost):
            self._post_once(KILL)

    # ── as a way to the worker ───────────────────────────────────────────────────────────────────────────────────

    def send(self, command: Command) -> None:
        """Times are by the harness's clock, and arrive by the worker's. Raises WorkerLost."""
        if not isinstance(command, Prepare):
            command = type(command)(Alignment(self._readings).worker_time(command.at_ns))
        self._post_once(COMMANDS, msgspec.json.encode(command))

    def _post_once(self, path: str, body: bytes = b"") -> None:
        with closing(AgentClient(self.name, self._post, self._token)) as client:
            client.post(path, body)

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────────────

    def _follow(self) -> None:
        try:
            self._note_clock(ARRIVE_S_MAX)
            self._arrived.set()
            self._exit_code = self._collect()
            self._note_clock(LOST_S_MAX)
            self.whole = True
            self._client.post(LEAVE)
        except WorkerLost as loss:
            if not self.whole:  # else it is only that nobody heard it leave
                self._lose(loss)
        finally:
            self._client.close()
            self._arrived.set()
            self._done.set()

    def _collect(self) -> int:
        """Copy until there is nothing more to come; returns how the worker ended."""
        ended: float | None = None
        read_clock_at = time.monotonic() + READ_CLOCK_EVERY_S
        while True:
            asked = time.monotonic()
            news = self._fetch()
            if news.exit_code is not None:
                ended = asked if ended is None else ended
                if not news.more:
                    self.collected_s = time.monotonic() - ended
                    return news.exit_code
            elif asked > read_clock_at:
                self._note_clock(LOST_S_MAX)
                read_clock_at = asked + READ_CLOCK_EVERY_S
            if not news.more and self._closing.wait(POLL_S):
                raise WorkerLost(f"{self.name} was given up before it had ended")

    def _fetch(self) -> News:
        sizes = (self._copy.size, self._copy.journal_size, self._log_size)
        news = self._patiently(lambda: self._client.news(*sizes), LOST_S_MAX)
        self._life = self._life or news.life
        if news.life != self._life:
            raise WorkerLost(f"{self.name} was started again, and what it had recorded is gone")
        try:
            self._copy.append(news.requests, news.journal)
            with self._log.open("ab") as log:
                log.write(news.log)
        except OSError as error:
            raise WorkerLost(f"what {self.name} recorded cannot be kept: {error}") from error
        self._log_size += len(news.log)
        return news

    def _note_clock(self, patience_s: float) -> None:
        reading = self._patiently(lambda: read_clock(self._client.clock), patience_s)
        self._readings.append(reading)
        self._copy.note(reading)

    def _patiently(self, ask: Callable[[], T], patience_s: float) -> T:
        """The answer, asked for again until it comes. Raises what went wrong last."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                return ask()
            except WorkerLost:
                if time.monotonic() > deadline or self._closing.wait(RETRY_S):
                    raise

    def _lose(self, loss: WorkerLost) -> None:
        """Its log is where people look."""
        try:
            fate = self._post.fate()
        except HarnessError as error:
            fate = str(error)
        self._loss = WorkerLost("\n".join(said for said in (str(loss), fate) if said))
        with self._log.open("a") as log:
            log.write(f"{self._loss}\n")
