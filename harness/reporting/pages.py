"""Rendering of self-contained pages: everything escaped, nothing loaded, and a policy that would not allow it."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from harness.plain_text import printable
from harness.reporting import text

TEMPLATES = "templates"


def environment() -> jinja2.Environment:
    """Templates of this package. A name that a template does not know is an error, not a blank."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.reporting", TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    made.filters.update(
        cell=text.cell,
        count=text.count,
        milliseconds=text.milliseconds,
        percent=text.percent,
        seconds=text.seconds,
    )
    made.globals.update(figure=text.figure)
    return made


def inline(name: str) -> Markup:
    """A style sheet or script of this package, to be put between its tags as it is."""
    return Markup(resources.files("harness.reporting").joinpath(TEMPLATES, name).read_text("utf-8"))


def policy(*, css: str, script: str | None = None) -> str:
    """A content security policy that allows this style sheet and this script, by their hashes, and nothing else."""
    allowed = ["default-src 'none'", f"style-src '{_digest(css)}'"]
    if script is not None:
        allowed.append(f"script-src '{_digest(script)}'")
    return "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _printable(value: Any) -> Any:
    """Applied to all that a template shows: foreign text may hold characters that no document may."""
    return printable(value) if type(value) is str else value
