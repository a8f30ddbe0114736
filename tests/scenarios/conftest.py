"""A whole city for every test that asks for one."""

import pytest

from routing.understanding import Understanding
from tests.city import city, city_file

__all__ = ["city", "city_file", "real_understanding"]


@pytest.fixture(scope="session")
def real_understanding() -> Understanding:
    """The shipped reading of texts."""
    return Understanding.load()
