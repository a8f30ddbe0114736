"""What a turn says waits in the outbox until the turn is committed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handlers.channel import Address, Button, InboundMessage, OutboundMessage
from handlers.turn import Turn
from storage.chats import Chat
from storage.database import Database, Transaction
from storage.people import Person
from storage.tables import outbox
from tests.city import MONDAY_MORNING
from tests.machinery import HANOI

NOW: datetime = MONDAY_MORNING
AN = Address("web", "an")


def turn(transaction: Transaction, *, chat: str = "an", group: bool = False, **parts: Any) -> Turn:
    return Turn(
        transaction=transaction,
        city=HANOI,
        now=NOW,
        message=InboundMessage(address=AN, sender="an", sent_at=NOW, **parts),
        chat=Chat(channel="web", chat=chat, group=group),
        person=Person(id=1),
        reading=None,
    )


async def waiting(database: Database) -> list[dict[str, Any]]:
    async with database.read() as transaction:
        rows = await transaction.fetch(select(outbox).order_by(outbox.c.id))
    return [dict(row) for row in rows]


async def test_an_answer_goes_to_the_chat_with_all_its_parts(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        turn(transaction).say(
            "Xong", buttons=[[Button(label="Vâng", data="yes")]], photos=["a.jpg"], ask_location="Vị trí"
        )
    [row] = await waiting(sqlite)
    assert (row["channel"], row["chat"], row["available_at"]) == ("web", "an", NOW)
    message = OutboundMessage.from_dict(row["message"])
    assert message.text == "Xong"
    assert message.buttons == ((Button(label="Vâng", data="yes"),),)
    assert [photo.media_key for photo in message.photos] == ["a.jpg"]
    assert message.ask_location == "Vị trí"


async def test_an_answer_to_a_button_takes_the_spent_buttons_away(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        turn(transaction, button="yes", button_message="m-7").say("Xong")
    [row] = await waiting(sqlite)
    assert row["message"]["replace"] == "m-7"


@pytest.mark.parametrize(("spends", "taken_away"), [(False, None), (True, "m-7")])
async def test_in_a_group_a_press_takes_buttons_away_only_when_it_used_them_up(
    sqlite: Database, spends: bool, taken_away: str | None
) -> None:
    async with sqlite.begin() as transaction:
        turn(transaction, group=True, button="yes", button_message="m-7").say("Xong", spends=spends)
    [row] = await waiting(sqlite)
    assert row["message"].get("replace") == taken_away


async def test_an_answer_follows_a_chat_that_moved(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        turn(transaction, chat="-100").say("Xong")
    [row] = await waiting(sqlite)
    assert row["chat"] == "-100"


async def test_what_is_told_to_somebody_can_wait_and_is_told_once(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        for _ in range(2):
            turn(transaction).tell(
                Address("telegram", "7"),
                OutboundMessage(text="Sáng rồi"),
                not_before=NOW + timedelta(hours=1),
                dedupe_key="morning",
            )
    [row] = await waiting(sqlite)
    assert (row["channel"], row["chat"]) == ("telegram", "7")
    assert row["available_at"] == NOW + timedelta(hours=1)


async def test_a_turn_that_is_rolled_back_said_nothing(sqlite: Database) -> None:
    async def breaks() -> None:
        async with sqlite.begin() as transaction:
            turn(transaction).say("Xong")
            await transaction.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await breaks()
    assert await waiting(sqlite) == []
