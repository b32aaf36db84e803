"""A file as text, or one clear message."""

from __future__ import annotations

from pathlib import Path

from harness.errors import InvalidInput


def read_text(file: Path) -> str:
    """Raises InvalidInput if it cannot be read, or is not UTF-8."""
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        raise InvalidInput("is not UTF-8", file=file, line=line) from error
