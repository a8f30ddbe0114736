"""The program as a process of its own, on SQLite or on PostgreSQL, and the database that it runs on."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from collections import Counter, deque
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.vendor import TOKEN

ROOT = Path(__file__).parent.parent.parent
SECRET = "a-secret-for-tests"
START_SECONDS = 120.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One process of the program; it may be killed and started again on the same port."""

    def __init__(
        self,
        *,
        database_url: str,
        folder: Path,
        api_url: str,
        public_port: int | None = None,
        plain: bool = False,
    ) -> None:
        """public_port: where the vendor is told to call, if that is another process of the same city."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log: deque[str] = deque(maxlen=400)
        self.actions: Counter[str] = Counter()
        """The `action` words of what it logged."""
        self._plain = plain
        self._clock = folder / "clock"
        self._reading: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process | None = None
        self.environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "LANGNGHE_DATABASE_URL": database_url,
            "LANGNGHE_MEDIA_DIR": str(folder / "media"),
            "LANGNGHE_PORT": str(self.port),
            "LANGNGHE_TELEGRAM_TOKEN": TOKEN,
            "LANGNGHE_TELEGRAM_API_URL": api_url,
            "LANGNGHE_TELEGRAM_MODE": "webhook",
            "LANGNGHE_TELEGRAM_SECRET": SECRET,
            "LANGNGHE_PUBLIC_URL": f"http://127.0.0.1:{public_port or self.port}",
        }

    async def spawn(self) -> None:
        """Start the process; returns at once."""
        words = ["-m", "tests.faults.serving", str(self._clock), *(["--plain"] if self._plain else [])]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read(self.process))

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        await self.spawn()
        await self.until_ready()

    async def until_ready(self) -> None:
        """Wait until the program answers; AssertionError with its last words when it does not."""
        async with aiohttp.ClientSession() as session, asyncio.timeout(START_SECONDS):
            while not await self._answers(session):
                assert self.process is not None
                assert self.process.returncode is None, "\n".join(list(self.log)[-20:])
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        if self._reading:
            await self._reading

    async def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        status = await self.process.wait()
        if self._reading:
            await self._reading
        return status

    def limit_files(self, size: int | None) -> None:
        """Let no file of the process grow beyond so many bytes (None: no limit), as if the disk were full."""
        assert self.process is not None
        limit = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            text = line.decode(errors="replace").rstrip()
            self.log.append(text)
            if (said := _read_line(text)) is not None and "action" in said:
                self.actions[said["action"]] += 1


def _read_line(text: str) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


async def refused_second(program: Program) -> str:
    """Start the real `serve` beside a running one on the same SQLite file; return what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        cwd=ROOT,
        env={**program.environment, "LANGNGHE_PORT": str(free_port())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 1, "a second program was let in"
    return errors.decode()
