"""Readers before writers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.avro import AvroFormat
from harness.schemas.checking import Judge
from harness.schemas.folder import SchemaFolder, read_folder
from harness.schemas.gate import GateAnswer, Service, ServiceVersion, ask_gate, read_services
from harness.schemas.report.text import gate_text
from tests.unit.schemas.samples import ORDER_1, ORDER_2, ORDER_WIDER, STATE, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> SchemaFolder:
    types = {"OrderPlaced": {"1.0": ORDER_1, "1.1": ORDER_2, "2.0": ORDER_WIDER}, "Moved": {"1.0": STATE}}
    return read_folder(write_folder(tmp_path / "schemas", types))


def service(text: str) -> ServiceVersion:
    return ServiceVersion.parse(text)


def ask(folder: SchemaFolder, writer: str, *deployed: str, services: tuple[Service, ...] | None = None) -> GateAnswer:
    return ask_gate(Judge(AvroFormat()), folder, service(writer), [service(each) for each in deployed], services)


def test_a_writer_waits_for_the_reader_that_is_not_ready(folder: SchemaFolder) -> None:
    answer = ask(folder, "ledger=2.0", "ledger=1.1", "projector=2.0")
    assert (answer.word, answer.exit_code) == ("no", 1)
    assert [str(each.reader) for each in answer.readings if each.decision.witness] == ["ledger 1.1"]
    text = gate_text(answer)
    assert text.startswith("no: ledger 2.0 may not write yet; ledger 1.1 would not read it\n")
    assert "OrderPlaced 2.0: ledger 1.1, which reads by 1.1, is incompatible" in text
    assert '"cents": 2147483648' in text
    assert "projector 2.0 is ready for Moved 1.0 (203 events tried), OrderPlaced 2.0 (201 events tried)" in text


def test_a_writer_may_write_when_all_readers_are_ready(folder: SchemaFolder) -> None:
    answer = ask(folder, "ledger=2.0", "ledger=2.0", "projector=2.0")
    assert (answer.word, answer.exit_code) == ("yes", 0)
    assert gate_text(answer).startswith("yes: ledger 2.0 may write; all that is deployed reads it\n")


def test_a_compatible_schema_needs_no_reader_of_its_own_version(folder: SchemaFolder) -> None:
    assert ask(folder, "ledger=1.1", "projector=1.0").word == "yes"


def test_a_service_between_two_schemas_knows_the_older(folder: SchemaFolder) -> None:
    answer = ask(folder, "ledger=2.0", "projector=1.9")
    assert {each.type: each.reads for each in answer.readings}["OrderPlaced"] == ("1.1",)


def test_services_say_what_they_read_and_write(folder: SchemaFolder) -> None:
    services = (
        Service("ledger", "7", writes={"OrderPlaced": "2.0", "Moved": "1.0"}),
        Service("projector", "3", reads={"OrderPlaced": ("1.1",)}),
        Service("projector", "4", reads={"OrderPlaced": ("1.1", "2.0")}),
    )
    assert ask(folder, "ledger=7", "projector=3", services=services).word == "no"
    answer = ask(folder, "ledger=7", "projector=4", services=services)
    assert answer.word == "yes"
    assert answer.unread == ("Moved",)
    assert "Moved is read by nothing that is deployed" in gate_text(answer)


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ((), "nothing says what ledger 2.0 reads and writes"),
        ((Service("ledger", "2.0", writes={"Orderplaced": "1.0"}), Service("p", "1", reads={"Orderplaced": ("1.0",)})),
         "no type of event 'Orderplaced'; did you mean 'OrderPlaced'"),
        ((Service("ledger", "2.0", writes={"OrderPlaced": "9"}), Service("p", "1", reads={"OrderPlaced": ("1.0",)})),
         "OrderPlaced has no version '9'; it has 1.0, 1.1, 2.0"),
        ((Service("ledger", "2.0", writes={"OrderPlaced": "1.0"}), Service("p", "1", reads={"OrderPlaced": ()})),
         "p 1 reads OrderPlaced by no version"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(folder: SchemaFolder, services: tuple[Service, ...], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ask(folder, "ledger=2.0", "p=1", services=services)


def test_services_are_read_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(
        """
deployed = ["projector=4"]

[[service]]
name = "projector"
version = "4"
reads = { OrderPlaced = ["1.1", "2.0"] }

[[service]]
name = "ledger"
version = "7"
writes = { OrderPlaced = "2.0" }
"""
    )
    read = read_services(file)
    assert read.deployed == (ServiceVersion("projector", "4"),)
    assert read.services[0] == Service("projector", "4", {"OrderPlaced": ("1.1", "2.0")}, {})
    assert read.services[1].writes == {"OrderPlaced": "2.0"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[services]]\n", r":1: unknown key 'services'; did you mean 'service'\?"),
        ('\ndeployed = ["ledger"]\n', r":2: 'ledger' is not SERVICE=VERSION"),
        ('[[service]]\nname = "x"\nversion = "1"\nreads = { A = "1" }\n', r":4: A must be an array"),
        ('[[service]]\nname = "x"\n', "'version' is missing"),
    ],
)
def test_a_file_of_services_is_read_strictly(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "services.toml"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=message):
        read_services(file)


@pytest.mark.parametrize("text", ["ledger", "=2", "ledger=", ""])
def test_a_service_without_a_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not SERVICE=VERSION"):
        ServiceVersion.parse(text)
