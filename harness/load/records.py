"""The record of one request: its layout in memory and on disk, and its codes.

Times are monotonic nanoseconds, comparable between all processes of one machine; 0 means "did not happen". Those of
another machine are brought onto this one's clock when they are read: see alignment.py.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

REQUEST = np.dtype(
    [
        ("scheduled_ns", "<i8"),  # when the schedule asked for it
        ("sent_ns", "<i8"),  # first byte handed to the kernel
        ("first_byte_ns", "<i8"),  # first byte of the answer
        ("done_ns", "<i8"),  # answer complete, or given up
        ("key", "<i8"),  # the operation, as sent to the system; 0: none
        ("stream", "<i8"),  # number of the stream that it touched or read; 0: none
        ("position", "<i8"),  # position of that stream that the answer showed; 0: none
        ("bytes", "<i4"),  # size of the answer's body
        ("status", "<u2"),  # HTTP status; 0: no answer
        ("session", "<u2"),  # the virtual user
        ("operation", "<u2"),  # this and the next four index the file's name tables
        ("version", "<u2"),
        ("instance", "<u2"),
        ("lane", "u1"),
        ("error", "u1"),
        ("outcome", "u1"),
        ("attempts", "u1"),  # times the router tried, by its own header; 1 where it does not say
        ("closed_loop", "u1"),  # 1: the user waited for an earlier answer before sending, so latency is optimistic
        ("pad", "V5"),  # 80 bytes a record
    ],
    align=False,
)


TIME_COLUMNS = ("scheduled_ns", "sent_ns", "first_byte_ns", "done_ns")
NAMED_COLUMNS = ("operation", "lane", "error", "version", "instance")
"""Columns that index a table of names; 0 is the empty name, which means none."""


KEPT, NEW = "kept", "new"
"""Lanes, by the connection that a request is sent on."""


class Outcome(IntEnum):
    """What is known of the operation's effect. FAIL is certain: it did not happen, and never will."""

    OK = 1
    FAIL = 2
    INDETERMINATE = 3
