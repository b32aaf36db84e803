"""The image of the load's workers: what of the harness a worker needs, with the same packages as here."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import docker

import harness
from harness import __version__
from harness.drivers.containers.engine import connect
from harness.drivers.containers.images import make_image
from harness.drivers.kubernetes.cluster.ground import Ground
from harness.drivers.kubernetes.cluster.images import load_images
from harness.drivers.kubernetes.load.job import may_take_workers
from harness.errors import MissingServer
from harness.protocols import Workspace

CHOSEN = "HARNESS_LOAD_IMAGE"
"""The variable that names an image which is there already, as for a cluster with a registry of its own."""
NAME = f"rollproof-load:{__version__}"
PARTS = (
    "__init__.py",
    "bounds.py",
    "environment.py",
    "errors.py",
    "load",
    "placeholders.py",
    "protocols",
    "scenario.py",
    "verdict.py",
    "windows.py",
)
"""Of the harness, all that a worker and its agent import."""
PACKAGES = ("gevent", "httptools", "locust", "msgspec", "numpy")


def get_load_image(ground: Ground, workspace: Workspace) -> str:
    """Its name, once all nodes for workers have it; built again if its files have changed since.

    Raises MissingServer for a cluster that images cannot be copied to, and HarnessError if a build fails.
    """
    chosen = os.environ.get(CHOSEN, "")
    if chosen and not ground.kind:
        return chosen
    if ground.nodes is None:
        raise MissingServer(
            f"images cannot be copied to the nodes of this cluster: build one by {_dockerfile()}, push it to where the "
            f"nodes pull from, and name it in the variable {CHOSEN}"
        )
    with closing(connect()) as engine:
        if not chosen:
            make_load_image(engine, workspace.scratch / "load-image", workspace.logs)
        nodes = {node.name: frozenset({chosen or NAME}) for node in may_take_workers(ground.all_nodes)}
        load_images(engine, ground.kind, ground.nodes, nodes, workspace)
    return chosen or NAME


def make_load_image(engine: docker.DockerClient, folder: Path, logs: Path) -> None:
    """`folder` takes what it is built from, for as long as that lasts. Raises HarnessError."""
    gather(folder)
    try:
        make_image(engine, folder, NAME, logs / "image-load.log")
    finally:
        shutil.rmtree(folder)


def gather(folder: Path) -> None:
    """Everything that the image is built from, into a new folder."""
    package = Path(harness.__file__).parent
    target = folder / "harness"
    target.mkdir(parents=True)
    for part in PARTS:
        source = package / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / part)
    shutil.copy(_dockerfile(), folder / "Dockerfile")
    (folder / "requirements.txt").write_text("".join(f"{name}=={version(name)}\n" for name in PACKAGES))


def _dockerfile() -> Path:
    return Path(harness.__file__).parent / "load" / "Dockerfile"
