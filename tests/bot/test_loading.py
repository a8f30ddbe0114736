"""What a process of one part loads: a library is memory and time of its start, so the part must need it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOT_TO_RECEIVE = ("numpy", "rapidfuzz", "apscheduler", "routing.organisation", "handlers.dispatch")
NOT_ON_SQLITE = ("asyncpg",)
NOT_AT_START = ("holidays", "openpyxl", "matplotlib", "shapely", "alembic", "telegram", "aiosmtplib")
START = """
import asyncio, sys
from bot.app import App
from bot.settings import load_settings

async def start(url, media, parts):
    given = {"LANGNGHE_DATABASE_URL": url, "LANGNGHE_MEDIA_DIR": media, "LANGNGHE_PORT": "0"}
    app = App(load_settings(given)[0], parts=parts.split(","))
    await app.start()
    loaded = sorted(sys.modules)
    await app.stop()
    print(*loaded)

asyncio.run(start(*sys.argv[1:]))
"""


def loaded(url: str, media: Path, parts: str) -> set[str]:
    """Return the modules that a program has loaded when it has started."""
    command = [sys.executable, "-c", START, url, str(media), parts]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())


@pytest.fixture
def url(city_file: Path, tmp_path: Path) -> str:
    (tmp_path / "city.db").write_bytes(city_file.read_bytes())
    return f"sqlite:///{tmp_path}/city.db"


def test_what_only_receives_loads_nothing_of_turns(url: str, tmp_path: Path) -> None:
    needless = {*NOT_TO_RECEIVE, *NOT_ON_SQLITE, *NOT_AT_START}
    assert loaded(url, tmp_path / "media", "web") & needless == set()


def test_all_that_a_turn_needs_is_there_before_the_first_one(url: str, tmp_path: Path) -> None:
    found = loaded(url, tmp_path / "media", "worker")
    assert {"handlers.dispatch", "handlers.delivery", "routing.organisation", "numpy", "PIL.Image"} <= found
    assert found & {*NOT_AT_START, *NOT_ON_SQLITE} == set()
