"""What this machine has of what the harness needs, what a lack rules out and how to get it: harness doctor."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import closing
from dataclasses import dataclass

from harness.errors import HarnessError, MissingServer
from harness.servers import SERVERS, TOXIPROXY, Found, Server, find, find_program, install_toxiproxy, version_of


@dataclass(frozen=True)
class Finding:
    """What is known of one server; `path`, `source` and `version` are empty where it cannot be used."""

    server: str
    path: str
    source: str
    version: str
    problem: str
    """Why it cannot be used; empty if it can."""
    rules_out: str
    remedy: str

    @property
    def usable(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Examination:
    machine: str
    python: str
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        return all(finding.usable for finding in self.findings)


def examine() -> Examination:
    """Look for every server, for a Docker engine and for kind, and ask each that is found for its version."""
    return Examination(
        machine=f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        findings=(*(_examine(server) for server in SERVERS), _examine_docker(), _examine_kind()),
    )


def install() -> str:
    """Get what no wheel has, and say what was done, or why not: nothing that works without it needs it."""
    found = find_program(TOXIPROXY)
    if found:
        return f"toxiproxy-server is there already: {found.path}"
    try:
        return f"toxiproxy-server was built: {install_toxiproxy()}"
    except HarnessError as error:
        return f"toxiproxy-server was not built, so the embedded one is used: {error}"


def render(examination: Examination) -> str:
    """The examination for people, a few lines a server."""
    lines = [f"{examination.machine}, Python {examination.python}", ""]
    for finding in examination.findings:
        if finding.usable:
            lines.append(f"  found    {finding.server:<11}{finding.version:<9}{finding.path} ({finding.source})")
        else:
            lines += [
                f"  missing  {finding.server:<11}{finding.problem}",
                f"           {'':<11}rules out: {finding.rules_out}",
                f"           {'':<11}to get it: {finding.remedy}",
            ]
    lines += ["", "Nothing is missing." if examination.complete else "The rest works without what is missing."]
    return "\n".join(lines)


def _examine(server: Server) -> Finding:
    try:
        found = find(server)
    except MissingServer as error:
        return _missing(server, str(error))
    if found is None:
        return _missing(server, "found neither on the PATH nor in a wheel")
    try:
        version = version_of(*found.command)
    except (OSError, subprocess.SubprocessError) as error:
        return _missing(server, f"{found.path} does not answer --version: {error}")
    return _usable(server, found, version)


def _examine_docker() -> Finding:
    rules_out = "the drivers containers and kind"
    try:
        from harness.drivers.containers.engine import connect, whereabouts  # noqa: PLC0415
    except ImportError as error:
        return Finding("Docker", "", "", "", str(error), rules_out, "pip install 'rollproof[containers]'")
    try:
        with closing(connect()) as engine:
            where, version = whereabouts(engine)
    except HarnessError as error:
        return Finding("Docker", "", "", "", str(error), rules_out, "https://docs.docker.com/engine/install")
    return Finding("Docker", where, "engine", version, "", rules_out, "")


def _examine_kind() -> Finding:
    rules_out = "the drivers kind and kubernetes, but on a cluster of your own (HARNESS_KUBE_CONTEXT)"
    try:
        from harness.drivers.kubernetes.cluster import kind  # noqa: PLC0415
    except ImportError as error:
        return Finding("kind", "", "", "", str(error), rules_out, "pip install 'rollproof[kind]'")
    try:
        program = kind.need_kind()
        version = kind.version_text(program)
    except MissingServer as error:
        return Finding("kind", "", "", "", str(error).partition(";")[0], rules_out, kind.REMEDY)
    return Finding("kind", program, "PATH", version, "", rules_out, "")


def _usable(server: Server, found: Found, version: str) -> Finding:
    return Finding(server.name, " ".join(found.command), found.source, version, "", server.rules_out, server.remedy)


def _missing(server: Server, problem: str) -> Finding:
    return Finding(server.name, "", "", "", problem, server.rules_out, server.remedy)
