"""Whatever two schemas are compared, no document disproves what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.schemas.decision import Compatibility, Decision, Json
from harness.schemas.jsonschema.keywords import Draft
from tests.properties.json_schemas import CROWDED, DOCUMENTS, crowded, document, parts
from tests.unit.schemas.jsonschema.pairs import assert_witness, decide, other_validator, parsed


@dataclass(frozen=True)
class Pair:
    draft: Draft
    one: Json
    other: Json
    leaf: Json

    def document(self, schema: Json) -> Json:
        return document(self.draft, schema, leaf=self.leaf)


pairs = st.sampled_from(Draft).flatmap(
    lambda draft: st.builds(Pair, st.just(draft), parts(draft), parts(draft), parts(draft).filter(_has_no_reference))
)


def _has_no_reference(schema: Json) -> bool:
    return "$ref" not in repr(schema)


def disproof(reader: Json, writer: Json) -> list[Json]:
    """Documents that the writer admits and the reader refuses, by both validators."""
    new, old = parsed(reader), parsed(writer)
    found = [one for one in DOCUMENTS if old.validator.admits(one) and not new.validator.admits(one)]
    return [one for one in found if other_validator(old).is_valid(one) and not other_validator(new).is_valid(one)]


def check(reader: Json, writer: Json) -> Decision:
    """Decides, and holds the verdict to what validators say."""
    decision = decide(reader=reader, writer=writer)
    match decision.compatibility:
        case Compatibility.COMPATIBLE:
            assert disproof(reader, writer) == []
            if "admits no event" in decision.reason:
                assert not any(map(parsed(writer).validator.admits, DOCUMENTS))
        case Compatibility.INCOMPATIBLE:
            assert_witness(decision, reader=reader, writer=writer)
            assert decision.rule
            assert decision.path.startswith("/")
        case Compatibility.UNKNOWN:
            assert decision.reason
    return decision


@settings(max_examples=120, deadline=None)
@given(pairs)
def test_no_document_disproves_a_verdict_and_there_is_one(pair: Pair) -> None:
    decision = check(pair.document(pair.one), pair.document(pair.other))
    assert decision.compatibility is not Compatibility.UNKNOWN, decision.reason


crowds = st.sampled_from(sorted(CROWDED)).flatmap(
    lambda type_: st.tuples(st.just(type_), crowded(type_), crowded(type_) | st.just(False))
)


@settings(max_examples=200, deadline=None)
@given(crowds)
def test_no_document_disproves_what_is_said_of_one_type(crowd: tuple[str, Json, Json]) -> None:
    type_, writer, reader = crowd
    decision = decide(reader=reader, writer=writer)
    if decision.compatibility is Compatibility.INCOMPATIBLE:
        assert_witness(decision, reader=reader, writer=writer)
        return
    assert decision.compatibility is Compatibility.COMPATIBLE, decision.reason
    new, old = parsed(reader).validator, parsed(writer).validator
    written = [document for document in CROWDED[type_] if old.admits(document)]
    assert [document for document in written if not new.admits(document)] == []
    assert not (written and "admits no event" in decision.reason)


@settings(max_examples=30, deadline=None)
@given(pairs)
def test_a_schema_reads_itself(pair: Pair) -> None:
    schema = pair.document(pair.one)
    assert decide(reader=schema, writer=schema).compatibility is Compatibility.COMPATIBLE
    again = pair.document({"allOf": [pair.one]})
    assert check(again, schema).compatibility is Compatibility.COMPATIBLE


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_what_is_wider_reads_what_is_narrower(pair: Pair) -> None:
    schema = pair.document(pair.one)
    either, both = pair.document({"anyOf": [pair.one, pair.other]}), pair.document({"allOf": [pair.one, pair.other]})
    assert check(either, schema).compatibility is Compatibility.COMPATIBLE
    assert check(schema, both).compatibility is Compatibility.COMPATIBLE


@settings(max_examples=20, deadline=None)
@given(pairs)
def test_the_same_pair_gets_the_same_verdict(pair: Pair) -> None:
    reader, writer = pair.document(pair.one), pair.document(pair.other)
    assert decide(reader=reader, writer=writer) == decide(reader=reader, writer=writer)
