"""One cluster for all tests that need one: one that is kept, if there is one; else one for this session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import no_kind

pytest.register_assert_rewrite("tests.integration.driver_contract")

if TYPE_CHECKING:
    from harness.drivers.kubernetes.cluster.kind import KindCluster

NAME = "rollproof-tests"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KindCluster]:
    from harness.drivers.kubernetes.cluster import kind  # noqa: PLC0415
    from harness.supervisor import Supervisor, scratch_folder  # noqa: PLC0415

    kept = next((each for each in kind.clusters() if each.kept), None)
    if kept is not None:
        yield kept
        return
    log = tmp_path_factory.mktemp("cluster") / "cluster.log"
    with Supervisor(NAME, scratch_folder(NAME)) as spawner:
        made = kind.create(NAME, None, spawner, log, keep=True)
    yield made
    kind.delete(made)


@pytest.fixture(scope="session", autouse=True)
def _cluster_before_all(request: pytest.FixtureRequest) -> None:
    """Also for tests that do not ask for it: a run that finds none makes one, which takes a minute each time."""
    if any(item.get_closest_marker("kind") for item in request.session.items) and not no_kind():
        request.getfixturevalue("cluster")
