"""Regular expressions are read as the validator's engine reads them; what is not is named."""

from __future__ import annotations

from itertools import islice, product

import pytest

from harness.schemas.jsonschema.budget import Budget, OutOfSteps
from harness.schemas.jsonschema.regular.characters import of
from harness.schemas.jsonschema.regular.expressions import language_of
from harness.schemas.jsonschema.regular.languages import Languages
from harness.schemas.jsonschema.regular.syntax import NotRegular, parse
from harness.schemas.jsonschema.regular.words import words
from harness.schemas.jsonschema.validators import finds

TEXTS = ["".join(letters) for length in range(5) for letters in product("abc\n", repeat=length)]

PATTERNS = [
    *("", "a", "a*", "^a*$", "^a", "a$", "^$", "a|^b$", "(a|^)b", "(a$|b)c?", "x?^a", "^a*^b", "^(^a?)b"),
    *("a{2}", "a{2,}", "^a{1,2}$", "a??b", "^(ab|c)+$", "^(?:a|b){2,}c$", "^(?<name>a)b$", "(a|b?)+$", "^(a+)+$"),
    *("^.$", "^.?$", "[^a]", "^[^a]+$", "^[a-b]+$", "^[ab-]+$", "^[\\n]$", "\\s", "^\\S+$", "^\\w+$", "^\\W$", "\\D"),
    *("^(?!ab)", "^(?!.*aa)", "(?=a)..$", "a(?=b$)", "^(?!a|b)c", "(?!a)", "^(?=.*a)(?=.*b)", "^((?!b)a){2}$"),
    *("\\u0061\\x62", "\\u{63}", "^[\\u0061-\\u0063]{3}$", "\\.", "^\\cJ$"),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_found_where_the_engine_finds_it(pattern: str) -> None:
    languages = Languages(Budget(100_000))
    language = language_of(pattern, languages)
    assert [text for text in TEXTS if languages.matches(language, text) != finds(pattern, text)] == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_all_strings_of_a_pattern_are_told(pattern: str) -> None:
    languages = Languages(Budget(1_000_000))
    of_pattern = words(languages, language_of(pattern, languages))
    for length in range(3):
        told = set(islice(of_pattern.of_characters(of("abc\n")).of_length(length), 1_000))
        assert told == {text for text in TEXTS if len(text) == length and finds(pattern, text)}


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("\\bfoo", "'\\b'"),
        ("(a)\\1", "'\\1'"),
        ("(?<=a)b", "a lookbehind"),
        ("(?<!a)b", "a lookbehind"),
        ("\\p{L}", "'\\p'"),
        ("(?i)a", "'(?i'"),
        ("[a[b]]", "a class within a class"),
        ("[a&&b]", "an operator"),
        ("[]a]", "an empty class"),
        ("[b-a]", "a range that is none"),
        ("a**", "a repetition of a repetition"),
        ("a{1,2,3}", "'{1,2,3}'"),
        ("(a", "no ')'"),
        ("a)", "an unbalanced ')'"),
        ("[a", "an end too soon"),
        ("\\", "an end too soon"),
        ("a{999999999}", "more than 100,000 repetitions"),
        ("\\ud800", "no character"),
        ("^*", "a repeated assertion"),
        ("]", "a bare ']'"),
    ],
)
def test_what_engines_take_differently_is_named(pattern: str, named: str) -> None:
    with pytest.raises(NotRegular) as refused:
        parse(pattern)
    assert named in str(refused.value)


def test_a_repeated_assertion_is_named_with_its_pattern() -> None:
    with pytest.raises(NotRegular, match=r"'\^\(a\|b\(\?!c\)\)\+\$' repeats"):
        language_of("^(a|b(?!c))+$", Languages(Budget(1_000)))


def test_comparing_stops_when_the_steps_are_used_up() -> None:
    languages = Languages(Budget(1_000))
    with pytest.raises(OutOfSteps):
        words(languages, language_of("^(a|b)*a(a|b){14}$", languages))
