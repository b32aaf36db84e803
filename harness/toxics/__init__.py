"""A toxiproxy of our own, for machines that have none: the same HTTP API, the same toxics, in one process of Python.

    python -m harness.toxics.server -host 127.0.0.1 -port 8474 -seed 7

What it does like toxiproxy 2.12 is held by tests/integration/test_toxics_conformance.py, which asks both. What it does
otherwise, on purpose:

- What is decided by chance (`toxicity`, jitter, the sizes of slices) follows from `-seed`, the names of the proxy and
  the toxic, and the number of the connection. Which connections a toxic strikes is decided once for each.
- A half-closed connection goes on in its other direction, as it does without a proxy.
- `reset_peer` resets connections that were open before it was added, too; and a connection that a toxic does not strike
  is neither reset nor, when a `timeout` is taken away, closed.
- A proxy may be created with `toxics`, so that no connection slips through before they are there.
- The toxic `fail_first{connections}` resets the first connections that are made after it was added.
- A `listen` address without a host is on 127.0.0.1.
- A size or rate that would bring toxiproxy down (a negative rate, slices of no size) does not.
"""
