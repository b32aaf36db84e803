"""On the library `eventsourcing` itself, and on the ledger that is written with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import clear_topic_cache, register_topic

from harness.upcasters.checks import CHECKS, judge
from harness.upcasters.events import Recorded, read_events
from harness.upcasters.schemas import Schemas
from harness.upcasters.trials import try_upcasters
from harness.upcasters.user_code.process import Limits
from harness.verdict import Status, Verdict

LEDGER = Path(__file__).parents[3] / "environments" / "ledger"
TOPIC = "accounts:Opened"


@dataclass(frozen=True)
class Opened2:
    """Version 2 of an event: what was `owner` is `holder`."""

    class_version: ClassVar[int] = 2
    originator_id: UUID
    originator_version: int
    holder: str


VERSION_1 = """
from dataclasses import dataclass
from uuid import UUID

@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    owner: str
"""


def stored_by_version_2() -> StoredEvent:
    clear_topic_cache()
    register_topic(TOPIC, Opened2)
    try:
        return Mapper[UUID](JSONTranscoder()).to_stored_event(Opened2(UUID(int=1), 1, "Ada"))
    finally:
        clear_topic_cache()


def verdict(check: str, target: str, recorded: Recorded) -> Verdict:
    found = CHECKS[check](try_upcasters(target, recorded, Schemas(), Limits()))
    assert found is not None
    return found


def test_an_event_of_version_2_that_the_library_loads_into_a_class_of_version_1_is_reported(tmp_path: Path) -> None:
    """The library wrote it as version 2, and reads it as version 1: without an error, and without an owner."""
    stored = stored_by_version_2()
    (tmp_path / "accounts.py").write_text(VERSION_1)
    line = {"type": TOPIC, "data": json.loads(stored.state), "position": stored.originator_version}
    (tmp_path / "events.jsonl").write_text(json.dumps(line))
    recorded = read_events(tmp_path / "events.jsonl")
    assert recorded.versions() == {(TOPIC, 2)}

    found = verdict("newer", str(tmp_path / "accounts.py"), recorded)
    assert found.status is Status.FAIL
    assert found.reason == (
        f"The event at events.jsonl:1 ({TOPIC} 2, loaded as 1) is loaded without an error, "
        "but lacks owner, which its class declares."
    )


def test_that_nothing_refuses_a_newer_version_is_reported_without_such_an_event(tmp_path: Path) -> None:
    (tmp_path / "accounts.py").write_text(VERSION_1)
    found = verdict("newer", str(tmp_path / "accounts.py"), Recorded())
    assert found.status is Status.UNKNOWN
    assert f"Nothing refuses an event of {TOPIC} 2: it is loaded as version 1 without an error" in found.reason


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────────

OLD = {"at": "2026-01-01T00:00:00+00:00", "key": 1, "amount": 500}
NEW = {**OLD, "currency": "EUR"}


@pytest.fixture
def ledger_events(tmp_path: Path) -> Recorded:
    lines = [
        {"type": topic, "version": version, "data": data}
        for topic in ("ledger.opened", "ledger.debited", "ledger.credited")
        for version, data in ((1, OLD), (2, NEW))
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return read_events(tmp_path / "events.jsonl")


@pytest.fixture(autouse=True)
def in_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(LEDGER)


def test_the_ledger_s_upcasters_pass(ledger_events: Recorded) -> None:
    verdicts = judge(try_upcasters("ledger.domain.v2_0", ledger_events, Schemas(), Limits()), frozenset({"newer"}))
    assert {each.checker for each in verdicts} == {"total", "terminating", "valid", "coherent", "idempotent", "pure"}
    assert {each.status for each in verdicts} == {Status.PASS}, verdicts


def test_whether_an_old_ledger_reads_new_events_right_is_not_known_from_its_classes(ledger_events: Recorded) -> None:
    found = verdict("newer", "ledger.domain.v1_1", ledger_events)
    assert found.status is Status.UNKNOWN
    assert found.figures == {"events": 3, "loaded_silently": 3}


# ── the application's own mapper ─────────────────────────────────────────────────────────────────────────────────

COMPRESSING = """
import zlib
from dataclasses import dataclass
from uuid import UUID
from eventsourcing.persistence import Compressor, JSONTranscoder, Mapper

class Zlib(Compressor):
    def compress(self, data):
        return zlib.compress(data)

    def decompress(self, data):
        return zlib.decompress(data)

mapper = Mapper(JSONTranscoder(), compressor=Zlib())
"""


def test_what_is_stored_compressed_is_loaded_so(tmp_path: Path) -> None:
    """An event that were refused for its form would look like one refused for its version."""
    (tmp_path / "accounts.py").write_text(COMPRESSING + VERSION_1)
    (tmp_path / "events.jsonl").write_text(json.dumps({"type": TOPIC, "data": {"owner": "Ada"}}))
    target, recorded = str(tmp_path / "accounts.py"), read_events(tmp_path / "events.jsonl")
    assert verdict("idempotent", target, recorded).status is Status.PASS
    assert verdict("newer", target, recorded).status is Status.UNKNOWN


def test_what_is_refused_in_every_version_says_nothing_of_newer_ones(tmp_path: Path) -> None:
    refusing = "class Refusing(Mapper):\n    def to_domain_event(self, stored):\n        raise OSError('no key')\n"
    (tmp_path / "accounts.py").write_text(
        f"{COMPRESSING.partition('mapper =')[0]}{refusing}mapper = Refusing(JSONTranscoder()){VERSION_1}"
    )
    found = verdict("newer", str(tmp_path / "accounts.py"), Recorded())
    assert found.status is Status.UNKNOWN
    assert "There was no event type to try it with" in found.reason
