"""Tries upcasters on events, in processes of their own, and writes down what is seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.upcasters.catalog import Catalog, Way
from harness.upcasters.events import Recorded, StoredEvent
from harness.upcasters.observations import (
    Attempt,
    Journey,
    Loading,
    Newness,
    Observations,
    Purpose,
    Versions,
)
from harness.upcasters.schemas import Schemas
from harness.upcasters.user_code.messages import Hop, Load, Loaded, Touched, Walk, Walked
from harness.upcasters.user_code.process import Limits, NoAnswer, UserProcess

EXAMPLES = 40
"""Events made from each schema."""
LOADINGS_MAX = 30
"""Events of one type that are loaded as the application loads them."""
HERE = {"PYTHONHASHSEED": "0", "TZ": "UTC0"}
ELSEWHERE = {"PYTHONHASHSEED": "1", "TZ": "XXX-5:45"}


@dataclass(frozen=True)
class Planned:
    event: StoredEvent
    way: Way
    purpose: Purpose


def try_upcasters(target: str, recorded: Recorded, schemas: Schemas, limits: Limits) -> Observations:
    """Raises InvalidInput if the user's code cannot be loaded."""
    with UserProcess(target, limits, HERE) as here, UserProcess(target, limits, ELSEWHERE) as elsewhere:
        catalog = here.catalog()
        versions = tuple(known_versions(catalog, recorded, schemas))
        events = {each.event_type: _events(each, recorded, schemas) for each in versions}
        planned = [plan for each in versions for plan in _plan(catalog, each, events[each.event_type])]
        first = _Tour(here)
        journeys = [journey for plan in planned if (journey := first.go(plan))]
        second = _Tour(elsewhere)
        journeys = [second.repeat(journey) for journey in reversed(journeys)][::-1]
        loadings = [loading for each in versions for loading in _load(here, each, events[each.event_type], journeys)]
    return Observations(
        catalog, schemas, versions, tuple(journeys), tuple(loadings), len(planned) - len(journeys), recorded.broken
    )


# ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────


def known_versions(catalog: Catalog, recorded: Recorded, schemas: Schemas) -> Iterator[Versions]:
    """Of each event type that has upcasters or a class, or more than one version."""
    bare = {each.rpartition(":")[2] for each in catalog.event_types}
    known = {*catalog.event_types, *(name for name in schemas.event_types if name not in bare)}
    for event_type in sorted(known | {name for name, _ in recorded.counts}):
        declared = catalog.declared.get(event_type)
        stored = dict.fromkeys(range(1, (declared or 0) + 1), "an upcaster")
        stored |= {step.source: "an upcaster" for step in catalog.upcasters(event_type)}
        stored |= dict.fromkeys(schemas.versions(event_type), "its schema")
        for (name, version), count in recorded.counts.items():
            if name == event_type:
                stored[version] = f"{count} recorded, the first at {recorded.kept[name, version][0].position}"
        targets = [step.target for step in catalog.upcasters(event_type)]
        readers = [step.source for step in catalog.downcasters(event_type)]
        newest = declared or max((*stored, *targets, *readers))
        if event_type in catalog.event_types or len(stored) > 1:
            is_reached = declared is not None or newest in targets
            yield Versions(event_type, dict(sorted(stored.items())), newest, declared is not None, is_reached)


def _events(versions: Versions, recorded: Recorded, schemas: Schemas) -> tuple[StoredEvent, ...]:
    """Recorded ones first."""
    numbers = (*versions.stored, *(number for number in schemas.versions(versions.event_type)))
    found: list[StoredEvent] = []
    for version in dict.fromkeys((*numbers, versions.newest)):
        found += recorded.events(versions.event_type, version)
        schema = schemas.of(versions.event_type, version)
        made = () if schema is None else schema.examples(EXAMPLES)
        found += [
            StoredEvent(versions.event_type, version, data, f"made {number} from schema {version}")
            for number, data in enumerate(made, 1)
        ]
    return tuple(found)


