"""The command `harness cluster`, on clusters that are only told of."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from harness.cluster_command import cluster
from harness.drivers.kubernetes.cluster import kind
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.errors import InvalidInput
from harness.supervisor.scratch import Identity


@pytest.mark.parametrize(
    ("owner", "remedy"),
    [(str(Identity.of(os.getpid())), "wait until it is there"), (f"{os.getpid()}@1", "`harness sweep` removes it")],
    ids=["alive", "dead"],
)
def test_a_cluster_that_somebody_else_is_making_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, owner: str, remedy: str
) -> None:
    monkeypatch.setattr(kind, "clusters", lambda: (KindCluster("rollproof-kept", owner),))
    result = CliRunner().invoke(cluster, ["up"])
    assert isinstance(result.exception, InvalidInput)
    assert "rollproof-kept is being made by another process" in str(result.exception)
    assert remedy in str(result.exception)
