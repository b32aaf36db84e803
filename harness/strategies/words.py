"""Actions in words, for the plan, the timeline and error messages."""

from __future__ import annotations

from harness.protocols import Action, Add, Announce, AwaitReady, Migrate, Remove, Route, Smoke, WarmUp, Watch


def describe(action: Action) -> str:
    """An action in a few words, for the plan, the timeline and error messages."""
    match action:
        case Announce(step):
            return f"step {step}"
        case Add(service, version):
            return f"add {service} {version}"
        case AwaitReady(name):
            return f"await {name} ready"
        case Smoke(name):
            return f"smoke test {name}"
        case WarmUp(name, requests):
            return f"warm up {name} with {requests} requests"
        case Route(weights):
            return "route " + ", ".join(f"{version} {weight}" for version, weight in weights.items())
        case Remove(name):
            return f"remove {name}"
        case Watch(duration_s, version, gate):
            return f"watch {version} for {duration_s:g} s" + (" (no gate)" if gate is None else "")
        case Migrate(phase, version):
            return f"{phase} {version}"
