"""A fold that uses the harness's own registry of upcasters, as an application may."""

from __future__ import annotations

from typing import Any

from harness.upcasters import Upcasters

upcasters = Upcasters()


@upcasters.register("paid", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}


def fold(state: Any, event: Any) -> Any:
    data = upcasters.upcast(event.type, event.version, event.data)
    return {**(state or {}), data["currency"]: data["amount"]}
