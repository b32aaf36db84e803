from __future__ import annotations

import socket

import pytest

from harness.errors import InvalidInput
from harness.load.target import require_loopback, resolve


def test_a_url_is_resolved_once() -> None:
    found = resolve("http://127.0.0.1:8080/v1/")
    assert (found.secure, found.authority, found.path) == (False, "127.0.0.1:8080", "/v1")
    assert (found.family, found.address) == (socket.AF_INET, ("127.0.0.1", 8080))


def test_the_port_may_be_that_of_the_scheme() -> None:
    assert resolve("https://127.0.0.1").address == ("127.0.0.1", 443)
    assert resolve("https://127.0.0.1").secure


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:80", "http:///path", "http://127.0.0.1:99999", ""])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        resolve(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]:80/", "http://localhost/"])
def test_this_machine_may_be_loaded(url: str) -> None:
    require_loopback(url)


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://0.0.0.0/", "http://[2001:db8::1]/"])
def test_other_machines_may_not_be_loaded(url: str) -> None:
    with pytest.raises(InvalidInput, match="not this machine"):
        require_loopback(url)


def test_one_address_elsewhere_is_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_addresses(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", ("127.0.0.1", 80)), (2, 1, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with pytest.raises(InvalidInput, match=r"192\.0\.2\.1"):
        require_loopback("http://example.test/")
