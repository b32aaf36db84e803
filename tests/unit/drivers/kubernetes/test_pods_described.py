"""What is wrong with a pod, in words."""

from __future__ import annotations

import pytest

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.pods_described import described, wrong_with


def pod(status: Json) -> Json:
    secret = {"name": "main", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    return {"metadata": {"name": "web-1"}, "spec": {"nodeName": "worker", "containers": [secret]}, "status": status}


def container(**more: object) -> Json:
    return {"name": "main", "image": "web:1", "restartCount": 0, "state": {"running": {}}, **more}


CRASHED = container(
    restartCount=2,
    lastState={
        "terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "10:00", "finishedAt": "10:05"},
    },
)


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        ({"phase": "Running", "containerStatuses": [container()]}, ""),
        ({"phase": "Pending"}, ""),
        ({"phase": "Pending", "containerStatuses": [container(state={"waiting": {"reason": "Creating"}})]}, ""),
        ({"containerStatuses": [container(state={"terminated": {"exitCode": 0}})]}, ""),
        ({"containerStatuses": [container(state={"terminated": {"exitCode": 3}})]}, "ended with code 3"),
        ({"containerStatuses": [CRASHED]}, "ended with code 137 (OOMKilled), restart 2"),
        (
            {"containerStatuses": [container(state={"waiting": {"reason": "ErrImagePull", "message": "no host"}})]},
            "ErrImagePull",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
                ],
            },
            "Unschedulable",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "ended with code -9"),
    ],
)
def test_what_is_wrong_is_told_in_a_few_words(status: Json, wrong: str) -> None:
    assert wrong_with(pod(status)) == wrong


def test_a_description_holds_conditions_states_and_events() -> None:
    condition = {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}
    text = described(pod({"phase": "Running", "conditions": [condition], "containerStatuses": [CRASHED]}), ["BackOff"])
    assert text.splitlines() == [
        "Pod web-1: ended with code 137 (OOMKilled), restart 2",
        "  node   worker",
        "  phase  Running",
        "  conditions",
        "    Ready False ContainersNotReady",
        "  container main of web:1, restarted 2 times",
        "    now   running",
        "    last  terminated, OOMKilled, exit code 137, 10:00 to 10:05",
        "  events",
        "    BackOff",
        "",
    ]


def test_variables_are_nobodys_business() -> None:
    assert "hunter2" not in described(pod({"containerStatuses": [container()]}), [])
