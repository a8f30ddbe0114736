"""A whole city for every test that asks for one, on SQLite or on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.city import CityHarness, city, city_file
from tests.machinery import WatchedDatabase, found_city

__all__ = ["city", "city_file"]


@pytest.fixture
async def watched(database_url: str) -> AsyncIterator[WatchedDatabase]:
    """A fresh database of each kind in turn, whose commits can be counted, held up or made to fail."""
    opened = WatchedDatabase(database_url)
    yield opened
    opened.gate.set()
    await opened.close()


@pytest.fixture
async def town(watched: WatchedDatabase, tmp_path: Path) -> CityHarness:
    """Hà Nội on a Monday morning, on each kind of database in turn."""
    return await found_city(watched, tmp_path)
