"""The real validator, jsonschema-rs, on which every verdict rests in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import quote

import jsonschema_rs

from harness.schemas.decision import Json
from harness.schemas.jsonschema.keywords import Draft, Location, pointer

_CLASSES: Final[Mapping[Draft, type[jsonschema_rs.Validator]]] = {
    Draft.DRAFT_07: jsonschema_rs.Draft7Validator,
    Draft.DRAFT_2020_12: jsonschema_rs.Draft202012Validator,
}


class _Annotation:
    """A keyword that says something and asserts nothing."""

    def __init__(self, _schema: dict[str, Any], _value: object, _path: list[str | int]) -> None:
        pass

    def validate(self, _instance: object) -> None:
        pass


_ANNOTATIONS: Final[Mapping[Draft, Mapping[str, type[_Annotation]]]] = {
    Draft.DRAFT_07: {"contentMediaType": _Annotation, "contentEncoding": _Annotation},
    # Asserted by this validator and not by others; the draft has replaced it.
    Draft.DRAFT_2020_12: {"dependencies": _Annotation},
}


class Refused(Exception):
    """The validator does not take the schema; the message says where and why."""


@dataclass(frozen=True)
class Refusal:
    """What the validator said of an event: the first thing that is wrong with it."""

    message: str
    way: Location
    """To the keyword that refused, through references."""
    value: Json
    """What it refused, of the event."""


class Validator:
    """Of one schema; `format` and what is said of a string's content are annotations."""

    def __init__(self, content: Json, draft: Draft) -> None:
        """Raises Refused."""
        assert isinstance(content, bool | dict)
        self._content = content
        try:
            self._validator = _CLASSES[draft](
                content, validate_formats=False, retriever=_fetch_nothing, keywords=dict(_ANNOTATIONS[draft])
            )
        except jsonschema_rs.ValidationError as error:
            raise Refused(_said(error)) from error
        except ValueError as error:  # also what is nested too deeply for it
            raise Refused(str(error)) from error

    def admits(self, event: Json) -> bool:
        return self._validator.is_valid(event)

    def refusal(self, event: Json) -> Refusal | None:
        """None if it admits the event."""
        error = next(iter(self._validator.iter_errors(event)), None)
        if error is None:
            return None
        error = _closest(error)
        return Refusal(error.message, tuple(error.evaluation_path), cast(Json, error.instance))

    def part(self, location: Location) -> Callable[[Json], bool] | None:
        """Does the schema at this location admit a value? Of 2020-12 only; None if it cannot be asked."""
        found = jsonschema_rs.validator_map_for(self._content, validate_formats=False, retriever=_fetch_nothing)
        part = found.get(f"#{quote(pointer(location))}")
        return None if part is None else part.is_valid


def _closest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """If one alternative is nearer than the others, what is wrong by that one."""
    kinds = jsonschema_rs.ValidationErrorKind
    while isinstance(error.kind, kinds.AnyOf | kinds.OneOfNotValid):
        ranked = sorted((_distance(error, branch), place) for place, branch in enumerate(error.kind.context))
        if ranked[0][0] != (False, 1) or (len(ranked) > 1 and ranked[1][0] == ranked[0][0]):
            break
        (error,) = error.kind.context[ranked[0][1]]
    return error


def _distance(
    error: jsonschema_rs.ValidationError, branch: Sequence[jsonschema_rs.ValidationError]
) -> tuple[bool, int]:
    """Is it of another type altogether; then how many things are wrong."""
    other = any(
        isinstance(wrong.kind, jsonschema_rs.ValidationErrorKind.Type) and wrong.instance_path == error.instance_path
        for wrong in branch
    )
    return other, len(branch)


def _said(error: jsonschema_rs.ValidationError) -> str:
    where = pointer(tuple(error.instance_path))
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Format):
        return f"{where}: {error.instance!r} is not a regular expression that the validator takes"
    return f"{where}: {error.message}" if where else error.message


def _fetch_nothing(uri: str) -> Any:
    raise LookupError(f"{uri} is not fetched")


@lru_cache(1024)
def _pattern(pattern: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator({"pattern": pattern})


def finds(pattern: str, text: str) -> bool:
    """Does the validator's engine find the pattern, which it takes, in the text?"""
    return _pattern(pattern).is_valid(text)
