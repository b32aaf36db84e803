"""Python's collector of cyclic garbage, which stops all threads of a process for as long as it looks at its objects.

In a process that holds much, as one of a suite of tests, that is for seconds on a busy machine: holes in what is
measured, of the harness's own making.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sparing_what_was_before() -> Iterator[None]:
    """While this lasts, the collector looks only at what has come since."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """While this lasts, the collector does not look at all: for what makes many objects, none of them in cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
