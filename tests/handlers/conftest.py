"""A whole city for every test that asks for one."""

from tests.city import city, city_file

__all__ = ["city", "city_file"]
