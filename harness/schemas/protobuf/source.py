"""From a `.proto` text or a serialized FileDescriptorSet to the files that it stands for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc_tools  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FileDescriptorSet  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from harness.errors import HarnessError, InvalidInput

TEXT_SUFFIX = ".proto"
UNNAMED = "schema.proto"
PROTOC_S_MAX = 30.0
WELL_KNOWN = Path(grpc_tools.__path__[0], "_proto")
WELL_KNOWN_MODULES = (
    *("any", "api", "duration", "empty", "field_mask"),
    *("source_context", "struct", "timestamp", "type", "wrappers"),
)

_COMPLAINT = re.compile(r"^(?P<file>[^:\n]+\.proto):(?:(?P<line>\d+):\d+:)? (?P<message>.*)$", re.MULTILINE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Files:
    """Descriptors of files, each after those it imports. `messages` are the top-level ones of what was read."""

    descriptors: tuple[Any, ...]
    messages: tuple[str, ...]


def read_files(text: bytes, source: Path | None) -> Files:
    """Raises InvalidInput, with the line that protoc names, for what is neither."""
    is_text = source.suffix == TEXT_SUFFIX if source is not None else not _CONTROLS.search(text)
    return _compiled(text, source) if is_text else _described(text, source)


def _compiled(text: bytes, source: Path | None) -> Files:
    """protoc runs in a process of its own: it ends its process on what it finds impossible, and prints."""
    name = UNNAMED if source is None else source.name
    with TemporaryDirectory(prefix="rollproof-protoc-") as scratch:
        Path(scratch, name).write_bytes(text)
        described = Path(scratch, f"{name}.set")
        folders = [scratch, *([] if source is None else [str(source.parent)]), str(WELL_KNOWN)]
        _run(
            [
                *(f"--proto_path={folder}" for folder in folders),
                "--include_imports",
                f"--descriptor_set_out={described}",
                str(Path(scratch, name)),
            ],
            source,
        )
        descriptors = _decoded(described.read_bytes(), source)
    return Files(descriptors, _top_level([descriptors[-1]]))


def _run(arguments: Sequence[str], source: Path | None) -> None:
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PROTOC_S_MAX)
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"protoc did not end within {PROTOC_S_MAX:.0f} s") from error
    if done.returncode:
        raise _complaint(done.stderr.decode(errors="replace"), source)


def _complaint(printed: str, source: Path | None) -> InvalidInput:
    """The first thing that protoc found; an import's own mistakes come before those that follow from them."""
    found = _COMPLAINT.search(printed)
    if found is None:
        return InvalidInput(f"protoc refuses it: {printed.strip()}", file=source)
    if found["line"] is None:
        return InvalidInput(f"protoc: {found['file']}: {found['message']}", file=source)
    file = None if source is None else source.parent / Path(found["file"]).name
    return InvalidInput(f"protoc: {found['message']}", file=file, line=int(found["line"]))


def _described(text: bytes, source: Path | None) -> Files:
    given = _decoded(text, source)
    if not given:
        raise InvalidInput("is a FileDescriptorSet without a file", file=source)
    imported = {name for descriptor in given for name in descriptor.dependency}
    there = {descriptor.name for descriptor in given}
    well_known = _well_known(imported - there)
    if missing := sorted(imported - there - {descriptor.name for descriptor in well_known}):
        remedy = "protoc adds what is imported with --include_imports"
        raise InvalidInput(f"imports {', '.join(missing)}, which it does not hold; {remedy}", file=source)
    roots = [descriptor for descriptor in given if descriptor.name not in imported]
    return Files((*well_known, *given), _top_level(roots))


def _decoded(text: bytes, source: Path | None) -> tuple[Any, ...]:
    try:
        return tuple(FileDescriptorSet.FromString(text).file)
    except DecodeError as error:
        raise InvalidInput(f"is not a FileDescriptorSet: {error}", file=source) from error


def _well_known(names: Iterable[str]) -> tuple[Any, ...]:
    """Those of Protobuf's own files that are among `names`, each after what it imports."""
    found: dict[str, Any] = {}
    waiting = sorted(names)
    while waiting:
        stem = waiting.pop().removeprefix("google/protobuf/").removesuffix(".proto")
        if stem not in WELL_KNOWN_MODULES:
            continue
        descriptor = FileDescriptorSet().file.add()
        import_module(f"google.protobuf.{stem}_pb2").DESCRIPTOR.CopyToProto(descriptor)
        found.pop(descriptor.name, None)  # what is imported twice stands before both
        found[descriptor.name] = descriptor
        waiting.extend(descriptor.dependency)
    return tuple(reversed(found.values()))


def _top_level(descriptors: Iterable[Any]) -> tuple[str, ...]:
    return tuple(
        f"{descriptor.package}.{message.name}".lstrip(".")
        for descriptor in descriptors
        for message in descriptor.message_type
    )
