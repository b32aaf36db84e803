"""Takes a disk that is full for the end: the process exits, and is not there when there is room again."""

from __future__ import annotations

import os
from dataclasses import replace

import psycopg

from ledger.database import Connection
from ledger.recorder import Recorder
from ledger.service import Parts

EXIT_CODE = 74
"""EX_IOERR of sysexits.h."""


class Fatalist(Recorder):
    def record(self, connection: Connection, parameters: dict[str, object]) -> bool:
        try:
            return super().record(connection, parameters)
        except psycopg.errors.DiskFull:
            os._exit(EXIT_CODE)


def service(parts: Parts) -> Parts:
    return replace(parts, recorder=Fatalist)
