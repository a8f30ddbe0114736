"""What all tests share: real databases, fresh for every test."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog

from storage import migrating
from storage.database import Database
from tests.postgres import PostgresServer, reachable_folder
from tests.wires.shown import UNABLE

_FOLDER = pytest.StashKey[Path]()
_SERVER = pytest.StashKey[PostgresServer]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run choose the channels of the scenarios."""
    parser.addoption("--wire", action="append", help="run scenarios on this channel alone (may be repeated)")


def pytest_configure(config: pytest.Config) -> None:
    """Agree with the session's other processes on the one PostgreSQL server."""
    given = getattr(config, "workerinput", None)
    # A short path, since those of sockets must be; readable, since the server is not run by root.
    folder = Path(
        given["postgres"] if given else tempfile.mkdtemp(prefix="langnghe-", dir=reachable_folder())
    )
    if not given:
        folder.chmod(0o755)
        config.stash[_FOLDER] = folder
    config.addinivalue_line("markers", "plain: a scenario that no vendor's channel can show; see tests/wires")
    config.stash[_SERVER] = PostgresServer(folder, session=given["session"] if given else os.getpid())


def pytest_collection_finish() -> None:
    """Look for garbage more seldom than by default, and never in what all tests share.

    The models and gazetteers that stay loaded made a full collection the dearest part of a short test.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the session's server is."""
    node.workerinput["postgres"] = str(node.config.stash[_FOLDER])
    node.workerinput["session"] = os.getpid()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say once what kept scenarios from running on a channel."""
    reports = terminalreporter.stats.get("skipped", ())
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    unable = {reason: count for reason, count in reasons.items() if f" {UNABLE} " in reason}
    if unable:
        terminalreporter.section("scenarios that a channel has nothing for")
        for reason, count in sorted(unable.items()):
            terminalreporter.line(f"{count:4} {reason}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server when the whole session is over."""
    folder = config.stash.get(_FOLDER, None)
    if folder is not None:
        config.stash[_SERVER].stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def log_settings() -> Iterator[None]:
    """Give the next test the log as it was: commands set it for the process that they run in."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """A running PostgreSQL server."""
    server = pytestconfig.stash[_SERVER]
    server.start()
    return server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "langnghe.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, migrating.upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'langnghe.db')}"


@pytest.fixture
async def postgresql_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A fresh, migrated PostgreSQL database."""
    async with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, open."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    """A fresh SQLite database alone, where both kinds would show no more."""
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    """A fresh PostgreSQL database alone, for what only several processes do."""
    opened = Database(postgresql_url)
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A fresh database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    async with server.database(empty=True) as url:
        yield url
