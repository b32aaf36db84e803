"""The ledger's use cases, on the eventsourcing library's event store and repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import EventStore, IntegrityError, JSONTranscoder, Mapper

from ledger.domain.account import Account, Domain, Event, InsufficientFunds
from ledger.recorder import Answer, Claim, KeyUsed, Recorder

ATTEMPTS = 6
"""Times that a request is decided anew because others changed its accounts meanwhile."""
CACHED_ACCOUNTS = 10_000


class KeyMisused(Exception):
    """The same idempotency key came with another request."""


@dataclass(frozen=True)
class Transfer:
    source: int
    target: int
    amount: int


Decision = tuple[Sequence[Event], Answer]


class Ledger:
    """Opens accounts, moves money, shows accounts. Every method may raise Unavailable; safe to use from threads.

    Whatever a request is answered, refusals too, is kept with its key, and is what its repetitions are answered.
    """

    def __init__(self, domain: Domain, recorder: Recorder) -> None:
        self.domain = domain
        self.events: EventStore[str] = EventStore(Mapper(JSONTranscoder()), recorder)
        self.repository: Repository[str] = Repository(
            self.events, cache_maxsize=CACHED_ACCOUNTS, deepcopy_from_cache=False
        )

    def open(self, number: int, opening: int, key: int) -> Answer:
        """201, or 409 if the account is there. Raises KeyMisused."""
        return self._decide(lambda: self._open(number, opening, key), key, f"open {number} {opening}")

    def transfer(self, order: Transfer, key: int) -> Answer:
        """201, 404 for an unknown account, 409 if the funds or the patience do not suffice. Raises KeyMisused."""
        request = f"transfer {order.source} {order.target} {order.amount}"
        return self._decide(lambda: self._transfer(order, key), key, request)

    def view(self, number: int) -> Account:
        """The account as of now, from its events. Raises LookupError."""
        return self._account(number)

    def statement(self, number: int, limit: int) -> Sequence[Event]:
        """The account's last events, latest first. Raises LookupError if there are none."""
        events = list(self.events.get(str(number), desc=True, limit=limit))
        if not events:
            raise LookupError(f"no account {number}")
        return events  # type: ignore[return-value]

    def _decide(self, decide: Callable[[], Decision], key: int, request: str) -> Answer:
        for _ in range(ATTEMPTS):
            events, answer = decide()
            try:
                return self._save(events, Claim(key, request, answer))
            except IntegrityError:
                continue
        return self._save((), Claim(key, request, refusal(409, "the accounts change too often")))

    def _save(self, events: Sequence[Event], claim: Claim) -> Answer:
        try:
            self.commit(events, claim)
        except KeyUsed as used:
            if used.first.request != claim.request:
                raise KeyMisused(f"key {claim.key} was used for: {used.first.request}") from used
            return used.first.answer
        return claim.answer

    def commit(self, events: Sequence[Event], claim: Claim) -> None:
        """Raises KeyUsed, IntegrityError."""
        self.events.put(events, claim=claim)

    def _open(self, number: int, opening: int, key: int) -> Decision:
        try:
            self._account(number)
        except LookupError:
            return (self.domain.open(number, opening, key),), answer(201, account=number, balance=opening, version=1)
        return (), refusal(409, f"account {number} is there already")

    def _transfer(self, order: Transfer, key: int) -> Decision:
        try:
            debit = self.domain.debit(self._account(order.source), order.amount, key)
            credit = self.domain.credit(self._account(order.target), order.amount, key)
        except LookupError as error:
            return (), refusal(404, str(error))
        except InsufficientFunds as error:
            return (), refusal(409, str(error))
        positions = {event.originator_id: event.originator_version for event in (debit, credit)}
        return (debit, credit), answer(201, key=key, amount=order.amount, positions=positions)

    def _account(self, number: int) -> Account:
        """From the cache, brought up to date with the events recorded since by whichever instance."""
        try:
            account: Account = self.repository.get(
                str(number),
                projector_func=self.domain.project,
            )
        except AggregateNotFoundError as error:
            raise LookupError(f"no account {number}") from error
        assert self.repository.cache is not None
        self.repository.cache.put(account.id, account)
        return account


def answer(status: int, **content: object) -> Answer:
    return Answer(status, json.dumps(content))


def refusal(status: int, why: str) -> Answer:
    return answer(status, error=why)
