"""The city's document and its units."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from routing.organisation import BrokenOrganisation, build_city, to_document
from storage import units
from storage.database import Database
from storage.tables import unit
from tests.storage.samples import DAY, NOON


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(to_document(build_city("Hà Nội", tiers=2)))


async def save(database: Database, document: dict[str, Any], *, days: int = 0) -> int:
    async with database.begin() as transaction:
        return await units.save_city(transaction, document, now=NOON + days * DAY)


async def stored(database: Database) -> dict[str, Any]:
    async with database.read() as transaction:
        return {row["code"]: row for row in await transaction.fetch(select(unit))}


async def test_without_a_city_there_is_version_zero(database: Database) -> None:
    async with database.read() as transaction:
        assert await units.city_version(transaction) == 0
        assert await units.load_city(transaction) is None
        assert await units.get_setting(transaction, "anything") is None


async def test_a_city_comes_back_as_it_was_saved(database: Database, document: dict[str, Any]) -> None:
    assert await save(database, document) == 1
    assert await save(database, document) == 2
    async with database.read() as transaction:
        city = await units.load_city(transaction)
        assert await units.city_version(transaction) == 2
    assert city == build_city("Hà Nội", tiers=2)


async def test_every_unit_is_mirrored_below_its_parent(database: Database, document: dict[str, Any]) -> None:
    await save(database, document)
    found = await stored(database)
    city = build_city("Hà Nội", tiers=2)
    assert found.keys() == city.units.keys()
    for code, row in found.items():
        assert (row["name"], row["kind"]) == (city.units[code].name, city.units[code].kind)
        assert row["parent_code"] == city.units[code].parent


async def test_a_unit_that_vanishes_is_ended_and_never_deleted(
    database: Database, document: dict[str, Any]
) -> None:
    await save(database, document)
    gone = document["units"][-1]["code"]
    rules = [rule for rule in document["responsibilities"] if rule["unit"] != gone]
    smaller = {**document, "units": document["units"][:-1], "responsibilities": rules}
    await save(database, smaller, days=1)
    await save(database, smaller, days=9)
    assert (await stored(database))[gone]["valid_to"] == date(2026, 11, 24)
    await save(database, document, days=10)
    assert (await stored(database))[gone]["valid_to"] is None


async def test_a_broken_document_changes_nothing(database: Database, document: dict[str, Any]) -> None:
    await save(database, document)
    with pytest.raises(BrokenOrganisation):
        await save(database, {**document, "units": []})
    async with database.read() as transaction:
        assert await units.city_version(transaction) == 1


@pytest.mark.parametrize("value", [0, "", [], {"tên": "Hà Nội"}, None, False])
async def test_a_setting_holds_any_value(database: Database, value: Any) -> None:
    async with database.begin() as transaction:
        await units.set_setting(transaction, "any", "before")
        await units.set_setting(transaction, "any", value)
        assert await units.get_setting(transaction, "any") == value


async def test_successors_and_former_names_are_mirrored(database: Database, document: dict[str, Any]) -> None:
    first, second, *_ = [row for row in document["units"] if row["kind"] == "ward"]
    over = {**first, "valid_to": "2026-11-20", "successors": [second["code"]], "former_names": ["Phường Cũ"]}
    rows = [over if row is first else row for row in document["units"]]
    await save(database, {**document, "units": rows})
    mirrored = (await stored(database))[first["code"]]
    assert (mirrored["former_names"], mirrored["successors"]) == (["Phường Cũ"], [second["code"]])
    async with database.read() as transaction:
        today = await units.load_city(transaction, now=NOON)
        before = await units.load_city(transaction, now=NOON - 10 * DAY)
    assert today is not None
    assert before is not None
    assert today.heir(first["code"]) == second["code"]
    assert before.heir(first["code"]) == first["code"]
