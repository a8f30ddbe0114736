"""What the Telegram adapter says when updates stop coming in, over HTTP against a Bot API server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from bot.channels.telegram import UNLIMITED, TelegramChannel
from handlers.channel import Envelope
from tests.standins.telegram import TelegramStandIn, fault

OURS = "http://127.0.0.1:9/telegram"


class Clock:
    """Two clocks that a test turns."""

    def __init__(self) -> None:
        self.passed = 0.0

    def seconds(self) -> float:
        return time.monotonic() + self.passed

    def wall(self) -> float:
        return time.time() + self.passed


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(patience=0.1) as server:
        yield server


def adapter(telegram: TelegramStandIn, clock: Clock, **settings: Any) -> TelegramChannel:
    usual = {"mode": "webhook", "public_url": "http://127.0.0.1:9", "secret": "s", "limits": UNLIMITED}
    return TelegramChannel(
        token=telegram.token,
        open_media=no_media,
        api_url=telegram.url,
        clock=clock.seconds,
        wall_clock=clock.wall,
        poll_seconds=1,
        longest_pause=0.05,
        **{**usual, **settings},
    )


async def no_media(key: str) -> bytes:
    raise FileNotFoundError(key)


async def what(channel: TelegramChannel) -> list[str]:
    """Return what ails the channel at this look."""
    return [ailment.what for ailment in await channel.ailments()]


# ---- webhook


async def test_all_is_well_while_the_webhook_takes_what_comes(telegram: TelegramStandIn) -> None:
    channel = adapter(telegram, Clock())
    await channel.start()
    telegram.holds_back(3)
    assert [await what(channel) for _ in range(2)] == [[], []]
    await channel.close()


async def test_a_webhook_that_is_set_elsewhere_is_told_without_its_secret_part(
    telegram: TelegramStandIn,
) -> None:
    channel = adapter(telegram, Clock())
    await channel.start()
    telegram.moves_webhook("https://other.example/hook/very-secret")
    [stolen] = await channel.ailments()
    assert (stolen.what, stolen.detail) == ("webhook_stolen", "the webhook is at other.example")
    telegram.moves_webhook("")
    [stolen] = await channel.ailments()
    assert (stolen.what, stolen.detail) == ("webhook_stolen", "no webhook is set")
    await channel.close()


async def test_many_updates_that_wait_are_told_at_the_second_look(telegram: TelegramStandIn) -> None:
    channel = adapter(telegram, Clock())
    await channel.start()
    telegram.holds_back(250)
    assert await what(channel) == []
    [behind] = await channel.ailments()
    assert (behind.what, behind.detail) == ("webhook_behind", "250 updates wait")
    telegram.holds_back(0)
    assert await what(channel) == []
    await channel.close()


async def test_a_webhook_that_fails_is_told_while_it_is_so(telegram: TelegramStandIn) -> None:
    clock = Clock()
    channel = adapter(telegram, clock)
    await channel.start()
    with pytest.raises(AssertionError, match="the webhook answers 0"):
        await telegram.user_sends(1001, "có ai không")
    telegram.holds_back(1)
    assert await what(channel) == [], "a restart is no alarm"
    [failing] = await channel.ailments()
    assert (failing.what, failing.detail) == ("webhook_failing", "Connection refused")
    clock.passed += 1000
    assert await what(channel) == []
    await channel.close()


# ---- polling


Start = Callable[[], Awaitable[None]]


@asynccontextmanager
async def polling(channel: TelegramChannel) -> AsyncIterator[None]:
    async def receive(envelope: Envelope, body: bytes) -> None:
        pass

    task = asyncio.create_task(channel.poll(receive))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await channel.close()


async def told(channel: TelegramChannel, expected: str) -> str:
    """Wait until this ails the channel; return the detail."""
    async with asyncio.timeout(10):
        while True:
            for ailment in await channel.ailments():
                if ailment.what == expected:
                    return ailment.detail
            await asyncio.sleep(0.02)


async def test_polling_that_is_answered_is_well(telegram: TelegramStandIn) -> None:
    clock = Clock()
    channel = adapter(telegram, clock, mode="polling")
    await channel.start()
    async with polling(channel):
        await telegram.until_called("getUpdates", 2)
        clock.passed += 100
        assert await what(channel) == []


async def test_a_process_that_does_not_poll_still_sees_how_many_wait(telegram: TelegramStandIn) -> None:
    clock = Clock()
    channel = adapter(telegram, clock, mode="polling")
    await channel.start()
    clock.passed += 1000
    telegram.holds_back(100)
    assert [await what(channel) for _ in range(2)] == [[], ["polling_behind"]]
    await channel.close()


async def test_three_minutes_without_an_answer_are_told_with_the_reason(telegram: TelegramStandIn) -> None:
    clock = Clock()
    channel = adapter(telegram, clock, mode="polling")
    await channel.start()
    telegram.fail_next(fault(502), method="getUpdates", times=100_000)
    async with polling(channel):
        await telegram.until_called("getUpdates", 2)
        assert await what(channel) == []
        clock.passed += 200
        assert "Bad Gateway" in await told(channel, "polling_silent")


async def test_another_program_that_polls_is_told_and_given_way_to(telegram: TelegramStandIn) -> None:
    clock = Clock()
    channel = adapter(telegram, clock, mode="polling")
    rival = adapter(telegram, clock, mode="polling")
    await channel.start()
    await rival.start()
    async with polling(channel), polling(rival):
        assert "terminated by other getUpdates" in await told(channel, "polling_conflict")
        assert telegram.pending() == 0


async def test_a_webhook_that_somebody_set_stops_the_polling_and_is_told(telegram: TelegramStandIn) -> None:
    channel = adapter(telegram, Clock(), mode="polling")
    await channel.start()
    async with polling(channel):
        telegram.moves_webhook("https://other.example/hook")
        assert await told(channel, "polling_conflict") == "the webhook is at other.example"
