"""The promises that histories of operations are held to by `harness judge`."""

from harness.consistency import sessions
from harness.consistency.objects import CAUSAL_REVERSE, COUNTER, UNIQUE_IDS, bank
from harness.consistency.set_full import SET_FULL

PROMISES = (*sessions.PROMISES, bank(), COUNTER, UNIQUE_IDS, SET_FULL, CAUSAL_REVERSE)
BY_NAME = {promise.name: promise for promise in PROMISES}
