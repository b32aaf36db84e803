"""A read model that is built aside: waiting until it has caught up, and holding it against the one that serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from harness.environment import Environment, Events, Projection
from harness.errors import HarnessError
from harness.events.store import StoreReader
from harness.history import Kind, Row
from harness.lanes.stage import Stage
from harness.protocols import CatchUp, Setback, Verify
from harness.replay.properties.projections import Built, Projections

POLL_S = 0.1
LAG_S_MAX = 1.0


@dataclass(frozen=True)
class Rebuilding:
    environment: Environment
    store_url: Callable[[str], str]
    stage: Stage
    heed_abort: Callable[[], None]
    open_store: Callable[[str], StoreReader] = StoreReader

    def perform(self, action: CatchUp | Verify) -> None:
        """Raises Setback if it does not come to that in time, or if the read models differ."""
        events, projection = self.environment.events, self.environment.projection
        if events is None or projection is None or not (projection.rebuilt_query and projection.rebuilt_head):
            raise Setback("the environment does not say how a read model that is built aside is read")
        try:
            with (
                self.open_store(self.store_url(events.store)) as store,
                self.open_store(self.store_url(projection.store)) as model,
            ):
                if isinstance(action, CatchUp):
                    self._catch_up(action, store, events, model, projection)
                else:
                    self._verify(action, model, projection)
        except HarnessError as error:
            raise Setback(f"the read model of {action.version} cannot be judged: {error}") from error

    def _catch_up(
        self, action: CatchUp, store: StoreReader, events: Events, model: StoreReader, projection: Projection
    ) -> None:
        """While events go on to come: what the store held when it was asked is shown soon after."""
        deadline_ns = self._deadline_ns(action)
        head, asked_ns = store.number(events.head), self.stage.now_ns()
        while (reached := model.number(projection.rebuilt_head)) < head or self._late(asked_ns):
            if reached >= head:
                head, asked_ns = store.number(events.head), self.stage.now_ns()
                continue
            self._wait(deadline_ns, f"the read model of {action.version} shows {reached} of {head} events")
        self._note(f"the read model of {action.version} has caught up: it shows {reached} events")

    def _late(self, asked_ns: int) -> bool:
        return self.stage.now_ns() - asked_ns > LAG_S_MAX * 1e9

    def _verify(self, action: Verify, model: StoreReader, projection: Projection) -> None:
        """Streams change meanwhile, so each is compared once both show it up to the same event."""
        deadline_ns = self._deadline_ns(action)
        left: set[str] | None = None
        seen = 0
        while left is None or left:
            rows = model.rebuilt(projection)
            alike = [row for row in rows if row[2] == row[4]]
            self._compare(action.version, alike)
            left = ({str(row[0]) for row in rows} if left is None else left) - {str(row[0]) for row in alike}
            seen = max(seen, len(rows))
            if left:
                self._wait(deadline_ns, f"the read model of {action.version} shows {len(left)} of {seen} streams apart")
        if not seen:
            raise Setback(f"there is no stream by which the read model of {action.version} could be verified")
        self._note(f"the read model of {action.version} is as the one that serves, in all of {seen} streams")

    def _compare(self, version: str, alike: list[Row]) -> None:
        rebuilt, live = (json.dumps({str(row[0]): row[column] for row in alike}).encode() for column in (1, 3))
        found = list(Projections().violations(Built("live", rebuilt, live)))
        if found:
            _, pointer, first, second = found[0]
            said = f"{first} for the stream {str(pointer)[1:]}, and the one that serves {second}"
            more = f", and {len(found) - 1} more are apart" if len(found) > 1 else ""
            raise Setback(f"the read model of {version} shows {said}{more}")

    def _deadline_ns(self, action: CatchUp | Verify) -> int:
        return self.stage.now_ns() + round(action.timeout_s * 1e9)

    def _wait(self, deadline_ns: int, said: str) -> None:
        self.heed_abort()
        if self.stage.now_ns() > deadline_ns:
            raise Setback(f"{said}, and time is up")
        self.stage.sleep(POLL_S)

    def _note(self, text: str) -> None:
        self.stage.record(Kind.NOTE, "read model", {"text": text})