def _plan(catalog: Catalog, versions: Versions, events: Sequence[StoredEvent]) -> Iterator[Planned]:
    event_type, newest = versions.event_type, versions.newest
    normaliser = catalog.normaliser(event_type, newest)
    end: Way = () if normaliser is None else (normaliser,)
    for event in events:
        for way in catalog.ways(event_type, event.version, newest):
            if way or end:
                yield Planned(event, (*way, *end), Purpose.RAISE)
        for step in catalog.downcasters(event_type):
            for way in catalog.ways(event_type, event.version, step.target)[:1]:
                for up in catalog.ways(event_type, step.target, step.source)[:1]:
                    yield Planned(event, (*way, *up, step), Purpose.RETURN)


# ── trying ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Tour:
    """Goes ways in one process. A way on which it died or hung is not gone again."""

    def __init__(self, process: UserProcess) -> None:
        self._process = process
        self._barred: set[Way] = set()

    def go(self, plan: Planned) -> Journey | None:
        """None where the way is barred."""
        if plan.way in self._barred:
            return None
        first, again, touched = self._walk(plan.event, plan.way)
        return Journey(plan.event, plan.way, plan.purpose, first, again, None, touched)

    def repeat(self, journey: Journey) -> Journey:
        if not journey.is_complete or journey.way in self._barred:
            return journey
        elsewhere, _, touched = self._walk(journey.event, journey.way)
        return replace(journey, elsewhere=elsewhere, touched=tuple(dict.fromkeys((*journey.touched, *touched))))

    def _walk(self, event: StoredEvent, way: Way) -> tuple[Attempt, Attempt, tuple[Touched, ...]]:
        hops = tuple(Hop(step.source, step.target, step.down) for step in way)
        try:
            answer, touched = self._process.ask(Walk(event.event_type, event.data, hops))
        except NoAnswer as error:
            self._barred.add(way)
            lost = Attempt((), f"its process {error}", certain=error.certain)
            return lost, lost, error.touched
        assert isinstance(answer, Walked)
        first, again = Attempt(answer.states, answer.failure), Attempt(answer.states_again, answer.failure_again)
        return first, again, touched


def _load(
    process: UserProcess, versions: Versions, events: Sequence[StoredEvent], journeys: Sequence[Journey]
) -> Iterator[Loading]:
    event_type, newest = versions.event_type, versions.newest
    if not versions.is_reached:
        return
    raised = [
        StoredEvent(event_type, newest, journey.final, f"{journey.event.position}, raised")
        for journey in journeys
        if journey.event.event_type == event_type and journey.purpose is Purpose.RAISE and journey.is_complete
    ]
    current = [*(event for event in events if event.version == newest), *raised][:LOADINGS_MAX]
    newer = [event for event in events if event.version > newest][:LOADINGS_MAX]
    for newness, group in ((Newness.NEWEST, current), (Newness.NEWER, newer)):
        yield from (_loaded(process, event, newness) for event in group)
    if not newer:
        yield from _probed(process, StoredEvent(event_type, newest, current[0].data if current else {}, "made up"))


def _probed(process: UserProcess, event: StoredEvent) -> Iterator[Loading]:
    """Nothing if the event is refused as what it is too: that it is refused as newer would then say nothing."""
    if not _once(process, event, event.data).refusal:
        yield _loaded(process, replace(event, version=event.version + 1), Newness.PROBE)


def _loaded(process: UserProcess, event: StoredEvent, newness: Newness) -> Loading:
    first = _once(process, event, event.data)
    if first.refusal or newness is not Newness.NEWEST or not isinstance(first.state, dict):
        return Loading(event, newness, first.refusal, first.given, first.state, missing=first.missing)
    second = _once(process, event, first.state)
    return Loading(event, newness, second.refusal, first.given, first.state, second.state, first.missing)


def _once(process: UserProcess, event: StoredEvent, data: dict[str, Any]) -> Loaded:
    try:
        answer, _ = process.ask(Load(event.event_type, event.version, data))
    except NoAnswer as error:
        return Loaded(refusal=f"its process {error}")
    assert isinstance(answer, Loaded)
    return answer
