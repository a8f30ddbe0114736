"""The sample city: real units, people who do not exist, and a history lived through the real handlers.

The history goes through the inbox, the turns and the outbox like any other message; only the people, their
channel and the clock are stand-ins.
"""

import heapq
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from bot.channels.simulated import SimulatedChannel
from bot.clock import JOBS
from bot.seats import Demo, SamplePosition, Seat
from handlers.channel import Channel, OutboundMessage
from handlers.delivery import Delivery
from handlers.receipt import Receiver
from handlers.worker import TurnWorker
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from routing.understanding import Understanding
from storage import chats, people, units
from storage.database import Database, Transaction

DATA: dict[str, Any] = json.loads(Path(__file__).with_name("demo_city.json").read_text(encoding="utf-8"))
CASES = 240
DAYS = 45
STEP = timedelta(minutes=90)
"""What happens within one step of the simulated time is worked off together."""
SEED = 7
DISPATCHER = "dispatcher"


class NotADemo(Exception):
    """The database holds a real city; the demo wants one of its own (set LANGNGHE_DATABASE_URL)."""


async def prepare(database: Database, understanding: Understanding) -> Demo:
    """Make the sample city and its history unless they are there; return its seats. Raises NotADemo."""
    async with database.begin() as transaction:
        ready = await units.get_setting(transaction, "demo")
        if ready is None and await units.city_version(transaction):
            raise NotADemo(NotADemo.__doc__)
        city = build_city(DATA["province"])
        if ready is None:
            await units.save_city(transaction, to_document(city), now=datetime.now(UTC))
            await units.set_setting(transaction, "demo", {"history": False})
    if not (ready or {}).get("history"):
        await live(database, understanding, city)
        async with database.begin() as transaction:
            await units.set_setting(transaction, "demo", {"history": True})
    return Demo(
        seats=[
            Seat(name=seat["name"], title=seat["title"], hint=seat["hint"], examples=tuple(seat["examples"]))
            for seat in DATA["seats"]
        ],
        sit=Seating(database).sit,
        positions=[SamplePosition(**position) for position in DATA["positions"]],
    )


class Seating:
    """Makes a visitor's chat that of the person whose seat they take."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seats = {seat["name"]: seat for seat in DATA["seats"]}

    async def sit(self, chat: str, seat: str) -> None:
        """Give the chat's person the post of the seat, once."""
        chosen, now = self._seats[seat], datetime.now(UTC)
        async with self._database.begin() as transaction:
            await seat_person(
                transaction,
                channel="web",
                chat=chat,
                name=chosen["title"],
                post=(chosen["unit"], chosen["role"]) if chosen["role"] else None,
                now=now,
            )


async def seat_person(
    transaction: Transaction,
    *,
    channel: str,
    chat: str,
    name: str,
    post: tuple[str, str] | None,
    now: datetime,
) -> None:
    """Make sure that a chat has a person of this name, holding this post (unit, role)."""
    known = await people.load_people(transaction, [(channel, chat)], now=now)
    person = known.get((channel, chat)) or people.add_person(
        transaction, channel=channel, user=chat, name=name, now=now
    )
    if post and post not in {(held.unit_code, held.role) for held in person.posts}:
        people.add_post(transaction, person_id=person.id, unit_code=post[0], role=post[1], now=now)
    if (channel, chat) not in known:
        conversation = (await chats.load_chats(transaction, [(channel, chat)]))[(channel, chat)]
        conversation.person_id = person.id
        chats.save_chat(transaction, conversation, now=now)


# ── the history ──────────────────────────────────────────────────────────────────────────────────


@dataclass(order=True)
class Deed:
    """Something that a simulated person does at a time."""

    at: datetime
    number: int
    do: Callable[[datetime], None] = field(compare=False)


