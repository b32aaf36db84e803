"""Which image is taken, and when one has to be built again; without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("testcontainers", reason="the extra `containers` is not installed")

from harness.drivers.containers.images import MIRROR, TESTCONTAINERS_MIRROR, digest_of, server_image, service_image
from harness.environment import Environment, Image
from harness.errors import InvalidInput
from harness.servers import ENVOY, NATS
from tests.unit.fakes import ENVIRONMENT


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (MIRROR, TESTCONTAINERS_MIRROR, ENVOY.image_variable, NATS.image_variable):
        monkeypatch.delenv(name, raising=False)


def test_a_server_is_made_of_its_usual_image_unless_the_environment_says_otherwise() -> None:
    assert server_image(NATS) == NATS.image
    assert server_image(NATS, "nats:2.10") == "nats:2.10"


def test_a_variable_comes_before_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, "mirror.example")
    monkeypatch.setenv("HARNESS_NATS_IMAGE", "mine:1")
    assert server_image(NATS, "nats:2.10") == "mine:1"
    assert server_image(ENVOY) == f"mirror.example/{ENVOY.image}"


def test_a_mirror_of_testcontainers_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TESTCONTAINERS_MIRROR, "mirror.example/hub/")
    assert server_image(NATS) == f"mirror.example/hub/{NATS.image}"
    monkeypatch.setenv(MIRROR, "nearer.example")
    assert server_image(NATS) == f"nearer.example/{NATS.image}"


def with_image(image: Image | None) -> Environment:
    return Environment("shop", Path("/shop"), (), ENVIRONMENT.services, ENVIRONMENT.versions, image=image)


def test_variants_are_in_the_image_of_their_version() -> None:
    environment = with_image(Image("shop:{version}"))
    assert service_image(environment, "2.0+slow+late") == "shop:2.0"


def test_an_environment_without_an_image_is_told_what_to_write() -> None:
    with pytest.raises(InvalidInput, match=r"/shop/environment.toml: .* add a table \[image\]"):
        service_image(with_image(None), "2.0")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / ".dockerignore").write_text("# what is not needed\nnotes\n**/__pycache__\n")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "main.py").write_text("print()")
    return tmp_path


def test_what_a_build_does_not_see_does_not_change_its_digest(context: Path) -> None:
    before = digest_of(context)
    (context / "notes").write_text("anything")
    (context / "shop" / "__pycache__").mkdir()
    (context / "shop" / "__pycache__" / "main.pyc").write_text("anything")
    (context / "shop" / "main.py").touch()
    assert digest_of(context) == before


@pytest.mark.parametrize("change", ["content", "name", "mode", "Dockerfile"])
def test_what_a_build_sees_changes_its_digest(context: Path, change: str) -> None:
    before, file = digest_of(context), context / "shop" / "main.py"
    match change:
        case "content":
            file.write_text("print(1)")
        case "name":
            file.rename(file.with_name("other.py"))
        case "mode":
            file.chmod(0o755)
        case _:
            (context / "Dockerfile").write_text("FROM scratch AS other")
    assert digest_of(context) != before
