"""The anomalies of streams, held against the plainest search for each."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from harness.consistency.streams.anomalies import ANOMALIES, Promises
from harness.consistency.streams.verdict import judge
from harness.verdict import Status
from tests.histories.broker import Broker, Outcome, Part, assigned, got, got_nothing, sent, subscribed
from tests.properties.stream_oracle import Oracle

NAMES = [anomaly.name for anomaly in ANOMALIES]
CYCLES = ("write-cycle", "read-cycle")


def some_history(random: Random) -> Broker:
    """Of a broker that does as it likes, most of the time what it should."""
    told = Broker()
    streams, fresh = "st"[: random.choice((1, 2))], iter(range(1000))
    chaos = random.choice((0.03, 0.2, 0.6))
    stored: dict[str, list[str]] = {stream: [] for stream in streams}
    at: Counter[tuple[str, str]] = Counter()

    def send(process: str) -> Part:
        stream = random.choice(streams)
        old = random.random() < chaos / 4 and stored[stream]
        value = random.choice(stored[stream]) if old else f"v{next(fresh)}"
        stored[stream].append(value)
        offset = len(stored[stream]) - 1 if random.random() > chaos else random.randrange(6)
        return sent(stream, offset * 3 if random.random() < 0.8 else None, value)

    def poll(process: str) -> Part:
        stream = random.choice(streams)
        offset = at[process, stream] if random.random() > chaos else random.randrange(6)
        offset += random.random() < 0.1
        if offset >= len(stored[stream]):
            return got_nothing(random.choice((stream, None)))
        at[process, stream] = offset + 1
        value = stored[stream][offset] if random.random() > chaos / 2 else random.choice((*stored[stream], "x"))
        return got(stream, offset * 3 if random.random() < 0.9 else None, value)

    def part(process: str) -> Part:
        sends = random.random() < (0.85 if process in "pq" else 0.15 if process in "cd" else 0.5)
        return (send if sends else poll)(process)

    for _ in range(random.randrange(1, 14)):
        # Two at a time, so that each may receive what the other sends.
        at_once: dict[str, list[Part]] = {process: [] for process in random.sample("pqcdmn", random.choice((1, 2)))}
        for process in random.choices(list(at_once), k=random.randrange(1, 6)):
            at_once[process].append(part(process))
        for process, parts in at_once.items():
            outcome: Outcome = "ok" if random.random() > chaos / 2 else random.choice(("fail", "indeterminate"))
            chosen = _assignment(random, streams) if random.random() < 0.07 else parts
            if chosen:
                told = told.did(process, *chosen, outcome=outcome)
    return told


def _assignment(random: Random, streams: str) -> list[Part]:
    kind = random.choice((assigned, subscribed))
    return [kind(stream) for stream in streams if random.random() < 0.7] or [kind()]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_each_anomaly_is_found_as_often_as_it_is_there(seed: int) -> None:
    random = Random(seed)
    told = some_history(random)
    promises = Promises(
        rebalanced=random.random() < 0.2, isolated=random.random() < 0.5, lag_s_max=random.choice((0.3, 2, 4))
    )
    expected = Oracle(told, promises).found
    for verdict in judge(told.messages(), NAMES, promises):
        found = verdict.figures["found"]
        if verdict.checker in CYCLES:
            found = int(bool(found))
        assert (verdict.checker, found) == (verdict.checker, expected[verdict.checker])
        assert (verdict.status is Status.FAIL) == (expected[verdict.checker] > 0)
        event(f"{verdict.checker}: {verdict.status.word}")
