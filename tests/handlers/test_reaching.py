"""Whatever happens, a promised notice is sent, held or set aside, and no more is spent than may be."""

import asyncio
import itertools
import json
import random
import signal
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers import composing_held, reaching
from handlers.channel import (
    Address,
    Capabilities,
    ChannelError,
    OutboundMessage,
    OutsideReplyWindow,
    RateLimited,
    Rejected,
    Sent,
    Unavailable,
)
from handlers.delivery import Delivery
from handlers.reaching import Window
from storage import chats, linking, messages, people
from storage.database import Database
from storage.holding import Heard, Held
from storage.tables import outbox
from storage.tables import traffic as counts
from tests.city import MONDAY_MORNING, CityHarness, RecordingChannel, Somebody
from tests.machinery import found_city

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PRICE, FORM, SHORT, BUDGET = 70, 120, 800, 4000
ABLE = Capabilities(
    source="https://example.org",
    text_limit=2000,
    free_window=timedelta(hours=48),
    reply_window=timedelta(days=7),
    price=PRICE,
    template_price=FORM,
)


@pytest.mark.parametrize(
    ("hours", "stands"),
    [(0, Window.FREE), (47, Window.FREE), (48, Window.PAID), (167, Window.PAID), (168, Window.CLOSED)],
)
def test_windows_by_hours_of_silence(hours: float, stands: Window) -> None:
    channel = RecordingChannel("vendor")
    channel.capabilities = ABLE
    heard = Heard(
        channel="vendor",
        chat="an",
        person_id=1,
        group=False,
        last_inbound_at=NOW - timedelta(hours=hours),
    )
    assert reaching.window(channel, heard, NOW) is stands
    assert reaching.window(channel, replace(heard, group=True), NOW) is Window.FREE


@pytest.mark.parametrize(("hour", "opens"), [(21, 21), (22, 30), (3, 6), (6, 6), (12, 12)])
def test_forms_wait_until_six(hour: int, opens: int) -> None:
    midnight = MONDAY_MORNING.replace(hour=0)
    assert reaching.after_form_hours(midnight + timedelta(hours=hour)) == midnight + timedelta(hours=opens)


def held(number: int, text: str, *, case_id: int | None = 1, urgency: int = 1, **more: object) -> Held:
    return Held(
        id=number,
        channel="vendor",
        chat="an",
        message={**({"text": text} if text else {}), **more},
        case_id=case_id,
        urgency=urgency,
        created_at=NOW + timedelta(minutes=number),
        error=None,
    )


def test_news_of_one_case_becomes_one_message_with_nothing_left_out() -> None:
    buttons = [[{"label": "Xem", "data": "own:X:show"}]]
    parts = composing_held.compose(
        [held(1, "cũ"), held(2, "việc khác", case_id=2), held(3, "mới", buttons=buttons)]
    )
    shown = [part for part in parts if not part.folded]
    assert [part.case_id for part in shown] == [1, 2]
    assert shown[0].message["text"].index("mới") < shown[0].message["text"].index("cũ")
    assert shown[0].message["buttons"] == buttons


def test_of_digests_only_the_newest_is_shown() -> None:
    parts = composing_held.compose(
        [
            held(1, "thứ Hai", case_id=None, urgency=2, drawing={}),
            held(2, "thứ Ba", case_id=None, urgency=2, drawing={}),
        ]
    )
    assert "thứ Ba" in parts[0].message["text"]
    assert parts[1].outdated


def test_what_is_no_digest_is_shown_beside_one_and_needs_no_words() -> None:
    parts = composing_held.compose(
        [
            held(1, "", case_id=None, export={}),
            held(2, "", case_id=None, urgency=2, drawing={}),
        ]
    )
    assert [set(part.message) - {"text"} for part in parts] == [{"drawing"}, {"export"}]
    assert not any(part.outdated for part in parts)


