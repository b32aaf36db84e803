"""Each rule of Avro's schema resolution: pairs that it refuses, with fastavro's own word, and pairs that pass."""

from __future__ import annotations

import pytest
from fastavro.read import SchemaResolutionError

from harness.schemas.avro.deciding import GENERATED
from harness.schemas.decision import Decision
from tests.unit.schemas.avro.shapes import (
    AVRO,
    COMPATIBLE,
    INCOMPATIBLE,
    UNKNOWN,
    Schema,
    array,
    decide,
    decoded,
    enum,
    field,
    fixed,
    mapping,
    parsed,
    record,
    written,
)

NODE = record("Node", field("next", ["null", "Node"]), field("value", "int"))


def refusal(reader: Schema, writer: Schema) -> Decision:
    """An incompatible decision, whose witness the writer reads and the reader does not."""
    decision = decide(reader, writer)
    assert decision.compatibility is INCOMPATIBLE
    written(decision, writer)
    with pytest.raises((SchemaResolutionError, LookupError)):
        decoded(decision, reader, writer)
    assert decision.witness is not None
    assert decision.witness.refusal.startswith("fastavro ")
    assert decision.reason
    return decision


@pytest.mark.parametrize(
    ("reader", "writer", "rule", "path", "event"),
    [
        ("int", "string", "type", "", "a"),
        ("int", "long", "type", "", 1 << 31),
        (record("R", field("a", "int")), record("R", field("a", "long")), "type", "/fields/0/type", {"a": 1 << 31}),
        (array("int"), array("long"), "type", "/items", [1 << 31]),
        (mapping(array("int")), mapping(array("string")), "type", "/values/items", {"key": ["a"]}),
        (record("R"), record("S"), "name", "/name", {}),
        (fixed("F", 2), fixed("F", 3), "fixed-size", "/size", "\0\0\0"),
        (enum("E", "A"), enum("E", "A", "B"), "enum-symbols", "/symbols", "B"),
        (record("R", field("a", "int")), record("R"), "missing-default", "/fields/0", {}),
        ("int", ["int", "null"], "union-branch", "", None),
        (["int", "string"], ["int", "null"], "union-branch", "", None),
        (["null", enum("E", "A")], ["null", enum("E", "A", "B")], "enum-symbols", "/1/symbols", {"E": "B"}),
    ],
)
def test_each_rule_has_a_witness_at_its_place(
    reader: Schema, writer: Schema, rule: str, path: str, event: object
) -> None:
    decision = refusal(reader, writer)
    assert (decision.rule, decision.path) == (rule, path)
    assert decision.witness is not None
    assert decision.witness.event == event


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        ("long", "int"),
        ("float", "int"),
        ("double", "int"),
        ("float", "long"),
        ("double", "long"),
        ("double", "float"),
        ("bytes", "string"),
        ("string", "bytes"),
        (record("R"), record("R", field("a", "int"))),
        (record("R", field("a", "int", default=1)), record("R")),
        (record("R", field("b", "int", aliases=["a"])), record("R", field("a", "int"))),
        (record("n.R", field("a", "int")), record("R", field("a", "int"))),
        (record("n.S", aliases=["m.R"]), record("m.R")),
        (enum("E", "B", "A", "C"), enum("E", "A", "B")),
        (enum("E", "A", default="A"), enum("E", "A", "B")),
        (["null", "long"], "int"),
        (["null", "int"], ["int"]),
        ("long", ["int", "long"]),
        (NODE, NODE),
    ],
)
def test_what_the_specification_lets_evolve_is_compatible_after_a_search(reader: Schema, writer: Schema) -> None:
    decision = decide(reader, writer)
    assert decision.compatibility is COMPATIBLE
    assert decision.witness is None
    assert decision.effort.directed >= 1
    assert decision.effort.generated == GENERATED


def test_a_difference_inside_a_recursive_record_is_reached() -> None:
    changed = record("Node", field("next", ["null", "Node"]), field("value", "string"))
    assert refusal(changed, NODE).path == "/fields/1/type"


def test_a_difference_behind_a_branch_is_reached() -> None:
    def tree(leaf: Schema) -> Schema:
        return record("Tree", field("children", array(["null", "Tree", record("Leaf", field("of", leaf))])))

    decision = refusal(tree("int"), tree("string"))
    assert decision.path == "/fields/0/type/items/2/fields/0/type"
    assert decision.witness is not None
    assert decision.witness.event == {"children": [{"Leaf": {"of": "a"}}]}


