from __future__ import annotations

import pytest

from harness.errors import InvalidInput
from harness.load.requests import Composer
from harness.load.target import Target


def composer(path: str = "") -> Composer:
    return Composer(Target(False, "localhost", "localhost:8080", path, 2, ("127.0.0.1", 8080)))


def test_a_get() -> None:
    assert (
        composer().compose("GET", "/a?b=c", None, b"", keep=True)
        == b"GET /a?b=c HTTP/1.1\r\nhost: localhost:8080\r\n\r\n"
    )


def test_a_post_says_how_long_its_body_is() -> None:
    assert composer("/v1").compose("POST", "/a", {"x-key": "7"}, b"{}", keep=False) == (
        b"POST /v1/a HTTP/1.1\r\nhost: localhost:8080\r\nx-key: 7\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
    )
    assert b"content-length: 0\r\n" in composer().compose("POST", "/", None, b"", keep=True)


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/a b", {}), ("/\r\nx: y", {}), ("/", {"x": "1\r\ny: 2"}), ("/", {"x": "1\n"}), ("/é", {}), ("/", {"x": "\r"})],
)
def test_what_is_no_request_is_refused(path: str, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        composer().compose("GET", path, headers, b"", keep=True)
