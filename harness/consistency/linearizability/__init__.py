"""Is a history linearizable: does one order of its operations, true to their times, explain all that was seen?"""

from harness.consistency.linearizability.check import Budget, Judgement, Violation, check

__all__ = ["Budget", "Judgement", "Violation", "check"]
