"""Values at which readers differ: the edges of each type, and what looks like something else on the wire."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

from harness.schemas.protobuf.model import RANGES, EnumType, Kind, Scalar

_EDGES = (
    *(-(2**63), -(2**31) - 1, -(2**31), -1, 0, 1, 2, 127, 128, 255, 2**16, 2**24 + 1),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1),
)
_FLOAT_MAX = float.fromhex("0x1.fffffep+127")
_TEXTS = ("a", "0", "ab", "\b\x01", "é", "日本", "\x00", "a" * 200, "")


def _edges(first: int, last: int) -> tuple[int, ...]:
    """The smallest that most types cannot hold first, which people see through; zero, which shows least, last."""
    edges = (edge for edge in _EDGES if first <= edge <= last)
    return tuple(sorted(edges, key=lambda edge: (edge < 2**31, edge == 0, abs(edge))))


_VALUES: Mapping[Kind, tuple[Scalar, ...]] = {
    **{kind: _edges(first, last) for kind, (first, last) in RANGES.items()},
    Kind.BOOL: (True, False),
    Kind.FLOAT: (0.5, -1.0, 1.0, 0.0, _FLOAT_MAX, math.inf, -math.inf, math.nan),
    Kind.DOUBLE: (0.5, 0.1, -1.0, 1.0, 0.0, 2.0**53, sys.float_info.max, 5e-324, math.inf, -math.inf, math.nan),
    Kind.STRING: _TEXTS,
    Kind.BYTES: (b"\xff", *(text.encode() for text in _TEXTS), b"\xc3\x28", bytes(range(256))),
}


def boundary_values(kind: Kind, enum: EnumType | None, reader_enum: EnumType | None) -> tuple[Scalar, ...]:
    """Of a scalar field; of an enum its own numbers first, then the reader's and what else an open one takes."""
    if enum is None:
        return _VALUES[kind]
    if enum.closed:
        return tuple(enum.names)
    return tuple(dict.fromkeys((*enum.names, *(() if reader_enum is None else reader_enum.names), *_VALUES[kind])))
