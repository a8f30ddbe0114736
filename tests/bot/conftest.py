"""A whole city for tests of the program around it."""

from tests.city import city, city_file

__all__ = ["city", "city_file"]
