"""The whole program: what keeps it from starting, how it stops, and two of it on one database."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot import app as app_module
from bot import connecting
from bot.app import App, CannotStart
from bot.settings import load_settings
from handlers import dispatch
from handlers.channel import File, OutboundMessage
from handlers.media import store_file
from handlers.turn import Turn
from storage import messages
from storage.database import Database
from storage.tables import case, inbox, outbox
from tests.city import PlainUnderstanding
from tests.machinery import found_city
from tests.standins.telegram import TelegramStandIn
from tests.standins.telegram_server import Refused

ROOT = Path(__file__).parent.parent.parent
TOKEN = "42:stand-in-for-the-vendor"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
STOP_SECONDS = 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def city_url(city_file: Path, tmp_path: Path) -> str:
    """A SQLite database with Hà Nội in it."""
    path = tmp_path / "langnghe.db"
    path.write_bytes(city_file.read_bytes())
    return f"sqlite:///{path}"


def app_on(database_url: str, tmp_path: Path, **more: str) -> App:
    """Return the program with these settings, on a free port."""
    environment = {
        "LANGNGHE_DATABASE_URL": database_url,
        "LANGNGHE_MEDIA_DIR": str(tmp_path / "media"),
        "LANGNGHE_PORT": "0",
        **{f"LANGNGHE_{name}": value for name, value in more.items()},
    }
    understanding: Any = PlainUnderstanding()
    return App(load_settings(environment)[0], understanding=understanding)


@asynccontextmanager
async def running(app: App) -> AsyncIterator[App]:
    try:
        await app.start()
        yield app
    finally:
        await app.stop()


async def refused(app: App) -> str:
    """Return why a program does not start."""
    with pytest.raises(CannotStart) as why:
        async with running(app):
            pass
    return str(why.value)


class Page:
    """A browser's view of one chat, which may follow another process than the one it writes to."""

    def __init__(self, http: aiohttp.ClientSession, app: App) -> None:
        self.http = http
        self.app = app
        self.number = 0

    def url(self, app: App, path: str) -> str:
        return f"http://127.0.0.1:{app.port}{path}"

    async def opens(self) -> "Page":
        async with self.http.post(self.url(self.app, "/chat/session"), headers=self.of(self.app)) as answer:
            assert answer.status == 200
        return self

    def of(self, app: App) -> dict[str, str]:
        return {"Origin": self.url(app, "")}

    async def writes(self, text: str = "", **parts: str) -> None:
        self.number += 1
        body = {"id": f"message-{self.number}", "text": text, **parts}
        url = self.url(self.app, "/chat/messages")
        async with self.http.post(url, json=body, headers=self.of(self.app)) as answer:
            assert answer.status == 200, await answer.text()

    async def sees(self, fragment: str, *, through: App) -> dict[str, Any]:
        """Return the first message of the bot with these words, as a page of another process shows it."""
        url = self.url(through, "/chat/socket?after=0")
        async with asyncio.timeout(15), self.http.ws_connect(url, headers=self.of(through)) as socket_:
            while True:
                for entry in (await socket_.receive_json()).get("entries", []):
                    if entry["kind"] == "out" and fragment in str(entry):
                        found: dict[str, Any] = entry
                        return found


@asynccontextmanager
async def page_of(app: App) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield await Page(http, app).opens()


# ── what keeps it from starting ──────────────────────────────────────────────────────────────────


async def test_a_second_program_on_one_sqlite_file_is_refused(city_url: str, tmp_path: Path) -> None:
    async with running(app_on(city_url, tmp_path)):
        why = await refused(app_on(city_url, tmp_path))
    assert why.startswith("LANGNGHE_DATABASE_URL: ")
    assert "in use by another running program" in why
    async with running(app_on(city_url, tmp_path)):
        pass  # the first has left; nothing is in the way


async def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    why = await refused(app_on("postgresql://bot:hunter2@127.0.0.1:1/city", tmp_path))
    assert why.startswith("LANGNGHE_DATABASE_URL: postgresql://bot:***@127.0.0.1:1/city")


async def test_a_folder_for_the_database_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    why = await refused(app_on(f"sqlite:///{tmp_path}/file/langnghe.db", tmp_path))
    assert why.startswith("LANGNGHE_DATABASE_URL: ")


async def test_without_a_city_one_is_told_what_to_run(database_url: str, tmp_path: Path) -> None:
    why = await refused(app_on(database_url, tmp_path))
    assert 'python -m bot init --province "Hà Nội"' in why


