"""Reads a regular expression as ECMA-262 writes it (with its flag u), as a tree.

What engines take in different ways, and what is not regular, is refused with NotRegular: back references, word
boundaries, lookbehind, properties of Unicode, operators on classes. Such an expression can still be tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from harness.schemas.jsonschema.budget import Undecidable
from harness.schemas.jsonschema.regular import characters
from harness.schemas.jsonschema.regular.characters import CharSet


class NotRegular(Undecidable):
    """The expression has something that cannot be compared; the message names it."""


@dataclass(frozen=True)
class Characters:
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True)
class Series:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeated:
    inner: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Start:
    """`^`"""


@dataclass(frozen=True)
class End:
    """`$`"""


@dataclass(frozen=True)
class Lookahead:
    inner: Node
    negative: bool


Node: TypeAlias = Characters | Series | Choice | Repeated | Start | End | Lookahead

_CLASSES = {
    "d": characters.DIGIT,
    "D": ~characters.DIGIT,
    "w": characters.WORD,
    "W": ~characters.WORD,
    "s": characters.SPACE,
    "S": ~characters.SPACE,
}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_SYNTAX: Final = "^$\\.*+?()[]{}|/-"
"""What a backslash makes itself."""
_REPETITION_MAX = 100_000


def parse(pattern: str) -> Node:
    """Raises NotRegular."""
    reader = _Reader(pattern)
    node = reader.choice()
    if reader.left:
        raise reader.refusal(f"an unbalanced {reader.next!r}")
    return node


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def refusal(self, what: str) -> NotRegular:
        return NotRegular(f"the pattern {self._pattern!r} has {what}, which cannot be compared")

    # ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def left(self) -> str:
        return self._pattern[self._at :]

    @property
    def next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def take(self, length: int = 1) -> str:
        text = self._pattern[self._at : self._at + length]
        if len(text) < length:
            raise self.refusal("an end too soon")
        self._at += length
        return text

    def skip(self, text: str) -> bool:
        """Whether it comes next; then it is taken."""
        if not self._pattern.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def until(self, end: str) -> str:
        place = self._pattern.find(end, self._at)
        if place < 0:
            raise self.refusal(f"no {end!r}")
        text = self._pattern[self._at : place]
        self._at = place + 1
        return text

    # ── the grammar ──────────────────────────────────────────────────────────────────────────────────────────────

    def choice(self) -> Node:
        parts = [self._series()]
        while self.skip("|"):
            parts.append(self._series())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _series(self) -> Node:
        parts: list[Node] = []
        while self.next and self.next not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        bounds: tuple[int, int | None] | None = None
        if self.skip("*"):
            bounds = (0, None)
        elif self.skip("+"):
            bounds = (1, None)
        elif self.skip("?"):
            bounds = (0, 1)
        elif self.skip("{"):
            bounds = self._bounds(self.until("}"))
        if bounds is None:
            return node
        self.skip("?")  # lazy: the same strings
        if self.next and self.next in "*+?{":
            raise self.refusal("a repetition of a repetition")
        if isinstance(node, Start | End | Lookahead):
            raise self.refusal("a repeated assertion")
        return Repeated(node, *bounds)

    def _bounds(self, text: str) -> tuple[int, int | None]:
        least, comma, most = text.partition(",")
        if not _is_number(least) or (most and not _is_number(most)):
            raise self.refusal(f"'{{{text}}}'")
        bounds = (int(least), None if comma and not most else int(most or least))
        if max(bounds[0], bounds[1] or 0) > _REPETITION_MAX:
            raise self.refusal(f"more than {_REPETITION_MAX:,} repetitions")
        return bounds

    def _atom(self) -> Node:
        match self.take():
            case "^":
                return Start()
            case "$":
                return End()
            case ".":
                return Characters(~characters.LINE_TERMINATOR)
            case "(":
                return self._group()
            case "[":
                return Characters(self._class())
            case "\\":
                return Characters(self._escape())
            case "*" | "+" | "?" | "{" | "}" | "]" as symbol:
                raise self.refusal(f"a bare {symbol!r}")
            case character:
                return Characters(characters.of(character))

    def _group(self) -> Node:
        node: Node
        if self.skip("?="):
            node = Lookahead(self.choice(), negative=False)
        elif self.skip("?!"):
            node = Lookahead(self.choice(), negative=True)
        elif self.skip("?:"):
            node = self.choice()
        elif self.skip("?<"):
            if self.next in ("=", "!"):
                raise self.refusal("a lookbehind")
            self.until(">")
            node = self.choice()
        elif self.next == "?":
            raise self.refusal(f"'({self.left[:2]}'")
        else:
            node = self.choice()
        if not self.skip(")"):
            raise self.refusal("no ')'")
        return node

    # ── characters ───────────────────────────────────────────────────────────────────────────────────────────────

    def _class(self) -> CharSet:
        inverted = self.skip("^")
        found = characters.NONE
        if self.next == "]":
            raise self.refusal("an empty class")
        while not self.skip("]"):
            first = self._member()
            if self.next == "-" and self.left[1:2] not in ("]", ""):
                self.take()
                found |= self._range(first, self._member())
            else:
                found |= first
        return ~found if inverted else found

    def _member(self) -> CharSet:
        if any(self.left.startswith(operator) for operator in ("[", "&&", "--", "~~")):
            raise self.refusal("an operator or a class within a class")
        character = self.take()
        return self._escape(in_class=True) if character == "\\" else characters.of(character)

    def _range(self, first: CharSet, last: CharSet) -> CharSet:
        if first.size != 1 or last.size != 1 or ord(first.sample) > ord(last.sample):
            raise self.refusal("a range that is none")
        return characters.char_set([(ord(first.sample), ord(last.sample))])

    def _escape(self, in_class: bool = False) -> CharSet:
        symbol = self.take()
        if symbol in _CLASSES:
            return _CLASSES[symbol]
        if symbol in _CONTROLS:
            return characters.of(_CONTROLS[symbol])
        if symbol in _SYNTAX:
            return characters.of(symbol)
        if symbol == "b" and in_class:
            return characters.of("\b")
        if symbol == "0" and not self.next.isdigit():
            return characters.of("\0")
        if symbol == "x":
            return self._point(self.take(2))
        if symbol == "u":
            return self._unicode()
        if symbol == "c" and self.next.isascii() and self.next.isalpha():
            return characters.of(chr(ord(self.take()) % 32))
        raise self.refusal(f"'\\{symbol}'")

    def _unicode(self) -> CharSet:
        if self.skip("{"):
            return self._point(self.until("}"))
        point = self._hexadecimal(self.take(4))
        if 0xD800 <= point < 0xDC00 and self.skip("\\u"):
            low = self._hexadecimal(self.take(4))
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
        return self._point(f"{point:x}")

    def _point(self, digits: str) -> CharSet:
        point = self._hexadecimal(digits)
        if point > 0x10FFFF or 0xD800 <= point < 0xE000:
            raise self.refusal("what is no character")
        return characters.char_set([(point, point)])

    def _hexadecimal(self, digits: str) -> int:
        if not digits or set(digits) - set("0123456789abcdefABCDEF"):
            raise self.refusal(f"{digits!r} for a code point")
        return int(digits, 16)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def asserts(node: Node) -> bool:
    """Has it an anchor or a lookahead, so that what it matches depends on what is around it?"""
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case Start() | End() | Lookahead():
                return True
            case Series(parts=parts) | Choice(parts=parts):
                waiting.extend(parts)
            case Repeated(inner=inner):
                waiting.append(inner)
            case _:
                pass
    return False
