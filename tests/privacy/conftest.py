"""A whole city for every test that asks for one, on SQLite alone or on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.city import CityHarness, city, city_file
from tests.machinery import WatchedDatabase, found_city

__all__ = ["city", "city_file"]


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[CityHarness]:
    """Hà Nội on a Monday morning, on each kind of database in turn."""
    opened = WatchedDatabase(database_url)
    yield await found_city(opened, tmp_path)
    opened.gate.set()
    await opened.close()


@pytest.fixture
async def big_town(postgresql_url: str, tmp_path: Path) -> AsyncIterator[CityHarness]:
    """Hà Nội on a Monday morning, on PostgreSQL."""
    opened = WatchedDatabase(postgresql_url)
    yield await found_city(opened, tmp_path)
    await opened.close()
