"""What is wrong with a pod, as text for people: `kubectl describe`, without what may be secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.pods_state import state_of


def wrong_with(pod: Json) -> str:
    """In a few words that stay the same as long as it is the same; "" if nothing is."""
    state = state_of(pod)
    if state.exit_code:
        return f"ended with code {state.exit_code}"
    if state.trouble:
        return state.trouble.partition(":")[0]
    for container in pod["status"].get("containerStatuses", ()):
        last = container.get("lastState", {}).get("terminated", {})
        if last.get("exitCode"):
            return f"ended with code {last['exitCode']} ({last.get('reason')}), restart {container['restartCount']}"
    return ""


def described(pod: Json, events: Sequence[str]) -> str:
    """Its conditions, the states of its containers, and `events`, as lines. Variables and files are left out."""
    return "\n".join([*_lines(pod), *(f"    {event}" for event in events or ["none yet"])]) + "\n\n"


def _lines(pod: Json) -> Iterator[str]:
    status = pod["status"]
    yield f"Pod {pod['metadata']['name']}: {wrong_with(pod) or 'nothing wrong'}"
    yield f"  node   {pod['spec'].get('nodeName', 'none')}"
    yield f"  phase  {_joined(status.get('phase'), status.get('reason'), status.get('message'))}"
    yield "  conditions"
    for condition in status.get("conditions", ()):
        why = _joined(condition.get("reason"), condition.get("message"))
        yield f"    {condition['type']} {condition['status']} {why}".rstrip()
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        yield f"  container {container['name']} of {container['image']}, restarted {container['restartCount']} times"
        yield f"    now   {_state(container.get('state', {}))}"
        if container.get("lastState"):
            yield f"    last  {_state(container['lastState'])}"
    yield "  events"


def _state(state: Json) -> str:
    for name, facts in state.items():
        code = f"exit code {facts['exitCode']}" if "exitCode" in facts else None
        times = " to ".join(facts[key] for key in ("startedAt", "finishedAt") if facts.get(key))
        return _joined(name, facts.get("reason"), code, times, facts.get("message"))
    return "unknown"


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)
