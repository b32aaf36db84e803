"""Finds the user's upcasters in a module or a file."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Protocol

from harness.errors import InvalidInput
from harness.upcasters.catalog import Catalog
from harness.upcasters.registry import Data, Upcasters
from harness.upcasters.user_code.functions import RegisteredFunctions
from harness.upcasters.user_code.messages import Hop


class UserCode(Protocol):
    """Upcasters of one kind. Whatever the user's functions raise comes through."""

    def catalog(self) -> Catalog: ...

    def decode(self, data: Data) -> Data:
        """From JSON to what functions are given; a new one each time."""
        ...

    def encode(self, data: object) -> object:
        """Back to JSON. Raises TypeError or ValueError for what is none."""
        ...

    def apply(self, event_type: str, hop: Hop, data: Data) -> Data: ...

    def load(self, event_type: str, version: int, data: Data) -> tuple[object, tuple[str, ...]]:
        """As the application loads it: its state in JSON, and the declared attributes that it lacks."""
        ...


def find(target: str) -> UserCode:
    """`target` is `package.module` or `path/file.py`, with `:name` for a registry that is not the only one.

    Raises InvalidInput, with file and line of what the user's code raised.
    """
    place, name = parted(target)
    module = _load(place)
    if name:
        named = getattr(module, name, None)
        if not isinstance(named, Upcasters):
            raise InvalidInput(f"{place} has no registry {name!r} ({_listed(module)})")
        return RegisteredFunctions(named)
    registries = _registries(module)
    if len(registries) == 1:
        return RegisteredFunctions(next(iter(registries.values())))
    if registries:
        raise InvalidInput(f"{place}: which registry? {_listed(module)}; name one: {place}:{next(iter(registries))}")
    return _classes(module, place)


def _classes(module: ModuleType, place: str) -> UserCode:
    with suppress(ImportError):  # without the library there are no classes of it
        from harness.upcasters.user_code.classes import VersionedClasses, classes_of  # noqa: PLC0415

        if classes_of(module):
            return VersionedClasses(module)
    raise InvalidInput(
        f"{place} has no upcasters: no registry (harness.upcasters.Upcasters), and no event class of eventsourcing"
    )


def parted(target: str) -> tuple[str, str]:
    """Place and name."""
    place, colon, name = target.rpartition(":")
    return (place, name) if colon else (target, "")


def _registries(module: ModuleType) -> dict[str, Upcasters]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Upcasters)}


def _listed(module: ModuleType) -> str:
    return f"there are: {', '.join(_registries(module)) or 'none'}"


def _load(place: str) -> ModuleType:
    path = Path(place)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise InvalidInput("there is no such file", file=path)
    sys.path.insert(0, str(path.parent.resolve()) if is_file else os.getcwd())
    try:
        return _from_file(path) if is_file else importlib.import_module(place)
    except Exception as error:  # the user's code may raise anything
        raise _unusable(place, error) from error


def _from_file(path: Path) -> ModuleType:
    name = path.stem if path.stem not in sys.modules else f"upcasters_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _unusable(place: str, error: Exception) -> InvalidInput:
    message = f"{place} cannot be loaded: {type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return InvalidInput(message, file=Path(error.filename or place), line=error.lineno)
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith("<frozen")]
    own = [each for each in frames if each.filename not in (__file__, importlib.__file__)]
    if not own:
        return InvalidInput(message)
    return InvalidInput(message, file=Path(own[-1].filename), line=own[-1].lineno)
