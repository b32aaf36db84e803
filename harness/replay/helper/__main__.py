"""`python harness/replay/helper MODULE:OBJECT`: no other part of the harness needs to be installed, or is imported."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


PARENTS = ("harness", "harness.replay")


def _make_importable() -> None:
    """As the package that it is in the harness, but for the harness."""
    for name in PARENTS:
        package = ModuleType(name)
        package.__path__ = []
        sys.modules[name] = package
    sys.modules["harness.replay"].__path__ = [str(HERE.parent)]


def _make_way() -> None:
    """For the user's code, which may use the harness that is installed in its environment."""
    for name in PARENTS:
        del sys.modules[name]


if __name__ == "__main__":
    alone = __package__ in (None, "")
    if alone:
        # Python has put this folder first on the path, where its modules could hide others of the same names.
        sys.path[0] = str(Path.cwd())
        _make_importable()
    from harness.replay.helper.serve import main

    if alone:
        _make_way()
    main(sys.argv[1:])
