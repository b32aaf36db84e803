"""Releases of the ledger replayed: healthy ones agree, and defects show in events alone, without any load."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.replay.compare import Ignored
from harness.replay.engines import Local
from harness.replay.plan import Plan
from harness.replay.process import Limits
from harness.replay.replaying import replay
from harness.replay.versions import HELPER, Version
from harness.streams.event import RecordedEvent
from harness.streams.files import open_recording, write_recording
from harness.verdict import Status, Verdict
from tests.environments.ledger.servers import FOLDER

LIMITS = Limits(start_s=120, answer_s=60)


def release(name: str, target: str = "accounts:ACCOUNTS") -> Version:
    variables = {
        "PYTHONPATH": str(FOLDER),
        "LEDGER_VERSION": name,
        "LEDGER_VARIANT": ",".join(name.split("+")[1:]),
    }
    return Version(name, (sys.executable, str(HELPER), f"ledger.replay.{target}"), variables, FOLDER)


def event(account: int, position: int, kind: str, version: int = 1, **data: object) -> RecordedEvent:
    stored = {"at": "2026-01-02T03:04:05+00:00", "key": position, **data}
    if version > 1:
        stored["class_version"] = version
    return RecordedEvent(str(account), position, f"ledger.{kind}", version, json.dumps(stored).encode())


def by_1_x() -> Iterator[RecordedEvent]:
    for account in (1, 2):
        yield event(account, 1, "opened", amount=100)
        yield event(account, 2, "debited", amount=30)
        yield event(account, 3, "credited", amount=7)


def by_2_0() -> Iterator[RecordedEvent]:
    yield from by_1_x()
    yield event(3, 1, "opened", 2, amount=50, currency="EUR")
    yield event(1, 4, "debited", 2, amount=5, currency="EUR")


def by_unreadable() -> Iterator[RecordedEvent]:
    yield from by_1_x()
    yield event(1, 4, "debited", 3, money={"cents": 5, "currency": "EUR"})


def judge(
    folder: Path,
    events: Iterator[RecordedEvent],
    versions: Sequence[str],
    rollback_to: str = "",
    target: str = "accounts:ACCOUNTS",
) -> dict[str, Verdict]:
    write_recording(folder / "ledger.jsonl", events)
    plan = Plan(
        versions=tuple(release(name, target) for name in versions),
        limits=LIMITS,
        ignored=Ignored.parse(["/currency"]),  # which 1.0 does not know of
        rollback_to=rollback_to,
    )
    judged = replay(plan, open_recording(folder / "ledger.jsonl"), Local())
    return {verdict.checker: verdict for verdict in judged.verdicts}


@pytest.mark.parametrize("versions", [("1.0", "2.0"), ("1.1", "2.0")])
def test_healthy_releases_agree_on_what_each_wrote(versions: tuple[str, str], tmp_path: Path) -> None:
    for events in (by_1_x(), by_2_0()):
        seen = judge(tmp_path, events, versions)
        assert {name: verdict.status for name, verdict in seen.items() if name != "snapshots"} == dict.fromkeys(
            ("recording", "readable", "same-state", "no-effects"), Status.PASS
        )


def test_healthy_releases_may_be_rolled_back_though_they_read_newer_events_silently(tmp_path: Path) -> None:
    rollback = judge(tmp_path, by_2_0(), ("1.0", "2.0"), rollback_to="1.0")["rollback"]
    assert rollback.status is Status.PASS


def test_a_release_without_its_upcaster_is_found(tmp_path: Path) -> None:
    readable = judge(tmp_path, by_1_x(), ("1.1", "2.0+no-upcaster"))["readable"]
    assert readable.status is Status.FAIL
    assert readable.evidence[0].records[0][:5] == ("2.0+no-upcaster", "1", 1, "ledger.opened", 1)
    assert "currency" in str(readable.evidence[0].records[0][5])


def test_a_rollback_from_what_the_old_release_cannot_read_is_stopped(tmp_path: Path) -> None:
    versions = ("1.1", "2.0+unreadable-after-rollback")
    rollback = judge(tmp_path, by_unreadable(), versions, rollback_to="1.1")["rollback"]
    assert rollback.status is Status.FAIL
    assert rollback.evidence[0].records[0][:5] == ("1.1", "1", 4, "ledger.debited", 3)


def test_the_command_that_the_document_shows_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    root = FOLDER.parents[1]
    (line,) = re.findall(r"^\$ (harness replay scenarios/.*)$", (root / "docs" / "replay.md").read_text(), re.MULTILINE)
    monkeypatch.chdir(root)
    result = CliRunner().invoke(cli, shlex.split(line.replace(".venv/bin/python", sys.executable))[1:])
    assert result.output.startswith("PASS"), result.output
    assert "PASS     rollback" in result.output


def test_the_readers_that_the_document_shows_are_the_ledgers() -> None:
    text = (FOLDER.parents[1] / "docs" / "environments.md").read_text()
    (shown,) = re.findall(r"^```toml\n(\[\[readers\]\].*?)^```", text, re.DOTALL | re.MULTILINE)
    assert tomllib.loads(shown)["readers"][0] == tomllib.loads((FOLDER / "environment.toml").read_text())["readers"][0]


@pytest.mark.parametrize("target", ["accounts:ACCOUNTS", "deliveries:DELIVERIES"])
def test_2_1_and_3_0_agree_on_what_both_wrote_in_the_service_and_in_the_projector(target: str, tmp_path: Path) -> None:
    seen = judge(tmp_path, by_unreadable(), ("2.1", "3.0"), target=target)
    assert (seen["readable"].status, seen["same-state"].status) == (Status.PASS, Status.PASS)


def test_a_projector_that_cannot_read_a_message_is_found(tmp_path: Path) -> None:
    readable = judge(tmp_path, by_unreadable(), ("2.0", "3.0"), target="deliveries:DELIVERIES")["readable"]
    assert readable.status is Status.FAIL
    assert readable.evidence[0].records[0][:5] == ("2.0", "1", 4, "ledger.debited", 3)
