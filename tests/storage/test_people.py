"""People, posts and invitations."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from storage import chats, people
from storage.chats import Chat
from storage.database import Database
from storage.people import ALPHABET, Person, Post
from storage.tables import invitation
from tests.storage.samples import DAY, NOON, SECOND, add_units


async def add(database: Database, user: str, **more: datetime) -> Person:
    async with database.begin() as transaction:
        return people.add_person(transaction, channel="web", user=user, name=user.title(), now=NOON)


async def invite(database: Database, role: str = "chair", unit_code: str = "phuong-khuong-dinh") -> str:
    async with database.begin() as transaction:
        return await people.create_invitation(transaction, unit_code=unit_code, role=role, now=NOON)


async def redeem(database: Database, code: str, person: Person, *, at: datetime = NOON) -> Post | None:
    async with database.begin() as transaction:
        return await people.redeem_invitation(transaction, code, person_id=person.id, now=at)


@pytest.fixture
async def city(database: Database) -> Database:
    async with database.begin() as transaction:
        add_units(transaction)
    return database


async def test_a_person_is_found_by_any_account(database: Database) -> None:
    an = await add(database, "an")
    async with database.begin() as transaction:
        people.rename(transaction, an.id, name="Nguyễn An")
        people.set_phone(transaction, an.id, phone="0900000000")
        found = await people.load_people(transaction, [("web", "an"), ("telegram", "an")], now=NOON)
    assert found == {("web", "an"): Person(id=an.id, name="Nguyễn An", phone="0900000000")}


async def test_a_code_makes_an_official_once(city: Database) -> None:
    an, binh = await add(city, "an"), await add(city, "binh")
    code = await invite(city)
    post = await redeem(city, code, an)
    assert post is not None
    assert (post.role, post.unit_code) == ("chair", "phuong-khuong-dinh")
    assert await redeem(city, code, an) is None
    assert await redeem(city, code, binh) is None
    async with city.read() as transaction:
        found = await people.get_person(transaction, an.id, now=NOON)
    assert found is not None
    assert found.posts == (post,)
    assert found.roles == {"chair"}


@pytest.mark.parametrize(
    "change",
    [str.lower, lambda code: code.replace("-", " "), lambda c: c.replace("1", "I").replace("0", "o")],
)
async def test_a_code_may_be_typed_carelessly(city: Database, change: object) -> None:
    code = await invite(city)
    assert await redeem(city, change(code), await add(city, "an")) is not None  # type: ignore[operator]


@pytest.mark.parametrize("code", ["", "-", "0", "AAAAA-AAAAA-AAAAA", "ÀÁ", "'; DROP TABLE person", "\x00"])
async def test_a_wrong_code_gives_nothing(city: Database, code: str) -> None:
    await invite(city)
    assert await redeem(city, code, await add(city, "an")) is None


async def test_a_code_runs_out_after_seven_days(city: Database) -> None:
    an, code = await add(city, "an"), await invite(city)
    assert await redeem(city, code, an, at=NOON + 7 * DAY) is None
    assert await redeem(city, code, an, at=NOON + 7 * DAY - SECOND) is not None


async def test_codes_are_long_unambiguous_and_stored_only_hashed(city: Database) -> None:
    codes = {await invite(city) for _ in range(20)}
    assert len(codes) == 20
    for code in codes:
        letters = code.replace("-", "")
        assert len(letters) * 5 >= 60
        assert set(letters) <= set(ALPHABET)
    async with city.read() as transaction:
        kept = {row["code_hash"] for row in await transaction.fetch(select(invitation.c.code_hash))}
    assert not kept & codes


async def test_two_who_use_a_code_at_once_do_not_both_get_it(postgresql: Database) -> None:
    async with postgresql.begin() as transaction:
        add_units(transaction)
    everybody = [await add(postgresql, f"p{number}") for number in range(6)]
    code = await invite(postgresql)
    posts = await asyncio.gather(*(redeem(postgresql, code, person) for person in everybody))
    assert sum(post is not None for post in posts) == 1


async def test_somebody_who_holds_the_post_keeps_it(city: Database) -> None:
    an = await add(city, "an")
    first = await redeem(city, await invite(city), an)
    assert await redeem(city, await invite(city), an) == first


async def test_a_post_that_ended_is_no_longer_held(city: Database) -> None:
    an = await add(city, "an")
    post = await redeem(city, await invite(city), an)
    assert post is not None
    async with city.begin() as transaction:
        await people.end_post(transaction, post.id, at=NOON + DAY)
    async with city.read() as transaction:
        for moment, roles in ((NOON, {"chair"}), (NOON + DAY, set()), (NOON - SECOND, set())):
            found = await people.get_person(transaction, an.id, now=moment)
            assert found is not None
            assert found.roles == roles


async def at_their_chat(database: Database, person: Person, channel: str, after: timedelta) -> None:
    async with database.begin() as transaction:
        chat = Chat(channel=channel, chat=f"{channel}-{person.name}", person_id=person.id)
        chats.save_chat(transaction, chat, now=NOON + after)


async def test_officials_are_found_where_they_wrote_last_chairs_first(city: Database) -> None:
    officer, chair, unheard = await add(city, "officer"), await add(city, "chair"), await add(city, "unheard")
    for person, role in ((officer, "officer"), (chair, "officer"), (chair, "chair"), (unheard, "chair")):
        await redeem(city, await invite(city, role), person)
    await at_their_chat(city, officer, "web", SECOND)
    await at_their_chat(city, chair, "web", SECOND)
    await at_their_chat(city, chair, "telegram", 2 * SECOND)
    async with city.begin() as transaction:
        found = await people.officials_of(transaction, "phuong-khuong-dinh", now=NOON)
        assert [(one.name, one.role, one.channel) for one in found] == [
            ("Chair", "chair", "telegram"),
            ("Officer", "officer", "web"),
        ]
        assert found[0].last_inbound_at == NOON + 2 * SECOND
        only = await people.officials_of(transaction, "phuong-khuong-dinh", now=NOON, roles=("officer",))
        assert {one.name for one in only} == {"Chair", "Officer"}
        assert await people.officials_of(transaction, ["phuong-cau-giay"], now=NOON) == []
        chats.mark_unreachable(transaction, "telegram", "telegram-Chair", at=NOON)
        found = await people.officials_of(transaction, "phuong-khuong-dinh", now=NOON)
        assert found[0].chat == "web-Chair"


async def test_those_with_a_role_anywhere_are_found_once(city: Database) -> None:
    an = await add(city, "an")
    await at_their_chat(city, an, "web", SECOND)
    for unit_code in ("ha-noi", "phuong-cau-giay"):
        await redeem(city, await invite(city, "dispatcher", unit_code), an)
    async with city.read() as transaction:
        assert len(await people.officials_by_role(transaction, "dispatcher", now=NOON)) == 1
        assert await people.officials_by_role(transaction, "leader", now=NOON) == []
        both = await people.officials_of(
            transaction, ["ha-noi", "phuong-cau-giay"], now=NOON, roles=["dispatcher"]
        )
        assert {one.unit_code for one in both} == {"ha-noi", "phuong-cau-giay"}
