"""A NATS server with JetStream of a run's own."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from harness.drivers.parts import await_up, stop
from harness.drivers.runtime import Address, Part, PartProcess, Runtime
from harness.environment import Store
from harness.protocols import Workspace
from harness.servers import NATS

JETSTREAM = "jetstream."
"""Settings that begin so belong into the server's jetstream block, e.g. `jetstream.sync_interval = "always"`."""
START_S_MAX = 30.0
STOP_S_MAX = 5.0
HELLO_S_MAX = 1.0
_BARE = re.compile(r"true|false|\d+([KMGT]B?)?")


class NatsServer:
    """See stores.StoreServer; what is kept is a copy of the JetStream folder."""

    keeps: ClassVar[bool] = True

    def __init__(self, store: Store, workspace: Workspace, runtime: Runtime) -> None:
        self.name = store.name
        [self.place] = runtime.places(store.name, 1)
        self._image = store.image
        self._settings = store.settings
        self._runtime = runtime
        self.folder = runtime.scratch / store.name
        self._data = self.folder / "jetstream"
        self._log = workspace.logs / f"{store.name}.log"
        self.process: PartProcess | None = None
        self._touched = False

    def start(self) -> PartProcess:
        self._data.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "nats.conf"
        self._runtime.write(configuration, self._configuration())
        part = Part(
            self.name,
            ("--config", str(configuration)),
            self._log,
            server=NATS,
            image=self._image,
            places=(self.place,),
            shared=(self.folder,),
        )
        self.process = self._runtime.spawn(part)
        return self.process

    def await_up(self) -> None:
        assert self.process is not None
        await_up(self.process, self._says_hello, START_S_MAX, self._log)

    def url(self, address: Address) -> str:
        return f"nats://{address}"

    def keep(self, label: str) -> None:
        """Without any stream there are no files, and no need for a server to let go of them."""
        if not any(file.is_file() for file in self._data.rglob("*")):
            self._kept(label).mkdir()
            return
        self.stop()
        shutil.copytree(self._data, self._kept(label))
        self.start_again()

    def reset(self, label: str | None = None) -> None:
        """A new server on other data: streams, consumers and connections are all gone, whoever made them."""
        if self._touched:
            self._stop(signal.SIGKILL)
            self._replace_data(label)
            self.start_again()
        self._touched = True

    def stop(self) -> None:
        self._stop(signal.SIGTERM)

    def start_again(self) -> None:
        """On the data that it has. Raises StartFailed."""
        self.start()
        self.await_up()

    def _replace_data(self, label: str | None) -> None:
        shutil.rmtree(self._data)
        if label is not None:
            shutil.copytree(self._kept(label), self._data)

    def _stop(self, number: int) -> None:
        if self.process is not None:
            stop(self.process, STOP_S_MAX, number)

    def _kept(self, label: str) -> Path:
        return self.folder / f"kept-{label}"

    def _says_hello(self) -> bool:
        """A server greets whoever connects, once JetStream is up."""
        with suppress(OSError), self._connect() as connection:
            return connection.recv(5) == b"INFO "
        return False

    def _connect(self) -> socket.socket:
        outside = self.place.outside
        return socket.create_connection((outside.host, outside.port), timeout=HELLO_S_MAX)

    def _configuration(self) -> str:
        jetstream = {"store_dir": str(self._data)}
        server = {"listen": str(self.place.bind), "server_name": self.name}
        for name, value in self._settings.items():
            if name.startswith(JETSTREAM):
                jetstream[name.removeprefix(JETSTREAM)] = value
            else:
                server[name] = value
        lines = [f"{name}: {_value(value)}" for name, value in server.items()]
        block = [f"  {name}: {_value(value)}" for name, value in jetstream.items()]
        return "\n".join([*lines, "jetstream {", *block, "}", ""])


def _value(text: str) -> str:
    """Numbers, sizes (`64MB`) and booleans stand bare. All else is a string: a bare `2m` would be two million."""
    return text if _BARE.fullmatch(text) else json.dumps(text)
