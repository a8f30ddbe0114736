"""Sessions: a stolen telephone is shut out, by its owner or by an operator; what is theirs stays theirs."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.commands import people as command
from bot.session import COOKIE, Visitor, new_token
from bot.settings import Settings
from handlers import texts
from storage import messages, sessions
from tests.city import CityHarness
from tests.standins.echo_bot import EchoBot

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
WARD = "phuong-khuong-dinh"


async def linked(city: CityHarness) -> None:
    """Let one person be signed in on two channels."""
    here, there = city.citizen("an"), city.citizen("an", channel="other")
    await here.writes("/lienket")
    code = next(word.strip(".") for word in here.last.text.split() if len(word.strip(".")) == 11)
    await there.writes(f"/lienket {code}")
    await there.presses("Đúng, cả hai")


async def test_a_lost_telephone_is_shut_out_from_the_other_place(city: CityHarness) -> None:
    here, lost = city.citizen("an"), city.citizen("an", channel="other")
    await linked(city)
    await here.writes(RUBBISH)
    await here.files()
    code = (await city.only_case()).code
    await lost.writes(f"/tracuu {code}")
    lost.sees(code, "Rác")
    await here.writes("/dangxuat")
    here.sees("Other", "dùng lần cuối")
    await here.presses("Thoát ở mọi nơi khác")
    here.sees("Đã thoát ở 1 nơi khác")
    await lost.writes(f"/tracuu {code}")
    lost.sees(texts.no_such_case())
    await lost.writes("/cuatoi")
    lost.does_not_see(code)
    await here.writes(f"/tracuu {code}")
    here.sees(code, "Rác")


async def test_leaving_here_leaves_nothing_to_whoever_writes_next(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.files()
    await an.writes("Đèn đường tắt ở ngõ 12 Vũ Tông Phan")  # a draft is open
    await an.writes("/dangxuat")
    await an.presses("Thoát ở nơi này")
    an.sees("Đã thoát")
    await an.writes("/cuatoi")
    an.does_not_see((await city.only_case()).code)
    [case] = await city.cases()
    assert case.status == "assigned", "what was reported goes on"


async def test_whoever_has_the_telephone_now_hears_nothing_of_what_was_reported_with_it(
    city: CityHarness,
) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    await an.writes(RUBBISH)
    await an.files()
    code = (await city.only_case()).code
    await an.writes("/dangxuat")
    await an.presses("Thoát ở nơi này")
    an.reads()
    await officer.replays(f"accept:{code}")
    await city.passes(hours=24 * 30)
    await city.ticks()
    assert an.news == [], "neither that it was taken up nor that it is late"


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_what_waits_for_a_lost_telephone_is_not_sent_there(city: CityHarness, elsewhere: bool) -> None:
    lost = city.citizen("an", channel="other")
    if elsewhere:
        await linked(city)
    await lost.writes("/trogiup")
    for number in (1, 2):
        async with city.database.begin() as transaction:
            messages.post_notice(
                transaction,
                channel="other",
                chat="an",
                message={"text": f"Tin {number} về phản ánh của bà Lan"},
                at=city.now,
                not_before=city.now + timedelta(hours=9),
            )
    async with city.database.begin() as transaction:
        await sessions.sign_out(transaction, channel="other", user="an", now=city.now)
    lost.reads()
    await city.passes(hours=10)
    lost.does_not_see("bà Lan")
    if elsewhere:
        city.citizen("an").sees("Tin 1 về", "Tin 2 về")


async def test_an_official_s_post_stays_with_them_and_not_with_the_telephone(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes("/dangxuat")
    chair.sees("phải nhờ người quản trị mời lại")
    await chair.presses("Không thoát")
    await chair.writes("/viec")
    chair.sees("Phường Khương Đình")
    await chair.replays("signout:here")
    await chair.writes("/viec")
    chair.does_not_see("Phường Khương Đình")


async def test_in_a_group_nobody_is_signed_out(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    there = city.somebody_in_group("nhóm", chair)
    await there.does(button="signout:here", button_message="")
    await chair.writes("/viec")
    chair.sees("Phường Khương Đình")


async def test_an_operator_signs_out_one_channel_or_all(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = city.citizen("an"), city.citizen("an", channel="other")
    await linked(city)
    [[one, other]] = [await signed_in(city)]
    assert {one.channel, other.channel} == {"web", "other"}
    settings = Settings(database_url=city.database.url.render_as_string(hide_password=False))
    person = await person_of(city)
    given = argparse.Namespace(settings=settings, person=person, channel="other")
    assert await command._sign_out(given) == 0
    assert "signed out of 1 account." in capsys.readouterr().out
    assert [each.channel for each in await signed_in(city)] == ["web"]
    await there.writes("/dangxuat")
    there.does_not_see("Ngoài nơi này")
    await here.writes("/dangxuat")
    here.does_not_see("Ngoài nơi này")


async def person_of(city: CityHarness) -> int:
    from storage.tables import account

    rows = await city.rows(account.select().where(account.c.channel == "web"))
    return int(rows[0]["person_id"])


async def signed_in(city: CityHarness) -> list[sessions.SignedIn]:
    async with city.database.read() as transaction:
        return await sessions.accounts_of(transaction, await person_of(city))


async def test_a_browser_is_out_once_signed_out_and_after_very_long_silence(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/trogiup")

    async def ended() -> bool:
        async with city.database.read() as transaction:
            return await sessions.is_ended(transaction, "web", an.chat, now=city.now)

    assert not await ended()
    city.now += sessions.KEPT
    assert not await ended()
    city.now += timedelta(seconds=1)
    assert await ended()
    city.now -= timedelta(days=1)
    await an.replays("signout:here")
    assert await ended()


# ── on the web ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[EchoBot, set[str]]]:
    """The real web server, and the chats whose sessions are over."""
    ended: set[str] = set()
    from bot import server

    inner = server.build_server

    async def is_ended(chat: str) -> bool:
        return chat in ended

    monkeypatch.setattr(
        "tests.standins.echo_bot.build_server", lambda **parts: inner(**parts, is_ended=is_ended)
    )
    monkeypatch.setattr("bot.web_chat.BEAT_SECONDS", 0.01)
    async with EchoBot(tmp_path) as running:
        yield running, ended


async def test_a_session_that_is_over_opens_nothing_and_the_page_gets_a_new_one(
    bot: tuple[EchoBot, set[str]],
) -> None:
    running, ended = bot
    token = new_token()
    headers = {"Origin": running.url, "Cookie": f"{COOKIE}={token}"}
    async with aiohttp.ClientSession(running.url, headers=headers) as http:
        socket = await http.ws_connect("/chat/socket")
        await socket.receive_json()
        ended.add(Visitor(token).chat)
        async with asyncio.timeout(60):
            while (told := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                pass
        assert (told.type, told.data) == (aiohttp.WSMsgType.CLOSE, 4401)
        for path in ("/chat/commands", "/chat/groups", f"/media/{'0' * 32}.jpg"):
            async with http.get(path) as answer:
                assert answer.status == 401, path
        async with http.post("/chat/messages", json={"id": "message-1", "text": "x"}) as answer:
            assert answer.status == 401
        async with http.post("/chat/session") as answer:
            assert answer.status == 200
            assert answer.cookies[COOKIE].value != token
    assert running.received == []
