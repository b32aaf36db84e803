"""One instance of the service: the HTTP API and, in the same process, the outbox relay."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import uvicorn
import uvloop
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.api import Api
from ledger.application import Ledger
from ledger.balances import Balances
from ledger.database import Database, Monitor
from ledger.defects import install
from ledger.domain import domain_of
from ledger.domain.account import Domain
from ledger.metrics import Metrics
from ledger.outbox import Outbox
from ledger.publisher import Publisher
from ledger.recorder import Recorder
from ledger.relay import Relay
from ledger.settings import Settings

WORKERS = 8
"""Threads that wait for the database, and so connections to it."""
IN_FLIGHT_TIMEOUT_S = 2
KEEP_ALIVE_S = 7200
"""Longer than any router keeps an idle connection, so it is never us who closes one that is about to be used."""


def plain(application: ASGIApp) -> ASGIApp:
    return application


class Readiness:
    """Whether to send requests here."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self.stopping = False

    def __call__(self) -> bool:
        return self._monitor.healthy and not self.stopping


def closing(application: ASGIApp, readiness: Readiness, every: int) -> ASGIApp:
    """Some answers say that they are the last one of their connection: all while the instance stops, so that no client
    sends another request just when it is closed; before that each `every`-th, so that new instances get connections
    too where nothing but those is balanced. 0: none."""
    answers = count(1)

    async def last(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        ends = readiness.stopping or (every and next(answers) % every == 0)
        await application(scope, receive, send_last if ends else send)

    return last


class Server(uvicorn.Server):
    """Leaves the signals to `serve`: uvicorn would close its port at once, and exit with the signal's number."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def stop_gently(server: Server, readiness: Readiness, drain_s: float) -> None:
    """Stop being ready, serve on until routers know, then take nothing new and finish what is in flight."""
    readiness.stopping = True
    asyncio.get_running_loop().call_later(drain_s, setattr, server, "should_exit", True)


@dataclass(frozen=True)
class Parts:
    """What an instance is made of; `ledger.defects` may replace some."""

    domain: Domain
    database: Callable[..., Database] = Database
    recorder: Callable[[Database], Recorder] = Recorder
    ledger: Callable[[Domain, Recorder], Ledger] = Ledger
    outbox: Callable[[Database, str], Outbox] = Outbox
    publisher: type[Publisher] = Publisher
    readiness: Callable[[Monitor], Readiness] = Readiness
    middleware: Callable[[ASGIApp], ASGIApp] = plain
    stop: Callable[[Server, Readiness, float], None] = stop_gently


async def serve(settings: Settings, parts: Parts) -> None:
    """Until SIGTERM or SIGINT."""
    database = parts.database(settings.database_url, size=WORKERS, name=settings.instance)
    for_relay = parts.database(settings.database_url, size=1, name=f"{settings.instance} relay")
    monitor = Monitor(settings.database_url, settings.instance, guarded=(database, for_relay))
    readiness = parts.readiness(monitor)
    outbox = parts.outbox(for_relay, f"{settings.instance} {os.getpid()}")
    relay = Relay(outbox, settings.broker_url, settings.instance, parts.publisher)
    executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="request")
    api = Api(
        parts.ledger(parts.domain, parts.recorder(database)),
        Balances(database, with_currency=bool(parts.domain.details)),
        executor,
        readiness,
        Metrics(leading=lambda: relay.leading, ready=readiness),
        settings.statement_s,
    )
    server = Server(
        _configuration(settings, closing(parts.middleware(api.application()), readiness, settings.close_every))
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, parts.stop, server, readiness, settings.drain_s)
    monitor.start()
    relay.start(failed=lambda: setattr(server, "should_exit", True))
    await server.serve()
    await relay.stop()
    await asyncio.to_thread(monitor.stop)
    executor.shutdown()


def _configuration(settings: Settings, application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[("x-version", settings.version), ("x-instance", settings.instance)],
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=IN_FLIGHT_TIMEOUT_S,
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.read()
    parts = install("service", Parts(domain_of(settings.release)), settings.variants)
    parts.domain.register()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, parts))


if __name__ == "__main__":
    main()
