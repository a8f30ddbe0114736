"""The web server: webhooks answer what vendors must hear; nobody gets into another's chat."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from bot.channels.web import WebChannel, write_update
from bot.page_input import checked_update
from bot.server import BODY_LIMIT
from bot.session import COOKIE, Visitor
from bot.web_chat import MESSAGES_PER_MINUTE
from handlers.channel import Envelope, Forbidden, InboundMessage, Malformed, OutboundMessage, Photo
from handlers.media import SIZE_LIMIT, open_photo
from handlers.pace import Pace
from tests.standins.echo_bot import EchoBot


def picture() -> bytes:
    data = BytesIO()
    Image.new("RGB", (40, 30), (10, 120, 60)).save(data, "JPEG")
    return data.getvalue()


class Vendor:
    """A channel whose webhook wants the header X-Secret and a JSON object."""

    name = "telegram"
    webhook_path = "/telegram"

    def __init__(self) -> None:
        self.acknowledged: list[bytes] = []

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        if headers.get("X-Secret") != "s":
            raise Forbidden
        try:
            return Envelope(external_id=str(json.loads(body)["id"]), chat="1")
        except (ValueError, TypeError, KeyError) as error:
            raise Malformed from error

    async def acknowledge(self, body: bytes) -> None:
        self.acknowledged.append(body)
        raise RuntimeError("the vendor is away")


class Browser:
    """One browser: keeps its cookie, and sends the headers that browsers send."""

    def __init__(self, bot: EchoBot, seat: str = "") -> None:
        self.bot = bot
        self.seat = seat
        self.jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(bot.url, cookie_jar=self.jar, headers={"Origin": bot.url})

    def path(self, path: str, **query: str) -> str:
        parts = {**query, **({"seat": self.seat} if self.seat else {})}
        return path + "?" + "&".join(f"{name}={value}" for name, value in parts.items())

    async def open(self) -> "Browser":
        async with self.http.post(self.path("/chat/session")) as answer:
            assert answer.status == 200
        return self

    async def say(self, number: int = 1, **parts: Any) -> int:
        status, _ = await self.post("/chat/messages", {"id": f"message-{number}", **parts})
        return status

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        data = BytesIO(json.dumps(body).encode())
        async with self.http.post(self.path(path), data=data) as answer:
            return answer.status, await answer.json()

    async def upload(self, *files: bytes, upload_id: str = "upload-1") -> tuple[int, Any]:
        form = aiohttp.FormData()
        for data in files:
            form.add_field("photo", BytesIO(data), filename="p.jpg", content_type="image/jpeg")
        async with self.http.post(self.path("/chat/photos", id=upload_id), data=form) as answer:
            return answer.status, await answer.json()

    async def see(self, path: str) -> int:
        async with self.http.get(self.path(path)) as answer:
            await answer.read()
            return answer.status

    async def read(self, after: int = 0, count: int = 1) -> list[dict[str, Any]]:
        """Return the first `count` entries that the socket brings."""
        entries: list[dict[str, Any]] = []
        async with (
            asyncio.timeout(5),
            self.http.ws_connect(self.path("/chat/socket", after=str(after))) as ws,
        ):
            while len(entries) < count:
                entries += (await ws.receive_json()).get("entries", [])
        return entries

    async def __aenter__(self) -> "Browser":
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path) as running:
        yield running


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path, demo=True) as running:
        yield running


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Vendor, list[str], aiohttp.ClientSession]]:
    """A server with a vendor's webhook; the list holds what became durable, "full" makes that fail."""
    stored: list[str] = []

    async def receive(channel: str, envelope: Envelope, body: bytes) -> None:
        if "full" in stored:
            raise OSError("disk full")
        stored.append(f"{channel} {envelope.external_id}")

    channel = Vendor()
    running = EchoBot(tmp_path)
    running.channels["telegram"] = channel  # type: ignore[assignment]
    running.receive = receive  # type: ignore[method-assign]
    async with running, aiohttp.ClientSession(running.url, headers={"X-Secret": "s"}) as http:
        yield channel, stored, http


