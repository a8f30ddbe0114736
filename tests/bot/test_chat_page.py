"""The chat page in a real browser: what people see, and what happens when the connection does not hold."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from handlers.channel import Button, InboundMessage, OutboundMessage
from handlers.pace import Pace
from tests.browser import CHROMIUM, DESKTOP, FLAGS, MISSING, PHONE, picture
from tests.standins.echo_bot import EchoBot, echo

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


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


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path, demo=True) as running:
        yield running


async def opened(
    browser: Browser, url: str, size: tuple[int, int] = PHONE, context: BrowserContext | None = None
) -> Page:
    """Open a page that fails the test on any script error or broken security rule."""
    context = context or await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE, is_mobile=size == PHONE
    )
    page = await context.new_page()
    page.problems = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
    page.on("console", lambda said: _keep_violation(page, said.text))
    await page.goto(url)
    return page


def _keep_violation(page: Page, text: str) -> None:
    if re.search(r"Content.Security|Trusted|Refused|violat", text, re.IGNORECASE):
        page.problems.append(text)  # type: ignore[attr-defined]


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click("#send")


async def bubbles(page: Page, kind: str) -> list[str]:
    return await page.locator(f".message.{kind} .text").all_inner_texts()


def healthy(page: Page) -> None:
    assert page.problems == []  # type: ignore[attr-defined]


async def test_a_message_is_answered_and_still_there_after_a_reload(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "Đèn đường tắt\n<b>ba đêm</b> <script>alert(1)</script>")
    await expect(page.locator(".message.bot")).to_have_count(1)
    await expect(page.locator(".message.own .state")).to_have_text("✓")
    assert await bubbles(page, "own") == ["Đèn đường tắt\n<b>ba đêm</b> <script>alert(1)</script>"]
    await page.reload()
    await expect(page.locator(".message.bot")).to_have_count(1)
    await expect(page.locator(".message.own")).to_have_count(1)
    assert await page.locator(".text b, .text script").count() == 0
    healthy(page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_nothing_sticks_out_and_everything_can_be_read_and_tapped(
    browser: Browser, bot: EchoBot, size: tuple[int, int]
) -> None:
    page = await opened(browser, f"{bot.url}/chat", size)
    await say(page, "nút " + "dài" * 400 + " " + "một tin dài nhiều chữ " * 80)
    await expect(page.locator(".choices button")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(
        "[...document.querySelectorAll('.bubble')].every(b => b.getBoundingClientRect().right <= innerWidth)"
    )
    small = await page.evaluate(
        """[...document.querySelectorAll('.choices button, .tool:not([hidden]), .send, .meta button')]
           .filter(b => b.getBoundingClientRect().height < 44).length"""
    )
    assert small == 0
    sizes = await page.evaluate(
        """[...document.querySelectorAll('.text, textarea, .choices button')].map(e =>
           parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= 16
    unnamed = await page.evaluate(
        """[...document.querySelectorAll('button, textarea, img')].filter(e =>
           !(e.getAttribute('aria-label') || e.textContent.trim() || e.hasAttribute('alt'))).length"""
    )
    assert unnamed == 0
    healthy(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_background(browser: Browser, bot: EchoBot, scheme: str) -> None:
    context = await browser.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = await opened(browser, f"{bot.url}/chat", context=context)
    await say(page, "nút")
    await expect(page.locator(".choices button")).to_have_count(3)
    contrasts = await page.evaluate(CONTRASTS)
    assert contrasts
    assert {name: value for name, value in contrasts.items() if value < 4.5} == {}


CONTRASTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  const parts = ".bot .text, .own .text, time, .choices button, .tool, #subtitle, #title, .day";
  for (const element of document.querySelectorAll(parts)) {
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
    found[element.className || element.id || element.tagName + element.textContent] =
      (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }
  return found;
}"""


async def test_a_pressed_button_counts_once_and_is_greyed_when_spent(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "nút")
    await page.get_by_role("button", name="Đồng ý và gửi").dblclick()
    await expect(page.locator(".choices.spent button:disabled")).to_have_count(3)
    await expect(page.locator(".choices .chosen")).to_have_text("Đồng ý và gửi")
    assert (await bubbles(page, "own"))[-1] == "Đồng ý và gửi"
    assert [message.button for message in bot.received if message.button] == ["send"]
    await page.reload()
    await expect(page.locator(".choices.spent .chosen")).to_have_text("Đồng ý và gửi")
    assert (await bubbles(page, "own"))[-1] == "Đồng ý và gửi"
    healthy(page)


async def test_buttons_that_are_not_spent_work_again(browser: Browser, bot: EchoBot) -> None:
    choice = OutboundMessage(text="Xem gì?", buttons=((Button(label="Tuần này", data="week"),),))
    bot.answer = lambda message: choice if message.text else OutboundMessage(text="12 phản ánh")
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "/thongke")
    for count in (2, 3):
        await page.get_by_role("button", name="Tuần này").click()
        await expect(page.locator(".message.bot")).to_have_count(count)
    assert [message.button for message in bot.received] == ["", "week", "week"]


async def test_photos_are_previewed_sent_together_with_the_text_and_seen_large(
    browser: Browser, bot: EchoBot
) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await page.set_input_files("#files", [picture(), picture((200, 0, 0)), picture((0, 0, 200))])
    await expect(page.locator(".preview")).to_have_count(3)
    await page.get_by_role("button", name="Bỏ ảnh 2").click()
    await expect(page.locator(".preview")).to_have_count(2)
    await say(page, "ảnh chỗ ngập")
    await expect(page.locator(".preview")).to_have_count(0)
    await expect(page.locator(".message.bot img")).to_have_count(2)
    [message] = bot.received
    assert (message.text, len(message.photos)) == ("ảnh chỗ ngập", 2)
    await page.reload()
    await expect(page.locator(".message.own img")).to_have_count(2)
    await page.wait_for_function(
        "[...document.images].every(i => !i.src || i.complete && i.naturalWidth > 0)"
    )
    await page.locator(".message.bot .pictures button").first.click()
    await expect(page.locator("#viewer")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#viewer")).to_be_hidden()
    healthy(page)


async def test_a_file_that_is_no_photo_is_answered_by_the_bot(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await page.set_input_files(
        "#files", {"name": "don.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    await page.click("#send")
    await expect(page.locator(".message.bot .text")).to_have_text("Đã nghe: file")
    await expect(page.locator(".message.own")).to_have_count(1)
    assert [message.unsupported for message in bot.received] == ["file"]


async def test_what_is_written_offline_goes_out_once_and_in_order_when_the_net_is_back(
    browser: Browser, bot: EchoBot
) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await expect(page.locator(".connection.live")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.locator("#notice")).to_contain_text("Mất kết nối")
    for number in (1, 2, 3):
        await say(page, f"tin {number}")
    await expect(page.locator(".message.own .state").first).to_have_text("Chờ gửi lại")
    assert bot.received == []
    await page.context.set_offline(False)
    await expect(page.locator(".message.bot")).to_have_count(3)
    assert [message.text for message in bot.received] == ["tin 1", "tin 2", "tin 3"]
    await expect(page.locator(".connection.live")).to_be_visible()


async def test_what_the_server_could_not_store_is_kept_through_a_closed_page(
    browser: Browser, bot: EchoBot
) -> None:
    bot.refuse = True
    page = await opened(browser, f"{bot.url}/chat")
    await page.set_input_files("#files", picture())
    await say(page, "đừng mất nhé")
    await expect(page.locator(".message.own .state")).to_have_text("Chờ gửi lại")
    context = page.context
    await page.close()
    bot.refuse = False
    page = await opened(browser, f"{bot.url}/chat", context=context)
    await expect(page.locator(".message.bot .text")).to_have_text("Đã nghe: đừng mất nhé")
    await expect(page.locator(".message.own")).to_have_count(1)
    [message] = bot.received
    assert (message.text, len(message.photos)) == ("đừng mất nhé", 1)


async def test_answers_given_while_the_page_was_away_are_all_there_in_order(
    browser: Browser, bot: EchoBot
) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "chào")
    await expect(page.locator(".message.bot")).to_have_count(1)
    await page.context.set_offline(True)
    chat = bot.received[0].address.chat
    for number in range(30):
        await bot.say(chat, OutboundMessage(text=f"tin báo {number}"))
    await page.context.set_offline(False)
    await expect(page.locator(".message.bot")).to_have_count(31)
    assert await bubbles(page, "bot") == ["Đã nghe: chào", *[f"tin báo {number}" for number in range(30)]]


async def test_a_slowed_down_message_is_explained_and_sent_by_itself(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web_chat.Pace", lambda burst, seconds: Pace(2, 6.0))
    async with EchoBot(tmp_path) as bot:
        page = await opened(browser, f"{bot.url}/chat")
        for number in range(3):
            await say(page, f"tin {number}")
        await expect(page.locator("#notice")).to_contain_text("Anh/chị gửi hơi nhanh")
        await expect(page.locator(".message.own .state").last).to_contain_text("Tự gửi sau")
        await expect(page.locator(".message.bot")).to_have_count(3)
        await expect(page.locator("#notice")).to_be_hidden()
    assert [message.text for message in bot.received] == ["tin 0", "tin 1", "tin 2"]


async def test_position_is_sent_when_allowed(browser: Browser, bot: EchoBot) -> None:
    context = await browser.new_context(
        geolocation={"latitude": 21.0285, "longitude": 105.8542}, permissions=["geolocation"]
    )
    page = await opened(browser, f"{bot.url}/chat", context=context)
    await say(page, "vị trí")
    await page.get_by_role("button", name="Gửi vị trí của tôi").click()
    await expect(page.locator(".message.own").nth(1)).to_contain_text("21.02850, 105.85420")
    await expect(page.locator(".message.bot")).to_have_count(2)
    assert bot.received[1].location is not None
    healthy(page)


async def test_a_refused_position_is_explained(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await page.click("#position")
    await expect(page.locator("#notice")).to_contain_text("Anh/chị viết giúp tên đường và phường")
    assert bot.received == []


async def test_the_demo_offers_sample_positions(browser: Browser, demo: EchoBot) -> None:
    page = await opened(browser, f"{demo.url}/chat?seat=nguoi-dan")
    await expect(page.locator("#simulated")).to_be_visible()
    await page.click("#position")
    await page.get_by_role("button", name="Hồ Hoàn Kiếm").click()
    await expect(page.locator(".message.bot")).to_have_count(1)
    assert demo.received[0].location is not None


async def test_commands_are_a_tap_away(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await page.click("#menu")
    await page.get_by_role("button", name="Các phản ánh của tôi").click()
    await expect(page.locator(".message.bot .text")).to_have_text("Đã nghe: /cuatoi")


async def test_a_message_can_be_answered_directly(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "chào")
    await page.get_by_role("button", name="Trả lời tin này").click()
    await expect(page.locator("#reply")).to_be_visible()
    await say(page, "đã sửa xong")
    await expect(page.locator(".message.own .quote")).to_have_text("Đã nghe: chào")
    await expect(page.locator(".message.bot")).to_have_count(2)
    number = await page.locator(".message.bot").first.get_attribute("data-id")
    assert bot.received[1].reply_to == number


async def test_the_keyboard_is_enough(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat", DESKTOP)
    await page.locator("#text").focus()
    await page.keyboard.type("nút dòng một")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("dòng hai")
    await page.keyboard.press("Enter")
    await expect(page.locator(".choices button")).to_have_count(3)
    assert bot.received[0].text == "nút dòng một\ndòng hai"
    await page.get_by_role("button", name="Sửa lĩnh vực").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.bot")).to_have_count(2)
    assert bot.received[1].button == "domain"


async def test_news_does_not_pull_away_who_reads_further_up(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    await say(page, "dài\n" * 60)
    await expect(page.locator(".message.bot")).to_have_count(1)
    await page.locator("#scroller").evaluate("e => { e.scrollTop = 0; }")
    await page.wait_for_timeout(100)
    await bot.say(bot.received[0].address.chat, OutboundMessage(text="tin mới nhất"))
    await expect(page.locator("#newest")).to_be_visible()
    assert await page.locator("#scroller").evaluate("e => e.scrollTop") == 0
    await page.click("#newest")
    await expect(page.get_by_text("tin mới nhất")).to_be_in_viewport()


async def test_times_are_those_of_viet_nam_wherever_the_browser_is(browser: Browser, bot: EchoBot) -> None:
    context = await browser.new_context(timezone_id="America/New_York")
    page = await opened(browser, f"{bot.url}/chat", context=context)
    shown = await page.evaluate(
        """async () => {
          const when = await import('/page/when.js');
          const at = new Date('2026-11-25T10:00:00Z'), now = new Date('2026-11-26T01:00:00Z');
          return [when.full(at), when.dayName(at, now), when.dayName(now, now),
                  when.date(new Date('2025-01-04T18:00:00Z'), now)];
        }"""
    )
    assert shown == ["17:00 thứ Tư 25/11", "Hôm qua", "Hôm nay", "Chủ nhật 5/1/2025"]


async def test_two_tabs_show_the_same_chat(browser: Browser, bot: EchoBot) -> None:
    first = await opened(browser, f"{bot.url}/chat")
    await say(first, "từ tab một")
    await expect(first.locator(".message.bot")).to_have_count(1)
    second = await opened(browser, f"{bot.url}/chat", context=first.context)
    await expect(second.locator(".message.own")).to_have_count(1)
    await say(second, "từ tab hai")
    await expect(first.locator(".message.own")).to_have_count(2)
    await expect(first.locator(".message.bot")).to_have_count(2)
    assert await bubbles(first, "own") == await bubbles(second, "own") == ["từ tab một", "từ tab hai"]


async def test_the_demo_shows_several_people_side_by_side(browser: Browser, demo: EchoBot) -> None:
    def forward(message: InboundMessage) -> OutboundMessage:
        chair = next(chat for chat, seat in demo.sat if seat == "chu-tich")
        demo_tasks.append(asyncio.ensure_future(demo.say(chair, OutboundMessage(text="Việc mới"))))
        return echo(message)

    demo_tasks: list[asyncio.Future[int]] = []
    demo.answer = forward
    page = await opened(browser, demo.url, DESKTOP)
    await expect(page.get_by_text("Dữ liệu mô phỏng").first).to_be_visible()
    await expect(page.locator("iframe")).to_have_count(3)
    citizen = page.frame_locator("iframe[title='Người dân']")
    chair = page.frame_locator("iframe[title^='Chủ tịch']")
    await expect(chair.locator(".connection.live")).to_be_visible()
    await citizen.locator("#text").fill("Nắp cống vỡ")
    await citizen.locator("#send").click()
    await expect(chair.locator(".message.bot .text")).to_have_text("Việc mới")
    await expect(citizen.locator(".message.bot .text")).to_have_text("Đã nghe: Nắp cống vỡ")
    await page.get_by_role("button", name="Lãnh đạo thành phố").click()
    leader = page.frame_locator("iframe[title='Lãnh đạo thành phố']")
    await expect(leader.locator(".connection.live")).to_be_visible()
    assert len({chat for chat, _ in demo.sat}) == 4
    healthy(page)


async def test_the_demo_on_a_phone_shows_one_seat_and_marks_news_at_the_others(
    browser: Browser, demo: EchoBot
) -> None:
    page = await opened(browser, demo.url, PHONE)
    await expect(page.locator(".pane.current iframe")).to_have_count(1)
    await expect(page.frame_locator("iframe[title^='Chủ tịch']").locator(".connection.live")).to_have_count(1)
    chair = next(chat for chat, seat in demo.sat if seat == "chu-tich")
    await demo.say(chair, OutboundMessage(text="Việc mới"))
    tab = page.get_by_role("button", name="Chủ tịch phường Khương Đình")
    await expect(tab).to_have_class("news")
    await tab.click()
    await expect(page.frame_locator(".pane.current iframe").get_by_text("Việc mới")).to_be_visible()
    await expect(tab).not_to_have_class("news")
    healthy(page)
