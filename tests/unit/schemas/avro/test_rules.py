"""Every rule is explained, by an example that it really decides."""

from __future__ import annotations

import pytest

from harness.schemas.avro.rules import RULES, Rule
from harness.schemas.decision import Compatibility
from harness.schemas.optional import Differing, Explaining, RuleText
from tests.unit.schemas.avro.shapes import AVRO


def test_every_rule_is_explained_once() -> None:
    assert [rule.name for rule in RULES] == list(Rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_its_example_is_decided_by_it(rule: RuleText) -> None:
    decision = AVRO.decide(AVRO.parse(rule.reader.encode()), AVRO.parse(rule.writer.encode()))
    assert decision.rule == rule.name
    assert decision.witness is not None
    expected = Compatibility.UNKNOWN if rule.name == Rule.DECODER else Compatibility.INCOMPATIBLE
    assert decision.compatibility is expected


def test_avro_offers_all_that_a_format_may() -> None:
    assert isinstance(AVRO, Differing)
    assert isinstance(AVRO, Explaining)
    assert AVRO.rules() == RULES
