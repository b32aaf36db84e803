"""What a prober records of an instance that answers, refuses, breaks off and hangs."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.load.children import Children
from harness.load.engine import variables_of_workers
from harness.load.prober_order import Order
from harness.load.recording import Records
from harness.load.records import Outcome
from harness.protocols import Command
from harness.scenario import DirectWrite
from harness.waiting import until
from tests.unit.load.scripted_server import Script, read_request, response, scripted_server

REQUESTS = 40


def probe(
    url: str,
    folder: Path,
    requests: int = REQUESTS,
    timeout_s: float = 10.0,
    write: DirectWrite | None = None,
    key_base: int = 0,
) -> tuple[Records, np.ndarray]:
    """Until so many are recorded."""
    recording = str(folder / "direct.requests")
    order = Order("web-1", "2.0", url, "/ready", 100.0, timeout_s, recording, write, key_base)
    order.save(folder / "order.json")
    argv = (sys.executable, "-m", "harness.load.prober", str(folder / "order.json"))
    process = Children().spawn(Command("prober", argv, variables_of_workers(), log=folder / "prober.log"))
    records = Records([Path(order.recording)])
    try:
        assert until(lambda: len(Records([Path(order.recording)]).all()) >= requests, 20.0), (
            folder / "prober.log"
        ).read_text()
    finally:
        process.signal(signal.SIGTERM)
        assert process.wait(10.0) == 0
    return records, records.all()


def names(records: Records, requests: np.ndarray, column: str) -> set[str]:
    return {records.names[column][number] for number in requests[column]}


def test_each_kind_of_connection_is_asked_alike(tmp_path: Path) -> None:
    opened: list[bytes] = []

    def answer(connection: socket.socket, _: int) -> None:
        while request := read_request(connection):
            opened.append(request)
            connection.sendall(response())

    with scripted_server(answer) as url:
        records, requests = probe(url, tmp_path)
    lanes = [records.names["lane"][number] for number in requests["lane"]]
    assert abs(lanes.count("new") - lanes.count("kept")) <= 1
    assert names(records, requests, "instance") == {"web-1"}
    assert names(records, requests, "version") == {"2.0"}
    assert set(requests["status"]) == {200}
    assert {b"connection: close" in request for request in opened} == {True, False}
    due = np.unique(requests["scheduled_ns"])
    assert set(np.diff(due)) == {10_000_000}


def test_what_writes_is_sent_as_often_each_with_a_key_of_its_own(tmp_path: Path) -> None:
    sent: list[bytes] = []

    def answer(connection: socket.socket, _: int) -> None:
        while request := read_request(connection):
            sent.append(request)
            connection.sendall(response(status="503 no" if request.startswith(b"PUT") else "200 OK"))

    write = DirectWrite("/notes/{key}", "PUT", {"idempotency-key": "{key}"}, '{"note": {key}}')
    with scripted_server(answer) as url:
        records, requests = probe(url, tmp_path, write=write, key_base=7_000)
    assert names(records, requests, "operation") == {"GET /ready", "PUT /notes/{key}"}
    numbers = {records.names["operation"][number]: number for number in requests["operation"]}
    reads, writes = (
        requests[requests["operation"] == number] for number in (numbers["GET /ready"], numbers["PUT /notes/{key}"])
    )
    assert abs(len(reads) - len(writes)) <= 2
    assert set(reads["key"]) == {0}
    assert min(writes["key"]) > 7_000
    assert len(set(writes["key"])) == len(writes)
    key = writes["key"][0]
    assert any(
        each.startswith(b"PUT /notes/%d HTTP" % key)
        and b"idempotency-key: %d\r\n" % key in each
        and each.endswith(b'{"note": %d}' % key)
        for each in sent
    )
    assert set(writes["outcome"]) == {Outcome.INDETERMINATE}  # whether a 503 wrote, nobody knows


def answering(answer: bytes) -> Script:
    """To one request a connection."""

    def answer_once(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(answer)

    return answer_once


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answering(response(status="503 no")), "status"),
        (answering(response(status="404 no")), "refused"),
        (answering(b""), "reset"),
        (answering(b"hello\r\n\r\n"), "protocol"),
    ],
)
def test_what_is_not_served_says_how(tmp_path: Path, script: Script, error: str) -> None:
    with scripted_server(script) as url:
        records, requests = probe(url, tmp_path, 10)
    assert error in names(records, requests, "error")


def test_what_hangs_is_given_up(tmp_path: Path) -> None:
    def hang(connection: socket.socket, _: int) -> None:
        read_request(connection)
        read_request(connection)  # until the other side closes

    with scripted_server(hang) as url:
        records, requests = probe(url, tmp_path, 10, timeout_s=0.3)
    assert names(records, requests, "error") == {"timeout"}


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    records, requests = probe(f"http://127.0.0.1:{port}", tmp_path, 10)
    assert names(records, requests, "error") == {"connect"}
