"""Whole runs: a good one, of any size, to be spoilt by tests; and one in which nothing happened."""

from __future__ import annotations

from collections import Counter
from random import Random

from harness.history import Kind
from harness.verdict import Cell
from tests.histories.build import Shown, Story

STEPS = ("expand", "canary 50 %", "finish")


def good_run(seed: int = 1, *, rate_per_s: int = 100, lasts_s: float = 10.0, accounts: int = 5) -> Story:
    """A ledger, deployed from 1.0 to 2.0 under load, with nothing to complain of: every default checker passes.

    Accounts are opened, then money moves between them and is read, in the store and in the read model.
    """
    random = Random(seed)
    story = Story(
        rate_per_s=rate_per_s, lasts_s=lasts_s, steps=STEPS, replicas={"ledger": 2, "projector": 1}, faults=("kill",)
    )
    _deploy(story)
    ledger = _Ledger(story)
    for account in range(1, accounts + 1):
        ledger.open(-1.0 + account / 100, account)
    count = round(rate_per_s * lasts_s)
    for number in range(count):
        at_s = (number + random.random()) / rate_per_s
        version = "1.0" if at_s < lasts_s / 2 else "2.0"
        lane = "new" if random.random() < 0.2 else "kept"
        if number % 3 == 0:
            source, target = random.sample(range(1, accounts + 1), 2)
            ledger.transfer(at_s, source, target, random.randint(1, 50), version=version, lane=lane)
        else:
            ledger.read(
                at_s, random.choice(("account", "balance")), random.randint(1, accounts), version=version, lane=lane
            )
    story.projection = ledger.shown()
    story.quiet()
    return story


def vacuous_run() -> Story:
    """Everything was recorded, and nothing is there."""
    return Story(rate_per_s=100.0, faults=("kill",), steps=STEPS, replicas={"ledger": 2})


class _Ledger:
    """A correct system, instantaneous: each request is over before the next one begins."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._positions: Counter[int] = Counter()
        self._values: Counter[int] = Counter()
        self._key = 0

    def open(self, at_s: float, account: int) -> None:
        key = self._next_key()
        self._append(account, key, "Opened", 1000, at_s)
        self._story.request(at_s, "open", took_s=0.0, key=key, stream=account, position=1, lane="prepare")

    def transfer(self, at_s: float, source: int, target: int, amount: int, *, version: str, lane: str) -> None:
        key = self._next_key()
        self._append(source, key, "Sent", -amount, at_s)
        self._append(target, key, "Received", amount, at_s)
        self._story.request(
            at_s, "transfer", took_s=0.001, key=key, stream=source, position=self._positions[source],
            version=version, lane=lane,
        )  # fmt: skip

    def read(self, at_s: float, operation: str, account: int, *, version: str, lane: str) -> None:
        position = self._positions[account]
        self._story.request(
            at_s, operation, took_s=0.001, stream=account, position=position, version=version, lane=lane
        )

    def shown(self) -> list[Shown]:
        return [Shown(_name(account), self._values[account], position) for account, position in self._positions.items()]

    def _append(self, account: int, key: int, type: str, amount: int, at_s: float) -> None:
        self._positions[account] += 1
        self._values[account] += amount
        self._story.event(_name(account), self._positions[account], key=key, type=type, amount=amount, at_s=at_s)

    def _next_key(self) -> int:
        self._key += 1
        return self._key


def _name(account: int) -> str:
    return f"account-{account}"


def _deploy(story: Story) -> None:
    third_s = story.lasts_s / 3
    old: dict[str, Cell] = {"ledger-1": "1.0", "ledger-2": "1.0", "projector-1": "1.0"}
    new: dict[str, Cell] = {"ledger-3": "2.0", "ledger-4": "2.0", "projector-2": "2.0"}
    killed: dict[str, Cell] = {
        "kind": "Kill",
        "target": "ledger-1",
        "bit": True,
        "bit_by": "gone",
        "healed": True,
        "healed_by": "ready",
    }
    held: dict[str, Cell] = {
        "version": "2.0",
        "passed": True,
        "requests": 50,
        "error_rate": 0.0,
        "p99_ms": 1.0,
        "reason": "held",
    }
    story.moment(0.1, Kind.FLEET, "fleet", old)
    story.moment(0.3, Kind.FAULT, "kill", killed, until_s=0.4)
    for number, step in enumerate(STEPS):
        begins_s = 0.2 + number * third_s / 2
        story.moment(begins_s, Kind.STEP, step, until_s=begins_s + third_s / 2)
    story.moment(third_s / 2, Kind.WEIGHTS, "weights", {"1.0": 50, "2.0": 50})
    story.moment(third_s, Kind.GATE, "gate 2.0", held)
    story.moment(third_s + 0.1, Kind.WEIGHTS, "weights", {"2.0": 100})
    for instance in old:
        ended = {"ok": True, "exit_code": 0, "killed": False}
        story.moment(third_s * 2, Kind.ACTION, f"remove {instance}", ended, until_s=third_s * 2)
    story.moment(third_s * 2 + 0.1, Kind.FLEET, "fleet", new)
    story.moment(third_s * 2 + 0.2, Kind.ENDED, "deployment", {"outcome": "complete", "reason": ""})
    for number in range(int(story.lasts_s * 4) + 1):
        shown = {"reached": 10 * number, "head": 10 * number, "events_behind": 0}
        story.moment(number / 4, Kind.LAG, "projection", shown)
