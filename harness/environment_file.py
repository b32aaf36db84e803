"""Environments from their folders: `environments/<name>/environment.toml`, whose keys are the fields of Environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.environment import Environment, StoreKind
from harness.errors import InvalidInput
from harness.placeholders import expand, expand_all
from harness.toml_reader import Table, nearest
from harness.toml_values import build

FILE = "environment.toml"
FOLDER = "environments"
DOCKERFILE = "Dockerfile"
COLUMNS = ("stream", "position", "type", "data", "version", "metadata", "sequence")
"""Of a table of events, as harness/streams/sources/postgresql.py reads it."""
_NAME = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE = re.compile(rf"{_NAME}(?::\d+)?(?:/{_NAME})*(?::\w[\w.-]{{0,127}})?")
"""A registry with its port, folders, a name, a tag."""


def find_environment(name: str, start: Path) -> Environment:
    """The environment that a file in the folder `start` calls `name`.

    A name with a slash is a path from there. Any other is looked for in `environments/` in `start`, and then in each
    folder above it. Raises InvalidInput, naming the nearest that exists.
    """
    if "/" in name:
        return read_environment(start / name)
    seen: list[str] = []
    for folder in _folders(start):
        if (folder / name / FILE).is_file():
            return read_environment(folder / name)
        seen += (file.parent.name for file in folder.glob(f"*/{FILE}"))
    raise InvalidInput(f"no environment {name!r} in {FOLDER}/ above {start}; {nearest(name, seen)}")


def _folders(start: Path) -> Iterator[Path]:
    start = start.resolve()
    for above in (start, *start.parents):
        if (folder := above / FOLDER).is_dir():
            yield folder


def read_environment(folder: Path) -> Environment:
    """Raises InvalidInput with file and line for whatever could not work, before anything is started."""
    table = Table.read(folder.resolve() / FILE)
    environment = build(Environment, table, folder=table.file.parent)
    _check_names(environment, table)
    _check_routed(environment, table)
    _check_stores(environment, table)
    _check_readers(environment, table)
    _check_versions(environment, table)
    _check_image(environment, table)
    _check_paths(environment, table)
    _check_placeholders(environment, table)
    return environment


def _check_names(environment: Environment, table: Table) -> None:
    for key in ("stores", "services", "versions", "variants", "operations"):
        names = [named.name for named in getattr(environment, key)]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise table.tables(key)[place].error(f"{name!r} is there twice in {key}", "name")
            if key == "operations" and name:
                continue  # as locust calls a request: often a path
            if not name or "+" in name or any(letter.isspace() or letter == "/" for letter in name):
                raise table.tables(key)[place].error(f"{name!r} cannot be a name: no blanks, no '/', no '+'", "name")


def _check_routed(environment: Environment, table: Table) -> None:
    routed = [service.name for service in environment.services if service.routed]
    if len(routed) != 1:
        found = ", ".join(routed) or "none"
        raise table.error(f"exactly one service must be routed = true, not {found}", _first(table, "services"))
    if not environment.versions:
        raise table.error("there are no [[versions]]")


def _first(table: Table, key: str) -> str | None:
    return key if key in table else None


def _check_stores(environment: Environment, table: Table) -> None:
    stores = {store.name: store.kind for store in environment.stores}
    for place, service in enumerate(environment.services):
        for link in service.links:
            _check_known(link, "store", stores, table.tables("services")[place], "links")
    readers = {"events": StoreKind.POSTGRES, "consumer": StoreKind.NATS, "projection": StoreKind.POSTGRES}
    for key, kind in readers.items():
        reader = getattr(environment, key)
        if reader is None:
            continue
        _check_known(reader.store, "store", stores, table.table(key), "store")
        if stores[reader.store] is not kind:
            raise table.table(key).error(f"{key} are read from a store of kind {kind}, not {reader.store!r}", "store")


def _check_readers(environment: Environment, table: Table) -> None:
    stores = {store.name: store.kind for store in environment.stores}
    services = [service.name for service in environment.services]
    for place, reader in enumerate(environment.readers):
        inner = table.tables("readers")[place]
        _check_known(reader.service, "service", services, inner, "service")
        _check_known(reader.store, "store", stores, inner, "store")
        key, kind = ("table", StoreKind.POSTGRES) if reader.table else ("stream", StoreKind.NATS)
        if stores[reader.store] is not kind:
            raise inner.error(f"a {key} is in a store of kind {kind}, not {reader.store!r}", key)
        for column in reader.columns:
            _check_known(column, "column", COLUMNS, inner, "columns")
        with inner.blame("ignored"):
            _check_pointers(reader.ignored)
        if (reader.service, reader.store) in {(each.service, each.store) for each in environment.readers[:place]}:
            raise inner.error(f"{reader.service} reads {reader.store} twice", "service")


def _check_pointers(pointers: Iterable[str]) -> None:
    if wrong := [pointer for pointer in pointers if not pointer.startswith("/")]:
        raise InvalidInput(f"{wrong[0]!r} is no JSON Pointer: it would begin with /")


def _check_versions(environment: Environment, table: Table) -> None:
    versions = [version.name for version in environment.versions]
    for place, variant in enumerate(environment.variants):
        for version in variant.versions:
            _check_known(version, "version", versions, table.tables("variants")[place], "versions")


def _check_image(environment: Environment, table: Table) -> None:
    """Each version has an image of its own if it is built here; the names are ones that registries know too."""
    image = environment.image
    if image is None:
        return
    inner = table.table("image")
    with inner.blame("name"):
        names = [expand(image.name, {"version": version.name}) for version in environment.versions]
    for name in names:
        if not _IMAGE.fullmatch(name):
            raise inner.error(f"{name!r} cannot be the name of an image", "name")
    if image.build and len(set(names)) < len(names):
        raise inner.error("name must hold {version}: an image is built for each", "name")
    if image.build and not (environment.folder / image.build / DOCKERFILE).is_file():
        raise inner.error(f"there is no {DOCKERFILE} in {environment.folder / image.build}", "build")


def _check_known(name: str, what: str, known: Iterable[str], table: Table, key: str) -> None:
    known = tuple(known)
    if name not in known:
        raise table.error(f"no {what} {name!r}; {nearest(name, known)}", key)


def _check_paths(environment: Environment, table: Table) -> None:
    for path in environment.smoke_paths:
        _check_path(path, table, "smoke_paths")
    for place, service in enumerate(environment.services):
        _check_path(service.live_path, table.tables("services")[place], "live_path")
        _check_path(service.ready_path, table.tables("services")[place], "ready_path")


def _check_path(path: str, table: Table, key: str) -> None:
    if not path.startswith("/"):
        raise table.error(f"{key}: a path begins with '/', not {path!r}", _first(table, key))


def _check_placeholders(environment: Environment, table: Table) -> None:
    """Each text that is handed to a process may only hold placeholders that mean something there."""
    common = {"python", "folder", "version", *(f"{store.name}.url" for store in environment.stores)}
    instance = {"host", "port", "instance"}
    _check_texts(environment.setup, common, table, "setup")
    for place, version in enumerate(environment.versions):
        inner = table.tables("versions")[place]
        for phase in ("expand", "contract", "back", "switch", "switch_back"):
            _check_texts(getattr(version, phase), common, inner, phase)
        _check_texts(version.variables.values(), common | instance, inner, "variables")
    for place, variant in enumerate(environment.variants):
        _check_texts(variant.variables.values(), common | instance, table.tables("variants")[place], "variables")
    for place, service in enumerate(environment.services):
        inner = table.tables("services")[place]
        linked = {"python", "folder", "version", *instance, *(f"{store}.url" for store in service.links)}
        _check_texts(service.command, linked, inner, "command")
        _check_texts(service.variables.values(), linked, inner, "variables")
    for place, reader in enumerate(environment.readers):
        inner = table.tables("readers")[place]
        known = {"python", "folder", "version", "helper"}
        _check_texts(reader.command, known, inner, "command")
        _check_texts(reader.variables.values(), known, inner, "variables")


def _check_texts(texts: Iterable[str], known: Iterable[str], table: Table, key: str) -> None:
    with table.blame(key):
        expand_all(tuple(texts), dict.fromkeys(known, ""))
