from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.drivers import ports
from harness.drivers.ports import HOST, LOWEST, free_port
from harness.errors import HarnessError


def test_no_port_is_given_twice() -> None:
    given = [free_port() for _ in range(300)]
    assert len(set(given)) == 300


def test_a_port_is_none_that_an_outgoing_connection_could_take() -> None:
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(LOWEST <= free_port() < first_ephemeral for _ in range(50))


def test_a_port_that_somebody_listens_at_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, free_port()))
        listener.listen()
        taken = listener.getsockname()[1]
        candidates = iter([taken, taken, free_port() + 1, *range(20000, 30000)])
        monkeypatch.setattr("random.randint", lambda *_: next(candidates))
        assert free_port() != taken


def test_it_says_so_when_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_is_free", lambda _: False)
    with pytest.raises(HarnessError, match="no free port between"):
        free_port()
