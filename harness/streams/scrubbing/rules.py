"""Rules that say what becomes of each part of an event.

[scrub]
unknown = "deny"                  # what no rule speaks of ends the recording; or "remove", "keep"
key_variable = "SCRUB_KEY"        # the environment variable that holds the key of `hash`

[[scrub.rules]]
path = "/data/customer/email"     # a JSON Pointer into {"stream", "data", "metadata"}; * is any one step
action = "hash"
type = "customer.*"               # of which events; all if it is left out
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from harness.errors import InvalidInput

Step: TypeAlias = str
Steps: TypeAlias = tuple[Step, ...]
"""A path as its steps; an array's elements are all the step `*`."""

ANY: Final = "*"
ROOTS: Final = ("stream", "data", "metadata")
KEY_BYTES_MIN: Final = 16


class Action(StrEnum):
    KEEP = "keep"
    REMOVE = "remove"
    CONSTANT = "constant"
    """Replaced by `value`."""
    HASH = "hash"
    """Replaced by a keyed hash: equal values stay equal, and nobody without the key can try values out."""
    MASK = "mask"
    """Letters become x and digits 0, numbers 0, booleans false: the form stays, and the length."""


class Unknown(StrEnum):
    """What becomes of what no rule speaks of."""

    DENY = "deny"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True)
class Rule:
    path: str
    action: Action
    type: str = "*"
    """A pattern as in a shell."""
    value: str = ""
    """What `constant` puts in place."""

    def __post_init__(self) -> None:
        """Raises ValueError for a path that leads nowhere."""
        if self.steps[:1] and self.steps[0] not in ROOTS:
            raise ValueError(f"path must begin with {', '.join('/' + root for root in ROOTS)}, not {self.path!r}")
        if not self.steps:
            raise ValueError(f"path must be a JSON Pointer such as /data/name, not {self.path!r}")
        if self.value and self.action is not Action.CONSTANT:
            raise ValueError(f"value belongs to the action constant, not to {self.action.value}")

    @property
    def steps(self) -> Steps:
        """Empty if the path is none."""
        if not self.path.startswith("/"):
            return ()
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in self.path[1:].split("/"))

    def is_for(self, event_type: str) -> bool:
        return fnmatchcase(event_type, self.type)


@dataclass(frozen=True)
class Rules:
    """All rules of a recording. Where several speak of a part, the longest path counts, and then the first."""

    rules: tuple[Rule, ...] = ()
    unknown: Unknown = Unknown.DENY
    key_variable: str = ""

    def key(self, variables: Mapping[str, str] = os.environ) -> bytes:
        """The key of the hashes; empty if no rule makes any. Raises InvalidInput if there is none, or a short one."""
        if not any(rule.action is Action.HASH for rule in self.rules):
            return b""
        if not self.key_variable:
            raise InvalidInput("a rule hashes, so [scrub] needs key_variable: the variable that holds the key")
        key = variables.get(self.key_variable, "").encode()
        if len(key) < KEY_BYTES_MIN:
            raise InvalidInput(f"the variable {self.key_variable} must hold a key of {KEY_BYTES_MIN} bytes or more")
        return key


def pointer(steps: Steps) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
