"""An environment's own manifests, with overlays and placeholders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.drivers.kubernetes.native.templates import lay_over, merge, read_file, read_manifests, render
from harness.environment import Environment, Kubernetes, Variant
from harness.errors import InvalidInput, MissingServer
from tests.unit.fakes import ENVIRONMENT

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      volumes: [{ name: data, emptyDir: {} }]
      containers:
        - name: main
          image: "{image}"
          lifecycle: { preStop: { sleep: { seconds: 4 } } }
          args: [a, b]
          env: [{ name: ONE, value: "1" }, { name: TWO, value: "{version}" }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { maxUnavailable: 1 }
"""
HASTY = """\
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - name: main
          lifecycle: null
          args: [c]
          env: [{ name: TWO, value: "2" }, { name: THREE, value: "3" }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
$patch: delete
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    (tmp_path / "kubernetes").mkdir()
    (tmp_path / "kubernetes" / "web.yaml").write_text(WEB)
    (tmp_path / "hasty.yaml").write_text(HASTY)
    hasty = Variant("hasty", "stops at once", overlays=("hasty.yaml",))
    return replace(ENVIRONMENT, folder=tmp_path, kubernetes=Kubernetes(), variants=(hasty,))


def test_placeholders_are_filled_in_and_empty_tables_stay(environment: Environment) -> None:
    deployment, budget = render(environment, read_manifests(environment), "1", {"image": "web:1", "version": "1"})
    pod = deployment["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "web:1"
    assert pod["containers"][0]["env"][1] == {"name": "TWO", "value": "1"}
    assert pod["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert budget["spec"] == {"maxUnavailable": 1}


def test_an_unknown_placeholder_is_refused(environment: Environment) -> None:
    with pytest.raises(InvalidInput, match=r"unknown placeholder \{image\}"):
        render(environment, read_manifests(environment), "1", {"version": "1"})


def test_the_overlay_of_a_variant_is_laid_over(environment: Environment) -> None:
    manifests = read_manifests(environment)
    [deployment] = render(environment, manifests, "1+hasty", {"image": "web:1", "version": "1+hasty"})
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "main",
        "image": "web:1",
        "args": ["c"],
        "env": [{"name": "ONE", "value": "1"}, {"name": "TWO", "value": "2"}, {"name": "THREE", "value": "3"}],
    }
    assert len(manifests) == 2, "what was read is not changed"
    assert "lifecycle" in manifests[0]["spec"]["template"]["spec"]["containers"][0]


def test_an_overlay_of_nothing_is_refused(tmp_path: Path) -> None:
    stray = {"kind": "Service", "metadata": {"name": "web"}}
    with pytest.raises(InvalidInput, match=r"overlay.yaml: there is no Service 'web' to lay this over"):
        lay_over((), [stray], tmp_path / "overlay.yaml")


@pytest.mark.parametrize(
    ("base", "partial", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "y"}]}, {"a": [{"name": "x", "v": 1}, {"name": "y"}]}),
        ({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_merging(base: dict[str, object], partial: dict[str, object], merged: dict[str, object]) -> None:
    assert merge(base, partial) == merged


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "it is not YAML"),
        ("- a", "document 1 is not a table"),
        ("kind: Service\nmetadata: {name: a}", "document 1 has no apiVersion"),
        ("apiVersion: v1\nkind: Service\nmetadata: {}", "document 1 has no metadata.name"),
        ("!!python/object/apply:os.system ['true']", "it is not YAML"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=rf"bad\.yaml: {message}"):
        read_file(tmp_path / "bad.yaml")


def test_a_lacking_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="it cannot be read: No such file"):
        read_file(tmp_path / "none.yaml")


def test_an_environment_without_manifests_is_told_what_to_write(environment: Environment) -> None:
    with pytest.raises(InvalidInput, match=r"add a table \[kubernetes\]"):
        read_manifests(replace(environment, kubernetes=None))
    with pytest.raises(InvalidInput, match="no manifests in"):
        read_manifests(replace(environment, kubernetes=Kubernetes("nowhere")))


def test_a_kustomization_needs_kubectl(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    (environment.folder / "kubernetes" / "kustomization.yaml").write_text("resources: [web.yaml]\n")
    monkeypatch.setenv("PATH", str(environment.folder))
    with pytest.raises(MissingServer, match="kubectl, which is not on the PATH"):
        read_manifests(environment)


def test_a_kustomization_is_rendered_by_kubectl(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = environment.folder / "kubernetes"
    (folder / "kustomization.yaml").write_text("resources: [web.yaml]\n")
    kubectl = environment.folder / "kubectl"
    kubectl.write_text('#!/bin/sh\n[ "$1" = kustomize ] && exec cat "$2/web.yaml"\n')
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{environment.folder}:/usr/bin:/bin")
    assert [document["kind"] for document in read_manifests(environment)] == ["Deployment", "PodDisruptionBudget"]


def test_what_kubectl_cannot_render_is_refused_in_its_words(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment.folder / "kubernetes" / "kustomization.yaml").write_text("")
    kubectl = environment.folder / "kubectl"
    kubectl.write_text("#!/bin/sh\necho 'no such base' >&2\nexit 1\n")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{environment.folder}:/usr/bin:/bin")
    with pytest.raises(InvalidInput, match="kubectl cannot render it: no such base"):
        read_manifests(environment)
