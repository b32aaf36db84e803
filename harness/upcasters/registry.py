"""Where an application registers its upcasters. Needs nothing, so that it costs an application nothing to import.

upcasters = Upcasters()

@upcasters.register("OrderPlaced", 1, 2)
def with_currency(data):
    return {**data, "currency": "EUR"}

upcasters.upcast("OrderPlaced", 1, {"cents": 5})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Data: TypeAlias = dict[str, Any]
"""An event's payload. What is in it, only the application's own code knows."""
Upcaster: TypeAlias = Callable[[Data], Data]
"""From the data of one version to that of another. It may change what it is given, and must return the result."""
Key: TypeAlias = tuple[str, int, int]
"""Event type, from which version, to which."""


class UnknownVersion(LookupError):
    """No upcasters lead from this version of an event to the newest."""


class Upcasters:
    """Upcasters and downcasters by event type and versions."""

    def __init__(self) -> None:
        self._up: dict[Key, Upcaster] = {}
        self._down: dict[Key, Upcaster] = {}

    def register(self, event_type: str, source: int, target: int) -> Callable[[Upcaster], Upcaster]:
        """Decorates the function that makes data of version `target` from that of version `source`.

        From the newest version to itself it is a normaliser, which `upcast` applies to every event. Raises ValueError
        if one is registered already.
        """
        return _registering(self._up, (event_type, source, target))

    def register_downcaster(self, event_type: str, source: int, target: int) -> Callable[[Upcaster], Upcaster]:
        """Decorates the function that gives back the older version `target`, for readers that were not upgraded yet."""
        return _registering(self._down, (event_type, source, target))

    @property
    def upcasters(self) -> Mapping[Key, Upcaster]:
        return MappingProxyType(self._up)

    @property
    def downcasters(self) -> Mapping[Key, Upcaster]:
        return MappingProxyType(self._down)

    def newest(self, event_type: str) -> int:
        """The highest version that an upcaster leads to; 1 for a type without any."""
        return max((target for known, _, target in self._up if known == event_type), default=1)

    def upcast(self, event_type: str, version: int, data: Data) -> Data:
        """The event as its newest version has it; of several ways the one with the longest steps.

        Raises UnknownVersion, also for a version newer than all: to read on would be to guess.
        """
        newest = self.newest(event_type)
        while version != newest:
            further = [target for known, source, target in self._up if (known, source) == (event_type, version)]
            step = max((target for target in further if version < target <= newest), default=None)
            if step is None:
                raise UnknownVersion(f"{event_type} {version}: no upcaster leads from it to version {newest}")
            data = self._up[event_type, version, step](data)
            version = step
        normalise = self._up.get((event_type, newest, newest))
        return data if normalise is None else normalise(data)


def _registering(table: dict[Key, Upcaster], key: Key) -> Callable[[Upcaster], Upcaster]:
    def register(function: Upcaster) -> Upcaster:
        if key in table:
            raise ValueError(f"{key[0]}: two functions are registered for {key[1]} to {key[2]}")
        table[key] = function
        return function

    return register
