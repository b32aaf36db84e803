"""Exits as soon as it is told to, in the middle of its answers."""

from __future__ import annotations

import os
from dataclasses import replace

from ledger.service import Parts, Readiness, Server


def stop_at_once(_server: Server, _readiness: Readiness, _drain_s: float) -> None:
    os._exit(0)


def service(parts: Parts) -> Parts:
    return replace(parts, stop=stop_at_once)
