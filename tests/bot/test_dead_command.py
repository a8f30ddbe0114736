"""Dead letters: listed without telling anything of anybody, tried again in their order, or put away."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from handlers import dispatch
from handlers.channel import GroupAct, OutboundMessage, Rejected
from handlers.worker import TRIES
from storage import messages
from storage.database import Database
from storage.tables import inbox
from tests.city import CityHarness, Somebody
from tests.machinery import Turns, found_city
from tests.shell import Answer, Shell

ERRORS = select(inbox.c.error).where(inbox.c.failed_at.is_not(None))
SECRET = "số nhà 7 ngõ Giếng"


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on a Monday morning, on each kind of database in turn."""
    return await found_city(database, tmp_path)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Turns that answer with their text, and fail when they are told to."""
    standing_in = Turns()
    monkeypatch.setattr(dispatch, "handle", standing_in.handle)
    return standing_in


class Operator:
    """Somebody at a shell beside the running city."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def dead(self, *words: object) -> Answer:
        return await asyncio.to_thread(self._shell, "dead", *words)

    async def ids(self) -> list[str]:
        return [letter["id"] for letter in (await self.dead("list", "--json")).data]


@pytest.fixture
def operator(database_url: str, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(Shell(capsys, {"LANGNGHE_DATABASE_URL": database_url}))


async def fails(town: CityHarness, turns: Turns, somebody: Somebody, *told: str) -> None:
    """Let somebody write what cannot be dealt with, until it is given up."""
    for text in told:
        turns.failures[text] = TRIES
        await somebody.writes(text)
    for _ in range(TRIES * len(told)):
        await town.passes(seconds=10)


def told(somebody: Somebody) -> list[str]:
    return [shown.text for shown in somebody.screen if shown.text.startswith("xong")]


async def dead_count(town: CityHarness) -> tuple[int, int]:
    async with town.database.read() as transaction:
        state = await messages.queue_state(transaction, now=town.now)
    return state.inbox_dead, state.outbox_dead


async def test_what_was_set_aside_is_tried_again_in_the_order_of_its_chat(
    town: CityHarness, turns: Turns, operator: Operator
) -> None:
    an, binh = town.citizen("an"), town.citizen("binh")
    await fails(town, turns, an, f"một {SECRET}", f"hai {SECRET}")
    await fails(town, turns, binh, "ba")
    assert (await dead_count(town))[0] == 3
    listed = await operator.dead("list", "--box", "inbox")
    assert "3 dead letters" in listed.out
    assert "RuntimeError after 3 tries" in listed.out
    first, second, third = await operator.ids()
    turns.tried.clear()
    # Whatever order they are named in, and with a newer message waiting behind them.
    await town.receive("web", an.message(text="bốn"))
    answer = await operator.dead("again", second, first)
    assert "2 dead letters back in line" in answer.out
    await town.passes(hours=24 * 365)
    assert turns.tried == [f"một {SECRET}", f"hai {SECRET}", "bốn"]
    assert await operator.ids() == [third]
    assert (await operator.dead("again", "--all")).status == 0
    await town.settles()
    assert told(binh) == ["xong: ba"]
    assert await operator.ids() == []


async def test_a_message_is_sent_once_more_and_only_once(town: CityHarness, operator: Operator) -> None:
    an = town.citizen("an")
    await an.writes("Xin chào")
    town.channel.failures["an"] = Rejected(f"the vendor repeats {SECRET}")
    async with town.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat="an", message={"text": SECRET}, at=town.now)
    await town.passes(seconds=1)
    [letter] = await operator.ids()
    del town.channel.failures["an"]
    an.reads()
    assert (await operator.dead("again", letter)).status == 0
    assert "no dead letter" in (await operator.dead("again", letter)).err
    await town.passes(hours=24 * 365)
    assert [shown.text for shown in an.screen if shown.text == SECRET] == [SECRET]


async def test_nothing_of_anybody_is_told_unless_it_is_written_down(
    town: CityHarness, operator: Operator
) -> None:
    town.channel.failures["chat-of-an"] = Rejected(f"the vendor repeats {SECRET}")
    async with town.database.begin() as transaction:
        messages.post_notice(
            transaction, channel="web", chat="chat-of-an", message={"text": SECRET}, at=town.now
        )
    await town.passes(seconds=1)
    [letter] = await operator.ids()
    for words in (("list",), ("list", "--json"), ("show", letter), ("show", letter, "--json")):
        answer = await operator.dead(*words)
        assert answer.status == 0
        assert SECRET not in answer.out
        assert "chat-of-an" not in answer.out
        assert "Rejected" in answer.out
    assert "Nobody has looked" in (await operator.dead("list", "--revealed")).out
    shown = (await operator.dead("show", letter, "--reveal")).out
    assert SECRET in shown
    assert "chat-of-an" in shown
    [noted] = (await operator.dead("list", "--revealed", "--json")).data
    assert noted["letter"] == letter
    assert noted["by"]


async def test_what_is_put_away_is_kept_and_no_longer_counted(
    town: CityHarness, turns: Turns, operator: Operator
) -> None:
    an = town.citizen("an")
    await fails(town, turns, an, "một")
    town.channel.failures["an"] = Rejected()
    async with town.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat="an", message={"text": "hai"}, at=town.now)
    await town.passes(seconds=1)
    letters = await operator.ids()
    assert await dead_count(town) == (1, len(letters) - 1)
    assert (await operator.dead("drop", *letters, "--reason", "x")).status == 1
    answer = await operator.dead("drop", *letters, "--reason", "answered by telephone")
    assert answer.status == 0, answer.err
    assert await dead_count(town) == (0, 0)
    assert await operator.ids() == []
    async with town.database.read() as transaction:
        kept = await transaction.fetch(ERRORS)
    assert "answered by telephone" in kept[0]["error"]
    assert "RuntimeError" in kept[0]["error"]
    await town.passes(hours=24 * 365)
    assert told(an) == []


async def test_what_was_asked_of_a_group_is_not_done_a_second_time(
    town: CityHarness, operator: Operator
) -> None:
    town.channel.failures["nhom"] = Rejected()
    async with town.database.begin() as transaction:
        message = OutboundMessage(text="", act=GroupAct(do="remove", member="an")).as_dict()
        messages.post_notice(transaction, channel="web", chat="nhom", message=message, at=town.now)
    await town.passes(seconds=1)
    [letter] = await operator.ids()
    answer = await operator.dead("again", "--all")
    assert "0 dead letters back" in answer.out
    assert "group" in answer.out
    assert await operator.ids() == [letter]


@pytest.mark.parametrize(
    "given", ["12", "inbox:x", "inbox:", "mail:1", "inbox:99999999999999999999", "inbox:7"]
)
async def test_what_is_no_dead_letter_is_named(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    operator = Operator(Shell(capsys, {"LANGNGHE_DATABASE_URL": sqlite_url}))
    for words in (("again", given), ("show", given), ("drop", given, "--reason", "nobody knows it")):
        answer = await operator.dead(*words)
        assert answer.status == 1
        assert given in answer.err
