"""Mail and short messages from the outbox to the gateway and back: sent, tried again, received or lost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from bot.channels.sms import SmsChannel
from bot.receipts import PATH, Receipts
from handlers.channel import OutboundMessage
from handlers.delivery import Delivery
from storage import messages
from storage.database import Database
from storage.tables import outbox
from tests.standins.sms_gateway import SmsGateway

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = "s3cret"


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    async with SmsGateway() as gateway:
        yield gateway


@pytest.fixture
async def channel(gateway: SmsGateway) -> AsyncIterator[SmsChannel]:
    channel = SmsChannel(url=gateway.url, receipt_secret=SECRET)
    yield channel
    await channel.close()


@pytest.fixture
async def receipts_url(channel: SmsChannel, database: Database) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post(PATH, Receipts(channel, database, now=lambda: NOW).answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    await runner.cleanup()


async def row(database: Database) -> Any:
    async with database.read() as transaction:
        return (await transaction.connection.execute(select(outbox))).mappings().one()


async def send(database: Database, channel: SmsChannel, *, tries: int = 1) -> None:
    async with database.begin() as transaction:
        messages.post_notice(
            transaction,
            channel="sms",
            chat="+84912345678",
            message=OutboundMessage(text="Yêu cầu giải trình").as_dict(),
            at=NOW,
        )
    for number in range(tries):
        clock = partial(_minutes_later, number)
        await Delivery(database, channels={"sms": channel}, now=clock).drain()


def _minutes_later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def test_a_receipt_is_noted_once(
    database: Database, channel: SmsChannel, gateway: SmsGateway, receipts_url: str
) -> None:
    await send(database, channel)
    assert (await row(database))["delivered_at"] is None
    for _ in range(2):
        assert await gateway.tells(receipts_url, "m1", "delivered", secret=SECRET) == 200
    noted = await row(database)
    assert noted["delivered_at"] == NOW
    assert await gateway.tells(receipts_url, "m1", "failed", secret=SECRET) == 200
    assert await row(database) == noted


async def test_what_did_not_arrive_is_set_aside(
    database: Database, channel: SmsChannel, gateway: SmsGateway, receipts_url: str
) -> None:
    await send(database, channel)
    assert await gateway.tells(receipts_url, "m1", "UNDELIV", secret=SECRET) == 200
    lost = await row(database)
    assert lost["failed_at"] == NOW
    assert lost["error"] == "did not arrive: undeliv"


async def test_strangers_and_unknown_messages_change_nothing(
    database: Database, channel: SmsChannel, gateway: SmsGateway, receipts_url: str
) -> None:
    await send(database, channel)
    before = await row(database)
    assert await gateway.tells(receipts_url, "m1", "delivered", secret="guess") == 401
    assert await gateway.tells(receipts_url, "m99", "delivered", secret=SECRET) == 200
    assert await gateway.tells(receipts_url, "", "delivered", secret=SECRET) == 400
    assert await row(database) == before


async def test_a_receipt_that_overtakes_the_record_of_its_message_is_asked_for_again(
    database: Database, channel: SmsChannel, gateway: SmsGateway, receipts_url: str
) -> None:
    await send(database, channel)
    async with database.begin() as transaction:
        message = {"text": "Việc khác"}
        messages.post_notice(transaction, channel="sms", chat="+84987654321", message=message, at=NOW)
        await transaction.flush()
        assert len(await messages.claim_notices(transaction, now=NOW, limit=5)) == 1
    assert await gateway.tells(receipts_url, "m2", "failed", secret=SECRET) == 503
    for _ in range(2):
        assert await gateway.tells(receipts_url, "m1", "delivered", secret=SECRET) == 200
    async with database.begin() as transaction:
        messages.notice_sent(transaction, 2, at=NOW, message_id="m2")
    assert await gateway.tells(receipts_url, "m2", "failed", secret=SECRET) == 200
    async with database.read() as transaction:
        assert await transaction.fetch(select(outbox.c.id).where(outbox.c.failed_at.is_not(None))) == [
            {"id": 2}
        ]


async def test_the_same_words_again_are_another_message_for_the_gateway(
    database: Database, channel: SmsChannel, gateway: SmsGateway
) -> None:
    gateway.answers = [(503, {})]
    await send(database, channel, tries=2)
    await send(database, channel)
    first, second = [posted["reference"] for posted in gateway.posted]
    assert first != second


async def test_a_gateway_in_trouble_is_tried_again_until_it_takes_the_message(
    database: Database, channel: SmsChannel, gateway: SmsGateway
) -> None:
    gateway.answers = [(503, {}), (429, {"Retry-After": "3"})]
    await send(database, channel, tries=3)
    assert len(gateway.posted) == 1
    sent = await row(database)
    assert sent["external_id"] == "m1"
    assert sent["failed_at"] is None
