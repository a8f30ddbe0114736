"""The whole product in a browser: a citizen complains, the chair answers, the leader asks for figures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Page, async_playwright, expect

from bot import demo
from bot.app import App
from bot.settings import Settings
from routing.understanding import Understanding
from tests.browser import CHROMIUM, DESKTOP, FLAGS, MISSING, picture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

COMPLAINT = (
    "Đống rác trước số 12 đường Khương Đình, phường Khương Đình ba hôm nay chưa ai dọn, bốc mùi khó chịu"
)
ANSWER = "Tổ môi trường đã dọn sạch lúc 7 giờ sáng và đặt thêm hai thùng rác."
PATIENCE = 20_000


@pytest.fixture
async def app(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The demo with a short history, on a free port."""
    monkeypatch.setattr(demo, "CASES", 3)
    settings = Settings(database_url=sqlite_url, media_dir=tmp_path / "media", port=0)
    running = App(settings, demo=demo.prepare, understanding=Understanding.load())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def page(app: App) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
        page.set_default_timeout(PATIENCE)
        await page.goto(f"http://127.0.0.1:{app.port}/")
        yield page
        await browser.close()


async def says(seat: FrameLocator, text: str) -> None:
    await seat.locator("#text").fill(text)
    await seat.locator("#send").click()


async def presses(seat: FrameLocator, label: str) -> None:
    await seat.locator(".choices:not(.spent) button", has_text=label).last.click()


async def sees(seat: FrameLocator, text: str) -> None:
    await expect(seat.locator(".message.bot", has_text=text).last).to_be_visible(timeout=PATIENCE)


async def says_that_it_is_simulated(seat: FrameLocator) -> None:
    """Check that the page does, and every message on it."""
    await expect(seat.locator("#simulated")).to_be_visible()
    marks = await seat.locator(".message .meta time").evaluate_all(
        "times => times.map(time => getComputedStyle(time, '::after').content)"
    )
    assert marks
    assert all("mô phỏng" in mark for mark in marks)


async def test_from_one_message_to_an_answer_and_a_figure(page: Page) -> None:
    citizen = page.frame_locator("iframe[title='Người dân']")
    chair = page.frame_locator("iframe[title='Chủ tịch phường Khương Đình']")
    leader = page.frame_locator("iframe[title='Lãnh đạo thành phố']")

    await citizen.locator("#files").set_input_files([picture()])
    await says(citizen, COMPLAINT)
    await sees(citizen, "Rác thải")
    await presses(citizen, "Đồng ý và gửi")
    await expect(citizen.locator(".message.bot .code").first).to_be_visible(timeout=PATIENCE)
    code = await citizen.locator(".message.bot .code").first.inner_text()

    await sees(chair, code)
    await expect(chair.locator(".message.bot img").first).to_be_visible(timeout=PATIENCE)
    await presses(chair, "Nhận việc")
    await sees(citizen, "đang giải quyết")
    await presses(chair, "Trả lời người dân")
    await chair.locator("#files").set_input_files([picture((30, 160, 60))])
    await says(chair, ANSWER)
    await presses(chair, "Gửi câu trả lời")
    await sees(citizen, ANSWER)
    await expect(citizen.locator(".message.bot img").first).to_be_visible(timeout=PATIENCE)
    await presses(citizen, "5")
    await sees(citizen, "5 sao")

    await says(leader, "/thongke")
    await sees(leader, "Đã trả lời")

    await citizen.locator("#menu").click()
    await citizen.get_by_role("button", name="Các phản ánh của tôi").click()
    await sees(citizen, "mới nhất ở trên")
    await says_that_it_is_simulated(citizen)
    await says_that_it_is_simulated(leader)
