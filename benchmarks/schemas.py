"""How long a pair of schemas takes to be decided: each public table, median and worst.

    python -m benchmarks.schemas [FOLDER] [--runs N]

FOLDER holds a JSON list of `{reader, writer, compatible}` for each format, `avro.json` for example; without it, the
tables beside the checkout are taken. Times include reading both schemas. Exit code 1 if a bar was missed: 50 ms in the
median and 2 s at worst.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.errors import InvalidInput
from harness.schemas.decision import Compatibility, Json, SchemaFormat
from harness.schemas.formats import FORMATS, find

TABLES = Path(__file__).parents[1] / "../shared/data/schema-compatibility"
RUNS = 3
MEDIAN_MS_MAX, WORST_MS_MAX = 50, 2000


@dataclass(frozen=True)
class Timed:
    """One pair: the best of its runs, and whether the table says the same."""

    index: int
    took_ms: float
    agrees: bool
    unknown: bool


def measure(format_: SchemaFormat, index: int, pair: dict[str, Json], runs: int) -> Timed:
    reader, writer = (json.dumps(pair[side]).encode() for side in ("reader", "writer"))
    took_ms = []
    for _ in range(runs):
        began_s = time.perf_counter()
        decision = format_.decide(format_.parse(reader), format_.parse(writer))
        took_ms.append((time.perf_counter() - began_s) * 1000)
    expected = Compatibility.COMPATIBLE if pair["compatible"] else Compatibility.INCOMPATIBLE
    found = decision.compatibility
    return Timed(index, min(took_ms), found is expected, found is Compatibility.UNKNOWN)


def report(name: str, timed: list[Timed]) -> str:
    worst = max(timed, key=lambda each: each.took_ms)
    middle_ms = median(each.took_ms for each in timed)
    agree, unknown = sum(each.agrees for each in timed), sum(each.unknown for each in timed)
    shares = f"{len(timed):>7}{agree:>8}{unknown:>9}"
    return f"{name:<12}{shares}{middle_ms:>11.1f}{worst.took_ms:>10.1f}  pair {worst.index}"


def missed(timed: list[Timed]) -> bool:
    return median(each.took_ms for each in timed) > MEDIAN_MS_MAX or max(each.took_ms for each in timed) > WORST_MS_MAX


def main() -> int:
    parser = argparse.ArgumentParser(description="Times decisions of schemas.")
    parser.add_argument("folder", type=Path, nargs="?", default=TABLES)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()} ({platform.machine()}), best of {arguments.runs} runs a pair\n")
    print(f"{'table':<12}{'pairs':>7}{'agree':>8}{'unknown':>9}{'median ms':>11}{'worst ms':>10}")
    print("-" * 66)
    bad = False
    for name in FORMATS:
        file = arguments.folder / f"{name}.json"
        if not file.is_file():
            print(f"{name:<12}left out: {file} is not there")
            continue
        try:
            format_ = find(name)
        except InvalidInput as error:
            print(f"{name:<12}left out: {error}")
            continue
        pairs = json.loads(file.read_text())
        timed = [measure(format_, index, pair, arguments.runs) for index, pair in enumerate(pairs)]
        print(report(name, timed))
        bad = bad or missed(timed)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
