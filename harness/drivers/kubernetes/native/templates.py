"""An environment's own manifests: read, with overlays laid over them and placeholders filled in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from harness.drivers.kubernetes.api import Json
from harness.environment import Environment
from harness.errors import InvalidInput, MissingServer
from harness.placeholders import expand
from harness.versions import resolve

KUSTOMIZATION = "kustomization.yaml"
KUSTOMIZE_S_MAX = 30.0
DELETE = {"$patch": "delete"}


def read_manifests(environment: Environment) -> tuple[Json, ...]:
    """As they are written. Raises InvalidInput, and MissingServer for a kustomization without kubectl."""
    if environment.kubernetes is None:
        raise InvalidInput(
            f"environment {environment.name!r} does not say how it is deployed to Kubernetes; add a table [kubernetes]"
            ' with manifests = "kubernetes" for a folder of manifests beside it',
            file=environment.folder / "environment.toml",
        )
    folder = environment.folder / environment.kubernetes.manifests
    if (folder / KUSTOMIZATION).is_file():
        return _parse(_kustomize(folder), folder / KUSTOMIZATION)
    documents = tuple(each for file in sorted(folder.glob("*.yaml")) for each in read_file(file))
    if not documents:
        raise InvalidInput(f"no manifests in {folder}", file=environment.folder / "environment.toml")
    return documents


def read_file(file: Path) -> tuple[Json, ...]:
    """The documents of one file. Raises InvalidInput."""
    try:
        return _parse(file.read_text(), file)
    except OSError as error:
        raise InvalidInput(f"it cannot be read: {error.strerror}", file=file) from error


def render(
    environment: Environment, manifests: Iterable[Json], version: str, values: Mapping[str, str]
) -> tuple[Json, ...]:
    """The manifests at that version: overlays laid over, placeholders filled in. Raises InvalidInput."""
    documents = tuple(manifests)
    for overlay in resolve(environment, version).overlays:
        file = environment.folder / overlay
        documents = lay_over(documents, read_file(file), file)
    return tuple(_expanded(document, values) for document in documents)


def lay_over(documents: tuple[Json, ...], overlay: Iterable[Json], file: Path) -> tuple[Json, ...]:
    """Raises InvalidInput, naming `file`, for a part of the overlay that has nothing to be laid over."""
    laid = {key_of(document): document for document in documents}
    for partial in overlay:
        kind, name = key = key_of(partial)
        if key not in laid:
            raise InvalidInput(f"there is no {kind} {name!r} to lay this over", file=file)
        if partial.items() >= DELETE.items():
            del laid[key]
        else:
            laid[key] = merge(laid[key], partial)
    return tuple(laid.values())


def merge(base: Json, partial: Json) -> Json:
    """Tables are merged, null removes; see Kubernetes in environment.py."""
    merged = dict(base)
    for key, value in partial.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_value(merged.get(key), value)
    return merged


def _merge_value(base: object, value: object) -> object:
    if isinstance(value, dict):
        return merge(base if isinstance(base, dict) else {}, value)
    if isinstance(base, list) and isinstance(value, list) and _all_named(base) and _all_named(value):
        named: dict[str, Json] = {each["name"]: each for each in base}
        for each in value:
            named[each["name"]] = merge(named.get(each["name"], {}), each)
        return list(named.values())
    return value


def _all_named(elements: list[Json]) -> bool:
    return all(isinstance(each, dict) and "name" in each for each in elements)


def key_of(document: Json) -> tuple[str, str]:
    """Its kind and name."""
    return str(document["kind"]), str(document["metadata"]["name"])


def _expanded(document: Json, values: Mapping[str, str]) -> Json:
    expanded = _expand(document, values)
    assert isinstance(expanded, dict)
    return expanded


def _expand(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return expand(value, values)
    if isinstance(value, list):
        return [_expand(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _expand(each, values) for key, each in value.items()}
    return value


def _parse(text: str, file: Path) -> tuple[Json, ...]:
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise InvalidInput(f"it is not YAML: {error}", file=file) from error
    for number, document in enumerate(documents, 1):
        if problem := next(_problems(document), None):
            raise InvalidInput(f"document {number} {problem}", file=file)
    return tuple(documents)


def _problems(document: object) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "is not a table"
        return
    for key in ("apiVersion", "kind"):
        if not isinstance(document.get(key), str):
            yield f"has no {key}"
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        yield "has no metadata.name"


def _kustomize(folder: Path) -> str:
    program = shutil.which("kubectl")
    if program is None:
        raise MissingServer(
            f"{folder / KUSTOMIZATION} must be rendered by kubectl, which is not on the PATH;"
            " install it, or write plain manifests"
        )
    try:
        done = subprocess.run(
            (program, "kustomize", str(folder)), check=True, capture_output=True, text=True, timeout=KUSTOMIZE_S_MAX
        )
    except subprocess.CalledProcessError as error:
        raise InvalidInput(f"kubectl cannot render it: {error.stderr.strip()}", file=folder / KUSTOMIZATION) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingServer(f"{program} kustomize does not work: {error}") from error
    return done.stdout
