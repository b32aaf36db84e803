"""From a regular expression to the strings in which it is found somewhere, as `pattern` means it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from harness.schemas.jsonschema.regular import characters
from harness.schemas.jsonschema.regular.languages import Language, Languages
from harness.schemas.jsonschema.regular.syntax import (
    Characters,
    Choice,
    End,
    Lookahead,
    Node,
    NotRegular,
    Repeated,
    Series,
    Start,
    asserts,
    parse,
)

Rest: TypeAlias = Callable[[bool], Language]
"""What may follow up to the end of the string, if this is the start of the string, and if it is not."""

_UNROLLED_MAX = 8
"""Repetitions of what has assertions are written out up to this often."""


def language_of(pattern: str, languages: Languages) -> Language:
    """The strings that hold a match. Raises NotRegular for what cannot be told so."""
    translator = _Translator(pattern, languages)
    node = parse(pattern)
    at_start = translator.translate(node, translator.anything, True)
    later = translator.translate(node, translator.anything, False)
    something = languages.repetition(languages.chars(characters.ANY), 1, None)
    return languages.union((at_start, languages.concatenation(something, later)))


class _Translator:
    """Each node is translated together with what follows it, so that an assertion is an intersection with that."""

    def __init__(self, pattern: str, languages: Languages) -> None:
        self._pattern = pattern
        self._languages = languages

    def anything(self, _at_start: bool) -> Language:
        return self._languages.everything

    def nothing_more(self, _at_start: bool) -> Language:
        return self._languages.epsilon

    def translate(self, node: Node, rest: Rest, at_start: bool) -> Language:
        made = self._languages
        match node:
            case Characters(chars):
                return made.concatenation(made.chars(chars), rest(False))
            case Series(parts):
                for part in reversed(parts):
                    rest = self._followed(part, rest)
                return rest(at_start)
            case Choice(parts):
                return made.union(self.translate(part, rest, at_start) for part in parts)
            case Start():
                return rest(True) if at_start else made.nothing
            case End():
                return made.intersection((made.epsilon, rest(at_start)))
            case Lookahead(inner, negative):
                ahead = self.translate(inner, self.anything, at_start)
                return made.intersection((made.complement(ahead) if negative else ahead, rest(at_start)))
            case Repeated():
                return self._repeated(node, rest, at_start)

    def _followed(self, node: Node, rest: Rest) -> Rest:
        known: dict[bool, Language] = {}

        def translated(at_start: bool) -> Language:
            if at_start not in known:
                known[at_start] = self.translate(node, rest, at_start)
            return known[at_start]

        return translated

    def _repeated(self, node: Repeated, rest: Rest, at_start: bool) -> Language:
        made = self._languages
        if asserts(node.inner):
            return self._unrolled(node, rest)(at_start)
        inner = self.translate(node.inner, self.nothing_more, False)
        repetition = made.repetition(inner, node.least, node.most)
        later = rest(False)
        if not at_start or rest(True) is later or not repetition.nullable:
            return made.concatenation(repetition, later)
        # No repetition leaves the start where it is.
        consuming = made.intersection((repetition, made.repetition(made.chars(characters.ANY), 1, None)))
        return made.union((rest(True), made.concatenation(consuming, later)))

    def _unrolled(self, node: Repeated, rest: Rest) -> Rest:
        if node.most is None or node.most > _UNROLLED_MAX:
            raise NotRegular(
                f"the pattern {self._pattern!r} repeats an anchor or a lookahead, which cannot be compared"
            )
        for number in reversed(range(node.most)):
            rest = self._optional(node.inner, rest) if number >= node.least else self._followed(node.inner, rest)
        return rest

    def _optional(self, node: Node, rest: Rest) -> Rest:
        once = self._followed(node, rest)
        return lambda at_start: self._languages.union((once(at_start), rest(at_start)))
