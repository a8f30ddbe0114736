"""The virtual clock, what people do on it, and the real parts of the program that it drives."""

import asyncio
import hashlib
import heapq
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

from bot.channels.simulated import SimulatedChannel
from bot.clock import JOBS, Ticker
from bot.simulation.faults import FAILED, Faults, Killed
from handlers.channel import Channel, Envelope, OutboundMessage
from handlers.delivery import Delivery
from handlers.receipt import Receiver
from handlers.worker import TurnWorker
from routing.deadline import LOCAL_TIME, in_quiet_hours
from routing.organisation import City
from routing.understanding import Reading, Understanding
from storage import chats, messages, people
from storage.database import Database, Transaction

CHANNEL = "simulated"
STEP = timedelta(minutes=30)
"""What happens within so much simulated time is worked off together."""
TICK = timedelta(minutes=30)
NIGHT_TICK = timedelta(hours=2)
REMEMBERED = timedelta(hours=12)
"""For so long it is known when somebody did something."""
READINGS = 20_000
"""Readings that are remembered: officials write the same sentences again and again."""

Act = Callable[[], Awaitable[None] | None]
"""Something that somebody does; what an administrator does with a command is awaited."""
PACE = {
    "remind": timedelta(minutes=30),
    "remind_parts": timedelta(hours=1),
    "stop_waiting": timedelta(hours=1),
    "close_silent": timedelta(hours=2),
    "retain": timedelta(days=36500),
}
"""How often the clock's jobs are asked for work: less often than in a real city. Nothing is purged for being
old, since every message of the year is looked at in the end."""
USUAL_PACE = timedelta(hours=6)
"""The same for all others, which have work at midnight or soon after."""


Result = TypeVar("Result")


class Resident(Protocol):
    """Somebody who reacts to what they are told."""

    def hear(self, message: OutboundMessage, message_id: str) -> None:
        """See a message in one's chat."""
        ...


