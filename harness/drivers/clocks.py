"""Wall clocks of instances that can be set, by libfaketime: https://github.com/wolfcw/libfaketime.

A library that is loaded before all others (LD_PRELOAD) answers what time it is, by a file that each instance has of its
own. Clocks that count from an arbitrary start (CLOCK_MONOTONIC) go on: none of these is ever set.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.drivers import proc
from harness.errors import HarnessError

VARIABLE = "HARNESS_LIBFAKETIME"
LIBRARY = "libfaketimeMT.so.1"
"""That of programs with several threads, which also does for those with one."""
PLACES = ("/usr/lib/*/faketime", "/usr/lib64/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")
MISSING = f"clocks need {LIBRARY}: install Debian's package libfaketime, or set {VARIABLE} to its path"
CACHED_S = 1
"""So soon an instance sees that its file has changed."""
PROBE = "import time; print(time.time())"
PROBE_S_MAX = 10.0


def find_library() -> Path | None:
    if given := os.environ.get(VARIABLE):
        return Path(given) if Path(given).is_file() else None
    found = (file for place in PLACES for file in Path("/").glob(f"{place[1:]}/{LIBRARY}"))
    return next(found, None)


@dataclass(frozen=True)
class Clocks:
    library: Path
    folder: Path
    """Of a file an instance."""

    def variables(self, name: str) -> Mapping[str, str]:
        """What a new process needs, so that its clock can be set."""
        self.folder.mkdir(exist_ok=True)
        if not self._file(name).exists():
            self.set(name, 0.0)
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(name)),
            "FAKETIME_CACHE_DURATION": str(CACHED_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else timed waits on conditions end at once, with glibc 2.25 and newer: threads of Python, which take
            # turns by such waits, then spend all processors on it.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def set(self, name: str, offset_s: float) -> None:
        part = self._file(name).with_suffix(".part")
        part.write_text(f"{offset_s:+.3f}\n")
        part.replace(self._file(name))

    def offset_s(self, pid: int) -> float:
        """How far another process with its variables finds its clock from ours; 0 if it has not loaded the library.

        Raises ProcessLookupError, HarnessError.
        """
        if not proc.has_mapped(pid, self.library.resolve().name):
            return 0.0
        given = proc.variables(pid)
        try:
            probe = subprocess.run(
                [sys.executable, "-I", "-S", "-c", PROBE],
                env=given,
                check=True,
                capture_output=True,
                text=True,
                timeout=PROBE_S_MAX,
            )
        except subprocess.SubprocessError as error:
            raise HarnessError(f"a clock cannot be read: {error}") from error
        return float(probe.stdout) - time.time()

    def _file(self, name: str) -> Path:
        return self.folder / name
