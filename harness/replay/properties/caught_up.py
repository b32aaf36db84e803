"""Who says that it has caught up has: measured by the shards that there should be, not by the checkpoints that are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.replay.properties import Property, Record


@dataclass(frozen=True)
class Claim:
    """What a projection said of itself at one time.

    `heads` are the last positions of all shards that the store has, `checkpoints` what was noted of those that were
    begun. `calm`: nothing was written for so long that a projection at work would be through.
    """

    projection: str
    says_caught_up: bool
    heads: Mapping[str, int]
    checkpoints: Mapping[str, int]
    calm: bool = False

    def behind(self) -> dict[str, int | None]:
        """The shards that it is not through with, with their checkpoints; None without one."""
        return {
            shard: self.checkpoints.get(shard)
            for shard, head in self.heads.items()
            if self.checkpoints.get(shard, -1) < head
        }


class CaughtUp(Property[Claim]):
    name = "caught-up"
    title = "Claims that are not so"
    columns: ClassVar = ("projection", "shard", "head", "checkpoint", "what")
    holds = "{cases} claims to have caught up, or not, were true."
    fails = "{violations} shards are otherwise than the projection says."

    def violations(self, case: Claim) -> Iterator[Record]:
        behind = case.behind()
        if case.says_caught_up:
            for shard, checkpoint in behind.items():
                what = (
                    "said to be caught up; has no checkpoint"
                    if checkpoint is None
                    else "said to be caught up; is behind"
                )
                yield (case.projection, shard, case.heads[shard], checkpoint, what)
        elif case.calm and case.heads and not behind:
            yield (case.projection, "all", None, None, "said not to be caught up; is through")

    def undecided(self, case: Claim) -> str:
        return "" if case.heads else "it is not known which shards there should be"
