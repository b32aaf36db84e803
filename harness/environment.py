"""A system under test, as data: one folder in `environments/`, read from its environment.toml.

Strings that are handed to processes (commands, variables, arguments) may hold these placeholders, and no others:
`{python}` this interpreter, `{folder}` the environment's folder, `{host}` and `{port}` where the instance is to
listen, `{instance}` its name, `{version}` its version as the scenario names it, `{<store>.url}` the address of a store
as this service must use it (through its link), e.g. `{postgres.url}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.bounds import not_negative, positive


class StoreKind(StrEnum):
    POSTGRES = "postgres"
    NATS = "nats"


@dataclass(frozen=True)
class Store:
    """A stateful server that the harness starts and resets: PostgreSQL (one database) or NATS with JetStream."""

    name: str
    kind: StoreKind
    settings: Mapping[str, str] = field(default_factory=dict)
    """Server settings, e.g. `max_connections = "200"`."""
    image: str = ""
    """What a container of it is made of; empty: the usual image of its kind."""


@dataclass(frozen=True)
class Service:
    """A process of the system under test, run in `replicas` instances.

    A routed service is reached by users through the router; a worker (projector, relay, …) is not.
    """

    name: str
    command: tuple[str, ...]
    replicas: int
    routed: bool
    live_path: str = "/live"
    ready_path: str = "/ready"
    variables: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    """Names of the stores it talks to; each pair of an instance and a store is a link that faults can break."""
    ready_timeout_s: float = 15.0
    stop_grace_s: float = 10.0
    """From SIGTERM to SIGKILL."""

    def __post_init__(self) -> None:
        positive(replicas=self.replicas, ready_timeout_s=self.ready_timeout_s)
        not_negative(stop_grace_s=self.stop_grace_s)
        if not self.command:
            raise ValueError("command is empty")


@dataclass(frozen=True)
class Image:
    """How containers of the services are made: one image a version, which migrations run in too.

    `name` may hold `{version}`. It is built from `build`, a folder with a Dockerfile beside environment.toml, with the
    version as the argument VERSION; where `build` is empty, it must be there or be pulled.
    """

    name: str
    build: str = ""
    python: str = "python"
    """What `{python}` stands for in it."""
    folder: str = "/app"
    """What `{folder}` stands for in it."""


@dataclass(frozen=True)
class Kubernetes:
    """The environment as a team deploys it to Kubernetes by itself, for the driver `kubernetes`.

    `manifests` is a folder beside environment.toml, with YAML files or a kustomization.yaml. Services are the
    Deployments of their names, the routed one with a Service of that name too; stores are the StatefulSets and Services
    of theirs. Texts may hold `{namespace}`, `{version}`, `{image}` and `{<store>.image}`.

    An overlay is a file of partial manifests. Each is laid over the one of its kind and name: tables are merged, so
    are lists whose elements have names, anything else is replaced; null removes, and `$patch: delete` the whole.
    """

    manifests: str = "kubernetes"


@dataclass(frozen=True)
class Version:
    """One release. A scenario names it, with variants switched on, as `2.0` or `2.0+no-upcaster+slow`."""

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    expand: tuple[str, ...] = ()
    """Command run once before the first instance of this version: only adds to the stores. Empty: nothing to do."""
    contract: tuple[str, ...] = ()
    """Command run once after the change is complete: removes what only older versions needed."""
    back: tuple[str, ...] = ()
    """Command run once after a rollback away from this version."""
    switch: tuple[str, ...] = ()
    """Command that lets the read model serve that this version has built aside, and keeps the one that served. It fails
    rather than let one serve that is behind."""
    switch_back: tuple[str, ...] = ()
    """Command that lets the old one serve again; nothing where it was not switched."""
    overlays: tuple[str, ...] = ()
    """Files with what of the manifests is other at this version; see Kubernetes."""


@dataclass(frozen=True)
class Variant:
    """What switches on an alternative in some versions, by variables or manifests: a defect, an experiment, a flag."""

    name: str
    summary: str
    variables: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    """Versions that know this variant; empty means all."""
    overlays: tuple[str, ...] = ()
    """Files with what of the manifests is other with it; see Kubernetes."""


@dataclass(frozen=True)
class Headers:
    """Response headers by which an answer tells who gave it, and how far the stream it shows has come."""

    version: str = "x-version"
    instance: str = "x-instance"
    position: str = "x-position"


@dataclass(frozen=True)
class Router:
    """The proxy in front of the routed service. `retries` are off unless a scenario asks for them; they are counted."""

    request_timeout_s: float = 5.0
    health_interval_s: float = 0.25
    health_timeout_s: float = 0.5
    retry_on: str = ""
    retries: int = 0

    def __post_init__(self) -> None:
        positive(
            request_timeout_s=self.request_timeout_s,
            health_interval_s=self.health_interval_s,
            health_timeout_s=self.health_timeout_s,
        )
        not_negative(retries=self.retries)


@dataclass(frozen=True)
class Operation:
    """What a load's operation means to the checkers."""

    name: str
    writes: bool
    conserves: bool = False
    """The amounts of its events sum to zero: nothing is made or destroyed."""
    lasting: bool = False
    """It takes its time on purpose (a download, a stream), so its latency says nothing."""


