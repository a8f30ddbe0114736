"""Take the pictures of the guides in docs/vi from the real chat: the demo, its people, a headless browser.

`python -m scripts.picture_guides [NAME ...]` takes all of them, or those of some guides (nguoi-dan, can-bo,
lanh-dao, van-hanh). It is a Wednesday morning in them, whenever they are taken.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Browser, FilePayload, Page, async_playwright
from tqdm import tqdm

from bot import demo
from bot.app import App
from bot.settings import Settings
from routing.deadline import LOCAL_TIME
from routing.understanding import Understanding
from storage import people

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "vi" / "images"
MORNING = datetime(2026, 11, 25, 9, 30, tzinfo=LOCAL_TIME)
WIDTH, HEIGHT, SCALE = 430, 960, 1.25
COLOURS = 96
PATIENCE = 30_000
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--no-first-run", "--font-render-hinting=none"]
RUBBISH = "Đống rác trước số 12 đường Khương Đình, phường Khương Đình ba hôm nay chưa ai dọn, mùi hôi lắm."
VAGUE = "Nhờ các anh chị xem giúp chuyện ở cuối ngõ 236 Khương Đình, phường Khương Đình, khó chịu lắm"
ANSWER = "Tổ môi trường đã dọn sạch lúc 7 giờ sáng nay và đặt thêm hai thùng rác."


SCROLL = """each => {
  const list = each.closest(".scroller");
  list.scrollTop += each.getBoundingClientRect().top - list.getBoundingClientRect().top - 14;
}"""
SIGNS = """() => {
  document.activeElement?.blur();
  const signs = {"🔴": ["●", "#d32f2f"], "🟠": ["●", "#ef6c00"], "🟢": ["●", "#2e7d32"],
    "🟡": ["●", "#f9a825"], "⚪": ["●", "#bdbdbd"], "✅": ["✔", "#2e7d32"], "⚠": ["▲", "#f9a825"],
    "🔺": ["▲", "#d32f2f"], "🔸": ["◆", "#ef6c00"]};
  const sign = /\\p{Extended_Pictographic}/u;
  const walk = document.createTreeWalker(document.querySelector(".scroller"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) if (sign.test(walk.currentNode.data)) found.push(walk.currentNode);
  for (const node of found) {
    const parts = node.data.replaceAll("\\ufe0f", "").split(/(\\p{Extended_Pictographic})/u).map((part) => {
      if (!sign.test(part) || "★✓".includes(part)) return part;
      const shown = document.createElement("span");
      [shown.textContent, shown.style.color] = signs[part] ?? ["▪", "#546e7a"];
      return shown;
    });
    node.replaceWith(...parts);
  }
}"""
"""Telephones have pictures for these characters, fonts of a server seldom: plain signs stand in for them."""


class Clock:
    """The program's clock: it goes on from a Wednesday morning."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return MORNING + self._ahead + timedelta(seconds=time.monotonic() - self._began)

    def set(self, hour: int, minute: int) -> None:
        """Move to a time of this day."""
        self._ahead += MORNING.replace(hour=hour, minute=minute) - self()


class Phone:
    """Somebody's chat on a telephone."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def says(self, text: str, *, photo: bytes = b"") -> None:
        """Write a message, perhaps with a photo."""
        if photo:
            picked: FilePayload = {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo}
            await self._page.set_input_files("#files", [picked])
        await self._page.fill("#text", text)
        await self._page.click("#send")

    async def presses(self, label: str) -> None:
        """Press the latest button of this label."""
        await self._page.locator(".choices:not(.spent) button", has_text=label).last.click()

    async def files(self) -> None:
        """Send the draft; where something like it is known, as another matter."""
        await self.presses("Đồng ý và gửi")
        page = self._page
        other = page.locator(".choices:not(.spent) button", has_text="Không, việc khác").last
        sent = page.locator(".message.bot", has_text="Đã gửi").last
        await other.or_(sent).last.wait_for()
        if await other.count():
            await other.click()
            await sent.wait_for()

    async def sees(self, text: str) -> None:
        """Wait for a message of the bot that holds this."""
        await self._page.locator(".message.bot", has_text=text).last.wait_for()

    async def sees_picture(self) -> None:
        """Wait for a picture of the bot's."""
        await self._page.locator(".message.bot img").last.wait_for()

    async def code(self) -> str:
        """Return the latest tracking code on the screen."""
        return await self._page.locator(".message.bot .code").last.inner_text()

    async def shows(self, name: str, *, top: str = "") -> None:
        """Take the picture; with `top`, from the latest message on that holds this text."""
        await self._page.wait_for_timeout(700)
        await self._page.wait_for_function("[...document.images].every(i => !i.src || i.complete)")
        await self._page.evaluate(SIGNS)
        if top:
            await self._page.locator(".message", has_text=top).last.evaluate(SCROLL)
        await self._page.wait_for_timeout(200)
        save(name, await self._page.screenshot())


def save(name: str, taken: bytes) -> None:
    """Keep a picture, small: the chat has few colours."""
    picture = Image.open(BytesIO(taken)).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    small.save(FOLDER / f"{name}.png", optimize=True)


def street(*, clean: bool) -> bytes:
    """Return a drawn photo of a wall with a pavement, and what lies on it."""
    picture = Image.new("RGB", (640, 420), "#cfd8dc")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 60, 640, 290), fill="#d9c3a0")
    draw.rectangle((0, 290, 640, 420), fill="#9e9e9e")
    draw.rectangle((90, 120, 190, 290), fill="#6d4c41")
    draw.rectangle((400, 120, 540, 220), fill="#90caf9")
    if clean:
        for left in (300, 390):
            draw.rectangle((left, 220, left + 70, 320), fill="#2e7d32")
            draw.rectangle((left - 6, 208, left + 76, 224), fill="#1b5e20")
    else:
        for number, colour in enumerate(("#37474f", "#5d4037", "#1a237e", "#4e342e", "#263238", "#3e2723")):
            left = 250 + number % 3 * 70
            top = 270 - number // 3 * 45
            draw.ellipse((left, top, left + 100, top + 80), fill=colour)
    data = BytesIO()
    picture.save(data, "JPEG", quality=85)
    return data.getvalue()


