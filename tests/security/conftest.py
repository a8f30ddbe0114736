"""A whole city for tests of what keeps people safe."""

from tests.city import city, city_file

__all__ = ["city", "city_file"]
