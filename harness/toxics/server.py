"""The embedded toxiproxy as a process: `python -m harness.toxics.server`, with toxiproxy's own flags."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from functools import partial
from pathlib import Path

from harness import __version__
from harness.toxics.api import VERSION, Api, Request
from harness.toxics.http import HttpConnection

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "panic", "disabled")
"""As LOG_LEVEL may say it."""

_log = logging.getLogger("harness.toxics")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m harness.toxics.server", description="A toxiproxy without toxiproxy.", allow_abbrev=False
    )
    parser.add_argument("-host", "--host", default="127.0.0.1", help="where the API listens (%(default)s)")
    parser.add_argument("-port", "--port", type=int, default=8474, help="where the API listens (%(default)s)")
    parser.add_argument("-config", "--config", type=Path, help="a JSON file with proxies to begin with")
    parser.add_argument("-seed", "--seed", type=int, default=0, help="of all that is decided by chance (%(default)s)")
    parser.add_argument("-proxy-metrics", "--proxy-metrics", action="store_true", help="tell them at /metrics")
    parser.add_argument("-runtime-metrics", "--runtime-metrics", action="store_true", help="tell them at /metrics")
    version = f"toxiproxy {VERSION}, embedded in rollproof {__version__}"
    parser.add_argument("-version", "--version", action="version", version=version)
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT. Raises OSError if the API cannot listen."""
    loop = asyncio.get_running_loop()
    api = Api(loop, options.seed, proxy_metrics=options.proxy_metrics, runtime_metrics=options.runtime_metrics)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    if options.config:
        _populate(api, options.config)
    server = await loop.create_server(partial(HttpConnection, api.answer), options.host, options.port)
    _log.info("the API listens at %s:%d", options.host, options.port)
    await over.wait()
    server.close()
    api.close()


def _populate(api: Api, config: Path) -> None:
    """As toxiproxy does it, a file that is wrong is only complained of."""
    try:
        body = config.read_bytes()
    except OSError as error:
        _log.error("cannot read %s: %s", config, error.strerror)
        return
    answer = api.answer(Request("POST", "/populate", body))
    if answer.status != 201:
        _log.error("cannot make the proxies of %s: %s", config, answer.body.decode())


def _raise_limits() -> None:
    """Two file descriptors a connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _level() -> int:
    word = os.environ.get("LOG_LEVEL", "info").lower()
    number = LEVELS.index(word) if word in LEVELS else LEVELS.index("info")
    return number * 10


def main() -> int:
    options = arguments()
    logging.basicConfig(stream=sys.stdout, level=_level(), format="%(asctime)s %(levelname)s %(message)s")
    _raise_limits()
    try:
        asyncio.run(serve(options))
    except OSError as error:
        print(f"error: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
