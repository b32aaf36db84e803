"""Images of services: built when their files have changed, and only then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from harness.drivers.containers.engine import connect
from harness.drivers.containers.images import make_service_images, service_image
from harness.environment import Environment, Image, Version
from harness.errors import HarnessError
from tests.integration.echo import ECHO

pytestmark = pytest.mark.containers


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    with closing(connect()) as engine:
        yield engine


@pytest.fixture
def environment(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Environment]:
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\nCOPY . /app/\nARG VERSION\nENV VERSION=$VERSION\n")
    (tmp_path / "main.py").write_text("print('one')")
    image = Image(f"rollproof-test-{os.getpid()}:{{version}}", build=".")
    environment = replace(ECHO, folder=tmp_path, image=image, versions=(Version("1.0"), Version("2.0")))
    yield environment
    for version in ("1.0", "2.0"):
        with suppress(ImageNotFound):
            engine.images.remove(service_image(environment, version), force=True)


def made(engine: docker.DockerClient, environment: Environment, logs: Path) -> list[str | None]:
    make_service_images(engine, environment, logs)
    return [engine.images.get(service_image(environment, version)).id for version in ("1.0", "2.0")]


def test_each_version_is_built_once_for_the_same_files(
    engine: docker.DockerClient, environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = tmp_path_factory.mktemp("logs")
    first = made(engine, environment, logs)
    assert len(set(first)) == 2
    assert "VERSION=2.0" in engine.images.get(service_image(environment, "2.0+slow")).attrs["Config"]["Env"]
    (environment.folder / "main.py").touch()
    for log in logs.iterdir():
        log.unlink()
    assert made(engine, environment, logs) == first
    assert not list(logs.iterdir()), "it was built again"
    (environment.folder / "main.py").write_text("print('two')")
    assert not set(made(engine, environment, logs)) & set(first)


def test_what_a_failed_build_printed_last_is_told(
    engine: docker.DockerClient, environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (environment.folder / "Dockerfile").write_text("FROM python:3.11-slim\nRUN echo no such luck && false\n")
    with pytest.raises(HarnessError, match=r"(?s)cannot be built: .*no such luck"):
        make_service_images(engine, environment, tmp_path_factory.mktemp("logs"))