@dataclass(frozen=True)
class Events:
    """How the event store is read. Queries run on the store itself, not through a link.

    `query` gives one row an event: stream TEXT, position BIGINT (1.. within the stream), key BIGINT (the operation
    that caused it, as the load sent it; null if none), type TEXT, amount BIGINT (its signed effect on the stream's
    value; 0 if none), sequence BIGINT (order in the whole store).
    `head` gives one number: the highest sequence.
    """

    store: str
    query: str
    head: str


@dataclass(frozen=True)
class Consumer:
    """How published events are observed: a JetStream stream whose messages carry, as headers, what `Events` rows do."""

    store: str
    stream: str
    subjects: tuple[str, ...]
    stream_header: str = "Event-Stream"
    position_header: str = "Event-Position"
    key_header: str = "Event-Key"
    type_header: str = "Event-Type"


@dataclass(frozen=True)
class Projection:
    """The read model. `query` gives: stream TEXT, value BIGINT, position BIGINT (last applied in that stream).

    `head` gives one number: the sequence of the store up to which it is complete. `rebuilt_query` and `rebuilt_head`
    give the same of a read model that a new version builds aside, until it is switched.
    """

    store: str
    query: str
    head: str
    rebuilt_query: str = ""
    rebuilt_head: str = ""


@dataclass(frozen=True)
class Reader:
    """How a service's code reads recorded events, so that a run can replay them through each of its versions.

    `command` speaks the protocol of docs/replay.md. It runs on the harness's own machine, once a version, with these
    variables and the version's own; `{helper}` is the path of the helper that ships, `{python}`, `{folder}` and
    `{version}` are as everywhere, and what only instances have (ports, stores) is empty.
    """

    service: str
    store: str
    """Where the events are: a table of a PostgreSQL, or a stream of a NATS."""
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of the table's columns, where they are not those of the eventsourcing library."""
    stream: str = ""
    """Its messages carry the headers that `Consumer` says."""
    version_field: str = "class_version"
    """Field of an event's data that says the version of its schema."""
    ignored: tuple[str, ...] = ()
    """JSON Pointers to places of the state in which versions may differ; `*` is any one step."""

    def __post_init__(self) -> None:
        if not self.command:
            raise ValueError("command is empty")
        if bool(self.table) == bool(self.stream):
            raise ValueError("table or stream is needed, and not both")


@dataclass(frozen=True)
class Environment:
    name: str
    folder: Path
    stores: tuple[Store, ...]
    services: tuple[Service, ...]
    versions: tuple[Version, ...]
    variants: tuple[Variant, ...] = ()
    operations: tuple[Operation, ...] = ()
    headers: Headers = Headers()
    router: Router = Router()
    setup: tuple[str, ...] = ()
    """Command run once on empty stores, before anything else: creates the schema of the oldest version."""
    smoke_paths: tuple[str, ...] = ()
    """Paths that must answer below 400 on a new instance before it gets traffic."""
    events: Events | None = None
    consumer: Consumer | None = None
    projection: Projection | None = None
    readers: tuple[Reader, ...] = ()
    image: Image | None = None
    """Needed by the drivers that run containers."""
    kubernetes: Kubernetes | None = None
    """Needed by the driver `kubernetes`."""

    @property
    def routed(self) -> Service:
        """The one service that users reach through the router."""
        return next(service for service in self.services if service.routed)

    @property
    def workers(self) -> tuple[Service, ...]:
        return tuple(service for service in self.services if not service.routed)
