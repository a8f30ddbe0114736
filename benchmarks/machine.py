"""What benchmarks share: ports, cores, processes that run meanwhile, and a city with its chairs."""

import contextlib
import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import WARDS
from bot.simulation.life import seat_person
from routing.organisation import build_city, slugify, to_document
from storage import migrating, units
from storage.database import Database


async def found_city(url: str, *, channel: str = "web", chairs: Mapping[str, str] | None = None) -> None:
    """Make a city with a chair for each ward of the load, so that a case that is sent reaches somebody.

    chairs: the chat of each ward's chair, by the ward's name as people write it.
    """
    await migrating.upgrade(url)
    await seat_chairs(url, channel=channel, chairs=chairs or {ward: f"chair-{ward}" for ward in WARDS})


async def seat_chairs(url: str, *, channel: str, chairs: Mapping[str, str]) -> None:
    """Store the units and seat the chairs in a database that has its tables."""
    database, now = Database(url), datetime.now(UTC)
    async with database.begin() as transaction:
        if await units.city_version(transaction) == 0:
            await units.save_city(transaction, to_document(build_city("ha-noi")), now=now)
        for ward, chat in chairs.items():
            post = (slugify(ward), "chair")
            await seat_person(transaction, channel=channel, chat=chat, name="", post=post, now=now)
    await database.close()


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def on_core(core: int) -> list[str]:
    """Return the words that keep a command on one core, where the machine can."""
    enough = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core)] if enough else []


@contextlib.contextmanager
def running(
    command: list[str], log: Path, *, core: int | None = 0, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a bot running, on its core unless it may use all."""
    words = [*(on_core(core) if core is not None else []), *command]
    with log.open("wb") as output:
        surroundings = {**os.environ, **(environment or {})}
        process = subprocess.Popen(words, stdout=output, stderr=output, env=surroundings)
        try:
            yield process
            if process.poll() is not None:
                raise SystemExit(f"a bot stopped early: {command}\n{log.read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()


def resident_megabytes(pid: int) -> float:
    """Return how much memory a process holds now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def processor_seconds(pid: int) -> float:
    """Return how long a process and the children it has waited for had a core: no other load lengthens it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def describe() -> str:
    """Return the machine and the versions of what matters, in one line."""
    import sqlite3

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "SQLAlchemy", "asyncpg", "uvloop"))
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {parts}"
    )
