"""Groups on the web: members read and write, nobody else does, and whoever is taken out is out at once."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.web_chat import NOT_A_MEMBER
from handlers.channel import Address, Button, File, GroupAct, OutboundMessage, Photo
from handlers.media import store_drawing, store_file
from tests.browser import picture
from tests.standins.echo_bot import EchoBot

TITLE = "Lãnh đạo thành phố – Chủ tịch các phường"
WORKBOOK = b"PK\x03\x04 a workbook"


class Member:
    """Somebody's browser, which asks for a group in everything it does."""

    def __init__(self, bot: EchoBot) -> None:
        self.bot = bot
        self.group = ""
        self.http = aiohttp.ClientSession(
            bot.url, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": bot.url}
        )

    async def __aenter__(self) -> "Member":
        async with self.http.post("/chat/session") as answer:
            assert answer.status == 200
        known = len(self.bot.received)
        assert await self.say("Tôi đây", number=900) == 200
        self.user = self.bot.received[known].sender
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    def path(self, path: str, **query: str) -> str:
        return (
            path + "?" + "&".join(f"{name}={value}" for name, value in {**query, "group": self.group}.items())
        )

    async def say(self, text: str, *, number: int = 1, **parts: Any) -> int:
        body = {"id": f"message-{number}", "text": text, **parts}
        async with self.http.post(self.path("/chat/messages"), json=body) as answer:
            return answer.status

    async def upload(self) -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("photo", BytesIO(picture()["buffer"]), filename="p.jpg", content_type="image/jpeg")
        async with self.http.post(self.path("/chat/photos", id="upload-1"), data=form) as answer:
            return answer.status, await answer.json()

    async def see(self, path: str) -> tuple[int, aiohttp.ClientResponse]:
        async with self.http.get(self.path(path)) as answer:
            await answer.read()
            return answer.status, answer

    async def listed(self) -> list[str]:
        async with self.http.get("/chat/groups") as answer:
            return [group["title"] for group in await answer.json()]

    async def history(self, count: int) -> list[dict[str, Any]]:
        """Return the first entries that the socket brings."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(5), self.http.ws_connect(self.path("/chat/socket")) as socket:
            while len(found) < count:
                found += (await socket.receive_json()).get("entries", [])
        return found


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path) as running:
        yield running


@pytest.fixture
async def leader(bot: EchoBot) -> AsyncIterator[Member]:
    async with Member(bot) as member:
        yield member


@pytest.fixture
async def chair(bot: EchoBot) -> AsyncIterator[Member]:
    async with Member(bot) as member:
        yield member


@pytest.fixture
async def stranger(bot: EchoBot) -> AsyncIterator[Member]:
    async with Member(bot) as member:
        yield member


@pytest.fixture
def group(bot: EchoBot, leader: Member, chair: Member, stranger: Member) -> str:
    """A group of a leader and a chair; the stranger has only its address."""
    made = bot.groups.make(1, TITLE, leader.user, chair.user)
    leader.group = chair.group = stranger.group = made
    bot.names[chair.user] = ("Nguyễn Thị B", "Chủ tịch – Phường Khương Đình")
    return made


async def test_what_one_member_says_the_others_read_with_name_and_post(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    assert await chair.say("Phường đã nhận, chiều nay xử lý.") == 200
    [theirs], [own] = await leader.history(1), await chair.history(1)
    assert (theirs["name"], theirs["post"]) == ("Nguyễn Thị B", "Chủ tịch – Phường Khương Đình")
    assert (theirs["own"], own["own"]) == (False, True)
    message = bot.received[-1]
    assert (message.group, message.address, message.sender) == (True, Address("web", group), chair.user)
    assert not message.mentioned


async def test_news_reaches_the_others_without_being_asked_for(
    leader: Member, chair: Member, group: str
) -> None:
    async with asyncio.timeout(5), leader.http.ws_connect(leader.path("/chat/socket")) as socket:
        while "entries" not in await socket.receive_json():
            pass
        await chair.say("Đã xong.")
        told: dict[str, Any] = {}
        while not told.get("entries"):
            told = await socket.receive_json()
    assert [entry["text"] for entry in told["entries"]] == ["Đã xong."]


async def test_a_private_page_hears_that_a_group_has_news(leader: Member, chair: Member, group: str) -> None:
    async with asyncio.timeout(5), leader.http.ws_connect("/chat/socket") as socket:

        async def next_list() -> list[dict[str, Any]]:
            while "groups" not in (told := await socket.receive_json()):
                pass
            listed: list[dict[str, Any]] = told["groups"]
            return listed

        before = await next_list()
        assert [talk["title"] for talk in before] == ["", TITLE]
        await chair.say("Có việc mới.")
        after = await next_list()
    assert after[1]["last_in"] > before[1]["last_in"]


async def test_the_same_id_from_two_members_is_two_messages(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    await leader.say("một", number=7)
    await chair.say("hai", number=7)
    await chair.say("hai", number=7)
    assert [message.text for message in bot.received if message.group] == ["một", "hai"]


async def test_a_button_and_an_answer_say_what_they_belong_to(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    card = await bot.say(
        group, OutboundMessage(text="Hồ sơ", buttons=((Button(label="Nhận", data="dseen:1"),),))
    )
    await chair.say("", number=1, button="dseen:1", button_message=str(card))
    await chair.say("giao đội môi trường", number=2, reply_to=str(card))
    await leader.say("đồng ý", number=3, reply_to="message-2")
    pressed, answered, agreed = (message for message in bot.received if message.group)
    assert (pressed.button, pressed.button_message) == ("dseen:1", str(card))
    assert (answered.reply_to, answered.mentioned) == (str(card), True)
    assert (agreed.reply_to, agreed.mentioned) == ("message-2", False)


async def test_nobody_gives_a_message_the_number_of_one_from_the_bot(leader: Member, group: str) -> None:
    async with leader.http.post(
        leader.path("/chat/messages"), json={"id": "1234567890", "text": "x"}
    ) as answer:
        assert answer.status == 400


async def test_for_whoever_is_no_member_there_is_no_such_group(
    bot: EchoBot, leader: Member, stranger: Member, group: str, tmp_path: Path
) -> None:
    photo = store_drawing(_png(), tmp_path)
    kept = store_file(WORKBOOK, tmp_path, suffix=".xlsx")
    shown = OutboundMessage(
        text="Số liệu",
        photos=(Photo(media_key=photo.media_key),),
        files=(File(kind="export", media_key=kept.media_key, name="Số liệu.xlsx"),),
    )
    await bot.say(group, shown)
    assert (await leader.see(f"/media/{photo.media_key}"))[0] == 200
    assert (await leader.see(f"/media/{kept.media_key}"))[0] == 200
    before = len(bot.received)
    assert await stranger.say("cho tôi vào") == 404
    assert (await stranger.upload())[0] == 404
    assert (await stranger.see("/chat/commands"))[0] == 404
    for key in (photo.media_key, kept.media_key):
        assert (await stranger.see(f"/media/{key}"))[0] == 404
        async with stranger.http.get(f"/media/{key}") as answer:  # nor through their own chat
            assert answer.status == 404
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stranger.history(1)
    assert refused.value.status == 404
    assert await stranger.listed() == []
    assert len(bot.received) == before


@pytest.mark.parametrize("group_id", ["g-" + "f" * 32, "../x", "g-1", "G-" + "a" * 32, "%00"])
async def test_a_group_that_is_none_is_answered_like_a_foreign_one(
    leader: Member, group: str, group_id: str
) -> None:
    leader.group = group_id
    assert await leader.say("x") == 404
    assert (await leader.see("/chat/commands"))[0] == 404


async def test_another_persons_private_chat_is_no_group(leader: Member, chair: Member, group: str) -> None:
    leader.group = chair.user
    assert await leader.say("x") == 404


async def test_without_a_session_nothing_of_a_group_is_told(bot: EchoBot, group: str) -> None:
    async with aiohttp.ClientSession(bot.url, headers={"Origin": bot.url}) as http:
        for path in ("/chat/groups", "/chat/commands"):
            async with http.get(f"{path}?group={group}") as answer:
                assert answer.status == 401


async def test_whoever_is_taken_out_is_out_at_once(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    async with asyncio.timeout(5), chair.http.ws_connect(chair.path("/chat/socket")) as socket:
        while "entries" not in await socket.receive_json():
            pass
        bot.groups.members[group].discard(chair.user)
        await bot.web.act(Address("web", group), GroupAct(do="remove", member=chair.user))
        await leader.say("Việc này chỉ chúng ta biết.")
        heard: list[Any] = []
        while (message := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
            heard += message.json().get("entries", [])
    assert heard == []
    assert socket.close_code == NOT_A_MEMBER
    assert await chair.say("nghe rõ") == 404
    assert await chair.listed() == []


async def test_a_member_who_comes_in_for_the_first_time_is_noted_once(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    bot.groups.awaited.add((chair.user, group))
    await leader.say("Chào các đồng chí")
    for _ in range(2):
        assert len(await chair.history(1)) == 1
    assert bot.groups.awaited == set()
    assert [message.member_joined for message in bot.received if message.sender == chair.user] == [
        False,
        True,
    ]


async def test_a_file_comes_under_its_name_and_nothing_between_keeps_it(
    bot: EchoBot, leader: Member, group: str, tmp_path: Path
) -> None:
    kept = store_file(WORKBOOK, tmp_path, suffix=".xlsx")
    bot.file_names[kept.media_key] = 'Số liệu "tuần" 47\r\n.xlsx'
    sent = OutboundMessage(text="", files=(File(kind="export", media_key=kept.media_key),))
    await bot.say(group, sent)
    await bot.say(leader.user, sent)
    status, of_group = await leader.see(f"/media/{kept.media_key}")
    assert (status, of_group.headers["Cache-Control"]) == (200, "private, no-cache")
    disposition = of_group.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="So lieu _tuan_ 47__.xlsx"')
    assert "filename*=UTF-8''S%E1%BB%91%20li%E1%BB%87u" in disposition
    assert "sandbox" in of_group.headers["Content-Security-Policy"]
    assert of_group.headers["X-Content-Type-Options"] == "nosniff"
    leader.group = ""
    status, own = await leader.see(f"/media/{kept.media_key}")
    assert status == 200
    assert own.headers["Cache-Control"].startswith("private, max-age=")
    assert own.headers["Vary"] == "Cookie"


async def test_a_recording_is_heard_in_the_page(
    bot: EchoBot, leader: Member, group: str, tmp_path: Path
) -> None:
    kept = store_file(b"OggS and sound", tmp_path, suffix=".ogg")
    await bot.say(group, OutboundMessage(text="", files=(File(kind="voice", media_key=kept.media_key),)))
    _, answer = await leader.see(f"/media/{kept.media_key}")
    assert answer.content_type == "audio/ogg"
    assert answer.headers["Content-Disposition"].startswith("attachment")  # which a player does not mind
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_in_a_group_the_page_says_what_could_not_be_kept(
    bot: EchoBot, leader: Member, group: str
) -> None:
    form = aiohttp.FormData()
    form.add_field("photo", BytesIO(b"%PDF"), filename="p.pdf", content_type="application/pdf")
    before = len(bot.received)
    async with leader.http.post(leader.path("/chat/photos", id="upload-1"), data=form) as answer:
        assert await answer.json() == {"photos": [], "refused": "file"}
    assert len(bot.received) == before


async def test_in_a_group_only_its_commands_are_offered(leader: Member, group: str) -> None:
    async with leader.http.get(leader.path("/chat/commands")) as answer:
        assert await answer.json() == []


async def test_many_members_may_have_a_group_open(
    bot: EchoBot, leader: Member, chair: Member, group: str
) -> None:
    sockets = [await leader.http.ws_connect(leader.path("/chat/socket")) for _ in range(12)]
    assert len(await _refusal(leader)) > 0
    await chair.say("Tôi vẫn vào được.")
    assert len(await chair.history(1)) == 1
    for socket in sockets:
        await socket.close()


async def _refusal(member: Member) -> str:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await member.http.ws_connect(member.path("/chat/socket"))
    assert refused.value.status == 429
    return str(refused.value)


def _png() -> bytes:
    data = BytesIO()
    Image.new("RGB", (800, 500), (230, 240, 245)).save(data, "PNG")
    return data.getvalue()
