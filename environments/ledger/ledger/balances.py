"""The read model: what each account is worth, and how many of its events are counted in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ledger.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Balance:
    value: int
    position: int


@dataclass(frozen=True, slots=True)
class Change:
    """The sum of an account's events `first` to `last`."""

    account: str
    first: int
    last: int
    amount: int
    currency: str | None


class Balances:
    """Reads and changes the read model."""

    POSITIONS = "SELECT account, position FROM balances WHERE account = ANY(%s)"
    BALANCE = "SELECT value, position FROM balances WHERE account = %s"
    # Rows are locked in one order, so that two projectors never wait for each other.
    APPLY = """
        WITH change AS (
            SELECT * FROM unnest(%(accounts)s::text[], %(firsts)s::bigint[], %(lasts)s::bigint[],
                                 %(amounts)s::bigint[], %(currencies)s::text[])
                     AS change (account, first, last, amount, currency)
        ), locked AS MATERIALIZED (
            SELECT account FROM balances WHERE account = ANY(%(accounts)s) ORDER BY account FOR UPDATE
        ), changed AS (
            UPDATE balances SET value = balances.value + change.amount, position = change.last{update}
            FROM change JOIN locked USING (account)
            WHERE balances.account = change.account AND balances.position = change.first - 1
            RETURNING balances.account
        ), opened AS (
            INSERT INTO balances (account, value, position{column})
            SELECT account, amount, last{value} FROM change WHERE first = 1 ORDER BY account
            ON CONFLICT (account) DO NOTHING
            RETURNING account
        )
        SELECT account FROM changed UNION ALL SELECT account FROM opened
    """

    def __init__(self, database: Database, *, with_currency: bool) -> None:
        """`with_currency`: the column is there, and this release fills it."""
        self.database = database
        column = ", currency" if with_currency else ""
        update = ", currency = change.currency" if with_currency else ""
        self._apply = self.APPLY.format(update=update, column=column, value=column)

    def balance(self, number: int) -> Balance:
        """Raises LookupError if no event of that account was counted yet."""

        def question(connection: Connection) -> tuple[object, ...] | None:
            return connection.execute(self.BALANCE, (str(number),), prepare=True).fetchone()

        row = self.database.run(question)
        if row is None:
            raise LookupError(f"account {number} is not in the read model (yet)")
        return Balance(int(str(row[0])), int(str(row[1])))

    def positions(self, accounts: Collection[str]) -> dict[str, int]:
        """The last event counted in, for those accounts that have one."""
        rows = self.database.run(
            lambda connection: connection.execute(self.POSITIONS, (list(accounts),), prepare=True).fetchall()
        )
        return dict(rows)  # type: ignore[arg-type]

    def apply(self, changes: Sequence[Change]) -> set[str]:
        """Make those changes that continue what is there, each exactly once; the accounts for which that was so.

        One statement, so a projector that is paused or cut off in the middle holds no lock.
        """
        if not changes:
            return set()
        parameters = {
            "accounts": [change.account for change in changes],
            "firsts": [change.first for change in changes],
            "lasts": [change.last for change in changes],
            "amounts": [change.amount for change in changes],
            "currencies": [change.currency for change in changes],
        }
        rows = self.database.run(
            lambda connection: connection.execute(self._apply, parameters, prepare=True).fetchall()
        )
        return {str(account) for (account,) in rows}
