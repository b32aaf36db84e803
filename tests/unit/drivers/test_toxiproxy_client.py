"""What is mended of the client: against servers of the standard library that answer as a toxiproxy should not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from harness.drivers import toxiproxy_client
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.errors import HarnessError

Serve = Callable[[int, object], int]
PROXY = {"name": "web-1.db", "upstream": "127.0.0.1:1", "listen": "127.0.0.1:2", "enabled": True}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that gives every request that status and body, and returns its port."""
    with ExitStack() as stack:

        def server(status: int, body: object) -> int:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    content = json.dumps(body).encode()
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

                do_POST = do_GET

                def log_message(self, *_: object) -> None:
                    pass

            http = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=http.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(http.shutdown)
            return int(http.server_address[1])

        yield server


def test_one_process_can_talk_to_two_servers(serve: Serve) -> None:
    first = ToxiproxyClient("127.0.0.1", serve(200, {"web-1.db": PROXY}))
    second = ToxiproxyClient("127.0.0.1", serve(200, {}))
    assert first.proxies() == ("web-1.db",)
    assert second.proxies() == ()
    assert first.proxies() == ("web-1.db",)


def test_an_answer_of_5xx_is_an_error(serve: Serve) -> None:
    client = ToxiproxyClient("127.0.0.1", serve(500, {"error": "no"}))
    with pytest.raises(HarnessError, match=r"toxiproxy did not list the proxies: 500 .*no"):
        client.proxies()
    assert not client.answers()


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toxiproxy_client, "TIMEOUT_S", 0.05)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        client = ToxiproxyClient("127.0.0.1", int(silent.server_address[1]))
        with pytest.raises(HarnessError, match="timed out"):
            client.proxies()


def test_the_machines_proxy_settings_are_not_followed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert ToxiproxyClient("127.0.0.1", serve(200, {})).answers()


def test_a_proxy_that_is_not_there_is_named(serve: Serve) -> None:
    client = ToxiproxyClient("127.0.0.1", serve(404, {"error": "proxy not found", "status": 404}))
    with pytest.raises(HarnessError, match=r"did not disable proxy web-9.db: .*proxy not found"):
        client.disable("web-9.db")
