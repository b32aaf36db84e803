"""Where users come in: the Service of the routed service, and the pods behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.native.deployments import VERSION, slug
from harness.drivers.kubernetes.native.members import Members
from harness.drivers.kubernetes.objects import Objects

SLICE_OF = "kubernetes.io/service-name"


class Entrance:
    """`document` is the Service as its manifest has it."""

    def __init__(self, objects: Objects, members: Members, document: Json) -> None:
        self._objects = objects
        self._members = members
        self._document = document
        self._name = document["metadata"]["name"]

    @property
    def port(self) -> Json:
        first: Json = self._document["spec"]["ports"][0]
        return first

    def select(self, versions: Sequence[str]) -> None:
        """Of one version, only its pods are served; of none or several, all that the manifest selects."""
        selector = dict(self._document["spec"]["selector"])
        if len(versions) == 1:
            selector[VERSION] = slug(versions[0])
        self._objects.replace("Service", self._name, "/spec/selector", selector)

    def serving(self) -> Mapping[str, int]:
        """The pods that Kubernetes sends requests to now, by version."""
        by_pod = self._members.by_pod()
        pods = {
            endpoint["targetRef"]["name"]
            for each in self._objects.all("EndpointSlice", {SLICE_OF: self._name})
            for endpoint in each["endpoints"] or ()
            if endpoint["conditions"].get("ready") and endpoint.get("targetRef")
        }
        versions = Counter(by_pod[pod].version for pod in pods if pod in by_pod)
        return dict(sorted(versions.items()))
