"""Runs one worker on another machine, for the harness that asks: `python -m harness.load.agent FOLDER`.

FOLDER holds the token and the plans of all workers; the variable JOB_COMPLETION_INDEX says which one is meant. The
worker is the same process as on the harness's own machine, and knows nothing of this one. What it records stays in its
files, to be fetched in pieces from any place on: a connection that breaks costs nothing. If the harness is not heard of
for long, the worker is killed: load must not outlive who answers for it.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harness.errors import HarnessError
from harness.load.children import Children
from harness.load.engine import process_of
from harness.load.plan import Command, CommandWriter, WorkerPlan
from harness.load.recording import committed_bytes, journal_of, read_records
from harness.load.records import REQUEST
from harness.load.wire import (
    CLOCK,
    COMMANDS,
    INDEX,
    KILL,
    LEAVE,
    NEWS,
    PORT,
    TOKEN,
    TOKEN_HEADER,
    News,
    admits,
    plan_name,
)
from harness.protocols import Process

ORPHANED_S = 30.0
PART_BYTES_MAX = 50_000 * REQUEST.itemsize
LOG_BYTES_MAX = 1_000_000
BODY_BYTES_MAX = 65_536
_LOOK_S = 0.5


class Agent:
    """One worker, as the harness asks of it. Safe to use from several threads."""

    def __init__(self, plan: WorkerPlan, process: Process, commands: CommandWriter, log: Path) -> None:
        self._plan = plan
        self._process = process
        self._commands = commands
        self._log = log
        self._life = secrets.token_hex(8)
        self._heard = time.monotonic()
        self.left = threading.Event()

    def hear(self) -> None:
        """The harness is there."""
        self._heard = time.monotonic()

    @property
    def silence_s(self) -> float:
        return time.monotonic() - self._heard

    def news(self, requests: int, journal: int, log: int) -> News:
        """What there is beyond these sizes."""
        exit_code = self._process.exit_code  # before the files: they grow no more when it has ended
        committed = committed_bytes(self._plan.recording)
        size = min(committed - requests, PART_BYTES_MAX)
        text = _read(journal_of(self._plan.recording), journal)  # after the count: see recording.py
        return News(
            life=self._life,
            requests=read_records(self._plan.recording, requests, size) if size > 0 else b"",
            journal=text[: text.rfind(b"\n") + 1],
            log=_read(self._log, log)[:LOG_BYTES_MAX],
            more=committed - requests > size,
            exit_code=exit_code,
        )

    def command(self, text: bytes) -> None:
        """Raises msgspec.DecodeError if it is none."""
        self._commands.send(msgspec.json.decode(text, type=Command))

    def kill(self) -> None:
        self._process.signal(signal.SIGKILL)


def _read(file: Path, offset: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(offset)
            return opened.read()
    except FileNotFoundError:
        return b""


class AgentServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], agent: Agent, token: str) -> None:
        super().__init__(address, _Handler)
        self.agent = agent
        self.token = token


class _Handler(BaseHTTPRequestHandler):
    server: AgentServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet: the clock is waited for

    def do_GET(self) -> None:
        agent = self._admitted()
        if agent is None:
            return
        url = urlsplit(self.path)
        if url.path == CLOCK:
            self._answer(str(time.monotonic_ns()).encode())
        elif url.path == NEWS:
            self._tell(agent, dict(parse_qsl(url.query)))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        agent = self._admitted()
        if agent is None:
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        body = self.rfile.read(int(length))
        if self.path == COMMANDS:
            self._pass_on(agent, body)
        elif self.path == KILL:
            agent.kill()
            self._answer(b"")
        elif self.path == LEAVE:
            self._answer(b"")
            self.wfile.flush()
            agent.left.set()
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _admitted(self) -> Agent | None:
        if not admits(self.server.token, self.headers.get(TOKEN_HEADER)):
            self._refuse(HTTPStatus.UNAUTHORIZED)
            return None
        self.server.agent.hear()
        return self.server.agent

    def _tell(self, agent: Agent, places: Mapping[str, str]) -> None:
        try:
            news = agent.news(int(places["requests"]), int(places["journal"]), int(places["log"]))
        except (KeyError, ValueError):
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self._answer(msgspec.msgpack.encode(news))

    def _pass_on(self, agent: Agent, body: bytes) -> None:
        try:
            agent.command(body)
        except msgspec.DecodeError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # its body has not been read
        self.send_error(status)

    def log_message(self, format: str, *arguments: object) -> None:
        """Ten lines a second would say nothing."""


def main(folder: Path, address: tuple[str, int] = ("", PORT)) -> int:
    """Returns the exit code: 0 if the harness said that it has everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a container's first process has no other way to hear it
    file = folder / plan_name(int(os.environ[INDEX]))
    plan = WorkerPlan.read(file)
    token = (folder / TOKEN).read_text()
    log = plan.recording.with_suffix(".log")
    with ExitStack() as cleanup:
        commands = CommandWriter(plan.commands)
        cleanup.callback(commands.close)
        process = Children().spawn(process_of(plan.name, file, log))
        cleanup.callback(process.signal, signal.SIGKILL)
        agent = Agent(plan, process, commands, log)
        server = cleanup.enter_context(AgentServer(address, agent, token))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cleanup.callback(server.shutdown)
        while not agent.left.wait(_LOOK_S):
            if agent.silence_s > ORPHANED_S:
                print(f"the harness has not been heard of for {ORPHANED_S:g} s: the load ends", file=sys.stderr)  # noqa: T201
                return HarnessError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
