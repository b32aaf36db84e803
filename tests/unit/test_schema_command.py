"""The command `harness schema`, by the one way in."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import cli, schema_command
from harness.schemas import formats
from harness.schemas.formats import Entry
from harness.schemas.phases import Mode
from tests.unit.schemas.avro.shapes import array, field, record
from tests.unit.schemas.samples import ORDER_1, ORDER_2, ORDER_WIDER, write_folder, write_schema

UNREADABLE = '{"type": "record",\n "name": "R",\n "fields": [{"name": "a", "type": "strng"}]}'


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`harness schema …` in an empty folder."""

    def call(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(["schema", *(str(argument) for argument in arguments)])
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that offers nothing beyond deciding stands in Avro's place."""
    monkeypatch.setattr(formats, "FORMATS", {"avro": Entry("tests.unit.schemas.samples:WordFormat", (".word",))})


def pair(reader: object, writer: object) -> tuple[str, ...]:
    write_schema(Path("reader.avsc"), reader)
    write_schema(Path("writer.avsc"), writer)
    return "--reader", "reader.avsc", "--writer", "writer.avsc"


# ── one pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_compatible_pair_says_how_hard_it_was_searched(run: Run) -> None:
    ended = run("check", "--format", "avro", *pair(ORDER_2, ORDER_1))
    assert ended.code == 0
    assert ended.out.startswith("compatible: reader.avsc reads what writer.avsc writes\n")
    assert "made for the differences, 200 by chance" in ended.out


def test_an_incompatible_pair_shows_place_rule_and_witness(run: Run) -> None:
    ended = run("check", *pair(ORDER_1, ORDER_WIDER))
    assert ended.code == 1
    assert "incompatible: reader.avsc does not read all that writer.avsc writes\n" in ended.out
    assert "at        reader.avsc:11  /fields/1/type\n" in ended.out
    assert "rule      type\n" in ended.out
    assert 'witness   {"id": "", "cents": 2147483648}\n' in ended.out
    assert "refused   fastavro" in ended.out


def test_an_unknown_pair_ends_with_its_code(run: Run) -> None:
    ended = run("check", *pair(record("b.New", aliases=["Old"]), record("a.Old")))
    assert ended.code == 2
    assert ended.out.startswith("unknown: whether reader.avsc reads what writer.avsc writes\n")


def test_a_pair_as_json_has_all_that_the_text_has(run: Run) -> None:
    document = json.loads(run("check", "--output", "json", *pair("int", "long")).out)
    assert document["verdict"] == "incompatible"
    (result,) = document["results"]
    assert result["rule"] == "type"
    assert result["witness"] == 1 << 31
    assert result["line"] == 1


def test_a_malformed_schema_is_one_message_with_file_and_line(run: Run) -> None:
    arguments = pair("int", "int")
    Path("writer.avsc").write_text(UNREADABLE)
    ended = run("check", *arguments)
    assert ended.code == 4
    assert ended.out == ""
    assert ended.err == ("harness: writer.avsc:3: at /fields/0/type: unknown type 'strng'; did you mean 'string'?\n")


def test_a_schema_of_50_mb_is_one_message(run: Run) -> None:
    arguments = pair("int", "int")
    Path("writer.avsc").write_bytes(b'"' + b"x" * (50 << 20) + b'"')
    ended = run("check", *arguments)
    assert ended.code == 4
    assert ended.err == "harness: writer.avsc: is a schema of 50.0 MiB; at most 2 MiB are read\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one of a folder, --reader with --writer, or --pairs"),
        (("--reader", "reader.avsc"), "--reader and --writer are given together"),
        (("folder", "--pairs", "reader.avsc"), "give one of a folder"),
        (("--pairs", "reader.avsc"), "--pairs needs --format"),
        (("--pairs", "reader.avsc", "--format", "avro", "--output", "sarif"), "--pairs prints a line of JSON"),
        (("--reader", "reader.avsc", "--writer", "writer.avsc", "--mode", "FULL"), "--mode and --lag are for a folder"),
        (("--reader", "reader.avsc", "--writer", "other.txt"), "choose one with --format"),
        (("none",), "does not exist"),
        (("folder", "--format", "thrift"), "thrift"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    pair("int", "int")
    Path("other.txt").write_text('"int"')
    Path("folder").mkdir()
    ended = run("check", *arguments)
    assert ended.code == 4
    assert message in ended.err


# ── pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pairs_are_a_line_of_json_each(run: Run) -> None:
    pairs = [
        {"reader": "long", "writer": "int"},
        {"reader": array("int"), "writer": array("string")},
        {"reader": "nonsense", "writer": "int"},
    ]
    Path("pairs.json").write_text(json.dumps(pairs))
    ended = run("check", "--format", "avro", "--pairs", "pairs.json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 1
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert [line["verdict"] for line in lines] == ["compatible", "incompatible", "invalid"]
    assert (lines[0]["witness"], lines[0]["refusal"], lines[0]["effort"]["generated"]) == (None, "", 200)
    assert (lines[1]["rule"], lines[1]["path"], lines[1]["witness"]) == ("type", "/items", ["a"])
    assert "pairs.json: pair 2, reader: unknown type 'nonsense'" in lines[2]["reason"]


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([], 0),
        ([{"reader": "long", "writer": "int"}], 0),
        ([{"reader": record("b.New", aliases=["Old"]), "writer": record("a.Old")}], 2),
        ([{"reader": "nonsense", "writer": "int"}, {"reader": "int", "writer": "int"}], 4),
    ],
)
def test_the_worst_pair_is_the_exit_code(run: Run, pairs: list[object], code: int) -> None:
    Path("pairs.json").write_text(json.dumps(pairs))
    assert run("check", "--format", "avro", "--pairs", "pairs.json").code == code