async def status(call: Any) -> int:
    async with call as answer:
        return int(answer.status)


# webhooks


async def test_an_update_is_answered_once_it_is_durable(vendor: Any) -> None:
    channel, stored, http = vendor
    assert await status(http.post("/telegram", data=b'{"id": 7}')) == 200
    assert stored == ["telegram 7"]
    await asyncio.sleep(0)
    assert channel.acknowledged == [b'{"id": 7}']


async def test_strangers_and_garbage_are_turned_away(vendor: Any) -> None:
    _, stored, http = vendor
    assert await status(http.post("/telegram", data=b'{"id": 7}', headers={"X-Secret": "t"})) == 401
    assert await status(http.post("/telegram", data=b"not json")) == 400
    assert await status(http.post("/telegram", data=BytesIO(bytes(BODY_LIMIT + 1)))) == 413
    assert await status(http.get("/telegram")) == 405
    assert await status(http.post("/zalo/oa", data=b"{}")) == 404
    assert stored == []


async def test_the_vendor_is_asked_to_come_again_when_nothing_can_be_stored(vendor: Any) -> None:
    channel, stored, http = vendor
    stored.append("full")
    assert await status(http.post("/telegram", data=b'{"id": 8}')) == 503
    assert channel.acknowledged == []


async def test_nobody_posts_updates_of_the_web_channel_from_outside(bot: EchoBot) -> None:
    async with aiohttp.ClientSession(bot.url) as http:
        assert await status(http.post("/web", data=b"{}")) == 404


# for operators


async def test_health_follows_the_database(bot: EchoBot) -> None:
    async with aiohttp.ClientSession(bot.url) as http:
        async with http.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (
                200,
                {"status": "ok", "alive": True, "ready": True, "inbox_waiting": 3, "oldest_seconds": 1.5},
            )
        bot.healthy = False
        async with http.get("/healthz") as answer:
            told = {"status": "unavailable", "alive": True, "ready": False, "why": ["database"]}
            assert (answer.status, await answer.json()) == (503, told)
        async with http.get("/healthz/alive") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok", "alive": True})


async def test_metrics_show_queues_and_counters(bot: EchoBot) -> None:
    async with aiohttp.ClientSession(bot.url) as http:
        async with http.get("/metrics") as answer:
            text = await answer.text()
        assert "langnghe_inbox_waiting 3.0" in text
        assert "langnghe_healthy 1.0" in text
        assert "python_info" in text
        bot.healthy = False
        async with http.get("/metrics") as answer:
            assert answer.status == 200
            assert "langnghe_healthy 0.0" in await answer.text()


# the chat


