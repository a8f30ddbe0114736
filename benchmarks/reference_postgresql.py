"""The hand-written durable reference on PostgreSQL: each stage is one set-based statement for all that waits.

The same bot as `benchmarks.reference`, with the same natural group commit: whatever came, was answered or was
sent during the last commit goes into the next one, over one connection.
"""

import asyncio
import json
import time
from typing import Any

import asyncpg

from benchmarks.reference import Reference, answer_to, main
from storage.database import driver_arguments

SCHEMA = """
CREATE TABLE ref_inbox(id bigserial PRIMARY KEY, external_id text UNIQUE, chat text, body bytea,
  received_at double precision, finished_at double precision);
CREATE TABLE ref_outbox(id bigserial PRIMARY KEY, chat text, message text, created_at double precision,
  sent_at double precision);
CREATE TABLE ref_chat(chat text PRIMARY KEY, step text, draft text);
CREATE TABLE ref_complaint(id bigserial PRIMARY KEY, chat text, text text, created_at double precision);
CREATE INDEX ON ref_complaint(chat);
"""
RECEIVE = """
INSERT INTO ref_inbox(external_id, chat, body, received_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::double precision[])
ON CONFLICT DO NOTHING RETURNING id, chat, body
"""
RECORD = """
UPDATE ref_outbox SET sent_at = told.at
FROM unnest($1::double precision[], $2::bigint[]) AS told(at, id) WHERE ref_outbox.id = told.id
"""
KEEP_CHATS = """
INSERT INTO ref_chat SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (chat) DO UPDATE SET step = excluded.step, draft = excluded.draft
"""
FILE = "INSERT INTO ref_complaint(chat, text, created_at) SELECT *, $3 FROM unnest($1::text[], $2::text[])"
ANSWER = """
INSERT INTO ref_outbox(chat, message, created_at)
SELECT *, $3 FROM unnest($1::text[], $2::text[]) RETURNING id
"""
FINISH = "UPDATE ref_inbox SET finished_at = $2 WHERE id = ANY($1::bigint[])"

Turn = tuple[int, str, str]


class ReferenceOnPostgresql(Reference):
    """One bot: everything it knows is in four tables, written over one connection."""

    async def connect(self) -> None:
        """Open the connection and make the tables."""
        given = {
            name: value
            for name, value in driver_arguments(self.path).items()
            if name in ("host", "port", "user", "password", "database")
        }
        self.connection = await asyncpg.connect(**given)
        await self.connection.execute(SCHEMA)

    async def work(self) -> None:
        """Commit again and again until nothing waits: each commit takes all that came during the last."""
        while self.received or self.sent or self.turns:
            received, self.received = self.received, []
            sent, self.sent = self.sent, []
            turns, self.turns = self.turns, []
            async with self.connection.transaction():
                new = await self._receive([row for row, _ in received])
                if sent:
                    await self.connection.execute(RECORD, *map(list, zip(*sent, strict=True)))
                answers = await self._take(turns)
            for _, done in received:
                done.set_result(None)
            if not self.receive_only:
                self.turns += new
                for answer in answers:
                    task = asyncio.create_task(self.send(*answer))
                    self.sending.add(task)
                    task.add_done_callback(self.sending.discard)
        self.running = False

    async def _receive(self, rows: list[Any]) -> list[Turn]:
        if not rows:
            return []
        stored = await self.connection.fetch(RECEIVE, *map(list, zip(*rows, strict=True)))
        return [(row["id"], row["chat"], json.loads(row["body"])["message"]["text"]) for row in stored]

    async def _take(self, turns: list[Turn]) -> list[Turn]:
        """Take all turns; those of one chat, if there are several, one after the other in memory."""
        if not turns:
            return []
        now, chats = time.time(), [chat for _, chat, _ in turns]
        found = await self.connection.fetch("SELECT * FROM ref_chat WHERE chat = ANY($1::text[])", chats)
        known = {row["chat"]: (row["step"], row["draft"]) for row in found}
        filed, said = [], []
        for _, chat, text in turns:
            step, draft, answer = answer_to(text, *known.get(chat, ("", "")))
            known[chat] = (step, draft)
            said.append((chat, answer))
            if step == "filed":
                filed.append((chat, draft))
        if filed:
            await self.connection.execute(FILE, *map(list, zip(*filed, strict=True)), now)
        kept = [(chat, *known[chat]) for chat in sorted(set(chats))]
        await self.connection.execute(KEEP_CHATS, *map(list, zip(*kept, strict=True)))
        rows = await self.connection.fetch(ANSWER, *map(list, zip(*said, strict=True)), now)
        await self.connection.execute(FINISH, [number for number, _, _ in turns], now)
        return [(row["id"], chat, answer) for row, (chat, answer) in zip(rows, said, strict=True)]


if __name__ == "__main__":
    main(ReferenceOnPostgresql)
