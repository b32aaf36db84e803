"""How our decisions agree with the public tables, as a document.

    python -m tests.unit.schemas.agreement     # writes docs/schemas-agreement.md

The pairs themselves are not ours and stay where they are; the document has what was decided, and the events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.schemas.decision import Compatibility, Decision, Json
from harness.schemas.formats import find

ROOT = Path(__file__).parents[3]
TABLES = ROOT / "../shared/data/schema-compatibility"
DOCUMENT = ROOT / "docs" / "schemas-agreement.md"
SHOWN_MAX = 100

WHERE_A_TABLE_IS_WRONG = {
    "avro": {},
    "jsonschema": {
        42: "the writer admits nothing",
        53: "a longer array's first item is an integer too",
        72: "the writer admits nothing",
        73: "the writer admits nothing",
        79: "every string has a match of a*, if an empty one",
        105: "the schema of the pattern's properties admits everything",
        108: "the schema of the property admits everything",
    },
}
"""Pairs that a table says are incompatible, and that no event disproves; why not, by argument."""

_HEAD = """\
# Agreement with the public tables

Of the tables that other checkers are tested with: what each says of its pairs, what is decided here, and the event that
proves it. `python -m tests.unit.schemas.agreement` writes this page, and a test holds it against what is decided. A
compatible pair survived as many events as are said, those made for what differs and those by chance. The pairs
themselves are not repeated here.
"""


@dataclass(frozen=True)
class Row:
    """One pair of a table. `said`: the table holds it to be compatible."""

    index: int
    reader: Json
    writer: Json
    said: bool
    decision: Decision

    @property
    def agrees(self) -> bool:
        return self.said == (self.decision.compatibility is Compatibility.COMPATIBLE)

    @property
    def tried(self) -> int:
        """Events that the writer admits and that were given to the reader."""
        return self.decision.effort.directed + self.decision.effort.generated

    def cells(self) -> Iterator[str]:
        decision = self.decision
        yield str(self.index)
        yield "compatible" if self.said else "incompatible"
        yield decision.compatibility.value + ("" if self.agrees else ", **not as the table says**")
        yield f"`{decision.rule}` at `{decision.path or '/'}`" if decision.rule else ""
        if decision.witness is not None:
            yield f"`{_cut(json.dumps(decision.witness.event, ensure_ascii=False))}`"
        elif decision.compatibility is Compatibility.COMPATIBLE and self.tried:
            yield f"{decision.effort.directed} + {decision.effort.generated} events"
        else:
            yield decision.reason


def is_there(format_name: str) -> bool:
    return (TABLES / f"{format_name}.json").is_file()


@cache
def rows(format_name: str) -> tuple[Row, ...]:
    """All pairs of the format's table, decided."""
    format_ = find(format_name)

    def row(index: int, pair: dict[str, Json]) -> Row:
        reader, writer = (format_.parse(json.dumps(pair[side]).encode()) for side in ("reader", "writer"))
        return Row(index, pair["reader"], pair["writer"], bool(pair["compatible"]), format_.decide(reader, writer))

    table = json.loads((TABLES / f"{format_name}.json").read_text())
    return tuple(row(index, pair) for index, pair in enumerate(table))


def document() -> str:
    return "\n".join(
        (
            _HEAD,
            *_section("Avro", "apache/avro", "avro"),
            *_section("JSON Schema", "Aiven-Open/karapace", "jsonschema"),
        )
    )


def _section(title: str, source: str, format_name: str) -> Iterator[str]:
    decided = rows(format_name)
    yield f"## {title}: {sum(row.agrees for row in decided)} of {len(decided)} as in the table of {source}\n"
    wrong = WHERE_A_TABLE_IS_WRONG[format_name]
    if wrong:
        yield f"{len(wrong)} that the table holds to be incompatible are compatible; no event could prove otherwise:\n"
        yield from _table(("pair", "why", "decided by"), [_argued(decided[index], why) for index, why in wrong.items()])
    yield from _table(
        ("pair", "table", "decided", "rule", "witness, or tried"), [tuple(row.cells()) for row in decided]
    )


def _argued(row: Row, why: str) -> tuple[str, ...]:
    return str(row.index), why, row.decision.reason


def _table(columns: Sequence[str], records: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(cell.replace('|', '&#124;') for cell in record)} |" for record in records)
    yield ""


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
