"""Deployments as documents: no cluster is needed to tell what becomes of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from harness.drivers.kubernetes.native.deployments import (
    IMAGES,
    VERSION,
    deployed,
    failure_of,
    named,
    previous_template,
    rollout_of,
    sibling,
    slug,
)
from harness.drivers.kubernetes.objects import check_kind
from harness.environment import Service, Version
from harness.errors import InvalidInput
from harness.protocols import RolloutPolicy, RolloutState

WEB = Service("web", ("serve",), replicas=3, routed=True)
SLOW = Version("2.0+slow", variables={"DELAY": "1"})
DOCUMENT: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"rollingUpdate": {"maxSurge": 1}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {"name": "main", "image": "web:2", "env": [{"name": "DELAY", "value": "0"}, {"name": "PORT"}]}
                ]
            },
        },
    },
}


def test_the_pods_tell_their_version_and_have_its_variables() -> None:
    before = deepcopy(DOCUMENT)
    spec = deployed(DOCUMENT, WEB, SLOW)["spec"]
    assert spec["replicas"] == 3
    assert spec["selector"] == {"matchLabels": {"app": "web"}}
    assert spec["strategy"] == {"rollingUpdate": {"maxSurge": 1}}
    assert spec["template"]["metadata"] == {
        "labels": {"app": "web", VERSION: "2-0-slow"},
        "annotations": {VERSION: "2.0+slow", IMAGES: "web:2"},
    }
    [container] = spec["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "PORT"}, {"name": "DELAY", "value": "1"}]
    assert before == DOCUMENT


def test_replicas_that_the_manifests_name_are_theirs() -> None:
    document = deepcopy(DOCUMENT)
    document["spec"]["replicas"] = 1
    assert deployed(document, WEB, SLOW)["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("policy", "strategy"),
    [
        (RolloutPolicy("0", "100%"), {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "100%"}}),
        (RolloutPolicy(max_unavailable="1"), {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}),
        (RolloutPolicy(recreate=True), {"type": "Recreate"}),
    ],
)
def test_a_policy_comes_before_the_manifests(policy: RolloutPolicy, strategy: object) -> None:
    assert deployed(DOCUMENT, WEB, SLOW, policy)["spec"]["strategy"] == strategy


def test_a_deadline_is_passed_on() -> None:
    assert deployed(DOCUMENT, WEB, SLOW, RolloutPolicy(progress_deadline_s=9))["spec"]["progressDeadlineSeconds"] == 9


def test_a_sibling_knows_its_own_pods() -> None:
    other = sibling(deployed(DOCUMENT, WEB, SLOW), "2.0+slow", 1)
    labels = other["spec"]["template"]["metadata"]["labels"]
    assert other["metadata"]["name"] == "web-2-0-slow"
    assert other["spec"]["replicas"] == 1
    assert other["spec"]["selector"]["matchLabels"] == {"app": "web", VERSION: "2-0-slow"}
    assert other["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_versions_are_told_apart_by_their_slugs() -> None:
    assert [slug(version) for version in ("1.0", "1.1", "2.0+Slow")] == ["1-0", "1-1", "2-0-slow"]


def status(
    updated: int, available: int, total: int = 3, observed: int = 2, condition: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2, "uid": "web"},
        "spec": {"replicas": 3},
        "status": {
            "observedGeneration": observed,
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": available,
            "availableReplicas": available,
            "conditions": [condition] if condition else [],
        },
    }


LATE = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "message": "it took too long",
    "lastUpdateTime": "noon",
}


@pytest.mark.parametrize(
    ("deployment", "state", "reason"),
    [
        (status(3, 3), RolloutState.COMPLETE, ""),
        (status(3, 3, observed=1), RolloutState.PROGRESSING, "3 of 3 are new, 3 of all are available"),
        (status(1, 3, total=4), RolloutState.PROGRESSING, "1 of 3 are new, 3 of all are available"),
        (status(3, 2), RolloutState.PROGRESSING, "3 of 3 are new, 2 of all are available"),
        (status(3, 3, total=4), RolloutState.PROGRESSING, "3 of 3 are new, 3 of all are available"),
        (status(1, 3, total=4, condition=LATE), RolloutState.FAILED, "it took too long"),
        (status(1, 3, observed=1, condition=LATE), RolloutState.PROGRESSING, "1 of 3 are new, 3 of all are available"),
    ],
)
def test_how_far_a_rollout_has_come(deployment: dict[str, Any], state: RolloutState, reason: str) -> None:
    rollout = rollout_of(deployment, "2.0")
    assert (rollout.state, rollout.version, rollout.reason) == (state, "2.0", reason)


def test_a_failure_stays_in_the_status_until_there_is_progress_and_says_nothing_of_what_comes_next() -> None:
    failed = status(1, 3, total=4, condition=LATE)
    past = {failure_of(failed)}
    assert rollout_of(failed, "2.0", past).state is RolloutState.PROGRESSING
    again = status(1, 3, total=4, condition={**LATE, "lastUpdateTime": "later"})
    assert rollout_of(again, "2.0", past).state is RolloutState.FAILED
    assert rollout_of(status(3, 3, condition=LATE), "2.0", past).state is RolloutState.COMPLETE
    assert failure_of(status(3, 3)) == failure_of({"metadata": {"uid": "new"}, "spec": {}}) == ""


def revision(number: int, owner: str, image: str) -> dict[str, Any]:
    return {
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"uid": owner}],
            "uid": owner,
        },
        "spec": {"template": {"metadata": {"labels": {"app": "web", "pod-template-hash": "x"}}, "spec": image}},
    }


def test_undo_takes_the_revision_before_of_this_deployment() -> None:
    sets = [revision(1, "a", "1"), revision(9, "a", "9"), revision(10, "b", "10"), revision(11, "a", "11")]
    template = previous_template(revision(11, "a", ""), sets)
    assert template == {"metadata": {"labels": {"app": "web"}}, "spec": "9"}
    assert previous_template(revision(10, "b", ""), sets) is None


def test_what_the_manifests_lack_is_named() -> None:
    assert named([DOCUMENT], "Deployment", "web") is DOCUMENT
    with pytest.raises(InvalidInput, match="the manifests have no Service 'web'"):
        named([DOCUMENT], "Service", "web")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"kind": "ClusterRole", "metadata": {"name": "all"}}, "a ClusterRole cannot be among the manifests"),
        ({"kind": "Service", "metadata": {"name": "a", "namespace": "other"}}, "the namespace is the run's"),
    ],
)
def test_what_is_not_the_run_s_own_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_kind(document)
