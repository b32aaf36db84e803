"""Partitions: who is apart from whom, and that they are, over real links to stores of this test."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, InvalidInput
from harness.faults import partition
from harness.faults.partition import SHAPES, Split
from harness.faults.probes import Ask, Door
from harness.protocols import Link, Manner, Way
from harness.verdict import Status
from tests.unit.faults.judged import judged
from tests.unit.faults.store import LinkedSystem, linked_system

THREE, TWO = ("i1", "i2", "i3"), ("s1", "s2")


@pytest.mark.parametrize(
    ("shape", "apart"),
    [
        (partition.one, {"i3-s1", "i3-s2"}),
        (partition.minority, {"i3-s1", "i3-s2"}),
        (partition.majority, {"i1-s1", "i1-s2", "i2-s1", "i2-s2"}),
        (partition.bridge, {"i1-s2", "i3-s1"}),
        (partition.ring, {"i2-s1", "i3-s2"}),
        (partition.primaries, {f"{instance}-{store}" for instance in THREE for store in TWO}),
    ],
)
def test_who_is_apart(shape: partition.Shape, apart: set[str]) -> None:
    assert {"-".join(pair) for pair in shape(THREE, TWO)} == apart


@given(st.integers(1, 9), st.integers(1, 4))
def test_a_minority_is_fewer_than_half_and_a_majority_more(instances: int, stores: int) -> None:
    names, others = [f"i{n}" for n in range(instances)], [f"s{n}" for n in range(stores)]
    cut = {
        shape: {name for name, _ in SHAPES[f"partition-{shape}"](names, others)} for shape in ("minority", "majority")
    }
    assert len(cut["minority"]) < instances / 2 < len(cut["majority"])
    assert not cut["minority"] & cut["majority"] or instances == 1


@given(st.integers(3, 9), st.integers(2, 3))
def test_in_a_ring_some_are_apart_and_nobody_is_alone(instances: int, stores: int) -> None:
    names, others = [f"i{n}" for n in range(instances)], [f"s{n}" for n in range(stores)]
    apart = partition.ring(names, others)
    together = partition.primaries(names, others) - apart
    assert apart
    assert {name for name, _ in together} == set(names)
    assert {store for _, store in together} == set(others)


@given(st.integers(3, 9), st.integers(2, 4))
def test_over_a_bridge_one_alone_is_with_all(instances: int, stores: int) -> None:
    names, others = [f"i{n}" for n in range(instances)], [f"s{n}" for n in range(stores)]
    apart = partition.bridge(names, others)
    assert len({name for name in names if all((name, store) not in apart for store in others)}) == 1


def test_a_partition_that_parts_nobody_is_refused() -> None:
    links = [Link(f"web-{number}", "web", "db", ("", 0)) for number in (1, 2)]
    with pytest.raises(HarnessError, match="partition-minority parts nobody of 2 instances and 1 stores"):
        Split("partition-minority").apart(links)


def test_only_links_that_are_named_are_cut() -> None:
    links = [Link(f"{service}-1", service, store, ("", 0)) for service in ("web", "work") for store in ("db", "bus")]
    assert Split("partition-one", service="work", store="bus").apart(links) == {("work-1", "bus")}


@pytest.mark.parametrize(
    ("kind", "manner", "way", "complaint"),
    [
        ("partition-once", Manner.DROP, Way.BOTH, "did you mean 'partition-one'"),
        ("partition-one", Manner.REFUSE, Way.UPSTREAM, "way must be both where connections are refused"),
    ],
)
def test_what_is_no_partition_is_refused(kind: str, manner: Manner, way: Way, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Split(kind, manner=manner, way=way)


# ── on links ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def system() -> Iterator[LinkedSystem]:
    with linked_system(3, ("postgres", "replica")) as system:
        yield system


FAULTS = [
    *(Split(kind) for kind in SHAPES),
    Split("partition-one", manner=Manner.REFUSE),
    Split("partition-one", way=Way.UPSTREAM),
    Split("partition-one", way=Way.DOWNSTREAM),
]


def told(fault: Split) -> str:
    return f"{fault.kind} {fault.manner} {fault.way}"


@pytest.mark.parametrize("fault", FAULTS, ids=told)
def test_a_partition_bites_and_heals(system: LinkedSystem, fault: Split) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


@pytest.mark.parametrize("fault", FAULTS, ids=told)
def test_a_proxy_that_does_not_obey_makes_the_verdict_unknown(system: LinkedSystem, fault: Split) -> None:
    system.toxics.obeys = False
    outcome = judged(fault, system)
    assert "still hear each other" in outcome.bit_by
    assert outcome.status is Status.UNKNOWN


def test_a_partition_that_cuts_too_much_is_none(system: LinkedSystem) -> None:
    class Overdone(LinkedSystem):
        def split(self, name: str, apart: Collection[tuple[str, str]], manner: Manner, way: Way) -> None:
            super().split(name, [*apart, ("web-1", "postgres")], manner, way)

    system.__class__ = Overdone
    with Split("partition-one").inject(system) as effect:
        proof = effect.bites()
    assert not proof.seen
    assert "web-1 and postgres do not hear each other, and should" in proof.by


def test_a_dead_store_is_no_proof_of_a_partition(system: LinkedSystem) -> None:
    with Split("partition-one", store="postgres").inject(system) as effect:
        system.stores["postgres"].well = False
        proof = effect.bites()
    assert not proof.seen
    assert "past every link postgres does not answer either" in proof.by


def test_a_partition_that_stays_does_not_claim_to_be_healed(
    system: LinkedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "HEAL_TIMEOUT_S", 0.1)
    with Split("partition-one").inject(system) as effect:
        system.toxics.obeys = False
    assert not effect.heals().seen


@pytest.mark.parametrize("manner", Manner)
def test_connections_that_are_there_are_cut_and_new_ones_as_asked(system: LinkedSystem, manner: Manner) -> None:
    link = next(link for link in system.links() if (link.source, link.target) == ("web-3", "postgres"))
    door = Door(link.address, system.environment.stores[0].kind, system.store_url("postgres"))
    with socket.create_connection(link.address, 10) as client:
        with Split("partition-one", manner=manner).inject(system):
            client.settimeout(10)
            assert client.recv(1) == b""
            met = Ask()(door, 0.3)
            assert (met.silent, met.error == "Connection refused") == (manner is Manner.DROP, manner is Manner.REFUSE)
        assert Ask()(door, 10).answered


def test_an_instance_that_is_added_meanwhile_is_on_no_side(system: LinkedSystem) -> None:
    with Split("partition-primaries").inject(system) as effect:
        system.link("web-9")
        assert effect.bites().seen