@dataclass(order=True, slots=True)
class Deed:
    """Something that a simulated person does at a time."""

    at: datetime
    number: int
    act: Act = field(compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """One message that reached a chat."""

    at: datetime
    chat: str
    message_id: str
    content: bytes
    """A digest of the message."""
    retried: bool
    """Whether a fault of the channel may have held it up."""


@dataclass(slots=True)
class Told:
    """What was brought to people: how many messages, the last day's one by one, and a digest of them all."""

    messages: int = 0
    today: list[Delivered] = field(default_factory=list)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class RememberedReading:
    """Reads a text that was read before from memory."""

    def __init__(self, understanding: Understanding) -> None:
        self._understanding = understanding
        self._known: OrderedDict[str, Reading] = OrderedDict()
        self.model_version = understanding.model_version

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        """Return the readings of many texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._understanding.read_many(new, province=province), strict=True))
        found = [self._known[text] for text in texts]
        while len(self._known) > READINGS:
            self._known.popitem(last=False)
        return found


class Life:
    """Simulated people on a virtual clock, working through the real receiver, worker, delivery and clock."""

    def __init__(
        self,
        database: Database,
        understanding: Understanding,
        *,
        city: City,
        seed: int,
        start: datetime,
        end: datetime,
        faults: Faults | None = None,
    ) -> None:
        self.random = Random(f"people {seed}")
        self.city = city
        self.now = self.start = start
        self.end = end
        self._off = timedelta()
        """By how much the program's clock is wrong just now."""
        self.faults = faults
        self.told = Told()
        self.residents: dict[str, Resident] = {}
        self.said = 0
        self.sent_ids: set[str] = set()
        """Updates that were acknowledged and that nobody has looked for in the database yet."""
        self._did: dict[str, list[datetime]] = {}
        """Chat → when somebody did something there, of the last days."""
        self._database = database
        self._reading = RememberedReading(understanding)
        self.channel = SimulatedChannel(self._hear)
        self._channels: Mapping[str, Channel] = {CHANNEL: self.channel}
        self._receiver = Receiver(database, stored=lambda: None, now=self.clock)
        self._start_parts()
        self._deeds: list[Deed] = []
        self._numbers = count()
        self._waiting: list[tuple[Envelope, bytes]] = []
        self._names: dict[str, str] = {}
        self._ticked: dict[str, datetime] = {}

    def clock(self) -> datetime:
        """Return the simulated time as the program's clock shows it."""
        return self.now + self._off

    def _start_parts(self) -> None:
        self._worker = TurnWorker(
            self._database,
            channels=self._channels,
            understanding=self._reading,  # type: ignore[arg-type]
            media_dir=Path("."),
            committed=lambda: None,
            now=self.clock,
        )
        self._delivery = Delivery(self._database, channels=self._channels, now=self.clock)
        self._ticker = Ticker(self._database)

    # ── what people do ───────────────────────────────────────────────────────────────────────────

    def plan(self, at: datetime, act: Act) -> None:
        """Have something done at a time, unless that lies behind the end."""
        if at < self.end:
            heapq.heappush(self._deeds, Deed(max(at, self.now), next(self._numbers), act))

    def after(self, pause: timedelta, act: Act) -> None:
        """Have something done after a while."""
        self.plan(self.now + pause, act)

    def say(
        self,
        chat: str,
        *,
        text: str = "",
        button: str = "",
        photos: Sequence[str] = (),
        reply_to: str = "",
    ) -> None:
        """Let a person write or press."""
        self._did.setdefault(chat, []).append(self.now)
        self.said += 1
        self._waiting.append(
            self.channel.update(
                chat=chat,
                name=self._names.get(chat, ""),
                at=self.now,
                text=text,
                button=button,
                photos=photos,
                reply_to=reply_to,
            )
        )

    def did_anything(self, chat: str, since: datetime, until: datetime) -> bool:
        """Tell whether somebody wrote or pressed in a chat between two moments, both of them included."""
        return any(since <= at <= until for at in self._did.get(chat, ()))

    def name_of(self, chat: str) -> str:
        """Return what a settled person is called."""
        return self._names[chat]

    def settle(self, chat: str, name: str, resident: Resident) -> None:
        """Bring a person into the city who can write and be written to."""
        self._names[chat] = name
        self.residents[chat] = resident

    async def command(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do what an administrator does with a command, in one transaction; again when a fault strikes."""
        while True:
            try:
                async with self._database.begin() as transaction:
                    return await work(transaction)
            except (*FAILED, Killed):
                continue

    async def appoint(self, transaction: Transaction, chat: str, unit: str, role: str) -> None:
        """Give a settled person a post, as if an invitation had been used."""
        name = self._names[chat]
        await seat_person(transaction, channel=CHANNEL, chat=chat, name=name, post=(unit, role), now=self.now)

    def _hear(self, chat: str, message: OutboundMessage, message_id: str) -> None:
        if self.faults:
            self.faults.channel_fails(chat, self.now)
        content = json.dumps(message.as_dict(), ensure_ascii=False, sort_keys=True).encode()
        self.told.digest.update(f"{self.now.isoformat()} {chat} ".encode() + content)
        self.told.messages += 1
        self.told.today.append(
            Delivered(
                at=self.now,
                chat=chat,
                message_id=message_id,
                content=hashlib.blake2b(content, digest_size=12).digest(),
                retried=self.faults is not None and self.faults.troubles(chat, self.now),
            )
        )
        if resident := self.residents.get(chat):
            resident.hear(message, message_id)
        if self.faults:
            self.faults.channel_breaks_off(chat, self.now)

    # ── how time passes ──────────────────────────────────────────────────────────────────────────

    async def run(self, midnight: Callable[[], Awaitable[None]], passed: Callable[[int], object]) -> None:
        """Live until the end; `midnight` is awaited after each local day, `passed` hears of minutes."""
        while self.now < self.end:
            before = self.now
            self.now = min(self._next_step(), self.end)
            await self._live_step()
            if _day(self.now) != _day(before):
                await midnight()
                self._forget_old_deeds()
            passed(int((self.now - before).total_seconds() // 60))

    def _forget_old_deeds(self) -> None:
        edge = self.now - REMEMBERED
        recent = {chat: [at for at in moments if at >= edge] for chat, moments in self._did.items()}
        self._did = {chat: moments for chat, moments in recent.items() if moments}

    def _next_step(self) -> datetime:
        """Return the next moment at which there is anything to do: a deed, or a tick of the clock."""
        tick = NIGHT_TICK if in_quiet_hours(self.now) else TICK
        until = _on_grid(self.now + STEP, tick)
        midnight = _on_grid(self.now + STEP, timedelta(days=1))
        until = min(until, midnight)
        if self._deeds and self._deeds[0].at < until:
            until = min(until, _on_grid(max(self._deeds[0].at, self.now + STEP), STEP))
        return until

    async def _live_step(self) -> None:
        self._off = self.faults.clock_is_off() if self.faults else timedelta()
        while self._deeds and self._deeds[0].at <= self.now:
            await self._do_deeds()
            if self._waiting:
                await self._work()
        if _on_grid(self.now, NIGHT_TICK if in_quiet_hours(self.now) else TICK) == self.now:
            await self._tick()
        await self._deliver()

    async def _do_deeds(self) -> None:
        while self._deeds and self._deeds[0].at <= self.now:
            awaited = heapq.heappop(self._deeds).act()
            if awaited is not None:
                await awaited

    async def _work(self) -> None:
        said, self._waiting = self._waiting, []
        if self.faults:
            said = self.faults.disturb(said)
        await self._receive(said)
        await self._turns()

    async def _receive(self, said: Sequence[tuple[Envelope, bytes]]) -> None:
        """Store what was said; what could not be stored is sent again, as a vendor does."""
        while said:
            handed_in = (self._receiver.receive(CHANNEL, envelope, body) for envelope, body in said)
            results = await asyncio.gather(*handed_in, return_exceptions=True)
            if self.faults is None and any(results):
                raise next(filter(None, results))
            self.sent_ids |= {
                envelope.external_id
                for (envelope, _), refused in zip(said, results, strict=True)
                if refused is None
            }
            said = [update for update, refused in zip(said, results, strict=True) if refused]

    async def _turns(self) -> None:
        while True:
            try:
                await self._worker.drain()
                return
            except FAILED:
                continue
            except Killed:
                await self._start_again()

    async def _deliver(self) -> None:
        while True:
            before = self.told.messages
            try:
                await self._delivery.drain()
                return
            except FAILED:
                continue
            except Killed:
                assert self.faults is not None
                self.faults.killed_sends += self.told.messages - before
                await self._start_again()

    async def _start_again(self) -> None:
        """Start the program again after it was killed, as `serve` does."""
        self._start_parts()
        while True:
            try:
                async with self._database.begin() as transaction:
                    await messages.release_claims(transaction)
                return
            except (*FAILED, Killed):
                continue

    async def _tick(self) -> None:
        """Let the clock's jobs run that may have work; with faults now and then by two clocks."""
        for name in JOBS:
            last = self._ticked.get(name)
            if last is not None and self.now - last < PACE.get(name, USUAL_PACE):
                continue
            self._ticked[name] = self.now
            for _ in range(2 if self.faults and self.faults.two_clocks() else 1):
                await self._run_job(name)

    async def _run_job(self, name: str) -> None:
        """Run a job as the clock does: what fails is tried again at its next tick."""
        try:
            await self._ticker.run(name, self.now)
        except Killed:
            await self._start_again()
        except FAILED:
            pass


def _on_grid(at: datetime, step: timedelta) -> datetime:
    """Return the first moment from `at` on that is a whole number of steps after local midnight."""
    local = at.astimezone(LOCAL_TIME)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = -((midnight - local) // step)
    return (midnight + steps * step).astimezone(at.tzinfo)


def _day(at: datetime) -> int:
    return at.astimezone(LOCAL_TIME).toordinal()


async def seat_person(
    transaction: Transaction,
    *,
    channel: str,
    chat: str,
    name: str,
    post: tuple[str, str] | None,
    now: datetime,
) -> people.Person:
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
    return person
