"""Whatever happens, a promised notice is sent, held or set aside, and no more is spent than may be."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from storage import chats, messages, traffic
from storage.database import Database
from storage.holding import Heard, Held
from storage.tables import outbox
from storage.tables import traffic as counts
from tests.city import MONDAY_MORNING, CityHarness, RecordingChannel
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

    def __init__(self, name: str, dice: random.Random, clock: list[datetime]) -> None:
        super().__init__(name)
        self.dice, self.clock = dice, clock
        self.bill = 0
        self.taken: Counter[str] = Counter()

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        chance = self.dice.random()
        refusals: list[ChannelError] = [RateLimited(), Rejected(), OutsideReplyWindow()]
        if chance < 0.15:
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


async def test_random_histories_lose_nothing_and_spend_no_more_than_they_may(
    sqlite: Database, tmp_path: Path
) -> None:
    town = await found_city(sqlite, tmp_path)
    for seed in range(6):
        await _live(town, seed)


async def _live(town: CityHarness, seed: int) -> None:
    dice = random.Random(seed)
    town.now = MONDAY_MORNING + timedelta(days=31 * seed)
    async with town.database.begin() as transaction:
        before = await traffic.spent(transaction, traffic.local_day(town.now))
    vendor, sms = Vendor("vendor", dice, []), Vendor("sms", dice, [])
    vendor.capabilities = ABLE
    town.channels = {**town.channels, "vendor": vendor, "sms": sms}
    town.worker._channels = town.channels
    delivery = Delivery(town.database, channels=town.channels, budget=BUDGET, sms_price=SHORT, now=town.clock)
    town.delivery = delivery
    who = [town.citizen(f"người {seed}-{number}", channel="vendor") for number in range(3)]
    for somebody in who:
        await somebody.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
        if "Đồng ý và gửi" in str(somebody.screen):
            await somebody.presses("Đồng ý và gửi")
        await somebody.sends(phone=f"091234567{seed}")
    filed = {case.chat: case for case in await town.cases()}
    promised = []
    for step in range(40):
        somebody = dice.choice(who)
        match dice.randrange(5):
            case 0:
                town.now += timedelta(hours=dice.randrange(1, 80))
            case 1:
                await somebody.writes("xin chào")
            case 2:  # another process takes over while this one may be sending
                town.delivery = Delivery(
                    town.database, channels=town.channels, budget=BUDGET, sms_price=SHORT, now=town.clock
                )
            case _:
                promised.append(text := f"tin {seed}-{step}.")
                case = filed.get(somebody.chat)
                async with town.database.begin() as transaction:
                    messages.post_notice(
                        transaction,
                        channel="vendor",
                        chat=somebody.chat,
                        message={"text": text},
                        at=town.now,
                        case_id=case.id if case else None,
                    )
        if dice.random() < 0.7:
            await town.settles()
        else:  # it dies after a claim
            await town.delivery.step()
            await asyncio.gather(*town.delivery._sending)
            town.delivery = Delivery(
                town.database, channels=town.channels, budget=BUDGET, sms_price=SHORT, now=town.clock
            )
            town.now += timedelta(minutes=1)
    rows = await town.rows(select(outbox).where(outbox.c.channel.in_(["vendor", "sms"])))
    # What was joined to another message must stand there; its own row was never shown.
    seen = " ".join(str(row["message"]["text"]) for row in rows if row["price"] != "joined")
    for text in promised:
        assert text in seen, f"{text} was lost (seed {seed})"
    days = await town.rows(
        select(counts.c.day, func.sum(counts.c.cost).label("cost"))
        .group_by(counts.c.day)
        .order_by(counts.c.day)
    )
    by_month: Counter[tuple[int, int]] = Counter()
    for day in days:
        by_month[day["day"].year, day["day"].month] += day["cost"]
    assert 0 < max(by_month.values(), default=0) <= BUDGET
    charged = sum(day["cost"] for day in days)
    [total] = await town.rows(select(func.coalesce(func.sum(outbox.c.cost), 0).label("cost")))
    assert charged == total["cost"], f"costs add up (seed {seed}, {before} before)"
    assert vendor.bill + sms.bill <= charged, "nothing is charged that is not counted"


async def test_two_processes_together_spend_no_more_than_the_budget(
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