def test_joining_takes_no_button_away() -> None:
    def button(data: str) -> list[list[dict[str, str]]]:
        return [[{"label": data, "data": data}]]

    question = held(1, "Đơn vị hỏi", buttons=button("own:X:reply"))
    [asked, _] = composing_held.compose([question, held(2, "Đơn vị báo tiến độ")])
    assert asked.message["buttons"] == button("own:X:reply")
    [several, _] = composing_held.compose(
        [
            held(1, "việc cũ", case_id=None, buttons=button("card:A")),
            held(2, "việc mới", case_id=None, buttons=[*button("card:A"), *button("card:B")]),
        ]
    )
    assert several.message["buttons"] == [*button("card:A"), *button("card:B")]


class Vendor(RecordingChannel):
    """A vendor that charges, keeps its own windows, and fails in every way; `bill` is what it wants."""

    billed = 0
    """What all of them wanted in the histories that are over."""

    def __init__(self, name: str, dice: random.Random, clock: list[datetime]) -> None:
        super().__init__(name)
        self.dice, self.clock = dice, clock
        self.bill = 0
        self.kind = False
        """Whether it fails no more."""
        self.taken: Counter[str] = Counter()

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        chance = 0.5 if self.kind else self.dice.random()
        refusals: list[ChannelError] = [RateLimited(), Rejected(), Rejected(), OutsideReplyWindow()]
        if chance < 0.3:
            raise self.dice.choice(refusals)
        cost = 0
        if message.template:
            cost = FORM
        elif self.name == "sms":
            cost = SHORT
        elif message.quota == "paid":
            cost = self.dice.choice([0, PRICE])
        self.bill += cost
        self.taken[message.text] += 1
        sent = await super().send(address, message)
        if chance > 0.9:
            raise Unavailable("the answer was dropped")
        if self.name == "sms":
            return sent
        return replace(sent, price="template" if message.template else "paid" if cost else "free", cost=cost)


HISTORIES = 8


async def test_random_histories_lose_nothing_and_spend_no_more_than_they_may(
    sqlite: Database, tmp_path: Path
) -> None:
    town = await found_city(sqlite, tmp_path)
    ends: Counter[str] = Counter()
    for seed in range(HISTORIES):
        ends += await History(town, seed).live()
    assert min(ends[end] for end in ("shown", "held", "dead", "spent", "elsewhere", "killed")) > 0, ends


