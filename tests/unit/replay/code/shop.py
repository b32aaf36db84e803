"""User's code in several versions, healthy and not, as the tests replay it. Imports nothing of the harness."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


def _amount(event: Any) -> int:
    amount = event.data["amount"]
    return int(amount if isinstance(amount, int) else amount["cents"])


def healthy(state: Any, event: Any) -> Any:
    state = state or {"balance": 0, "events": 0}
    return {"balance": state["balance"] + _amount(event), "events": state["events"] + 1}


def with_currency(state: Any, event: Any) -> Any:
    return {**healthy(state, event), "currency": event.data.get("currency", "EUR")}


def wrong_above_100(state: Any, event: Any) -> Any:
    """A defect: large amounts count twice, once a stream has seen a refund."""
    after = healthy(state, event)
    refunded = bool(state and state.get("refunded")) or event.type == "refunded"
    if refunded and _amount(event) > 100:
        after["balance"] += _amount(event)
    return {**after, "refunded": refunded}


def old_fold(state: Any, event: Any) -> Any:
    """Knows amounts as numbers only."""
    state = state or {"balance": 0, "events": 0}
    return {"balance": state["balance"] + event.data["amount"], "events": state["events"] + 1}


def crashes(state: Any, event: Any) -> Any:
    if event.data.get("poison"):
        sys.stderr.write("about to die\n")
        sys.stderr.flush()
        os._exit(3)
    return healthy(state, event)


def quotes(state: Any, event: Any) -> Any:
    raise ValueError(f"cannot read {event.data}")


def hangs(state: Any, event: Any) -> Any:
    if event.data.get("poison"):
        time.sleep(3600)
    return healthy(state, event)


def prints(state: Any, event: Any) -> Any:
    print("hello from the user's code")  # noqa: T201
    return healthy(state, event)


def unshowable(state: Any, event: Any) -> Any:
    return object()


def writes_a_file(state: Any, event: Any) -> Any:
    Path(os.environ["TARGET"]).write_text("sent")
    return healthy(state, event)


def connects(state: Any, event: Any) -> Any:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
    return healthy(state, event)


def starts_a_process(state: Any, event: Any) -> Any:
    subprocess.run(["true"], check=True)
    return healthy(state, event)


def reads_a_file(state: Any, event: Any) -> Any:
    Path(__file__).read_text()
    return healthy(state, event)


class Resumable:
    """Snapshots that carry their version and are not used by another."""

    version = 1

    @staticmethod
    def fold(state: Any, event: Any) -> Any:
        return healthy(state, event)

    @classmethod
    def dump(cls, state: Any) -> Any:
        return state

    @classmethod
    def restore(cls, snapshot: Any) -> Any:
        return snapshot


class Stale(Resumable):
    """A defect: a later version that takes the earlier one's snapshots as they are, without what it adds."""

    @staticmethod
    def fold(state: Any, event: Any) -> Any:
        state = state or {"balance": 0, "events": 0, "largest": 0}
        after = healthy(state, event)
        return {**after, "largest": max(state.get("largest", 0), _amount(event))}


class Renewed(Stale):
    """Healthy: refuses snapshots without what it adds."""

    @classmethod
    def restore(cls, snapshot: Any) -> Any:
        if "largest" not in snapshot:
            raise ValueError("this snapshot is of an earlier version")
        return snapshot


def ordered(state: Any, event: Any) -> Any:
    return [*(state or []), event.data["amount"]]


def needs_a_name(state: Any, event: Any) -> Any:
    """A defect: without the name, which a shredded key hides, nothing goes on."""
    name = event.data["name"] if event.position == 1 and event.stream == "a" else (state or {}).get("name", "")
    return {**healthy(state, event), "name": name}


def stands_no_name(state: Any, event: Any) -> Any:
    return {**healthy(state, event), "name": event.data.get("name", (state or {}).get("name", ""))}
