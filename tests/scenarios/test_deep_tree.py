"""A tree of five levels: who sees, who is told above, and what a subtree holds."""

from dataclasses import replace

from handlers import access
from routing.organisation import Responsibility, Unit
from storage.people import Person, Post
from tests.city import CityHarness

LEVELS = ("ha-noi", "khoi-mot", "quan-mot", "phuong-khuong-dinh", "to-mot")
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"


async def deepen(city: CityHarness) -> None:
    """Put two levels above a ward and one below it, and give rubbish to the lowest."""
    units = dict(city.city.units)
    units["khoi-mot"] = Unit(code="khoi-mot", name="Khối Một", kind="office", parent="ha-noi")
    units["quan-mot"] = Unit(code="quan-mot", name="Quận Một", kind="district", parent="khoi-mot")
    units["phuong-khuong-dinh"] = replace(units["phuong-khuong-dinh"], parent="quan-mot")
    units["to-mot"] = Unit(code="to-mot", name="Tổ Một", kind="office", parent="phuong-khuong-dinh")
    rule = Responsibility(domain="waste", area="phuong-khuong-dinh", unit="to-mot", position=1)
    await city.changes(units=units, responsibilities=(rule, *city.city.responsibilities))


async def test_each_level_sees_what_lies_below_and_only_the_lowest_works(city: CityHarness) -> None:
    await deepen(city)
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.files()
    case = await city.only_case()
    assert case.unit_code == "to-mot"
    assert tuple(unit.code for unit in city.city.path("to-mot")) == LEVELS
    for code in LEVELS:
        chair = Person(id=7, posts=(Post(id=1, unit_code=code, role="chair"),))
        assert access.may(chair, city.city, "see", case)
        assert access.may(chair, city.city, "accept", case) is (code == "to-mot")
        assert "to-mot" in city.city.subtree(code)
    beside = Person(id=8, posts=(Post(id=2, unit_code="phuong-cau-giay", role="chair"),))
    assert not access.may(beside, city.city, "see", case)


async def test_where_nobody_is_there_the_nearest_chair_above_hears_of_it(city: CityHarness) -> None:
    await deepen(city)
    far = await city.official("khoi-mot", "chair", name="xa")
    near = await city.official("quan-mot", "chair", name="gần")
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.files()
    near.sees((await city.only_case()).code)
    far.sees_nothing()
