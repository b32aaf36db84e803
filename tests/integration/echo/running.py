"""What tests of the driver need: a workspace, and a client that tells who answered."""

from __future__ import annotations

import http.client
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from harness.protocols import Workspace
from harness.supervisor import Supervisor, scratch_folder
from harness.waiting import until

_numbers = count(1)


@contextmanager
def workspace() -> Iterator[Workspace]:
    run_id = f"test-{os.getpid()}-{next(_numbers)}"
    scratch = scratch_folder(run_id)
    with tempfile.TemporaryDirectory() as logs, Supervisor(run_id, scratch) as supervisor:
        yield Workspace(run_id, scratch, Path(logs), supervisor, seed=1)


@dataclass(frozen=True)
class Answer:
    status: int
    version: str | None
    instance: str | None
    attempts: int
    body: str


def get(url: str, path: str = "/work") -> Answer:
    with closing(connect(url)) as connection:
        return ask(connection, path)


def connect(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)


def ask(connection: http.client.HTTPConnection, path: str) -> Answer:
    connection.request("GET", path)
    response = connection.getresponse()
    return Answer(
        response.status,
        response.headers["X-Version"],
        response.headers["X-Instance"],
        int(response.headers.get("X-Envoy-Attempt-Count", "0")),
        response.read().decode(),
    )


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    return until(condition, timeout_s)


@contextmanager
def continuous_requests(url: str, path: str, users: int = 4) -> Iterator[list[Answer | Exception]]:
    """Users who ask without a pause, half of them on a new connection each time. The list is whole after leaving."""
    answers: list[Answer | Exception] = []
    over = threading.Event()

    def use(keeps: bool) -> None:
        connection = connect(url)
        while not over.is_set():
            try:
                answers.append(ask(connection, path))
            except (OSError, http.client.HTTPException) as error:
                answers.append(error)
                connection.close()
            if not keeps:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=use, args=(number % 2 == 0,)) for number in range(users)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join(20)
