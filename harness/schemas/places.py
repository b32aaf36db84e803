"""Where in a JSON text the value stands that a JSON Pointer (RFC 6901) names."""

from __future__ import annotations

import json
import re

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def line_of(text: str, pointer: str) -> int:
    """The line, counted from 1, on which the value begins; if it is not there, that of the innermost part that is.

    `text` must be JSON.
    """
    at = _skip(text, 0)
    for token in _tokens(pointer):
        inner = _member(text, at, token)
        if inner is None:
            break
        at = inner
    return text.count("\n", 0, at) + 1


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _member(text: str, at: int, token: str) -> int | None:
    """Where the member of the object or array at `at` begins; of several with one name the last, as parsers do."""
    opening = text[at]
    if opening not in "{[":
        return None
    found = None
    number = 0
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        name = str(number)
        if opening == "{":
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # over the colon
        if name == token:
            found = at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return found


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()
