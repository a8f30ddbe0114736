"""Conversations: kept, moved, reachable or not."""

import asyncio

from storage import chats
from storage.chats import Chat
from storage.database import Database
from storage.people import add_person
from tests.storage.samples import NOON, SECOND

AN, GROUP, SUPERGROUP = ("telegram", "1"), ("telegram", "-1"), ("telegram", "-1001")


async def load(database: Database, *addresses: tuple[str, str]) -> dict[tuple[str, str], Chat]:
    async with database.read() as transaction:
        return await chats.load_chats(transaction, addresses)


async def save(database: Database, *saved: Chat, seconds: int = 0) -> None:
    async with database.begin() as transaction:
        for chat in saved:
            chats.save_chat(transaction, chat, now=NOON + seconds * SECOND)


async def test_an_unknown_chat_is_new_until_it_is_saved(database: Database) -> None:
    chat = (await load(database, AN))[AN]
    assert chat == Chat(channel="telegram", chat="1", new=True)
    chat.step, chat.draft = "place", {"text": "Rác ở ngõ 12", "photos": ["a"]}
    await save(database, chat)
    assert (await load(database, AN))[AN] == Chat(
        channel="telegram", chat="1", step="place", draft=chat.draft
    )
    chat.step, chat.draft = "", {}
    await save(database, chat)
    assert (await load(database, AN))[AN].draft == {}


async def test_many_chats_come_in_one_call(database: Database) -> None:
    await save(
        database, Chat(channel="web", chat="1", step="web"), Chat(channel="telegram", chat="1", step="tg")
    )
    found = await load(database, AN, ("web", "1"), ("zalo_oa", "1"), AN)
    assert {key: chat.step for key, chat in found.items()} == {
        AN: "tg",
        ("web", "1"): "web",
        ("zalo_oa", "1"): "",
    }


async def test_a_group_keeps_its_conversation_under_its_new_id(database: Database) -> None:
    await save(
        database, Chat(channel="telegram", chat="-1", group=True, step="waiting", draft={"case": "HN-1"})
    )
    for _ in range(2):
        async with database.begin() as transaction:
            await chats.move_chat(transaction, channel="telegram", old="-1", new="-1001", at=NOON)
    found = await load(database, GROUP, SUPERGROUP)
    assert found[GROUP] is found[SUPERGROUP]
    assert found[GROUP] == Chat(
        channel="telegram", chat="-1001", group=True, step="waiting", draft={"case": "HN-1"}
    )


async def test_a_group_that_moved_twice_or_was_never_seen_is_found(database: Database) -> None:
    async with database.begin() as transaction:
        await chats.move_chat(transaction, channel="telegram", old="-1", new="-2", at=NOON)
    async with database.begin() as transaction:
        await chats.move_chat(transaction, channel="telegram", old="-2", new="-3", at=NOON)
    assert (await load(database, GROUP))[GROUP].chat == "-3"


async def test_people_are_written_to_where_they_wrote_last(database: Database) -> None:
    async with database.begin() as transaction:
        an = add_person(transaction, channel="web", user="an", name="An", now=NOON).id
        binh = add_person(transaction, channel="web", user="binh", name="Bình", now=NOON).id
    await save(database, Chat(channel="web", chat="an", person_id=an), seconds=1)
    await save(database, Chat(channel="telegram", chat="1", person_id=an), seconds=2)
    await save(database, Chat(channel="telegram", chat="-1", person_id=an, group=True), seconds=3)
    async with database.begin() as transaction:
        assert await chats.addresses_of(transaction, [an, binh, 5]) == {an: AN}
        chats.mark_unreachable(transaction, "telegram", "1", at=NOON)
        assert await chats.addresses_of(transaction, [an]) == {an: ("web", "an")}
    await save(database, Chat(channel="telegram", chat="1", person_id=an), seconds=4)
    async with database.read() as transaction:
        assert await chats.addresses_of(transaction, [an]) == {an: AN}


async def test_a_chat_in_use_waits_for_the_other_process(postgresql: Database) -> None:
    await save(postgresql, Chat(channel="telegram", chat="1", draft={"count": 0}))

    async def count_up() -> None:
        async with postgresql.begin() as transaction:
            chat = (await chats.load_chats(transaction, [AN]))[AN]
            chat.draft["count"] += 1
            await asyncio.sleep(0)
            chats.save_chat(transaction, chat, now=NOON)

    await asyncio.gather(*(count_up() for _ in range(20)))
    assert (await load(postgresql, AN))[AN].draft == {"count": 20}


async def test_two_transactions_lock_chats_in_one_order(postgresql: Database) -> None:
    addresses = [("telegram", str(number)) for number in range(30)]
    await save(postgresql, *(Chat(channel=channel, chat=chat) for channel, chat in addresses))

    async def lock(order: list[tuple[str, str]]) -> None:
        for _ in range(10):
            async with postgresql.begin() as transaction:
                for chat in (await chats.load_chats(transaction, order)).values():
                    chats.save_chat(transaction, chat, now=NOON)

    await asyncio.gather(lock(addresses), lock(addresses[::-1]), lock(addresses[15:] + addresses[:15]))
