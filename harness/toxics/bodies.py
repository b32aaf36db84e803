"""The bodies of requests, read as toxiproxy reads them: the first JSON value counts, names match in any case, what is
unknown is ignored, null leaves a field as it is, and what is of a wrong type is refused in the words of Go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.toxics.toxic import KINDS, Stream, Toxic

INT64_MAX = (1 << 63) - 1
_GO_REVISION = 'struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }'
_GO_PROXY_OF_MANY = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'


class BadBody(Exception):
    """Says what is wrong with a body."""


class BadStream(Exception):
    """A stream is neither upstream nor downstream."""


class BadKind(Exception):
    """There is no such kind of toxic."""


class _Literal(float):
    """A number as it was written."""

    text: str

    def __new__(cls, text: str) -> _Literal:
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(frozen=True)
class ProxyBody:
    """What a request says of a proxy; None where it says nothing."""

    name: str | None = None
    listen: str | None = None
    upstream: str | None = None
    enabled: bool | None = None
    toxics: tuple[Toxic, ...] = ()


@dataclass(frozen=True)
class Revision:
    """What a request changes of a toxic."""

    toxicity: float | None = None
    attributes: Mapping[str, int] = field(default_factory=dict)


# ── from bytes to values ─────────────────────────────────────────────────────────────────────────────────────────────


def first_value(body: bytes) -> Any:
    """The JSON value that the body begins with; what follows it is nobody's. Raises BadBody."""
    text = body.decode(errors="replace").lstrip(" \t\r\n")
    if not text:
        raise BadBody("EOF")
    decoder = json.JSONDecoder(parse_int=_whole, parse_float=_Literal, parse_constant=_refuse)
    try:
        return decoder.raw_decode(text)[0]
    except json.JSONDecodeError as error:
        cut_short = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        raise BadBody("unexpected EOF" if cut_short else f"invalid character {text[error.pos]!r}") from error
    except RecursionError as error:
        raise BadBody("exceeded max depth") from error


def _whole(text: str) -> int | _Literal:
    return int(text) if len(text) < 20 else _Literal(text)


def _refuse(text: str) -> None:
    raise BadBody(f"invalid character {text[0]!r} looking for beginning of value")


def proxy_body(value: Any, go_type: str = "toxiproxy.Proxy") -> ProxyBody:
    """Raises BadBody, and for its toxics BadStream, BadKind."""
    fields = _Fields(value, "Proxy", go_type)
    return ProxyBody(
        fields.text("name"),
        fields.text("listen"),
        fields.text("upstream"),
        fields.switch("enabled"),
        tuple(new_toxic(item) for item in fields.items("toxics")),
    )


def proxy_bodies(value: Any) -> tuple[ProxyBody, ...]:
    """Raises as `proxy_body`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadBody(f"json: cannot unmarshal {_kind_of(value)} into Go value of type []{_GO_PROXY_OF_MANY}")
    return tuple(proxy_body(item, _GO_PROXY_OF_MANY) for item in value)


def new_toxic(value: Any) -> Toxic:
    """With its defaults. Raises BadBody, BadStream, BadKind."""
    fields = _Fields(value, "ToxicWrapper", "toxics.ToxicWrapper")
    name, kind, stream = fields.text("name") or "", fields.text("type") or "", fields.text("stream")
    toxicity = fields.fraction("toxicity")
    attributes = fields.inner("attributes", "toxics.NoopToxic")
    stream = Stream.DOWNSTREAM.value if stream is None else stream
    if stream.lower() not in list(Stream):
        raise BadStream
    if kind not in KINDS:
        raise BadKind
    given = _attributes(attributes, kind)
    return Toxic(
        name=name or f"{kind}_{stream}",
        kind=kind,
        stream=stream,
        toxicity=1.0 if toxicity is None else toxicity,
        attributes={attribute: given.get(attribute, 0) for attribute in KINDS[kind]},
    )


def revision(value: Any, kind: str) -> Revision:
    """Raises BadBody."""
    fields = _Fields(value, "", _GO_REVISION)
    attributes = fields.inner("attributes", f"toxics.{_go_name(kind)}")
    return Revision(fields.fraction("toxicity"), _attributes(attributes, kind))


def _attributes(values: Mapping[str, Any], kind: str) -> dict[str, int]:
    fields = _Fields(values, _go_name(kind), "", "attributes.")
    go_type = "int" if kind == "slicer" else "int64"
    found = {name: fields.whole(name, go_type) for name in KINDS[kind]}
    return {name: number for name, number in found.items() if number is not None}


def _go_name(kind: str) -> str:
    """What toxiproxy calls the kind's type, which its errors name."""
    if kind == "reset_peer":
        return "ResetToxic"
    return "".join(word.capitalize() for word in kind.split("_")) + "Toxic"


# ── field by field ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Fields:
    """The fields of an object; None, or nothing, where one is not there or null."""

    def __init__(self, value: Any, owner: str, go_type: str, path: str = "") -> None:
        if value is not None and not isinstance(value, dict):
            raise BadBody(f"json: cannot unmarshal {_kind_of(value)} into Go value of type {go_type}")
        self._values = {name.lower(): inner for name, inner in (value or {}).items() if inner is not None}
        self._owner = owner
        self._path = path

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, _kind_of(value), "string")
        return value

    def switch(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, _kind_of(value), "bool")
        return value

    def fraction(self, name: str) -> float | None:
        value = self._values.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._wrong(name, _kind_of(value), "float32")
        return None if value is None else float(value)

    def whole(self, name: str, go_type: str) -> int | None:
        value = self._values.get(name)
        if isinstance(value, _Literal) or (isinstance(value, int) and abs(value) > INT64_MAX):
            written = value.text if isinstance(value, _Literal) else value
            raise self._wrong(name, f"number {written}", go_type)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self._wrong(name, _kind_of(value), go_type)
        return value

    def inner(self, name: str, go_type: str) -> Mapping[str, Any]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(name, _kind_of(value), go_type)
        return value or {}

    def items(self, name: str) -> list[Any]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise self._wrong(name, _kind_of(value), "[]toxics.Toxic")
        return value or []

    def _wrong(self, name: str, found: str, go_type: str) -> BadBody:
        field = f"{self._owner}.{self._path}{name}"
        return BadBody(f"json: cannot unmarshal {found} into Go struct field {field} of type {go_type}")


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
