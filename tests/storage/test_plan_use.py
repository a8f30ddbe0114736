"""What a channel's plan counts: its chats that can be written to, and the messages of a month."""

from datetime import UTC, date, datetime

from sqlalchemy import insert

from storage import plan_use
from storage.database import Database
from storage.tables import chat, traffic

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def test_people_groups_and_the_messages_of_a_month_are_counted(database: Database) -> None:
    async with database.begin() as transaction:
        for channel, day, what, count in (
            ("zalo_bot", date(2026, 10, 31), "sent", 5),
            ("zalo_bot", date(2026, 11, 1), "sent", 7),
            ("zalo_bot", date(2026, 11, 2), "sent", 30),
            ("zalo_bot", date(2026, 11, 2), "failed", 100),
            ("telegram", date(2026, 11, 2), "sent", 1000),
        ):
            row = {"channel": channel, "day": day, "what": what, "count": count, "cost": 0}
            transaction.write(insert(traffic), row)
        for name, group, gone in (("u1", False, None), ("u2", False, AT), ("gn1", True, None)):
            values = {"channel": "zalo_bot", "chat": name, "group": group, "unreachable_at": gone}
            written = {"draft": {}, "created_at": AT, "last_inbound_at": AT}
            transaction.write(insert(chat), {**values, **written})
    async with database.read() as transaction:
        use = await plan_use.used(transaction, "zalo_bot", since=date(2026, 11, 1))
    assert use == plan_use.Use(people=1, groups=1, messages=37)
