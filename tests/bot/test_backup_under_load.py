"""A running program is backed up while people write to it, by the real command as an operator calls it."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.archive import open_archive
from bot.restoring import Restored, Restoring
from bot.settings import Settings
from storage import folding, seals
from storage.database import Database
from storage.tables import case, case_photo, inbox, outbox
from tests.city import PlainUnderstanding, picture
from tests.telegram_city import TelegramCity, open_city

ROOT = Path(__file__).parent.parent.parent
CITIZENS = 2


@pytest.fixture
async def running(city_file: Path, tmp_path: Path) -> AsyncIterator[TelegramCity]:
    """The whole program on Telegram, as it runs in a city."""
    url = f"sqlite:///{shutil.copy(city_file, tmp_path / 'city.db')}"
    async with open_city(url, tmp_path, PlainUnderstanding(), mode="webhook") as city:
        yield city


async def reports(city: TelegramCity, filed: list[int], over: asyncio.Event) -> None:
    """File one report after the other, each with a photo and by somebody else."""
    while not over.is_set():
        person = city.person()
        text = f"Rác đổ đầy trước ngõ {person.chat % 9000} đường Khương Đình, phường Khương Đình"
        await person.writes(text, photo=picture())
        await person.sees("[Đồng ý và gửi]")
        await person.presses("Đồng ý và gửi")
        await person.sees("HN-")
        filed.append(person.chat)


async def command(settings: Settings, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "LANGNGHE_DATABASE_URL": settings.database_url,
            "LANGNGHE_MEDIA_DIR": str(settings.media_dir),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def bring_back(settings: Settings, path: Path) -> Restored:
    archive = open_archive(path, lambda _: None)
    restoring = Restoring(settings, archive, now=datetime.now(UTC))
    try:
        await restoring.prepare(force=False)
        return await restoring.run(set_aside=False, progress=lambda _: None)
    finally:
        await restoring.close()
        archive.close()


async def one(database: Database, query: Any) -> int:
    async with database.read() as transaction:
        return int((await transaction.connection.execute(query)).scalar_one())


async def test_a_running_city_is_backed_up_whole_and_goes_on_elsewhere(
    running: TelegramCity, tmp_path: Path
) -> None:
    filed: list[int] = []
    over = asyncio.Event()
    people = [asyncio.create_task(reports(running, filed, over)) for _ in range(CITIZENS)]
    async with asyncio.timeout(120):
        while len(filed) < CITIZENS:  # noqa: ASYNC110 - it is the work of many that is waited for
            await asyncio.sleep(0.02)
    before = await one(running.app.database, select(func.count()).select_from(case))
    said = await command(running.settings, "backup", str(tmp_path / "city.tar"), "--with-key")
    over.set()
    await asyncio.gather(*people)
    await running.settles()
    after = await one(running.app.database, select(func.count()).select_from(case))
    await running.stops()
    assert "events of the ledger" in said

    elsewhere = running.settings.model_copy(
        update={"database_url": f"sqlite:///{tmp_path}/there.db", "media_dir": tmp_path / "there"}
    )
    await bring_back(elsewhere, tmp_path / "city.tar")
    database = Database(elsewhere.database_url)
    async with database.read() as transaction:
        assert (await seals.verify(transaction)).holds
        assert await folding.differences(transaction) == []
    cases = await one(database, select(func.count()).select_from(case))
    keys, unfinished = await media_of_cases(database), await chats_under_way(database)
    await database.close()
    assert before <= cases <= after
    assert after > before, "nobody wrote meanwhile: this proves nothing"
    assert len(keys) == cases
    assert all((tmp_path / "there" / key[:2] / key).is_file() for key in keys)

    sent = {chat: len(running.telegram.sent(chat)) for chat in filed}
    running.settings = elsewhere
    await running.starts()
    await running.settles()
    again = {str(chat) for chat in filed if len(running.telegram.sent(chat)) > sent[chat]}
    assert again <= unfinished, "only what was under way at that moment is done, and told, once more"
    assert len(again) < len(filed)
    newcomer = running.person()
    await newcomer.writes("Đèn đường hỏng ở phố Khương Hạ, phường Khương Đình")
    await newcomer.sees("[Đồng ý và gửi]")


async def media_of_cases(database: Database) -> list[str]:
    async with database.read() as transaction:
        rows = await transaction.fetch(select(case_photo.c.media_key))
    return [row["media_key"] for row in rows]


async def chats_under_way(database: Database) -> set[str]:
    """Return the chats of which something waited for its turn, or to be sent."""
    async with database.read() as transaction:
        came = select(inbox.c.chat).where(inbox.c.finished_at.is_(None), inbox.c.failed_at.is_(None))
        goes = select(outbox.c.chat).where(outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
        return {row["chat"] for query in (came, goes) for row in await transaction.fetch(query)}
