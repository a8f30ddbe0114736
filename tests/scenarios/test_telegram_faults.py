"""What goes wrong between the program and Telegram: nothing acknowledged is lost, nobody else is held up."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import connecting
from routing.understanding import Understanding
from tests.standins.telegram import Drop, Garbage, fault, too_many_requests
from tests.telegram_city import SECRET, TelegramCity, open_city, until

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, hôi thối không chịu nổi"


# ── the vendor is slow, strict or away ───────────────────────────────────────────────────────────


async def test_a_chat_that_must_wait_holds_up_only_itself(telegram_city: TelegramCity) -> None:
    an, ba = telegram_city.person(), telegram_city.person()
    telegram_city.telegram.fail_next(too_many_requests(30), method="sendMessage", chat=an.chat)
    await an.writes("/cuatoi")
    await an.writes("/trogiup")
    await telegram_city.telegram.until_called("sendMessage")
    await ba.writes("/cuatoi")
    await ba.sees("chưa gửi phản ánh nào")
    assert an.screen == []
    await telegram_city.passes(seconds=31)
    await an.sees("Cách dùng")
    assert ["chưa gửi" in shown.text for shown in an.screen] == [True, False], "in the order of the questions"


async def test_while_the_vendor_is_down_messages_wait_and_keep_their_order(
    telegram_city: TelegramCity,
) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    await an.writes(RUBBISH)
    await an.sees("[Đồng ý và gửi]")
    chair.reads()
    for failure in (fault(500), Drop(), fault(502), Garbage()):
        telegram_city.telegram.fail_next(failure, method="sendMessage", chat=an.chat)
        telegram_city.telegram.fail_next(failure, method="sendMessage", chat=chair.chat)
    await an.presses("Đồng ý và gửi")
    await an.writes("/trogiup")
    for _ in range(4):
        await asyncio.sleep(0.1)
        assert an.news == chair.news == []
        await telegram_city.passes(seconds=10)
    await an.sees("Cách dùng")
    case = await telegram_city.only_case()
    assert [case.code in shown.text for shown in an.screen[-2:]] == [True, False]
    assert [case.code in shown.text for shown in chair.news] == [True]
    assert (await telegram_city.app.health())["outbox_dead"] == 0


async def test_the_program_starts_while_telegram_is_away(
    city_url: str, tmp_path: Path, real_understanding: Understanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "RETRY_SECONDS", 0.1)
    async with open_city(city_url, tmp_path, real_understanding, mode="webhook") as city:
        await city.stops()
        city.telegram.fail_next(Drop(), method="setWebhook", times=2)
        await city.starts()
        await city.telegram.until_called("setWebhook", 4)
        an = city.person()
        await an.writes("/start")
        await an.sees("Chào anh/chị")


# ── updates that come twice, or must not be trusted ──────────────────────────────────────────────


async def test_an_update_that_comes_again_counts_once(either_way: TelegramCity) -> None:
    an = either_way.person()
    await an.writes(RUBBISH)
    told = either_way.telegram.updates[-1]
    await either_way.telegram.deliver_raw(told, identity=told["update_id"])
    await an.sees("[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    pressed = either_way.telegram.updates[-1]
    again = [either_way.telegram.deliver_raw(pressed, identity=pressed["update_id"]) for _ in range(3)]
    await asyncio.gather(*again)
    case = await either_way.only_case()
    await either_way.telegram.deliver_raw(told, identity=told["update_id"])
    await either_way.settles()
    assert case.text == RUBBISH
    assert [case.code in shown.text for shown in an.screen] == [False, True]


async def post(city: TelegramCity, body: Any, **headers: str) -> int:
    """Call the webhook as a stranger or the vendor; returns the status."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{city.url}/telegram"
    async with aiohttp.ClientSession() as http, http.post(url, data=content, headers=headers) as answer:
        return answer.status


