"""The Kubernetes API, as far as the driver uses it. The only module that imports the client."""

from __future__ import annotations

import ipaddress
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import kubernetes.client
import kubernetes.config
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream import stream

from harness.errors import HarnessError, InvalidInput, Unreachable
from harness.waiting import until

ANSWER_S_MAX = 15.0
CONNECT_S_MAX = 5.0
SOON_S = 2.0
WATCH_S = 300
SILENCE_S_MAX = 86400.0
"""A log is followed however long nothing is printed."""
ACCOUNT_S_MAX = 30.0
GONE_S_MAX = 90.0
GONE_POLL_S = 0.2
CONNECTIONS = 64
"""At the same time, most of them logs that are followed."""
FORBIDDEN, NOT_FOUND, CONFLICT, INVALID = 403, 404, 409, 422
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
NOT_READY = "node.kubernetes.io/not-ready"
CONTAINER = "main"
"""The name of the one container of each pod."""

Json: TypeAlias = dict[str, Any]
"""An object of the API, as the API writes it."""
Kind: TypeAlias = Literal["pods", "events"]


class Refused(HarnessError):
    """The API server said no. `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Node:
    name: str
    address: str
    ready: bool
    labels: Mapping[str, str]
    taken: bool
    """Pods must tolerate something to be put there, as on a control plane; not only until it is ready."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Annotations."""
    heartbeat: str = ""
    """When it last said how it is."""

    @property
    def governs(self) -> bool:
        """The API server runs on it."""
        return CONTROL_PLANE in self.labels


@dataclass(frozen=True)
class Found:
    """A namespace that carries a harness's marks."""

    name: str
    marks: Mapping[str, str] = field(default_factory=dict)


class KubernetesApi:
    """One cluster, by a context of a kubeconfig. Safe to use from several threads.

    All methods raise Unreachable if the API server does not answer, and Refused if it says no.
    """

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        """Without a `kubeconfig` the user's own, as kubectl finds it. Raises InvalidInput if it has no such context."""
        self.kubeconfig, self.context = kubeconfig, context
        settings = kubernetes.client.Configuration()
        file = str(kubeconfig) if kubeconfig else users_own()
        try:
            kubernetes.config.load_kube_config(  # type: ignore[no-untyped-call]
                file, context, client_configuration=settings, persist_config=False
            )
        except ConfigException as error:
            raise InvalidInput(f"no cluster is known by the context {context!r}: {error}") from error
        settings.connection_pool_maxsize = CONNECTIONS
        if _is_loopback(settings.host):
            settings.proxy = None  # what the machine's settings say of proxies is not for itself
        self._settings = settings
        self.core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(settings))

    def nodes(self) -> tuple[Node, ...]:
        with asking("list the nodes"):
            return tuple(_node(item) for item in read(self.core.list_node)["items"])

    def namespaces(self, label: str) -> tuple[Found, ...]:
        """Those that carry the label."""
        with asking("list the namespaces"):
            items = read(self.core.list_namespace, label_selector=label)["items"]
        return tuple(Found(item["metadata"]["name"], item["metadata"].get("annotations", {})) for item in items)

    def create_namespace(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Namespace:
        """Returns at once; pods can be made in it a little later."""
        metadata = {"name": name, "labels": dict(labels), "annotations": dict(annotations)}
        with asking(f"make the namespace {name}"):
            read(self.core.create_namespace, {"metadata": metadata})
        return Namespace(self, name, labels)

    def delete_namespace(self, name: str) -> None:
        """Returns when it is gone, with all that was in it. A server that does not answer is asked again."""
        with asking(f"remove the namespace {name}"):
            asked = until(lambda: self._is_told_to_go(name), GONE_S_MAX, GONE_POLL_S)
            gone = asked and until(lambda: self._is_gone(name), GONE_S_MAX, GONE_POLL_S)
        if not gone:
            raise HarnessError(f"the namespace {name} was still there after {GONE_S_MAX:g} s")

    def _is_told_to_go(self, name: str) -> bool:
        try:
            for_sure(lambda: read(self.core.delete_namespace, name))
        except urllib3.exceptions.HTTPError:
            return False
        return True

    def answers(self) -> bool:
        """Whether the API server does, soon."""
        try:
            kubernetes.client.VersionApi(self.core.api_client).get_code(_request_timeout=SOON_S)
        except (ApiException, urllib3.exceptions.HTTPError):
            return False
        return True

    def change_node(self, name: str, changes: Json) -> None:
        """These fields alone; None removes."""
        with asking(f"change {name}"):
            read(self.core.patch_node, name, changes)

    def _is_gone(self, name: str) -> bool:
        try:
            read(self.core.read_namespace, name)
        except ApiException as error:
            return bool(error.status == NOT_FOUND)
        except urllib3.exceptions.HTTPError:
            pass  # nobody told
        return False

    def websocket_core(self) -> Any:
        """A client of its own: while it connects, `stream` changes the client that it is given."""
        return kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(self._settings))


