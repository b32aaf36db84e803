"""The command `harness schema`: event schemas across versions, and whether one reads what another wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import InvalidInput
from harness.toml_reader import nearest

if TYPE_CHECKING:
    from harness.schemas.checking import Checked
    from harness.schemas.decision import SchemaFormat
    from harness.schemas.optional import RuleText

FORMATS = ("avro", "jsonschema", "protobuf")
MODES = ("BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "NONE")
ENCODINGS = ("wire", "json")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

format_option = click.option(
    "--format", "format_name", type=click.Choice(FORMATS), help="Told by the files' names where it is not given."
)
message_option = click.option("--message", help="Protobuf: which message is the event.")
encoding_option = click.option(
    "--encoding", type=click.Choice(ENCODINGS), help="Protobuf: how events are kept.  [default: wire]"
)


@click.group()
def schema() -> None:
    """Say of event schemas whether one version reads what another wrote, with an event that proves it if not.

    Exit codes: 0 compatible, 1 incompatible, 2 unknown, 3 the harness itself broke, 4 the input is invalid.
    """


@schema.command()
@click.argument("folder", required=False, type=FOLDER)
@format_option
@message_option
@encoding_option
@click.option("--reader", type=FILE, help="Schema that reads; with --writer in place of a folder.")
@click.option("--writer", type=FILE, help="Schema that wrote.")
@click.option("--pairs", type=FILE, help="JSON list of {reader, writer}; a line of JSON is printed for each.")
@click.option(
    "--mode",
    type=click.Choice(MODES, case_sensitive=False),
    metavar="MODE",
    help="A registry's mode in place of the phases: BACKWARD, FORWARD, FULL, each also _TRANSITIVE, or NONE.",
)
@click.option("--lag", "lag_max", type=click.IntRange(min=0), help="Versions that consumers may lag.  [default: all]")
@click.option("--output", type=click.Choice(["text", "json", "sarif"]), help="[default: text]")
def check(
    folder: Path | None,
    format_name: str | None,
    message: str | None,
    encoding: str | None,
    reader: Path | None,
    writer: Path | None,
    pairs: Path | None,
    mode: str | None,
    lag_max: int | None,
    output: str | None,
) -> int:
    """Decide a folder of types and versions in each phase of a deployment, or one pair, or a list of pairs.

    FOLDER holds a folder for each type of event, and that a file for each version: OrderPlaced/1.1.avsc. The newest
    version is taken to be deployed over the one before.
    """
    given = [folder is not None, pairs is not None, reader is not None or writer is not None]
    if sum(given) != 1:
        raise InvalidInput("give one of a folder, --reader with --writer, or --pairs")
    if folder is None and (mode is not None or lag_max is not None):
        raise InvalidInput("--mode and --lag are for a folder")
    if folder is not None and message:
        raise InvalidInput("--message is for pairs; in a folder the event is named by its file or folder")
    if pairs is not None and output not in (None, "json"):
        raise InvalidInput("--pairs prints a line of JSON for each pair, and nothing else")
    if pairs is not None:
        return _check_pairs(pairs, format_name, message, encoding)
    if folder is not None:
        return _check_folder(folder, format_name, encoding, mode, lag_max, output or "text")
    if reader is None or writer is None:
        raise InvalidInput("--reader and --writer are given together")
    return _check_pair(reader, writer, _format(format_name, message, encoding, reader, writer), output or "text")


def _check_pairs(pairs: Path, format_name: str | None, message: str | None, encoding: str | None) -> int:
    from harness.schemas.checking import exit_code
    from harness.schemas.decision import Decision
    from harness.schemas.formats import find
    from harness.schemas.pairs import check_pairs
    from harness.schemas.report.documents import pair_line

    if format_name is None:
        raise InvalidInput("--pairs needs --format")
    found = set()
    broken = False
    for pair in check_pairs(find(format_name, message=message, encoding=encoding), pairs):
        click.echo(pair_line(pair))
        if isinstance(pair.outcome, Decision):
            found.add(pair.outcome.compatibility)
        else:
            broken = True
    return exit_code(found, broken=broken)


def _check_pair(reader: Path, writer: Path, format_: SchemaFormat, output: str) -> int:
    from harness.schemas.checking import check_pair
    from harness.schemas.report.text import pair_text

    checked = check_pair(format_, reader, writer)
    click.echo(pair_text(checked.answers[0]) if output == "text" else _document(checked, format_, output))
    return checked.exit_code


def _check_folder(
    path: Path, format_name: str | None, encoding: str | None, mode: str | None, lag_max: int | None, output: str
) -> int:
    from harness.schemas.checking import check_folder
    from harness.schemas.folder import read_folder
    from harness.schemas.formats import find
    from harness.schemas.phases import Mode
    from harness.schemas.report.text import folder_text

    folder = read_folder(path, format_name)
    format_ = find(folder.format, encoding=encoding)
    checked = check_folder(format_, folder, Mode(mode.upper()) if mode else None, lag_max)
    click.echo(folder_text(checked) if output == "text" else _document(checked, format_, output))
    return checked.exit_code


def _document(checked: Checked, format_: SchemaFormat, output: str) -> str:
    from harness.schemas.report.documents import checked_document
    from harness.schemas.report.sarif import sarif

    if output == "json":
        return checked_document(checked)
    return sarif(checked, _rules(format_), Path.cwd().resolve())


@schema.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@format_option
@message_option
@encoding_option
def diff(old: Path, new: Path, format_name: str | None, message: str | None, encoding: str | None) -> None:
    """Tell what differs between two versions of a schema, and what each difference means.

    Backward: the new version reads what the old one wrote. Forward: the old version reads what the new one writes.
    """
    from harness.schemas.formats import read_schema
    from harness.schemas.optional import Differing
    from harness.schemas.report.text import differences_text

    format_ = _format(format_name, message, encoding, old, new)
    before, after = read_schema(format_, old), read_schema(format_, new)
    found = format_.differences(before, after) if isinstance(format_, Differing) else None
    click.echo(differences_text(found, format_.decide(after, before), format_.decide(before, after)))


@schema.command()
@click.argument("rule", required=False)
@format_option
@message_option
@encoding_option
@click.option("--reader", type=FILE, help="Explain why this schema does not read …")
@click.option("--writer", type=FILE, help="… what this one wrote.")
def explain(
    rule: str | None,
    format_name: str | None,
    message: str | None,
    encoding: str | None,
    reader: Path | None,
    writer: Path | None,
) -> None:
    """Explain a rule by its name: what it means, an event that it refuses, and how to evolve safely instead.

    Without a name all rules are listed; with --reader and --writer the pair is decided and its rule explained.
    """
    from harness.schemas.formats import find
    from harness.schemas.report.text import rules_text

    if reader is not None and writer is not None:
        _explain_pair(reader, writer, _format(format_name, message, encoding, reader, writer))
        return
    if reader is not None or writer is not None:
        raise InvalidInput("--reader and --writer are given together")
    format_ = find(format_name or "avro", encoding=encoding)
    rules = _rules(format_)
    if not rules:
        raise InvalidInput(f"the rules of {format_.name} are not described one by one; give --reader and --writer")
    if rule is None:
        click.echo(rules_text(rules))
        return
    click.echo(_explained(format_, _find_rule(format_, rules, rule)))


def _explain_pair(reader: Path, writer: Path, format_: SchemaFormat) -> None:
    from harness.schemas.checking import check_pair
    from harness.schemas.report.text import pair_text, rule_of_pair_text

    answer = check_pair(format_, reader, writer).answers[0]
    click.echo(pair_text(answer))
    named = [rule for rule in _rules(format_) if rule.name == answer.decision.rule]
    for rule in named:
        click.echo(f"\n{rule_of_pair_text(rule)}")


def _explained(format_: SchemaFormat, rule: RuleText) -> str:
    from harness.schemas.report.text import rule_text

    example = format_.decide(format_.parse(rule.reader.encode()), format_.parse(rule.writer.encode()))
    return rule_text(rule, example)


def _find_rule(format_: SchemaFormat, rules: Sequence[RuleText], name: str) -> RuleText:
    from harness.schemas.optional import Choosing

    for rule in rules:
        if rule.name == name:
            return rule
    if isinstance(format_, Choosing):
        for encoding in ENCODINGS:
            if name in {rule.name for rule in _rules(format_.choosing(encoding=encoding))}:
                raise InvalidInput(f"{name} is a rule of the other encoding; choose it with --encoding {encoding}")
    raise InvalidInput(f"there is no rule {name!r}; {nearest(name, (rule.name for rule in rules))}")


@schema.command()
@click.argument("folder", type=FOLDER)
@click.option("--writer", required=True, metavar="SERVICE=VERSION", help="What is to be deployed.")
@click.option("--deployed", multiple=True, metavar="SERVICE=VERSION", help="What runs now; as often as there are.")
@click.option(
    "--services", type=FILE, help="TOML that says which schemas each service reads and writes, and what is deployed."
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@format_option
def gate(
    folder: Path, writer: str, deployed: tuple[str, ...], services: Path | None, output: str, format_name: str | None
) -> int:
    """Readers before writers: may this version write yet, with what is deployed now?

    Without --services, each service reads and writes every type of FOLDER by the newest schema that is not newer than
    the service itself. Exit codes: 0 yes, 1 no, 2 unknown, 4 the input is invalid.
    """
    from harness.schemas.checking import Judge
    from harness.schemas.folder import read_folder
    from harness.schemas.formats import find
    from harness.schemas.gate import Services, ServiceVersion, ask_gate, read_services
    from harness.schemas.report.documents import gate_document
    from harness.schemas.report.text import gate_text

    known = Services(()) if services is None else read_services(services)
    running = (*known.deployed, *(ServiceVersion.parse(each) for each in deployed))
    if not running:
        raise InvalidInput("name what is deployed: --deployed SERVICE=VERSION, once for each version that runs")
    schemas = read_folder(folder, format_name)
    answer = ask_gate(
        Judge(find(schemas.format)),
        schemas,
        ServiceVersion.parse(writer),
        running,
        None if services is None else known.services,
    )
    click.echo(gate_text(answer) if output == "text" else gate_document(answer))
    return answer.exit_code


def _format(name: str | None, message: str | None, encoding: str | None, *files: Path) -> SchemaFormat:
    """The one that was asked for, or that both files' names say."""
    from harness.schemas.formats import find, format_of

    if name is not None:
        return find(name, message=message, encoding=encoding)
    told = {format_of(file) for file in files}
    only = told.pop()
    if told or only is None:
        raise InvalidInput("the files' names do not say of which format they are; choose one with --format")
    return find(only, message=message, encoding=encoding)


def _rules(format_: SchemaFormat) -> tuple[RuleText, ...]:
    from harness.schemas.optional import Explaining

    return format_.rules() if isinstance(format_, Explaining) else ()
