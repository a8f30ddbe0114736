"""Groups on the chat page in a real browser: what members see of one another, and that it fits a phone."""

import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from handlers.channel import Address, Button, File, GroupAct, OutboundMessage, Photo
from handlers.media import store_drawing, store_file
from tests.bot.test_chat_page import CONTRASTS, healthy, opened, say
from tests.browser import CHROMIUM, DESKTOP, FLAGS, MISSING, PHONE, picture
from tests.standins.echo_bot import EchoBot

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

TITLE = "Lãnh đạo thành phố – Chủ tịch các phường"
CHAIR = ("Nguyễn Thị B", "Chủ tịch – Phường Khương Đình")
LEADER = ("Trần Văn C", "Lãnh đạo – Hà Nội")
CARD = OutboundMessage(
    text="HN-7F3K-9Q2M · Rác thải\nĐống rác trước số 12, phường Khương Đình\nHạn: 17:00 thứ Tư 25/11",
    buttons=((Button(label="Đã nhận việc", data="dseen:1"), Button(label="Báo cáo", data="dreport:1")),),
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path) as running:
        yield running


class Room:
    """A leader's and a chair's page, and a group of both."""

    def __init__(self, bot: EchoBot, leader: Page, chair: Page, users: list[str]) -> None:
        self.bot, self.leader, self.chair = bot, leader, chair
        self.leader_id, self.chair_id = users
        bot.names[self.leader_id], bot.names[self.chair_id] = LEADER, CHAIR
        self.group = bot.groups.make(1, TITLE, *users)

    async def enter(self, page: Page) -> None:
        await page.goto(f"{self.bot.url}/chat?group={self.group}")
        await expect(page.locator(".connection.live")).to_have_count(1)
        await expect(page.locator("#title")).to_have_text(TITLE)


async def room_of(browser: Browser, bot: EchoBot, size: tuple[int, int] = PHONE) -> Room:
    pages, users = [], []
    for _ in range(2):
        page = await opened(browser, f"{bot.url}/chat", size)
        await say(page, "chào")
        await expect(page.locator(".message.bot")).to_have_count(1)
        pages.append(page)
        users.append(bot.received[-1].sender)
    return Room(bot, *pages, users)


@pytest.fixture
async def room(browser: Browser, bot: EchoBot) -> Room:
    return await room_of(browser, bot)


def chart(folder: Path) -> Photo:
    """A wide drawing with a line along its edge."""
    drawn = Image.new("RGB", (1000, 1200), (245, 248, 250))
    drawn.paste((200, 30, 30), (0, 0, 1000, 12))
    data = BytesIO()
    drawn.save(data, "PNG")
    return Photo(media_key=store_drawing(data.getvalue(), folder).media_key)


async def test_a_group_is_a_tap_away_and_shows_who_said_what(room: Room) -> None:
    await room.bot.say(room.group, CARD)
    await room.enter(room.chair)
    await say(room.chair, "Phường nhận việc, chiều nay xử lý.")
    await expect(room.chair.locator(".message.own .state")).to_have_text("✓")
    await room.leader.reload()
    await expect(room.leader.locator("#talks-open")).to_contain_text("Có tin mới")
    await room.leader.click("#talks-open")
    await room.leader.locator("#talks-sheet a", has_text=TITLE).click()
    said = room.leader.locator(".message.member")
    await expect(said.locator(".text")).to_have_text("Phường nhận việc, chiều nay xử lý.")
    await expect(said.locator(".author")).to_have_text("".join(CHAIR))
    await expect(room.leader.locator(".message.bot .author")).to_have_text("Lắng Nghe")
    await expect(room.leader.locator("#title")).to_have_text(TITLE)
    await expect(room.leader.locator("#talks-open")).not_to_contain_text("Có tin mới")
    await room.leader.go_back()
    await expect(room.leader.locator("#talks-open")).not_to_contain_text("Có tin mới")
    assert room.leader.url.endswith("/chat")
    healthy(room.leader)
    healthy(room.chair)


async def test_an_open_private_chat_is_told_of_news_in_a_group(room: Room) -> None:
    await room.leader.reload()
    await expect(room.leader.locator("#talks-open")).to_be_visible()
    await room.enter(room.chair)
    await say(room.chair, "Có việc gấp")
    await expect(room.leader.locator("#talks-open")).to_contain_text("Có tin mới")


async def test_what_one_presses_the_others_read(room: Room) -> None:
    await room.bot.say(room.group, CARD)
    await room.enter(room.leader)
    await room.enter(room.chair)
    await room.chair.get_by_role("button", name="Đã nhận việc").click()
    await expect(room.leader.locator(".message.member .text")).to_have_text("Đã nhận việc")
    pressed = [message for message in room.bot.received if message.button]
    assert [(message.group, message.sender, message.button) for message in pressed] == [
        (True, room.chair_id, "dseen:1")
    ]


