from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.replay.engines import Ray
from harness.replay.plan import Plan
from harness.replay.replaying import replay
from tests.unit.replay.running import LIMITS, paid, recording, version

pytest.importorskip("ray", reason="the ray extra is not installed")
PLAN = Plan(versions=(version("shop:healthy"),), limits=LIMITS)


@pytest.mark.parametrize("address", ["somewhere", "127.0.0.1:", ":6379", "ray://127.0.0.1:10001"])
def test_an_address_of_another_form_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the address of a Ray cluster is HOST:PORT, or `local`, not"):
        replay(PLAN, recording(tmp_path, [paid("a", 1)]), Ray(address))


def test_a_cluster_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.2", 0))
        address = f"127.0.0.2:{taken.getsockname()[1]}"
        with pytest.raises(InvalidInput, match=f"no Ray cluster answers at {address}: .*refused"):
            replay(PLAN, recording(tmp_path, [paid("a", 1)]), Ray(address))
