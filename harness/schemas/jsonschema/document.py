"""A schema document: from its text, checked against the metaschema of its draft."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import InvalidInput
from harness.schemas.decision import Json
from harness.schemas.jsonschema.keywords import Draft, Location, all_subschemas, guess_draft, pointer
from harness.schemas.jsonschema.references import Dangling, References, Remote, Target
from harness.schemas.jsonschema.validators import Refused, Validator


@dataclass(frozen=True, eq=False)
class JsonSchema:
    """A schema that was read and is well formed."""

    content: Json
    draft: Draft | None
    """None for a dialect that is not decided."""
    dialect: str
    """What `$schema` says; empty if there is none."""

    @property
    def name(self) -> str:
        """Its title, or what its `$id` ends with; empty if it has neither."""
        if not isinstance(self.content, dict):
            return ""
        match self.content:
            case {"title": str(title)}:
                return title
            case {"$id": str(uri)}:
                return urlsplit(uri).path.rstrip("/").rpartition("/")[2]
            case _:
                return ""

    @cached_property
    def references(self) -> References:
        return References(self.content, self.draft or Draft.DRAFT_2020_12)

    @cached_property
    def undecidable(self) -> str:
        """Why nothing can be said of it, whatever it is compared with; empty if something can."""
        if self.draft is None:
            return f"the dialect {self.dialect} is not decided; draft-07 and 2020-12 are"
        for location, schema in all_subschemas(self.content, self.draft):
            inner = schema.get("$schema", self.dialect) if isinstance(schema, dict) else self.dialect
            if inner != self.dialect and isinstance(inner, str) and _named(inner) is not self.draft:
                return f"{pointer(location)} is of another dialect, {inner}"
        for location, reference, target in _references(self):
            if isinstance(target, Remote):
                return f"{pointer(location)} refers to {target.uri or reference}, which is not fetched"
        return ""

    @cached_property
    def validator(self) -> Validator:
        """Raises InvalidInput if there can be none."""
        assert self.draft is not None
        try:
            return Validator(self.content, self.draft)
        except Refused as refusal:
            raise InvalidInput(f"not a schema: {refusal}") from refusal


def read(text: bytes, source: Path | None = None) -> JsonSchema:
    """Raises InvalidInput, with file and line or JSON Pointer."""
    content = _parsed(text, source)
    if not isinstance(content, bool | dict):
        raise InvalidInput("not a schema: a schema is an object, true or false", file=source, line=1)
    dialect = content.get("$schema", "") if isinstance(content, dict) else ""
    if not isinstance(dialect, str):
        raise InvalidInput("not a schema: /$schema must be a URI", file=source)
    schema = JsonSchema(content, _draft(dialect, content), dialect)
    if schema.draft is None:
        return schema
    for location, reference, target in _references(schema):
        if isinstance(target, Dangling):
            raise InvalidInput(f"not a schema: {pointer(location)}: {reference!r} leads nowhere", file=source)
    if not schema.undecidable:
        try:
            _ = schema.validator
        except InvalidInput as error:
            raise InvalidInput(str(error), file=source) from error
    return schema


def _draft(dialect: str, content: Json) -> Draft | None:
    return _named(dialect) if dialect else guess_draft(content)


def _named(dialect: str) -> Draft | None:
    named = dialect.rstrip("#").replace("https://", "http://")
    return next((draft for draft in Draft if draft.value.replace("https://", "http://") == named), None)


def _references(schema: JsonSchema) -> Iterable[tuple[Location, str, Target]]:
    """All that it has: where, what it says and where it leads."""
    draft = schema.draft or Draft.DRAFT_2020_12
    seen: set[Location] = set()
    waiting: list[Location] = [()]
    while waiting:
        for location, found in all_subschemas(schema.references.at(start := waiting.pop()), draft, start):
            if location in seen or not isinstance(found, dict):
                continue
            seen.add(location)
            for keyword in ("$ref", "$dynamicRef"):
                if not isinstance(reference := found.get(keyword), str):
                    continue
                if keyword == "$dynamicRef" and draft is Draft.DRAFT_07:
                    continue
                target = schema.references.target(keyword, reference, location)
                yield (*location, keyword), reference, target
                if isinstance(target, tuple):
                    waiting.append(target)


def _parsed(text: bytes, source: Path | None) -> Json:
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise InvalidInput("is not UTF-8 text", file=source, line=line) from error
    try:
        content: Json = json.loads(decoded, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"is not JSON: {error.msg}", file=source, line=error.lineno) from error
    except ValueError as error:
        raise InvalidInput(f"is not JSON that can be compared: {error}", file=source) from error
    except RecursionError as error:
        raise InvalidInput("is nested too deeply", file=source) from error
    return content


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return found


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _float(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large a number")
    return number
