"""Who is asked past the router, and for how long; what a prober records is in tests/unit/load/test_prober.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.history import REQUESTS, History, Kind
from harness.lanes.direct import DirectLane
from harness.lanes.stage import Stage
from harness.load.children import Children
from harness.load.keys import PER_PROBER
from harness.load.prober_order import Order
from harness.protocols import Instance, Workspace
from harness.recording import write_facts
from harness.scenario import Change, Direct, DirectWrite, Load, Scenario
from harness.strategies.recreate import Recreate
from tests.histories.build import Story
from tests.unit.fakes import ENVIRONMENT, MemoryTimeline
from tests.unit.load.kept_children import KeptChildren
from tests.unit.load.scripted_server import read_request, response, scripted_server

SCENARIO = Scenario(
    "s",
    ENVIRONMENT,
    Change("1", "2"),
    Recreate(),
    Load(Path("locustfile.py"), "User", 10.0, timeout_s=2.0),
    direct=Direct(path="/ready"),
)
ROUTED = ENVIRONMENT.routed.name


@pytest.fixture
def url() -> Iterator[str]:
    def answer(connection: socket.socket, _: int) -> None:
        while read_request(connection):
            connection.sendall(response())

    with scripted_server(answer) as url:
        yield url


def lane(
    recorder: MemoryTimeline, folder: Path, scenario: Scenario = SCENARIO, children: Children | None = None
) -> DirectLane:
    workspace = Workspace("r", folder, folder, children or Children(), seed=1)
    return DirectLane(scenario, Stage(recorder, time.monotonic_ns()), workspace, folder)


def test_instances_are_asked_from_when_they_serve_until_they_leave(tmp_path: Path, url: str) -> None:
    with MemoryTimeline() as recorder:
        direct = lane(recorder, tmp_path)
        direct.begin([Instance("web-1", ROUTED, "1", url), Instance("worker-1", "worker", "1", "")])
        direct.begin([Instance("web-1", ROUTED, "1", url), Instance("web-2", ROUTED, "2", url)])
        direct.end("worker-1")
        direct.end("web-1")
        direct.end_all()
        direct.save(tmp_path, 0)
    asked = recorder.of(Kind.DIRECT)
    assert [(moment.name, moment.detail) for moment in asked] == [
        ("web-1", {"version": "1"}),
        ("web-2", {"version": "2"}),
    ]
    assert all(moment.until_ns is not None for moment in asked)
    write_facts(tmp_path, Story().facts)
    (tmp_path / "timeline.jsonl").touch()
    with History.load(tmp_path) as history:
        assert history.has("direct")
        columns = ", ".join(REQUESTS)
        assert history.query(f"SELECT {columns} FROM direct WHERE instance NOT IN ('web-1', 'web-2')") == []


def test_they_are_written_to_as_well_if_a_table_asks_for_it(tmp_path: Path, url: str) -> None:
    write = DirectWrite("/transfers", body="{key}")
    with MemoryTimeline() as recorder:
        direct = lane(recorder, tmp_path, replace(SCENARIO, direct=Direct(path="/ready", write=write)))
        direct.begin([Instance(f"web-{number}", ROUTED, "1", url) for number in (1, 2)])
        direct.end_all()
        direct.save(tmp_path, 0)
    assert {moment.detail["writes"] for moment in recorder.of(Kind.DIRECT)} == {"POST /transfers"}
    first, second = (Order.read(tmp_path / f"direct-web-{number}.json") for number in (1, 2))
    assert first.write == write
    assert second.key_base - first.key_base == PER_PROBER


def test_a_run_that_breaks_leaves_nobody_who_asks(tmp_path: Path, url: str) -> None:
    children = KeptChildren()
    with MemoryTimeline() as recorder:
        direct = lane(recorder, tmp_path, children=children)
        direct.begin([Instance("web-1", ROUTED, "1", url), Instance("web-2", ROUTED, "2", url)])
        direct.end("web-1")
        direct.kill()
    assert len(children.children) == 2
    assert None not in [child.exit_code for child in children.children]


def test_one_that_cannot_be_asked_is_named_with_the_probers_last_words(tmp_path: Path) -> None:
    with (
        MemoryTimeline() as recorder,
        pytest.raises(HarnessError, match=r"web-1 could not be asked past the router\n  InvalidInput: .*is not a URL"),
    ):
        lane(recorder, tmp_path).begin([Instance("web-1", ROUTED, "1", "")])


def test_without_the_table_nobody_is(tmp_path: Path) -> None:
    with MemoryTimeline() as recorder:
        direct = lane(recorder, tmp_path, replace(SCENARIO, direct=None))
        direct.begin([Instance("web-1", ROUTED, "1", "")])
        direct.end("web-1")
        direct.save(tmp_path, 0)
    assert recorder.of(Kind.DIRECT) == []
    assert list(tmp_path.iterdir()) == []
