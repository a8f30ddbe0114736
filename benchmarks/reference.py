"""The hand-written durable reference: the same stages with nothing between them and sqlite3.

Receives a webhook durably (natural group commit), takes each turn in a transaction shared by many chats,
writes the answer to an outbox, sends it, and records that. It understands nothing and knows one conversation.
With `--receive-only` it is the bare front that acknowledgements are measured against.
"""

import argparse
import asyncio
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import ClientSession, TCPConnector, web

SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE inbox(id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, chat TEXT, body BLOB, received_at REAL,
  finished_at REAL);
CREATE TABLE outbox(id INTEGER PRIMARY KEY, chat TEXT, message TEXT, created_at REAL, sent_at REAL);
CREATE TABLE chat(chat TEXT PRIMARY KEY, step TEXT, draft TEXT);
CREATE TABLE complaint(id INTEGER PRIMARY KEY, chat TEXT, text TEXT, created_at REAL);
CREATE INDEX complaint_chat ON complaint(chat);
"""


class Reference:
    """One bot: everything it knows is in one SQLite file, written by one thread."""

    def __init__(self, path: str, api_url: str, *, receive_only: bool) -> None:
        self.path, self.api_url, self.receive_only = path, api_url, receive_only
        self.writer = ThreadPoolExecutor(1)
        self.received: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self.sent: list[tuple[float, int]] = []
        self.turns: list[tuple[int, str, str]] = []
        self.sending: set[asyncio.Task[None]] = set()
        self.running = False

    async def connect(self) -> None:
        """Create the file."""
        self.database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self.database.executescript(SCHEMA)

    async def receive(self, request: web.Request) -> web.Response:
        """Store one update and answer when it is durable."""
        body = await request.read()
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != "secret":
            return web.Response(status=401)
        update = json.loads(body)
        row = (str(update["update_id"]), str(update["message"]["chat"]["id"]), body, time.time())
        done = asyncio.get_running_loop().create_future()
        self.received.append((row, done))
        self.wake()
        await done
        return web.Response()

    def wake(self) -> None:
        """Commit what waits, unless a commit is running already."""
        if not self.running:
            self.running = True
            self.task = asyncio.create_task(self.work())

    async def work(self) -> None:
        """Commit again and again until nothing waits: each commit takes all that came during the last."""
        loop = asyncio.get_running_loop()
        while self.received or self.sent or self.turns:
            received, self.received = self.received, []
            sent, self.sent = self.sent, []
            turns, self.turns = self.turns, []
            new, answers = await loop.run_in_executor(
                self.writer, self.commit, [row for row, _ in received], sent, turns
            )
            for _, done in received:
                done.set_result(None)
            if not self.receive_only:
                self.turns += new
                for answer in answers:
                    task = asyncio.create_task(self.send(*answer))
                    self.sending.add(task)
                    task.add_done_callback(self.sending.discard)
        self.running = False

    def commit(
        self, rows: list[Any], sent: list[Any], turns: list[Any]
    ) -> tuple[list[tuple[int, str, str]], list[tuple[int, str, str]]]:
        """Run one transaction: store updates, take turns, record what was sent."""
        execute, now = self.database.execute, time.time()
        execute("BEGIN IMMEDIATE")
        new = []
        for row in rows:
            cursor = execute(
                "INSERT INTO inbox(external_id, chat, body, received_at) VALUES (?,?,?,?) "
                "ON CONFLICT DO NOTHING",
                row,
            )
            if cursor.rowcount:
                new.append((cursor.lastrowid, row[1], json.loads(row[2])["message"]["text"]))
        self.database.executemany("UPDATE outbox SET sent_at=? WHERE id=?", sent)
        answers = [self.turn(execute, now, *turn) for turn in turns]
        execute("COMMIT")
        return new, answers

    def turn(self, execute: Any, now: float, inbox_id: int, chat: str, text: str) -> tuple[int, str, str]:
        """Take one turn: read the conversation, change it, answer."""
        found = execute("SELECT step, draft FROM chat WHERE chat=?", (chat,)).fetchone() or ("", "")
        step, draft, answer = answer_to(text, *found)
        if step == "filed":
            execute("INSERT INTO complaint(chat, text, created_at) VALUES (?,?,?)", (chat, draft, now))
        execute(
            "INSERT INTO chat VALUES (?,?,?) ON CONFLICT(chat) DO UPDATE SET step=excluded.step, "
            "draft=excluded.draft",
            (chat, step, draft),
        )
        cursor = execute("INSERT INTO outbox(chat, message, created_at) VALUES (?,?,?)", (chat, answer, now))
        execute("UPDATE inbox SET finished_at=? WHERE id=?", (now, inbox_id))
        return cursor.lastrowid, chat, answer

    async def send(self, outbox_id: int, chat: str, text: str) -> None:
        """Send one answer and have it recorded."""
        async with self.session.post(
            f"{self.api_url}/bot1:x/sendMessage",
            json={"chat_id": chat, "text": text, "reply_markup": keyboard(text)},
        ) as response:
            await response.read()
        self.sent.append((time.time(), outbox_id))
        self.wake()


def answer_to(text: str, step: str, draft: str) -> tuple[str, str, str]:
    """Return the next step, the draft and the answer of the one conversation that all bots here hold."""
    if text == "/start":
        return "", "", "Xin chào! Anh/chị hãy viết một tin nhắn kể việc cần phản ánh."
    if text == "/cuatoi":
        return "", "", f"Phản ánh của anh/chị: {draft[:40]}"
    if step == "confirm" and text == "1":
        return "filed", draft, "Đã gửi. Mã theo dõi: HN-7F3K-9Q2M."
    return "confirm", text, f"Anh/chị phản ánh: {text}\nLĩnh vực: Rác thải. Nơi: Phường Khương Đình. Gửi?"


def keyboard(text: str) -> dict[str, Any]:
    """Return the buttons under a question."""
    if not text.endswith("Gửi?"):
        return {}
    rows = [
        ("Đồng ý và gửi", "send:1"),
        ("Sửa lĩnh vực", "domain:1"),
        ("Sửa địa điểm", "place:1"),
        ("Huỷ", "no:1"),
    ]
    return {"inline_keyboard": [[{"text": label, "callback_data": data}] for label, data in rows]}


async def serve(bot: Reference, port: int) -> None:
    """Run until killed."""
    await bot.connect()
    bot.session = ClientSession(connector=TCPConnector(limit=100))
    application = web.Application()
    application.router.add_post("/telegram", bot.receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main(kind: type[Reference] = Reference) -> None:
    """Run a reference bot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", default="")
    parser.add_argument("--database", required=True)
    parser.add_argument("--receive-only", action="store_true")
    import uvloop

    given = parser.parse_args()
    bot = kind(given.database, given.api_url, receive_only=given.receive_only)
    uvloop.run(serve(bot, given.port))


if __name__ == "__main__":
    main()
