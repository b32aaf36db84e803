"""A kubeconfig for the user's tools, which knows one cluster and one namespace.

With the user's own they would go wherever its current context happens to lead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger

from harness.drivers.kubernetes.api import Json, users_own
from harness.errors import InvalidInput

NAME = "rollproof"
FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Keys whose values are paths, from the folder of the file that they are in."""


def write_for_tools(file: Path, kubeconfig: Path | None, context: str | None, namespace: str) -> Path:
    """Write `file`, which nobody else may read. Raises InvalidInput if there is no such context.

    `kubeconfig` and `context` as for KubernetesApi.
    """
    text = yaml.safe_dump(for_tools(kubeconfig, context, namespace))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    return file


def for_tools(kubeconfig: Path | None, context: str | None, namespace: str) -> Json:
    try:
        merged: Any = KubeConfigMerger(  # type: ignore[no-untyped-call]
            str(kubeconfig) if kubeconfig else users_own()
        ).config
        if merged is None:
            raise InvalidInput("there is no kubeconfig")
        about = merged["contexts"].get_with_name(context or merged["current-context"])["context"].value
        cluster = merged["clusters"].get_with_name(about["cluster"])
        user = merged["users"].get_with_name(about["user"])
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": NAME, "cluster": _with_full_paths(cluster["cluster"])}],
            "users": [{"name": NAME, "user": _with_full_paths(user["user"])}],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": namespace}}],
            "current-context": NAME,
        }
    except ConfigException as error:
        raise InvalidInput(f"no cluster is known by the context {context!r}: {error}") from error


def _with_full_paths(node: Any) -> Json:
    folder = Path(node.path).resolve().parent
    return {key: str(folder / value) if key in FILES else value for key, value in node.value.items()}
