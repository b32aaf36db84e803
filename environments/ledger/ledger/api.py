"""The ledger over HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Annotated, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ledger.application import KeyMisused, Ledger, Transfer
from ledger.balances import Balances
from ledger.database import Unavailable
from ledger.domain.account import Account, Event
from ledger.metrics import CONTENT_TYPE, Metrics
from ledger.recorder import Answer

Result = TypeVar("Result")
Endpoint = Callable[[Request], Awaitable[Response]]

CENTS_MAX = 10**13
STATEMENT_EVENTS = 120
STATEMENT_PARTS = 12

Number = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]


class OpeningBody(msgspec.Struct):
    opening: Annotated[int, msgspec.Meta(ge=0, le=CENTS_MAX)]


class TransferBody(msgspec.Struct, rename={"source": "from", "target": "to"}):
    source: Number
    target: Number
    amount: Annotated[int, msgspec.Meta(gt=0, le=CENTS_MAX)]


read_opening = msgspec.json.Decoder(OpeningBody).decode
read_transfer = msgspec.json.Decoder(TransferBody).decode


class Api:
    """Endpoints. What blocks runs in `executor`."""

    def __init__(
        self,
        ledger: Ledger,
        balances: Balances,
        executor: Executor,
        ready: Callable[[], bool],
        metrics: Metrics,
        statement_s: float,
    ) -> None:
        """`statement_s` is how long a statement takes, as where each part of it is rendered by something slow: such an
        answer is always in flight when an instance is told to stop."""
        self._ledger = ledger
        self._balances = balances
        self._executor = executor
        self._ready = ready
        self._metrics = metrics
        self._pause_s = statement_s / STATEMENT_PARTS
        self._statements: set[asyncio.Event] = set()
        """Those that are being sent; each is set when it is."""

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/accounts/{number:int}", self._observed("open", self.open), methods=["PUT"]),
                Route("/accounts/{number:int}", self._observed("account", self.account), methods=["GET"]),
                Route("/accounts/{number:int}/balance", self._observed("balance", self.balance), methods=["GET"]),
                Route("/accounts/{number:int}/statement", self._observed("statement", self.statement)),
                Route("/transfers", self._observed("transfer", self.transfer), methods=["POST"]),
                Route("/live", self.live, methods=["GET"]),
                Route("/ready", self.ready, methods=["GET"]),
                Route("/health", self.health, methods=["GET"]),
                Route("/metrics", self.metrics, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _refused, Unavailable: _unavailable},
        )

    async def open(self, request: Request) -> Response:
        body = await _read(request, read_opening)
        return await self._decided(partial(self._ledger.open, _number(request), body.opening, _key(request)))

    async def transfer(self, request: Request) -> Response:
        body = await _read(request, read_transfer)
        if body.source == body.target:
            raise HTTPException(400, "a transfer needs two accounts")
        order = Transfer(body.source, body.target, body.amount)
        return await self._decided(partial(self._ledger.transfer, order, _key(request)))

    async def account(self, request: Request) -> Response:
        number = _number(request)
        account = await self._found(self._ledger.view, number)
        return _json(_show(number, account), position=account.version)

    async def balance(self, request: Request) -> Response:
        number = _number(request)
        balance = await self._found(self._balances.balance, number)
        content = {"account": number, "balance": balance.value, "position": balance.position}
        return _json(content, position=balance.position)

    async def statement(self, request: Request) -> Response:
        """The last events, in parts, over most of a second."""
        number = _number(request)
        events = await self._found(self._ledger.statement, number, STATEMENT_EVENTS)
        headers = {"x-position": str(events[0].originator_version)}
        return StreamingResponse(self._sent(events), media_type="application/x-ndjson", headers=headers)

    async def _sent(self, events: Sequence[Event]) -> AsyncIterator[bytes]:
        sent = asyncio.Event()
        self._statements.add(sent)
        try:
            async for part in _statement(events, self._pause_s):
                yield part
        finally:
            self._statements.discard(sent)
            sent.set()

    async def health(self, _: Request) -> Response:
        """A thorough check, in its turn behind the statements that are being sent: the busier, the slower."""
        for sent in tuple(self._statements):
            await sent.wait()
        async for _part in _statement((), self._pause_s):
            pass
        return Response(status_code=200)

    async def live(self, _: Request) -> Response:
        return Response(status_code=200)

    async def ready(self, _: Request) -> Response:
        return Response(status_code=200 if self._ready() else 503)

    async def metrics(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)

    async def _decided(self, decide: Callable[[], Answer]) -> Response:
        try:
            answer = await self._in_thread(decide)
        except KeyMisused as error:
            raise HTTPException(422, str(error)) from error
        return Response(answer.body, answer.status, media_type="application/json")

    async def _found(self, question: Callable[..., Result], *arguments: object) -> Result:
        try:
            return await self._in_thread(partial(question, *arguments))
        except LookupError as error:
            raise HTTPException(404, str(error)) from error

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _observed(self, operation: str, endpoint: Endpoint) -> Endpoint:
        """Counts and times what `endpoint` answers."""

        async def observed(request: Request) -> Response:
            began = time.perf_counter()
            status = 500
            try:
                response = await endpoint(request)
                status = response.status_code
            except HTTPException as error:
                status = error.status_code
                raise
            except Unavailable:
                status = 503
                raise
            finally:
                self._metrics.observe(operation, status, time.perf_counter() - began)
            return response

        return observed


async def _read(request: Request, decode: Callable[[bytes], Result]) -> Result:
    try:
        return decode(await request.body())
    except msgspec.MsgspecError as error:
        raise HTTPException(400, str(error)) from error


def _number(request: Request) -> int:
    number: int = request.path_params["number"]
    if not 0 < number < 2**63:
        raise HTTPException(400, "an account has a number above 0")
    return number


def _key(request: Request) -> int:
    text = request.headers.get("idempotency-key", "")
    try:
        key = int(text)
    except ValueError as error:
        raise HTTPException(400, "Idempotency-Key must be a 64-bit integer") from error
    if not -(2**63) <= key < 2**63:
        raise HTTPException(400, "Idempotency-Key must be a 64-bit integer")
    return key


def _show(number: int, account: Account) -> dict[str, object]:
    shown: dict[str, object] = {"account": number, "balance": account.balance, "version": account.version}
    return shown if account.currency is None else shown | {"currency": account.currency}


async def _statement(events: Sequence[Event], pause_s: float) -> AsyncIterator[bytes]:
    size = max(1, -(-len(events) // STATEMENT_PARTS))
    for part in range(STATEMENT_PARTS):
        lines = [
            json.dumps({"at": event.at, "amount": event.effect, "version": event.originator_version, "key": event.key})
            for event in events[part * size : (part + 1) * size]
        ]
        yield "".join(f"{line}\n" for line in lines).encode()
        await asyncio.sleep(pause_s)


def _json(content: Mapping[str, object], position: int | None = None) -> Response:
    headers = None if position is None else {"x-position": str(position)}
    return Response(json.dumps(content), media_type="application/json", headers=headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(json.dumps({"error": error.detail}), error.status_code, media_type="application/json")


async def _unavailable(_: Request, error: Exception) -> Response:
    return Response(json.dumps({"error": str(error)}), 503, media_type="application/json")
