"""Actions in words, for the plan, the timeline and error messages."""

from __future__ import annotations

import shlex

from harness.protocols import (
    Action,
    Add,
    Announce,
    Apply,
    AwaitReady,
    AwaitRollout,
    CatchUp,
    Migrate,
    Remove,
    RolloutPolicy,
    Route,
    Run,
    Smoke,
    Undo,
    Verify,
    WarmUp,
    Watch,
)


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
        case Watch(duration_s, version, gate, analysis, _):
            blind = " (no gate)" if gate is None and analysis is None else ""
            return f"watch {version} for {duration_s:g} s{blind}"
        case CatchUp() | Verify() | Migrate():
            return _describe_stores(action)
        case Apply() | AwaitRollout() | Undo() | Run():
            return _describe_platform(action)


def _describe_stores(action: CatchUp | Verify | Migrate) -> str:
    match action:
        case CatchUp(version):
            return f"await the read model of {version} caught up"
        case Verify(version):
            return f"verify the read model of {version}"
        case Migrate(phase, version):
            return f"{phase.replace('_', ' ')} {version}"


def _describe_platform(action: Apply | AwaitRollout | Undo | Run) -> str:
    match action:
        case Apply(service, version, policy):
            return f"apply {service} {version}{_policy(policy)}"
        case AwaitRollout(service, version):
            return f"await rollout of {service} {version}"
        case Undo(service):
            return f"undo rollout of {service}"
        case Run(argv):
            return f"run {shlex.join(argv)}"


def _policy(policy: RolloutPolicy) -> str:
    if policy.recreate:
        return " (recreate)"
    said = [
        f"{bound} {value}"
        for bound, value in (("max surge", policy.max_surge), ("max unavailable", policy.max_unavailable))
        if value is not None
    ]
    return f" ({', '.join(said)})" if said else ""
