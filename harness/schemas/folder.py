"""A folder of event schemas: a folder for each type of event, in it a file for each version.

    schemas/OrderPlaced/1.0.avsc
    schemas/OrderPlaced/1.1.avsc
    schemas/payments/Refunded/1.avsc      (the type is payments/Refunded)

Folders and files whose names begin with a dot are passed over, and so are files beside folders of types: those may be
what schemas import. A folder that only holds files is one type.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas.formats import format_of, suffix_of
from harness.schemas.version_order import version_key


@dataclass(frozen=True)
class SchemaFile:
    """The schema of one version of one type of event."""

    type: str
    version: str
    file: Path


@dataclass(frozen=True)
class EventType:
    name: str
    versions: tuple[SchemaFile, ...]
    """Oldest first; at least one."""

    @property
    def newest(self) -> SchemaFile:
        return self.versions[-1]


@dataclass(frozen=True)
class SchemaFolder:
    path: Path
    format: str
    types: tuple[EventType, ...]


def read_folder(path: Path, format_name: str | None = None) -> SchemaFolder:
    """Looks at names only. Without a format, it is told by them.

    Raises InvalidInput if there are no schemas, if those of several formats are there and none is chosen, and if two
    files are the same version of a type.
    """
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _hidden(file, path)]
    chosen = format_name or _only_format(files, path)
    found: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        if suffix_of(file, chosen):
            found[file.parent].append(file)
    if not found:
        raise InvalidInput(f"holds no schemas of format {chosen}", file=path)
    if len(found) > 1:
        found.pop(path, None)
    return SchemaFolder(path, chosen, tuple(_type(each, path, chosen, found[each]) for each in sorted(found)))


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _only_format(files: list[Path], path: Path) -> str:
    names = sorted({name for file in files if (name := format_of(file))})
    if not names:
        raise InvalidInput("holds no schemas (.avsc, .json, .proto, …)", file=path)
    if len(names) > 1:
        raise InvalidInput(f"holds schemas of formats {' and '.join(names)}; choose one with --format", file=path)
    return names[0]


def _type(folder: Path, root: Path, format_name: str, files: list[Path]) -> EventType:
    name = folder.name if folder == root else folder.relative_to(root).as_posix()
    versions = [SchemaFile(name, file.name.removesuffix(suffix_of(file, format_name) or ""), file) for file in files]
    versions.sort(key=lambda each: version_key(each.version))
    for one, other in pairwise(versions):
        if version_key(one.version) == version_key(other.version):
            raise InvalidInput(f"{one.file.name} and {other.file.name} are the same version", file=folder)
    return EventType(name, tuple(versions))