async def test_a_card_and_a_colleague_are_answered_in_the_group(room: Room) -> None:
    card = await room.bot.say(room.group, CARD)
    await room.enter(room.leader)
    await room.enter(room.chair)
    await room.leader.get_by_role("button", name="Trả lời tin này").click()
    await say(room.leader, "giao phường xử lý trước thứ Sáu")
    theirs = room.chair.locator(".message.member")
    await expect(theirs.locator(".quote")).to_contain_text("HN-7F3K-9Q2M")
    await theirs.get_by_role("button", name="Trả lời tin này").click()
    await expect(room.chair.locator("#reply-text")).to_have_text("giao phường xử lý trước thứ Sáu")
    await say(room.chair, "Vâng ạ")
    await expect(room.leader.locator(".message.member .quote")).to_have_text(
        "giao phường xử lý trước thứ Sáu"
    )
    ordered, agreed = (message for message in room.bot.received if message.group)
    assert (ordered.reply_to, ordered.mentioned) == (str(card), True)
    assert (agreed.reply_to, agreed.mentioned) == (ordered.message_id, False)


async def test_photos_of_a_group_are_seen_by_its_members(room: Room) -> None:
    await room.enter(room.leader)
    await room.enter(room.chair)
    await room.chair.set_input_files("#files", [picture()])
    await say(room.chair, "đã dọn xong")
    image = room.leader.locator(".message.member img")
    await expect(image).to_have_count(1)
    await room.leader.wait_for_function(
        "[...document.images].every(i => !i.src || i.complete && i.naturalWidth > 0)"
    )
    [message] = [message for message in room.bot.received if message.group]
    assert (message.text, len(message.photos)) == ("đã dọn xong", 1)


