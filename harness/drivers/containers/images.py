"""What containers are made of: the images of servers, by name, and those of services, built where a folder says how."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile

import docker
from docker.errors import BuildError, DockerException, ImageNotFound
from docker.utils.build import create_archive, exclude_paths

from harness.environment import Environment, Image
from harness.errors import HarnessError, InvalidInput, MissingServer
from harness.servers import Server

MIRROR = "HARNESS_IMAGE_MIRROR"
TESTCONTAINERS_MIRROR = "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"
CONTEXT_LABEL = "rollproof.context"
"""The digest of all that an image was built from; while that is the same, it is not built again."""
CERTIFICATES = "certificates.pem"
"""Put into each build's folder where this machine trusts certificates of its own, as behind a proxy that reads along.

A Dockerfile may name it to its package manager, in a stage that is not kept.
"""
CERTIFICATE_VARIABLES = ("HARNESS_IMAGE_CERTIFICATES", "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
IGNORED = ".dockerignore"
BUILD_SILENCE_S_MAX = 600
"""Longest time in which a step of a build may print nothing."""
TAIL_LINES = 12


def server_image(server: Server, chosen: str = "") -> str:
    """The server's environment variable, before what the environment has `chosen`, before its usual image.

    Only the latter two come from the mirror, where one is named.
    """
    if given := os.environ.get(server.image_variable):
        return given
    mirror = os.environ.get(MIRROR) or os.environ.get(TESTCONTAINERS_MIRROR, "")
    image = chosen or server.image
    return f"{mirror.rstrip('/')}/{image}" if mirror else image


def service_image(environment: Environment, version: str) -> str:
    """The image of the services at that version, whatever its variants. Raises InvalidInput if there is none."""
    return _name(need_image(environment), version.partition("+")[0])


def need_image(environment: Environment) -> Image:
    """Raises InvalidInput, with what to write, if the environment does not say what its containers are made of."""
    if environment.image is None:
        raise InvalidInput(
            f"environment {environment.name!r} does not say what containers of its services are made of; add a table "
            f'[image] with name = "{environment.name}:{{version}}" and build = "." for a Dockerfile beside it',
            file=environment.folder / "environment.toml",
        )
    return environment.image


def make_service_images(engine: docker.DockerClient, environment: Environment, logs: Path) -> None:
    """Build the image of every version whose files have changed since; where there is nothing to build from, get it.

    What a build prints goes to `logs`. Raises InvalidInput, MissingServer, and HarnessError if a build fails.
    """
    image = need_image(environment)
    names = {version.name: _name(image, version.name) for version in environment.versions}
    if not image.build:
        get_images(engine, names.values())
        return
    for version, name in names.items():
        make_image(engine, environment.folder / image.build, name, logs / f"image-{version}.log", {"VERSION": version})


def make_image(
    engine: docker.DockerClient, context: Path, name: str, log: Path, arguments: Mapping[str, str] | None = None
) -> None:
    """Build it in that folder, unless it has been built there and none of the files has changed since.

    Raises HarnessError if the build fails.
    """
    digest = digest_of(context)
    if _built_from(engine, name) != digest:
        _build(engine, context, name, dict(arguments or {}), digest, log)


def get_images(engine: docker.DockerClient, names: Iterable[str]) -> None:
    """Pull what is not there. Raises MissingServer, naming the image, if that does not work."""
    for name in sorted(set(names)):
        try:
            engine.images.get(name)
        except ImageNotFound:
            _pull(engine, name)


def digest_of(context: Path) -> str:
    """Of every file that a build in this folder can see: its path, whether it can be executed, its content."""
    digest = hashlib.sha256()
    for file in _seen_by_build(context):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(context)} {os.access(file, os.X_OK)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _seen_by_build(context: Path) -> tuple[Path, ...]:
    ignored = context / IGNORED
    lines = ignored.read_text().splitlines() if ignored.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    files = (context / path for path in sorted(exclude_paths(str(context), patterns, dockerfile="Dockerfile")))
    return tuple(file for file in files if file.is_file())


def _certificates() -> list[tuple[str, str]]:
    """What this machine trusts beside what everybody does: the first of the variables that names a file says it."""
    for name in CERTIFICATE_VARIABLES:
        if (file := Path(os.environ.get(name, ""))).is_file():
            return [(CERTIFICATES, file.read_text())]
    return []


def _name(image: Image, version: str) -> str:
    return image.name.replace("{version}", version)


def _built_from(engine: docker.DockerClient, name: str) -> str | None:
    try:
        return engine.images.get(name).labels.get(CONTEXT_LABEL)
    except ImageNotFound:
        return None


def _build(
    engine: docker.DockerClient, context: Path, name: str, arguments: dict[str, str], digest: str, log: Path
) -> None:
    files = [str(file.relative_to(context)) for file in _seen_by_build(context)]
    try:
        with TemporaryFile() as archive:
            create_archive(str(context), files, archive, extra_files=_certificates())
            _, output = engine.images.build(
                fileobj=archive,
                custom_context=True,
                tag=name,
                buildargs=arguments,
                labels={CONTEXT_LABEL: digest},
                rm=True,
                forcerm=True,
                timeout=BUILD_SILENCE_S_MAX,
            )
    except BuildError as error:
        printed = _printed(error.build_log)
        log.write_text(printed)
        last = "".join(f"\n  {line}" for line in printed.splitlines()[-TAIL_LINES:])
        raise HarnessError(f"the image {name} cannot be built: {error.msg}{last}") from error
    except DockerException as error:
        raise HarnessError(f"the image {name} cannot be built: {error}") from error
    log.write_text(_printed(output))


def _printed(output: Iterable[object]) -> str:
    return "".join(str(line.get("stream", "")) for line in output if isinstance(line, dict))


def _pull(engine: docker.DockerClient, name: str) -> None:
    try:
        engine.images.pull(name)
    except DockerException as error:
        raise MissingServer(
            f"the image {name} is not there and cannot be pulled ({error}); `docker pull` or `docker load` it, or name "
            f"another in environment.toml, in the server's variable (HARNESS_POSTGRES_IMAGE, …) or by {MIRROR}"
        ) from error
