from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environments.ledger.servers import FOLDER, Postgres, World

sys.path.insert(0, str(FOLDER))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not pytest's own folder, which the account that PostgreSQL runs as cannot enter.
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def world(postgres: Postgres, tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, postgres) as running:
        yield running
