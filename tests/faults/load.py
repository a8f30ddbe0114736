"""People who use the program all the while: citizens who report and rate, officials who accept and answer.

Each remembers what was acknowledged to them, which is what must be found in the database afterwards. Who
waits for a message longer than people do is stuck, which is a failure: messages may be late, but they come.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from handlers import texts
from tests.faults.vendor import Vendor
from tests.standins.telegram import Shown, jpeg

LOOK_SECONDS = 0.05
PATIENCE = 240.0
"""Seconds for which somebody waits for a message before they count as stuck."""
FILE, ACCEPT, ANSWER = "Đồng ý và gửi", "Nhận việc", "Trả lời người dân"
SEND, RATE = "Gửi câu trả lời", "5 ★"
CODE = "Mã: "
PHOTO = jpeg(64, 48)
WITH_PHOTO = 0.3
LONGEST_QUEUE = 4
"""So many cases wait for an official at the most; then nobody new comes."""
PAUSE_SECONDS = 0.5
"""How long a citizen waits at the longest before the next one comes."""

WARDS = {
    "phuong-khuong-dinh": "Khương Đình",
    "phuong-thanh-xuan": "Thanh Xuân",
    "phuong-dong-da": "Đống Đa",
}
MATTERS = (
    "Rác đổ đầy trước ngõ {number} đường {street}, phường {ward}, mấy hôm nay chưa ai dọn, hôi lắm.",
    "Xe rác bỏ qua ngõ {number} đường {street}, phường {ward} cả tuần, rác chất đống ngoài cửa.",
    "Có người đổ trộm rác xây dựng ở ngõ {number} đường {street}, phường {ward} đêm qua.",
)
"""What the ward itself answers, whichever it is."""
STREETS = ("Nguyễn Trãi", "Khương Trung", "Lê Trọng Tấn", "Tây Sơn", "Hoàng Cầu", "Thái Hà")


@dataclass(kw_only=True, slots=True)
class Report:
    """One report, as far as its writer and its unit have brought it: what was acknowledged is true."""

    chat: int
    ward: str
    text: str
    confirmed: bool = False
    """Whether the press that files it was acknowledged."""
    code: str = ""
    """Its code, once its writer was told."""
    accepted: bool = False
    answered: bool = False
    rated: bool = False


@dataclass(slots=True)
class Official:
    """Somebody of a ward, who works off one case after the other."""

    chat: int
    ward: str
    seen: int = 0
    """How many of the messages in the chat lie behind."""
    desk: asyncio.Queue[Report] = field(default_factory=asyncio.Queue)


class Stuck(Exception):
    """Somebody has waited for a message that did not come."""


class Load:
    """Steady load: so many citizens at a time, and one official for each ward."""

    def __init__(
        self, vendor: Vendor, random: Random, *, citizens: int = 6, pause: float = PAUSE_SECONDS
    ) -> None:
        self.reports: list[Report] = []
        self.stuck: list[str] = []
        self._vendor = vendor
        self._random = random
        self._citizens = citizens
        self._pause = pause
        self._chats = itertools.count(1_000_001)
        self._numbers = itertools.count(1)
        self._officials = {ward: Official(chat=900_001 + n, ward=ward) for n, ward in enumerate(WARDS)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False

    async def seat(self, codes: dict[str, str]) -> None:
        """Let the officials use their invitations (ward → code), and begin to work."""
        for ward, official in self._officials.items():
            await self._vendor.user_sends(official.chat, f"/start {codes[ward]}")
            await self._shown(official.chat, lambda shown: "Chào" in shown.text, "a welcome")
            self._go(self._work(official))

    def start(self) -> None:
        """Let citizens come, one after the other in each of their places."""
        for _ in range(self._citizens):
            self._go(self._come())

    async def stop(self) -> None:
        """Let nobody new come; return when everybody who is under way has done what they came for."""
        self._over = True
        while waiting := [task for task in self._tasks if task.get_name() != "official"]:
            await asyncio.gather(*waiting)
        for official in self._officials.values():
            await official.desk.join()
        while waiting := [task for task in self._tasks if task.get_name() != "official"]:
            await asyncio.gather(*waiting)

    async def until_filed(self, more: int) -> None:
        """Wait until so many more reports are filed: a fault is to strike a city that works."""
        wanted = self._filed_so_far() + more
        async with asyncio.timeout(PATIENCE):
            while self._filed_so_far() < wanted:  # noqa: ASYNC110 - it is the work of others that is waited for
                await asyncio.sleep(LOOK_SECONDS)

    def _filed_so_far(self) -> int:
        return sum(bool(report.code) for report in self.reports)

    async def close(self) -> None:
        """Send everybody home at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self) -> float:
        """Let a new citizen greet the bot; return how many seconds they waited for an answer."""
        began, chat = time.monotonic(), next(self._chats)
        await self._vendor.user_sends(chat, "/start")
        await self._shown(chat, lambda shown: bool(shown.text), "a greeting")
        return time.monotonic() - began

    async def file_with_photo(self, between: Callable[[], None]) -> None:
        """File a report with a photo; `between` happens after the photo has come and before it is sent on.

        Returns when the unit has answered it.
        """
        report = self._new_report()
        await self._vendor.user_sends(report.chat, report.text, photo=PHOTO)
        await self._press(report.chat, FILE, between=between)
        await self._filed(report)
        while not report.answered:  # noqa: ASYNC110 - it is the work of others that is waited for
            await asyncio.sleep(LOOK_SECONDS)

    # ── citizens ─────────────────────────────────────────────────────────────────────────────────

    async def _come(self) -> None:
        while not self._over:
            if all(official.desk.qsize() < LONGEST_QUEUE for official in self._officials.values()):
                await self._report()
            await asyncio.sleep(self._random.random() * self._pause)

    def _new_report(self) -> Report:
        # Where least is waiting: officials answer more slowly than citizens write.
        ward = min(WARDS, key=lambda each: self._officials[each].desk.qsize())
        matter = self._random.choice(MATTERS)
        street = self._random.choice(STREETS)
        text = matter.format(number=next(self._numbers), street=street, ward=WARDS[ward])
        report = Report(chat=next(self._chats), ward=ward, text=text)
        self.reports.append(report)
        return report

    async def _report(self) -> None:
        report = self._new_report()
        photo = PHOTO if self._random.random() < WITH_PHOTO else None
        await self._vendor.user_sends(report.chat, report.text, photo=photo)
        await self._press(report.chat, FILE)
        await self._filed(report)

    async def _filed(self, report: Report) -> None:
        report.confirmed = True
        shown = await self._shown(report.chat, lambda shown: CODE in shown.text, "a code")
        report.code = shown.text.partition(CODE)[2].split()[0]
        self._officials[report.ward].desk.put_nowait(report)

    async def _rate(self, report: Report) -> None:
        await self._press(report.chat, RATE)
        await self._shown(report.chat, lambda shown: "chấm 5 sao" in shown.text, "thanks")
        report.rated = True

    # ── officials ────────────────────────────────────────────────────────────────────────────────

    async def _work(self, official: Official) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("official")
        while True:
            report = await official.desk.get()
            try:
                await self._handle(official, report)
            except Stuck as stuck:
                self.stuck.append(str(stuck))
            finally:
                official.desk.task_done()

    async def _handle(self, official: Official, report: Report) -> None:
        chat, code = official.chat, report.code
        await self._press(chat, ACCEPT, about=code)
        report.accepted = True
        await self._shown(chat, lambda shown: "đã nhận" in shown.text and code in shown.text, "a receipt")
        # Not by a reply: where the vendor's answer was lost, nobody knows what the card is called there.
        await self._press(chat, ANSWER, about=code)
        await self._shown(chat, lambda shown: f"câu trả lời cho {code}" in shown.text, "to be asked for it")
        official.seen = len(self._vendor.sent(chat))
        await self._vendor.user_sends(chat, f"Đã xử lý xong việc {code} sáng nay.", photo=PHOTO)
        while not await self._is_complete(official):
            # The vendor could not hand the photo over; the official is told so and sends it again.
            official.seen = len(self._vendor.sent(chat))
            await self._vendor.user_sends(chat, photo=PHOTO)
        await self._press(chat, SEND, after=official.seen)
        report.answered = True
        self._go(self._rate(report))

    async def _is_complete(self, official: Official) -> bool:
        """Tell whether the answer can be sent, once the bot has said what it makes of it."""

        def says(shown: Shown) -> bool:
            asked = any(label.startswith((SEND, "Không có ảnh")) for label, _ in shown.buttons)
            return asked or shown.text == texts.unsupported(what="photo_lost")

        await self._shown(official.chat, says, "the answer to check", after=official.seen)
        shown = self._vendor.sent(official.chat)[official.seen :]
        return any(_data_of(each, SEND) for each in shown)

    # ── what people do and see ───────────────────────────────────────────────────────────────────

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Stuck as stuck:
            self.stuck.append(str(stuck))

    async def _press(
        self,
        chat: int,
        label: str,
        *,
        about: str = "",
        after: int = 0,
        between: Callable[[], None] | None = None,
    ) -> Shown:
        """Press a button as soon as it is there; return the message that it was under."""

        def has_it(shown: Shown) -> bool:
            return about in shown.text and bool(_data_of(shown, label))

        shown = await self._shown(chat, has_it, f"a button {label!r} {about}", after=after)
        if between is not None:
            between()
        await self._vendor.user_presses_stale(shown, _data_of(shown, label))
        return shown

    async def _shown(self, chat: int, wanted: Callable[[Shown], bool], what: str, *, after: int = 0) -> Shown:
        """Wait until a message is there, and return the latest that fits. Raises Stuck."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [shown for shown in self._vendor.sent(chat)[after:] if wanted(shown)]
            if found:
                return found[-1]
            await asyncio.sleep(LOOK_SECONDS)
        raise Stuck(f"chat {chat} has waited for {what}; it was shown {self._last_words(chat)}")

    def _last_words(self, chat: int) -> list[str]:
        return [shown.text[:120] for shown in self._vendor.sent(chat)[-3:]]


def _data_of(shown: Shown, label: str) -> str:
    return next((data for own, data in shown.buttons if own.startswith(label)), "")
