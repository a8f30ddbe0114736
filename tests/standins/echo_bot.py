"""A bot in memory behind the real web server: it stores, echoes and remembers, without a database.

    async with EchoBot(tmp_path) as bot:
        ... bot.url ...

A text is answered with "Đã nghe: TEXT"; "nút" also gets buttons, "ảnh" also gets the sent photos back.
By hand: `python -m tests.standins.echo_bot --port 8099`.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from bot.channels.web import Entry, WebChannel
from bot.server import Demo, SamplePosition, Seat, build_server
from bot.web_groups import ListedGroup
from handlers.channel import Address, Button, Channel, Envelope, InboundMessage, OutboundMessage
from handlers.media import StoredPhoto

SEATS = (
    Seat(
        name="nguoi-dan",
        title="Người dân",
        hint="Gửi phản ánh, theo dõi, chấm điểm",
        examples=("Đèn đường trước số 12 ngõ 5 tắt ba đêm nay", "Nắp cống bị vỡ ở đầu phố"),
    ),
    Seat(name="chu-tich", title="Chủ tịch phường Khương Đình", hint="Nhận việc, giao, trả lời, xin gia hạn"),
    Seat(name="dieu-phoi", title="Cán bộ điều phối", hint="Xem những gì máy chưa chắc"),
    Seat(name="lanh-dao", title="Lãnh đạo thành phố", hint="Hỏi số liệu, chỉ đạo từng việc"),
)
POSITIONS = (SamplePosition(title="Hồ Hoàn Kiếm", latitude=21.0287, longitude=105.8523),)
CARD_BUTTONS = (
    (Button(label="Đồng ý và gửi", data="send"),),
    (Button(label="Sửa lĩnh vực", data="domain"), Button(label="Sửa địa điểm", data="place")),
)


class SampleGroups:
    """Groups by hand: who is in which, and who of them has not come yet."""

    commands = ("/nhom",)

    def __init__(self, bot: "EchoBot") -> None:
        self.titles: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.awaited: set[tuple[str, str]] = set()
        self._bot = bot

    def make(self, number: int, title: str, *members: str) -> str:
        """Make a group and return its chat."""
        chat = f"g-{number:032x}"
        self.titles[chat], self.members[chat] = title, set(members)
        return chat

    async def listed(self, user: str) -> list[ListedGroup]:
        found = [chat for chat, members in self.members.items() if user in members]
        chats = [user, *found] if found else []
        return [
            ListedGroup(
                chat="" if chat == user else chat,
                title=self.titles.get(chat, ""),
                last_in=self._last(chat, "in"),
                last_out=self._last(chat, "out"),
            )
            for chat in chats
        ]

    async def admits(self, user: str, chat: str) -> bool:
        return user in self.members.get(chat, ())

    async def comes_in(self, user: str, chat: str) -> bool:
        return (user, chat) in self.awaited

    def _last(self, chat: str, kind: str) -> int:
        ids = [entry.id for entry in self._bot.entries.get(chat, []) if entry.kind == kind]
        return max(ids, default=0)


class EchoBot:
    """Runs the real server on a free port; `refuse` makes the storage fail while it is true."""

    def __init__(self, media_dir: Path, *, demo: bool = False, port: int = 0) -> None:
        self.media_dir = media_dir
        self.web = WebChannel(history=self.history)
        self.channels: dict[str, Channel] = {"web": self.web}
        self.entries: dict[str, list[Entry]] = {}
        self.received: list[InboundMessage] = []
        self.photos: list[StoredPhoto] = []
        self.sat: list[tuple[str, str]] = []
        self.groups = SampleGroups(self)
        self.names: dict[str, tuple[str, str]] = {}
        """Person → the name and post under which a group sees them."""
        self.file_names: dict[str, str] = {}
        self.refuse = False
        self.healthy = True
        self.answer: Callable[[InboundMessage], OutboundMessage | None] = echo
        self._external_ids: set[str] = set()
        self._count = 0
        self._port = port
        self._demo = Demo(seats=SEATS, sit=self._sit, positions=POSITIONS) if demo else None

    async def __aenter__(self) -> Self:
        application = build_server(
            channels=self.channels,
            receive=self.receive,
            health=self.health,
            web=self.web,
            media_dir=self.media_dir,
            demo=self._demo,
            may_see=self.may_see,
            commands=self.commands,
            add_photo=self.add_photo,
            file_name=self.file_name,
            groups=self.groups,
            secret=lambda: "of the program",
        )
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self._port).start()
        self._port = self.runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def receive(self, channel: str, envelope: Envelope, body: bytes) -> None:
        if self.refuse:
            raise OSError("disk full")
        if envelope.external_id in self._external_ids:
            return
        self._external_ids.add(envelope.external_id)
        message = self.web.parse(body)
        assert message is not None
        self.received.append(message)
        if message.member_joined:
            self.groups.awaited.discard((message.sender, message.address.chat))
            return
        name, post = self.names.get(message.sender, ("", ""))
        self._append(message.address.chat, "in", inbound=message, name=name, post=post)
        answer = self.answer(message)
        if answer:
            await self.say(message.address.chat, answer)

    async def say(self, chat: str, message: OutboundMessage) -> int:
        number = self._append(chat, "out", message=message)
        await self.web.send(Address("web", chat), message)
        return number

    def _append(self, chat: str, kind: Any, **parts: Any) -> int:
        self._count += 1
        entry = Entry(kind=kind, id=self._count, at=datetime.now(UTC), **parts)
        self.entries.setdefault(chat, []).append(entry)
        return self._count

    async def history(self, chat: str, after: int) -> list[Entry]:
        return [entry for entry in self.entries.get(chat, []) if entry.id > after]

    async def health(self) -> dict[str, Any]:
        if not self.healthy:
            raise OSError("database away")
        return {"inbox_waiting": 3, "oldest_seconds": 1.5}

    async def may_see(self, chat: str, media_key: str) -> bool:
        return any(media_key in entry.media_keys for entry in self.entries.get(chat, []))

    async def file_name(self, media_key: str) -> str:
        return self.file_names.get(media_key, "")

    async def commands(self, chat: str) -> list[tuple[str, str]]:
        return [("/trogiup", "Cách dùng"), ("/cuatoi", "Các phản ánh của tôi"), ("/tracuu", "Tra cứu một mã")]

    async def add_photo(self, photo: StoredPhoto) -> None:
        self.photos.append(photo)

    async def _sit(self, chat: str, seat: str) -> None:
        self.sat.append((chat, seat))


def echo(message: InboundMessage) -> OutboundMessage | None:
    """Answer with what was said, in a group only what is meant for the bot."""
    if message.group and not (message.mentioned or message.button):
        return None
    heard = message.text or message.button or message.unsupported or str(message.location or "")
    return OutboundMessage(
        text=f"Đã nghe: {heard}",
        buttons=CARD_BUTTONS if "nút" in message.text else (),
        photos=message.photos if "ảnh" in message.text else (),
        ask_location="Gửi vị trí của tôi" if "vị trí" in message.text else "",
        replace=message.button_message,
    )


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    with tempfile.TemporaryDirectory() as folder:
        async with EchoBot(Path(folder), demo=True, port=parser.parse_args().port):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
