"""Which namespaces of a cluster are left over from dead harnesses of this machine."""

from __future__ import annotations

import os

import pytest

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, machine
from harness.drivers.kubernetes.api import Found
from harness.drivers.kubernetes.cluster.leftovers import is_abandoned
from harness.supervisor.scratch import Identity

OURSELVES = Identity.of(os.getpid())
assert OURSELVES is not None
DEAD = f"{OURSELVES.pid}@{OURSELVES.began - 1}"


@pytest.mark.parametrize(
    ("harness", "where", "abandoned"),
    [
        (DEAD, machine(), True),
        (str(OURSELVES), machine(), False),
        (DEAD, "another machine", False),
        ("nonsense", machine(), False),
    ],
    ids=["dead here", "alive here", "dead elsewhere", "nonsense"],
)
def test_only_a_dead_harness_of_this_machine_leaves_something(harness: str, where: str, abandoned: bool) -> None:
    assert is_abandoned(Found("rollproof-1", {HARNESS_LABEL: harness, MACHINE_LABEL: where})) is abandoned


def test_a_namespace_without_marks_is_not_ours() -> None:
    assert not is_abandoned(Found("default"))
