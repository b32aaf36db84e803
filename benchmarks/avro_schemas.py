"""How long it takes to read and decide a pair of Avro records that are wider than any that people write."""

from __future__ import annotations

import json
import sys
import time

from harness.schemas.avro import AvroFormat

FIELDS = 50_000
WORST_MS_MAX = 2000.0


def main() -> int:
    narrow, broad = wide("int"), wide("long")
    worst_ms = 0.0
    print(f"{FIELDS:,} fields{'parse ms':>16}{'decide ms':>12}   (processor time)")
    for name, reader, writer in (("same", narrow, narrow), ("wider", broad, narrow), ("narrower", narrow, broad)):
        parse_ms, decide_ms = took_ms(reader, writer)
        print(f"{name:<13}{parse_ms:>16.0f}{decide_ms:>12.0f}", flush=True)
        worst_ms = max(worst_ms, parse_ms + decide_ms)
    return int(worst_ms > WORST_MS_MAX)


def wide(kind: str) -> bytes:
    fields = [{"name": f"f{number}", "type": kind} for number in range(FIELDS)]
    return json.dumps({"type": "record", "name": "Wide", "fields": fields}).encode()


def took_ms(reader: bytes, writer: bytes) -> tuple[float, float]:
    """To read both, and to decide."""
    format_ = AvroFormat()
    began_s = time.process_time()
    schemas = format_.parse(reader), format_.parse(writer)
    parsed_s = time.process_time()
    format_.decide(*schemas)
    return (parsed_s - began_s) * 1000, (time.process_time() - parsed_s) * 1000


if __name__ == "__main__":
    sys.exit(main())