class Stage:
    """The running demo and the browser that looks at it."""

    def __init__(self, app: App, browser: Browser, clock: Clock) -> None:
        self.app, self.clock = app, clock
        self._browser = browser

    async def phone(self, seat: str, *, group: str = "") -> Phone:
        """Open the chat of somebody of the demo."""
        context = await self._browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=SCALE,
            has_touch=True,
            is_mobile=True,
            locale="vi-VN",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        await page.clock.set_fixed_time(self.clock())
        await page.goto(f"http://127.0.0.1:{self.app.port}/chat?seat={seat}")
        return Phone(page)

    async def invitation(self, unit: str, role: str) -> str:
        """Return a fresh one-time code."""
        async with self.app.database.begin() as transaction:
            return await people.create_invitation(transaction, unit_code=unit, role=role, now=self.clock())


async def citizens(stage: Stage) -> None:
    """The guide for everybody."""
    stage.clock.set(9, 30)
    citizen, chair = await stage.phone("nguoi-dan"), await stage.phone("chu-tich-phuong")
    await citizen.says(RUBBISH, photo=street(clean=False))
    await citizen.sees("Rác thải")
    await citizen.shows("nguoi-dan-1-gui")
    await citizen.files()
    await citizen.shows("nguoi-dan-2-ma")
    code = await citizen.code()
    await chair.sees(code)
    await chair.presses("Nhận việc")
    await citizen.sees("đang giải quyết")
    await chair.presses("Trả lời người dân")
    await chair.says(ANSWER, photo=street(clean=True))
    await chair.presses("Gửi câu trả lời")
    await citizen.sees(ANSWER)
    await citizen.shows("nguoi-dan-3-tra-loi")
    await citizen.says("/cuatoi")
    await citizen.sees("mới nhất ở trên")
    await citizen.shows("nguoi-dan-4-cua-toi", top="/cuatoi")
    await citizen.says("/dulieucuatoi")
    await citizen.shows("nguoi-dan-5-du-lieu", top="/dulieucuatoi")


