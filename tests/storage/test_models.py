"""Adopted models: one is in use, the way back is kept, and two trainings never both win."""

import asyncio
from datetime import timedelta

import pytest

from storage import models
from storage.database import Database
from storage.models import StoredModel
from tests.storage.samples import NOON


async def in_use(database: Database) -> StoredModel | None:
    async with database.read() as transaction:
        return await models.model_in_use(transaction)


async def adopts(database: Database, version: str, *, instead_of: StoredModel | None) -> bool:
    async with database.begin() as transaction:
        return await models.adopt(
            transaction,
            version,
            version.encode(),
            instead_of=instead_of,
            figures={"figures": []},
            note="",
            now=NOON,
        )


async def rolls_back(database: Database) -> tuple[str, str | None] | None:
    async with database.begin() as transaction:
        done = await models.roll_back(transaction, now=NOON + timedelta(hours=1))
    return (done[0].version, done[1].version if done[1] else None) if done else None


async def test_each_adoption_retires_the_one_before_and_back_goes_the_same_way(database: Database) -> None:
    assert await in_use(database) is None
    assert await rolls_back(database) is None
    for version in ("first", "second", "third"):
        assert await adopts(database, version, instead_of=await in_use(database))
    current = await in_use(database)
    assert current is not None
    assert current.version == "third"
    async with database.read() as transaction:
        assert await models.model_bytes(transaction, current.id) == b"third"
    assert await rolls_back(database) == ("third", "second")
    # What was given up is not what a later one goes back to.
    assert await adopts(database, "fourth", instead_of=await in_use(database))
    assert await rolls_back(database) == ("fourth", "second")
    assert await rolls_back(database) == ("second", "first")
    assert await rolls_back(database) == ("first", None)
    assert await in_use(database) is None
    async with database.read() as transaction:
        listed = await models.list_models(transaction)
    assert [one.version for one in listed] == ["fourth", "third", "second", "first"]
    assert all(one.retired_at for one in listed)


async def test_the_same_model_may_be_adopted_again_and_the_way_back_has_no_ring(database: Database) -> None:
    for version in ("first", "second", "first"):
        assert await adopts(database, version, instead_of=await in_use(database))
    assert await rolls_back(database) == ("first", "second")
    assert await rolls_back(database) == ("second", "first")
    assert await rolls_back(database) == ("first", None)


async def test_of_two_trainings_against_the_same_model_one_is_adopted(database: Database) -> None:
    results = await asyncio.gather(*(adopts(database, version, instead_of=None) for version in ("a", "b")))
    assert sorted(results) == [False, True]


async def test_a_model_that_is_too_large_is_refused(database: Database) -> None:
    async with database.begin() as transaction:
        with pytest.raises(models.TooLarge):
            await models.adopt(
                transaction,
                "large",
                bytes(models.LARGEST + 1),
                instead_of=None,
                figures={},
                note="",
                now=NOON,
            )
    assert await in_use(database) is None
