"""Processes of a load that a test can get hold of."""

from __future__ import annotations

from harness.load.children import Child, Children
from harness.protocols import Command


class KeptChildren(Children):
    def __init__(self) -> None:
        self.children: list[Child] = []

    def spawn(self, command: Command) -> Child:
        self.children.append(super().spawn(command))
        return self.children[-1]
