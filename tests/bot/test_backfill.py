"""After an outage the program asks for what people sent while nobody listened."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.backfill import find_gap, recall_missed
from handlers.channel import Envelope, RateLimited, Unavailable
from storage import messages
from storage.database import Database
from storage.recent_chats import recent_chats

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)


class History:
    """A channel that remembers what it was asked for."""

    name = "zalo_oa"

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime]] = []
        self.faults: list[Exception] = []

    async def missed(self, users: Sequence[str], since: datetime) -> Sequence[tuple[Envelope, bytes]]:
        [user] = users
        self.asked.append((user, since))
        if self.faults:
            raise self.faults.pop(0)
        return [(Envelope(external_id=f"missed-{user}", chat=user), b"{}")]


class Inbox:
    def __init__(self) -> None:
        self.chats: list[str] = []

    async def receive(self, channel: str, envelope: Envelope, body: bytes) -> None:
        self.chats.append(envelope.chat)


async def came_in(database: Database, *came: tuple[str, str, timedelta]) -> None:
    """Store updates: channel, chat, and how long ago."""
    async with database.begin() as transaction:
        messages.store(
            transaction,
            (
                {
                    "channel": channel,
                    "external_id": f"{number}",
                    "chat": chat,
                    "body": b"{}",
                    "received_at": NOW - ago,
                    "available_at": NOW - ago,
                }
                for number, (channel, chat, ago) in enumerate(came)
            ),
        )


async def recalled(database: Database, history: History, inbox: Inbox) -> int:
    gap = await find_gap(database, history.name, now=NOW)
    return await recall_missed(history, gap, inbox.receive) if gap else 0


async def test_those_who_wrote_last_are_asked_about_first_and_since_the_last_word_of_all(
    database: Database,
) -> None:
    await came_in(
        database,
        ("zalo_oa", "long-ago", timedelta(days=9)),
        ("zalo_oa", "1", timedelta(hours=5)),
        ("zalo_oa", "2", timedelta(hours=4)),
        ("zalo_oa", "1", timedelta(hours=3)),
        ("telegram", "3", timedelta(seconds=1)),
        ("zalo_oa", "", timedelta(hours=1)),
    )
    history, inbox = History(), Inbox()

    assert await recalled(database, history, inbox) == 2

    since = NOW - timedelta(hours=3, minutes=10)
    assert history.asked == [("1", since), ("2", since)]
    assert inbox.chats == ["1", "2"]


async def test_nothing_is_asked_while_updates_come_in_or_where_none_ever_did(database: Database) -> None:
    history, inbox = History(), Inbox()
    assert await recalled(database, history, inbox) == 0
    await came_in(database, ("zalo_oa", "1", timedelta(seconds=30)))
    assert await recalled(database, history, inbox) == 0
    assert history.asked == []


async def test_one_failure_is_passed_over_and_a_dead_vendor_is_left_alone(database: Database) -> None:
    await came_in(database, *(("zalo_oa", str(number), timedelta(hours=3)) for number in range(9)))
    history, inbox = History(), Inbox()
    history.faults = [Unavailable("slow", retry_after=timedelta(0))]
    assert await recalled(database, history, inbox) == 8

    history.asked.clear()
    history.faults = [RateLimited("of this minute", for_all=True)]
    assert await recalled(database, history, inbox) == 0
    assert len(history.asked) == 1


async def test_no_more_than_asked_for_are_named(database: Database) -> None:
    await came_in(database, *(("zalo_oa", str(number), timedelta(hours=3)) for number in range(9)))
    async with database.read() as transaction:
        found = await recent_chats(transaction, "zalo_oa", since=NOW - timedelta(days=1), limit=2)
    assert [each.chat for each in found] == ["8", "7"]


async def test_what_arrives_at_once_after_the_start_does_not_hide_what_was_missed(database: Database) -> None:
    await came_in(database, ("zalo_oa", "1", timedelta(hours=3)))
    history, inbox = History(), Inbox()
    gap = await find_gap(database, history.name, now=NOW)
    await came_in(database, ("telegram", "9", timedelta(0)), ("zalo_oa", "2", timedelta(0)))

    assert gap
    assert await recall_missed(history, gap, inbox.receive) == 1
    assert history.asked == [("1", NOW - timedelta(hours=3, minutes=10))]
