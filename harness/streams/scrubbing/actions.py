"""What an action makes of a value. All of them are functions of the value, so equal values stay equal."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

import msgspec

from harness.streams.scrubbing.rules import Action, Rule

_LETTER: Final = re.compile(r"[^\W\d_]")
_DIGIT: Final = re.compile(r"\d")
_HASHED_BITS: Final = 52
"""Of a number: as many as a JSON number holds everywhere."""


class Removed:
    """Stands for a value that is no longer there."""


REMOVED: Final = Removed()


def act(rule: Rule, value: object, key: bytes) -> object:
    """The new value, REMOVED if there is none. Raises ValueError if the action cannot hide such a value."""
    match rule.action:
        case Action.KEEP:
            return value
        case Action.REMOVE:
            return REMOVED
        case Action.CONSTANT:
            return rule.value.encode() if isinstance(value, bytes) else rule.value
        case Action.HASH:
            return hashed(value, key)
        case Action.MASK:
            return masked(value)


def hashed(value: object, key: bytes) -> object:
    """A value of the same type, by BLAKE2b with a key (RFC 7693). An object or array becomes a text."""
    match value:
        case None:
            return None
        case bool():
            raise ValueError("a hash hides nothing of true or false; take constant")
        case bytes():
            return _digest(value, key).hexdigest().encode()
        case int() | float():
            number = int.from_bytes(_digest(repr(value).encode(), key).digest()) >> (128 - _HASHED_BITS)
            return number if isinstance(value, int) else float(number)
        case str():
            return _digest(value.encode(), key).hexdigest()
        case _:
            return _digest(msgspec.json.encode(value, order="sorted"), key).hexdigest()


def _digest(value: bytes, key: bytes) -> blake2b:
    return blake2b(value, digest_size=16, key=key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest())


def masked(value: object) -> object:
    """The form of a value, and of all within it; names of fields stay."""
    match value:
        case bool():
            return False
        case int():
            return 0
        case float():
            return 0.0
        case str():
            return _DIGIT.sub("0", _LETTER.sub("x", value))
        case dict():
            return {name: masked(inner) for name, inner in value.items()}
        case list():
            return [masked(inner) for inner in value]
        case bytes():
            raise ValueError("data that are not JSON have no form to keep; take remove, constant or hash")
        case _:
            return value
