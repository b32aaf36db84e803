"""Tests that need what not every machine has are skipped with the reason, or fail: `--require=containers,kind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache

import pytest

from harness.errors import MissingServer


@cache
def no_containers() -> str:
    """Why containers cannot be run here; empty if they can."""
    try:
        from harness.drivers.containers.engine import connect  # noqa: PLC0415

        with closing(connect()):
            return ""
    except (ImportError, MissingServer) as error:
        return str(error)


@cache
def no_kind() -> str:
    """Why no Kubernetes cluster can be made here; empty if one can."""
    try:
        from harness.drivers.kubernetes.cluster.kind import need_kind  # noqa: PLC0415

        need_kind()
    except (ImportError, MissingServer) as error:
        return str(error)
    return no_containers()


NEEDS: Mapping[str, Callable[[], str]] = {"containers": no_containers, "kind": no_kind}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require", default="", help=f"fail, not skip, where these are missing: {','.join(NEEDS)}")


def pytest_configure(config: pytest.Config) -> None:
    if unknown := required(config) - NEEDS.keys():
        raise pytest.UsageError(f"--require knows {', '.join(NEEDS)}, not {', '.join(sorted(unknown))}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for need, why_not in NEEDS.items():
        if item.get_closest_marker(need) and (reason := why_not()):
            if need in required(item.config):
                pytest.fail(f"{need} are required: {reason}", pytrace=False)
            pytest.skip(reason)


def required(config: pytest.Config) -> set[str]:
    return set(filter(None, config.getoption("--require").split(",")))
