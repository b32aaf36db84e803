"""A JSON list of `{reader, writer}`, decided one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas.decision import Decision, Json, Schema, SchemaFormat

_WORD = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)


@dataclass(frozen=True)
class PairOutcome:
    """What came of the pair at `index`: a decision, or why it is no pair of schemas."""

    index: int
    outcome: Decision | InvalidInput


def check_pairs(format_: SchemaFormat, file: Path) -> Iterator[PairOutcome]:
    """Lazily. Raises InvalidInput if the file is no JSON list; a pair that is broken is told of in its turn."""
    for index, pair in enumerate(_read(file)):
        try:
            yield PairOutcome(index, format_.decide(*_schemas(format_, pair)))
        except InvalidInput as error:
            yield PairOutcome(index, InvalidInput(f"{file}: pair {index}, {error}"))


def _read(file: Path) -> list[Json]:
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"is not JSON: {error.msg} (column {error.colno})", file=file, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON that can be read: {error}", file=file) from error
    if not isinstance(document, list):
        raise InvalidInput('must be a list of {"reader": …, "writer": …}', file=file)
    return document


def _schemas(format_: SchemaFormat, pair: Json) -> tuple[Schema, Schema]:
    if not isinstance(pair, dict):
        raise InvalidInput('must be an object {"reader": …, "writer": …}')
    return _schema(format_, pair, "reader"), _schema(format_, pair, "writer")


def _schema(format_: SchemaFormat, pair: dict[str, Json], side: str) -> Schema:
    if side not in pair:
        raise InvalidInput(f"{side!r} is missing")
    try:
        return format_.parse(_text(pair[side]), None)
    except InvalidInput as error:
        raise InvalidInput(f"{side}: {error}") from error


def _text(schema: Json) -> bytes:
    """A schema stands there as JSON, or as a text that holds one; a word such as "int" is JSON, a whole Avro schema."""
    if isinstance(schema, str) and (schema in ("true", "false") or not _WORD.fullmatch(schema)):
        return schema.encode("utf-8", "surrogatepass")
    return json.dumps(schema).encode()
