"""Each lane alike: reads, writes and long requests, on new and on kept connections."""

from __future__ import annotations

from typing import ClassVar

from harness.load.open_loop import OpenLoopUser, operation


class EveryLane(OpenLoopUser):
    lanes: ClassVar[dict[str, float]] = {"new": 1, "kept": 1}

    @operation()
    def read(self) -> None:
        self.request("GET", "/work")

    @operation()
    def write(self) -> None:
        self.request("GET", "/work")

    @operation()
    def download(self) -> None:
        self.request("GET", "/work?ms=100")
