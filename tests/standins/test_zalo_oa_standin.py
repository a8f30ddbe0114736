"""The stand-in does and refuses what the vendor does and refuses, and remembers what no program should do."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp import web

from tests.standins import zalo_oa_rules as rules
from tests.standins.zalo_oa import SMALL_JPEG, Document, Pair, ZaloOaStandIn

CITIZEN = "246845883529197922"
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)


class Hook:
    """A bot's webhook that answers as it is told and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.seen: list[tuple[Mapping[str, str], bytes]] = []
        self.echoed = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.headers.copy(), await request.read()))
        if b'"oa_send_' in self.seen[-1][1]:
            self.echoed.set()
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


MEDIA = {"template_type": "media", "elements": [{"media_type": "image", "url": "https://a.vn/1.jpg"}]}
ASKING = {
    "template_type": "request_user_info",
    "elements": [{"title": "Thông tin", "subtitle": "Để liên hệ", "image_url": "https://a.vn/1.png"}],
}


@pytest.mark.parametrize(
    ("message", "code", "why"),
    [
        ({}, -201, "message is empty"),
        ({"text": " "}, -201, "not empty"),
        ({"text": 5}, -201, "must be a string"),
        ({"text": "a" * 2001}, -210, "2001 characters"),
        ({"text": "\ud83d"}, -201, "no valid text"),
        ({"text": "x", "buttons": []}, -201, "no field buttons"),
        (buttons(*[button()] * 6), -201, "1 to 5 buttons"),
        (buttons(), -201, "1 to 5 buttons"),
        (buttons(button(title="ộ" * 101)), -201, "at most 100"),
        (buttons(button(payload="x" * 1001)), -201, "at most 1000"),
        (buttons(button(payload={"url": "https://a.vn"})), -201, "must be a string"),
        (buttons(button(type="oa.query.unknown")), -201, "is unknown"),
        (buttons(button(type="oa.open.url")), -201, "must be an object"),
        (buttons(button(type="oa.open.url", payload={"url": "a.vn"})), -201, "must be an address"),
        (buttons(button(type="oa.open.phone", payload={"phone_code": "0912"})), -201, "begins with 84"),
        (buttons(button(colour="red")), -201, "no field colour"),
        ({"attachment": buttons(button())["attachment"]}, -201, "buttons need a text"),
        (picture(url="https://a.vn/1.jpg", attachment_id="1"), -201, "either url or attachment_id"),
        (picture(), -201, "either url or attachment_id"),
        (picture(attachment_id="image-7"), -201, "is no upload"),
        (picture(url="https://a.vn/1.jpg", media_type="gif"), -201, "needs height, width"),
        ({"text": "x", "attachment": {"type": "file", "payload": {"token": "1"}}}, -201, "has no text"),
        ({"attachment": {"type": "file", "payload": {"token": "file-7"}}}, -201, "is no upload"),
        ({"attachment": {"type": "image", "payload": {}}}, -233, "is unknown"),
        ({"attachment": {"type": "template", "payload": {"template_type": "list"}}}, -233, "not supported"),
        ({"text": "x", "attachment": {"type": "template", "payload": ASKING}}, -201, "no text of its own"),
    ],
)
async def test_what_no_program_should_send_is_refused_and_noted(
    zalo: ZaloOaStandIn, bot: Caller, message: Any, code: int, why: str
) -> None:
    answer = await bot.send(message)
    assert answer["error"] == code
    assert why in answer["message"]
    assert len(zalo.violations) == 1
    assert zalo.sent(CITIZEN) == []
    zalo.violations.clear()


