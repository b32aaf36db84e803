"""Link faults against a store of this test, through toxics of the embedded toxiproxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.errors import HarnessError, InvalidInput
from harness.faults import network
from harness.faults.disturbances import DISTURBANCES
from harness.faults.network import LinkFault
from harness.toxics.toxic import Stream
from harness.verdict import Status
from tests.unit.faults.judged import judged
from tests.unit.faults.store import LinkedSystem, linked_system

UP, DOWN = Stream.UPSTREAM, Stream.DOWNSTREAM
FAULTS = [
    LinkFault("web", "postgres", "latency", {"latency": 120}),
    LinkFault("web", "postgres", "latency", {"latency": 150, "jitter": 30}, UP),
    LinkFault("web", "postgres", "bandwidth", {"rate": 500}),
    LinkFault("web", "postgres", "bandwidth", {"rate": 500}, UP),
    LinkFault("web", "postgres", "bandwidth"),
    LinkFault("web", "postgres", "slow_close", {"delay": 150}),
    LinkFault("web", "postgres", "slow_close", {"delay": 150}, UP),
    LinkFault("web", "postgres", "timeout"),
    LinkFault("web", "postgres", "timeout", {"timeout": 20}, UP),
    LinkFault("web", "postgres", "reset_peer"),
    LinkFault("web", "postgres", "reset_peer", {"timeout": 30}, UP),
    LinkFault("web", "postgres", "slicer", {"average_size": 100, "size_variation": 20, "delay": 5000}),
    LinkFault("web", "postgres", "slicer", {"average_size": 100, "delay": 50}, UP),
    LinkFault("web", "postgres", "limit_data", {"bytes": 5000}),
    LinkFault("web", "postgres", "limit_data", {"bytes": 5000}, UP),
    LinkFault("web", "postgres", "limit_data", {"bytes": 0}, toxicity=0.4),
    LinkFault("web", "postgres", "latency", {"latency": 400}, toxicity=0.3),
    LinkFault("web", "postgres", "down"),
]


def told(fault: LinkFault) -> str:
    share = "" if fault.toxicity == 1 else f" of {fault.toxicity:g}"
    return f"{fault.kind} {fault.stream}{share} {' '.join(f'{k}={v}' for k, v in fault.attributes.items())}".strip()


each_fault = pytest.mark.parametrize("fault", FAULTS, ids=told)


@pytest.fixture
def system() -> Iterator[LinkedSystem]:
    with linked_system() as system:
        yield system


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a link that is not disturbed, or stays so, little is seen however long one looks."""
    monkeypatch.setattr(network, "MISSED_MAX", 0.05)


def test_every_kind_is_tried() -> None:
    assert {fault.kind for fault in FAULTS} == DISTURBANCES.keys()


@each_fault
def test_a_link_fault_bites_and_heals(system: LinkedSystem, fault: LinkFault) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


@each_fault
def test_a_proxy_that_does_not_obey_makes_the_verdict_unknown(system: LinkedSystem, fault: LinkFault) -> None:
    system.toxics.obeys = False
    outcome = judged(fault, system)
    assert outcome.status is Status.UNKNOWN


@pytest.mark.parametrize("fault", [FAULTS[0], FAULTS[2], FAULTS[5], FAULTS[7], FAULTS[13], FAULTS[-1]], ids=told)
def test_a_link_fault_that_stays_does_not_claim_to_be_healed(
    system: LinkedSystem, fault: LinkFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "HEAL_TIMEOUT_S", 0.1)
    with fault.inject(system) as effect:
        pass
    with fault.inject(system):
        assert not effect.heals().seen


def test_a_store_that_does_not_answer_is_no_proof_of_silence_on_the_link(system: LinkedSystem) -> None:
    """What a probe meets is the same; but past the link it meets it too."""
    with LinkFault("web", "postgres", "timeout").inject(system) as effect:
        system.stores["postgres"].well = False
        proof = effect.bites()
    assert not proof.seen
    assert "past the link postgres does not answer either" in proof.by


def test_a_link_that_was_broken_before_proves_nothing(system: LinkedSystem) -> None:
    with LinkFault("web", "postgres", "down").inject(system), FAULTS[0].inject(system) as effect:
        assert effect.bites().by.startswith("a probe was not answered before either")


def test_an_instance_that_is_added_meanwhile_is_disturbed_too(system: LinkedSystem) -> None:
    with FAULTS[0].inject(system) as effect:
        system.link("web-9")
        assert effect.bites().seen
    assert effect.heals().seen


def test_faults_of_one_link_may_overlap(system: LinkedSystem) -> None:
    slow, cut, again = FAULTS[0], FAULTS[-1], FAULTS[-1]
    with slow.inject(system) as slowly:
        with cut.inject(system) as first:
            with again.inject(system):
                assert first.bites().seen
            assert first.bites().seen
        assert first.heals().seen
        assert slowly.bites().seen
    assert slowly.heals().seen


def test_a_link_that_is_not_there_cannot_be_broken(system: LinkedSystem) -> None:
    with pytest.raises(HarnessError, match="no link web -> nats"), LinkFault("web", "nats", "down").inject(system):
        pytest.fail("it was injected")


@pytest.mark.parametrize(
    ("kind", "attributes", "others", "complaint"),
    [
        ("latancy", {}, {}, "no link fault 'latancy'; did you mean 'latency'?"),
        ("latency", {}, {}, "attributes of latency: latency must be at least 1"),
        ("latency", {"latancy": 3}, {}, "attributes of latency do not include 'latancy'; did you mean 'latency'?"),
        ("latency", {"latency": 5, "jitter": 5}, {}, "attributes of latency: jitter must be less than latency"),
        ("bandwidth", {"rate": -1}, {}, "attributes of bandwidth: rate must not be negative"),
        ("slow_close", {}, {}, "attributes of slow_close: delay must be at least 1"),
        ("slicer", {"delay": 10}, {}, "attributes of slicer: average_size must be at least 1"),
        ("slicer", {"average_size": 5, "size_variation": 5, "delay": 1}, {}, "size_variation must be less than"),
        ("timeout", {"delay": 1}, {}, "attributes of timeout do not include 'delay'; did you mean|known: timeout"),
        ("down", {"delay": 1}, {}, "attributes of down do not include 'delay'; none are known here"),
        ("down", {}, {"toxicity": 0.5}, "kind down is of whole links"),
        ("down", {}, {"stream": UP}, "kind down is of whole links"),
        ("timeout", {}, {"toxicity": 0.0}, "toxicity must be above 0 and at most 1"),
        ("timeout", {}, {"toxicity": 1.5}, "toxicity must be above 0 and at most 1"),
    ],
)
def test_what_is_no_link_fault_is_refused(
    kind: str, attributes: dict[str, int], others: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        LinkFault("web", "postgres", kind, attributes, **others)  # type: ignore[arg-type]
