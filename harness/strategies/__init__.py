"""How a change is rolled out and back: one file a strategy, each a pure generator of actions."""

from __future__ import annotations

from harness.protocols import Strategy
from harness.strategies.blue_green import BlueGreen
from harness.strategies.canary import Canary
from harness.strategies.command import Command
from harness.strategies.deployment import NativeDeployment
from harness.strategies.recreate import Recreate
from harness.strategies.rolling import Rolling

STRATEGIES: dict[str, type[Strategy]] = {
    "rolling": Rolling,
    "blue-green": BlueGreen,
    "canary": Canary,
    "recreate": Recreate,
    "deployment": NativeDeployment,
    "command": Command,
}
