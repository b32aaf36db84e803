"""Where the references of a document lead: identifiers, anchors and JSON Pointers, within the document only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

from harness.schemas.decision import Json
from harness.schemas.jsonschema.keywords import Draft, Location, all_subschemas


@dataclass(frozen=True)
class Remote:
    """It leads to another document, which is not fetched."""

    uri: str


@dataclass(frozen=True)
class Dangling:
    """It leads to this document, but there is nothing."""

    reference: str


@dataclass(frozen=True)
class Ambiguous:
    """It depends on the way that led here (`$dynamicRef`)."""

    reference: str


Target: TypeAlias = Location | Remote | Dangling | Ambiguous


class References:
    """Of one document, once for all."""

    def __init__(self, content: Json, draft: Draft) -> None:
        self._content = content
        self._resources: dict[str, Location] = {"": ()}
        self._bases: dict[Location, str] = {(): ""}
        self._anchors: dict[tuple[str, str], Location] = {}
        self._dynamic: dict[str, dict[str, Location]] = {}
        """By anchor, then by resource."""
        for location, schema in all_subschemas(content, draft):
            if isinstance(schema, dict) and not (draft is Draft.DRAFT_07 and "$ref" in schema):
                self._index(location, schema)

    def _index(self, location: Location, schema: dict[str, Json]) -> None:
        base = self.base(location)
        match schema.get("$id"):
            case str(name) if not name.startswith("#"):
                base = urldefrag(_join(base, name))[0]
                self._bases[location] = base
                self._resources[base] = location
            case str(name):  # draft-07's anchors
                self._anchors[base, name[1:]] = location
        match schema.get("$anchor"):
            case str(name):
                self._anchors[base, name] = location
        match schema.get("$dynamicAnchor"):
            case str(name):
                self._anchors[base, name] = location
                self._dynamic.setdefault(name, {})[base] = location

    @property
    def several(self) -> bool:
        """Are there documents within the document?"""
        return len(self._bases) > 1

    def base(self, location: Location) -> str:
        """The URI of the resource in which it lies."""
        while location not in self._bases:
            location = location[:-1]
        return self._bases[location]

    def target(self, keyword: str, reference: str, location: Location) -> Target:
        """Where a `$ref` or `$dynamicRef` at this location leads."""
        if keyword == "$dynamicRef":
            return self._resolve_dynamic(reference, location)
        return self.resolve(reference, location)

    def resolve(self, reference: str, location: Location) -> Location | Remote | Dangling:
        """Where a `$ref` at this location leads."""
        uri, fragment = urldefrag(_join(self.base(location), reference))
        if uri not in self._resources:
            return Remote(uri)
        fragment = unquote(fragment)
        if (uri, fragment) in self._anchors:
            return self._anchors[uri, fragment]
        if fragment and not fragment.startswith("/"):
            return Dangling(reference)
        found = self._follow(self._resources[uri], fragment)
        return Dangling(reference) if found is None else found

    def _resolve_dynamic(self, reference: str, location: Location) -> Target:
        target = self.resolve(reference, location)
        anchor = unquote(urldefrag(reference)[1])
        by_resource = self._dynamic.get(anchor, {})
        if isinstance(target, Remote | Dangling) or target not in by_resource.values():
            return target
        # The outermost resource on the way decides, and the way begins at the root.
        if (root := by_resource.get(self.base(()))) is not None:
            return root
        return target if len(by_resource) == 1 else Ambiguous(reference)

    def at(self, location: Location) -> Json:
        """What is there. Raises LookupError."""
        found = self._content
        for key in location:
            match found, key:
                case dict(), str():
                    found = found[key]
                case list(), int():
                    found = found[key]
                case _:
                    raise LookupError(key)
        return found

    def _follow(self, location: Location, way: str) -> Location | None:
        for step in way.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            match self.at(location):
                case dict() as found if key in found:
                    location = (*location, key)
                case list() as found if key.isascii() and key.isdigit() and int(key) < len(found):
                    location = (*location, int(key))
                case _:
                    return None
        return location


def _join(base: str, reference: str) -> str:
    """As RFC 3986 does, also for URNs, which urljoin leaves alone."""
    return base + reference if reference.startswith("#") else urljoin(base, reference)
