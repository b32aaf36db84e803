"""Accounts as their events tell them. Each release has its own event classes; see v1_0 to v3_0."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ledger.domain.account import Domain


def domain_of(release: str) -> Domain:
    """The domain as `release` (e.g. "1.1") knows it. Raises ModuleNotFoundError for a release that never was."""
    module = import_module(f"ledger.domain.v{release.replace('.', '_')}")
    return cast("Domain", module.DOMAIN)
