"""The sample city: real units, people who do not exist, and a history lived through the real handlers.

The history goes through the inbox, the turns and the outbox like any other message; only the people, their
channel and the clock are stand-ins.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from bot import demo_group
from bot.seats import Demo, SamplePosition, Seat
from bot.simulation.complaints import Complaint
from bot.simulation.life import Life, seat_person
from bot.simulation.town import Town
from routing.organisation import City, build_city, to_document
from routing.understanding import Understanding
from storage import units
from storage.database import Database

DATA: dict[str, Any] = json.loads(Path(__file__).with_name("demo_city.json").read_text(encoding="utf-8"))
CASES = 240
DAYS = 45
SEED = 7
LEFT_FOR_VISITORS = timedelta(days=4)
"""Of so long before now the dispatchers have settled nothing."""


class NotADemo(Exception):
    """The database holds a real city; the demo wants one of its own (set LANGNGHE_DATABASE_URL)."""


def _clock() -> datetime:
    return datetime.now(UTC)


async def prepare(
    database: Database, understanding: Understanding, *, now: Callable[[], datetime] = _clock
) -> Demo:
    """Make the sample city and its history unless they are there; return its seats. Raises NotADemo.

    now: the clock of the program, up to which the history goes.
    """
    async with database.begin() as transaction:
        ready = await units.get_setting(transaction, "demo")
        if ready is None and await units.city_version(transaction):
            raise NotADemo(NotADemo.__doc__)
        city = build_city(DATA["province"])
        if ready is None:
            await units.save_city(transaction, to_document(city), now=now())
            await units.set_setting(transaction, "demo", {"history": False})
    if not (ready or {}).get("history"):
        await live(database, understanding, city, end=now())
        async with database.begin() as transaction:
            await units.set_setting(transaction, "demo", {"history": True})
    return Demo(
        seats=[
            Seat(name=seat["name"], title=seat["title"], hint=seat["hint"], examples=tuple(seat["examples"]))
            for seat in DATA["seats"]
        ],
        sit=Seating(database, now).sit,
        positions=[SamplePosition(**position) for position in DATA["positions"]],
    )


class Seating:
    """Makes a visitor's chat that of the person whose seat they take."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._seats = {seat["name"]: seat for seat in DATA["seats"]}

    async def sit(self, chat: str, seat: str) -> None:
        """Give the chat's person the post of the seat, once, and a place in the leader's group."""
        chosen, now = self._seats[seat], self._now()
        async with self._database.begin() as transaction:
            person = await seat_person(
                transaction,
                channel="web",
                chat=chat,
                name=chosen["title"],
                post=(chosen["unit"], chosen["role"]) if chosen["role"] else None,
                now=now,
            )
            await demo_group.join(
                transaction,
                person,
                chat=chat,
                role=chosen["role"] or "",
                title=DATA["group"],
                wards=DATA["wards"],
                now=now,
            )


# ── the history ──────────────────────────────────────────────────────────────────────────────────


async def live(database: Database, understanding: Understanding, city: City, *, end: datetime) -> None:
    """Let the sample city's people live through its past; the last days' doubts are left for the visitor."""
    start = end - timedelta(days=DAYS)
    life = Life(database, understanding, city=city, seed=SEED, start=start, end=end)
    town = Town(
        life=life,
        city=city,
        cases=CASES,
        wards=frozenset(DATA["wards"]),
        composer=SampleComplaints(Random(SEED)),
        rest_from=end - LEFT_FOR_VISITORS,
    )
    await town.settle(database)
    minutes = int((end - start).total_seconds() // 60)
    quiet = not sys.stderr.isatty()
    with tqdm(total=minutes, desc="Living through the sample city's past", disable=quiet) as bar:
        await life.run(_nothing, bar.update)


async def _nothing() -> None:
    """The demo's midnights pass without checks."""


class SampleComplaints:
    """What the sample city's people complain of: written for it, each with the words that answer it."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def compose(self, *, storm: bool = False) -> Complaint:
        """Return one of them, in one of the wards with people."""
        text, answer = self._random.choice(DATA["complaints"])
        ward = self._random.choice(DATA["wards"])
        return Complaint(text=text.format(ward=ward), domain="", ward=ward, answer=answer)
