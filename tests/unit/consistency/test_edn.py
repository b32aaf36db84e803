from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.consistency.reading.edn import Edn, Keyword, Symbol
from harness.errors import InvalidInput


def read(text: str) -> list[object]:
    return [form for _, form in Edn().forms(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        ("-12", -12),
        ("+3", 3),
        ("7N", 7),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("1.5M", 1.5),
        ("##-Inf", -math.inf),
        (":ok", Keyword("ok")),
        (":jepsen.core/f", Keyword("jepsen.core/f")),
        ("-", Symbol("-")),
        ("clojure.lang/x", Symbol("clojure.lang/x")),
        ('"a \\"b\\" \\n\\u00e9"', 'a "b" \né'),
        ("\\a", "a"),
        ("\\newline", "\n"),
        ("\\u0041", "A"),
        ("[1 [2, 3] ()]", (1, (2, 3), ())),
        ("{:a 1, [1 2] {}}", {Keyword("a"): 1, (1, 2): {}}),
        ("#{1 2}", frozenset({1, 2})),
        ("#{{:a 1}}", frozenset({frozenset({(Keyword("a"), 1)})})),
        ('#inst "2030-01-01"', "2030-01-01"),
        ("#jepsen.history.Op{:index 0}", {Keyword("index"): 0}),
        ("[1 #_ 2 #_[3 4] 5]", (1, 5)),
        ("[1 ; two\n 3]", (1, 3)),
    ],
)
def test_a_form_is_read(text: str, value: object) -> None:
    assert read(text) == [value]


def test_forms_follow_each_other_each_with_its_line() -> None:
    assert list(Edn().forms("{:a\n 1}\n\n[2]")) == [(2, {Keyword("a"): 1}), (4, (2,))]
    assert read("") == read("#_ 1 ; nothing\n") == []


def test_deep_nesting_is_no_trouble() -> None:
    [form] = read("[" * 10_000 + "]" * 10_000)
    depth = 0
    while isinstance(form, tuple) and form:
        form = form[0]
        depth += 1
    assert depth == 9_999


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1\n2", "x.edn:1: '[' is not closed"),
        ("\n]", "x.edn:2: ']' closes nothing"),
        ("[1}", "x.edn:1: '}' closes nothing"),
        ("{:a}", "a map has a key without a value"),
        ("{:a 1 :a 2}", "a map has a key twice"),
        ("1x", "'1x' is neither a number nor a name"),
        (":", "':' is neither a number nor a name"),
        ('"abc', "cannot be read as EDN from '\"abc' on"),
        ('"\\q"', "no escape \\\\q"),
        ("\\nothing", "no character \\\\nothing"),
        ("#_", "'#_' is not closed"),
        ("#:ns{:a 1}", "cannot be read as EDN from"),
    ],
)
def test_what_is_no_edn_is_told_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message.replace("[", r"\[")):
        list(Edn(Path("x.edn")).forms(text))
