"""For tests of the machinery: a database that can be watched and held, and turns that do as they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from handlers.turn import Turn
from routing.organisation import build_city, to_document
from storage import units
from storage.database import Database, Transaction
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding

HANOI = build_city("Hà Nội")


class WatchedDatabase(Database):
    """A real database whose commits are counted, and can be held up or made to fail."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.commits = 0
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        """While it is not set, transactions do everything but commit."""
        self.gate.set()

    @asynccontextmanager
    async def begin(self, *, first: bool = False, short: bool = False) -> AsyncIterator[Transaction]:
        async with super().begin(first=first, short=short) as transaction:
            yield transaction
            await transaction.flush()
            await self.gate.wait()
            if self.fault:
                raise self.fault
        self.commits += 1


@dataclass
class Turns:
    """Stands in for the handlers: a turn answers with its text, and fails as often as it is told to."""

    failures: Counter[str] = field(default_factory=Counter)
    """How often the turn of a text still fails."""
    tried: list[str] = field(default_factory=list)
    """The text of each turn that was begun."""
    transactions: list[int] = field(default_factory=list)
    """In which transaction each was."""

    async def handle(self, turn: Turn) -> None:
        """Do one turn."""
        text = turn.message.text
        self.tried.append(text)
        self.transactions.append(id(turn.transaction))
        turn.say(f"xong: {text}")
        if self.failures[text] > 0:
            self.failures[text] -= 1
            raise RuntimeError(f"the turn of {text!r} fails")


async def found_city(database: Database, media_dir: Path) -> CityHarness:
    """Return Hà Nội in a fresh database, on a Monday morning."""
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(HANOI), now=MONDAY_MORNING)
    return CityHarness(
        database=database,
        city=HANOI,
        understanding=PlainUnderstanding(),
        media_dir=media_dir,
        now=MONDAY_MORNING,
    )
