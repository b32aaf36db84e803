"""Control groups of both versions, as files of this test."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drivers.cgroups import Group, Hierarchy, find_hierarchy
from harness.protocols import Limits

MB = 1 << 20


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    for controller, file in (("cpu", "cpu.cfs_quota_us"), ("memory", "memory.limit_in_bytes")):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / file).write_text("-1\n")
    return tmp_path


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu io memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    return tmp_path


def test_both_versions_are_found(version_1: Path) -> None:
    assert find_hierarchy(version_1) == Hierarchy(version_1 / "cpu", version_1 / "memory")


def test_the_second_is_one_place(version_2: Path) -> None:
    found = find_hierarchy(version_2)
    assert found == Hierarchy(version_2, version_2)
    assert found.unified


def test_a_controller_that_is_off_cannot_be_used(version_2: Path) -> None:
    (version_2 / "cgroup.subtree_control").write_text("memory\n")
    assert find_hierarchy(version_2) is None


def test_where_there_are_none_there_are_none(tmp_path: Path) -> None:
    assert find_hierarchy(tmp_path) is None


def test_limits_of_the_first_version(version_1: Path) -> None:
    found = find_hierarchy(version_1)
    assert found
    group = Group(found, "g")
    group.admit([])
    group.limit(Limits(0.25, 64))
    assert (version_1 / "cpu/g/cpu.cfs_quota_us").read_text() == "25000"
    assert (version_1 / "memory/g/memory.limit_in_bytes").read_text() == str(64 * MB)
    assert group.limits() == Limits(0.25, 64)
    (version_1 / "cpu/g/cpu.stat").write_text("nr_periods 9\nnr_throttled 4\nthrottled_time 1\n")
    assert group.throttled() == 4
    group.limit(Limits())
    assert group.limits() == Limits()


def test_limits_of_the_second_version(version_2: Path) -> None:
    found = find_hierarchy(version_2)
    assert found
    group = Group(found, "g")
    group.admit([])
    group.limit(Limits(0.5, None))
    assert (version_2 / "g/cpu.max").read_text() == "50000 100000"
    assert (version_2 / "g/memory.max").read_text() == "max"
    assert group.limits() == Limits(0.5, None)


def test_a_limit_that_somebody_else_has_changed_is_not_in_force(version_2: Path) -> None:
    group = Group(Hierarchy(version_2, version_2), "g")
    group.admit([])
    group.limit(Limits(None, 64))
    (version_2 / "g/memory.max").write_text("max")
    assert group.limits() == Limits()
