"""One-time codes that join two accounts, and what becomes the other person's."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from storage import chats, erasures, linking, people
from storage.chats import Chat
from storage.database import Database
from storage.tables import account, chat, person

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def two_people(database: Database) -> tuple[int, int]:
    """Store one person with a name and one with a telephone, each with a chat; return their numbers."""
    async with database.begin() as transaction:
        kept = people.add_person(transaction, channel="web", user="a", name="Công dân A", now=NOW)
        other = people.add_person(transaction, channel="other", user="b", name="", now=NOW)
        people.set_phone(transaction, other.id, phone="0901234567")
        for channel, user, number in (("web", "a", kept.id), ("other", "b", other.id)):
            chats.save_chat(transaction, Chat(channel=channel, chat=user, person_id=number), now=NOW)
    return kept.id, other.id


async def code_for(database: Database, person_id: int) -> str:
    async with database.begin() as transaction:
        return await linking.create_code(transaction, person_id=person_id, now=NOW)


async def whose(database: Database, code: str, *, after: timedelta = timedelta()) -> int | None:
    async with database.begin() as transaction:
        return await linking.person_of_code(transaction, code, now=NOW + after)


async def test_a_code_names_who_asked_for_it_for_ten_minutes(database: Database) -> None:
    kept, _ = await two_people(database)
    code = await code_for(database, kept)
    assert await whose(database, code) == kept
    assert await whose(database, code.lower().replace("-", " ")) == kept
    assert await whose(database, code, after=timedelta(minutes=10)) is None
    assert await whose(database, "00000-00000") is None


async def test_a_newer_code_ends_the_one_before(database: Database) -> None:
    kept, _ = await two_people(database)
    first, second = await code_for(database, kept), await code_for(database, kept)
    assert (await whose(database, first), await whose(database, second)) == (None, kept)


async def test_the_joined_person_has_both_accounts_and_what_either_told(database: Database) -> None:
    kept, other = await two_people(database)
    code = await code_for(database, kept)
    async with database.begin() as transaction:
        assert await linking.join(transaction, code, old=other, new=kept, now=NOW)
    async with database.read() as transaction:
        owners = {row["person_id"] for row in await transaction.fetch(select(account.c.person_id))}
        assert owners == {kept}
        assert {row["person_id"] for row in await transaction.fetch(select(chat.c.person_id))} == {kept}
        known = await people.get_person(transaction, kept, now=NOW)
        assert known is not None
        assert (known.name, known.phone) == ("Công dân A", "0901234567")
        assert await linking.chats_of(transaction, kept) == [("other", "b"), ("web", "a")]
        former = await transaction.fetch_one(select(person).where(person.c.id == other))
        assert former is not None
        assert (former["merged_into"], former["phone"], former["name"]) == (kept, None, "")


async def test_a_code_joins_once(database: Database) -> None:
    kept, other = await two_people(database)
    code = await code_for(database, kept)
    async with database.begin() as transaction:
        assert await linking.join(transaction, code, old=other, new=kept, now=NOW)
    assert await whose(database, code) is None
    async with database.begin() as transaction:
        assert not await linking.join(transaction, code, old=other, new=kept, now=NOW)


async def test_whoever_answers_by_hand_is_noted_even_before_the_person_wrote(database: Database) -> None:
    async with database.begin() as transaction:
        chats.note_staff(transaction, Chat(channel="web", chat="c"), since=NOW, now=NOW)
    async with database.begin() as transaction:
        known = (await chats.load_chats(transaction, [("web", "c")]))["web", "c"]
        assert known.staff_since == NOW
        chats.save_chat(transaction, known, now=NOW)
    async with database.begin() as transaction:
        known = (await chats.load_chats(transaction, [("web", "c")]))["web", "c"]
        assert known.staff_since == NOW
        chats.note_staff(transaction, known, since=None, now=NOW)
    async with database.read() as transaction:
        assert (await chats.load_chats(transaction, [("web", "c")]))["web", "c"].staff_since is None


async def test_a_wish_to_be_erased_stays_open_until_it_is_done(database: Database) -> None:
    kept, other = await two_people(database)
    async with database.begin() as transaction:
        erasures.add(transaction, person_id=kept, channel="web", at=NOW)
    async with database.read() as transaction:
        assert await erasures.is_open(transaction, kept)
        assert not await erasures.is_open(transaction, other)
