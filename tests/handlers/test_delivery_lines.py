"""Lines of messages: answers first, in order, one at a time in a chat, each channel at its own rate."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from handlers.channel import (
    Address,
    Capabilities,
    Misconfigured,
    OutboundMessage,
    RateLimited,
    Sent,
    Unavailable,
)
from handlers.delivery import Delivery
from routing.deadline import LOCAL_TIME
from storage import messages
from storage.database import Database
from storage.messages import ANSWER, NEWS, TO_MANY
from storage.tables import outbox
from tests.city import CityHarness, RecordingChannel

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Line(RecordingChannel):
    """A channel with a rate that notes what it took, in which order, and who was sent to at once."""

    def __init__(self, a_minute: int | None = None, *, faults: random.Random | None = None) -> None:
        super().__init__()
        self.capabilities = Capabilities(source="", text_limit=1000, messages_per_minute=a_minute)
        self.took: list[str] = []
        self.refused = 0
        self.refuses: Exception | None = None
        self.faults = faults
        self.busy: Counter[str] = Counter()
        self.together = 0

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        self.busy[address.chat] += 1
        self.together = max(self.together, self.busy[address.chat])
        try:
            await asyncio.sleep(self.faults.random() / 500 if self.faults else 0)
            self._may_fail()
        finally:
            self.busy[address.chat] -= 1
        self.took.append(message.text)
        return Sent(message_id=str(len(self.took)))

    def _may_fail(self) -> None:
        if self.refuses is not None:
            self.refused += 1
            raise self.refuses
        if self.faults and self.faults.random() < 0.2:
            error = self.faults.choice([RateLimited, Unavailable])
            raise error(for_all=self.faults.random() < 0.2, retry_after=timedelta(seconds=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def post(
    database: Database, *told: tuple[str, str, int], channel: str = "zalo", at: datetime = NOON
) -> None:
    """Put messages into the outbox: chat, text and urgency of each."""
    async with database.begin() as transaction:
        for chat, text, urgency in told:
            messages.post_notice(
                transaction, channel=channel, chat=chat, message={"text": text}, at=at, urgency=urgency
            )


async def test_an_answer_overtakes_the_news_of_its_chat(database: Database, clock: Clock) -> None:
    line = Line()
    await post(database, ("an", "bản tin", TO_MANY), ("an", "tin", NEWS), ("an", "tin sau", NEWS))
    await post(database, ("an", "đáp", ANSWER), ("an", "đáp sau", ANSWER))
    await Delivery(database, channels={"zalo": line}, now=clock).drain()
    assert line.took == ["đáp", "đáp sau", "tin", "tin sau", "bản tin"]


async def test_an_answer_waits_while_news_of_its_chat_is_under_way(database: Database, clock: Clock) -> None:
    await post(database, ("an", "tin", NEWS))
    async with database.begin() as transaction:
        assert len(await messages.claim_notices(transaction, now=NOON, limit=9)) == 1
    await post(database, ("an", "đáp", ANSWER))
    async with database.begin() as transaction:
        assert await messages.claim_notices(transaction, now=NOON, limit=9) == []


async def test_of_two_processes_one_claims_from_a_chat(postgresql: Database) -> None:
    """The second sees the answer that overtook what the first is just claiming, and not the claim."""
    await post(postgresql, ("an", "tin", NEWS), ("bình", "tin", NEWS))
    async with postgresql.begin() as one:
        assert len(await messages.claim_notices(one, now=NOON, limit=9)) == 2
        await post(postgresql, ("an", "đáp", ANSWER), ("chi", "đáp", ANSWER))
        async with postgresql.begin() as other:
            claimed = await messages.claim_notices(other, now=NOON, limit=9)
    assert [notice.chat for notice in claimed] == ["chi"]


async def test_two_processes_never_send_to_one_chat_at_once(postgresql: Database, clock: Clock) -> None:
    line = Line()
    chats = [f"chat {number}" for number in range(8)]
    deliveries = [Delivery(postgresql, channels={"zalo": line}, now=clock) for _ in range(3)]
    running = [asyncio.create_task(each.run()) for each in deliveries]
    for number in range(30):
        await post(postgresql, *((chat, f"{chat}/{number}", (number * 7) % 3) for chat in chats))
        for each in deliveries:
            each.wake()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while len(line.took) < 240:
            for each in deliveries:
                each.wake()
            await asyncio.sleep(0.02)
    for each in deliveries:
        each.stop()
    await asyncio.gather(*running)
    assert line.together == 1
    assert len(set(line.took)) == len(line.took) == 240


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_fails_all_goes_out_once_and_in_order(
    sqlite: Database, clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)
    lines = {name: Line(6000, faults=chance) for name in ("zalo", "telegram")}
    delivery = Delivery(sqlite, channels=lines, now=clock)
    posted: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    numbers = itertools.count()
    for _ in range(5):
        for _ in range(chance.randrange(1, 20)):
            name, chat, urgency = (
                chance.choice(list(lines)),
                f"chat {chance.randrange(4)}",
                chance.randrange(3),
            )
            text = f"{chat}|{urgency}|{next(numbers)}"
            posted[name, chat, urgency].append(text)
            await post(sqlite, (chat, text, urgency), channel=name, at=clock.now)
        for _ in range(chance.randrange(3)):
            await delivery.step()
            await asyncio.sleep(0.001)
            clock.now += timedelta(milliseconds=chance.randrange(2000))
    for _ in range(400):
        await delivery.drain()
        clock.now += timedelta(seconds=chance.choice([1, 1, 60]))
    for (name, chat, urgency), texts in posted.items():
        took = lines[name].took
        assert [text for text in took if text.startswith(f"{chat}|{urgency}|")] == texts
    assert sum(len(line.took) for line in lines.values()) == sum(map(len, posted.values()))
    assert all(line.together <= 1 for line in lines.values())


@pytest.mark.parametrize("error", [RateLimited, Misconfigured, Unavailable])
async def test_a_channel_that_refuses_all_rests_and_no_other_notices(
    database: Database, clock: Clock, error: type[Misconfigured]
) -> None:
    zalo, telegram = Line(), Line()
    zalo.refuses = error(for_all=True, retry_after=timedelta(minutes=1))
    delivery = Delivery(database, channels={"zalo": zalo, "telegram": telegram}, now=clock)
    await post(database, *((f"chat {number}", "tin", NEWS) for number in range(300)))
    await delivery.drain()
    assert zalo.refused <= 64  # what was under way; nothing more is tried meanwhile
    first = zalo.refused
    await post(database, ("an", "đáp", ANSWER), channel="telegram")
    await delivery.drain()
    assert telegram.took == ["đáp"]
    clock.now += timedelta(minutes=1)
    await delivery.drain()
    assert zalo.refused == first + 1  # one is enough to see that it is no better
    zalo.refuses = None
    clock.now += timedelta(minutes=5)
    await delivery.drain()
    assert len(zalo.took) == 300
    async with database.read() as transaction:
        tries = select(func.max(outbox.c.attempts).label("most")).where(outbox.c.channel == "zalo")
        found = await transaction.fetch_one(tries)
    assert found == {"most": 1}  # being refused along with all others is no try


async def test_what_its_channel_held_up_till_night_waits_for_the_morning(town: CityHarness) -> None:
    citizen = town.citizen("an")
    await citizen.writes("Đống rác to trước nhà 12 đường Khương Đình, phường Khương Đình chưa ai dọn")
    await citizen.files()
    case, zalo, clock = await town.only_case(), Line(), Clock()
    await town.becomes(datetime(2026, 3, 4, 20, 50, tzinfo=LOCAL_TIME))
    async with town.database.begin() as transaction:
        for text, case_id in (("về vụ việc", case.id), ("về việc khác", None)):
            messages.post_notice(
                transaction,
                channel="zalo",
                chat=text,
                message={"text": text},
                at=town.now,
                case_id=case_id,
            )
    delivery = Delivery(town.database, channels={"zalo": zalo}, now=clock)
    clock.now = town.now + timedelta(minutes=30)
    await delivery.drain()
    assert zalo.took == ["về việc khác"]
    clock.now = town.now + timedelta(hours=10, minutes=10)
    await delivery.drain()
    assert zalo.took == ["về việc khác", "về vụ việc"]


async def test_a_long_line_at_its_limit_costs_few_statements(database: Database) -> None:
    """Claims that find no room once went round and round."""
    zalo, telegram = Line(12_000), Line()
    clock = Clock()
    delivery = Delivery(database, channels={"zalo": zalo, "telegram": telegram}, now=clock)
    await post(database, *((f"chat {number}", str(number), TO_MANY) for number in range(2000)))
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    event.listen(database._writer.sync_engine, "before_cursor_execute", count)
    running = asyncio.create_task(delivery.run())
    async with asyncio.timeout(60):
        while len(zalo.took) < 400:  # noqa: ASYNC110 - it is the vendor that is waited for
            await asyncio.sleep(0.02)
    delivery.stop()
    await running
    assert counted / len(zalo.took) < 3
    assert [int(text) for text in zalo.took] == sorted(int(text) for text in zalo.took)