async def test_every_documented_kind_of_message_is_taken(zalo: ZaloOaStandIn, bot: Caller) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", b"%PDF-1.7", filename="kết quả.pdf", content_type="application/pdf")
    token = (await bot.post("/v2.0/oa/upload/file", data=form))["data"]["token"]
    [said] = await zalo.user_sends(CITIZEN, "tôi hỏi")
    kinds = [
        {"text": "x", "quote_message_id": said.event["message"]["msg_id"]},
        {"text": "x", "attachment": {"type": "template", "payload": MEDIA}},
        {"attachment": {"type": "file", "payload": {"token": token}}},
        {"attachment": {"type": "template", "payload": ASKING}},
        buttons(button(type="oa.open.sms", payload={"content": "x", "phone_code": "84912000111"})),
    ]
    for message in kinds:
        assert (await bot.send(message))["error"] == 0
    quoting, pictured, filed, asking, _ = zalo.sent(CITIZEN)
    assert quoting.quote == said.event["message"]["msg_id"]
    assert pictured.pictures == ["https://a.vn/1.jpg"]
    assert (filed.file, filed.file_name) == (b"%PDF-1.7", "kết quả.pdf")
    assert asking.ask_contact["title"] == "Thông tin"


@pytest.mark.parametrize(
    ("path", "content", "name", "kind", "why"),
    [
        ("image", SMALL_JPEG + bytes(1024 * 1024), "a.jpg", "image/jpeg", "at most 1048576"),
        ("image", b"BM", "a.bmp", "image/bmp", "neither jpg nor png"),
        ("image", SMALL_JPEG, "a.png", "image/png", "sent as image/png"),
        ("gif", SMALL_JPEG, "a.gif", "image/gif", "not a gif"),
        ("file", b"MZ", "a.exe", "application/x", "not a PDF"),
        ("file", b"MZ", "a.pdf", "application/pdf", "not a PDF"),
        ("file", b"%PDF" + bytes(5 * 1024 * 1024), "a.pdf", "application/pdf", "at most"),
    ],
    ids=["large image", "bmp", "jpg as png", "jpg as gif", "program", "program as pdf", "large file"],
)
async def test_uploads_are_checked_for_what_they_hold(
    zalo: ZaloOaStandIn, bot: Caller, path: str, content: bytes, name: str, kind: str, why: str
) -> None:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename=name, content_type=kind)
    assert why in (await bot.post(f"/v2.0/oa/upload/{path}", data=form))["message"]
    zalo.violations.clear()


async def test_calls_must_be_made_as_documented(zalo: ZaloOaStandIn, bot: Caller) -> None:
    body = {"recipient": {"user_id": CITIZEN}, "message": {"text": "x"}}
    path = "/v3.0/oa/message/cs"
    assert "JSON is expected" in (await bot.post(path, data=b"{}"))["message"]
    assert "no call POST" in (await bot.post("/v3.0/oa/message/unknown", body))["message"]
    assert (await bot.post("/v2.0/oa/message", body))["error"] == -240
    bot.headers = {"access_token": "", "Authorization": f"Bearer {bot.pair.access}"}
    assert (await bot.post(path, body))["error"] == -216
    bot.headers = {"access_token": "never given"}
    assert (await bot.post(path, body))["error"] == -216
    assert len(zalo.violations) == 5
    zalo.violations.clear()


async def test_writing_is_free_then_counted_then_closed(zalo: ZaloOaStandIn, bot: Caller) -> None:
    async def price() -> Any:
        answer = await bot.send({"text": "x"})
        return answer["data"].get("quota", {}).get("quota_type") if not answer["error"] else answer["error"]

    zalo.package, zalo.wallet = 1, 1
    assert await price() == "reply"
    zalo.passes(timedelta(hours=49))
    bot.pair = zalo.new_pair()
    assert [await price(), await price(), await price()] == ["sub_quota", None, -321]
    assert zalo.counts == {"free": 1, "quota": 1, "paid": 1}
    zalo.passes(timedelta(days=6))
    bot.pair = zalo.new_pair()
    assert await price() == -230
    await zalo.user_sends(CITIZEN, "tôi đây")
    assert await price() == "reply"


async def test_strangers_are_out_of_reach_and_followers_can_be_welcomed_three_times(
    zalo: ZaloOaStandIn, bot: Caller
) -> None:
    zalo.person("2001").follows = True
    answers = [await bot.send({"text": "x"}, "2001") for _ in range(4)]
    assert [answer["error"] for answer in answers] == [0, 0, 0, -211]
    assert answers[0]["data"]["quota"]["quota_type"] == "welcome_msg"
    zalo.person("2002")
    assert (await bot.send({"text": "x"}, "2002"))["error"] == -213
    await zalo.user_restricts(CITIZEN)
    assert (await bot.send({"text": "x"}))["error"] == -244
    zalo.person(CITIZEN).banned = True
    assert (await bot.send({"text": "x"}))["error"] == -227


