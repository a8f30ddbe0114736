"""The stand-in does and refuses what the vendor does and refuses, and remembers what no program should do."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.standins.zalo_oa import SMALL_JPEG, Pair, ZaloOaStandIn

CITIZEN = "246845883529197922"
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)


class Hook:
    """A bot's webhook that answers as it is told and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.seen: list[tuple[Mapping[str, str], bytes]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.headers.copy(), await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def events(self) -> list[str]:
        """Names of what came, in order."""
        return [body.decode().partition('"event_name":"')[2].partition('"')[0] for _, body in self.seen]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/zalo/oa", hook.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/zalo/oa"
    yield hook
    await runner.cleanup()


@pytest.fixture
async def zalo(hook: Hook) -> AsyncIterator[ZaloOaStandIn]:
    """Begin with a person who wrote just now, at noon."""
    async with ZaloOaStandIn(webhook=hook.url, echoes=False, retry_delays=(0.01, 0.02)) as server:
        server.now = NOON
        await server.user_sends(CITIZEN, "xin chào")
        yield server


class Caller:
    """A program that calls with the tokens it has."""

    def __init__(self, zalo: ZaloOaStandIn) -> None:
        self.zalo = zalo
        self.pair: Pair = zalo.new_pair()
        self.headers: Mapping[str, str] = {}

    async def post(self, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """Call with JSON, or with `data=`."""
        given = options if "data" in options else {"json": body}
        return await self._call("POST", path, **given)

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return await self._call("GET", path, params=query)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        headers = {"access_token": self.pair.access, **self.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.zalo.url + path, headers=headers, **options) as answer,
        ):
            self.headers_seen = answer.headers.copy()
            assert answer.status == 200
            read: dict[str, Any] = await answer.json()
            return read

    async def send(self, message: Any, user: str = CITIZEN) -> dict[str, Any]:
        return await self.post("/v3.0/oa/message/cs", {"recipient": {"user_id": user}, "message": message})


@pytest.fixture
def bot(zalo: ZaloOaStandIn) -> Caller:
    return Caller(zalo)


def button(**changes: Any) -> dict[str, Any]:
    return {"title": "Đồng ý", "type": "oa.query.hide", "payload": "#yes:1", **changes}


def buttons(*given: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": "Gửi?", "attachment": {"type": "template", "payload": {"buttons": list(given)}}}


def picture(**element: Any) -> dict[str, Any]:
    payload = {"template_type": "media", "elements": [{"media_type": "image", **element}]}
    return {"text": "ảnh", "attachment": {"type": "template", "payload": payload}}


async def test_text_with_buttons_is_shown_and_pressing_one_comes_back_as_a_text(
    zalo: ZaloOaStandIn, bot: Caller, hook: Hook
) -> None:
    page = button(title="Mở", type="oa.open.url", payload={"url": "https://example.vn"})
    answer = await bot.send(buttons(button(), page))
    [shown] = await zalo.until_sent(CITIZEN)
    assert (answer["error"], answer["data"]["message_id"]) == (0, shown.id)
    assert (shown.text, shown.buttons) == ("Gửi?", [("Đồng ý", "#yes:1")])
    assert shown.links == [("Mở", "https://example.vn")]
    await zalo.user_presses(shown, "Đồng ý")
    headers, body = hook.seen[-1]
    assert b'"event_name":"user_send_text"' in body
    assert b'"text":"#yes:1"' in body
    moment = zalo.posted[-1].event["timestamp"]
    expected = hashlib.sha256(f"{zalo.app_id}{body.decode()}{moment}{zalo.oa_secret_key}".encode())
    assert headers["X-ZEvent-Signature"] == f"mac={expected.hexdigest()}"


async def test_pictures_are_uploaded_and_expire_after_a_week(zalo: ZaloOaStandIn, bot: Caller) -> None:
    form = aiohttp.FormData()
    form.add_field("file", SMALL_JPEG, filename="a.jpg", content_type="image/jpeg")
    upload = (await bot.post("/v2.0/oa/upload/image", data=form))["data"]["attachment_id"]
    assert (await bot.send(picture(attachment_id=upload)))["error"] == 0
    assert zalo.sent(CITIZEN)[0].photos == [SMALL_JPEG]
    zalo.expires_uploads()
    assert (await bot.send(picture(attachment_id=upload)))["error"] == -100


async def test_tokens_are_used_once_and_die_with_the_next(zalo: ZaloOaStandIn, bot: Caller) -> None:
    form = {"refresh_token": bot.pair.refresh, "app_id": zalo.app_id, "grant_type": "refresh_token"}
    renewed = await refresh(zalo, form)
    assert renewed["expires_in"] == "90000"
    assert (await bot.send({"text": "x"}))["error"] == -216
    bot.headers = {"access_token": renewed["access_token"]}
    assert (await bot.send({"text": "x"}))["error"] == 0
    zalo.passes(timedelta(hours=26))
    assert (await bot.send({"text": "x"}))["error"] == -220
    assert zalo.violations == []
    assert "error" in await refresh(zalo, form)
    assert zalo.violations == ["POST /v4/oa/access_token: a refresh token was used twice (-14014)"]
    zalo.violations.clear()


async def refresh(zalo: ZaloOaStandIn, form: Mapping[str, str]) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{zalo.url}/v4/oa/access_token", data=form, headers={"secret_key": zalo.app_secret}
        ) as answer,
    ):
        read: dict[str, Any] = await answer.json()
        return read


async def test_violations_fail_the_test_that_leaves_the_context(hook: Hook) -> None:
    async def misbehave() -> None:
        async with ZaloOaStandIn(webhook=hook.url) as zalo:
            await zalo.user_sends(CITIZEN, "xin chào")
            answer = await Caller(zalo).send({"text": "x", "colour": "red"})
            assert answer == {"error": -201, "message": "message has no field colour"}

    with pytest.raises(AssertionError, match="no field colour"):
        await misbehave()


async def test_events_are_posted_again_with_the_same_body_until_they_are_taken(
    zalo: ZaloOaStandIn, hook: Hook
) -> None:
    hook.answers = [500, 503]
    await zalo.user_sends(CITIZEN, "còn đó không?")
    tries = hook.seen[-3:]
    assert [headers.get("num_retry") for headers, _ in tries] == [None, "1", "2"]
    assert len({body for _, body in tries}) == 1
    assert zalo.posted[-1].statuses == [500, 503, 200]
