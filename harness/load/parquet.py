"""From recordings to the history's table of requests: one Parquet file, sorted by the scheduled time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from harness.history import REQUESTS
from harness.load.recording import Records
from harness.load.records import NAMED_COLUMNS, Outcome

# Times are cut to a multiple of 1,024 ns: the digits below are noise, and would be a fifth of the file. A power of two,
# because the zero bits then line up under the delta packing; 1,000 saves next to nothing.
_TIME = "({0} - $origin_ns::BIGINT) & -1024"
_TIME_OR_NULL = f"CASE WHEN {{0}} <> 0 THEN {_TIME} END"
_NUMBER_OR_NULL = "nullif({0}, 0)"
_NAME = "$names_{0}[{0} + 1]"
_NAME_OR_NULL = f"nullif({_NAME}, '')"

_EXPRESSIONS = {
    "scheduled_ns": _TIME,
    "sent_ns": _TIME_OR_NULL,
    "first_byte_ns": _TIME_OR_NULL,
    "done_ns": _TIME,
    "lane": _NAME,
    "operation": _NAME,
    "key": _NUMBER_OR_NULL,
    "stream": _NUMBER_OR_NULL,
    "position": _NUMBER_OR_NULL,
    "outcome": "$outcomes[{0}]",
    "error": _NAME_OR_NULL,
    "status": _NUMBER_OR_NULL,
    "version": _NAME_OR_NULL,
    "instance": _NAME_OR_NULL,
    "bytes": "{0}",
    "attempts": "{0}",
    "session": "{0}",
    "closed_loop": "{0} = 1",
}


def to_parquet(files: Sequence[Path], target: Path, origin_ns: int) -> int:
    """Write the requests of `files` to `target`, with the columns of harness.history.REQUESTS; returns how many.

    Times become relative to `origin_ns` and are cut to multiples of 1,024 ns, which keeps their order.
    """
    records = Records(files)
    requests = records.all()
    names = {f"names_{column}": records.names[column] for column in NAMED_COLUMNS}
    outcomes = [outcome.name.lower() for outcome in Outcome]
    select = ", ".join(
        f'({_EXPRESSIONS[column].format(column)})::{kind} AS "{column}"' for column, kind in REQUESTS.items()
    )
    with duckdb.connect() as connection:
        connection.register("recorded", {column: requests[column] for column in REQUESTS})
        connection.execute(
            f"COPY (SELECT {select} FROM recorded ORDER BY recorded.scheduled_ns) "
            "TO $target (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)",
            {"origin_ns": origin_ns, "target": str(target), "outcomes": outcomes, **names},
        )
    return len(requests)
