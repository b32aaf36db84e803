"""Extensible data notation, as Clojure prints it: a strict reader of the whole of it but for namespaced maps.

No package that is kept up reads it (the two on PyPI have had no release for years, and one takes a parser generator
along), and what Jepsen writes is little more than maps, vectors, numbers and keywords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.consistency.operations import frozen
from harness.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Keyword:
    name: str

    def __str__(self) -> str:
        return f":{self.name}"


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str

    def __str__(self) -> str:
        return self.name


_TOKEN = re.compile(
    r"""
    (?: [\s,]+ | ;[^\n]* )
    | (?P<open> \#\{ | [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<string> "(?:[^"\\]|\\.)*" )
    | (?P<character> \\(?:u[0-9a-fA-F]{4}|[a-z]+|.) )
    | (?P<prefix> \#_ | \#[A-Za-z][^\s,()\[\]{}";\\]* )
    | (?P<atom> \#\#(?:-?Inf|NaN) | [^\s,()\[\]{}";\\\#][^\s,()\[\]{}";\\]* )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_WORDS: dict[str, object] = {
    "nil": None, "true": True, "false": False,
    "##Inf": float("inf"), "##-Inf": float("-inf"), "##NaN": float("nan"),
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?\d+N?")
_DECIMAL = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?")
_NAME = re.compile(r"[^\d:#][^:#]*(?:[:#][^:#]+)*|[+-](?!\d).*")
_CHARACTERS = {
    "newline": "\n", "return": "\r", "space": " ", "tab": "\t", "formfeed": "\f", "backspace": "\b",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", '"': '"', "\\": "\\"}


@dataclass(slots=True)
class _Open:
    """A collection that has begun, or a prefix that waits for its form."""

    by: str
    line: int
    items: list[object] = field(default_factory=list)


class Edn:
    """The forms of one text. What an atom means is looked up once."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._atoms = dict(_WORDS)

    def forms(self, text: str, line: int = 1) -> Iterator[tuple[int, object]]:
        """Each top-level form with the line it ends in. Raises InvalidInput, with the line, where there is none.

        Vectors and lists are tuples, maps dicts, sets frozen sets; of a tagged form, the form.
        """
        waiting: list[_Open] = []
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None:
                raise self._invalid(f"cannot be read as EDN from {text[at : at + 20]!r} on", line)
            at = token.end()
            kind, part = token.lastgroup, token.group()
            if kind in ("open", "prefix"):
                waiting.append(_Open(part, line))
                continue
            if kind is not None:
                form = self._closed(waiting, part, line) if kind == "close" else self._atom(kind, part, line)
                if self._done(waiting, form):
                    yield line, form
            line += part.count("\n")
        if waiting:
            raise self._invalid(f"{waiting[-1].by!r} is not closed", waiting[-1].line)

    def _done(self, waiting: list[_Open], form: object) -> bool:
        """Whether the form is a top-level one. Elsewhere it goes where it belongs."""
        while waiting and waiting[-1].by[0] == "#" and waiting[-1].by != "#{":
            if waiting.pop().by == "#_":
                return False
        if waiting:
            waiting[-1].items.append(form)
        return not waiting

    def _closed(self, waiting: list[_Open], by: str, line: int) -> object:
        if not waiting or _CLOSES.get(waiting[-1].by) != by:
            raise self._invalid(f"{by!r} closes nothing", line)
        begun = waiting.pop()
        if begun.by in "([":
            return tuple(begun.items)
        if begun.by == "#{":
            return frozenset(map(frozen, begun.items))
        if len(begun.items) % 2:
            raise self._invalid("a map has a key without a value", begun.line)
        keys = [frozen(key) for key in begun.items[::2]]
        if len(set(keys)) < len(keys):
            raise self._invalid("a map has a key twice", begun.line)
        return dict(zip(keys, begun.items[1::2], strict=True))

    def _atom(self, kind: str, part: str, line: int) -> object:
        if kind == "string":
            return _ESCAPE.sub(lambda escape: self._unescaped(escape.group(1), line), part[1:-1])
        if part not in self._atoms:
            self._atoms[part] = self._character(part[1:], line) if kind == "character" else self._word(part, line)
        return self._atoms[part]

    def _unescaped(self, escape: str, line: int) -> str:
        if escape[0] == "u" and len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise self._invalid(f"no escape \\{escape}", line)
        return _ESCAPES[escape]

    def _character(self, name: str, line: int) -> str:
        if len(name) == 1:
            return name
        if name[0] == "u" and len(name) == 5:
            return chr(int(name[1:], 16))
        if name not in _CHARACTERS:
            raise self._invalid(f"no character \\{name}", line)
        return _CHARACTERS[name]

    def _word(self, word: str, line: int) -> object:
        if _INTEGER.fullmatch(word):
            return int(word.rstrip("N"))
        if _DECIMAL.fullmatch(word):
            return float(word.rstrip("M"))
        if word[0] == ":" and _NAME.fullmatch(word[1:]):
            return Keyword(word[1:])
        if _NAME.fullmatch(word):
            return Symbol(word)
        raise self._invalid(f"{word!r} is neither a number nor a name", line)

    def _invalid(self, message: str, line: int) -> InvalidInput:
        return InvalidInput(message, file=self._file, line=line)
