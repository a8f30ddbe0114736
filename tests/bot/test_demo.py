"""The sample city: its past is lived once, and never into a real city's database."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot import demo
from bot.demo import NotADemo
from routing.understanding import Understanding
from storage import chats, ledger, people
from storage.database import Database
from storage.tables import case, event, inbox, outbox
from tests.city import PlainUnderstanding
from tests.machinery import found_city

CASES = 6


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the past short."""
    monkeypatch.setattr(demo, "CASES", CASES)
    monkeypatch.setattr(demo, "DAYS", 6)


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


async def counts(database: Database) -> dict[str, int]:
    async with database.read() as transaction:
        found = {}
        for table in (case, event, inbox, outbox):
            row = await transaction.fetch_one(select(func.count().label("n")).select_from(table))
            found[table.name] = row["n"] if row else 0
        return found


async def test_the_past_is_lived_once(database: Database, understanding: Understanding) -> None:
    await demo.prepare(database, understanding)
    lived = await counts(database)
    assert 0 < lived["case"] <= CASES
    async with database.read() as transaction:
        assert await ledger.verify(transaction) is None
        dead = await transaction.fetch(select(inbox.c.error).where(inbox.c.failed_at.is_not(None)))
        dead += await transaction.fetch(select(outbox.c.error).where(outbox.c.failed_at.is_not(None)))
    assert dead == []
    await demo.prepare(database, understanding)
    assert await counts(database) == lived


async def test_a_real_citys_database_is_refused(sqlite: Database, tmp_path: Path) -> None:
    await found_city(sqlite, tmp_path)
    before = await counts(sqlite)
    with pytest.raises(NotADemo, match="real city"):
        await demo.prepare(sqlite, PlainUnderstanding())  # type: ignore[arg-type]
    assert await counts(sqlite) == before


async def test_whoever_takes_a_seat_holds_its_post_once(
    sqlite: Database, understanding: Understanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "CASES", 0)
    city = await demo.prepare(sqlite, understanding)
    chair = next(seat for seat in demo.DATA["seats"] if seat["role"] == "chair")
    for _ in range(2):
        await city.sit("some-chat", chair["name"])
    async with sqlite.read() as transaction:
        [chat] = (await chats.load_chats(transaction, [("web", "some-chat")])).values()
        assert chat.person_id is not None
        person = await people.get_person(transaction, chat.person_id, now=demo.datetime.now(demo.UTC))
    assert person is not None
    assert [(post.unit_code, post.role) for post in person.posts] == [(chair["unit"], "chair")]
