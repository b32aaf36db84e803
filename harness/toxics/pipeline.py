"""The toxics that one stream of one connection goes through, in their order. No sockets and no clock here either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.toxics.stages import STAGES, Bytes, Chunk, End, Release, Stage
from harness.toxics.toxic import Dice, Toxic


class Pipeline:
    """Stages by the names of their toxics, the first to be added first.

    A stage is asked for no more than the next has room for, the last for no more than its stream's destination has.
    """

    def __init__(self, dice: Dice, number: int) -> None:
        self._dice = dice
        self._number = number
        self._stages: dict[str, Stage] = {}
        self._left: list[Release] = []
        """What toxics that were taken away held, on its way to the destination."""
        self._cut = False

    def __bool__(self) -> bool:
        return bool(self._stages or self._left)

    def has_room(self) -> bool:
        """Whether the source is to be read: not beyond a toxic that has ended the stream."""
        first = next(iter(self._stages.values()), None)
        return not self._cut and (first.has_room() if first else not self._left)

    def offer(self, data: Bytes, now_s: float) -> None:
        self._pass_on(Chunk(data, now_s), 0, now_s)

    def finish(self, end: End, now_s: float) -> None:
        self._pass_on(end, 0, now_s)

    def pump(self, now_s: float, ready: Callable[[], bool]) -> Iterator[Release]:
        """All that is due at the destination, as long as that is `ready` for it."""
        while ready():
            if self._left:
                yield self._left.pop(0)
            elif not self._advance(now_s):
                return

    def due_s(self, now_s: float) -> float | None:
        """When it is worth pumping again, though nothing new was offered and the destination is as ready as it was."""
        dues = (stage.due_s() for stage in self._stages.values() if not stage.over)
        return min((due_s for due_s in dues if due_s is not None and due_s > now_s), default=None)

    def arrange(self, toxics: Sequence[Toxic], now_s: float) -> None:
        """From now on go through these; what those held that are gone goes on at once."""
        wanted = {toxic.name: toxic for toxic in toxics}
        for index, name in reversed(list(enumerate(self._stages))):
            if name not in wanted:
                self._retire(index, name, now_s)
        self._stages = {name: self._stage(toxic, now_s) for name, toxic in wanted.items()}

    def _stage(self, toxic: Toxic, now_s: float) -> Stage:
        stage = self._stages.get(toxic.name)
        if stage is None:
            return STAGES[toxic.kind](toxic.attributes, self._dice.of(toxic.name, self._number), now_s)
        if stage.attributes != toxic.attributes:
            stage.revise(toxic.attributes, now_s)
        return stage

    def _retire(self, index: int, name: str, now_s: float) -> None:
        stage = self._stages.pop(name)
        if not stage.over:
            for release in stage.retire(now_s):
                self._pass_on(release, index, now_s)

    def _advance(self, now_s: float) -> bool:
        """Move what is due by one stage, the last stage first; False if nothing is."""
        stages = list(self._stages.values())
        for index in range(len(stages) - 1, -1, -1):
            stage = stages[index]
            blocked = index + 1 < len(stages) and not stages[index + 1].has_room()
            if not stage.over and not blocked and (release := stage.release(now_s)) is not None:
                stage.over = isinstance(release, End)
                self._pass_on(release, index + 1, now_s)
                return True
        return False

    def _pass_on(self, release: Release, index: int, now_s: float) -> None:
        """To the stage at `index`, or to the destination where there is none."""
        if isinstance(release, End) and release is not End.FINISHED:
            self._cut = True
        stages = list(self._stages.values())
        if index >= len(stages):
            self._left.append(release)
        elif isinstance(release, Chunk):
            stages[index].offer(release, now_s)
        else:
            stages[index].finish(release, now_s)
