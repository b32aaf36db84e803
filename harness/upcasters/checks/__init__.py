"""Each check is a function from what was seen of upcasters to a verdict; None where there is nothing it claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from harness.upcasters.checks.coherent import coherent
from harness.upcasters.checks.idempotent import idempotent
from harness.upcasters.checks.lossless import lossless
from harness.upcasters.checks.newer import newer
from harness.upcasters.checks.pure import pure
from harness.upcasters.checks.recorded import recorded
from harness.upcasters.checks.terminating import terminating
from harness.upcasters.checks.total import total
from harness.upcasters.checks.valid import valid
from harness.upcasters.observations import Observations
from harness.verdict import Verdict

Check: TypeAlias = Callable[[Observations], Verdict | None]

CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (total, terminating, valid, coherent, idempotent, pure, lossless, newer, recorded)
}


def judge(seen: Observations, skipped: frozenset[str] = frozenset()) -> tuple[Verdict, ...]:
    verdicts = (check(seen) for name, check in CHECKS.items() if name not in skipped)
    return tuple(verdict for verdict in verdicts if verdict is not None)
