"""Deployments as manifests describe them, made ours: pure functions from documents to documents."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping

from harness.drivers.kubernetes.api import Json
from harness.environment import Service, Version
from harness.errors import InvalidInput
from harness.protocols import AS_WRITTEN, Rollout, RolloutPolicy, RolloutState

VERSION = "rollproof.version"
"""Label and annotation of pods. As an annotation it is the version's name, as a label what may be one."""
IMAGES = "rollproof.images"
"""Annotation of pods: the images with which they were made that version's. A tool may change these later."""
REVISION = "deployment.kubernetes.io/revision"
DEADLINE = "ProgressDeadlineExceeded"


def slug(version: str) -> str:
    """`2.0+slow` as a label's value, and as the end of a name."""
    return version.replace("+", ".").replace(".", "-").lower()


def named(documents: Iterable[Json], kind: str, name: str) -> Json:
    """Raises InvalidInput if the manifests do not have it."""
    for document in documents:
        if (document["kind"], document["metadata"]["name"]) == (kind, name):
            return document
    raise InvalidInput(f"the manifests have no {kind} {name!r}")


def deployed(document: Json, service: Service, version: Version, policy: RolloutPolicy = AS_WRITTEN) -> Json:
    """The service's Deployment at that version: its pods tell the version and are given its variables."""
    dressed = copy.deepcopy(document)
    spec = dressed["spec"]
    spec.setdefault("replicas", service.replicas)
    metadata = spec["template"].setdefault("metadata", {})
    metadata.setdefault("labels", {})[VERSION] = slug(version.name)
    metadata.setdefault("annotations", {})[VERSION] = version.name
    metadata["annotations"][IMAGES] = ",".join(images_of(spec["template"]))
    for container in spec["template"]["spec"]["containers"]:
        container["env"] = _with_variables(container.get("env", []), version.variables)
    _set_policy(spec, policy)
    return dressed


def images_of(pod: Json) -> tuple[str, ...]:
    """Of a pod, or of the template of one."""
    return tuple(sorted(container["image"] for container in pod["spec"]["containers"]))


def sibling(document: Json, version: str, replicas: int) -> Json:
    """Another Deployment with the same pods, beside that of the service: it knows its own by their version."""
    other = copy.deepcopy(document)
    other["metadata"]["name"] = f"{document['metadata']['name']}-{slug(version)}"
    other["spec"]["selector"]["matchLabels"][VERSION] = slug(version)
    other["spec"]["replicas"] = replicas
    return other


def rollout_of(deployment: Json, version: str, past_failures: Collection[str] = ()) -> Rollout:
    """As the Deployment's status says. A failure that is among `past_failures` is of what was asked for before."""
    spec, status = deployment["spec"], deployment.get("status", {})
    wanted = spec["replicas"]
    counts = {key: status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    if status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]:
        failure = failure_of(deployment)
        if failure and failure not in past_failures:
            return Rollout(RolloutState.FAILED, version, _progress(status).get("message", DEADLINE))
        if all(count == wanted for count in counts.values()):
            return Rollout(RolloutState.COMPLETE, version)
    ready = f"{counts['updatedReplicas']} of {wanted} are new, {counts['availableReplicas']} of all are available"
    return Rollout(RolloutState.PROGRESSING, version, ready)


def failure_of(deployment: Json) -> str:
    """Which failure its status tells of, as none before or after is called; "" for none.

    It stays until there is progress, also where something else has been asked for meanwhile.
    """
    progress = _progress(deployment.get("status", {}))
    if progress.get("reason") != DEADLINE:
        return ""
    return f"{deployment['metadata']['uid']} at {progress.get('lastUpdateTime')}"


def _progress(status: Json) -> Json:
    conditions: Iterable[Json] = status.get("conditions", ())
    return next((condition for condition in conditions if condition["type"] == "Progressing"), {})


def previous_template(deployment: Json, replica_sets: Iterable[Json]) -> Json | None:
    """The pods of the revision before, as `rollout undo` takes them; None if there is none."""
    uid = deployment["metadata"]["uid"]
    current = _revision(deployment)
    earlier = [each for each in replica_sets if _is_of(each, uid) and _revision(each) < current]
    if not earlier:
        return None
    template: Json = copy.deepcopy(max(earlier, key=_revision)["spec"]["template"])
    template["metadata"]["labels"].pop("pod-template-hash", None)
    return template


def _is_of(document: Json, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in document["metadata"].get("ownerReferences", ()))


def _revision(document: Json) -> int:
    return int(document["metadata"].get("annotations", {}).get(REVISION, 0))


def _with_variables(env: list[Json], variables: Mapping[str, str]) -> list[Json]:
    kept = [each for each in env if each["name"] not in variables]
    return [*kept, *({"name": name, "value": value} for name, value in variables.items())]


def _set_policy(spec: Json, policy: RolloutPolicy) -> None:
    if policy.progress_deadline_s is not None:
        spec["progressDeadlineSeconds"] = policy.progress_deadline_s
    if policy.recreate:
        spec["strategy"] = {"type": "Recreate"}
    bounds = {"maxSurge": policy.max_surge, "maxUnavailable": policy.max_unavailable}
    for key, bound in bounds.items():
        if bound is not None:
            rolling = spec.setdefault("strategy", {}).setdefault("rollingUpdate", {})
            rolling[key] = bound if bound.endswith("%") else int(bound)