async def test_a_file_that_is_no_photo_is_explained_where_it_was_picked(room: Room) -> None:
    await room.enter(room.leader)
    await room.leader.set_input_files(
        "#files", {"name": "don.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    await room.leader.click("#send")
    await expect(room.leader.locator("#notice")).to_contain_text("Trong nhóm chỉ gửi được ảnh")
    assert [message for message in room.bot.received if message.group] == []


async def test_the_bot_is_asked_with_a_tap(room: Room) -> None:
    await room.enter(room.leader)
    await room.leader.click("#mention")
    await room.leader.locator("#text").press_sequentially("tuần này phường nào trễ nhiều nhất?")
    await room.leader.click("#send")
    await expect(room.leader.locator(".message.bot .text")).to_have_text(
        "Đã nghe: tuần này phường nào trễ nhiều nhất?"
    )
    assert room.bot.received[-1].mentioned


async def test_what_is_begun_in_one_conversation_is_still_there_later(room: Room) -> None:
    await room.enter(room.leader)
    await room.leader.fill("#text", "đang viết dở")
    await room.leader.goto(f"{room.bot.url}/chat")
    await expect(room.leader.locator("#text")).to_have_value("")
    await room.enter(room.leader)
    await expect(room.leader.locator("#text")).to_have_value("đang viết dở")


async def test_what_waits_goes_where_it_was_written(room: Room) -> None:
    await room.enter(room.leader)
    room.bot.refuse = True
    await say(room.leader, "chỉ cho nhóm")
    await expect(room.leader.locator(".message.own .state")).to_have_text("Chờ gửi lại")
    await room.leader.goto(f"{room.bot.url}/chat")
    await expect(room.leader.locator(".connection.live")).to_have_count(1)
    await expect(room.leader.locator(".message.own")).to_have_count(1)  # the greeting alone
    room.bot.refuse = False
    await room.leader.reload()
    await room.enter(room.leader)
    await expect(room.leader.locator(".message.own .text")).to_have_text("chỉ cho nhóm")
    [message] = [message for message in room.bot.received if message.text == "chỉ cho nhóm"]
    assert message.address.chat == room.group


async def test_whoever_is_taken_out_is_led_back_and_told(room: Room) -> None:
    await room.enter(room.chair)
    room.bot.groups.members[room.group].discard(room.chair_id)
    await room.bot.web.act(Address("web", room.group), GroupAct(do="remove", member=room.chair_id))
    await expect(room.chair).to_have_url(re.compile(r"/chat$"))
    await expect(room.chair.locator("#notice")).to_contain_text("Anh/chị không ở trong nhóm đó")
    await expect(room.chair.locator("#talks-open")).to_be_hidden()


async def test_a_link_into_a_foreign_group_leads_to_the_own_chat(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat?group=g-{'0' * 32}")
    await expect(page.locator("#notice")).to_contain_text("Anh/chị không ở trong nhóm đó")
    await say(page, "chào")
    await expect(page.locator(".message.bot")).to_have_count(1)
    assert not bot.received[0].group


async def test_a_drawing_is_as_wide_as_the_page_and_opens_large(room: Room, tmp_path: Path) -> None:
    await room.bot.say(
        room.leader_id, OutboundMessage(text="Đúng hạn theo phường", photos=(chart(tmp_path),))
    )
    image = room.leader.locator(".message.chart img")
    await expect(image).to_be_visible()
    await room.leader.wait_for_function("document.querySelector('.chart img').naturalWidth > 0")
    await expect(
        room.leader.locator(".message.chart .meta")
    ).to_be_in_viewport()  # scrolled to once it is drawn
    box = await image.bounding_box()
    assert box is not None
    assert box["width"] > 0.85 * PHONE[0]
    assert box["height"] == pytest.approx(box["width"] * 1.2, rel=0.02)  # nothing is cut off
    await room.leader.locator(".message.chart .pictures button").click()
    await expect(room.leader.locator("#viewer")).to_be_visible()
    large = await room.leader.locator("#viewer-image").bounding_box()
    assert large is not None
    assert large["width"] == pytest.approx(PHONE[0], abs=1)


async def test_a_workbook_is_saved_under_its_name_and_pages_open_with_a_tap(
    room: Room, tmp_path: Path
) -> None:
    kept = store_file(b"PK\x03\x04 workbook", tmp_path, suffix=".xlsx")
    room.bot.file_names[kept.media_key] = "Số liệu tuần 47.xlsx"
    await room.bot.say(
        room.leader_id,
        OutboundMessage(
            text="Số liệu tuần này",
            files=(File(kind="export", media_key=kept.media_key, name="Số liệu tuần 47.xlsx", size=48_200),),
            links=(("Mở nhóm", f"/chat?group={room.group}"), ("Xấu", "javascript:alert(1)")),
        ),
    )
    row = room.leader.locator(".file")
    await expect(row).to_contain_text("Số liệu tuần 47.xlsx")
    await expect(row).to_contain_text("48 KB")
    async with room.leader.expect_download() as saving:
        await row.click()
    saved = await saving.value
    assert saved.suggested_filename == "Số liệu tuần 47.xlsx"
    await saved.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == b"PK\x03\x04 workbook"
    await expect(room.leader.locator(".links a")).to_have_text(["Mở nhóm"])
    await room.leader.get_by_role("link", name="Mở nhóm").click()
    await expect(room.leader.locator("#title")).to_have_text(TITLE)
    healthy(room.leader)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_a_group_fits_and_can_be_read_and_tapped(
    browser: Browser, bot: EchoBot, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    room = await room_of(browser, bot, size)
    await room.leader.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    kept = store_file(b"PK\x03\x04 workbook", tmp_path, suffix=".xlsx")
    await room.enter(room.chair)
    await bot.say(room.group, CARD)
    await say(room.chair, "Phường đã nhận, chiều nay xử lý xong. " + "dài" * 60)
    await bot.say(
        room.group,
        OutboundMessage(
            text="Số liệu tuần này",
            photos=(chart(tmp_path),),
            files=(File(kind="export", media_key=kept.media_key, name="Số liệu.xlsx", size=48_200),),
            links=(("Mở bảng số liệu", "https://example.vn/"),),
        ),
    )
    await room.enter(room.leader)
    await expect(room.leader.locator(".message")).to_have_count(3)
    assert await room.leader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    stick_out = await room.leader.evaluate(
        """[...document.querySelectorAll('.bubble, .choices, .talks-list a, #talks-open')]
           .filter(b => b.getBoundingClientRect().right > innerWidth).map(b => b.className)"""
    )
    assert stick_out == []
    small = await room.leader.evaluate(
        """[...document.querySelectorAll('.choices button, .choices a, .file, .tool:not([hidden]), .send,'
              + ' .meta button, .talks-list a, #talks-open')]
           .filter(b => b.checkVisibility() && b.getBoundingClientRect().height < 44).map(b => b.className)"""
    )
    assert small == []
    parts = (
        ".member .text, .author strong, .author span, .file .name, .file .size, .choices a, .badge, .now, "
        ".talks-list .name, "
    )
    contrasts = await room.leader.evaluate(CONTRASTS.replace('const parts = "', f'const parts = "{parts}'))
    assert {name: value for name, value in contrasts.items() if value < 4.5} == {}
    healthy(room.leader)
