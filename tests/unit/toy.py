"""A small project on disk, with an environment, a locustfile and a scenario; and drivers that are never opened."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from harness.protocols import (
    Disconnectable,
    Drainable,
    Killable,
    Limitable,
    Linked,
    Meddlesome,
    Pausable,
    Platform,
    ProcessorsLimitable,
    Splittable,
)
from harness.registry import Group

ENVIRONMENT = """\
name = "shop"
smoke_paths = ["/items"]

[[stores]]
name = "postgres"
kind = "postgres"

[[stores]]
name = "nats"
kind = "nats"

[[services]]
name = "api"
command = ["{python}", "-m", "shop", "--port", "{port}", "--db", "{postgres.url}"]
replicas = 3
routed = true
links = ["postgres"]

[[services]]
name = "mailer"
command = ["{python}", "-m", "mailer"]
replicas = 1
routed = false
links = ["nats"]

[[versions]]
name = "1.0"

[[versions]]
name = "2.0"
variables = { SCHEMA = "2" }
expand = ["{python}", "migrate.py", "{postgres.url}"]

[[variants]]
name = "slow"
summary = "answers late"
variables = { DELAY_MS = "300" }
versions = ["2.0"]
"""

SCENARIO = """\
name = "canary"
summary = "A healthy canary."
environment = "shop"

[change]
old = "1.0"
new = "2.0"

[strategy]
kind = "canary"
weights = [
    { weight = 10, hold_s = 1 },
    { weight = 100, hold_s = 2 },
]
gate = { error_rate_max = 0.02 }

[load]
locustfile = "locustfile.py"
user = "Shopper"
rate_per_s = 100

[[fault]]
kind = "kill"
target = "api"
at = "canary 10 %"
after_s = 0.5
for_s = 2

[slo]
p99_ms_max = 500
"""

LOCUSTFILE = "raise ImportError('a scenario is read without importing its locustfile')\n\nclass Shopper: ...\n"


class ToyDriver:
    name: ClassVar[str] = "local"
    offers: ClassVar[frozenset[type]] = frozenset({Killable, Pausable, Linked, Splittable, Meddlesome})


class BareDriver:
    name: ClassVar[str] = "bare"
    offers: ClassVar[frozenset[type]] = frozenset()


class ContainersDriver:
    name: ClassVar[str] = "containers"
    offers: ClassVar[frozenset[type]] = frozenset(
        {Killable, Pausable, Linked, Splittable, Meddlesome, Disconnectable, Limitable, ProcessorsLimitable}
    )


class PlatformDriver:
    name: ClassVar[str] = "kubernetes"
    offers: ClassVar[frozenset[type]] = frozenset({Platform, Drainable})


DRIVERS: Group[object] = Group(
    "driver",
    "harness.drivers",
    {
        "local": "tests.unit.toy:ToyDriver",
        "bare": "tests.unit.toy:BareDriver",
        "containers": "tests.unit.toy:ContainersDriver",
        "kubernetes": "tests.unit.toy:PlatformDriver",
    },
)


def write_project(folder: Path) -> Path:
    """Returns the path of its scenario."""
    (folder / "environments" / "shop").mkdir(parents=True)
    (folder / "environments" / "shop" / "environment.toml").write_text(ENVIRONMENT)
    scenarios = folder / "scenarios"
    scenarios.mkdir()
    (scenarios / "locustfile.py").write_text(LOCUSTFILE)
    scenario = scenarios / "canary.toml"
    scenario.write_text(SCENARIO)
    return scenario


def rewrite(file: Path, old: str, new: str) -> int:
    """Replace what stands once in the file; returns the line on which it stood."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    file.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1