async def officials(stage: Stage) -> None:
    """The guide for chairs and officers."""
    stage.clock.set(10, 5)
    citizen, chair = await stage.phone("nguoi-dan"), await stage.phone("chu-tich-phuong")
    await citizen.says("Xe rác không vào ngõ 236 Khương Đình, phường Khương Đình, rác ùn lên cả tuần rồi")
    await citizen.files()
    code = await citizen.code()
    await chair.sees(code)
    await chair.shows("can-bo-2-phieu", top=code)
    await chair.presses("Giao người xử lý")
    await chair.sees("cho ai?")
    await chair.shows("can-bo-3-giao", top="cho ai?")
    await chair.presses("Tôi tự xử lý")
    await chair.says("/viec")
    await chair.sees("1 việc đang mở")
    await chair.shows("can-bo-4-viec", top="/viec")
    await chair.says(f"/viec {code}")
    await chair.presses("Trả lời người dân")
    await chair.says(ANSWER, photo=street(clean=True))
    await chair.sees("Câu trả lời cho")
    await chair.shows("can-bo-5-tra-loi", top=ANSWER)
    await chair.presses("Gửi câu trả lời")
    officer = await stage.phone("nguoi-dan")
    await officer.says(f"/start {await stage.invitation('phuong-khuong-dinh', 'officer')}")
    await officer.sees("chuyên viên")
    await officer.shows("can-bo-1-ma-moi", top="/start")


async def leaders(stage: Stage) -> None:
    """The guide for leaders."""
    stage.clock.set(10, 30)
    leader, citizen = await stage.phone("lanh-dao"), await stage.phone("nguoi-dan")
    await leader.says("tháng này phường nào trễ nhiều nhất?")
    await leader.sees("trễ hạn nhiều nhất")
    await leader.says("vẽ biểu đồ số phản ánh theo ngày tuần này")
    await leader.sees_picture()
    await leader.shows("lanh-dao-1-hoi")
    await leader.says("/thongke")
    await leader.sees("Đang mở")
    await leader.shows("lanh-dao-2-thong-ke", top="/thongke")
    await citizen.says("Nắp hố ga vỡ trên vỉa hè ngõ 68 Khương Trung, phường Khương Đình")
    await citizen.files()
    await leader.says(f"{await citizen.code()} giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.sees("Giao")
    await leader.shows("lanh-dao-3-chi-dao", top="xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    await leader.says("/lapnhom")
    await leader.sees("lập nhóm")
    await leader.shows("lanh-dao-4-nhom", top="/lapnhom")


async def operators(stage: Stage) -> None:
    """The guide for whoever runs it."""
    stage.clock.set(11, 0)
    citizen = await stage.phone("nguoi-dan")
    await citizen.says(VAGUE)
    await citizen.files()
    await citizen.says("/xoadulieu")
    await citizen.presses("Xóa dữ liệu của tôi")
    admin = await stage.phone("quan-tri")
    await admin.says("/yeucaudulieu")
    await admin.shows("van-hanh-1-yeu-cau", top="/yeucaudulieu")
    await admin.says("/thongke kenh")
    await admin.sees("theo kênh")
    await admin.shows("van-hanh-2-kenh", top="/thongke kenh")
    dispatcher = await stage.phone("dieu-phoi")
    await dispatcher.says("/dieuphoi")
    await dispatcher.sees("ngõ 236")
    await dispatcher.shows("van-hanh-3-dieu-phoi", top="/dieuphoi")


GUIDES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "nguoi-dan": citizens,
    "can-bo": officials,
    "lanh-dao": leaders,
    "van-hanh": operators,
}


async def take(names: list[str]) -> None:
    """Run the demo in a folder of its own and take the pictures of some guides."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/demo.db", media_dir=Path(folder) / "media", port=0
        )
        app = App(
            settings, demo=partial(demo.prepare, now=clock), understanding=Understanding.load(), now=clock
        )
        await app.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                for name in tqdm(names, desc="guides", file=sys.stderr):
                    await GUIDES[name](Stage(app, browser, clock))
                await browser.close()
        finally:
            await app.stop()


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1:] or list(GUIDES)))
