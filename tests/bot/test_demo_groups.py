"""The whole product in a browser: the sample city's leader and chairs in one group."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect

from bot import demo
from bot.app import App
from bot.settings import Settings
from routing.understanding import Understanding
from storage import conversations, groups, units
from storage.database import Database
from storage.tables import group_member
from tests.browser import CHROMIUM, DESKTOP, FLAGS, MISSING, picture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

TITLE = "Lãnh đạo thành phố – Chủ tịch các phường"
PATIENCE = 20_000


@pytest.fixture
async def app(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The demo with a short history, on a free port."""
    monkeypatch.setattr(demo, "CASES", 20)
    monkeypatch.setattr(demo, "DAYS", 8)
    settings = Settings(database_url=sqlite_url, media_dir=tmp_path / "media", port=0)
    running = App(settings, demo=demo.prepare, understanding=Understanding.load())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


async def at_seats(app: App, browser: Browser) -> tuple[Page, FrameLocator, FrameLocator]:
    """Open the demo as it is and return the leader's and the chair's page in it."""
    page = await browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page.set_default_timeout(PATIENCE)
    await page.goto(f"http://127.0.0.1:{app.port}/")
    leader = page.frame_locator("iframe[title='Lãnh đạo thành phố']")
    chair = page.frame_locator("iframe[title='Chủ tịch phường Khương Đình']")
    return page, leader, chair


async def enter(seat: FrameLocator) -> None:
    await seat.locator("#talks-open").click(timeout=60_000)  # the list is read anew now and then
    await seat.locator("#talks-sheet a", has_text=TITLE).click()
    await expect(seat.locator("#title")).to_have_text(TITLE)


async def says(seat: FrameLocator, text: str) -> None:
    await seat.locator("#text").fill(text)
    await seat.locator("#send").click()


async def the_group(database: Database) -> groups.Group:
    async with database.read() as transaction:
        kept = await units.get_setting(transaction, "demo_group")
        found = await groups.get_group(transaction, kept["id"])
    assert found is not None
    return found


async def test_leader_and_chair_find_their_group_and_talk_in_it(app: App, browser: Browser) -> None:
    page, leader, chair = await at_seats(app, browser)
    await enter(leader)
    await expect(leader.locator(".message.bot").first).to_be_visible(timeout=PATIENCE)
    await enter(chair)
    await chair.locator("#files").set_input_files([picture()])
    await says(chair, "Phường đã dọn xong, gửi lãnh đạo xem ảnh.")
    said = leader.locator(".message.member")
    await expect(said.locator(".text")).to_have_text("Phường đã dọn xong, gửi lãnh đạo xem ảnh.")
    await expect(said.locator(".author")).to_contain_text("Chủ tịch phường Khương Đình")
    await expect(said.locator("img")).to_have_js_property("complete", True)
    await says(leader, "@bot chào")
    await expect(chair.locator(".message.member .text").last).to_have_text("@bot chào")
    citizen = page.frame_locator("iframe[title='Người dân']")
    await expect(citizen.locator("#talks-open")).to_be_hidden()


async def test_whoever_is_no_longer_a_member_is_out_at_once(app: App, browser: Browser) -> None:
    _, leader, chair = await at_seats(app, browser)
    await enter(leader)
    await enter(chair)
    group = await the_group(app.database)
    async with app.database.read() as transaction:
        members = await groups.members_of(transaction, [group.id])
    removed = next(member for member in members if member.unit_code == "phuong-khuong-dinh" and member.user)
    async with app.database.begin() as transaction:
        await transaction.execute(
            group_member.update().where(group_member.c.person_id == removed.person_id).values(state="leaving")
        )
    await says(leader, "Việc này chỉ nội bộ.")
    await expect(chair.locator("#notice")).to_contain_text("Anh/chị không ở trong nhóm đó", timeout=PATIENCE)
    await expect(chair.get_by_text("Việc này chỉ nội bộ.")).to_have_count(0)


async def test_each_chair_who_comes_is_a_member_once(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "CASES", 0)
    city = await demo.prepare(sqlite, await asyncio.to_thread(Understanding.load))
    seats = [seat["name"] for seat in demo.DATA["seats"] if seat["role"] in ("chair", "leader")]
    for name in [*seats, *seats]:
        await city.sit(f"chat of {name}", name)
    await city.sit("chat of a citizen", "nguoi-dan")
    group = await the_group(sqlite)
    assert re.fullmatch(r"g-[0-9a-f]{32}", group.chat)
    assert (group.title, group.status, group.unit_code) == (TITLE, groups.ACTIVE, "ha-noi")
    async with sqlite.read() as transaction:
        inside = {
            name: await conversations.groups_of(
                transaction, channel="web", user=f"chat of {name}", now=datetime.now(UTC)
            )
            for name in (*seats, "a citizen")
        }
        known = await conversations.authors(
            transaction, channel="web", users=["chat of chu-tich-bo-de", "x"], now=datetime.now(UTC)
        )
    wards = [name for name in seats if name.startswith("chu-tich")]
    assert len(wards) >= 3
    assert {name for name, found in inside.items() if [each.chat for each in found] == [group.chat]} >= {
        "lanh-dao",
        *wards,
    }
    assert inside["a citizen"] == []
    assert known["chat of chu-tich-bo-de"].posts == (("chair", "Phường Bồ Đề"),)
    assert "x" not in known
