"""Every anomaly of streams: what is claimed, what breaks it, and how it is found."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

from harness.bounds import positive
from harness.consistency.streams import clients, cycles, lag, log
from harness.consistency.streams.clients import PollSteps, SendSteps
from harness.consistency.streams.cycles import Graph
from harness.consistency.streams.found import Found
from harness.consistency.streams.messages import Messages
from harness.consistency.streams.versions import Versions, versions_of


@dataclass(frozen=True)
class Promises:
    """What is known of a system besides its history.

    `rebalanced`: what clients consume changes without a record of it, so they may leave out and repeat.
    `isolated`: the sends of an operation are not mixed with those of others.
    `lag_s_max`: no poll shows a stream as it was longer ago.
    """

    rebalanced: bool = False
    isolated: bool = False
    lag_s_max: float | None = None

    def __post_init__(self) -> None:
        positive(lag_s_max=self.lag_s_max)


class Case:
    """A history as all the searches look at it; what several need is worked out once."""

    def __init__(self, messages: Messages, promises: Promises) -> None:
        self.messages = messages
        self.promises = promises

    def prepare(self, pool: Executor) -> None:
        """Work out what several searches need, before they run side by side."""
        self.versions  # noqa: B018 (it is kept)
        for _ in pool.map(lambda part: getattr(self, part), ("polls", "sends", "graph_of_receipts")):
            pass

    @cached_property
    def versions(self) -> Versions:
        return versions_of(self.messages)

    @cached_property
    def polls(self) -> PollSteps:
        return clients.poll_steps(self.versions, rebalanced=self.promises.rebalanced)

    @cached_property
    def sends(self) -> SendSteps:
        return clients.send_steps(self.versions)

    @cached_property
    def graph(self) -> Graph:
        """What came before what, over sends too."""
        return cycles.dependencies(self.versions, sends=True)

    @cached_property
    def graph_of_receipts(self) -> Graph:
        """What came before what, by what was received."""
        return self.graph if self.promises.isolated else cycles.dependencies(self.versions, sends=False)


@dataclass(frozen=True)
class Anomaly:
    """`wrong` goes on after the number of `among`, as in "3 of 100 values" + "are at more than one offset"."""

    name: str
    claim: str
    among: str
    wrong: str
    find: Callable[[Case], Found]
    asked_for: bool = False
    """Judged only if it is asked for: not every system promises it."""
    of_batches: bool = False
    """It concerns operations with several messages. Where there are none, it is not judged unless asked for."""


ANOMALIES = (
    Anomaly(
        "inconsistent-offset", "An offset of a stream shows everybody the same value.",
        "offsets", "showed more than one value", lambda of: log.inconsistent_offsets(of.versions),
    ),
    Anomaly(
        "duplicate", "A value is at one offset of its stream.",
        "values", "are at more offsets than they were sent times", lambda of: log.duplicates(of.versions),
    ),
    Anomaly(
        "lost-write", "What was acknowledged, and lies before something that was received, was received itself.",
        "acknowledged values", "were passed over: received by nobody, though something further on was",
        lambda of: log.lost_writes(of.versions, of.polls),
    ),
    Anomaly(
        "unseen", "By the end, all that was acknowledged was received.",
        "acknowledged values", "were received by nobody", lambda of: log.unseen(of.versions), asked_for=True,
    ),
    Anomaly(
        "aborted-read", "Nothing is received whose send failed (G1a).",
        "received values", "were received although their sends failed", lambda of: log.aborted_reads(of.versions),
    ),
    Anomaly(
        "unexpected", "Nothing is received that nobody sent.",
        "received values", "were sent by nobody", lambda of: log.unexpected(of.versions),
    ),
    Anomaly(
        "poll-skip", "From one poll to the next, a client leaves out nothing that others received.",
        "steps from poll to poll", "leave out what others received",
        lambda of: clients.poll_skips(of.polls, within=False),
    ),
    Anomaly(
        "int-poll-skip", "Within one poll, a client leaves out nothing that others received.",
        "steps within polls", "leave out what others received",
        lambda of: clients.poll_skips(of.polls, within=True), of_batches=True,
    ),
    Anomaly(
        "nonmonotonic-poll", "From one poll to the next, a client goes forward.",
        "steps from poll to poll", "go back, or stay", lambda of: clients.not_monotonic_polls(of.polls, within=False),
    ),
    Anomaly(
        "int-nonmonotonic-poll", "Within one poll, a client goes forward.",
        "steps within polls", "go back, or stay",
        lambda of: clients.not_monotonic_polls(of.polls, within=True), of_batches=True,
    ),
    Anomaly(
        "nonmonotonic-send", "What a client sends later lies further on.",
        "steps from send to send", "go back", lambda of: clients.not_monotonic_sends(of.sends, within=False),
    ),
    Anomaly(
        "int-nonmonotonic-send", "Of what one operation sends, what is later lies further on.",
        "steps within operations that send", "go back",
        lambda of: clients.not_monotonic_sends(of.sends, within=True), of_batches=True,
    ),
    Anomaly(
        "int-send-skip", "What one operation sends to a stream lies there with nothing of others in between.",
        "steps within operations that send", "have something of others in between",
        lambda of: clients.send_skips(of.sends), asked_for=True,
    ),
    Anomaly(
        "precommitted-read", "No operation receives what it sends itself.",
        "messages received by operations that also send", "are their own",
        lambda of: cycles.precommitted_reads(of.versions), of_batches=True,
    ),
    Anomaly(
        "write-cycle", "Operations sent in one order, in all streams the same (G0).",
        "dependencies between operations", "make a cycle of sends",
        lambda of: cycles.cycles(of.versions, of.graph, reading=False), asked_for=True,
    ),
    Anomaly(
        "read-cycle", "No two operations received what the other sent, directly or by way of others (G1c).",
        "dependencies between operations", "make a cycle",
        lambda of: cycles.cycles(of.versions, of.graph_of_receipts, reading=True), of_batches=True,
    ),
    Anomaly(
        "consume-count", "No client receives a message twice.",
        "messages that a client received", "were received again", lambda of: clients.consumed_again(of.versions),
        asked_for=True,
    ),
    Anomaly(
        "realtime-lag", "No poll shows a stream as it was longer ago than is allowed.",
        "polls", "show a stream as it was longer ago", lambda of: lag.lagging(of.versions, of.promises.lag_s_max),
        asked_for=True,
    ),
)  # fmt: skip

BY_NAME = {anomaly.name: anomaly for anomaly in ANOMALIES}