def test_the_place_in_the_writers_schema_is_told_too() -> None:
    reader = record("R", field("b", "int"), field("a", "int"))
    decision = refusal(reader, record("R", field("a", "string"), field("b", "int")))
    assert (decision.path, decision.writer_path) == ("/fields/1/type", "/fields/0/type")


def test_all_other_differences_are_noted() -> None:
    fields = [field(name, "int") for name in "abcdefghijkl"]
    decision = refusal(record("R", *fields), record("R"))
    also = [note for note in decision.notes if note.startswith("also missing-default at /fields/")]
    assert len(also) == 8
    assert "and 3 more differences" in decision.notes


def test_the_plainest_witness_is_short_though_the_schema_is_deep() -> None:
    inner: Schema = "int"
    for _ in range(30):
        inner = array(inner)
    decision = refusal(record("R", field("a", inner), field("b", "int")), record("R", field("a", inner)))
    assert decision.witness is not None
    assert decision.witness.encoded_hex == "00"


# ── where the witness is a value that is silently wrong ──────────────────────────────────────────────────────────────


def test_a_value_that_the_readers_schema_does_not_admit_is_a_refusal() -> None:
    """fastavro reads one kind of named type as another if only their names agree."""
    decision = decide(record("X"), fixed("X", 1))
    assert decision.compatibility is INCOMPATIBLE
    assert decision.witness is not None
    assert "gives b'\\x00', which the reader's schema does not admit" in decision.witness.refusal
    assert decoded(decision, record("X"), fixed("X", 1)) == b"\0"


def test_a_reader_of_nothing_reads_nothing() -> None:
    decision = decide([], "int")
    assert decision.compatibility is INCOMPATIBLE
    assert decision.witness is not None
    assert "gives 0, which the reader's schema does not admit" in decision.witness.refusal


@pytest.mark.parametrize("names", [("old", "new"), ("new", "old")])
def test_two_fields_that_an_alias_makes_one_are_refused_in_either_order(names: tuple[str, str]) -> None:
    """In one order fastavro breaks, in the other the old field's value silently stands for the new one's."""
    reader = record("R", field("new", "int", aliases=["old"]))
    decision = decide(reader, record("R", *(field(name, "int") for name in names)))
    assert decision.compatibility is INCOMPATIBLE
    assert (decision.rule, decision.path) == ("field-alias", "/fields/0/aliases")
    assert decision.witness is not None
    assert ("KeyError" in decision.witness.refusal) is (names == ("new", "old"))


# ── where fastavro and the specification part ────────────────────────────────────────────────────────────────────────


def test_what_only_fastavro_cannot_read_is_unknown_and_shown() -> None:
    inner = record("Foo", field("x", "int"))
    writer = record("T", field("a", inner), field("b", "Foo"))
    reader = record("T", field("b", ["null", inner]))
    decision = decide(reader, writer)
    assert (decision.compatibility, decision.rule) == (UNKNOWN, "decoder")
    assert decision.witness is not None
    assert "TypeError" in decision.witness.refusal
    assert "by the specification the reader reads" in decision.reason


def test_what_only_fastavro_reads_is_unknown_and_says_so() -> None:
    """The alias Old of b.New is b.Old, which a.Old is not; fastavro looks at the word alone."""
    decision = decide(record("b.New", aliases=["Old"]), record("a.Old"))
    assert (decision.compatibility, decision.rule) == (UNKNOWN, "name")
    assert "only other libraries refuse it" in decision.reason


def test_two_types_of_one_unqualified_name_read_themselves() -> None:
    both = [record("n.A", field("x", "int")), record("m.A", field("y", "string"))]
    assert decide(both, both).compatibility is COMPATIBLE


# ── what no event can show ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("writer", [[], record("R", field("a", [])), record("Endless", field("again", "Endless"))])
def test_a_schema_that_admits_no_event_is_read_by_all(writer: Schema) -> None:
    decision = decide("string", writer)
    assert decision.compatibility is COMPATIBLE
    assert decision.reason == "there is no event that the writer's schema admits"
    assert decision.effort.directed == 0


def test_a_branch_without_values_does_not_count() -> None:
    writer = ["int", record("Endless", field("again", "Endless"))]
    assert decide("int", writer).compatibility is COMPATIBLE


