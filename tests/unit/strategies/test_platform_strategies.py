"""Strategies of which the platform, or a tool of the user's, does the work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.environment import Service
from harness.protocols import (
    Action,
    Announce,
    Apply,
    AwaitRollout,
    Migrate,
    Platform,
    RolledBack,
    RolloutPolicy,
    Run,
    Setback,
    Steps,
    Undo,
    Watch,
)
from harness.scenario import Change
from harness.strategies.command import Command
from harness.strategies.deployment import NativeDeployment
from harness.strategies.words import describe

CHANGE = Change("1.1", "2.0")
SERVICES = (
    Service("web", ("serve",), replicas=3, routed=True),
    Service("projector", ("project",), replicas=2, routed=False),
)


def work_of(steps: Steps) -> Iterator[Action]:
    return (action for action in steps if not isinstance(action, Announce))


def setback_at(steps: Steps, place: Action, setback: Setback) -> list[Action]:
    """What is done after `setback` was thrown at that action, without the announcements."""
    for action in steps:
        if action == place:
            first = steps.throw(setback)
            return [each for each in (first, *steps) if not isinstance(each, Announce)]
    pytest.fail(f"{place} never came")


def test_a_deployment_rolls_out_workers_first_as_its_options_say() -> None:
    policy = RolloutPolicy("1", "25%", progress_deadline_s=9)
    strategy = NativeDeployment(max_surge="1", max_unavailable="25%", progress_deadline_s=9, timeout_s=20)
    assert list(work_of(strategy.steps(CHANGE, SERVICES, ()))) == [
        Migrate("expand", "2.0"),
        Apply("projector", "2.0", policy),
        AwaitRollout("projector", "2.0", 20),
        Apply("web", "2.0", policy),
        AwaitRollout("web", "2.0", 20),
        Watch(3.0, "2.0", strategy.gate),
        Migrate("contract", "2.0"),
    ]


def test_a_deployment_is_undone_in_reverse() -> None:
    strategy = NativeDeployment(timeout_s=20)
    watch = Watch(3.0, "2.0", strategy.gate)
    assert setback_at(strategy.steps(CHANGE, SERVICES, ()), watch, Setback("bad")) == [
        Undo("web"),
        AwaitRollout("web", "1.1", 20),
        Undo("projector"),
        AwaitRollout("projector", "1.1", 20),
        Migrate("back", "2.0"),
    ]


def test_what_was_refused_is_not_undone() -> None:
    steps = NativeDeployment(timeout_s=20).steps(CHANGE, SERVICES, ())
    assert setback_at(steps, Apply("web", "2.0"), Setback("refused")) == [
        Undo("projector"),
        AwaitRollout("projector", "1.1", 20),
        Migrate("back", "2.0"),
    ]


def test_a_command_is_watched_until_all_services_are_at_the_new_version() -> None:
    strategy = Command(("deploy", "--now"), timeout_s=20)
    assert list(work_of(strategy.steps(CHANGE, SERVICES, ()))) == [
        Migrate("expand", "2.0"),
        Run(("deploy", "--now"), 20),
        AwaitRollout("web", "2.0", 20),
        AwaitRollout("projector", "2.0", 20),
        Watch(3.0, "2.0", strategy.gate),
        AwaitRollout("web", "2.0", 20),
        AwaitRollout("projector", "2.0", 20),
        Migrate("contract", "2.0"),
    ]


def test_a_command_that_migrates_by_itself_is_left_to_it() -> None:
    strategy = Command(("deploy",), migrate=False)
    actions = list(strategy.steps(CHANGE, SERVICES, ()))
    assert not [action for action in actions if isinstance(action, Migrate)]
    assert tuple(action.step for action in actions if isinstance(action, Announce)) == strategy.names(3)


RETURN = [AwaitRollout("web", "1.1", 20), AwaitRollout("projector", "1.1", 20), Migrate("back", "2.0")]


def test_a_tool_that_went_back_by_itself_is_not_told_to() -> None:
    steps = Command(("deploy",), undo=("undeploy",), timeout_s=20).steps(CHANGE, SERVICES, ())
    assert setback_at(steps, AwaitRollout("web", "2.0", 20), RolledBack("at 1.1")) == RETURN


@pytest.mark.parametrize("undo", [(), ("undeploy",)])
def test_a_gate_that_does_not_hold_runs_the_undo_if_there_is_one(undo: tuple[str, ...]) -> None:
    strategy = Command(("deploy",), undo=undo, timeout_s=20)
    watch = Watch(3.0, "2.0", strategy.gate)
    done = setback_at(strategy.steps(CHANGE, SERVICES, ()), watch, Setback("bad"))
    assert done == [*([Run(undo, 20)] if undo else []), *RETURN]


@pytest.mark.parametrize("strategy", [NativeDeployment(), Command(("deploy",))])
def test_they_need_a_platform(strategy: NativeDeployment | Command) -> None:
    assert strategy.needs == {Platform}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_surge": "some"}, "max_surge must be a count or a share"),
        ({"max_unavailable": "1.5"}, "max_unavailable must be a count or a share"),
        ({"max_surge": "1", "recreate": True}, "max_surge means nothing"),
        ({"progress_deadline_s": 0}, "progress_deadline_s must be more than 0"),
    ],
)
def test_what_no_platform_would_take_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NativeDeployment(**options)  # type: ignore[arg-type]


def test_a_command_must_name_something() -> None:
    with pytest.raises(ValueError, match="argv is empty"):
        Command(())


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Apply("web", "2.0"), "apply web 2.0"),
        (Apply("web", "2.0", RolloutPolicy("1", "25%")), "apply web 2.0 (max surge 1, max unavailable 25%)"),
        (Apply("web", "2.0", RolloutPolicy(recreate=True)), "apply web 2.0 (recreate)"),
        (AwaitRollout("web", "2.0", 9), "await rollout of web 2.0"),
        (Undo("web"), "undo rollout of web"),
        (Run(("helm", "upgrade", "a b"), 9), "run helm upgrade 'a b'"),
    ],
)
def test_actions_in_words(action: Action, words: str) -> None:
    assert describe(action) == words
