"""What is worth a word and decides nothing: annotations that differ, and words that the draft does not know."""

from __future__ import annotations

from collections.abc import Iterator

from harness.schemas.jsonschema.document import JsonSchema
from harness.schemas.jsonschema.keywords import ELSEWHERE, Draft, all_subschemas, asserts, pointer

_ANNOTATIONS = ("format", "contentEncoding", "contentMediaType")
_NOTES_MAX = 20


def notes(reader: JsonSchema, writer: JsonSchema) -> tuple[str, ...]:
    """Of a pair, each about one place."""
    found = [*_ignored(reader, "reader"), *_ignored(writer, "writer"), *_annotations(reader, writer)]
    if len(found) > _NOTES_MAX:
        return (*found[:_NOTES_MAX], f"{len(found) - _NOTES_MAX} more")
    return tuple(found)


def _ignored(schema: JsonSchema, whose: str) -> Iterator[str]:
    if schema.draft is None:
        return
    known = asserts(schema.draft)
    for location, found in all_subschemas(schema.content, schema.draft):
        if not isinstance(found, dict):
            continue
        for keyword in sorted(found.keys() & (ELSEWHERE - known)):
            where = pointer((*location, keyword))
            yield f"{whose}, {where}: {keyword!r} asserts nothing in {_name(schema.draft)} and is ignored"
        if schema.draft is Draft.DRAFT_07 and "$ref" in found:
            for keyword in sorted(found.keys() & known - {"$ref"}):
                where = pointer((*location, keyword))
                yield f"{whose}, {where}: {keyword!r} beside '$ref' is ignored in draft-07"


def _annotations(reader: JsonSchema, writer: JsonSchema) -> Iterator[str]:
    """At the same place in both, which is where people look for it."""
    written = {
        location: found
        for location, found in all_subschemas(writer.content, writer.draft or Draft.DRAFT_2020_12)
        if isinstance(found, dict)
    }
    for location, found in all_subschemas(reader.content, reader.draft or Draft.DRAFT_2020_12):
        if not isinstance(found, dict) or location not in written:
            continue
        for keyword in _ANNOTATIONS:
            new, old = found.get(keyword), written[location].get(keyword)
            if new != old:
                yield f"{pointer((*location, keyword))}: {_said(old)} became {_said(new)}; an annotation, not asserted"


def _said(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _name(draft: Draft) -> str:
    return "draft-07" if draft is Draft.DRAFT_07 else "2020-12"
