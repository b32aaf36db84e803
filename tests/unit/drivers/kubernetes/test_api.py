"""What the API says, as the harness takes it."""

from __future__ import annotations

import pytest

from harness.drivers.kubernetes.api import CONTROL_PLANE, NOT_READY, _node


@pytest.mark.parametrize(
    ("taints", "taken"),
    [
        ((), False),
        (((NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")), False),
        (((CONTROL_PLANE, "NoSchedule"), (NOT_READY, "NoSchedule")), True),
        ((("spot", "PreferNoSchedule"),), False),
    ],
)
def test_a_node_is_taken_by_what_stays_not_by_what_passes(taints: tuple[tuple[str, str], ...], taken: bool) -> None:
    spec = {"taints": [{"key": key, "effect": effect} for key, effect in taints]} if taints else {}
    node = _node({"metadata": {"name": "n"}, "spec": spec, "status": {}})
    assert (node.taken, node.ready) == (taken, False)
