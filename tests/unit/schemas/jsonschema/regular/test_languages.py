"""Languages and their words: intersections, complements, lengths."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from harness.schemas.jsonschema.budget import Budget, Undecidable
from harness.schemas.jsonschema.regular import characters
from harness.schemas.jsonschema.regular.characters import char_set
from harness.schemas.jsonschema.regular.expressions import language_of
from harness.schemas.jsonschema.regular.languages import Language, Languages
from harness.schemas.jsonschema.regular.words import LENGTH_MAX, words


@pytest.fixture
def languages() -> Languages:
    return Languages(Budget(100_000))


def nothing_in(languages: Languages, language: Language) -> bool:
    return next(words(languages, language).lengths(0, None), None) is None


def within(languages: Languages, smaller: str, larger: str) -> bool:
    one, other = language_of(smaller, languages), language_of(larger, languages)
    return nothing_in(languages, languages.intersection((one, languages.complement(other))))


def test_sets_of_characters_are_boolean() -> None:
    letters = char_set([(0x61, 0x63), (0x62, 0x64)])
    assert letters.ranges == ((0x61, 0x64),)
    assert (letters & characters.of("cde")) == characters.of("cd")
    assert (letters | characters.of("e")).size == 5
    assert "e" in ~letters
    assert ~~letters == letters
    assert not (letters & ~letters)


def test_surrogates_are_no_characters() -> None:
    assert char_set([(0xD7FF, 0xE000)]).ranges == ((0xD7FF, 0xD7FF), (0xE000, 0xE000))
    assert (~characters.NONE).size == 0x110000 - 0x800


def test_the_plainest_character_comes_first() -> None:
    assert (~characters.of("abc")).sample == "d"
    assert char_set([(0, 0x30)]).sample == "0"
    assert char_set([(0, 0x1F), (0xE9, 0xE9)]).sample == "é"
    assert list(char_set([(0, 2)]).characters()) == ["\x00", "\x01", "\x02"]


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("^[a-z]+$", "^[a-z0-9]+$"),
        ("^\\d{4}-(0[1-9]|1[0-2])$", "^\\d{4}-\\d{2}$"),
        ("^[^@\\s]+@[a-z]+\\.[a-z]{2,}$", "@.*\\."),
        ("^(foo|bar)$", "^...$"),
        ("^a{3,5}$", "^a{2,}$"),
        ("^(?!x)[a-z]$", "^[a-z]$"),
    ],
)
def test_one_language_is_within_another(languages: Languages, smaller: str, larger: str) -> None:
    assert within(languages, smaller, larger)
    assert not within(languages, larger, smaller)


def test_lengths_go_on_for_ever_or_end(languages: Languages) -> None:
    assert list(words(languages, language_of("^(aa|b{4})?$", languages)).lengths(0, None)) == [0, 2, 4]
    even = words(languages, language_of("^(aa)+$", languages))
    assert list(islice(even.lengths(0, None), 3)) == [2, 4, 6]
    assert list(even.lengths(3, 7)) == [4, 6]
    assert next(even.lengths(10**9 + 1, None)) == 10**9 + 2
    assert list(words(languages, languages.nothing).lengths(0, None)) == []
    thirds = languages.intersection((language_of("^(aaa)+$", languages), language_of("^(aa)+$", languages)))
    assert list(islice(words(languages, thirds).lengths(0, None), 2)) == [6, 12]


def test_long_words_are_made_up_to_a_limit(languages: Languages) -> None:
    long = words(languages, language_of("^[a-z]*z$", languages))
    assert next(long.of_length(LENGTH_MAX)) == "a" * (LENGTH_MAX - 1) + "z"
    with pytest.raises(Undecidable, match="none longer than"):
        next(long.of_length(LENGTH_MAX + 1))


def test_words_by_chance_are_words_and_come_again_with_the_seed(languages: Languages) -> None:
    language = language_of("^[a-z]{3}[0-9]$", languages)
    found = words(languages, language)
    some = [next(found.of_length(4, Random(seed))) for seed in range(20)]
    assert all(languages.matches(language, text) for text in some)
    assert len(set(some)) > 3
    assert some == [next(found.of_length(4, Random(seed))) for seed in range(20)]
