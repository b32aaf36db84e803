"""Rows of Python values as a table of DuckDB, by way of numpy arrays: row-wise inserts take a hundred times as long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

_DTYPES = {
    "BIGINT": np.int64,
    "INTEGER": np.int32,
    "USMALLINT": np.uint16,
    "UTINYINT": np.uint8,
    "BOOLEAN": np.bool_,
    "DOUBLE": np.float64,
}


def create_table(
    connection: duckdb.DuckDBPyConnection, name: str, schema: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    """`rows` hold their values in the order of `schema`, which maps a column to its SQL type. None is null."""
    columns = ", ".join(f'"{column}" {sql_type}' for column, sql_type in schema.items())
    connection.execute(f"CREATE TABLE {name} ({columns})")
    if rows:
        arrays = {
            column: _array(sql_type, values)
            for (column, sql_type), values in zip(schema.items(), zip(*rows, strict=True), strict=True)
        }
        connection.register("arriving", arrays)
        chosen = ", ".join(f'"{column}"' for column in schema)
        connection.execute(f"INSERT INTO {name} SELECT {chosen} FROM arriving")
        connection.unregister("arriving")


def _array(sql_type: str, values: Sequence[Any]) -> Any:
    if sql_type == "VARCHAR":
        return np.array(values, dtype=object)
    missing = [value is None for value in values]
    filled = [0 if value is None else value for value in values]
    return np.ma.masked_array(filled, mask=missing, dtype=_DTYPES[sql_type])
