"""What an environment says of its readers, as what replays them: where events come from, and versions as processes."""

from __future__ import annotations

import sys
from collections.abc import Callable

from harness.environment import Environment, Reader
from harness.placeholders import expand_all, expand_values
from harness.replay.versions import HELPER, Version
from harness.streams.sources import Source
from harness.streams.sources.nats import Nats
from harness.streams.sources.postgresql import Columns, PostgreSQL
from harness.versions import resolve


def version_of(reader: Reader, environment: Environment, name: str) -> Version:
    """The process that reads as the version `name` of the reader's service does. Raises InvalidInput."""
    absent = dict.fromkeys(("host", "port", "instance", *(f"{store.name}.url" for store in environment.stores)), "")
    values = {
        **absent,
        "python": sys.executable,
        "folder": str(environment.folder),
        "version": name,
        "helper": str(HELPER),
    }
    variables = {**reader.variables, **resolve(environment, name).variables}
    return Version(name, expand_all(reader.command, values), expand_values(variables, values), environment.folder)


def source_of(reader: Reader, environment: Environment, store_url: Callable[[str], str]) -> Source:
    """The live store or broker, past every link."""
    url = store_url(reader.store)
    if reader.table:
        return PostgreSQL(url, reader.table, Columns(**reader.columns), reader.version_field)
    consumer = environment.consumer
    if consumer is None or (consumer.store, consumer.stream) != (reader.store, reader.stream):
        return Nats(url, reader.stream, version_field=reader.version_field)
    return Nats(
        url,
        reader.stream,
        consumer.stream_header,
        consumer.position_header,
        consumer.type_header,
        version_field=reader.version_field,
    )
