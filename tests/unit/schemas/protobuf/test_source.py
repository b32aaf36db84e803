"""What a schema is read from: `.proto` files by protoc, and sets of descriptors."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.schemas.decision import Compatibility
from harness.schemas.protobuf import ProtobufFormat
from tests.unit.schemas.protobuf.compiling import descriptor_set

OPENED = 'syntax = "proto3"; package shop; message Opened { string owner = 1; }'


def test_a_text_is_compiled() -> None:
    assert ProtobufFormat().parse(OPENED.encode()).name == "shop.Opened"


def test_a_set_of_descriptors_is_taken_as_it_is() -> None:
    assert ProtobufFormat().parse(descriptor_set(OPENED)).name == "shop.Opened"


def test_imports_are_found_in_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "money.proto").write_text('syntax = "proto3"; message Money { int64 cents = 1; }')
    file = tmp_path / "paid.proto"
    file.write_text('syntax = "proto3"; import "money.proto"; message Paid { Money amount = 1; }')
    schema = ProtobufFormat().parse(file.read_bytes(), file)
    assert schema.name == "Paid"
    assert "Money" in schema.runtime.types.messages


@pytest.mark.parametrize("imported", ["../money.proto", "{outside}/money.proto"])
def test_imports_are_found_nowhere_else(tmp_path: Path, imported: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "money.proto").write_text('syntax = "proto3"; message Money { int64 cents = 1; }')
    name = imported.format(outside=tmp_path)
    text = f'syntax = "proto3"; import "{name}"; message Paid {{ Money amount = 1; }}'
    with pytest.raises(InvalidInput, match="money"):
        ProtobufFormat().parse(text.encode(), inside / "paid.proto")


def test_what_protoc_refuses_is_said_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "opened.proto"
    text = b'syntax = "proto3";\nmessage Opened {\n  string owner = 1\n}\n'
    with pytest.raises(InvalidInput, match='Expected ";"') as caught:
        ProtobufFormat().parse(text, file)
    assert (caught.value.file, caught.value.line) == (file, 4)


def test_a_mistake_in_an_import_is_said_with_the_import_s_file(tmp_path: Path) -> None:
    (tmp_path / "money.proto").write_text('syntax = "proto3";\nmessage Money { int65 cents = 1; }')
    text = b'syntax = "proto3";\nimport "money.proto";\nmessage Paid { Money amount = 1; }'
    with pytest.raises(InvalidInput, match="int65") as caught:
        ProtobufFormat().parse(text, tmp_path / "paid.proto")
    assert (caught.value.file, caught.value.line) == (tmp_path / "money.proto", 2)


def test_a_reserved_number_is_refused_by_protoc() -> None:
    with pytest.raises(InvalidInput, match="reserved number 2"):
        ProtobufFormat().parse(b'syntax = "proto3"; message Opened { reserved 2; string owner = 2; }')


def test_what_is_no_set_of_descriptors_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a FileDescriptorSet"):
        ProtobufFormat().parse(b"\x00\x01\x02", Path("opened.desc"))


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(InvalidInput, match="without a file"):
        ProtobufFormat().parse(b"", Path("opened.desc"))


def test_well_known_types_need_not_be_in_a_set() -> None:
    text = 'syntax = "proto3"; import "google/protobuf/api.proto"; message Ran { google.protobuf.Api of = 1; }'
    schema = ProtobufFormat().parse(descriptor_set(text))
    assert "google.protobuf.Any" in schema.runtime.types.messages
    assert ProtobufFormat().decide(schema, schema).compatibility is Compatibility.COMPATIBLE


def test_other_imports_must_be_in_the_set(tmp_path: Path) -> None:
    text = 'syntax = "proto3"; import "google/protobuf/duration.proto"; message Ran { google.protobuf.Duration d = 1; }'
    renamed = descriptor_set(text).replace(b"google/protobuf/duration.proto", b"another/protobuf/duration.prot")
    with pytest.raises(InvalidInput, match="--include_imports"):
        ProtobufFormat().parse(renamed, Path("ran.desc"))


TWO = 'syntax = "proto3"; package shop; message Money { int64 cents = 1; } message OrderPaid { Money amount = 1; }'


@pytest.mark.parametrize(
    "file", ["order_paid.proto", "OrderPaid.v2.proto", "order-paid-v2.desc", "OrderPaid/2.desc", "order_paid/v2.1.desc"]
)
def test_the_event_is_the_message_that_is_named_like_the_file_or_its_folder(tmp_path: Path, file: str) -> None:
    text = TWO.encode() if file.endswith(".proto") else descriptor_set(TWO)
    assert ProtobufFormat().parse(text, tmp_path / file).name == "shop.OrderPaid"


def test_which_message_is_the_event_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"shop\.Money, shop\.OrderPaid"):
        ProtobufFormat().parse(descriptor_set(TWO), tmp_path / "events.desc")


def test_which_message_is_the_event_can_be_said() -> None:
    assert ProtobufFormat(message="shop.Money").parse(descriptor_set(TWO)).name == "shop.Money"
    with pytest.raises(InvalidInput, match=r"no top-level message 'shop.Mony'; it has: shop\.Money"):
        ProtobufFormat(message="shop.Mony").parse(descriptor_set(TWO))


def test_a_file_without_a_message_is_refused() -> None:
    with pytest.raises(InvalidInput, match="It has: none"):
        ProtobufFormat().parse(descriptor_set('syntax = "proto3"; enum E { A = 0; }'), Path("e.desc"))


def test_editions_are_understood() -> None:
    text = 'edition = "2023"; message Opened { string owner = 1 [features.field_presence = LEGACY_REQUIRED]; }'
    old = ProtobufFormat().parse(descriptor_set('edition = "2023"; message Opened { string owner = 1; }'))
    new = ProtobufFormat().parse(descriptor_set(text))
    assert ProtobufFormat().decide(new, old).rule == "required"
    assert ProtobufFormat().decide(old, new).compatibility is Compatibility.COMPATIBLE
