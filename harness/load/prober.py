"""A process that asks one instance, past the router: `python -m harness.load.prober ORDER`. Its parent is
lanes/direct.py.

At a steady rate it sends a GET on a new connection and one on a kept connection, and with them, if it is told to, what
writes; and records them as a worker of the load records its own. It ends at SIGTERM, when what is in flight is answered
or given up; its log says why if it could not do as it was told.
"""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic_ns

import gevent
from gevent import get_hub
from gevent.event import Event

from harness.errors import HarnessError
from harness.load.answers import judge_failure, judge_status
from harness.load.client import Client
from harness.load.heartbeat import Heartbeat
from harness.load.hub import come_first, end_with_the_first_error
from harness.load.prober_order import Order
from harness.load.recording import Recorder
from harness.load.records import KEPT, NEW
from harness.load.requests import Composer
from harness.load.target import resolve
from harness.scenario import DirectWrite


@dataclass(frozen=True)
class _Sent:
    operation: str
    due_ns: int
    keep: bool
    key: int = 0
    """0: a read."""


class Prober:
    """Asks when it is due, whether earlier requests are answered or not: as many connections as that takes."""

    def __init__(self, order: Order) -> None:
        """Raises InvalidInput for an address or a path that there cannot be."""
        self._order = order
        self._target = resolve(order.url)
        self._composer = Composer(self._target)
        self._reads = {keep: self._composer.compose("GET", order.path, None, b"", keep=keep) for keep in (False, True)}
        self._keys = count(order.key_base + 1)
        if order.write:
            self._compose(order.write, order.key_base, keep=True)
        self._idle: list[Client] = []
        self._in_flight: set[Client] = set()
        self._ended = Event()
        self._due_ns = 0

    def run(self, recorder: Recorder) -> None:
        """Returns once it was told to end and nothing is in flight."""
        self._recorder = recorder
        heartbeat = Heartbeat(recorder.journal, self._expire)
        interval_s = 1 / self._order.rate_per_s
        timer = get_hub().loop.timer(interval_s, interval_s)
        self._due_ns = monotonic_ns()
        timer.start(self._ask)
        self._ended.wait()
        timer.stop()
        timer.close()
        while self._in_flight:
            gevent.sleep(interval_s)
        heartbeat.close()

    def end(self) -> None:
        self._ended.set()

    def _ask(self) -> None:
        """All that is due by now: on a busy machine that can be more than one."""
        now_ns = monotonic_ns()
        while self._due_ns <= now_ns:
            for keep in (False, True):
                gevent.spawn(self._read, self._due_ns, keep)
                if self._order.write:
                    gevent.spawn(self._write, self._order.write, self._due_ns, keep)
            self._due_ns += round(1e9 / self._order.rate_per_s)

    def _read(self, due_ns: int, keep: bool) -> None:
        self._exchange(_Sent(f"GET {self._order.path}", due_ns, keep), self._reads[keep])

    def _write(self, write: DirectWrite, due_ns: int, keep: bool) -> None:
        key = next(self._keys)
        self._exchange(_Sent(write.operation, due_ns, keep, key), self._compose(write, key, keep))

    def _compose(self, write: DirectWrite, key: int, keep: bool) -> bytes:
        path, headers, body = write.keyed(key)
        return self._composer.compose(write.method, path, headers, body.encode(), keep=keep)

    def _exchange(self, sent: _Sent, request: bytes) -> None:
        keep = sent.keep
        client = self._idle.pop() if keep and self._idle else Client(self._target, None)
        self._in_flight.add(client)
        deadline_ns = monotonic_ns() + round(self._order.timeout_s * 1e9)
        failure = client.exchange(request, deadline_ns=deadline_ns, keep=keep)
        self._in_flight.remove(client)
        if keep:
            self._idle.append(client)
        self._record(sent, client, failure)

    def _record(self, sent: _Sent, client: Client, failure: str | None) -> None:
        response, writes = client.response, sent.key != 0
        if failure is None:
            status = response.status
            outcome, error = judge_status(status, writes=writes, never_reached=False)
        else:
            status = 0
            outcome, error = judge_failure(failure, writes=writes, sent=client.sent_ns != 0)
        times = sent.due_ns, client.sent_ns, client.first_byte_ns, client.done_ns
        version, instance = self._order.version.encode("latin-1"), self._order.instance.encode("latin-1")
        described = self._recorder.describe(
            sent.operation, KEPT if sent.keep else NEW, error or "", version, instance, outcome
        )
        self._recorder.write(*times, sent.key, 0, 0, response.size, status, 0, described)

    def _expire(self, now_ns: int) -> None:
        for client in tuple(self._in_flight):
            if client.deadline_ns <= now_ns:
                client.expire()


def main(order_file: Path) -> int:
    """Returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    end_with_the_first_error()
    try:
        order = Order.read(order_file)
        prober = Prober(order)
        gevent.signal_handler(signal.SIGTERM, prober.end)
        come_first()
        with closing(Recorder(Path(order.recording))) as recorder:
            prober.run(recorder)
    except HarnessError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  # to its log
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
