"""Objectives from OpenSLO's YAML (openslo/v1, https://openslo.com). What is not supported is named, not dropped.

A ratio metric's queries are of a monitoring system that a run does not have. So what is good must also be said in words
that a run knows, as annotations of the SLO or of its indicator:

    harness/good: served                  required: good are the requests that were served, of all
    harness/latency-ms-max: "300"         and within so many milliseconds
    harness/operations: "/orders,/items"  only these operations

The SLO's time window is the run, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InvalidInput
from harness.service_levels.objective import Objective

VERSION = "openslo/v1"
GOOD, LATENCY, OPERATIONS = "harness/good", "harness/latency-ms-max", "harness/operations"
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_KNOWN_SPEC = {
    *("service", "indicator", "indicatorRef", "budgetingMethod", "objectives", "timeWindow", "description"),
    "alertPolicies",
}
_KNOWN_OBJECTIVE = {"displayName", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"}
_LEFT_ALONE = ("Service", "DataSource", "SLI")
"""Kinds that promise nothing by themselves."""


@dataclass(frozen=True)
class Unsupported:
    """Something a file asks for that is not judged. `what` is for people."""

    where: str
    what: str


@dataclass(frozen=True)
class Imported:
    objectives: tuple[Objective, ...]
    unsupported: tuple[Unsupported, ...]


def read_openslo(file: Path) -> Imported:
    """Raises InvalidInput if the file cannot be read, is not OpenSLO, or promises nothing at all."""
    documents = [_mapping(document, file) for document in _load(file) if document is not None]
    indicators = {_name(document, file): document for document in documents if document.get("kind") == "SLI"}
    objectives: list[Objective] = []
    unsupported: list[Unsupported] = []
    for document in documents:
        where = f"{document.get('kind')} {_name(document, file)}"
        if document.get("apiVersion") != VERSION:
            unsupported.append(Unsupported(where, f"apiVersion {document.get('apiVersion')!r}; {VERSION} is read"))
        elif document.get("kind") == "SLO":
            reader = _Slo(document, _name(document, file), indicators, file)
            found = list(reader.objectives())
            unsupported += (Unsupported(where, what) for what in reader.unsupported)
            objectives += found
        elif document.get("kind") not in _LEFT_ALONE:
            unsupported.append(Unsupported(where, f"kind {document.get('kind')!r}"))
    if not objectives and not unsupported:
        raise InvalidInput("there is no SLO in it", file=file)
    return Imported(tuple(objectives), tuple(unsupported))


def _load(file: Path) -> list[object]:
    try:
        import yaml  # noqa: PLC0415 (only who imports OpenSLO needs it)
    except ImportError as error:
        raise InvalidInput("reading OpenSLO needs what `pip install 'rollproof[openslo]'` brings", file=file) from error
    try:
        return list(yaml.safe_load_all(file.read_text("utf-8")))
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
    except UnicodeDecodeError as error:
        raise InvalidInput("is not UTF-8 text", file=file) from error
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise InvalidInput(f"is not YAML: {error.problem}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"is not YAML: {error}", file=file) from error


class _Slo:
    """One SLO. `objectives` yields what can be judged; what cannot is collected in `unsupported`."""

    def __init__(
        self, document: Mapping[str, object], name: str, indicators: Mapping[str, Mapping[str, object]], file: Path
    ) -> None:
        self.unsupported: list[str] = []
        self._name = name
        self._file = file
        self._spec = _mapping(document.get("spec"), file)
        self._indicators = indicators
        self._notes = dict(_annotations(document, file))

    def objectives(self) -> Iterator[Objective]:
        self.unsupported += (f"spec.{key}" for key in self._spec if key not in _KNOWN_SPEC)
        if self._spec.get("alertPolicies"):
            self.unsupported.append("spec.alertPolicies: the alerts are those of docs/service-levels.md")
        method = self._spec.get("budgetingMethod")
        if method not in ("Occurrences", "Timeslices"):
            self.unsupported.append(f"budgetingMethod {method!r}; Occurrences and Timeslices are judged")
            return
        if not self._indicator_is_supported():
            return
        found = self._spec.get("objectives")
        if not isinstance(found, Sequence) or isinstance(found, str) or not found:
            raise InvalidInput(f"SLO {self._name!r} has no objectives", file=self._file)
        for number, each in enumerate(found, start=1):
            yield from self._objective(_mapping(each, self._file), number, len(found), sliced=method == "Timeslices")

    def _indicator_is_supported(self) -> bool:
        indicator = self._indicator()
        self._notes |= _annotations(indicator, self._file)
        ratio = _mapping(indicator.get("spec"), self._file).get("ratioMetric")
        if not isinstance(ratio, Mapping):
            self.unsupported.append("an indicator that is no ratioMetric")
            return False
        if "total" not in ratio or not ("good" in ratio or "bad" in ratio):
            self.unsupported.append("a ratioMetric without total and either good or bad")
            return False
        if self._notes.get(GOOD) != "served":
            self.unsupported.append(f"its queries, which a run cannot ask: say what is good by {GOOD}: served")
            return False
        return True

    def _indicator(self) -> Mapping[str, object]:
        if "indicatorRef" in self._spec:
            name = str(self._spec["indicatorRef"])
            if name not in self._indicators:
                raise InvalidInput(
                    f"SLO {self._name!r} refers to the SLI {name!r}, which is not there", file=self._file
                )
            return self._indicators[name]
        return _mapping(self._spec.get("indicator"), self._file)

    def _objective(self, told: Mapping[str, object], number: int, count: int, *, sliced: bool) -> Iterator[Objective]:
        where = f"objectives[{number - 1}]"
        if strange := [key for key in told if key not in _KNOWN_OBJECTIVE]:
            self.unsupported += (f"{where}.{key}" for key in strange)
            return
        latency = self._notes.get(LATENCY)
        operations = tuple(each.strip() for each in self._notes.get(OPERATIONS, "").split(",") if each.strip())
        try:
            yield Objective(
                self._name if count == 1 else f"{self._name}-{told.get('displayName') or number}",
                _target(told),
                None if latency is None else float(latency),
                operations,
                _seconds(told.get("timeSliceWindow")) if sliced else None,
                _number(told, "timeSliceTarget") if sliced else None,
            )
        except ValueError as error:
            raise InvalidInput(f"SLO {self._name!r}, {where}: {error}", file=self._file) from error


def _target(told: Mapping[str, object]) -> float:
    if "target" in told:
        return _number(told, "target")
    return round(_number(told, "targetPercent") / 100, 12)


def _number(told: Mapping[str, object], key: str) -> float:
    value = told.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"{key} must be a number, not {value!r}")


def _seconds(value: object) -> float:
    found = re.fullmatch(r"(\d+)([smhdw])", str(value))
    if found is None:
        raise ValueError(f"timeSliceWindow must be like 30s or 1m, not {value!r}")
    return float(int(found[1]) * _UNITS_S[found[2]])


def _annotations(document: Mapping[str, object], file: Path) -> Mapping[str, str]:
    found = _mapping(document.get("metadata", {}), file).get("annotations") or {}
    return {str(key): str(value) for key, value in _mapping(found, file).items()}


def _name(document: Mapping[str, object], file: Path) -> str:
    return str(_mapping(document.get("metadata"), file).get("name", "without a name"))


def _mapping(value: object, file: Path) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"is not OpenSLO: a mapping was expected, not {value!r:.60}", file=file)
    return value
