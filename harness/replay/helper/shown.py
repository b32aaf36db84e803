"""A state as JSON, the same for equal states in every process."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import uuid
from typing import Any


class NotShown(TypeError):
    """The state holds something that JSON cannot; the user's code has to say how it is shown, by `dump`."""


def as_json(value: Any) -> Any:
    """Raises NotShown."""
    match value:
        case None | bool() | int() | str():
            return value.value if isinstance(value, enum.Enum) else value
        case float():
            # JSON has no words for these, and they are no text either.
            return value if value - value == 0 else {"float": repr(value)}
        case enum.Enum():
            return as_json(value.value)
        case dict():
            return {_name(name): as_json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [as_json(inner) for inner in value]
        case set() | frozenset():
            return sorted((as_json(inner) for inner in value), key=repr)
        case bytes() | bytearray():
            return {"base64": base64.b64encode(value).decode()}
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return {"seconds": value.total_seconds()}
        case decimal.Decimal() | uuid.UUID():
            return str(value)
    return _fields(value)


def _fields(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
    elif hasattr(value, "__struct_fields__"):  # of msgspec
        names = list(value.__struct_fields__)
    elif isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
        raise NotShown(f"a {type(value).__qualname__} has no form as JSON; give the object a `dump`")
    else:
        names = sorted(vars(value))
    return {name: as_json(getattr(value, name)) for name in names}


def _name(name: Any) -> str:
    shown = as_json(name)
    return shown if isinstance(shown, str) else repr(shown)
