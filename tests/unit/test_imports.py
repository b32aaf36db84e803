"""Imports point one way, and what monkey-patches its process stays in processes of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness"

LAYERS = (
    ("errors", "bounds", "plain_text", "verdict", "waiting", "garbage"),
    ("history", "environment", "columns"),
    ("protocols",),
    ("placeholders", "scenario", "windows"),
    ("versions", "toml_reader", "toml_values", "servers", "recording"),
    (
        *("supervisor", "drivers", "strategies", "faults", "load", "toxics", "events", "checkers", "reporting"),
        *("schemas", "upcasters", "streams", "replay", "consistency", "analysis", "service_levels"),
    ),
    ("registry", "judge", "explain", "facts", "lanes", "live", "doctor", "recheck", "sweep"),
    ("environment_file", "scenario_check", "plan", "fault_table"),
    ("scenario_file", "run", "runner"),
    ("cluster_command", "schema_command", "upcasters_command", "streams_command", "replay_command"),
    ("judge_files", "judge_promises_command", "judge_streams_command", "judge_command"),
    ("cli", "pytest_plugin"),
    ("__main__",),
)
"""A module may import from its own layer and from those before. A name is a module, or a folder of them."""

PATCHING = ("locust", "gevent")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> Iterator[str]:
    """What the file imports anywhere, but for what only the type checker sees."""
    waiting: list[ast.AST] = [ast.parse(file.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{file} imports relatively"
            # `from harness import registry` imports a module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


def layer_of(module: str) -> int | None:
    """None for the package itself."""
    _, _, rest = module.partition(".")
    area = rest.partition(".")[0]
    if not area or area == "__version__":
        return None
    return next(number for number, areas in enumerate(LAYERS) if area in areas)


def test_every_module_has_a_layer() -> None:
    known = {area for areas in LAYERS for area in areas}
    areas = {name_of(file).split(".")[1] for file in modules() if file.parent != PACKAGE or file.stem != "__init__"}
    assert areas <= known


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_imports_point_one_way(file: Path) -> None:
    own = layer_of(name_of(file))
    if own is None:
        return
    wrong = [
        module
        for module in imports(file)
        if module.split(".")[0] == "harness" and (layer := layer_of(module)) is not None and layer > own
    ]
    assert not wrong


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_only_the_load_imports_what_patches_its_process(file: Path) -> None:
    if "load" in file.relative_to(PACKAGE).parts:
        return
    assert not [module for module in imports(file) if module.split(".")[0] in PATCHING]


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("harness.runner", PATCHING),
        ("harness.cli", (*PATCHING, "duckdb", "numpy", "psycopg", "rich", "jinja2", "fastavro")),
        ("harness.pytest_plugin", (*PATCHING, "duckdb", "numpy", "psycopg", "rich", "jinja2")),
    ],
)
def test_importing_it_loads_no(module: str, unwanted: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    assert not set(unwanted) & set(loaded.stdout.split())
