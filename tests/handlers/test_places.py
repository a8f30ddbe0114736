"""Which wards are offered for a position: exactly by imported borders, else by how sure the score is."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from handlers import places
from handlers.channel import Location
from handlers.places import wards_around, with_borders
from routing.organisation import City, build_city
from routing.place import Borders, Ward, read_border_file
from storage.borders import clear_borders, save_borders
from storage.database import Database

HOME = Location(latitude=20.9885, longitude=105.8105)


@pytest.fixture(scope="module")
def city() -> City:
    return build_city("Hà Nội", tiers=2)


def squares(**corners: tuple[float, float]) -> dict[str, list[list[str]]]:
    """Return stored borders: squares of 0.02 degrees by ward name and south-west corner."""
    features = [
        {
            "properties": {"name": name.replace("_", " ")},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[x, y], [x + 0.02, y], [x + 0.02, y + 0.02], [x, y + 0.02], [x, y]],
                ],
            },
        }
        for name, (x, y) in corners.items()
    ]
    return read_border_file({"features": features}, province="ha-noi").as_dict()


def names(city: City, location: Location) -> list[str]:
    return [ward.name for ward in wards_around(city, location)]


def test_a_border_tells_more_exactly_than_the_score(city: City) -> None:
    exact = replace(city, borders=Borders.from_dict(squares(Phường_Láng=(105.80, 20.98))))
    assert names(exact, HOME) == ["Phường Láng"]


def test_near_a_border_both_wards_are_offered(city: City) -> None:
    stored = squares(Phường_Khương_Đình=(105.80, 20.98), Phường_Phương_Liệt=(105.82, 20.98))
    exact = replace(city, borders=Borders.from_dict(stored))
    near = Location(latitude=20.99, longitude=105.8202)
    assert names(exact, near) == ["Phường Phương Liệt", "Phường Khương Đình"]


def test_outside_all_borders_the_score_tells_among_the_wards_without(city: City) -> None:
    estimated = names(city, HOME)
    elsewhere = replace(city, borders=Borders.from_dict(squares(Phường_Láng=(105.70, 20.98))))
    assert names(elsewhere, HOME) == estimated
    known = replace(city, borders=Borders.from_dict(squares(Phường_Khương_Đình=(105.70, 20.98))))
    assert "Phường Khương Đình" in estimated
    assert "Phường Khương Đình" not in names(known, HOME)


@pytest.mark.parametrize(
    ("shares", "offered"),
    [
        ((0.93, 0.05), 1),
        ((0.85, 0.12, 0.02), 2),
        ((0.5, 0.3, 0.18, 0.02), 3),
        ((0.4, 0.2, 0.2, 0.2), 3),
        ((), 0),
    ],
)
def test_buttons_are_shown_until_it_is_sure_enough(shares: Sequence[float], offered: int, city: City) -> None:
    wards = [Ward(code=f"{number:05}", name=f"Phường {number}", province="ha-noi") for number in range(9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "wards_at", lambda *_, province: tuple(zip(wards, shares, strict=False)))
        assert len(wards_around(city, HOME)) == offered


async def test_borders_are_kept_until_they_are_cleared(database: Database, city: City) -> None:
    async with database.begin() as transaction:
        assert (await with_borders(transaction, city)).borders is None
        await save_borders(transaction, squares(Phường_Láng=(105.80, 20.98)))
    async with database.read() as transaction:
        exact = await with_borders(transaction, city)
    assert names(exact, HOME) == ["Phường Láng"]
    assert exact == city
    async with database.begin() as transaction:
        await clear_borders(transaction)
    async with database.read() as transaction:
        assert (await with_borders(transaction, city)).borders is None
