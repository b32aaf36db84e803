"""Stores in pods."""

from __future__ import annotations

from typing import ClassVar

from harness.drivers.nats import NatsServer


class PodNats(NatsServer):
    """Its data live and die with its pod, so what it held cannot be had again."""

    keeps: ClassVar[bool] = False

    def _replace_data(self, label: str | None) -> None:
        assert label is None
