"""The locustfile of `harness load`: one request, over and over. What it is comes in the environment's variables."""

from __future__ import annotations

import os

from harness.load.open_loop import OpenLoopUser, operation

METHOD_VARIABLE = "ROLLPROOF_LOAD_METHOD"
