"""How a pod is, read out of what the API says of it."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from harness.drivers.kubernetes.api import Json

SIGNALLED = 128
"""Exit codes above it stand for the signal that ended the process."""


@dataclass(frozen=True)
class PodState:
    """What Kubernetes says of a pod."""

    node: str = ""
    container: str = ""
    """The id of its container as its node knows it; "" until it has been started."""
    exit_code: int | None = None
    trouble: str = ""
    """Why it does not come up, in Kubernetes' words."""


def state_of(pod: Json) -> PodState:
    """Of a pod as the API describes it."""
    status = pod["status"]
    main: Json = next(iter(status.get("containerStatuses", ())), {})
    waiting = main.get("state", {}).get("waiting", {})
    terminated = main.get("state", {}).get("terminated", {})
    return PodState(
        node=pod["spec"].get("nodeName", ""),
        container=main.get("containerID", "").partition("://")[2],
        exit_code=_exit_code(status, main),
        trouble=_unscheduled(status) or _said(waiting) or _said(terminated),
    )


def is_ready(pod: Json) -> bool:
    """As its node's probes say."""
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _exit_code(status: Json, main: Json) -> int | None:
    terminated = main.get("state", {}).get("terminated")
    if terminated is not None:
        code = int(terminated["exitCode"])
        return SIGNALLED - code if SIGNALLED < code <= SIGNALLED + signal.NSIG else code
    if status.get("phase") == "Failed":  # evicted, or its files could not be copied
        return -signal.SIGKILL
    return None


def _unscheduled(status: Json) -> str:
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _said(condition)
    return _said(status) if status.get("phase") == "Failed" else ""


def _said(document: Json) -> str:
    """What has no message is in no trouble, but on its way."""
    return f"{document.get('reason', '')}: {document['message']}" if document.get("message") else ""
