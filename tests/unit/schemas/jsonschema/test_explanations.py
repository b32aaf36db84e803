"""Every rule is explained, by an example that it really decides."""

from __future__ import annotations

import json

import pytest

from harness.schemas.jsonschema import JsonSchemaFormat
from harness.schemas.jsonschema.explanations import RULES
from harness.schemas.optional import Explaining, RuleText
from tests.unit.schemas.jsonschema.pairs import incompatible
from tests.unit.schemas.jsonschema.test_corpus import CASES
from tests.unit.schemas.jsonschema.test_keywords import NARROWED


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_its_example_is_decided_by_it(rule: RuleText) -> None:
    decision = incompatible(reader=json.loads(rule.reader), writer=json.loads(rule.writer))
    assert decision.rule == rule.name
    assert rule.meaning
    assert rule.remedy


def test_every_rule_that_is_named_elsewhere_is_explained_once() -> None:
    explained = [rule.name for rule in RULES]
    assert len(set(explained)) == len(explained)
    assert {rule for _, _, rule, _ in NARROWED} <= set(explained)
    assert {case.rule for case in CASES if case.rule} <= set(explained)


def test_the_format_offers_them() -> None:
    format_ = JsonSchemaFormat()
    assert isinstance(format_, Explaining)
    assert format_.rules() == RULES
