"""No defect, but another way to deploy: the release builds its read model anew, beside the one that serves."""

from __future__ import annotations

from dataclasses import replace

from ledger import migrations as of_releases
from ledger import projector as of_events
from ledger import rebuild
from ledger.migrations import Connection, Release


def projector(parts: of_events.Parts) -> of_events.Parts:
    return replace(parts, read_model=rebuild.REBUILT)


def migrations(parts: of_releases.Parts) -> of_releases.Parts:
    return replace(parts, releases={name: _rebuilding(release) for name, release in parts.releases.items()})


def _rebuilding(release: Release) -> Release:
    def expand(connection: Connection) -> None:
        release.expand(connection)
        rebuild.expand(connection)

    def contract(connection: Connection) -> None:
        rebuild.forget(connection)
        release.contract(connection)

    def back(connection: Connection) -> None:
        rebuild.forget(connection)
        release.back(connection)

    return Release(expand, contract, back, rebuild.switch, rebuild.switch_back)