class History:
    """Some people, what was promised to them, and a vendor and a program that fail at any moment."""

    def __init__(self, town: CityHarness, seed: int) -> None:
        self.town, self.seed = town, seed
        self.dice = random.Random(seed)
        town.now += timedelta(days=40)  # another month, another budget
        self.vendor, self.sms = Vendor("vendor", self.dice, []), Vendor("sms", self.dice, [])
        self.vendor.capabilities = ABLE
        self.vendor._numbers = itertools.count(100_000 * seed + 1)  # ids that no other history has
        town.channels = {**town.channels, "vendor": self.vendor, "sms": self.sms}
        town.worker._channels = town.channels
        self.who = [town.citizen(f"người {seed}-{number}", channel="vendor") for number in range(3)]
        self.homes = {each.chat: town.citizen(f"nhà {seed}-{each.chat}") for each in self.who}
        self.linked: set[str] = set()
        self.promised: list[tuple[str, Somebody]] = []
        self.ends: Counter[str] = Counter()
        self.starts_again()

    def starts_again(self) -> None:
        """Put another process in the place of the one that delivers."""
        self.town.delivery = Delivery(
            self.town.database,
            channels=self.town.channels,
            budget=BUDGET,
            sms_price=SHORT,
            now=self.town.clock,
        )

    async def live(self) -> Counter[str]:
        """Live through it; return how often each end was come to."""
        await self.reports()
        for step in range(60):
            await self.does_something(step, self.dice.choice(self.who))
            if self.dice.random() < 0.7:
                await self.town.settles()
            else:
                await self.is_killed()
        self.vendor.kind = self.sms.kind = True
        await self.town.passes(days=2)
        await self.town.passes(hours=12)  # one of both is by day
        await self.accounts_for_everything()
        await self.adds_up()
        for somebody in self.who:
            await somebody.writes("xin chào")
        assert not await self.town.rows(select(outbox.c.id).where(outbox.c.held_at.is_not(None)))
        await self.accounts_for_everything()
        return self.ends

    async def reports(self) -> None:
        self.vendor.kind = True
        for number, somebody in enumerate(self.who):
            await somebody.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
            await somebody.files()
            await somebody.sends(phone=f"091234{self.seed:02}{number:02}")
        self.vendor.kind = False
        self.cases = {case.chat: case for case in await self.town.cases()}

    async def does_something(self, step: int, somebody: Somebody) -> None:
        match self.dice.randrange(8):
            case 0:
                self.town.now += timedelta(hours=self.dice.randrange(1, 60))
            case 1 if step % 2:
                self.town.now += timedelta(days=self.dice.randrange(7, 12))
            case 2:
                await somebody.writes("xin chào")
            case 3:
                await self.links(somebody)
            case 4:
                self.starts_again()
            case _:
                await self.promises(f"tin {self.seed}-{step}.", somebody)

    async def links(self, somebody: Somebody) -> None:
        """Make the account at home the same person's; what was held comes with it."""
        home = self.homes[somebody.chat]
        if somebody.chat in self.linked or self.dice.random() < 0.9:
            return
        async with self.town.database.begin() as transaction:
            known = await people.load_people(transaction, [("vendor", somebody.chat)], now=self.town.now)
            whose = known["vendor", somebody.chat].id
            code = await linking.create_code(transaction, person_id=whose, now=self.town.now)
        await home.replays(f"link:{code.replace('-', '')}")
        self.linked.add(somebody.chat)
        held_now = await self.town.rows(
            select(outbox.c.id).where(outbox.c.held_at.is_not(None), outbox.c.chat == somebody.chat)
        )
        assert not held_now, "who comes back by another way is shown all"

    async def promises(self, text: str, somebody: Somebody) -> None:
        case = self.cases[somebody.chat]
        self.promised.append((text, somebody))
        async with self.town.database.begin() as transaction:
            messages.post_notice(
                transaction,
                channel="vendor",
                chat=somebody.chat,
                message={"text": text},
                at=self.town.now,
                case_id=case.id,
                urgency=self.dice.choice([0, 1, 2]),
            )

    async def is_killed(self) -> None:
        """Die after the vendor has taken something and before that is recorded."""
        await self.town.worker.drain()
        await self.town.delivery.step()
        self.ends["killed"] += len(self.town.delivery._sending)
        await asyncio.gather(*self.town.delivery._sending)
        self.starts_again()
        self.town.now += timedelta(minutes=1)

    async def accounts_for_everything(self) -> None:
        """Each promise was shown to its person, is held for them, or is a dead letter that the unit sees."""
        rows = await self.town.rows(select(outbox).order_by(outbox.c.id))
        for text, somebody in self.promised:
            holders = [row for row in rows if text in row["message"].get("text", "")]
            where = f"{text} of {somebody.chat}"
            if any(text in shown.text for shown in somebody.screen):
                self.ends["shown"] += 1
            elif any(text in shown.text for shown in self.homes[somebody.chat].screen):
                self.ends["elsewhere"] += 1
            elif any(row["held_at"] and not row["failed_at"] for row in holders):
                self.ends["held"] += 1
            else:
                assert any(row["failed_at"] and row["price"] != "dropped" for row in holders), where
                told = await self.town.events(self.cases[somebody.chat])
                assert any(event.type == "citizen_not_reached" for event in told), where
                self.ends["dead"] += 1
            others = [each for each in (*self.who, *self.homes.values()) if each.chat != somebody.chat]
            others.remove(self.homes[somebody.chat])
            assert not any(text in shown.text for each in others for shown in each.screen), where

    async def adds_up(self) -> None:
        days = await self.town.rows(
            select(counts.c.day, func.sum(counts.c.cost).label("cost")).group_by(counts.c.day)
        )
        by_month: Counter[tuple[int, int]] = Counter()
        for day in days:
            by_month[day["day"].year, day["day"].month] += day["cost"]
        assert max(by_month.values(), default=0) <= BUDGET
        charged = sum(by_month.values())
        [total] = await self.town.rows(select(func.coalesce(func.sum(outbox.c.cost), 0).label("cost")))
        assert charged == total["cost"], f"costs add up (seed {self.seed})"
        Vendor.billed += self.vendor.bill + self.sms.bill
        assert Vendor.billed <= charged, "nothing is charged that is not counted"
        self.ends["spent"] += charged


