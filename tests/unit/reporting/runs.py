"""Three runs as they could have been, made from a seed: what the report's tests draw and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.history import REQUESTS, STORE, History, Kind, Moment, Row, RunFacts
from harness.reporting.json_report import Options
from harness.verdict import Cell, Evidence, Status, Verdict

S = 1_000_000_000
RATE_PER_S = 200

FACTS = RunFacts(
    run_id="20260314-091500-7f3a",
    scenario="canary healthy",
    summary="A healthy 2.0 is rolled out by canary while one instance is killed.",
    environment="ledger",
    driver="local",
    strategy="canary",
    old="1.1",
    new="2.0",
    ending="complete",
    seed=42,
    command="harness run scenarios/canary.toml --seed 42",
    started_at="2026-03-14T09:15:00Z",
    origin_ns=0,
    load_ends_ns=24 * S,
    rate_per_s=RATE_PER_S,
    faults=("kill one",),
    steps=("prepare", "canary 5 %", "canary 25 %", "canary 50 %", "canary 100 %", "retire old", "finished"),
    writes=("transfer",),
    conserves=("transfer",),
    replicas={"ledger": 3, "projector": 2},
    routed="ledger",
    harness_version="0.1.0",
    machine="2 cores, 8 GiB, Linux 6.1, Python 3.11.7",
)


@dataclass(frozen=True)
class Run:
    history: History
    verdicts: tuple[Verdict, ...]
    plan: str
    options: Options


@dataclass(frozen=True)
class Answer:
    """What a request met. `version` None: nobody answered."""

    version: str | None
    took_ms: float
    error: str | None = None
    status: int | None = 200


Answers = Callable[[float, float, np.random.Generator], Answer]
"""From the time scheduled, in seconds, and a number drawn evenly from 0..1."""


def moment(at_s: float, kind: Kind, name: str, until_s: float | None = None, /, **detail: Cell) -> Moment:
    return Moment(round(at_s * S), kind, name, None if until_s is None else round(until_s * S), detail)


def weights(at_s: float, old: int, new: int) -> Moment:
    return Moment(round(at_s * S), Kind.WEIGHTS, "weights", None, {"1.1": old, "2.0": new})


def fleet(at_s: float, old: int, new: int) -> Moment:
    instances: Mapping[str, Cell] = {
        **{f"ledger-{number}": "1.1" for number in range(4 - old, 4)},
        **{f"ledger-{number}": "2.0" for number in range(4, 4 + new)},
        "projector-1": "1.1",
    }
    return Moment(round(at_s * S), Kind.FLEET, "fleet", None, instances)


def lag(ends_s: float, behind: Callable[[float], int]) -> list[Moment]:
    times_s = np.arange(0.25, ends_s, 0.25)
    return [
        moment(
            float(at_s), Kind.LAG, "projection", events_behind=behind(float(at_s)), reached=0, head=behind(float(at_s))
        )
        for at_s in times_s
    ]


def requests(ends_s: float, answers: Answers, seed: int = 1) -> list[Row]:
    """Poisson arrivals, in the order of the columns of REQUESTS."""
    random = np.random.default_rng(seed)
    arrivals_s = np.cumsum(random.exponential(1 / RATE_PER_S, round(ends_s * RATE_PER_S * 1.2)))
    rows = []
    for key, at_s in enumerate(arrivals_s[arrivals_s < ends_s].tolist(), start=1):
        answer = answers(at_s, random.random(), random)
        rows.append(_request(round(at_s * S), key, answer))
    return rows


def _request(at_ns: int, key: int, answer: Answer) -> Row:
    done_ns = at_ns + round(answer.took_ms * 1e6)
    values: dict[str, object] = dict.fromkeys(REQUESTS)
    values.update(
        scheduled_ns=at_ns,
        sent_ns=at_ns + 50_000,
        first_byte_ns=done_ns - 20_000 if answer.status else None,
        done_ns=done_ns,
        lane="new" if key % 5 == 0 else "kept",
        operation="transfer",
        key=key,
        stream=key % 40,
        outcome="ok" if answer.error is None else "indeterminate",
        error=answer.error,
        status=answer.status,
        version=answer.version,
        instance=None if answer.version is None else f"ledger-{key % 3 + 1}",
        bytes=120,
        attempts=1,
        session=key % 64,
        closed_loop=False,
    )
    return tuple(values.values())


def store(events: int) -> list[Row]:
    assert list(STORE) == ["stream", "position", "key", "type", "amount", "sequence"]
    return [(f"account-{n % 40}", n // 40 + 1, n, "Transferred", 5, n) for n in range(1, events + 1)]


def usual(random: np.random.Generator, median_ms: float = 9.0) -> float:
    return float(median_ms * np.exp(random.normal(0, 0.45)))


def passed(checker: str, reason: str, **figures: Cell) -> Verdict:
    return Verdict(checker, Status.PASS, reason, figures)


PLAN = """scenario canary healthy: ledger 1.1 -> 2.0 by canary, driver local, seed 42
├── load: 200 requests/s, poisson, 24 s
├── deployment
│   ├── prepare: expand 2.0; add ledger-4 2.0; await ready; smoke; warm up
│   ├── canary 5 %: route 1.1=95 2.0=5; watch 3 s, gate errors < 5 %, p99 < 1000 ms
│   ├── canary 25 %, canary 50 %, canary 100 %
│   └── retire old
└── faults
    └── kill one: SIGKILL ledger-2 for 2 s at step "canary 25 %" + 0.5 s"""


def healthy_canary() -> Run:
    """Every gate passes; a killed instance costs nothing."""
    shares = [(3.0, 0.05), (7.0, 0.25), (11.0, 0.5), (15.0, 1.0)]

    def answers(at_s: float, draw: float, random: np.random.Generator) -> Answer:
        share = max((share for since_s, share in shares if at_s >= since_s), default=0.0)
        version = "2.0" if draw < share else "1.1"
        slow = 2.4 if 7.5 < at_s < 9.5 and version == "1.1" else 1.0
        return Answer(version, usual(random) * slow)

    timeline = [
        weights(-0.5, 100, 0),
        fleet(-0.5, 3, 0),
        *(moment(at_s, Kind.STEP, name, until_s) for at_s, name, until_s in _canary_steps()),
        moment(1.2, Kind.ACTION, "add ledger 2.0", 1.25, ok=True),
        moment(1.3, Kind.ACTION, "wait until ledger-4 is ready", 2.4, ok=True),
        *(fleet(1.2 + number * 0.2, 3, number + 1) for number in range(3)),
        *(weights(since_s, round(100 - 100 * share), round(100 * share)) for since_s, share in shares),
        *(
            moment(since_s + 3.9, Kind.GATE, "gate 2.0", passed=True, reason="2.0 held: 0.0% errors, p99 24 ms")
            for since_s, _ in shares
        ),
        moment(
            7.5,
            Kind.FAULT,
            "kill one",
            9.5,
            kind="Kill",
            target="ledger-2",
            bit=True,
            bit_by="pid 4182 is gone",
            healed=True,
            healed_by="ledger-2 answers as pid 4290",
        ),
        moment(19.2, Kind.ACTION, "remove ledger-1", 19.6, ok=True, exit_code=0, killed=False),
        *(fleet(19.2 + number * 0.4, 2 - number, 3) for number in range(3)),
        moment(20.6, Kind.ENDED, "deployment", outcome="complete", reason=""),
        *lag(24, lambda at_s: 22 if 7.5 < at_s < 9.6 else int(at_s * 7) % 4),
        moment(24.0, Kind.QUIET, "quiet", 24.4, reached=True, waited_s=0.4),
    ]
    rows = requests(24, answers)
    verdicts = (
        passed("availability", "All requests were served.", availability=1.0, outage_s=0.0, failed=0),
        passed("latency", "p99 was 31 ms; 1000 ms are allowed.", p99_ms=31.2, p99_ms_max=1000.0),
        passed("lost events", f"All {len(rows)} acknowledged writes are stored.", acknowledged=len(rows), lost=0),
        passed("order", "Every stream was consumed in order.", streams=40),
        passed("money", "The amounts sum to zero.", sum=0),
        passed("faults", "kill one took hold and healed.", faults=1),
    )
    options = {"latency": {"p99_ms_max": 1000.0}, "availability": {"availability_min": 0.99}}
    history = History.of(FACTS, timeline, {"requests": rows, "store": store(2 * len(rows))})
    return Run(history, verdicts, PLAN, options)


def _canary_steps() -> list[tuple[float, str, float]]:
    starts_s = (1.0, 3.0, 7.0, 11.0, 15.0, 19.0, 20.5)
    return list(zip(starts_s, FACTS.steps, (*starts_s[1:], 20.6), strict=True))


def rolled_back_canary() -> Run:
    """2.0 fails a fifth of what it gets; the first gates see too little of it, the third turns back."""
    facts = replace(
        FACTS,
        scenario="canary of a bad version",
        summary="2.0 answers every fifth request with an error: it must be found and taken back.",
        new="2.0",
        ending="rollback",
        faults=(),
        load_ends_ns=20 * S,
        command="harness run scenarios/canary-bad.toml --seed 42",
    )
    shares = [(3.0, 0.05), (6.0, 0.25), (9.2, 0.0)]

    def answers(at_s: float, draw: float, random: np.random.Generator) -> Answer:
        share = next((share for since_s, share in reversed(shares) if at_s >= since_s), 0.0)
        if draw >= share:
            return Answer("1.1", usual(random))
        if draw < share * 0.2:
            kinds = (("status 500", 500), ("status 503", 503), ("timeout", None))
            error, status = kinds[int(random.integers(0, 3))]
            return Answer("2.0" if status else None, 30.0 if status else 2000.0, error, status)
        return Answer("2.0", usual(random, 30.0))

    reason = "2.0 failed 19.5% of 82 requests; the gate allows 5.0%"
    timeline = [
        weights(-0.5, 100, 0),
        fleet(-0.5, 3, 0),
        moment(1.0, Kind.STEP, "prepare", 3.0),
        *(fleet(1.2 + number * 0.2, 3, number + 1) for number in range(3)),
        moment(3.0, Kind.STEP, "canary 5 %", 6.0),
        weights(3.0, 95, 5),
        moment(5.9, Kind.GATE, "gate 2.0", passed=True, reason="2.0 held: 4.0% errors, p99 71 ms"),
        moment(6.0, Kind.STEP, "canary 25 %", 9.1),
        weights(6.0, 75, 25),
        moment(9.0, Kind.GATE, "gate 2.0", passed=False, reason=reason),
        moment(9.05, Kind.SETBACK, "setback", reason=reason),
        moment(9.1, Kind.STEP, "roll back", 10.4),
        weights(9.2, 100, 0),
        moment(9.3, Kind.ACTION, "remove ledger-4", 9.7, ok=True, exit_code=0, killed=False),
        *(fleet(9.7 + number * 0.3, 3, 2 - number) for number in range(3)),
        moment(10.4, Kind.ENDED, "deployment", outcome="rolled back", reason=reason),
        moment(13.1, Kind.STALL, "stall", 13.5),
        *lag(20, lambda at_s: int(at_s * 11) % 5),
        moment(20.0, Kind.QUIET, "quiet", 20.2, reached=True, waited_s=0.2),
    ]
    rows = requests(20, answers)
    bad = [row for row in rows if row[10] is not None]
    records = tuple((round(row[0] / S, 3), row[12], row[11], row[10], row[6]) for row in bad[:10])
    verdicts = (
        Verdict(
            "availability",
            Status.FAIL,
            "2.0 served 80.1 % of its requests between 3.1 s and 9.2 s; 99 % are asked for.",
            {"availability": 0.986, "outage_s": 0.0, "failed": len(bad)},
            (Evidence("Failed requests", ("at_s", "version", "status", "error", "key"), records, len(bad)),),
            first_violation_s=bad[0][0] / S,
        ),
        passed(
            "rollback",
            "1.1 was back 1.35 s after the decision; 120 s are allowed.",
            first_bad_s=round(bad[0][0] / S, 3),
            detected_s=9.0,
            decided_s=9.05,
            last_bad_s=round(bad[-1][0] / S, 3),
            slo_met_s=9.4,
            ended_s=10.4,
            took_s=7.176,
        ),
        passed("latency", "p99 was 71 ms; 1000 ms are allowed.", p99_ms=71.0),
        passed("lost events", "All acknowledged writes are stored.", acknowledged=len(rows) - len(bad), lost=0),
    )
    options = {"availability": {"availability_min": 0.99}, "latency": {"p99_ms_max": 1000.0}}
    history = History.of(facts, timeline, {"requests": rows, "store": store(2 * len(rows))})
    return Run(history, verdicts, PLAN, options)


def unknown_blue_green() -> Run:
    """The database blinks across the switch, the fault's effect is not proved, nothing was consumed."""
    facts = replace(
        FACTS,
        scenario="blue-green with a database blip <&>",
        summary="The links to the database are cut for a second across the switch.",
        strategy="blue-green",
        faults=("database blip", "slow broker", "never ran"),
        steps=("prepare", "switch", "watch", "retire"),
        load_ends_ns=15 * S,
        command="harness run scenarios/blue-green-blip.toml --seed 42",
    )

    def answers(at_s: float, draw: float, random: np.random.Generator) -> Answer:
        version = "2.0" if at_s >= 6.0 else "1.1"
        if 5.6 <= at_s < 6.6:
            if draw < 0.3:
                return Answer(None, 900.0, "reset", None)
            if draw < 0.5:
                return Answer(version, 3.0, "status 503", 503)
            return Answer(version, (6.6 - at_s) * 1000 + usual(random))
        return Answer(version, usual(random))

    timeline = [
        weights(-0.5, 100, 0),
        fleet(-0.5, 3, 0),
        moment(1.0, Kind.STEP, "prepare", 6.0),
        *(fleet(1.2 + number * 0.1, 3, number + 1) for number in range(3)),
        moment(6.0, Kind.STEP, "switch", 6.1),
        weights(6.0, 0, 100),
        moment(6.1, Kind.STEP, "watch", 10.0),
        moment(9.9, Kind.GATE, "gate 2.0", passed=True, reason="2.0 held: 1.9% errors, p99 802 ms"),
        moment(10.0, Kind.STEP, "retire", 11.2),
        *(fleet(10.2 + number * 0.3, 2 - number, 3) for number in range(3)),
        moment(11.2, Kind.ENDED, "deployment", outcome="complete", reason=""),
        moment(
            5.6,
            Kind.FAULT,
            "database blip",
            6.6,
            kind="Down",
            target="ledger -> postgres",
            bit=True,
            bit_by="6 connections were refused by the proxy",
            healed=True,
            healed_by="a connection through the proxy answers",
        ),
        moment(
            6.3,
            Kind.FAULT,
            "slow broker",
            8.3,
            kind="Latency",
            target="ledger -> nats",
            bit=False,
            bit_by="the probe took 0.4 ms, not 200 ms",
            healed=True,
            healed_by="the probe took 0.4 ms",
        ),
        *lag(17, lambda at_s: round(180 * max(0.0, 1 - abs(at_s - 7.0) / 2))),
        moment(15.0, Kind.QUIET, "quiet", 17.0, reached=False, waited_s=2.0),
    ]
    rows = requests(15, answers)
    failed = sum(row[10] is not None for row in rows)
    verdicts = (
        passed(
            "availability",
            "96.7 % of the requests were served; 95 % are asked for.",
            availability=0.967,
            outage_s=0.21,
            failed=failed,
        ),
        Verdict("lost events", Status.UNKNOWN, "The store was not recorded: what was acknowledged proves nothing."),
        Verdict(
            "faults",
            Status.UNKNOWN,
            "slow broker had no effect that could be proved; never ran did not begin.",
            {"faults": 3, "proved": 1},
            (Evidence("Without proof", ("fault", "said"), (("slow broker", "the probe took 0.4 ms"),), 1),),
        ),
        passed("latency", "p99 was 870 ms; 1000 ms are allowed.", p99_ms=870.0, p99_ms_max=1000.0),
    )
    history = History.of(facts, timeline, {"requests": rows})
    return Run(history, verdicts, PLAN, {"latency": {"p99_ms_max": 1000.0}})
