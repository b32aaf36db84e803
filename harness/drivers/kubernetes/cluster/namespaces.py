"""The namespace of a run: one made for it, or one that the user gives, where nothing else may be made.

A run claims a given namespace by a config map, which tells other harnesses whose it is, alive or dead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, machine, marks
from harness.drivers.kubernetes.api import CONFLICT, FORBIDDEN, Json, KubernetesApi, Namespace, Refused
from harness.drivers.kubernetes.objects import DERIVED, KINDS, PREPARED, Objects
from harness.drivers.parts import stopping
from harness.errors import HarnessError, InvalidInput
from harness.supervisor.scratch import Identity
from harness.waiting import until

NAMESPACE = "HARNESS_KUBE_NAMESPACE"
"""Environment variable that names a namespace to be used in place of one of the run's own."""
CLAIM = "rollproof-claim"
ROOT_CERTIFICATE = "kube-root-ca.crt"
"""A config map that Kubernetes itself puts into every namespace."""
GONE_S_MAX = 120.0
POLL_S = 0.5


@dataclass(frozen=True)
class Claim:
    """Which run uses a given namespace, and its harness."""

    run_id: str
    harness: str
    machine: str

    @property
    def abandoned(self) -> bool:
        """By a harness of this machine that is dead; of other machines' nothing is known."""
        if self.machine != machine():
            return False
        try:
            return not Identity.parse(self.harness).lives
        except ValueError:
            return False


def given_namespace() -> str:
    """ "" for one of the run's own."""
    return os.environ.get(NAMESPACE, "")


@contextmanager
def made_namespace(api: KubernetesApi, name: str, run_id: str) -> Iterator[Namespace]:
    """Leaving removes it, with all that is in it. Raises InvalidInput if it may not be made."""
    try:
        namespace = api.create_namespace(name, {RUN_LABEL: run_id}, marks(run_id))
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        raise InvalidInput(f"{error}; name one that is there, and empty, with --namespace or {NAMESPACE}") from error
    with stopping(lambda: api.delete_namespace(name)):
        namespace.await_account()
        yield namespace


@contextmanager
def claimed_namespace(api: KubernetesApi, name: str, run_id: str) -> Iterator[Namespace]:
    """Leaving removes what the run has made in it. Raises InvalidInput if it is not empty, or another run's."""
    namespace = Namespace(api, name, {RUN_LABEL: run_id}, given=True)
    objects = Objects(namespace)
    if claim := claim_of(objects):
        raise InvalidInput(f"the namespace {name} is used by the run {claim.run_id}{_remedy(claim)}")
    if there := tuple(_contents(objects)):
        raise InvalidInput(f"the namespace {name} is not empty: it has {', '.join(there[:5])}; name one that is")
    _claim(namespace, run_id)
    with stopping(lambda: clear(namespace)):
        yield namespace


def clear(namespace: Namespace) -> None:
    """Remove what the run has made, the claim last. Raises HarnessError if pods do not go."""
    objects = Objects(namespace)
    for kind in KINDS:
        if kind not in DERIVED:
            for found in _all(objects, kind):
                if found["metadata"]["name"] != CLAIM and _is_labelled(found, namespace):
                    objects.delete(kind, found["metadata"]["name"])
    if not until(lambda: not _all(objects, "Pod"), GONE_S_MAX, POLL_S):
        raise HarnessError(f"pods in the namespace {namespace.name} were still there after {GONE_S_MAX:g} s")
    objects.delete("ConfigMap", CLAIM)


def claim_of(objects: Objects) -> Claim | None:
    """None if nobody claims it."""
    for found in _all(objects, "ConfigMap"):
        if found["metadata"]["name"] == CLAIM:
            told = found["metadata"].get("annotations", {})
            return Claim(*(told.get(label, "") for label in (RUN_LABEL, HARNESS_LABEL, MACHINE_LABEL)))
    return None


def _claim(namespace: Namespace, run_id: str) -> None:
    try:
        namespace.create_config_map({"metadata": {"name": CLAIM, "annotations": dict(marks(run_id))}})
    except Refused as error:
        if error.status != CONFLICT:
            raise
        raise InvalidInput(f"the namespace {namespace.name} has just been taken by another run") from error


def _remedy(claim: Claim) -> str:
    return ", whose harness is dead; `harness sweep` removes what is left of it" if claim.abandoned else ""


def _contents(objects: Objects) -> Iterator[str]:
    """What somebody else has made there, but for what a namespace is prepared with."""
    for kind in KINDS:
        if kind not in PREPARED and kind not in DERIVED:
            for found in _all(objects, kind):
                if found["metadata"]["name"] != ROOT_CERTIFICATE:
                    yield f"{kind} {found['metadata']['name']}"


def _all(objects: Objects, kind: str) -> list[Json]:
    """Nothing of what may not be listed: who may not see them cannot have made any."""
    try:
        return objects.all(kind)
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        return []


def _is_labelled(found: Json, namespace: Namespace) -> bool:
    return bool(namespace.labels.items() <= found["metadata"].get("labels", {}).items())
