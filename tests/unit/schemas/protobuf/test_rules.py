"""Every rule is explained, by an example that it really decides, in each encoding that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.schemas.decision import Compatibility
from harness.schemas.optional import Choosing, Differing, Explaining, RuleText
from harness.schemas.protobuf import Encoding, ProtobufFormat
from harness.schemas.protobuf.rules import rules_of
from tests.unit.schemas.protobuf.compiling import compiled

DOCUMENT = Path(__file__).parents[4] / "docs" / "schemas-protobuf.md"
CASES = [(encoding, rule) for encoding in Encoding for rule in rules_of(encoding)]


@pytest.mark.parametrize(("encoding", "rule"), CASES, ids=lambda each: getattr(each, "name", None))
def test_its_example_is_decided_by_it(encoding: Encoding, rule: RuleText) -> None:
    decision = ProtobufFormat(encoding).decide(compiled(rule.reader), compiled(rule.writer))
    assert (decision.compatibility, decision.rule) == (Compatibility.INCOMPATIBLE, rule.name)
    assert decision.witness is not None


def test_a_rule_is_explained_once_and_stands_in_the_document() -> None:
    text = DOCUMENT.read_text()
    for encoding in Encoding:
        names = [rule.name for rule in rules_of(encoding)]
        assert len(set(names)) == len(names)
        assert [name for name in names if f"`{name}`" not in text] == []


def test_protobuf_offers_all_that_a_format_may() -> None:
    for offered in (Differing, Explaining, Choosing):
        assert isinstance(ProtobufFormat(), offered)
    chosen = ProtobufFormat().choosing(message="shop.Paid", encoding="json")
    assert chosen == ProtobufFormat(Encoding.JSON, "shop.Paid")
    assert chosen.choosing() == chosen
    assert "json-name" in {rule.name for rule in chosen.rules()} - {rule.name for rule in ProtobufFormat().rules()}
