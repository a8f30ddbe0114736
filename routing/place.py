"""Where a message is about: today's ward through names old and new, position to ward, looking up names."""

from routing.places.addresses import street_name, street_without_house
from routing.places.borders import BorderFile, Borders, BrokenBorders, read_border_file
from routing.places.position import wards_at
from routing.places.provinces import find_province, nearest_provinces, provinces
from routing.places.reading import read_place
from routing.places.search import find_wards, former_wards_of, wards_of
from routing.places.units import FormerWard, PlaceReading, Province, Ward

__all__ = [
    "BorderFile",
    "Borders",
    "BrokenBorders",
    "FormerWard",
    "PlaceReading",
    "Province",
    "Ward",
    "find_province",
    "find_wards",
    "former_wards_of",
    "nearest_provinces",
    "provinces",
    "read_border_file",
    "read_place",
    "street_name",
    "street_without_house",
    "wards_at",
    "wards_of",
]
