"""Foreign text, shown."""

from __future__ import annotations

from harness.plain_text import printable, shortened


def test_long_text_is_shortened() -> None:
    assert shortened("ledger -> postgres", 9) == "ledger -…"
    assert shortened("ledger", 6) == "ledger"


def test_what_no_document_may_hold_is_replaced() -> None:
    assert printable("a\x00b\x1b[31m\ud800") == "a\ufffdb\ufffd[31m\ufffd"
    assert printable("tab\t, line\n, \U0001f600") == "tab\t, line\n, \U0001f600"
