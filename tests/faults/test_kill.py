"""The program is killed again and again while people write: what was acknowledged becomes a case, once."""

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from sqlalchemy import func, select

from storage import ledger
from storage.database import Database
from storage.tables import case, inbox, outbox
from tests.standins.telegram import TelegramStandIn

ROOT = Path(__file__).parent.parent.parent
KILLS = 4
CITIZENS = 12
COMPLAINT = (
    "Rác đổ đầy trước ngõ {number} đường Khương Đình, phường Khương Đình, mấy hôm chưa ai dọn, hôi lắm."
)
SECRET = "a-secret-for-tests"
TOKEN = "123456:" + "t" * 35


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """`python -m bot serve` as a process of its own."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = f"sqlite:///{folder}/city.db"
        self.environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "LANGNGHE_DATABASE_URL": self.database_url,
            "LANGNGHE_MEDIA_DIR": str(folder / "media"),
            "LANGNGHE_PORT": str(self.port),
            "LANGNGHE_TELEGRAM_TOKEN": TOKEN,
            "LANGNGHE_TELEGRAM_API_URL": api_url,
            "LANGNGHE_TELEGRAM_MODE": "webhook",
            "LANGNGHE_TELEGRAM_SECRET": SECRET,
            "LANGNGHE_PUBLIC_URL": "https://city.example",
        }
        self.process: asyncio.subprocess.Process

    async def command(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    @asynccontextmanager
    async def running(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        self.process = await self.command("serve")
        errors = asyncio.create_task(self.process.stderr.read())
        try:
            async with asyncio.timeout(60):
                while not await self._answers(session):
                    assert self.process.returncode is None, (await errors).decode()
                    await asyncio.sleep(0.05)
            yield
        finally:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
            await errors

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def until_idle(self, session: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(60):
            while True:
                async with session.get(f"{self.url}/healthz") as response:
                    state = json.loads(await response.read())
                if state["inbox_waiting"] == 0:
                    return
                await asyncio.sleep(0.1)


async def write(session: aiohttp.ClientSession, program: Program, number: int, chat: int, text: str) -> None:
    """Deliver one update as the vendor does: the same again until it is acknowledged."""
    user = {"id": chat, "is_bot": False, "first_name": "An"}
    message = {
        "message_id": number,
        "from": user,
        "chat": {"id": chat, "type": "private", "first_name": "An"},
        "date": int(time.time()),
        "text": text,
    }
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    while True:
        try:
            async with session.post(
                f"{program.url}/telegram", json={"update_id": number, "message": message}, headers=headers
            ) as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.05)


async def citizen(
    session: aiohttp.ClientSession,
    program: Program,
    telegram: TelegramStandIn,
    ids: Iterator[int],
    filed: list[int],
    over: asyncio.Event,
) -> None:
    """File one complaint after another, each from a new chat; keep the chats that were acknowledged."""
    while not over.is_set():
        chat = 1_000_000 + next(ids)
        await write(session, program, next(ids), chat, COMPLAINT.format(number=chat % 9000 + 1))
        while not telegram.sent(chat):  # noqa: ASYNC110 - the stand-in is asked, it does not tell
            await asyncio.sleep(0.02)
        await write(session, program, next(ids), chat, "1")
        filed.append(chat)


async def until_filed(filed: list[int], count: int) -> None:
    """Wait until so many complaints were acknowledged: the slower the machine, the longer."""
    async with asyncio.timeout(60):
        while len(filed) < count:  # noqa: ASYNC110 - it is the work of many that is waited for
            await asyncio.sleep(0.02)


async def test_what_was_acknowledged_becomes_a_case_and_none_twice(tmp_path: Path) -> None:
    async with TelegramStandIn(token=TOKEN, strangers=True) as telegram, aiohttp.ClientSession() as session:
        program = Program(tmp_path, telegram.url)
        init = await program.command("init", "--province", "Hà Nội")
        _, errors = await init.communicate()
        assert init.returncode == 0, errors.decode()
        ids, over = itertools.count(1), asyncio.Event()
        filed: list[int] = []
        people = [
            asyncio.create_task(citizen(session, program, telegram, ids, filed, over))
            for _ in range(CITIZENS)
        ]
        for kill in range(KILLS):
            async with program.running(session):
                await until_filed(filed, len(filed) + CITIZENS)
                await asyncio.sleep(0.13 * kill)
                program.process.send_signal(signal.SIGKILL)
                await program.process.wait()
        async with program.running(session):
            over.set()
            await asyncio.gather(*people)
            await program.until_idle(session)
            program.process.send_signal(signal.SIGTERM)
            assert await program.process.wait() == 0
    await check(Database(program.database_url), filed)


async def check(database: Database, filed: list[int]) -> None:
    async with database.read() as transaction:
        cases = Counter(row["chat"] for row in await transaction.fetch(select(case.c.chat)))
        dead = await transaction.fetch(
            select(func.count().label("n")).select_from(inbox).where(inbox.c.failed_at.is_not(None))
        )
        codes = await transaction.fetch(
            select(func.count().label("n"))
            .select_from(outbox)
            .where(outbox.c.chat.in_([str(chat) for chat in filed]), outbox.c.failed_at.is_not(None))
        )
        broken = await ledger.verify(transaction)
    await database.close()
    assert len(filed) >= KILLS * CITIZENS
    assert [chat for chat in filed if cases[str(chat)] == 0] == []
    assert [chat for chat, count in cases.items() if count > 1] == []
    assert dead[0]["n"] == 0
    assert codes[0]["n"] == 0
    assert broken is None