class Namespace:
    """What is asked and done in one namespace; raises as KubernetesApi does. All that is made there is labelled."""

    def __init__(
        self, api: KubernetesApi, name: str, labels: Mapping[str, str] | None = None, *, given: bool = False
    ) -> None:
        """`given` if the user made it, and may have put something there."""
        self.api = api
        self.name = name
        self.labels: Mapping[str, str] = labels or {}
        self.given = given
        self._core = api.core
        self._lists: Mapping[Kind, Callable[..., Any]] = {
            "pods": self._core.list_namespaced_pod,
            "events": self._core.list_namespaced_event,
        }

    def await_account(self) -> None:
        """Without its service account, which comes a little later, a namespace takes no pods."""
        with asking(f"tell of the namespace {self.name}"):
            there = until(self._has_account, ACCOUNT_S_MAX, GONE_POLL_S)
        if not there:
            raise HarnessError(f"the namespace {self.name} had no service account within {ACCOUNT_S_MAX:g} s")

    def _has_account(self) -> bool:
        try:
            read(self._core.read_namespaced_service_account, "default", self.name)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return True

    def labelled(self, manifest: Json) -> Json:
        metadata = manifest["metadata"]
        return {**manifest, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **self.labels}}}

    def create_service(self, manifest: Json) -> Json:
        with asking(f"make the service {manifest['metadata']['name']}"):
            return read(self._core.create_namespaced_service, self.name, self.labelled(manifest))

    def create_config_map(self, manifest: Json) -> str:
        with asking("make a config map"):
            made = read(self._core.create_namespaced_config_map, self.name, self.labelled(manifest))
        return str(made["metadata"]["name"])

    def create_pod(self, manifest: Json) -> str:
        """Returns its name."""
        with asking(f"make the pod {manifest['metadata'].get('generateName', '')}"):
            made = read(self._core.create_namespaced_pod, self.name, self.labelled(manifest))
        return str(made["metadata"]["name"])

    def delete_pod(self, name: str, grace_s: int) -> None:
        """Asks it to end, and returns at once; a pod that is gone is as good."""
        with asking(f"delete the pod {name}"):
            for_sure(lambda: read(self._core.delete_namespaced_pod, name, self.name, grace_period_seconds=grace_s))

    def pod(self, name: str) -> Json | None:
        """None if there is none of that name."""
        with asking(f"tell of the pod {name}"):
            try:
                return read(self._core.read_namespaced_pod, name, self.name)
            except ApiException as error:
                if error.status == NOT_FOUND:
                    return None
                raise

    def pods(self, labels: Mapping[str, str]) -> list[Json]:
        """Those that carry all of these labels."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        with asking("list pods"):
            items: list[Json] = read(self._core.list_namespaced_pod, self.name, label_selector=selector)["items"]
        return items

    def service(self, name: str) -> Json:
        with asking(f"tell of the service {name}"):
            return read(self._core.read_namespaced_service, name, self.name)

    def all_of(self, kind: Kind) -> tuple[list[Json], str]:
        """All there are, and the version from which a watch goes on."""
        with asking(f"list the {kind}"):
            answer = read(self._lists[kind], self.name)
        return answer["items"], answer["metadata"]["resourceVersion"]

    def watch(self, kind: Kind, version: str, stop: Stop) -> Iterator[Json]:
        """Each change since that version, for a while; ends when it is told to `stop`.

        Raises Refused if the server does not remember that version.
        """
        with asking(f"tell of the {kind}"):
            response: Any = self._lists[kind](
                self.name,
                watch=True,
                resource_version=version,
                timeout_seconds=WATCH_S,
                _preload_content=False,
                _request_timeout=(CONNECT_S_MAX, WATCH_S + ANSWER_S_MAX),
            )
            for line in stop.lines(response):
                event: Json = json.loads(line)
                if event["type"] == "ERROR":
                    raise Refused(str(event["object"].get("message")), int(event["object"].get("code", 0)))
                yield event

    def follow_log(self, pod: str, stop: Stop, container: str = CONTAINER) -> Iterator[bytes]:
        """What that container of it prints, from its start to its end."""
        with asking(f"show the log of {pod}"):
            response = self._core.read_namespaced_pod_log(
                pod,
                self.name,
                container=container,
                follow=True,
                _preload_content=False,
                _request_timeout=(CONNECT_S_MAX, SILENCE_S_MAX),
            )
            yield from stop.chunks(response)

    @contextmanager
    def shell(self, pod: str, command: list[str]) -> Iterator[Any]:
        """The command runs in the pod's container as long as this is open."""
        with asking(f"run a command in {pod}"):
            session = stream(
                self.api.websocket_core().connect_get_namespaced_pod_exec,
                pod,
                self.name,
                container=CONTAINER,
                command=command,
                stdin=True,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
            )
        with closing(session):
            yield session


