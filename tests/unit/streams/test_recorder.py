"""The recorder, with a source that needs no server; tests/integration has the real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from harness.errors import InvalidInput
from harness.streams import recorder, sources
from harness.streams.event import BrokenRecord, OnBroken, RecordedEvent, refuse
from harness.streams.files import open_recording
from tests.unit.streams.events import account, event

SECRET = "Ada Lovelace"
PLAN = """
[source]
kind = "listed"
url = "listed://here"

[scrub]
key_variable = "SCRUB_KEY"

[[scrub.rules]]
path = "/stream"
action = "hash"

[[scrub.rules]]
path = "/data/name"
action = "remove"

[[scrub.rules]]
path = "/data/amount"
action = "keep"
"""


@dataclass(frozen=True)
class Listed:
    """A source of what the test puts in."""

    holds: ClassVar[tuple[RecordedEvent | BrokenRecord, ...]] = ()
    url: str

    def events(self, on_broken: OnBroken = refuse) -> Iterator[RecordedEvent]:
        for each in self.holds:
            if isinstance(each, BrokenRecord):
                on_broken(each)
            else:
                yield each


Plan = Callable[..., recorder.Plan]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setitem(sys.modules, "harness.streams.sources.listed", sys.modules[__name__])
    monkeypatch.setattr(sources, "KINDS", {**sources.KINDS, "listed": "Listed"})
    monkeypatch.setenv("SCRUB_KEY", "0123456789abcdef")

    def read(*holds: RecordedEvent | BrokenRecord, text: str = PLAN) -> recorder.Plan:
        monkeypatch.setattr(Listed, "holds", holds)
        (tmp_path / "plan.toml").write_text(text)
        return recorder.read_plan(tmp_path / "plan.toml")

    return read


def customer(position: int, **others: object) -> RecordedEvent:
    return event(SECRET, position, f'{{"name":"{SECRET}","amount":{position}}}'.encode(), **others)


def recorded(path: Path) -> list[RecordedEvent]:
    return list(open_recording(path).events())


def test_what_is_recorded_is_scrubbed(plan: Plan, tmp_path: Path) -> None:
    assert recorder.record(plan(customer(1), customer(2)), tmp_path / "a.jsonl").events == 2
    first, second = recorded(tmp_path / "a.jsonl")
    assert (first.data, second.data) == (b'{"amount":1}', b'{"amount":2}')
    assert first.stream == second.stream != SECRET
    assert SECRET.encode() not in (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_part_without_a_rule_ends_it_with_all_that_are_missing_and_nothing_is_written(
    suffix: str, plan: Plan, tmp_path: Path
) -> None:
    known, first, later = customer(1), event(data=b'{"email":"ada@example.com"}'), customer(3, metadata={"ip": SECRET})
    with pytest.raises(InvalidInput) as refused:
        recorder.record(plan(known, first, later), tmp_path / f"a.{suffix}")
    assert "plan.toml: nothing was written: no rule says what becomes of" in str(refused.value)
    assert "opened: /data/email\n  opened: /metadata/ip" in str(refused.value)
    assert "ada@example.com" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_writes_is_handed_nothing_that_was_not_scrubbed(
    suffix: str, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing else can reach a disk, even for a moment."""
    handed: list[RecordedEvent] = []

    def watched(path: Path, events: Iterable[RecordedEvent]) -> int:
        handed.extend(events)
        return len(handed)

    monkeypatch.setattr(recorder, "write_recording", watched)
    recorder.record(plan(customer(1), customer(2)), tmp_path / f"a.{suffix}")
    assert len(handed) == 2
    assert SECRET not in repr(handed)


def test_a_sample_has_whole_streams_from_their_first_event_on(plan: Plan) -> None:
    events = [each for number in range(200) for each in account(f"account-{number}", 3)]
    taken = list(recorder.Sample(streams_share=0.25).take(events))
    streams = {each.stream for each in taken}
    assert 20 < len(streams) < 80
    assert len(taken) == 3 * len(streams)
    assert taken == list(recorder.Sample(streams_share=0.25).take(events))
    assert list(recorder.Sample(events_max=5).take(events)) == events[:5]
    assert list(recorder.Sample(streams_share=0).take(events)) == []


def test_what_the_source_holds_that_is_no_event_is_told_and_the_rest_is_recorded(plan: Plan, tmp_path: Path) -> None:
    broken = BrokenRecord("table events", 2, "no type")
    result = recorder.record(plan(customer(1), broken, customer(2)), tmp_path / "a.jsonl")
    assert result == recorder.Recorded(2, (broken,))


def test_a_rule_that_cannot_be_carried_out_ends_it_without_the_value(plan: Plan, tmp_path: Path) -> None:
    text = PLAN.replace('path = "/data/amount"\naction = "keep"', 'path = "/data/amount"\naction = "hash"')
    with pytest.raises(InvalidInput, match="an event of type opened cannot be scrubbed: a hash hides nothing"):
        recorder.record(plan(event(data=b'{"amount":true}'), text=text), tmp_path / "a.jsonl")


def test_a_key_that_is_missing_is_told_before_the_source_is_asked(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCRUB_KEY")
    with pytest.raises(InvalidInput, match="the variable SCRUB_KEY must hold a key"):
        recorder.record(plan(BrokenRecord("", 1, "asked")), tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"listed"', '"postgres"', r"plan.toml:3: unknown kind 'postgres'; did you mean 'postgresql'\?"),
        ('"keep"', '"kept"', r"plan.toml:\d+: action must be one of"),
        ('"/data/name"', '"/name"', r"plan.toml:\d+: path must begin with /stream"),
        ("key_variable", "key_varable", r"plan.toml:7: unknown key 'key_varable'"),
        ('url = "listed://here"', "", "'url' is missing"),
        ("[scrub]", "[sample]\nstreams_share = 2.0\n[scrub]", "streams_share must be from 0 to 1"),
        ("[scrub]", "[more]\n[scrub]", "unknown key 'more'"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_its_line(old: str, new: str, message: str, plan: Plan) -> None:
    with pytest.raises(InvalidInput, match=message):
        plan(text=PLAN.replace(old, new, 1))


def test_the_address_can_be_given_apart(plan: Plan, tmp_path: Path) -> None:
    file = plan().file
    assert recorder.read_plan(file, "listed://there").source == Listed("listed://there")
    file.write_text(PLAN.replace('url = "listed://here"', ""))
    assert recorder.read_plan(file, "listed://there").source == Listed("listed://there")


@pytest.mark.parametrize(("kind", "library"), [("kafka", "confluent_kafka"), ("kurrentdb", "kurrentdbclient")])
def test_a_missing_client_library_is_told_with_the_extra_that_brings_it(
    kind: str, library: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"harness.streams.sources.{kind}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidInput, match=rf"`pip install 'rollproof\[{kind}\]'` brings it"):
        plan(text=PLAN.replace('"listed"', f'"{kind}"'))
