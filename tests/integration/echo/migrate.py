"""A migration that leaves a trace: a row in PostgreSQL that says for which version it ran."""

from __future__ import annotations

import os
import sys

import psycopg

if sys.argv[1] == "fail":
    sys.exit("this migration cannot be done")
with psycopg.connect(os.environ["POSTGRES_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (n SERIAL, what TEXT)")
    connection.execute("INSERT INTO migrations (what) VALUES (%s)", (" ".join(sys.argv[1:]),))
