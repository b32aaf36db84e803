"""Upcasters: functions of the user's code that make of a stored event what its newest version would be.

An application imports `Upcasters` from here, and nothing else comes with it.
"""

from harness.upcasters.registry import UnknownVersion, Upcasters

__all__ = ["UnknownVersion", "Upcasters"]
