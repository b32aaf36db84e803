"""A running system of containers: what can be done to them that cannot be done to processes."""

from __future__ import annotations

from harness.drivers.containers.process import ContainerProcess
from harness.drivers.system import LinkedRunningSystem
from harness.protocols import Limits, Usage


class ContainersSystem(LinkedRunningSystem):
    """Implements Disconnectable and Limitable as well."""

    def disconnect(self, name: str) -> None:
        self._container(name).disconnect()

    def reconnect(self, name: str) -> None:
        """Does nothing if it has ended or been removed meanwhile."""
        if name not in self._removed:
            self._container(name).reconnect()

    def connected(self, name: str) -> bool:
        return self._container(name).connected()

    def limit(self, name: str, limits: Limits) -> None:
        """Does nothing if it has ended or been removed meanwhile."""
        if name not in self._removed:
            self._container(name).limit(limits)

    def usage(self, name: str) -> Usage:
        return self._container(name).usage()

    def _container(self, name: str) -> ContainerProcess:
        process = self._instance(name).process
        assert isinstance(process, ContainerProcess)
        return process
