"""Schemas for tests: compiled in this process, because a process for each takes longer than all that is tested."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from grpc_tools import protoc  # type: ignore[import-untyped]

from harness.schemas.protobuf import ProtobufFormat, ProtobufSchema
from harness.schemas.protobuf.source import WELL_KNOWN


def descriptor_set(text: str, *options: str) -> bytes:
    """What protoc makes of the text."""
    with TemporaryDirectory() as scratch:
        Path(scratch, "schema.proto").write_text(text)
        out = Path(scratch, "set")
        paths = [f"--proto_path={scratch}", f"--proto_path={WELL_KNOWN}"]
        arguments = ["protoc", *paths, *options, f"--descriptor_set_out={out}", f"{scratch}/schema.proto"]
        assert protoc.main(arguments) == 0, text
        return out.read_bytes()


@cache
def compiled(text: str) -> ProtobufSchema:
    return ProtobufFormat().parse(descriptor_set(text, "--include_imports"), Path("schema.desc"))


def proto3(fields: str) -> ProtobufSchema:
    """The message `Event` with these fields."""
    return compiled(f'syntax = "proto3"; message Event {{ {fields} }}')


def proto2(fields: str) -> ProtobufSchema:
    return compiled(f'syntax = "proto2"; message Event {{ {fields} }}')
