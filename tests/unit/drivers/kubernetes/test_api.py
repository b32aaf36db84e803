"""What the API says, as the harness takes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.drivers.kubernetes.api import CONTROL_PLANE, NOT_READY, Stop, _node


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


class Streaming:
    """An answer over TLS: once its connection is shut down, what had come and was not read yet comes encrypted."""

    def __init__(self, *chunks: bytes, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._chunks = list(chunks)
        self._meanwhile = meanwhile
        self._plain = True
        self.closed = False

    def read1(self) -> bytes:
        if len(self._chunks) == 1:
            self._meanwhile()
        chunk = self._chunks.pop(0) if self._chunks else b""
        return chunk if self._plain else bytes(byte ^ 0xFF for byte in chunk)

    def shutdown(self) -> None:
        self._plain = False

    def close(self) -> None:
        self.closed = True


def test_lines_are_put_together_from_chunks() -> None:
    response = Streaming(b"one\ntw", b"o\n")
    assert list(Stop().lines(response)) == [b"one", b"two"]
    assert response.closed


def test_what_comes_after_a_stop_is_left_unread() -> None:
    stop = Stop()
    # 0xF5 will look like the end of a line.
    response = Streaming(b"one\ntw", b"o\nthree\xf5", meanwhile=stop.set)
    assert list(stop.lines(response)) == [b"one"]
    assert response.closed
    assert list(stop.lines(Streaming(b"four\n"))) == []
