"""The web channel: updates survive the inbox, news reaches an open page at once, in order and once."""

import asyncio
import json
import re
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from bot.channels.web import OVERLAP, Entry, WebChannel, write_update
from handlers.channel import (
    Acted,
    Address,
    Button,
    CreateGroup,
    File,
    GroupAct,
    GroupRights,
    Location,
    Malformed,
    NotSupported,
    OutboundMessage,
    Photo,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CHAT = "c" * 32
GROUP = "g-" + "a" * 32


class Story:
    """A chat's history that grows."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def history(self, chat: str, after: int) -> list[Entry]:
        await asyncio.sleep(0)
        return [entry for entry in sorted(self.entries, key=lambda entry: entry.id) if entry.id > after]

    def add(self, number: int) -> None:
        message = OutboundMessage(text=f"Tin {number}")
        self.entries.append(Entry(kind="out", id=number, at=NOW, message=message))


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def channel(story: Story) -> WebChannel:
    return WebChannel(history=story.history)


async def taken(batches: object, count: int) -> list[int]:
    numbers: list[int] = []
    async with asyncio.timeout(5):
        while len(numbers) < count:
            numbers += [entry.id for entry in await anext(batches)]  # type: ignore[call-overload]
    return numbers


def test_everything_a_person_can_do_survives_the_inbox(channel: WebChannel) -> None:
    body = write_update(
        update_id="u-1234567",
        chat=CHAT,
        user="person",
        sent_at=NOW,
        text="Cống nghẹt\nngõ 12",
        button="send",
        button_message="77",
        photos=["a.jpg", "b.jpg"],
        location=Location(latitude=0.0, longitude=105.8),
        reply_to="76",
        unsupported="file",
    )
    message = channel.parse(body)
    assert message is not None
    assert message.address == Address("web", CHAT)
    assert (message.sender, message.sent_at, message.message_id) == ("person", NOW, "u-1234567")
    assert message.text == "Cống nghẹt\nngõ 12"
    assert (message.button, message.button_message, message.reply_to) == ("send", "77", "76")
    assert message.photos == (Photo(media_key="a.jpg"), Photo(media_key="b.jpg"))
    assert message.location == Location(latitude=0.0, longitude=105.8)
    assert message.unsupported == "file"


def test_the_same_id_in_two_chats_is_two_messages(channel: WebChannel) -> None:
    bodies = [
        write_update(update_id="u-1234567", chat=chat, user=chat, sent_at=NOW, text="x")
        for chat in ("one", "two", "one")
    ]
    first, second, again = (channel.envelope(body, {}) for body in bodies)
    assert first == again
    assert first.external_id != second.external_id
    assert (first.chat, second.chat) == ("one", "two")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"id": "1"}', b"\xff"])
def test_an_envelope_of_garbage_is_malformed(channel: WebChannel, body: bytes) -> None:
    with pytest.raises(Malformed):
        channel.envelope(body, {})


def test_what_no_database_can_keep_is_taken_out(channel: WebChannel) -> None:
    text = json.loads('"a\\u0000b\\ud800c"')
    message = channel.parse(write_update(update_id="u", chat=CHAT, user=CHAT, sent_at=NOW, text=text))
    assert message is not None
    assert message.text == "a�b�c"


async def test_the_history_comes_first_then_each_message_as_it_is_sent(
    channel: WebChannel, story: Story
) -> None:
    story.add(1)
    story.add(2)
    async with aclosing(channel.follow(CHAT, 0)) as batches:
        assert await taken(batches, 2) == [1, 2]
        waiting = asyncio.create_task(taken(batches, 1))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        story.add(3)
        sent = await channel.send(Address("web", CHAT), OutboundMessage(text="Tin 3"))
        assert await waiting == [3]
        assert sent.message_id == ""


async def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(
    channel: WebChannel, story: Story
) -> None:
    for number in range(1, 6):
        story.add(number)
    async with aclosing(channel.follow(CHAT, 3)) as batches:
        assert await taken(batches, 2) == [4, 5]


async def test_an_empty_chat_is_told_so(channel: WebChannel) -> None:
    async with aclosing(channel.follow(CHAT, 0)) as batches:
        assert await anext(batches) == []


async def test_a_message_that_commits_after_a_later_one_is_not_lost(
    channel: WebChannel, story: Story
) -> None:
    for number in range(1, 60):
        if number != 50:
            story.add(number)
    async with aclosing(channel.follow(CHAT, 0)) as batches:
        assert len(await taken(batches, 58)) == 58
        story.add(50)
        channel.wake(CHAT)
        assert await taken(batches, 1) == [50]
    assert OVERLAP > 59 - 50


async def test_news_that_comes_while_the_history_is_read_is_not_missed(
    channel: WebChannel, story: Story
) -> None:
    async with aclosing(channel.follow(CHAT, 0)) as batches:
        await anext(batches)
        reading = asyncio.create_task(taken(batches, 200))
        for number in range(1, 201):
            story.add(number)
            channel.wake(CHAT)
            await asyncio.sleep(0)
        assert await reading == list(range(1, 201))


async def test_a_page_that_left_is_forgotten(channel: WebChannel) -> None:
    async with aclosing(channel.follow(CHAT, 0)) as batches:
        await anext(batches)
        assert channel.followers(CHAT) == 1
    assert channel.followers(CHAT) == 0
    channel.wake(CHAT)


async def test_other_processes_hear_of_a_message(story: Story) -> None:
    heard: list[str] = []

    async def announce(chat: str) -> None:
        heard.append(chat)

    channel = WebChannel(history=story.history, announce=announce)
    await channel.send(Address("web", CHAT), OutboundMessage(text="x"))
    assert heard == [CHAT]


async def test_what_the_web_chat_lacks_is_refused(channel: WebChannel) -> None:
    with pytest.raises(NotSupported):
        await channel.fetch(Photo(reference="x"))
    with pytest.raises(NotSupported):
        await channel.fetch_file(File(reference="x"))
    for lacking in ("link", "open_topic", "close_topic", "unheard-of"):
        with pytest.raises(NotSupported):
            await channel.act(Address("web", GROUP), GroupAct(do=lacking))


async def test_a_group_is_made_at_once_and_nobody_can_guess_it(channel: WebChannel) -> None:
    wish = CreateGroup(title="Chủ tịch các phường", members=(Address("web", CHAT),))
    first, second = await channel.create_group(wish), await channel.create_group(wish)
    assert first.channel == "web"
    assert re.fullmatch(r"g-[0-9a-f]{32}", first.chat)
    assert first != second


async def test_a_group_of_the_web_lacks_nothing_and_is_entered_by_its_address(story: Story) -> None:
    channel = WebChannel(history=story.history, public_url="https://langnghe.example.vn/")
    group = Address("web", GROUP)
    checked = await channel.act(group, GroupAct(do="check"))
    assert checked.rights == GroupRights(member=True, missing=(), forum=False)
    invited = await channel.act(group, GroupAct(do="invite", member=CHAT))
    assert invited.value == f"https://langnghe.example.vn/chat?group={GROUP}"
    for done in ("admit", "refuse", "revoke", "remove"):
        assert await channel.act(group, GroupAct(do=done, member=CHAT)) == Acted()


async def test_whoever_is_taken_out_reads_nothing_that_comes_later(channel: WebChannel, story: Story) -> None:
    members = {CHAT}

    async def allowed() -> bool:
        return CHAT in members

    story.add(1)
    async with aclosing(channel.follow(GROUP, 0, allowed=allowed)) as batches:
        assert await taken(batches, 1) == [1]
        story.add(2)
        members.clear()
        await channel.act(Address("web", GROUP), GroupAct(do="remove", member=CHAT))
        async with asyncio.timeout(5):
            assert [batch async for batch in batches] == []


@pytest.mark.parametrize(
    ("text", "reply_to", "mentioned"),
    [
        ("@bot tuần này phường nào trễ nhiều nhất?", "", True),
        ("nhờ @LangNghe xem giúp", "", True),
        ("giao phường xử lý trước thứ Sáu", "41", True),
        ("tôi đồng ý", "message-of-a-person", False),
        ("gửi về abc@bot.vn", "", False),
        ("@botany", "", False),
        ("tôi đồng ý", "", False),
    ],
)
def test_in_a_group_the_bot_is_meant_when_it_is_named_or_answered(
    channel: WebChannel, text: str, reply_to: str, mentioned: bool
) -> None:
    update = write_update(
        update_id="u-1234567", chat=GROUP, user=CHAT, sent_at=NOW, text=text, reply_to=reply_to
    )
    message = channel.parse(update)
    assert message is not None
    assert (message.group, message.mentioned) == (True, mentioned)
    assert (message.address, message.sender) == (Address("web", GROUP), CHAT)


def test_in_a_private_chat_nothing_is_a_group(channel: WebChannel) -> None:
    message = channel.parse(
        write_update(update_id="u-1234567", chat=CHAT, user=CHAT, sent_at=NOW, text="@bot", reply_to="4")
    )
    assert message is not None
    assert (message.group, message.mentioned, message.member_joined) == (False, False, False)


def test_in_a_group_nobody_uses_up_the_ids_of_others(channel: WebChannel) -> None:
    longest = "x" * 64
    one, other = (
        channel.envelope(write_update(update_id=longest, chat=GROUP, user=user, sent_at=NOW, text="x"), {})
        for user in (CHAT, "d" * 32)
    )
    assert one.chat == other.chat == GROUP
    assert one.external_id != other.external_id
    assert len(one.external_id) <= 128


async def test_a_page_hears_of_news_in_chats_that_it_does_not_show(channel: WebChannel) -> None:
    news = asyncio.Event()
    channel.listen({CHAT, GROUP}, news)
    await channel.send(Address("web", GROUP), OutboundMessage(text="x"))
    assert news.is_set()
    news.clear()
    channel.unlisten({CHAT, GROUP}, news)
    channel.wake(GROUP)
    assert not news.is_set()


def test_an_entry_says_who_wrote_it_and_whether_the_viewer_did(channel: WebChannel) -> None:
    said = channel.parse(write_update(update_id="u-1234567", chat=GROUP, user=CHAT, sent_at=NOW, text="x"))
    entry = Entry(kind="in", id=1, at=NOW, inbound=said, name="Trần A", post="Chủ tịch – Phường B")
    mine, theirs = entry.as_dict(CHAT), entry.as_dict("d" * 32)
    assert (mine["own"], theirs["own"]) == (True, False)
    assert (theirs["name"], theirs["post"]) == ("Trần A", "Chủ tịch – Phường B")
    assert CHAT not in json.dumps(theirs)


def test_an_entry_tells_the_page_all_it_shows() -> None:
    message = OutboundMessage(
        text="Chọn",
        buttons=((Button(label="Gửi", data="send"),),),
        photos=(Photo(media_key="k.jpg"), Photo(reference="elsewhere")),
        ask_location="Gửi vị trí",
        replace="6",
        files=(File(kind="export", media_key="k.xlsx", name="Số liệu.xlsx", size=2048), File(reference="r")),
        links=(("Mở nhóm", "https://example.vn/g"),),
    )
    shown = Entry(kind="out", id=7, at=NOW, message=message).as_dict(CHAT)
    assert json.loads(json.dumps(shown)) == {
        "kind": "out",
        "id": 7,
        "at": "2026-11-21T10:00:00+00:00",
        "text": "Chọn",
        "buttons": [[{"label": "Gửi", "data": "send"}]],
        "photos": ["k.jpg"],
        "files": [{"key": "k.xlsx", "kind": "export", "name": "Số liệu.xlsx", "size": 2048}],
        "links": [{"label": "Mở nhóm", "url": "https://example.vn/g"}],
        "reply_to": "",
        "ask_location": "Gửi vị trí",
        "replace": "6",
    }
