"""Which requests are the users'."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope


def is_traffic(scope: Scope) -> bool:
    """False for probes and metrics."""
    path: str = scope.get("path", "")
    return path.startswith(("/accounts/", "/transfers"))
