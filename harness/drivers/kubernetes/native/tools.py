"""Tools of the user's, run as they are: told by their environment what to deploy where."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from harness.drivers.containers.images import service_image
from harness.environment import Environment
from harness.placeholders import expand_all
from harness.protocols import Command, Process, Workspace
from harness.scenario import Change

KEPT = ("PATH", "HOME", "LANG")
"""Of the harness's own environment, for tools keep things there."""


class Tools:
    """`kubeconfig` leads to the one namespace that they are to deploy to."""

    def __init__(self, environment: Environment, workspace: Workspace, kubeconfig: Path, namespace: str) -> None:
        self._environment = environment
        self._workspace = workspace
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._numbers = count(1)

    def start(self, argv: Sequence[str], change: Change, url: str) -> Process:
        """It runs in the environment's folder, and what it prints is among the run's logs.

        `{python}` and `{folder}` are the harness's interpreter and that folder.
        """
        name = f"tool-{next(self._numbers)}"
        folder = self._environment.folder
        variables = {
            **{key: os.environ[key] for key in KEPT if key in os.environ},
            "KUBECONFIG": str(self._kubeconfig),
            "HARNESS_NAMESPACE": self._namespace,
            "HARNESS_URL": url,
            "HARNESS_VERSION_OLD": change.old,
            "HARNESS_VERSION_NEW": change.new,
            "HARNESS_IMAGE": service_image(self._environment, change.new),
        }
        expanded = expand_all(argv, {"python": sys.executable, "folder": str(folder)})
        log = self._workspace.logs / f"{name}.log"
        return self._workspace.spawner.spawn(Command(name, expanded, variables, folder, log))
