"""The real validator, jsonschema-rs, on which every verdict rests in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

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


class Validator:
    """Of one schema; `format` and what is said of a string's content are annotations."""

    def __init__(self, content: Json, draft: Draft) -> None:
        """Raises Refused."""
        assert isinstance(content, bool | dict)
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
        return None if error is None else Refusal(error.message, tuple(error.evaluation_path))


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