def test_an_event_too_large_to_be_made_is_unknown() -> None:
    """Forty records, each with two of the next: the smallest event has 2⁴⁰ parts."""
    inner: Schema = "int"
    for number in range(40):
        inner = record(f"R{number}", field("a", inner), field("b", f"R{number - 1}" if number else "int"))
    decision = decide(inner, inner)
    assert decision.compatibility is UNKNOWN
    assert "too large to be tried" in decision.reason


def test_a_fixed_too_large_to_be_made_is_unknown() -> None:
    assert decide(fixed("F", 1 << 40), fixed("F", 1 << 40)).compatibility is UNKNOWN


def chain(last: Schema) -> Schema:
    """An event holds what is `last` only 150 records deep; all are defined where no value can be."""
    links = [record("R0", field("a", last))]
    links += [record(f"R{number}", field("a", ["null", f"R{number - 1}"])) for number in range(1, 150)]
    definitions = [field(f"f{number}", link) for number, link in enumerate(links)]
    endless = record("Definitions", *definitions, field("again", "Definitions"))
    return record("Root", field("never", ["null", endless]), field("deep", ["null", "R149"]))


def test_a_place_too_deep_to_be_tried_is_unknown() -> None:
    decision = decide(chain("int"), chain("string"))
    assert (decision.compatibility, decision.rule) == (UNKNOWN, "type")
    assert "the event that would show it is too large to be tried" in decision.reason
    same = decide(chain("int"), chain("int"))
    assert same.compatibility is UNKNOWN
    assert "too deep to be tried" in same.reason


# ── notes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reader", "writer", "note"),
    [
        (
            {"type": "long", "logicalType": "timestamp-micros"},
            {"type": "long", "logicalType": "timestamp-millis"},
            "logical type at the root: what is written as timestamp-millis is read as timestamp-micros",
        ),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3},
            {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            "what is written as decimal(9, 2) is read as decimal(9, 3)",
        ),
        (
            record("R", field("on", {"type": "int", "logicalType": "date"})),
            record("R", field("on", "int")),
            "logical type at /fields/0/type: what is written as none is read as date",
        ),
        ("double", "long", "9007199254740993 becomes 9007199254740992"),
        ("float", "int", "16777217 becomes 16777216"),
        ("string", "bytes", "is refused for bytes that are not UTF-8, such as ff"),
        (["float", "int"], "int", "union at the root: int is read as float, the first branch that can"),
        (record("R", field("a", "bytes", default="\u00ff")), record("R"), "other libraries b'\\xff'"),
    ],
)
def test_what_does_not_decide_is_noted(reader: Schema, writer: Schema, note: str) -> None:
    decision = decide(reader, writer)
    assert decision.compatibility is COMPATIBLE
    assert any(note in each for each in decision.notes), decision.notes


def test_healthy_pairs_have_no_notes() -> None:
    assert decide(NODE, NODE).notes == ()


def test_many_notes_are_counted() -> None:
    reader = record("R", *(field(f"f{number}", "double") for number in range(20)))
    writer = record("R", *(field(f"f{number}", "long") for number in range(20)))
    assert decide(reader, writer).notes[-1] == "and 8 more notes"


# ── the search ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_symbol_and_branch_is_tried() -> None:
    kind = enum("E", "A", "B", "C", "D", "E", default="A")
    one, many = decide("int", "int"), decide(kind, kind)
    assert many.effort.directed == one.effort.directed + 5
    branches = ["null", "int", "string", array("int")]
    assert decide(branches, branches).effort.directed >= one.effort.directed + 4


def test_a_search_that_was_cut_short_says_so() -> None:
    kind = enum("E", *(f"S{number}" for number in range(2000)))
    assert decide(kind, kind).notes == ("the directed search ended before every branch and symbol was tried",)


def test_a_missing_symbol_among_very_many_is_found() -> None:
    symbols = [f"S{number}" for number in range(20_000)]
    decision = refusal(enum("E", *symbols[:-1]), enum("E", *symbols))
    assert decision.witness is not None
    assert decision.witness.event == "S19999"


def test_a_search_is_the_same_each_time() -> None:
    reader, writer = record("R", field("a", ["null", "double"])), record("R", field("a", ["null", "long"]))
    assert decide(reader, writer) == decide(reader, writer)


def test_only_avro_schemas_are_decided() -> None:
    class Other:
        name = "other"

    with pytest.raises(TypeError, match="Other is not an Avro schema"):
        AVRO.decide(parsed("int"), Other())
