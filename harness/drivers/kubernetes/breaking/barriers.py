"""Packets that a node holds back: by a table of nftables in the node's own network namespace.

A table's name tells whose it is, so that what a dead harness left can be removed, by whoever comes first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import count

from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.errors import HarnessError
from harness.supervisor.scratch import Identity

PREFIX = "rollproof"
BEFORE_ALL = -150
"""Priority: after addresses have been translated, before anybody else looks."""
DROP, RESET = "drop", "reject with tcp reset"
_COUNTED = re.compile(r"counter packets (\d+)")
_TABLE = re.compile(rf"table inet ({PREFIX}_(\d+)_(\d+)_\d+)")
_numbers = count(1)


class NodeBarrier:
    """See protocols.Barrier."""

    def __init__(
        self, nodes: Nodes, where: Iterable[str], hook: str, matches: Iterable[str], verdict: str = DROP
    ) -> None:
        """Stands when this returns: on the nodes `where`, for packets at `hook` that one of `matches` is true of.

        Raises HarnessError if it cannot be made; nothing of it is left then.
        """
        own = Identity.of(os.getpid())
        assert own is not None  # we live
        self._nodes = nodes
        self._where = tuple(where)
        self._table = f"{PREFIX}_{own.pid}_{own.began}_{next(_numbers)}"
        script = "; ".join(_commands(self._table, hook, matches, verdict))
        try:
            for node in self._where:
                nodes.run(node, "nft", script)
        except HarnessError as first:
            try:
                self.lift()
            except HarnessError as second:
                first.add_note(f"And then, while it was removed: {second}")
            raise

    def held_back(self) -> int:
        listings = (self._nodes.run(node, "nft", "list", "table", "inet", self._table) for node in self._where)
        return sum(int(packets) for listing in listings for packets in _COUNTED.findall(listing))

    def lift(self) -> None:
        """A node that is off has no tables."""
        for node in self._where:
            if self._nodes.is_on(node) and self._table in _tables(self._nodes, node):
                _remove(self._nodes, node, self._table)

    def stands(self) -> bool:
        return any(self._nodes.is_on(node) and self._table in _tables(self._nodes, node) for node in self._where)


def lift_of_dead_harnesses(nodes: Nodes) -> tuple[str, ...]:
    """Returns the names of what was removed."""
    lifted = []
    for node in nodes.names:
        if nodes.is_on(node):
            for table, owner in _tables(nodes, node).items():
                if not owner.lives:
                    _remove(nodes, node, table)
                    lifted.append(f"{table} on {node}")
    return tuple(lifted)


def _commands(table: str, hook: str, matches: Iterable[str], verdict: str) -> Iterable[str]:
    yield f"add table inet {table}"
    yield f"add chain inet {table} it {{ type filter hook {hook} priority {BEFORE_ALL}; policy accept; }}"
    for match in matches:
        yield f"add rule inet {table} it {match} counter {verdict}"


def _tables(nodes: Nodes, node: str) -> dict[str, Identity]:
    """Those of harnesses, and whose they are."""
    listing = nodes.run(node, "nft", "list", "tables")
    return {name: Identity(int(pid), int(began)) for name, pid, began in _TABLE.findall(listing)}


def _remove(nodes: Nodes, node: str, table: str) -> None:
    nodes.run(node, "nft", "delete", "table", "inet", table)
