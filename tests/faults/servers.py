"""A PostgreSQL server of its own, as durable as in a city, that can be stopped, crashed and started again."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import rmtree
from typing import Any

from storage import migrating
from tests.postgres import _programs, reachable_folder
from tests.postgres_guard import _reachable_programs, _server_user

SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
NAME = "city"


class PostgresOwn:
    """One cluster in a temporary folder."""

    def __init__(self) -> None:
        # A short path, since those of sockets must be; passable, since the server is not run by root.
        self._folder = Path(tempfile.mkdtemp(prefix="faults-", dir=reachable_folder()))
        self._folder.chmod(0o755)
        self._user: dict[str, Any] = _server_user()
        (self._folder / "server").mkdir(mode=0o700)
        self._home = self._folder / "server"
        self._programs = _reachable_programs(_programs(), self._home, self._user)

    @property
    def url(self) -> str:
        """The URL of its one database."""
        return f"postgresql://postgres@/{NAME}?host={self._home}"

    async def create(self) -> None:
        """Make the cluster, start it, and make a migrated database in it."""
        settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        await self._run("initdb", "--pgdata", str(self._home / "data"), *options, *settings)
        await self.start()
        await self._run("psql", "-h", str(self._home), "-U", "postgres", "-qc", f"CREATE DATABASE {NAME}")
        await migrating.upgrade(self.url)

    async def start(self) -> None:
        """Start the server; returns when it answers."""
        await self._control("start")

    async def stop(self, mode: str = "fast") -> None:
        """Stop it: "fast" as for a restart, "immediate" as if it had crashed."""
        await self._control("stop", "-m", mode)

    async def remove(self) -> None:
        """Take everything away."""
        try:
            await self.stop("immediate")
        finally:
            rmtree(self._folder, ignore_errors=True)

    async def _control(self, verb: str, *words: str) -> None:
        options = ["-D", str(self._home / "data"), "-w", "-t", "60", "-l", str(self._home / "log")]
        options += ["-o", f"-k {self._home}"] if verb == "start" else []
        await self._run("pg_ctl", verb, *options, *words)

    async def _run(self, program: str, *words: str) -> None:
        # A thread, because the user of the process can be set for a plain subprocess alone.
        run: dict[str, Any] = {"cwd": self._home, "env": {}, **self._user}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": sys.stderr}
        command = [str(self._programs / program), *words]
        await asyncio.to_thread(lambda: subprocess.run(command, check=True, **run, **quiet))
