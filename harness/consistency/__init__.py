"""Judges of consistency: from what clients did and saw to a verdict, with the records that prove it.

    operations.py        what a client did: the values that all judges of this package but that of streams read
    reading/             histories: Jepsen's logs and EDN, JSON lines, a saved run of ours
    models.py            what an object may do: register, counter, set, queue, log, or a class of your own
    linearizability/     whether one order explains it all
    streams/             what goes wrong with streams, on columns of millions of messages
    sessions.py …        one promise a file

`docs/consistency.md` defines each of them, with what it costs.
"""
