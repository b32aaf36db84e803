"""Histories of operations, from files."""

from __future__ import annotations

from pathlib import Path

from harness.consistency.operations import Operation
from harness.errors import InvalidInput

FORMATS = ("jepsen-log", "edn", "jsonl", "run")
_BY_SUFFIX = {".log": "jepsen-log", ".txt": "jepsen-log", ".edn": "edn", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def read_operations(file: Path, format: str | None = None, *, keyed: bool = False) -> list[Operation]:
    """The operations in the file; its format is one of FORMATS, or what the end of its name says. A folder is a run's.

    `keyed`: the values of Jepsen's operations are `[key value]`, as jepsen.independent makes them. Raises InvalidInput,
    with file and line, for what is not of the format.
    """
    chosen = format or ("run" if file.is_dir() else _BY_SUFFIX.get(file.suffix))
    if chosen == "run":
        from harness.consistency.reading.run import read_run  # noqa: PLC0415 (DuckDB takes its time)

        return read_run(file)
    if chosen == "jsonl":
        from harness.consistency.reading.json_lines import read_json_lines  # noqa: PLC0415 (msgspec takes its time)

        return read_json_lines(file)
    from harness.consistency.reading import jepsen  # noqa: PLC0415

    if chosen == "jepsen-log":
        return jepsen.read_log(file, keyed=keyed)
    if chosen == "edn":
        return jepsen.read_edn(file, keyed=keyed)
    raise InvalidInput(f"its name does not say its format; name one of {', '.join(FORMATS)}", file=file)
