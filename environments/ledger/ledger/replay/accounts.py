"""An account from its events, as the service of a release has it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ledger.defects import install
from ledger.domain import domain_of
from ledger.domain.account import Account
from ledger.replay import Reader, Recorded, release
from ledger.service import Parts
from ledger.settings import read_variants

if TYPE_CHECKING:
    from collections.abc import Mapping


class Accounts(Reader):
    """The fold of one release: its own projection."""

    def fold(self, account: Account | None, recorded: Recorded) -> Account | None:
        return self.domain.project(account, (self.event(recorded),))

    @staticmethod
    def dump(account: Account | None) -> object:
        return None if account is None else asdict(account)

    @staticmethod
    def restore(snapshot: Mapping[str, Any]) -> Account:
        return Account(**snapshot)


ACCOUNTS = Accounts(install("service", Parts(domain_of(release())), read_variants()).domain)
