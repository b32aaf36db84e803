"""How long it takes to decide a pair of Protobuf schemas: those of the corpus, and larger ones than people write."""

from __future__ import annotations

import statistics
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from harness.schemas.protobuf import ProtobufFormat, ProtobufSchema
from tests.unit.schemas.protobuf.compiling import compiled, proto3

CORPUS = Path(__file__).parents[1] / "tests" / "corpus" / "protobuf"
MEDIAN_MS_MAX = 50.0
WORST_MS_MAX = 2000.0
FIELDS = 2_000


def main() -> int:
    small = [took_ms(reader, writer) for reader, writer in corpus()]
    large = [took_ms(reader, writer) for reader, writer in wide()]
    print(f"corpus       {len(small)} pairs, median {statistics.median(small):.1f} ms, worst {max(small):.1f} ms")
    print(f"{FIELDS} fields  {len(large)} pairs, worst {max(large):.0f} ms")
    return int(statistics.median(small) > MEDIAN_MS_MAX or max(*small, *large) > WORST_MS_MAX)


def corpus() -> Iterator[tuple[ProtobufSchema, ProtobufSchema]]:
    for file in sorted(CORPUS.glob("*/*.toml")):
        case = tomllib.loads(file.read_text())
        old, new = compiled(case["old"]), compiled(case["new"])
        yield from ((new, old), (old, new), (new, new))


def wide() -> Iterator[tuple[ProtobufSchema, ProtobufSchema]]:
    narrow, broad = (
        proto3("".join(f"{kind} f{number} = {number};" for number in range(1, FIELDS + 1)))
        for kind in ("int32", "int64")
    )
    yield from ((broad, narrow), (narrow, broad), (broad, broad))


def took_ms(reader: ProtobufSchema, writer: ProtobufSchema) -> float:
    """Processor time."""
    began = time.process_time()
    ProtobufFormat().decide(reader, writer)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