class Life:
    """Simulated people on a virtual clock, working through the real worker and delivery."""

    def __init__(self, database: Database, understanding: Understanding, *, seed: int, end: datetime) -> None:
        self.random = Random(seed)
        self.now = self.start = end - timedelta(days=DAYS)
        self.end = end
        self.channel = SimulatedChannel()
        channels: dict[str, Channel] = {"simulated": self.channel}
        self.busy: dict[str, datetime] = {}
        """Official → until when they are writing an answer."""
        self._database = database
        self._receiver = Receiver(database, stored=lambda: None, now=self.clock)
        self._worker = TurnWorker(
            database,
            channels=channels,
            understanding=understanding,
            media_dir=Path("."),
            committed=lambda: None,
            now=self.clock,
        )
        self._delivery = Delivery(database, channels=channels, now=self.clock)
        self._deeds: list[Deed] = []
        self._numbers = count()
        self._said: list[tuple[Any, bytes]] = []
        self._names: dict[str, str] = {}

    def clock(self) -> datetime:
        """Return the simulated time."""
        return self.now

    def plan(self, at: datetime, do: Callable[[datetime], None]) -> None:
        """Have something done at a time, unless that lies in the future of the real world."""
        if at < self.end:
            heapq.heappush(self._deeds, Deed(at, next(self._numbers), do))

    def say(self, chat: str, at: datetime, *, text: str = "", button: str = "") -> None:
        """Let a person write or press."""
        name = self._names.get(chat, "")
        self._said.append(self.channel.update(chat=chat, name=name, at=at, text=text, button=button))

    async def settle(self, chat: str, name: str, post: tuple[str, str] | None = None) -> None:
        """Bring a person into the city."""
        self._names[chat] = name
        async with self._database.begin() as transaction:
            await seat_person(transaction, channel="simulated", chat=chat, name=name, post=post, now=self.now)

    async def run(self, city: City) -> None:
        """Live until the end of the simulated time."""
        steps = int((self.end - self.start) / STEP)
        quiet = not sys.stderr.isatty()
        for _ in tqdm(range(steps), desc="Living through the sample city's past", disable=quiet):
            until = min(self.now + STEP, self.end)
            await self._do_until(until)
            self.now = until
            if 7 <= self.now.astimezone(LOCAL_TIME).hour < 21:
                await self._tick(city)

    async def _do_until(self, until: datetime) -> None:
        while self._deeds and self._deeds[0].at < until:
            due: list[Deed] = []
            moment = max(self._deeds[0].at, self.now)
            while self._deeds and self._deeds[0].at < min(moment + STEP / 6, until):
                due.append(heapq.heappop(self._deeds))
            self.now = max(moment, due[-1].at)
            for deed in due:
                deed.do(self.now)
            await self._work()

    async def _work(self) -> None:
        said, self._said = self._said, []
        for envelope, body in said:
            await self._receiver.receive("simulated", envelope, body)
        await self._worker.drain()
        await self._delivery.drain()

    async def _tick(self, city: City) -> None:
        async with self._database.begin() as transaction:
            for job, _ in JOBS.values():
                await job(transaction, city, self.now)
        await self._delivery.drain()

    def offered(self, chat: str, pattern: str) -> str:
        """Return the data of the latest button shown in a chat that fits; empty for none."""
        for message in reversed(self.channel.told.get(chat, [])):
            for found in _data_of(message):
                if re.fullmatch(pattern, found):
                    return found
        return ""


def _data_of(message: OutboundMessage) -> list[str]:
    return [button.data for row in message.buttons for button in row]


async def live(database: Database, understanding: Understanding, city: City) -> None:
    """Let the sample city's people live through its past."""
    life = Life(database, understanding, seed=SEED, end=datetime.now(UTC))
    officials = await _settle_officials(life, city)
    for number in range(CASES):
        _plan_complaint(life, officials, f"citizen-{number}")
        await life.settle(f"citizen-{number}", life.random.choice(DATA["citizens"]))
    await life.run(city)


async def _settle_officials(life: Life, city: City) -> dict[str, str]:
    """Give every unit that may get a case a chair; return the chair's chat by unit."""
    wards = set(DATA["wards"])
    chosen = [unit for unit in city.units.values() if unit.kind != "ward" or unit.name in wards]
    officials = {unit.code: f"chair-{unit.code}" for unit in chosen if unit.code != city.province}
    for code, chat in officials.items():
        await life.settle(chat, city.units[code].name, (code, "chair"))
    await life.settle(DISPATCHER, DATA["dispatcher"], (city.province, "dispatcher"))
    life.plan(life.start + timedelta(hours=1), lambda at: _dispatch(life, at))
    return officials