async def test_a_port_that_is_taken_is_named(city_url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        why = await refused(app_on(city_url, tmp_path, PORT=port))
    assert "LANGNGHE_PORT" in why
    assert f"127.0.0.1:{port}" in why


async def test_a_host_that_is_not_ours_is_named(city_url: str, tmp_path: Path) -> None:
    why = await refused(app_on(city_url, tmp_path, HOST="192.0.2.1"))
    assert "LANGNGHE_HOST" in why


async def test_a_folder_for_photos_that_cannot_be_made_is_named(city_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    why = await refused(app_on(city_url, tmp_path, MEDIA_DIR=str(tmp_path / "file" / "media")))
    assert why.startswith("LANGNGHE_MEDIA_DIR: ")


async def test_a_token_that_telegram_refuses_is_named(city_url: str, tmp_path: Path) -> None:
    async with TelegramStandIn(token=TOKEN) as telegram:
        wrong = "42:another-one-that-is-long"
        app = app_on(city_url, tmp_path, TELEGRAM_TOKEN=wrong, TELEGRAM_API_URL=telegram.url)
        why = await refused(app)
    assert why.startswith("LANGNGHE_TELEGRAM_TOKEN: ")
    assert wrong not in why


async def test_an_address_that_telegram_refuses_is_no_outage(city_url: str, tmp_path: Path) -> None:
    async with TelegramStandIn(token=TOKEN) as telegram:
        telegram.fail_next(Refused(400, "Bad Request: bad webhook: HTTPS url must be provided"))
        app = app_on(
            city_url,
            tmp_path,
            TELEGRAM_TOKEN=TOKEN,
            TELEGRAM_API_URL=telegram.url,
            TELEGRAM_MODE="webhook",
            TELEGRAM_SECRET="s",
            PUBLIC_URL="http://city.example",
        )
        why = await refused(app)
    assert "https url must be provided" in why


async def test_while_telegram_is_away_the_web_chat_serves_and_telegram_follows(
    city_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "RETRY_SECONDS", 0.05)
    port = free_port()
    app = app_on(city_url, tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=f"http://127.0.0.1:{port}")
    async with AsyncExitStack() as afterwards, running(app), page_of(app) as page:
        await page.writes(RUBBISH)
        await page.sees("Rác thải", through=app)
        telegram = await afterwards.enter_async_context(TelegramStandIn(token=TOKEN, port=port))
        await telegram.user_sends(7, RUBBISH)
        [shown] = await telegram.until_sent(7)
        assert "Rác thải" in shown.text


# ── health ───────────────────────────────────────────────────────────────────────────────────────


async def test_health_tells_how_the_queues_stand(city_url: str, tmp_path: Path) -> None:
    app = app_on(city_url, tmp_path)
    async with (
        running(app),
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{app.port}/healthz") as answer,
    ):
        state = await answer.json()
    assert state == {
        "status": "ok",
        "alive": True,
        "ready": True,
        "inbox_waiting": 0,
        "inbox_dead": 0,
        "inbox_oldest_seconds": 0.0,
        "outbox_waiting": 0,
        "outbox_dead": 0,
        "outbox_oldest_seconds": 0.0,
        "oldest_seconds": 0.0,
    }


async def test_what_a_killed_program_had_claimed_is_done_at_once_after_the_next_start(
    city_url: str, tmp_path: Path
) -> None:
    first = app_on(city_url, tmp_path)
    async with running(first), page_of(first) as page:
        await page.writes(RUBBISH)
        await page.sees("Rác thải", through=first)
    # As if it had been killed after claiming the message and before its turn was committed.
    path = city_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        until = connection.execute("SELECT max(finished_at) FROM inbox").fetchone()[0]
        connection.execute("DELETE FROM outbox")
        connection.execute("UPDATE inbox SET finished_at = NULL, claimed_until = ?", ("9" + str(until)[1:],))
    connection.close()
    async with running(app_on(city_url, tmp_path)) as second, asyncio.timeout(10):
        while not (await rows(second.database, outbox.c.sent_at)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def rows(database: Database, column: Any) -> list[Any]:
    async with database.read() as transaction:
        return [row[column.name] for row in await transaction.fetch(select(column)) if row[column.name]]


# ── stopping ─────────────────────────────────────────────────────────────────────────────────────


async def test_stopping_finishes_what_was_acknowledged(city_url: str, tmp_path: Path) -> None:
    app = app_on(city_url, tmp_path)
    async with running(app), page_of(app) as page:
        for number in range(5):
            await page.writes(f"{RUBBISH} {number}")
    with sqlite3.connect(city_url.removeprefix("sqlite:///")) as connection:
        [waiting] = connection.execute(
            "SELECT count(*) FROM inbox WHERE finished_at IS NULL AND claimed_until IS NOT NULL"
        ).fetchone()
        [sending] = connection.execute(
            "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND claimed_until IS NOT NULL"
        ).fetchone()
    connection.close()
    assert (waiting, sending) == (0, 0)


async def test_stopping_does_not_wait_for_ever(
    city_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hangs(turn: Turn) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(dispatch, "handle", hangs)
    monkeypatch.setattr(app_module, "DRAIN_SECONDS", 0.05)
    app = app_on(city_url, tmp_path)
    async with asyncio.timeout(10), running(app), page_of(app) as page:
        await page.writes(RUBBISH)
        await begun.wait()


async def test_a_file_is_opened_where_it_was_sent_not_where_its_key_was_written(
    city_url: str, tmp_path: Path
) -> None:
    kept = store_file(b"PK\x03\x04", tmp_path / "media", suffix=".xlsx").media_key
    async with running(app_on(city_url, tmp_path)) as app, page_of(app) as page:

        async def status() -> int:
            async with page.http.get(page.url(app, f"/media/{kept}")) as answer:
                return answer.status

        for text in (kept, f'"{kept}"', f'["{kept}"]', f'{{"media_key": "{kept}"}}'):
            await page.writes(text)
            assert await status() == 404
        [chat, *_] = await rows(app.database, inbox.c.chat)
        message = OutboundMessage(text="Số liệu", files=(File(media_key=kept, name="Số liệu.xlsx"),))
        async with app.database.begin() as transaction:
            messages.post_notice(
                transaction, channel="web", chat=chat, message=message.as_dict(), at=app._now()
            )
        await page.sees("Số liệu.xlsx", through=app)
        assert await status() == 200


async def serve(city_url: str, tmp_path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "LANGNGHE_DATABASE_URL": city_url,
            "LANGNGHE_MEDIA_DIR": str(tmp_path / "media"),
            "LANGNGHE_PORT": "0",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_sigterm_stops_a_serving_program_with_status_0(city_url: str, tmp_path: Path) -> None:
    process = await serve(city_url, tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("Serving on http://127.0.0.1:")
    second = await serve(city_url, tmp_path)
    async with asyncio.timeout(60):
        _, complaint = await second.communicate()
    assert second.returncode == 1
    assert complaint.decode().startswith("LANGNGHE_DATABASE_URL: ")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_SECONDS):
        _, logged = await process.communicate()
    assert process.returncode == 0
    assert [json.loads(line)["action"] for line in logged.splitlines()] == ["key_made", "stopping"]


async def test_a_program_told_to_stop_while_it_starts_stops(
    city_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on(city_url, tmp_path)
    begun = asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(app, "_start_worker", slowly)
    run = asyncio.create_task(app.run(started=lambda _: None))
    async with asyncio.timeout(STOP_SECONDS):
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await run


# ── two programs on one PostgreSQL ───────────────────────────────────────────────────────────────


@pytest.fixture
async def large_url(postgresql_url: str, tmp_path: Path) -> str:
    """A PostgreSQL database with Hà Nội in it."""
    database = Database(postgresql_url)
    await found_city(database, tmp_path)
    await database.close()
    return postgresql_url


async def test_what_one_program_receives_is_done_once_and_seen_through_the_other(
    large_url: str, tmp_path: Path
) -> None:
    async with (
        running(app_on(large_url, tmp_path)) as one,
        running(app_on(large_url, tmp_path)) as two,
        page_of(one) as page,
    ):
        await page.writes(RUBBISH)
        shown = await page.sees("Rác thải", through=two)
        assert shown
        await page.writes(button=button_of(shown, "Đồng ý và gửi"))
        await page.sees("HN-", through=two)
        assert len(await rows(one.database, case.c.code)) == 1
        texts = [message["text"] for message in await rows(one.database, outbox.c.message)]
        assert len(texts) == len(set(texts))


def button_of(entry: dict[str, Any], label: str) -> str:
    """Return the data of a button of a message as the page has it."""
    for row in entry["buttons"]:
        for button in row:
            if button["label"].startswith(label):
                return str(button["data"])
    raise AssertionError(entry)


async def test_many_messages_to_two_programs_are_each_done_once(large_url: str, tmp_path: Path) -> None:
    async with running(app_on(large_url, tmp_path)) as one, running(app_on(large_url, tmp_path)) as two:
        async with asyncio.timeout(30):
            for number in range(6):
                app = (one, two)[number % 2]
                async with page_of(app) as page:
                    await page.writes(RUBBISH)
                    await page.sees("Rác thải", through=(two, one)[number % 2])
    database = Database(large_url)
    assert len(await rows(database, outbox.c.sent_at)) == 6
    assert len(await rows(database, inbox.c.finished_at)) == 6
    await database.close()


async def test_a_program_without_a_worker_leaves_the_turns_to_the_other(
    large_url: str, tmp_path: Path
) -> None:
    front = app_on(large_url, tmp_path)
    front = App(front.settings, parts=("web",))
    back = App(front.settings, parts=("worker", "clock"), understanding=PlainUnderstanding())  # type: ignore[arg-type]
    async with running(front), page_of(front) as page:
        await page.writes(RUBBISH)
        assert await rows(front.database, inbox.c.finished_at) == []
        # The page follows before there is anything to see, so only the other's word can wake it.
        following = asyncio.create_task(page.sees("Rác thải", through=front))
        await asyncio.wait({following}, timeout=0.3)
        async with running(back):
            await following