async def test_a_message_is_answered_in_the_open_page(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        assert await citizen.say(text="Xin chào") == 200
        mine, answer = await citizen.read(count=2)
        assert (mine["kind"], mine["message_id"], mine["text"]) == ("in", "message-1", "Xin chào")
        assert (answer["kind"], answer["text"]) == ("out", "Đã nghe: Xin chào")


async def test_the_answer_is_pushed_without_being_asked_for(bot: EchoBot) -> None:
    async with Browser(bot) as citizen, citizen.http.ws_connect("/chat/socket") as socket:
        assert await socket.receive_json() == {"entries": []}
        await citizen.say(text="Xin chào")
        async with asyncio.timeout(2):
            kinds = [entry["kind"] for entry in (await socket.receive_json())["entries"]]
            if len(kinds) == 1:
                kinds += [entry["kind"] for entry in (await socket.receive_json())["entries"]]
        assert kinds == ["in", "out"]


async def test_the_same_message_sent_again_counts_once(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        assert [await citizen.say(text="Một lần") for _ in range(3)] == [200, 200, 200]
    assert [message.text for message in bot.received] == ["Một lần"]


async def test_a_reconnected_page_gets_only_what_it_missed(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        await citizen.say(1, text="một")
        last = (await citizen.read(count=2))[-1]["id"]
        await citizen.say(2, text="hai")
        assert [entry["text"] for entry in await citizen.read(after=last, count=2)] == ["hai", "Đã nghe: hai"]


async def test_buttons_position_and_reply_reach_the_bot(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        assert await citizen.say(1, button="send", button_message="12") == 200
        assert await citizen.say(2, latitude=21.0285, longitude=105) == 200
        assert await citizen.say(3, text="trả lời", reply_to="12") == 200
    pressed, position, reply = bot.received
    assert (pressed.button, pressed.button_message) == ("send", "12")
    assert position.location is not None
    assert (position.location.latitude, position.location.longitude) == (21.0285, 105.0)
    assert reply.reply_to == "12"


async def test_long_texts_pass_and_endless_ones_do_not(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        assert await citizen.say(1, text="dài " * 5_000) == 200
        assert await citizen.say(2, text="d" * 20_001) == 413
        assert await citizen.say(3, text="d" * (BODY_LIMIT + 1)) == 413
    assert len(bot.received) == 1


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        "text",
        {},
        {"id": "short"},
        {"id": "../../../../etc"},
        {"id": "message-1", "text": 5},
        {"id": "message-1", "button": "x" * 65},
        {"id": "message-1", "button": "nút"},
        {"id": "message-1", "button_message": "1 OR 1=1"},
        {"id": "message-1", "photos": "abc"},
        {"id": "message-1", "photos": [{"media_key": "x"}]},
        {"id": "message-1", "photos": [f"{'a' * 32}.jpg:{'b' * 32}"]},
        {"id": "message-1", "latitude": 91, "longitude": 0},
        {"id": "message-1", "latitude": float("nan"), "longitude": 0},
        {"id": "message-1", "latitude": float("inf"), "longitude": 0},
        {"id": "message-1", "latitude": "21", "longitude": "105"},
        {"id": "message-1", "latitude": 21},
    ],
)
async def test_what_no_page_sends_is_refused(bot: EchoBot, body: Any) -> None:
    async with Browser(bot) as citizen:
        assert await citizen.post("/chat/messages", body) == (400, {"error": "malformed"})
    assert bot.received == []


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=12) | some.dictionaries(some.text(max_size=9), inner),
    max_leaves=10,
)
PARTS = ["id", "text", "button", "button_message", "reply_to", "photos", "latitude", "longitude"]


@given(some.dictionaries(some.sampled_from(PARTS), ANYTHING) | ANYTHING)
def test_no_json_gets_past_the_check_unfit_for_the_inbox(told: Any) -> None:
    if isinstance(told, dict):
        told = {"id": "message-1", **told}
    try:
        update = checked_update(told, Visitor("t" * 43))
    except (ValueError, TypeError):
        return
    body = write_update(chat="c", user="c", sent_at=datetime.now(UTC), **update)
    message = WebChannel(history=None).parse(body)  # type: ignore[arg-type]
    assert message is not None
    assert "\x00" not in message.text
    message.text.encode()


async def test_the_page_cannot_say_who_it_is(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        lies = {"chat": "x", "user": "chair", "name": "Chủ tịch", "unsupported": "x", "sent_at": "1970-01-01"}
        await citizen.say(text="thật", **lies)
    [message] = bot.received
    assert re.fullmatch("[0-9a-f]{32}", message.address.chat)
    assert message.sender == message.address.chat
    assert (message.sender_name, message.unsupported) == ("", "")
    assert message.sent_at.year > 2000


async def test_nothing_is_confirmed_that_was_not_stored(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        bot.refuse = True
        assert await citizen.say(text="giữ giùm") == 503
        bot.refuse = False
        assert await citizen.say(text="giữ giùm") == 200
    assert [message.text for message in bot.received] == ["giữ giùm"]


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody regains their pace, however slow the machine."""
    monkeypatch.setattr("bot.web_chat.Pace", partial(Pace, clock=lambda: 0.0))


async def test_a_flood_is_slowed_down_kindly(standing_clock: None, bot: EchoBot) -> None:
    async with Browser(bot) as citizen, Browser(bot) as other:
        answers = [
            await citizen.post("/chat/messages", {"id": f"message-{number}", "text": "x"})
            for number in range(MESSAGES_PER_MINUTE + 1)
        ]
        assert [code for code, _ in answers] == [200] * MESSAGES_PER_MINUTE + [429]
        assert answers[-1][1] == {"error": "too_fast", "retry_after": 2}
        assert await other.say(text="tôi thì không") == 200


def test_the_pace_recovers_with_time() -> None:
    now = 0.0
    pace = Pace(3, 6.0, clock=lambda: now)
    assert [pace.wait("a") for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    now = 1.0
    assert pace.wait("a") == 1.0
    now = 2.0
    assert pace.wait("a") == 0.0
    now = 100.0
    assert [pace.wait("a") for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]


async def test_commands_are_listed(bot: EchoBot) -> None:
    async with Browser(bot) as citizen, citizen.http.get("/chat/commands") as answer:
        assert ["/trogiup", "Cách dùng"] in await answer.json()


# whose chat it is


async def test_a_session_stays_and_is_out_of_reach_of_scripts_and_other_sites(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        async with citizen.http.post("/chat/session") as again:
            cookie = again.cookies[COOKIE]
        kept = {item.key: item.value for item in citizen.jar}
    assert cookie.value == kept[COOKIE]
    assert len(cookie.value) == 43
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert not cookie["secure"]


async def test_behind_a_proxy_with_https_the_cookie_never_travels_in_the_clear(bot: EchoBot) -> None:
    behind_proxy = {"Origin": "https://langnghe.example", "Sec-Fetch-Site": "same-origin"}
    async with (
        aiohttp.ClientSession(bot.url, headers={"Origin": bot.url}) as http,
        http.post("/chat/session", headers=behind_proxy) as answer,
    ):
        assert answer.cookies[COOKIE]["secure"]


async def test_nobody_reads_another_chat(bot: EchoBot) -> None:
    async with Browser(bot) as citizen, Browser(bot) as other:
        await citizen.say(text="bí mật")
        await other.say(text="chào")
        assert [entry["text"] for entry in await other.read(count=2)] == ["chào", "Đã nghe: chào"]
        chat = bot.received[0].address.chat
        for guess in (f"/chat/socket?chat={chat}", f"/chat/socket?after=0&user={chat}"):
            async with other.http.ws_connect(guess) as socket:
                assert "bí mật" not in str(await socket.receive_json())
        other.jar.update_cookies({COOKIE: chat}, other.http._base_url)  # type: ignore[arg-type]
        assert await other.say(2, text="x") == 401


async def test_without_a_session_there_is_nothing(bot: EchoBot) -> None:
    stranger = Browser(bot)
    try:
        assert await stranger.say(text="x") == 401
        assert await stranger.see("/chat/commands") == 401
        assert await stranger.see(f"/media/{'a' * 32}.jpg") == 401
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await stranger.read()
    finally:
        await stranger.http.close()


async def test_other_sites_cannot_use_a_visitors_session(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        evil = {"Origin": "https://evil.example"}
        for path in ("/chat/messages", "/chat/session", "/chat/photos?id=upload-1"):
            assert await status(citizen.http.post(path, data=b"{}", headers=evil)) == 403
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await citizen.http.ws_connect("/chat/socket", headers=evil)
        for site in ("cross-site", "same-site"):
            headers = {"Sec-Fetch-Site": site}
            assert await status(citizen.http.post("/chat/messages", json={}, headers=headers)) == 403
        bare = aiohttp.ClientSession(bot.url, cookie_jar=citizen.jar)
        async with bare:
            assert await status(bare.post("/chat/messages", json={"id": "message-1"})) == 403
    assert bot.received == []


async def test_a_seat_is_a_chat_of_its_own_and_only_in_the_demo(demo: EchoBot, tmp_path: Path) -> None:
    async with Browser(demo, "nguoi-dan") as visitor:
        await visitor.say(text="từ người dân")
        visitor.seat = "chu-tich"
        await visitor.open()
        await visitor.say(text="từ chủ tịch")
        assert next(entry["text"] for entry in await visitor.read(count=2)) == "từ chủ tịch"
        visitor.seat = "vua"
        assert await visitor.say(text="x") == 404
    chats = [message.address.chat for message in demo.received]
    assert demo.sat == [(chats[0], "nguoi-dan"), (chats[1], "chu-tich")]
    assert chats[0] != chats[1]


async def test_without_demo_there_are_no_seats(bot: EchoBot) -> None:
    async with Browser(bot) as visitor:
        visitor.seat = "chu-tich"
        assert await visitor.say(text="x") == 404
        assert await visitor.see("/demo/seats") == 404


async def test_the_front_page_is_the_chat_or_the_demo(bot: EchoBot, tmp_path: Path) -> None:
    async with aiohttp.ClientSession(bot.url) as http, http.get("/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/chat")
    async with EchoBot(tmp_path, demo=True) as demo, aiohttp.ClientSession(demo.url) as http:
        async with http.get("/") as answer:
            assert "Dữ liệu mô phỏng" in await answer.text()
        async with http.get("/demo/seats") as answer:
            assert next(seat["name"] for seat in await answer.json()) == "nguoi-dan"


# photos


async def test_a_photo_is_uploaded_named_and_seen_by_its_chat_alone(bot: EchoBot) -> None:
    async with Browser(bot) as citizen, Browser(bot) as other:
        code, uploaded = await citizen.upload(picture(), picture())
        assert (code, uploaded["refused"], len(uploaded["photos"])) == (200, "", 2)
        assert await citizen.say(text="xem giúp", photos=uploaded["photos"]) == 200
        key = bot.received[0].photos[0].media_key
        assert bot.photos[0].media_key == key
        assert await citizen.see(f"/media/{key}") == 200
        assert await other.see(f"/media/{key}") == 404
        assert await other.say(text="của tôi", photos=uploaded["photos"]) == 400
        assert await citizen.see(f"/media/{'0' * 32}.jpg") == 404
        assert await citizen.see("/media/..%2f..%2fetc%2fpasswd") == 404


async def test_whoever_learns_the_key_of_a_photo_cannot_claim_it(bot: EchoBot) -> None:
    async with Browser(bot) as citizen, Browser(bot) as other:
        _, uploaded = await citizen.upload(picture())
        await citizen.say(photos=uploaded["photos"])
        key = bot.received[0].photos[0].media_key
        token = next(cookie.value for cookie in other.jar if cookie.key == COOKIE)
        forged = Visitor(token).mark(key, secret="")
        assert await other.say(text="của tôi", photos=[forged]) == 400
        assert await other.see(f"/media/{key}") == 404


async def test_a_photo_that_was_never_sent_is_not_shown(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        _, uploaded = await citizen.upload(picture())
        assert await citizen.see(f"/media/{uploaded['photos'][0].split(':')[0]}") == 404


async def test_a_picture_is_served_as_nothing_but_a_picture(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        _, uploaded = await citizen.upload(picture())
        await citizen.say(photos=uploaded["photos"])
        key = bot.received[0].photos[0].media_key
        async with citizen.http.get(f"/media/{key}") as answer:
            assert answer.headers["Content-Type"] == "image/jpeg"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            assert await answer.read() == open_photo(key, bot.media_dir)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg onload='alert(1)'/>", "file"),
        (b"%PDF-1.7", "file"),
        (b"", "file"),
        (b"\xff\xd8", "large_photo"),
    ],
)
async def test_what_cannot_be_kept_is_answered_by_the_bot(bot: EchoBot, data: bytes, reason: str) -> None:
    if reason == "large_photo":
        data += bytes(SIZE_LIMIT)
    async with Browser(bot) as citizen:
        code, uploaded = await citizen.upload(picture(), data)
        assert (code, uploaded["refused"], len(uploaded["photos"])) == (200, reason, 1)
        await citizen.upload(picture(), data)
        [mine, answer] = await citizen.read(count=2)
        assert mine["unsupported"] == reason
        assert answer["text"] == f"Đã nghe: {reason}"
    assert len(bot.received) == 1


async def test_uploads_have_limits_and_a_form(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        assert (await citizen.upload(*[picture()] * 11))[0] == 413
        assert (await citizen.upload(bytes(5 * SIZE_LIMIT)))[0] == 413
        assert (await citizen.upload(picture(), upload_id="x"))[0] == 400
        headers = {"Content-Type": "multipart/form-data; boundary=abc"}
        for body in (b"", b"garbage", b"--abc\r\nbroken"):
            answer = citizen.http.post("/chat/photos?id=upload-1", data=body, headers=headers)
            assert await status(answer) in (200, 400), body
        assert await status(citizen.http.post("/chat/photos?id=upload-1", data=b"{}")) == 400


# what browsers are told


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/chat", 200),
        ("/page/chat.js", 200),
        ("/page/chat.css", 200),
        ("/chat/commands", 401),
        ("/chat/session", 405),
        ("/nowhere", 404),
    ],
)
async def test_every_answer_carries_the_security_headers(bot: EchoBot, path: str, status: int) -> None:
    async with aiohttp.ClientSession(bot.url) as http, http.get(path) as answer:
        assert answer.status == status
        assert "Server" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Referrer-Policy" in answer.headers


async def test_pages_hold_no_inline_script_and_ask_nobody_else() -> None:
    folder = Path(__file__).parents[2] / "bot" / "page"
    written = [path for path in folder.iterdir() if path.suffix != ".png"]
    pages = {path.name: path.read_text(encoding="utf-8") for path in written}
    assert {"chat.html", "chat.js", "chat.css", "demo.html", "demo.js", "demo.css"} <= pages.keys()
    for name, text in pages.items():
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), name
        outside = set(re.findall(r"https?://[^\s\"'<>)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not outside, name
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name


async def test_unchanged_files_are_not_sent_again(bot: EchoBot) -> None:
    async with aiohttp.ClientSession(bot.url) as http:
        async with http.get("/page/chat.js") as answer:
            etag = answer.headers["ETag"]
            assert answer.content_type == "text/javascript"
        assert await status(http.get("/page/chat.js", headers={"If-None-Match": etag})) == 304
        assert await status(http.get("/page/..%2fserver.py")) == 404


async def test_a_chat_has_only_so_many_sockets(bot: EchoBot) -> None:
    async with Browser(bot) as citizen:
        sockets = [await citizen.http.ws_connect("/chat/socket") for _ in range(12)]
        for socket in sockets:
            await socket.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
            await citizen.http.ws_connect("/chat/socket")
        for socket in sockets:
            await socket.close()


async def test_open_pages_are_told_when_the_server_stops(tmp_path: Path) -> None:
    async with EchoBot(tmp_path) as bot:
        citizen = await Browser(bot).open()
        socket = await citizen.http.ws_connect("/chat/socket")
        await socket.receive_json()
        stopping = asyncio.create_task(bot.runner.cleanup())
        async with asyncio.timeout(5):
            message = await socket.receive()
            await stopping
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        await citizen.http.close()


async def test_a_history_that_cannot_be_read_closes_the_socket_to_be_opened_again(bot: EchoBot) -> None:
    async def broken(chat: str, after: int) -> list[Any]:
        raise OSError("database away")

    bot.web._history = broken
    async with Browser(bot) as citizen, citizen.http.ws_connect("/chat/socket") as socket:
        message = await socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1013)


async def test_the_bot_may_write_first_with_a_picture(bot: EchoBot) -> None:
    bot.answer = lambda message: None
    async with Browser(bot) as citizen:
        _, uploaded = await citizen.upload(picture())
        await citizen.say(photos=uploaded["photos"])
        message: InboundMessage = bot.received[0]
        key = message.photos[0].media_key
        await bot.say(message.address.chat, OutboundMessage(text="Đã xong", photos=(Photo(media_key=key),)))
        assert (await citizen.read(count=2))[-1]["photos"] == [key]
