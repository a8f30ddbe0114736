"""A whole city for tests of what keeps people safe."""

import shutil
from pathlib import Path

import pytest

from tests.city import city, city_file

__all__ = ["city", "city_file"]


@pytest.fixture
def city_url(city_file: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with Hà Nội in it."""
    return f"sqlite:///{shutil.copy(city_file, tmp_path / 'city.db')}"
