"""Sets of Unicode characters, as ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""First and last code point."""

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
_PREFERRED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. /:;,+@#!?%&=*~'\"()<>[]{}|$^`\\"
"""Printable ASCII first: people read it, and every engine of regular expressions takes it alike."""


@dataclass(frozen=True)
class CharSet:
    """Sorted ranges that neither touch nor overlap. Surrogates are no characters, and in no set."""

    ranges: tuple[Range, ...]

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        return any(first <= point <= last for first, last in self.ranges)

    def __invert__(self) -> CharSet:
        return _inverted(self)

    def __and__(self, other: CharSet) -> CharSet:
        return _intersected(self, other)

    def __or__(self, other: CharSet) -> CharSet:
        return char_set(chain(self.ranges, other.ranges))

    @property
    def size(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    @property
    def sample(self) -> str:
        """One of them; there must be one."""
        return _sample(self)

    def characters(self) -> Iterator[str]:
        """All of them, those first that people like to read."""
        yield from _plain(self)
        for least in (0xA1, 0x20, 0x00):  # letters of other scripts before what does not print
            for first, last in self.ranges:
                upper = min(last, {0xA1: _LAST, 0x20: 0xA0, 0x00: 0x1F}[least])
                for point in range(max(first, least), upper + 1):
                    if (character := chr(point)) not in _PREFERRED:
                        yield character


def char_set(ranges: Iterable[Range]) -> CharSet:
    """The set of these ranges, however they overlap."""
    merged: list[Range] = []
    for first, last in sorted(_without_surrogates(ranges)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return CharSet(tuple(merged))


def of(characters: str) -> CharSet:
    return char_set((ord(character), ord(character)) for character in characters)


def _without_surrogates(ranges: Iterable[Range]) -> Iterator[Range]:
    for first, last in ranges:
        if first < _SURROGATES.start:
            yield first, min(last, _SURROGATES.start - 1)
        if last >= _SURROGATES.stop:
            yield max(first, _SURROGATES.stop), last


@lru_cache(4096)
def _inverted(chars: CharSet) -> CharSet:
    starts = [0, *(last + 1 for _, last in chars.ranges)]
    ends = [*(first - 1 for first, _ in chars.ranges), _LAST]
    return char_set((start, end) for start, end in zip(starts, ends, strict=True) if start <= end)


@lru_cache(4096)
def _intersected(one: CharSet, other: CharSet) -> CharSet:
    found = (
        (max(first, start), min(last, end))
        for first, last in one.ranges
        for start, end in other.ranges
        if max(first, start) <= min(last, end)
    )
    return char_set(found)


@lru_cache(4096)
def _plain(chars: CharSet) -> tuple[str, ...]:
    return tuple(character for character in _PREFERRED if character in chars)


@lru_cache(4096)
def _sample(chars: CharSet) -> str:
    return next(chars.characters())


ANY = char_set([(0, _LAST)])
NONE = CharSet(())

DIGIT = char_set([(ord("0"), ord("9"))])
WORD = DIGIT | char_set([(ord("a"), ord("z")), (ord("A"), ord("Z"))]) | of("_")
SPACE = of("\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") | char_set([(0x2000, 0x200A)])
"""ECMA-262's white space and line terminators."""
PRINTABLE = char_set([(0x20, 0x7E)])
"""ASCII that prints: engines of regular expressions agree about it."""
LINE_TERMINATOR = of("\n\r\u2028\u2029")