async def test_a_message_that_is_gone_cannot_be_quoted(zalo: ZaloOaStandIn, bot: Caller) -> None:
    assert (await bot.send({"text": "x", "quote_message_id": "7"}))["error"] == -201
    assert zalo.violations == []


async def test_a_minute_holds_so_many_calls(zalo: ZaloOaStandIn, bot: Caller) -> None:
    zalo.per_minute = 2
    assert [(await bot.send({"text": "x"}))["error"] for _ in range(3)] == [0, 0, -32]
    assert (bot.headers_seen["X-RateLimit-Limit"], bot.headers_seen["X-RateLimit-Remain"]) == ("2", "0")
    zalo.passes(timedelta(minutes=1))
    assert (await bot.send({"text": "x"}))["error"] == 0


async def test_faults_befall_the_calls_that_are_meant(zalo: ZaloOaStandIn, bot: Caller) -> None:
    zalo.fails(next=-200, path="message/cs", times=2)
    assert (await bot.get("/v2.0/oa/getoa"))["data"]["oa_id"] == zalo.oa_id
    assert [(await bot.send({"text": "x"}))["error"] for _ in range(3)] == [-200, -200, 0]
    zalo.drops(done=True)
    with pytest.raises(aiohttp.ClientError):
        await bot.send({"text": "đã gửi"})
    assert [shown.text for shown in zalo.sent(CITIZEN)] == ["x", "đã gửi"]
    zalo.expires_tokens()
    assert (await bot.send({"text": "x"}))["error"] == -220


async def test_consent_gives_a_code_that_only_its_verifier_opens(zalo: ZaloOaStandIn) -> None:
    verifier = "v" * 43
    asked = {
        "app_id": zalo.app_id,
        "redirect_uri": "https://phananh.example.vn/zalo/callback",
        "code_challenge": rules.challenge(verifier),
        "state": "s1",
    }
    where = urlsplit(zalo.consents(asked))
    query = dict(parse_qsl(where.query))
    assert (query["oa_id"], query["state"]) == (zalo.oa_id, "s1")
    form = {"code": query["code"], "app_id": zalo.app_id, "grant_type": "authorization_code"}
    assert "error" in await refresh(zalo, {**form, "code_verifier": "w" * 43})
    assert len(zalo.violations) == 1
    zalo.violations.clear()
    code = dict(parse_qsl(urlsplit(zalo.consents(asked)).query))["code"]
    exchanged = await refresh(zalo, {**form, "code": code, "code_verifier": verifier})
    assert exchanged["access_token"]
    assert "error" in await refresh(zalo, {**form, "code": code, "code_verifier": verifier})


async def test_a_broken_chain_cannot_be_renewed(zalo: ZaloOaStandIn, bot: Caller) -> None:
    zalo.breaks_chain()
    form = {"refresh_token": bot.pair.refresh, "app_id": zalo.app_id, "grant_type": "refresh_token"}
    assert (await refresh(zalo, form))["error"] == -14014
    assert zalo.refreshed == 0


async def test_templates_hold_what_was_declared_and_rest_at_night(zalo: ZaloOaStandIn, bot: Caller) -> None:
    zalo.approve_template("301", "ma", "don_vi")
    zalo.person(CITIZEN).phone = "84912000111"
    body = {"template_id": "301", "template_data": {"ma": "HN-1", "don_vi": "Phường"}, "tracking_id": "1"}
    assert (await bot.post("/message/template", {**body, "phone": "84912000111"}))["error"] == 0
    assert (await bot.post("/message/template", {**body, "user_id": CITIZEN}))["error"] == 0
    assert zalo.sent(CITIZEN)[0].template == {"ma": "HN-1", "don_vi": "Phường"}
    assert (await bot.post("/message/template", {**body, "phone": "84912000999"}))["error"] == -118
    zalo.passes(timedelta(hours=11))
    assert (await bot.post("/message/template", {**body, "user_id": CITIZEN}))["error"] == -133
    assert zalo.violations == []
    unknown = {**body, "user_id": CITIZEN, "template_id": "302"}
    assert (await bot.post("/message/template", unknown))["error"] == -131
    missing = {**body, "user_id": CITIZEN, "template_data": {"ma": "1"}}
    assert "needs don_vi" in (await bot.post("/message/template", missing))["message"]
    zalo.violations.clear()