def _plan_complaint(life: Life, officials: dict[str, str], citizen: str) -> None:
    random = life.random
    text, answer = random.choice(DATA["complaints"])
    text = text.format(ward=random.choice(DATA["wards"]))
    day = life.start + timedelta(days=DAYS * random.random())
    at = day.astimezone(LOCAL_TIME).replace(hour=random.choice(range(6, 22)), minute=random.randrange(60))

    def write(now: datetime) -> None:
        life.say(citizen, now, text=text)
        life.plan(now + timedelta(minutes=random.randrange(1, 20)), send)

    def send(now: datetime) -> None:
        if button := life.offered(citizen, r"draft:[^:]+:send"):
            life.say(citizen, now, button=button)
            life.plan(now + timedelta(hours=random.choice((1, 2, 4, 20))), lambda at: _handle(life, at, case))

    case = _CaseInHand(citizen=citizen, answer=answer, officials=list(officials.values()))
    life.plan(at.astimezone(UTC), write)


@dataclass(kw_only=True)
class _CaseInHand:
    """What the simulated people know of one case."""

    citizen: str
    answer: str
    officials: Sequence[str]
    code: str = ""
    official: str = ""


def _find(life: Life, case: _CaseInHand) -> bool:
    """Find out which official was given the case."""
    shown = "\n".join(message.text for message in life.channel.told.get(case.citizen, []))
    codes = re.findall(r"\b[A-Z]{2,4}-\w{4}-\w{4}\b", shown)
    case.code = codes[-1] if codes else ""
    found = [chat for chat in case.officials if life.offered(chat, f"accept:{case.code}")]
    case.official = found[0] if found else ""
    return bool(case.code and case.official)


def _handle(life: Life, now: datetime, case: _CaseInHand) -> None:
    """Let the official accept within working time; some never do."""
    random = life.random
    if random.random() < 0.03:
        return
    if not _find(life, case) or not 8 <= now.astimezone(LOCAL_TIME).hour < 17:
        life.plan(now + timedelta(hours=3), lambda at: _handle(life, at, case))
        return
    life.say(case.official, now, button=f"accept:{case.code}")
    if random.random() < 0.03:
        return
    days = random.choice((0.2, 0.3, 0.5, 0.6, 0.8, 1, 1, 1.5, 2, 2, 3, 5, 9))
    life.plan(now + timedelta(days=days), lambda at: _answer(life, at, case))


def _answer(life: Life, now: datetime, case: _CaseInHand) -> None:
    if not 8 <= now.astimezone(LOCAL_TIME).hour < 17 or life.random.random() < 0.2:
        life.plan(now + timedelta(hours=5), lambda at: _answer(life, at, case))
        return
    if now < (free_at := life.busy.get(case.official, now)):
        life.plan(free_at, lambda at: _answer(life, at, case))
        return
    life.busy[case.official] = now + timedelta(minutes=50)
    life.say(case.official, now, button=f"answer:{case.code}")
    life.plan(now + timedelta(minutes=16), lambda at: life.say(case.official, at, text=case.answer))
    life.plan(now + timedelta(minutes=40), lambda at: _send_answer(life, at, case))


def _send_answer(life: Life, now: datetime, case: _CaseInHand) -> None:
    if button := life.offered(case.official, f"sendanswer:{case.code}.*"):
        life.say(case.official, now, button=button)
        if life.random.random() < 0.7:
            wait = timedelta(hours=life.random.choice((1, 3, 9, 26)))
            life.plan(now + wait, lambda at: _rate(life, at, case))


def _rate(life: Life, now: datetime, case: _CaseInHand) -> None:
    stars = life.random.choice((1, 2, 3, 4, 4, 5, 5, 5, 5, 5))
    if button := life.offered(case.citizen, rf"own:{case.code}:rate:{stars}"):
        life.say(case.citizen, now, button=button)
        if stars < 3:
            life.plan(now + timedelta(hours=4), lambda at: _answer(life, at, case))


def _dispatch(life: Life, now: datetime) -> None:
    """Let the dispatcher settle what waits, each morning; the last days are left for the visitor."""
    life.say(DISPATCHER, now, text="/dieuphoi")
    life.plan(now + timedelta(minutes=16), lambda at: _settle_one(life, at))
    if now + timedelta(days=4) < life.end:
        life.plan(now + timedelta(hours=4), lambda at: _dispatch(life, at))


def _settle_one(life: Life, now: datetime) -> None:
    if button := life.offered(DISPATCHER, r"fix:[^:]+:[a-z]+:.+"):
        life.say(DISPATCHER, now, button=button)
