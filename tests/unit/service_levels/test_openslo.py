from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.service_levels.objective import Objective
from harness.service_levels.openslo import Imported, read_openslo

HEAD = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  annotations:
    harness/good: served
"""
RATIO = """
  indicator:
    metadata: { name: served }
    spec:
      ratioMetric:
        counter: true
        good: { metricSource: { type: Prometheus, spec: { query: 'sum(good)' } } }
        total: { metricSource: { type: Prometheus, spec: { query: 'sum(all)' } } }
"""
OCCURRENCES = f"""{HEAD}    harness/latency-ms-max: "300"
    harness/operations: /orders, /items
spec:
  service: shop
  timeWindow: [{{ duration: 28d, isRolling: true }}]
  budgetingMethod: Occurrences
  objectives: [{{ displayName: most, target: 0.99 }}]
{RATIO}"""
SLICES = f"""{HEAD}
spec:
  budgetingMethod: Timeslices
  objectives: [{{ targetPercent: 99.5, timeSliceTarget: 0.95, timeSliceWindow: 1m }}]
{RATIO}"""


def read(tmp_path: Path, text: str) -> Imported:
    file = tmp_path / "slo.yaml"
    file.write_text(text)
    return read_openslo(file)


def test_a_ratio_by_occurrences(tmp_path: Path) -> None:
    assert read(tmp_path, OCCURRENCES) == Imported((Objective("checkout", 0.99, 300.0, ("/orders", "/items")),), ())


def test_a_ratio_by_slices_of_time(tmp_path: Path) -> None:
    assert read(tmp_path, SLICES) == Imported((Objective("checkout", 0.995, slice_s=60.0, slice_target=0.95),), ())


def test_several_objectives_are_told_apart_by_their_names(tmp_path: Path) -> None:
    text = OCCURRENCES.replace("target: 0.99 }", "target: 0.99 }, { target: 0.999 }")
    assert [each.name for each in read(tmp_path, text).objectives] == ["checkout-most", "checkout-2"]


def test_an_indicator_may_stand_in_another_document(tmp_path: Path) -> None:
    ratio = RATIO.partition("    spec:")[2].replace("\n      ", "\n  ")
    sli = f"apiVersion: openslo/v1\nkind: SLI\nmetadata: {{ name: served }}\nspec:{ratio}"
    slo = OCCURRENCES.replace(RATIO, "\n  indicatorRef: served\n")
    service = "apiVersion: openslo/v1\nkind: Service\nmetadata: { name: shop }\nspec: {}"
    assert len(read(tmp_path, f"{slo}\n---\n{sli}\n---\n{service}").objectives) == 1
    with pytest.raises(InvalidInput, match="refers to the SLI 'served', which is not there"):
        read(tmp_path, slo)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("budgetingMethod: Occurrences", "budgetingMethod: RatioTimeslices", "budgetingMethod 'RatioTimeslices'"),
        ("harness/good: served", "harness/good: fast", "its queries, which a run cannot ask"),
        ("ratioMetric", "thresholdMetric", "an indicator that is no ratioMetric"),
        ("        total:", "        totals:", "a ratioMetric without total"),
        ("displayName: most,", "op: lte, value: 3,", "objectives[0].op"),
        ("openslo/v1", "openslo/v2alpha", "apiVersion 'openslo/v2alpha'"),
        ("kind: SLO", "kind: AlertPolicy", "kind 'AlertPolicy'"),
    ],
)
def test_what_is_not_supported_is_named_and_not_judged(tmp_path: Path, old: str, new: str, named: str) -> None:
    imported = read(tmp_path, OCCURRENCES.replace(old, new))
    assert imported.objectives == ()
    assert named in imported.unsupported[0].what
    assert "checkout" in imported.unsupported[0].where


@pytest.mark.parametrize("more", ["  alertPolicies: [fast-burn]\n", "  priority: high\n"])
def test_what_is_asked_beside_an_objective_is_named_too(tmp_path: Path, more: str) -> None:
    imported = read(tmp_path, OCCURRENCES.rstrip() + "\n" + more)
    assert len(imported.objectives) == 1
    assert imported.unsupported[0].what.startswith(f"spec.{more.strip().partition(':')[0]}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("!!python/object/apply:os.system ['true']", "is not YAML: could not determine a constructor"),
        ("just words", "a mapping was expected"),
        ("", "there is no SLO in it"),
        (OCCURRENCES.replace("target: 0.99", "target: high"), "target must be a number, not 'high'"),
        (OCCURRENCES.replace("target: 0.99", "target: 99"), "target must be between 0 and 1"),
        (OCCURRENCES.replace("objectives: [{ displayName: most, target: 0.99 }]", "objectives: []"), "no objectives"),
        (SLICES.replace("1m", "soon"), "timeSliceWindow must be like 30s or 1m"),
    ],
)
def test_what_is_wrong_is_refused_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=r"slo\.yaml") as refused:
        read(tmp_path, text)
    assert message in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_openslo(tmp_path / "none.yaml")


def test_without_its_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InvalidInput, match=r"pip install 'rollproof\[openslo\]'"):
        read(tmp_path, OCCURRENCES)
