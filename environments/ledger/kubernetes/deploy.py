"""A deployment tool such as a team may have: python deploy.py rolling | blue-green [--hasty]

It is told by its environment what to deploy where: KUBECONFIG, HARNESS_NAMESPACE, HARNESS_IMAGE, HARNESS_VERSION_NEW.
`--hasty` is the mistake of one that switches before the new pods are ready.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

import kubernetes.client
import kubernetes.config

NAMESPACE = os.environ["HARNESS_NAMESPACE"]
WORKERS, ROUTED = ("projector",), "ledger"
TIMEOUT_S = 60
POLL_S = 0.5


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["rolling", "blue-green"])
    parser.add_argument("--hasty", action="store_true")
    options = parser.parse_args()
    kubernetes.config.load_kube_config()
    apps, core = kubernetes.client.AppsV1Api(), kubernetes.client.CoreV1Api()
    for worker in WORKERS:
        apps.patch_namespaced_deployment(worker, NAMESPACE, new_release())
        await_rollout(apps, worker)
    if options.way == "rolling":
        apps.patch_namespaced_deployment(ROUTED, NAMESPACE, new_release())
        await_rollout(apps, ROUTED)
    else:
        switch(apps, core, hasty=options.hasty)
    return 0


def new_release() -> dict[str, Any]:
    """What is changed of a Deployment."""
    env = [{"name": "LEDGER_VERSION", "value": os.environ["HARNESS_VERSION_NEW"]}]
    container = {"name": "main", "image": os.environ["HARNESS_IMAGE"], "env": env}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def switch(apps: kubernetes.client.AppsV1Api, core: kubernetes.client.CoreV1Api, *, hasty: bool) -> None:
    """Green is built beside blue; then the Service selects it, and blue is stopped."""
    select(core, "blue")
    blue = apps.read_namespaced_deployment(ROUTED, NAMESPACE)
    spec = blue.spec
    spec.selector.match_labels = {**spec.selector.match_labels, "slot": "green"}
    spec.template.metadata.labels = {**spec.template.metadata.labels, "slot": "green"}
    metadata = kubernetes.client.V1ObjectMeta(name=f"{ROUTED}-green")
    green = kubernetes.client.V1Deployment(metadata=metadata, spec=spec)
    main_container = spec.template.spec.containers[0]
    main_container.image = os.environ["HARNESS_IMAGE"]
    for variable in main_container.env:
        if variable.name == "LEDGER_VERSION":
            variable.value = os.environ["HARNESS_VERSION_NEW"]
    apps.create_namespaced_deployment(NAMESPACE, green)
    if not hasty:
        await_rollout(apps, f"{ROUTED}-green")
    select(core, "green")
    await_rollout(apps, f"{ROUTED}-green")
    apps.patch_namespaced_deployment(ROUTED, NAMESPACE, {"spec": {"replicas": 0}})
    await_rollout(apps, ROUTED)


def select(core: kubernetes.client.CoreV1Api, slot: str) -> None:
    core.patch_namespaced_service(ROUTED, NAMESPACE, {"spec": {"selector": {"slot": slot}}})


def await_rollout(apps: kubernetes.client.AppsV1Api, name: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_rolled_out(apps.read_namespaced_deployment(name, NAMESPACE)):
        if time.monotonic() > deadline:
            sys.exit(f"{name} was not rolled out within {TIMEOUT_S} s")
        time.sleep(POLL_S)
    sys.stdout.write(f"{name} is rolled out\n")


def is_rolled_out(deployment: kubernetes.client.V1Deployment) -> bool:
    wanted, status = deployment.spec.replicas, deployment.status
    counts = (status.replicas or 0, status.updated_replicas or 0, status.available_replicas or 0)
    return (status.observed_generation or 0) >= deployment.metadata.generation and counts == (wanted,) * 3


if __name__ == "__main__":
    sys.exit(main())
