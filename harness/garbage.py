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
