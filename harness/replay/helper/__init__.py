"""What runs in the process of a version: reads events, hands them to the user's code, answers with its state.

It needs nothing but Python 3.11 and its standard library, so that a version's own environment can run it; msgspec or
the eventsourcing library only where the user's code uses them. `python HELPER MODULE:OBJECT`, HELPER being this folder,
serves the object; docs/replay.md says what objects there may be, and the protocol.
"""
