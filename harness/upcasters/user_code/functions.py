"""Upcasters that are registered as plain functions."""

from __future__ import annotations

import inspect
import json

from harness.upcasters.catalog import Catalog, Step
from harness.upcasters.registry import Data, Key, Upcaster, Upcasters
from harness.upcasters.user_code.messages import Hop


class RegisteredFunctions:
    """Those of a registry; data are JSON as they are."""

    def __init__(self, registry: Upcasters) -> None:
        self._registry = registry

    def catalog(self) -> Catalog:
        up = (_step(key, function, down=False) for key, function in self._registry.upcasters.items())
        down = (_step(key, function, down=True) for key, function in self._registry.downcasters.items())
        return Catalog((*up, *down))

    def decode(self, data: Data) -> Data:
        copied: Data = json.loads(json.dumps(data))
        return copied

    def encode(self, data: object) -> object:
        """Raises TypeError or ValueError for what is no JSON, half of a surrogate pair among it."""
        plain = json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        return json.loads(plain)

    def apply(self, event_type: str, hop: Hop, data: Data) -> Data:
        """Raises TypeError for a function that returns anything but data."""
        table = self._registry.downcasters if hop.down else self._registry.upcasters
        result: object = table[event_type, hop.source, hop.target](data)
        if not isinstance(result, dict):
            raise TypeError(f"returned {'None' if result is None else type(result).__name__}, not the event's data")
        return result

    def load(self, event_type: str, version: int, data: Data) -> tuple[object, tuple[str, ...]]:
        """By `Upcasters.upcast`. Data have no class, so that nothing is declared and nothing missing."""
        return self.encode(self._registry.upcast(event_type, version, self.decode(data))), ()


def _step(key: Key, function: Upcaster, *, down: bool) -> Step:
    event_type, source, target = key
    return Step(event_type, source, target, getattr(function, "__qualname__", repr(function)), place(function), down)


def place(function: object) -> str:
    """File and line of a function; empty for one that is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
