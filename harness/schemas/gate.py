"""Readers before writers: may this version of a service write yet, with what is deployed now?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas.checking import Judge, exit_code
from harness.schemas.decision import Compatibility, Decision
from harness.schemas.folder import EventType, SchemaFile, SchemaFolder
from harness.schemas.version_order import version_key
from harness.toml_reader import Table, nearest
from harness.toml_values import build


@dataclass(frozen=True)
class ServiceVersion:
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @classmethod
    def parse(cls, text: str) -> ServiceVersion:
        """`ledger=2.0`. Raises InvalidInput."""
        name, equals, version = text.partition("=")
        if not (name and equals and version):
            raise InvalidInput(f"{text!r} is not SERVICE=VERSION, such as ledger=2.0")
        return cls(name, version)


@dataclass(frozen=True)
class Service:
    """What one version of a service knows of events, as a file of services says it."""

    name: str
    version: str
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Type of event → versions of its schema that it reads by, each on its own (as with upcasters)."""
    writes: Mapping[str, str] = field(default_factory=dict)
    """Type of event → version of its schema."""


@dataclass(frozen=True)
class Reading:
    """One deployed reader and one type of event that would be written."""

    reader: ServiceVersion
    type: str
    reads: tuple[str, ...]
    written: str
    decision: Decision
    """By that of the schemas it reads by which does best."""


@dataclass(frozen=True)
class GateAnswer:
    writer: ServiceVersion
    readings: tuple[Reading, ...]
    unread: tuple[str, ...]
    """Types that it writes and nobody deployed reads."""

    @property
    def exit_code(self) -> int:
        return exit_code((each.decision.compatibility for each in self.readings), broken=False)

    @property
    def word(self) -> str:
        return {0: "yes", 1: "no", 2: "unknown"}[self.exit_code]


@dataclass(frozen=True)
class Services:
    """A file of services: what they know, and which of them are deployed if it says so."""

    services: tuple[Service, ...]
    deployed: tuple[ServiceVersion, ...] = ()


def read_services(file: Path) -> Services:
    """From TOML: `deployed = ["ledger=1.1"]`, and a `[[service]]` each. Raises InvalidInput with file and line."""
    table = Table.read(file)
    table.expect(["service", "deployed"])
    with table.blame("deployed"):
        deployed = tuple(ServiceVersion.parse(each) for each in table.texts("deployed", ()))
    return Services(tuple(build(Service, each) for each in table.tables("service")), deployed)


def ask_gate(
    judge: Judge,
    folder: SchemaFolder,
    writer: ServiceVersion,
    deployed: Sequence[ServiceVersion],
    services: Sequence[Service] | None = None,
) -> GateAnswer:
    """Whether every deployed reader reads what `writer` would write.

    Without a list of services, each reads and writes every type by the newest schema that is not newer than itself.
    Raises InvalidInput for a service, type or version that is not known, and for schemas that are none.
    """
    catalogue = _Catalogue(folder, services)
    written = catalogue.find(writer).writes
    readings = [
        _reading(judge, catalogue, service, type_, reads, written[type_])
        for service in deployed
        for type_, reads in catalogue.find(service).reads.items()
        if type_ in written
    ]
    read = {each.type for each in readings}
    return GateAnswer(writer, tuple(readings), tuple(type_ for type_ in written if type_ not in read))


class _Catalogue:
    """What each service knows, and the files that this is said of."""

    def __init__(self, folder: SchemaFolder, services: Sequence[Service] | None) -> None:
        self._folder = folder
        self._types = {type_.name: type_ for type_ in folder.types}
        self._services = services

    def find(self, wanted: ServiceVersion) -> Service:
        if self._services is None:
            return _by_version(wanted, self._folder.types)
        for service in self._services:
            if (service.name, service.version) == (wanted.name, wanted.version):
                return service
        known = [f"{service.name}={service.version}" for service in self._services]
        raise InvalidInput(f"nothing says what {wanted} reads and writes; {_nearest(wanted, known)}")

    def schema(self, type_name: str, version: str) -> SchemaFile:
        if type_name not in self._types:
            raise InvalidInput(f"there is no type of event {type_name!r}; {nearest(type_name, self._types)}")
        versions = self._types[type_name].versions
        for each in versions:
            if each.version == version:
                return each
        known = ", ".join(each.version for each in versions)
        raise InvalidInput(f"{type_name} has no version {version!r}; it has {known}")


def _nearest(wanted: ServiceVersion, known: Iterable[str]) -> str:
    return nearest(f"{wanted.name}={wanted.version}", known)


def _by_version(service: ServiceVersion, types: Iterable[EventType]) -> Service:
    known = dict(_newest_known(service.version, types))
    reads = {type_: (version,) for type_, version in known.items()}
    return Service(service.name, service.version, reads, known)


def _newest_known(version: str, types: Iterable[EventType]) -> Iterator[tuple[str, str]]:
    for type_ in types:
        known = [each for each in type_.versions if version_key(each.version) <= version_key(version)]
        if known:
            yield type_.name, known[-1].version


def _reading(
    judge: Judge, catalogue: _Catalogue, service: ServiceVersion, type_: str, reads: tuple[str, ...], written: str
) -> Reading:
    if not reads:
        raise InvalidInput(f"{service} reads {type_} by no version; leave it out if it does not read it")
    writer = catalogue.schema(type_, written)
    decisions = [judge.decide(catalogue.schema(type_, version).file, writer.file) for version in reads]
    return Reading(service, type_, reads, written, min(decisions, key=lambda each: _BEST[each.compatibility]))


_BEST: Mapping[Compatibility, int] = {
    Compatibility.COMPATIBLE: 0,
    Compatibility.UNKNOWN: 1,
    Compatibility.INCOMPATIBLE: 2,
}
