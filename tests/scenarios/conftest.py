"""A whole city for every test that asks for one: behind a channel of its own, or on Telegram."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routing.organisation import build_city, to_document
from routing.understanding import Understanding
from storage import units
from storage.database import Database
from tests.city import MONDAY_MORNING, CityHarness, city_file, open_hanoi, picture
from tests.telegram_city import TelegramCity, open_city
from tests.wires.telegram import TelegramWire
from tests.wires.web import WebWire
from tests.wires.wire import Wire
from tests.wires.zalo_bot import ZaloBotWire
from tests.wires.zalo_oa import ZaloOaWire

__all__ = ["city_file", "either_way", "on_postgresql", "polled_city", "telegram_city"]

WIRES: dict[str, type[Wire]] = {wire.name: wire for wire in (WebWire, TelegramWire, ZaloOaWire, ZaloBotWire)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let every scenario of a city run on each channel, or on those that `--wire` names.

    Those marked `plain` run behind a channel without a vendor: what they plan no vendor can be made to do.
    """
    if "city" in metafunc.fixturenames:
        plain = metafunc.definition.get_closest_marker("plain") is not None
        named = ["plain"] if plain else metafunc.config.getoption("--wire") or list(WIRES)
        metafunc.parametrize("city", named, indirect=True)


@pytest.fixture
async def city(request: pytest.FixtureRequest, tmp_path: Path, city_file: Path) -> AsyncIterator[CityHarness]:
    """Hà Nội on a Monday morning, nobody in it yet, its people behind each channel in turn."""
    wire = WIRES[request.param](picture) if request.param in WIRES else None
    async with open_hanoi(city_file, tmp_path, wire) as harness:
        yield harness


@pytest.fixture(scope="session")
def real_understanding() -> Understanding:
    """The shipped reading of texts."""
    return Understanding.load()


@pytest.fixture
def city_url(city_file: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with Hà Nội in it."""
    return f"sqlite:///{shutil.copy(city_file, tmp_path / 'city.db')}"


@pytest.fixture(params=["webhook", "polling"])
async def either_way(
    request: pytest.FixtureRequest, city_url: str, tmp_path: Path, real_understanding: Understanding
) -> AsyncIterator[TelegramCity]:
    """The program on SQLite, hearing from the vendor in each way in turn."""
    async with open_city(city_url, tmp_path, real_understanding, mode=request.param) as running:
        yield running


@pytest.fixture
async def telegram_city(
    city_url: str, tmp_path: Path, real_understanding: Understanding
) -> AsyncIterator[TelegramCity]:
    """The program on SQLite with a webhook."""
    async with open_city(city_url, tmp_path, real_understanding, mode="webhook") as running:
        yield running


@pytest.fixture
async def polled_city(
    city_url: str, tmp_path: Path, real_understanding: Understanding
) -> AsyncIterator[TelegramCity]:
    """The program on SQLite, polling."""
    async with open_city(city_url, tmp_path, real_understanding, mode="polling") as running:
        yield running


@pytest.fixture
async def on_postgresql(
    postgresql_url: str, tmp_path: Path, real_understanding: Understanding
) -> AsyncIterator[TelegramCity]:
    """The program on PostgreSQL with a webhook."""
    database = Database(postgresql_url)
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=MONDAY_MORNING)
    await database.close()
    async with open_city(postgresql_url, tmp_path, real_understanding, mode="webhook") as running:
        yield running
