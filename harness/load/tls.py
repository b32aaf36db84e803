"""TLS between a socket's bytes and the client's: no input or output of its own."""

from __future__ import annotations

import ssl


class TlsChannel:
    """The client's end of one TLS connection."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self, data: bytes) -> tuple[bool, bytes]:
        """Go on with the server's `data`; whether that was the end, and what to send. Raises ssl.SSLError."""
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False, self._outgoing.read()
        return True, self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """What can be read with the server's `data`, perhaps nothing yet. Raises ssl.SSLError."""
        self._incoming.write(data)
        parts = []
        try:
            while part := self._tls.read(65_536):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            pass  # the server's farewell; the end of the bytes follows
        return b"".join(parts)