class Stop:
    """Ends streams that have nothing to say: reading one cannot be interrupted otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        self._set = False

    @property
    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        with self._lock:
            self._set = True
            for response in self._open:
                response.shutdown()

    def chunks(self, response: Any) -> Iterator[bytes]:
        with self._lock:
            if self._set:
                return
            self._open.add(response)
        try:
            # Shutting down a connection ends its TLS before its reading: what it still holds comes as it is, encrypted.
            while (chunk := response.read1()) and not self._set:
                yield chunk
        except urllib3.exceptions.HTTPError:
            if not self._set:
                raise
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()

    def lines(self, response: Any) -> Iterator[bytes]:
        rest = b""
        for chunk in self.chunks(response):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line for line in lines if line)


def users_own() -> str:
    """The user's kubeconfig as kubectl finds it now; the client's own default is what it was at its import."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def read(call: Callable[..., Any], *arguments: object, **options: object) -> Json:
    """What the API answers, as it is: the client's own objects take long to make, and have no types."""
    response = call(*arguments, _preload_content=False, _request_timeout=ANSWER_S_MAX, **options)
    document: Json = json.loads(response.data)
    return document


def for_sure(delete: Callable[[], object]) -> None:
    """What is gone already need not be deleted."""
    try:
        delete()
    except ApiException as error:
        if error.status != NOT_FOUND:
            raise


@contextmanager
def asking(purpose: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if not error.status:  # the client could not connect
            raise Unreachable(f"Kubernetes did not {purpose}: {_reason(error)}") from error
        raise Refused(f"Kubernetes did not {purpose}: {_reason(error)}", int(error.status)) from error
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"Kubernetes did not {purpose}: its API server does not answer: {error}") from error


def _reason(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        return f"{error.status} {error.reason}"


def _node(item: Json) -> Node:
    status, metadata = item["status"], item["metadata"]
    addresses = {address["type"]: address["address"] for address in status.get("addresses", ())}
    taints = item["spec"].get("taints", ())
    readiness: Json = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return Node(
        metadata["name"],
        addresses.get("InternalIP", ""),
        readiness.get("status") == "True",
        metadata.get("labels", {}),
        any(taint["effect"] != "PreferNoSchedule" and taint["key"] != NOT_READY for taint in taints),
        metadata.get("annotations", {}),
        readiness.get("lastHeartbeatTime", ""),
    )


def _is_loopback(host: str) -> bool:
    name = urlsplit(host).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
