"""A line of a log is no result."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from harness.upcasters import Upcasters

SCHEMAS = {
    "OrderPlaced": {
        1: {
            "type": "object",
            "properties": {"cents": {"type": "integer", "minimum": 0}},
            "required": ["cents"],
            "additionalProperties": False,
        },
        2: {
            "type": "object",
            "properties": {"cents": {"type": "integer"}, "currency": {"enum": ["EUR", "USD"]}},
            "required": ["cents", "currency"],
            "additionalProperties": False,
        },
    }
}

upcasters = Upcasters()

log = logging.getLogger(__name__)
log.setLevel(logging.DEBUG)
log.addHandler(logging.StreamHandler())


@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    log.info("an old event: %s", data)
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    return {**data, "currency": "EUR"}
