"""What can be broken: one class a fault. Entering `inject` breaks, leaving heals; both are proven, not assumed."""

from __future__ import annotations

from harness.faults.network import LinkFault
from harness.faults.process import Kill, Pause
from harness.protocols import Fault

FAULTS: dict[str, type[Fault]] = {"kill": Kill, "pause": Pause, "link": LinkFault}