# ── a folder ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_is_told_by_type_and_phase(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}, "Moved": {"1": "int"}})
    ended = run("check", "schemas")
    assert ended.code == 1
    assert (
        ended.out
        == f"""\
Moved: compatible
  replay             1 reads 1  compatible (201 events tried)

OrderPlaced: incompatible
  replay             2 reads 1  compatible (207 events tried)
  mixed window       2 reads 1  compatible (207 events tried)
                     1 reads 2  incompatible
  rollback           1 reads 2  incompatible
  lagging consumers  1 reads 2  incompatible

  1 does not read all that 2 writes (mixed window, rollback, lagging consumers)
    at        schemas/OrderPlaced/1.avsc:11  /fields/1/type
    rule      type
    because   the writer's long is not read as int
    witness   {{"id": "", "cents": 2147483648}}
    encoded   008080808010
    refused   {refusal()}
    searched  1 event made for the differences

incompatible: OrderPlaced (mixed window, rollback, lagging consumers)
"""
    )


def refusal() -> str:
    from harness.schemas.avro.decoder import DECODER  # noqa: PLC0415

    return f"{DECODER}: SchemaResolutionError: Schema mismatch: long is not int"


def test_a_healthy_folder_is_told_short(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_2}})
    ended = run("check", "schemas")
    assert ended.code == 0
    assert ended.out.endswith("\ncompatible: 2 pairs of versions\n")


def test_notes_of_compatible_versions_are_shown(run: Run) -> None:
    write_folder(Path("schemas"), {"Amount": {"1": "long", "2": "double"}})
    assert "note      promotion at the root: long to double loses precision" in run("check", "schemas").out


def test_a_folder_with_a_broken_file_judges_the_rest(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_2}})
    Path("schemas/OrderPlaced/3.avsc").write_text(UNREADABLE)
    ended = run("check", "schemas")
    assert ended.code == 4
    assert "schemas/OrderPlaced/3.avsc:3: at /fields/0/type: unknown type 'strng'" in ended.out
    assert ended.out.endswith("1 no schema\n")


@pytest.mark.parametrize(("mode", "code"), [("BACKWARD", 0), ("full", 1), ("NONE", 0)])
def test_a_mode_takes_the_place_of_the_phases(run: Run, mode: str, code: int) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    ended = run("check", "schemas", "--mode", mode)
    assert ended.code == code
    assert "replay" not in ended.out