async def test_what_people_do_is_told_as_the_vendor_tells_it(zalo: ZaloOaStandIn, hook: Hook) -> None:
    hook.seen.clear()
    await zalo.user_sends(CITIZEN, "hai ảnh", photos=[SMALL_JPEG, SMALL_JPEG])
    await zalo.user_sends(CITIZEN, location=(20.99, 105.81))
    await zalo.user_sends(CITIZEN, voice=b"#!AMR")
    await zalo.user_sends(CITIZEN, document=Document())
    await zalo.user_sends(CITIZEN, sticker=True)
    await zalo.user_sends(CITIZEN, contact="84912000111", address="Ngõ 5")
    await zalo.user_follows("3001")
    await zalo.user_unfollows("3001")
    await zalo.user_withdraws("3001")
    await zalo.staff_writes(CITIZEN, "Tôi là cán bộ")
    kinds = "image image location audio file sticker"
    others = ["user_submit_info", "follow", "unfollow", "user_withdraw", "oa_send_text"]
    assert hook.events() == [*(f"user_send_{kind}" for kind in kinds.split()), *others]
    first = zalo.posted[1].event["message"]
    assert (first["text"], first["attachments"][0]["type"]) == ("hai ảnh", "image")
    async with aiohttp.ClientSession() as session:
        url = first["attachments"][0]["payload"]["url"]
        async with session.get(url) as answer:
            assert await answer.read() == SMALL_JPEG
    assert zalo.posted[3].event["message"]["attachments"][0]["payload"] == {
        "coordinates": {"latitude": "20.99", "longitude": "105.81"}
    }
    assert zalo.posted[-1].event["sender"]["admin_id"]


async def test_events_come_twice_or_out_of_order_when_told_to(zalo: ZaloOaStandIn, hook: Hook) -> None:
    zalo.duplicates()
    await zalo.user_sends(CITIZEN, "một")
    assert hook.seen[-1][1] == hook.seen[-2][1]
    async with zalo.out_of_order():
        await zalo.user_sends(CITIZEN, "hai")
        await zalo.user_sends(CITIZEN, "ba")
    assert [b'"ba"' in hook.seen[-2][1], b'"hai"' in hook.seen[-1][1]] == [True, True]
    assert await zalo.probe() == 200
    assert hook.seen[-1][1] == b"{}"


async def test_a_webhook_that_never_answers_is_given_up_and_the_history_tells_what_was_missed(
    zalo: ZaloOaStandIn, bot: Caller, hook: Hook
) -> None:
    hook.answers = [500] * 3
    await zalo.user_sends(CITIZEN, "có ai không?")
    assert zalo.disabled
    await zalo.user_sends(CITIZEN, photo=SMALL_JPEG)
    assert zalo.pending() == 2
    assert zalo.violations == ["user_send_text was not taken: [500, 500, 500]"]
    zalo.violations.clear()
    asked = json.dumps({"user_id": CITIZEN, "offset": 0, "count": 10})
    history = await bot.get("/v2.0/oa/conversation", data=asked)
    assert [(said["type"], said["message"]) for said in history["data"]] == [
        ("photo", ""),
        ("text", "có ai không?"),
        ("text", "xin chào"),
    ]


async def test_own_messages_are_echoed_without_the_name_of_an_admin(
    zalo: ZaloOaStandIn, bot: Caller, hook: Hook
) -> None:
    zalo.echoes = True
    await bot.send({"text": "x"})
    await asyncio.wait_for(hook.echoed.wait(), 5)
    echo = json.loads(hook.seen[-1][1])
    assert echo["sender"] == {"id": zalo.oa_id}
    assert echo["message"]["msg_id"] == zalo.sent(CITIZEN)[0].id


# ---- groups