async def test_strangers_and_garbage_are_turned_away_at_the_webhook(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes("/start")
    update = {**telegram_city.telegram.updates[-1], "update_id": 1}
    own = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    assert await post(telegram_city, update) == 401
    assert await post(telegram_city, update, **{"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"}) == 401
    for body in (b"not JSON", b"", b"[]", b'"text"', b"{}", b"\xff\xfe", b"[" * 100_000):
        assert await post(telegram_city, body, **own) == 400
    await telegram_city.settles()
    assert len(an.screen) == 1
    assert await post(telegram_city, update, **own) == 200
    await telegram_city.settles()
    assert len(an.screen) == 2


async def test_what_nobody_can_read_is_set_aside_and_everything_else_goes_on(
    either_way: TelegramCity,
) -> None:
    admin, an = await either_way.official("ha-noi", "admin"), either_way.person()
    await an.writes(RUBBISH)
    await an.sees("[Đồng ý và gửi]")
    chat = {"id": an.chat, "type": "private"}
    poison: list[dict[str, Any]] = [
        {"message": {"chat": {"id": an.chat}, "from": {"id": an.chat}}},
        {"message": {"chat": chat, "date": "yesterday", "message_id": 1, "from": {"id": an.chat}}},
        {"callback_query": {"id": "1", "message": {"chat": chat}}},
        {"a_kind_of_next_year": {"chat": chat}},
        {"message": None},
    ]
    admin.reads()
    for number, content in enumerate(poison, start=800_000_001):
        await either_way.telegram.deliver_raw({"update_id": number, **content}, identity=number)
    await an.presses("Đồng ý và gửi")
    await either_way.only_case()
    await an.sees("Mã: ")
    assert (await either_way.app.health())["inbox_dead"] == len(poison)
    assert len(admin.news) >= 1


# ── the database fails ───────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def full_disk(database_url: str) -> AsyncIterator[None]:
    """Let nothing be stored in the inbox."""
    path = database_url.removeprefix("sqlite:///")
    full = "CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    # In a thread: the program that may be writing has to finish in this one.
    await asyncio.to_thread(run_sql, path, full)
    try:
        yield
    finally:
        await asyncio.to_thread(run_sql, path, "DROP TRIGGER full")


def run_sql(path: str, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(statement)


async def test_polling_confirms_an_update_only_once_it_is_stored(
    polled_city: TelegramCity, city_url: str
) -> None:
    an, telegram = polled_city.person(), polled_city.telegram
    await an.writes("/start")
    await an.sees("Chào anh/chị")
    await polled_city.settles()
    async with full_disk(city_url):
        asked = telegram.counts["getUpdates"]
        await an.writes("/cuatoi")
        await an.writes("/trogiup")
        await telegram.until_called("getUpdates", asked + 1)
        assert telegram.pending() >= 1
        assert an.news == []
    await an.sees("Cách dùng")
    await polled_city.settles()
    assert telegram.pending() == 0
    assert ["chưa gửi" in shown.text for shown in an.screen[1:]] == [True, False], "once each, in order"


async def test_the_webhook_says_no_until_an_update_can_be_stored(
    telegram_city: TelegramCity, city_url: str
) -> None:
    an, telegram = telegram_city.person(), telegram_city.telegram
    async with full_disk(city_url):
        writing = asyncio.create_task(an.writes("/start"))
        await until(lambda: 503 in telegram.webhook_statuses, lambda: str(telegram.webhook_statuses))
    await writing
    await an.sees("Chào anh/chị")
    assert telegram.webhook_statuses[-1] == 200


# ── stopping and going on ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_stopping_finishes_what_is_under_way_and_a_restart_goes_on(
    mode: str, city_url: str, tmp_path: Path, real_understanding: Understanding
) -> None:
    async with open_city(city_url, tmp_path, real_understanding, mode=mode, latency=0.2) as city:
        an, telegram = city.person(), city.telegram
        await an.writes(RUBBISH)
        await until(lambda: telegram.counts["sendMessage"] == 1, lambda: "nothing is sent")
        assert an.screen == [], "the vendor has the message and has not answered yet"
        await city.stops()
        assert len(an.screen) == 1

        await city.starts()
        await an.presses("Đồng ý và gửi")
        case = await city.only_case()
        await an.sees(case.code)
        await city.settles()
        assert len(an.screen) == 2, "nothing was sent again"
        assert case.text == RUBBISH


async def test_what_people_write_while_the_program_is_away_is_answered_after_the_start(
    polled_city: TelegramCity,
) -> None:
    an = polled_city.person()
    await polled_city.stops()
    await an.writes(RUBBISH)
    await polled_city.starts()
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")