def test_the_modes_that_are_offered_are_those_there_are() -> None:
    assert tuple(sorted(Mode)) == tuple(sorted(schema_command.MODES))
    assert tuple(sorted(formats.FORMATS)) == tuple(sorted(schema_command.FORMATS))


def test_a_folder_as_json_and_sarif(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    document = json.loads(run("check", "schemas", "--output", "json").out)
    assert document["results"][2] | {"witness": None} == {
        "type": "OrderPlaced",
        "phase": "mixed window",
        "reader": "1",
        "writer": "2",
        "verdict": "incompatible",
        "rule": "type",
        "path": "/fields/1/type",
        "witness": None,
        "refusal": refusal(),
        "encoded_hex": "008080808010",
        "reason": "the writer's long is not read as int",
        "effort": {"directed": 1, "generated": 0},
        "notes": [],
        "reader_file": "schemas/OrderPlaced/1.avsc",
        "writer_file": "schemas/OrderPlaced/2.avsc",
        "line": 11,
    }
    ended = run("check", "schemas", "--output", "sarif")
    assert ended.code == 1
    (result,) = json.loads(ended.out)["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "schemas/OrderPlaced/2.avsc"


# ── diff, explain, gate ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_diff_says_what_each_difference_means(run: Run) -> None:
    write_schema(Path("1.avsc"), ORDER_1)
    write_schema(Path("2.avsc"), record("OrderPlaced", *ORDER_WIDER["fields"], field("note", "string", default="")))
    ended = run("diff", "1.avsc", "2.avsc")
    assert ended.code == 0
    assert (
        ended.out
        == """\
/fields/1/type: field cents: int becomes long
  backward  safe
  forward   type: the writer's long is not read as int

/fields/2: field note (string) added, with default ""
  backward  safe
  forward   safe

backward: compatible
forward:  incompatible (type at /fields/1/type)
"""
    )


def test_a_diff_of_the_same_is_short(run: Run) -> None:
    write_schema(Path("1.avsc"), ORDER_1)
    out = run("diff", "1.avsc", "1.avsc").out
    assert out == "nothing differs\n\nbackward: compatible\nforward:  compatible\n"


def test_a_rule_is_explained_with_a_witness_and_a_remedy(run: Run) -> None:
    ended = run("explain", "enum-symbols")
    assert ended.code == 0
    assert 'witness   "REFUNDED"' in ended.out
    assert "Instead: Give the enum a default" in ended.out


def test_rules_are_listed_and_an_unknown_one_is_refused(run: Run) -> None:
    assert "missing-default\n" in run("explain").out
    ended = run("explain", "enum-symbol")
    assert ended.code == 4
    assert "did you mean 'enum-symbols'?" in ended.err


def test_a_pair_is_explained_with_the_rule_that_decided_it(run: Run) -> None:
    ended = run("explain", *pair("int", "long"))
    assert "incompatible: reader.avsc" in ended.out
    assert "Instead: Widening works in one direction only" in ended.out
    assert run("explain", "--reader", "reader.avsc").code == 4


def test_the_gate_says_no_with_the_reader_that_is_not_ready(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1.0": ORDER_1, "2.0": ORDER_WIDER}})
    ended = run("gate", "schemas", "--writer", "ledger=2.0", "--deployed", "ledger=1.1", "--deployed", "projector=2.0")
    assert ended.code == 1
    assert ended.out.startswith("no: ledger 2.0 may not write yet; ledger 1.1 would not read it\n")
    ended = run("gate", "schemas", "--writer", "ledger=2.0", "--deployed", "projector=2.0", "--output", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["may_write"] == "yes"


def test_the_gate_reads_services_and_needs_to_know_what_is_deployed(run: Run) -> None:
    write_folder(Path("schemas"), {"OrderPlaced": {"1": ORDER_1, "2": ORDER_WIDER}})
    Path("services.toml").write_text(
        'deployed = ["reader=a"]\n[[service]]\nname = "reader"\nversion = "a"\nreads = { OrderPlaced = ["1"] }\n'
        '[[service]]\nname = "writer"\nversion = "b"\nwrites = { OrderPlaced = "2" }\n'
    )
    assert run("gate", "schemas", "--writer", "writer=b", "--services", "services.toml").code == 1
    ended = run("gate", "schemas", "--writer", "writer=b")
    assert ended.code == 4
    assert "name what is deployed" in ended.err


# ── a format with more to choose ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def protos() -> tuple[str, str]:
    """An older and a newer file of several messages, of another package each."""
    text = 'syntax = "proto3";\npackage {};\nmessage Paid {{ int64 {} = 1; }}\nmessage Other {{}}\n'
    Path("old.proto").write_text(text.format("v1", "cents"))
    Path("new.proto").write_text(text.format("v2", "amount"))
    return "old.proto", "new.proto"


def test_the_message_and_the_encoding_of_protobuf_are_chosen(run: Run, protos: tuple[str, str]) -> None:
    old, new = protos
    pair_ = ("check", "--reader", new, "--writer", old, "--message", "Paid")
    assert run(*pair_).code == 0
    ended = run(*pair_, "--encoding", "json")
    assert ended.code == 1
    assert "json-name" in ended.out
    unchosen = run("check", "--reader", new, "--writer", old)
    assert unchosen.code == 4
    assert "v2.Other, v2.Paid" in unchosen.err
    assert "--message" in unchosen.err
    assert "has no top-level message 'Piad'" in run("diff", old, new, "--message", "Piad").err


def test_pairs_of_protobuf_may_be_of_a_message_and_in_an_encoding(run: Run, protos: tuple[str, str]) -> None:
    old, new = (Path(file).read_text() for file in protos)
    Path("pairs.json").write_text(json.dumps([{"reader": new, "writer": old}]))
    chosen = ("check", "--format", "protobuf", "--pairs", "pairs.json", "--message", "Paid", "--encoding", "json")
    assert json.loads(run(*chosen).out)["rule"] == "json-name"


def test_differences_and_rules_of_protobuf_are_told(run: Run, protos: tuple[str, str]) -> None:
    told = run("diff", *protos, "--message", "Paid").out
    assert "v2.Paid.amount: field cents = 1: is called amount\n  backward  safe" in told
    assert "nothing is read" in run("diff", *protos, "--message", "Paid", "--encoding", "json").out
    assert "2147483648 was written, -2147483648 is read" in run("explain", "range", "--format", "protobuf").out
    other = run("explain", "json-name", "--format", "protobuf")
    assert other.code == 4
    assert "choose it with --encoding json" in other.err


@pytest.mark.parametrize("option", [("--message", "Paid"), ("--encoding", "json")])
def test_other_formats_have_nothing_to_choose(option: tuple[str, str], run: Run) -> None:
    ended = run("check", *pair(ORDER_1, ORDER_2), *option)
    assert ended.code == 4
    assert "--message and --encoding are for protobuf, not for avro" in ended.err


def test_a_folder_names_its_messages_itself(run: Run) -> None:
    Path("schemas").mkdir()
    ended = run("check", "schemas", "--message", "Paid")
    assert ended.code == 4
    assert "--message is for pairs" in ended.err


# ── a format that offers less ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("words")
def test_a_format_without_differences_or_rules_says_so(run: Run) -> None:
    Path("a.word").write_text("a")
    Path("b.word").write_text("b")
    assert "this format does not tell single differences" in run("diff", "a.word", "b.word").out
    ended = run("explain", "word")
    assert ended.code == 4
    assert "the rules of words are not described one by one" in ended.err
    assert "incompatible" in run("explain", "--reader", "a.word", "--writer", "b.word").out


@pytest.mark.usefixtures("words")
def test_an_unknown_reader_holds_the_gate_with_its_own_code(run: Run) -> None:
    Path("schemas/Type").mkdir(parents=True)
    for version, word in (("1", "a"), ("2", "?")):
        Path(f"schemas/Type/{version}.word").write_text(word)
    ended = run("gate", "schemas", "--writer", "w=2", "--deployed", "r=1")
    assert ended.code == 2
    assert ended.out.startswith("unknown: whether r 1 would read what w 2 writes\n")