async def make_group(zalo: ZaloOaStandIn, bot: Caller, asset: str) -> dict[str, Any]:
    return await bot.post(
        "/v3.0/oa/group/creategroupwithoa",
        {"group_name": "Phường Khương Đình", "asset_id": asset, "member_user_ids": [CITIZEN]},
    )


async def test_an_asset_makes_one_group(zalo: ZaloOaStandIn, bot: Caller) -> None:
    asset = zalo.add_asset()
    group = (await make_group(zalo, bot, asset))["data"]
    assert zalo.members(group["group_id"]) == {CITIZEN}
    assert (await make_group(zalo, bot, asset))["error"] == -238
    assert (await make_group(zalo, bot, "7"))["error"] == -241
    asked = {"quota_owner": "OA", "product_type": "gmf50", "quota_type": "sub_quota"}
    [listed] = (await bot.post("/v3.0/oa/quota/group", asked))["data"]
    assert (listed["asset_id"], listed["status"], listed["used_id"]) == (asset, "used", group["group_id"])
    await bot.post("/v3.0/oa/group/delete", {"group_id": group["group_id"]})
    assert zalo.assets[asset].group == ""
    assert (await bot.get("/v3.0/oa/group/getgroup", group_id=group["group_id"]))["error"] == -403


async def test_a_group_whose_asset_has_ended_is_disabled_until_it_gets_another(
    zalo: ZaloOaStandIn, bot: Caller
) -> None:
    group = (await make_group(zalo, bot, zalo.add_asset(lasts=timedelta(hours=1))))["data"]["group_id"]
    zalo.passes(timedelta(hours=2))
    body = {"recipient": {"group_id": group}, "message": {"text": "x"}}
    assert (await bot.post("/v3.0/oa/group/message", body))["error"] == -237
    about = (await bot.get("/v3.0/oa/group/getgroup", group_id=group))["data"]
    assert about["group_info"]["status"] == "disabled"
    await bot.post("/v3.0/oa/group/updateasset", {"group_id": group, "asset_id": zalo.add_asset()})
    assert (await bot.post("/v3.0/oa/group/message", body))["error"] == 0
    assert [shown.text for shown in zalo.sent(f"g{group}")] == ["x"]


async def test_people_come_into_a_group_by_its_link_once_they_are_admitted(
    zalo: ZaloOaStandIn, bot: Caller, hook: Hook
) -> None:
    group = (await make_group(zalo, bot, zalo.add_asset()))["data"]
    named = {"group_id": group["group_id"]}
    await bot.post("/v3.0/oa/group/updateinfo", {**named, "join_appr": True, "enable_link_join": True})
    for user in ("4001", "4002"):
        await zalo.asks_in(group["group_link"], user)
    waiting = await bot.get("/v3.0/oa/group/listpendinginvite", **named, offset="0", count="10")
    assert [member["user_id"] for member in waiting["data"]["members"]] == ["4001", "4002"]
    await bot.post("/v3.0/oa/group/acceptpendinginvite", {**named, "member_user_ids": ["4001"]})
    await bot.post("/v3.0/oa/group/rejectpendinginvite", {**named, "member_user_ids": ["4002"]})
    assert zalo.members(group["group_id"]) == {CITIZEN, "4001"}
    await zalo.user_sends("4001", f"[@{zalo.oa_id}] chào", group=group["group_id"])
    sent = json.loads(hook.seen[-1][1])
    assert sent["event_name"] == "user_send_group_text"
    assert (sent["sender"]["id"], sent["recipient"]["id"]) == ("4001", group["group_id"])
    await bot.post("/v3.0/oa/group/removemembers", {**named, "member_user_ids": ["4001"]})
    assert zalo.members(group["group_id"]) == {CITIZEN}
    answer = await bot.post("/v3.0/oa/group/invite", {**named, "member_user_ids": ["4002"]})
    assert answer["error"] == -213


async def test_only_texts_and_pictures_are_sent_to_groups(zalo: ZaloOaStandIn, bot: Caller) -> None:
    group = (await make_group(zalo, bot, zalo.add_asset()))["data"]["group_id"]
    body = {"recipient": {"group_id": group}, "message": buttons(button())}
    assert (await bot.post("/v3.0/oa/group/message", body))["error"] == -233
    zalo.violations.clear()
