"""A citizen sends a position while an operator brings in the wards' borders: the program follows at once."""

from routing.place import read_border_file
from storage.borders import clear_borders, save_borders
from tests.city import CityHarness

HERE = (20.9885, 105.8105)
AROUND_HERE = [[105.80, 20.98], [105.82, 20.98], [105.82, 21.0], [105.80, 21.0], [105.80, 20.98]]


async def import_borders(city: CityHarness, ward: str) -> None:
    feature = {
        "properties": {"name": ward},
        "geometry": {"type": "Polygon", "coordinates": [AROUND_HERE]},
    }
    found = read_border_file({"features": [feature]}, province="ha-noi")
    async with city.database.begin() as transaction:
        await save_borders(transaction, found.as_dict())


async def test_a_running_program_follows_borders_that_are_imported_and_cleared(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.sends(position=HERE)
    an.sees("Phường Khương Đình")

    await import_borders(city, "Phường Láng")
    ba = city.citizen("ba")
    await ba.writes("Rác chất đống cả tuần nay")
    await ba.sends(position=HERE)
    ba.sees("Phường Láng")

    async with city.database.begin() as transaction:
        await clear_borders(transaction)
    chi = city.citizen("chi")
    await chi.writes("Rác chất đống cả tuần nay")
    await chi.sends(position=HERE)
    chi.sees("Phường Khương Đình")