PEOPLE = 150


async def test_several_processes_that_are_killed_spend_no_more_than_the_budget(
    postgresql_url: str, postgresql: Database, tmp_path: Path
) -> None:
    town = await found_city(postgresql, tmp_path)
    async with postgresql.begin() as transaction:
        for number in range(PEOPLE):
            chat = chats.Chat(channel="vendor", chat=f"{number}")
            chats.save_chat(transaction, chat, now=town.now - timedelta(days=3))
            where: dict[str, Any] = {"channel": "vendor", "chat": f"{number}", "case_id": number + 1}
            messages.post_notice(transaction, message={"text": f"tin {number}"}, at=town.now, **where)
    budget, bill = 100 * PRICE + 5, tmp_path / "bill"

    def task(later: int = 0) -> str:
        now = (town.now + timedelta(seconds=later)).isoformat()
        return json.dumps({"url": postgresql_url, "bill": str(bill), "budget": budget, "now": now})

    first = [await _spender(task()) for _ in range(3)]
    for process in first:
        process.stdin.write(b"go\n")
    while not bill.exists() or len(bill.read_text().split()) < 10:  # noqa: ASYNC110 - another process writes
        await asyncio.sleep(0.005)
    first[0].kill()  # after the vendor has taken some of what it sent, and before that is recorded
    assert [await process.wait() for process in first] == [-signal.SIGKILL, 0, 0]
    heir = await _spender(task(later=60))
    heir.stdin.write(b"go\n")
    assert await heir.wait() == 0
    charged = PRICE * len(bill.read_text().split())
    rows = await town.rows(select(outbox).where(outbox.c.channel == "vendor"))
    [spent] = await town.rows(select(func.sum(counts.c.cost).label("cost")))
    assert charged <= spent["cost"] == sum(row["cost"] or 0 for row in rows) <= budget
    assert all(row["sent_at"] or row["held_at"] for row in rows), "nothing is lost"
    assert {row["chat"] for row in rows if row["sent_at"]} <= set(bill.read_text().split())


async def _spender(task: str) -> Any:
    """Start a process that waits for a line before it spends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.spender", task),
        cwd=Path(__file__).parent.parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_two_deliveries_together_spend_no_more_than_the_budget(
    postgresql: Database, tmp_path: Path
) -> None:
    town = await found_city(postgresql, tmp_path)
    vendor = Vendor("vendor", random.Random(1), [])
    vendor.dice = random.Random(3)
    vendor.capabilities = ABLE
    vendor.dice.random = lambda: 0.5  # type: ignore[method-assign]
    vendor.dice.choice = lambda options: options[-1]  # type: ignore[method-assign,assignment]
    channels = {"vendor": vendor}
    async with postgresql.begin() as transaction:
        for number in range(60):
            chat = chats.Chat(channel="vendor", chat=f"{number}")
            chats.save_chat(transaction, chat, now=town.now - timedelta(days=3))
            messages.post_notice(
                transaction,
                channel="vendor",
                chat=f"{number}",
                message={"text": f"tin {number}"},
                at=town.now,
                case_id=number + 1,
            )
    budget = 25 * PRICE + 5
    both = [Delivery(postgresql, channels=channels, budget=budget, now=town.clock) for _ in range(2)]
    await asyncio.gather(*(each.drain() for each in both))
    assert (vendor.bill, sum(vendor.taken.values())) == (25 * PRICE, 25)
    held_rows = await town.rows(select(outbox.c.id).where(outbox.c.held_at.is_not(None)))
    assert len(held_rows) == 35
