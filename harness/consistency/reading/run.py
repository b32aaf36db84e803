"""A saved run of ours, as operations on its streams: each request that showed a position, or may have moved one.

    append → position      of an operation that writes; one that did not show a position is indeterminate here, since it
                           is not known where it went
    read → position        of one that does not

The key is the stream, the process the virtual user; a line is the number of the request, from 1 on.
"""

from __future__ import annotations

from pathlib import Path

from harness.consistency.operations import Operation, Outcome
from harness.consistency.reading.pairing import places
from harness.errors import InvalidInput
from harness.history import History

_REQUESTS = """
    SELECT row + 1, session, stream, coalesce(writes, false), outcome, position, sent_ns, done_ns
    FROM requests LEFT JOIN operations USING (operation)
    WHERE sent_ns IS NOT NULL AND stream IS NOT NULL AND (writes OR position IS NOT NULL)
    ORDER BY row
"""


def read_run(folder: Path) -> list[Operation]:
    """Raises InvalidInput if the folder is neither that of a run nor its history, or its requests were not recorded."""
    with History.load(folder / "history" if (folder / "history").is_dir() else folder) as history:
        if not history.has("requests"):
            raise InvalidInput("the requests of this run were not recorded", file=folder)
        rows = history.query(_REQUESTS)
    ends = [None if _outcome(row) is Outcome.INDETERMINATE else row[7] for row in rows]
    return [
        Operation(
            process=session,
            name="append" if writes else "read",
            argument=None,
            result=position if outcome is Outcome.OK else None,
            outcome=outcome,
            invoked=invoked,
            returned=returned,
            key=stream,
            line=line,
            invoked_ns=sent_ns,
            returned_ns=end_ns,
        )
        for (line, session, stream, writes, _, position, sent_ns, _), outcome, end_ns, (invoked, returned) in zip(
            rows,
            map(_outcome, rows),
            ends,
            places([(row[6], end) for row, end in zip(rows, ends, strict=True)]),
            strict=True,
        )
    ]


def _outcome(row: tuple[object, ...]) -> Outcome:
    outcome, position, done_ns = Outcome(row[4]), row[5], row[7]
    known = outcome is Outcome.FAIL or (outcome is Outcome.OK and position is not None)
    return outcome if known and done_ns is not None else Outcome.INDETERMINATE
