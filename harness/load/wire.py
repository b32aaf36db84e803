"""What the harness and an agent say to each other: HTTP, so that it can be watched with any tool.

    GET  /clock      what the worker's monotonic clock shows, as text
    GET  /news       News, from the places `?requests=…&journal=…&log=…` on
    POST /commands   one plan.Command, its times by the worker's clock
    POST /kill       SIGKILL for the worker
    POST /leave      everything has been collected: the agent ends

Each request carries the run's token, so that nobody else can start a load, or read what it recorded.
"""

from __future__ import annotations

import hmac
from pathlib import Path

import msgspec

GIVEN = Path("/given")
"""Where an agent finds the files that it is given."""
WORK = Path("/load")
"""Where its worker writes."""
TOKEN = "token"
"""The file with the token."""
LOCUSTFILE = "locustfile.py"
INDEX = "JOB_COMPLETION_INDEX"
"""The variable with the worker's number, as Kubernetes calls that of a pod among those of its Job."""
PORT = 8089
CLOCK, NEWS, COMMANDS, KILL, LEAVE = "/clock", "/news", "/commands", "/kill", "/leave"
TOKEN_HEADER = "Authorization"


class News(msgspec.Struct, frozen=True):
    """What a worker has recorded since the harness last asked."""

    life: str
    """Of the agent. Another one in its place knows nothing of what was recorded before."""
    requests: bytes
    """Whole records."""
    journal: bytes
    """Whole lines, with all names that `requests` use."""
    log: bytes
    more: bool
    """There is more to be had at once."""
    exit_code: int | None
    """Of the worker, once it has ended; what is not here then, and not `more`, does not exist."""


def plan_name(number: int) -> str:
    """The file with that worker's plan."""
    return f"load-{number}.plan.json"


def credentials(token: str) -> str:
    """The header's value."""
    return f"Bearer {token}"


def admits(token: str, given: str | None) -> bool:
    return hmac.compare_digest(credentials(token).encode(), (given or "").encode())
