from __future__ import annotations

import pytest

from harness.toxics.sockets import Address, BadAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", Address("127.0.0.1", 80)),
        ("[::1]:80", Address("::1", 80)),
        ("localhost:0", Address("localhost", 0)),
        (":80", Address("127.0.0.1", 80)),
        ("", Address("127.0.0.1", 0)),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", "address nonsense: missing port in address"),
        ("host:99999", "address 99999: invalid port"),
        ("host:http", "address http: invalid port"),
        ("host:-1", "address -1: invalid port"),
    ],
)
def test_what_is_no_address_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BadAddress, match=f"^{complaint}$"):
        Address.parse(text)


def test_an_address_is_written_as_it_is_read() -> None:
    assert [str(Address.parse(text)) for text in ("[::1]:80", "127.0.0.1:80")] == ["[::1]:80", "127.0.0.1:80"]
