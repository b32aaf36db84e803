"""Foreign text made fit to be shown; loads nothing."""

from __future__ import annotations

import re

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """The text with what XML 1.0 forbids (control characters, lone surrogates) replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def shortened(text: str, letters_max: int) -> str:
    return text if len(text) <= letters_max else text[: max(1, letters_max - 1)].rstrip() + "…"
