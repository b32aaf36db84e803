"""Strings: lengths, patterns and what is left out of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import TypeAlias

from harness.schemas.jsonschema.budget import Budget
from harness.schemas.jsonschema.logic.formula import LengthAtLeast, LengthAtMost, Literal, Matches, StringIn
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Solution, Undecided
from harness.schemas.jsonschema.regular import characters
from harness.schemas.jsonschema.regular.expressions import language_of
from harness.schemas.jsonschema.regular.languages import Language, Languages
from harness.schemas.jsonschema.regular.syntax import NotRegular
from harness.schemas.jsonschema.regular.words import Words, words

Trial: TypeAlias = Callable[[str, str], bool]
"""Does a real engine find the pattern in the text?"""

_TRIES = 200
_LOOSENED = (
    (re.compile(r"\(\?<?[=!][^()]*\)|\\[bB]|\(\?[ims]+\)"), ""),
    (re.compile(r"\\p\{[^{}]*\}"), "[A-Za-z]"),
    (re.compile(r"\\P\{[^{}]*\}"), "[0-9]"),
)
"""What an expression that cannot be compared is taken for, to have strings to try."""
_GROUP = re.compile(r"\(([^()?][^()]*)\)")
_BACK_REFERENCE = re.compile(r"\\([1-9])")


@dataclass
class _Wanted:
    least: int = 0
    most: int | None = None
    patterns: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    """Patterns that must not be found."""
    only: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()


class Strings:
    """Finds strings. Remembers the languages of the patterns that it has seen."""

    def __init__(self, budget: Budget, trial: Trial) -> None:
        self._budget = budget
        self._trial = trial
        self._languages = Languages(budget)
        self._of_pattern: dict[str, Language | NotRegular] = {}
        self._words: dict[Language, Words] = {}

    def matches(self, pattern: str, text: str) -> bool:
        language = self._language(pattern)
        return (
            self._trial(pattern, text) if isinstance(language, NotRegular) else self._languages.matches(language, text)
        )

    def solve(self, facts: Iterable[Literal], rng: Random | None) -> Solution:
        """A string for which all facts hold: the shortest and plainest that is not empty, or one by chance."""
        wanted = _wanted(facts)
        if wanted.most is not None and wanted.least > wanted.most:
            return NOTHING
        if wanted.only is not None:
            found = sorted(text for text in wanted.only - wanted.excluded if self._admits(wanted, text))
            return NOTHING if not found else Found(found[0] if rng is None else rng.choice(found))
        return self._search(wanted, rng)

    def _admits(self, wanted: _Wanted, text: str) -> bool:
        return (
            wanted.least <= len(text)
            and (wanted.most is None or len(text) <= wanted.most)
            and all(self.matches(pattern, text) for pattern in wanted.patterns)
            and not any(self.matches(pattern, text) for pattern in wanted.without)
        )

    def _search(self, wanted: _Wanted, rng: Random | None) -> Solution:
        irregular = [
            refusal
            for pattern in (*wanted.patterns, *wanted.without)
            if isinstance(refusal := self._language(pattern), NotRegular)
        ]
        texts = self._texts(wanted, self._regular(wanted), rng)
        text = next((text for text in texts if text not in wanted.excluded), None)
        if text is None:
            return NOTHING
        if not irregular:
            return Found(text)
        loosely = self._languages.intersection([self._regular(wanted), *map(self._loosely, wanted.patterns)])
        for text in islice(self._texts(wanted, loosely, rng), _TRIES):
            self._budget.spend()
            if text not in wanted.excluded and self._admits(wanted, text):
                return Found(text)
        return Undecided(str(irregular[0]))

    def _regular(self, wanted: _Wanted) -> Language:
        """Of all patterns that can be compared."""
        made = self._languages
        patterns = [language for p in wanted.patterns if isinstance(language := self._language(p), Language)]
        without = [language for p in wanted.without if isinstance(language := self._language(p), Language)]
        return made.intersection([*patterns, *map(made.complement, without)])

    def _texts(self, wanted: _Wanted, language: Language, rng: Random | None) -> Iterator[str]:
        """All that there are; those of printable ASCII first."""
        if language not in self._words:
            self._words[language] = words(self._languages, language)
        found = self._words[language]
        if next(found.lengths(wanted.least, wanted.most), None) is None:
            return
        for some in (found.of_characters(characters.PRINTABLE), found):
            longer = wanted.least if rng is None else wanted.least + rng.randint(0, 3)
            if rng is not None and (length := next(some.lengths(longer, wanted.most), None)) is not None:
                yield from islice(some.of_length(length, rng), 8)
            for length in some.lengths(max(wanted.least, 1), wanted.most):
                yield from some.of_length(length)
            if wanted.least == 0:
                yield from some.of_length(0)

    def _language(self, pattern: str) -> Language | NotRegular:
        if pattern not in self._of_pattern:
            try:
                self._of_pattern[pattern] = language_of(pattern, self._languages)
            except NotRegular as refusal:
                self._of_pattern[pattern] = refusal
        return self._of_pattern[pattern]

    def _loosely(self, pattern: str) -> Language:
        """About the strings of the pattern."""
        if isinstance(language := self._language(pattern), Language):
            return language
        groups = _GROUP.findall(pattern)
        loose = _BACK_REFERENCE.sub(lambda back: f"(?:{''.join(groups[int(back[1]) - 1 :][:1])})", pattern)
        for expression, replacement in _LOOSENED:
            loose = expression.sub(replacement, loose)
        try:
            return language_of(loose, self._languages)
        except NotRegular:
            return self._languages.everything


def _wanted(facts: Iterable[Literal]) -> _Wanted:
    found = _Wanted()
    for literal in facts:
        match literal.fact, literal.holds:
            case LengthAtLeast(characters), True:
                found.least = max(found.least, characters)
            case LengthAtMost(characters), True:
                found.most = characters if found.most is None else min(found.most, characters)
            case Matches(pattern), True:
                found.patterns.append(pattern)
            case Matches(pattern), False:
                found.without.append(pattern)
            case StringIn(values), True:
                found.only = values if found.only is None else found.only & values
            case StringIn(values), False:
                found.excluded |= values
            case unexpected:
                raise TypeError(unexpected)
    return found
