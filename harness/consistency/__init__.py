"""Judges of consistency: from what clients did and saw to a verdict, with the records that prove it.

    operations.py        what a client did: the values that all judges of this package but that of streams read
    reading/             histories: Jepsen's logs and EDN, JSON lines, a saved run of ours
    models.py            what an object may do: register, counter, set, queue, log, or a class of your own
    linearizability/     whether one order explains it all
    streams/             what goes wrong with streams, on columns of millions of messages
    promises.py          what a judge of one promise is; catalogue.py names them, and they are in
    sessions.py, objects.py, set_full.py

`docs/consistency.md` defines each of them, with what it costs.
"""
