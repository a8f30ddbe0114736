"""Delivery: in order for each chat, at least once, and no chat or fault that holds up another."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from handlers import delivery, oversight, texts
from handlers.channel import (
    Address,
    Channel,
    ChannelError,
    Misconfigured,
    OutboundMessage,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Sent,
    Unavailable,
)
from handlers.delivery import TRIES, Delivery
from routing.deadline import LOCAL_TIME
from storage import chats, messages
from storage.cases import Case
from storage.chats import Chat
from storage.tables import case as case_table
from storage.tables import chat as chat_table
from storage.tables import outbox
from tests.city import CityHarness, RecordingChannel
from tests.machinery import WatchedDatabase

SECOND = timedelta(seconds=1)


class Vendor(RecordingChannel):
    """A channel that is as slow or as broken as it is told to be, chat by chat."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        """The texts in the order in which they went out."""
        self.tries: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        """A chat with a gate is slow until the gate is set."""
        self.crashes: set[str] = set()

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        self.tries.append(message.text)
        if gate := self.gates.get(address.chat):
            await gate.wait()
        if address.chat in self.crashes:
            raise KeyError("result")
        sent = await super().send(address, message)
        self.order.append(message.text)
        return sent


@pytest.fixture
def vendor(town: CityHarness) -> Vendor:
    """The channel of the town; its delivery is a new one."""
    channel = Vendor()
    town.channels["web"] = channel
    town.delivery = deliver(town)
    return channel


def deliver(town: CityHarness) -> Delivery:
    """Return another delivery, as another process would have it."""
    channels: Mapping[str, Channel] = town.channels
    return Delivery(town.database, channels=channels, now=town.clock)


async def post(town: CityHarness, chat: str, *told: str, **more: Any) -> None:
    async with town.database.begin() as transaction:
        for text in told:
            row = {"channel": "web", "message": {"text": text}, "at": town.now, **more}
            messages.post_notice(transaction, chat=chat, **row)


async def state(town: CityHarness, text: str) -> dict[str, Any]:
    """Return the outbox row of a text."""
    rows = await town.rows(select(outbox).order_by(outbox.c.id))
    return next(row for row in rows if row["message"]["text"] == text)


# ── order ────────────────────────────────────────────────────────────────────────────────────────


async def test_messages_of_a_chat_go_out_in_order(town: CityHarness, vendor: Vendor) -> None:
    await post(town, "an", "một", "hai", "ba")
    await town.settles()
    assert vendor.order == ["một", "hai", "ba"]


async def test_a_slow_chat_holds_up_only_itself(town: CityHarness, vendor: Vendor) -> None:
    gate = vendor.gates["an"] = asyncio.Event()
    await post(town, "an", "chậm", "sau chậm")
    await post(town, "bình", "một", "hai", "ba")
    running = asyncio.create_task(town.delivery.run())
    async with asyncio.timeout(10):
        while len(vendor.order) < 3:  # noqa: ASYNC110 - it is the vendor that is waited for
            await asyncio.sleep(0.01)
        assert vendor.order == ["một", "hai", "ba"]
        assert "sau chậm" not in vendor.tries
        gate.set()
        while len(vendor.order) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        town.delivery.stop()
        await running
    assert vendor.order[3:] == ["chậm", "sau chậm"]


async def test_a_send_that_ends_while_a_commit_runs_is_recorded(
    town: CityHarness, vendor: Vendor, watched: WatchedDatabase
) -> None:
    """Its outcome once went into the list that the commit had just taken away, and so it was sent again."""
    gate = vendor.gates["an"] = asyncio.Event()
    await post(town, "an", "một")
    await town.delivery.step()
    watched.gate.clear()
    committing = asyncio.create_task(town.delivery.step())
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.sleep(0.05)
    watched.gate.set()
    await committing
    await town.settles()
    assert (await state(town, "một"))["sent_at"] == town.now
    await town.passes(seconds=messages.CLAIM_TIME.total_seconds() + 1)
    assert vendor.tries == ["một"]


# ── nights ───────────────────────────────────────────────────────────────────────────────────────


async def _cards_in_the_evening(town: CityHarness, vendor: Vendor) -> tuple[datetime, Case]:
    """Post a chair's card shortly before the night while their channel is away, and something urgent."""
    citizen = town.citizen("an")
    await citizen.writes("Đống rác to trước nhà 12 đường Khương Đình, phường Khương Đình chưa ai dọn")
    await citizen.files()
    evening = datetime(2026, 3, 4, 20, 59, tzinfo=LOCAL_TIME)
    await town.becomes(evening)
    case = await town.only_case()
    vendor.failures["chair"] = RateLimited(retry_after=timedelta(minutes=10))
    await post(town, "chair", "card", case_id=case.id)
    await town.settles()
    return evening, case


async def test_a_card_that_could_not_be_sent_does_not_come_at_night(
    town: CityHarness, vendor: Vendor
) -> None:
    evening, _ = await _cards_in_the_evening(town, vendor)
    del vendor.failures["chair"]
    assert (await state(town, "card"))["available_at"] == evening + timedelta(hours=10, minutes=1)
    await town.passes(minutes=30)
    await post(town, "chair", "khẩn")  # about no case: it goes out at once, past the card
    await town.settles()
    assert vendor.order[-1] == "khẩn"
    await town.becomes(evening + timedelta(hours=10, minutes=1))
    assert vendor.order[-1] == "card"


async def test_what_is_urgent_or_an_answer_is_tried_again_at_night(town: CityHarness, vendor: Vendor) -> None:
    evening, case = await _cards_in_the_evening(town, vendor)
    vendor.failures["an"] = RateLimited(retry_after=timedelta(minutes=10))
    await town.citizen("an").writes("/start")  # they are awake
    await post(town, "an", "answer", case_id=case.id)
    async with town.database.begin() as transaction:
        await transaction.execute(update(case_table).where(case_table.c.id == case.id), {"urgent": True})
    await post(town, "chair", "urgent", case_id=case.id)
    await town.settles()
    assert (await state(town, "answer"))["available_at"] <= evening + timedelta(minutes=20)
    assert (await state(town, "urgent"))["available_at"] <= evening + timedelta(minutes=20)


# ── failures ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_may_work_later_is_tried_again_with_growing_pauses(
    town: CityHarness, vendor: Vendor
) -> None:
    vendor.failures["an"] = Unavailable()
    await post(town, "an", "một", "hai")
    await town.settles()
    pauses = []
    for _ in range(4):
        again_at = (await state(town, "một"))["available_at"]
        pauses.append(again_at - town.now)
        town.now = again_at - SECOND / 10
        await town.settles()
        assert len(vendor.tries) == len(pauses)
        town.now = again_at
        await town.settles()
    assert pauses == [1 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    del vendor.failures["an"]
    await town.passes(seconds=16)
    assert vendor.order == ["một", "hai"]


async def test_the_vendor_says_how_long_to_wait(town: CityHarness, vendor: Vendor) -> None:
    vendor.failures["an"] = Unavailable(retry_after=timedelta(minutes=5))
    await post(town, "an", "một")
    await town.settles()
    assert (await state(town, "một"))["available_at"] == town.now + timedelta(minutes=5)


async def test_being_too_fast_is_no_failed_try(town: CityHarness, vendor: Vendor) -> None:
    vendor.failures["an"] = RateLimited(retry_after=3 * SECOND)
    await post(town, "an", "một")
    await town.settles()
    for _ in range(TRIES + 5):
        await town.passes(seconds=3)
    assert (await state(town, "một"))["attempts"] == 0
    del vendor.failures["an"]
    await town.passes(seconds=3)
    assert vendor.order == ["một"]


async def test_in_the_end_it_is_set_aside_and_the_administrator_told(
    town: CityHarness, vendor: Vendor
) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.failures["an"] = Unavailable()
    await post(town, "an", "một", "hai")
    await town.settles()
    for _ in range(TRIES - 1):
        await town.passes(hours=1)
    row = await state(town, "một")
    assert (row["attempts"], row["failed_at"]) == (TRIES, town.now)
    assert [shown.text for shown in admin.screen] == [texts.notice_set_aside(outbox_id=row["id"])]
    assert vendor.tries.count("một") == TRIES
    assert "hai" in vendor.tries


async def test_what_the_vendor_refuses_is_set_aside_at_once(town: CityHarness, vendor: Vendor) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.failures["an"] = Rejected("too long")
    await post(town, "an", "một")
    await town.settles()
    assert vendor.tries[0] == "một"
    assert vendor.tries.count("một") == 1
    row = await state(town, "một")
    assert (row["failed_at"], row["error"]) == (town.now, "Rejected: too long")
    admin.sees("để riêng")


async def test_an_administrator_who_cannot_be_told_is_not_told_of_that(
    town: CityHarness, vendor: Vendor
) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.failures |= {"an": Rejected(), admin.chat: Rejected()}
    await post(town, "an", "một")
    for _ in range(5):
        await town.passes(hours=1)
    assert len(await town.rows(select(outbox.c.id))) < 10


async def test_a_wrong_token_is_told_to_the_administrator_once_an_hour(
    town: CityHarness, vendor: Vendor
) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.failures["an"] = Misconfigured()
    await post(town, "an", "một")
    for _ in range(4):
        await town.passes(seconds=30)
    admin.sees("từ chối chương trình")
    assert len(admin.screen) == 1
    del vendor.failures["an"]
    await town.passes(hours=1)
    assert "một" in vendor.order


async def test_a_person_who_is_gone_is_marked_so_and_the_unit_told(town: CityHarness, vendor: Vendor) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    an = town.citizen("an")
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay")
    await an.presses("Đồng ý và gửi")
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch", photos=1)
    vendor.failures["an"] = RecipientUnreachable()
    chair.reads()
    await chair.presses("Gửi câu trả lời")
    chair.sees((await town.only_case()).code, "chưa")
    query = select(chat_table.c.unreachable_at).where(chat_table.c.chat == "an")
    assert await town.rows(query) == [{"unreachable_at": town.now}]


async def test_a_group_that_moved_is_followed_with_all_that_waits_for_it(
    town: CityHarness, vendor: Vendor
) -> None:
    async with town.database.begin() as transaction:
        chats.save_chat(transaction, Chat(channel="web", chat="-1", group=True), now=town.now)
    vendor.failures["-1"] = Rejected(moved_to="-100")
    await post(town, "-1", "một", "hai")
    await town.settles()
    assert vendor.order == ["một", "hai"]
    assert [shown.text for shown in vendor.shown["-100"]] == ["một", "hai"]


async def test_a_chat_that_moved_to_itself_is_not_followed_for_ever(
    town: CityHarness, vendor: Vendor
) -> None:
    vendor.failures["-1"] = Rejected(moved_to="-1")
    await post(town, "-1", "một")
    async with asyncio.timeout(10):
        await town.settles()
    assert (await state(town, "một"))["failed_at"] == town.now


async def test_a_channel_that_breaks_is_unavailable(town: CityHarness, vendor: Vendor) -> None:
    vendor.crashes.add("an")
    await post(town, "an", "một")
    await post(town, "bình", "hai")
    await town.settles()
    assert vendor.order == ["hai"]
    row = await state(town, "một")
    assert (row["attempts"], row["failed_at"]) == (1, None)
    vendor.crashes.clear()
    await town.passes(seconds=1)
    assert vendor.order == ["hai", "một"]


async def test_a_send_that_never_ends_is_given_up(
    town: CityHarness, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEND_SECONDS", 0.01)
    vendor.gates["an"] = asyncio.Event()
    await post(town, "an", "một")
    await town.settles()
    assert (await state(town, "một"))["attempts"] == 1


async def test_a_channel_that_is_not_set_up_keeps_its_messages(town: CityHarness, vendor: Vendor) -> None:
    await post(town, "an", "một", channel="gone")
    for _ in range(TRIES + 1):
        await town.passes(minutes=10)
    row = await state(town, "một")
    assert (row["attempts"], row["failed_at"], row["sent_at"]) == (0, None, None)


# ── at least once ────────────────────────────────────────────────────────────────────────────────


async def test_killed_between_sending_and_recording_it_sends_again(town: CityHarness, vendor: Vendor) -> None:
    await post(town, "an", "một", "hai")
    await town.delivery.step()
    await asyncio.sleep(0)
    assert vendor.order == ["một"]
    town.delivery = deliver(town)  # another process: it knows only what is in the database
    await town.settles()
    assert vendor.order == ["một"]
    await town.passes(seconds=messages.CLAIM_TIME.total_seconds() + 1)
    assert vendor.order == ["một", "một", "hai"]


async def test_two_deliveries_at_once_send_each_message_once(town: CityHarness, vendor: Vendor) -> None:
    other = deliver(town)
    for number in range(20):
        await post(town, f"c{number}", f"{number} một", f"{number} hai")
    for _ in range(5):
        await asyncio.gather(town.delivery.drain(), other.drain())
    assert sorted(vendor.order) == sorted(
        f"{number} {text}" for number in range(20) for text in ("một", "hai")
    )


async def test_what_cannot_be_recorded_while_the_database_is_away_is_recorded_later(
    town: CityHarness, vendor: Vendor, watched: WatchedDatabase
) -> None:
    await post(town, "an", "một")
    await town.delivery.step()
    await asyncio.sleep(0)
    watched.fault = OSError("the database is away")
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            await town.delivery.step()
    watched.fault = None
    await town.settles()
    assert (await state(town, "một"))["sent_at"] == town.now
    assert vendor.order == ["một"]


async def test_an_outcome_that_cannot_be_told_of_holds_up_no_other(
    town: CityHarness, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise ValueError("a rule that nobody thought of")

    monkeypatch.setattr(oversight, "tell_operators", breaks)
    vendor.failures["an"] = Rejected()
    await post(town, "an", "một")
    await post(town, "bình", "hai", "ba")
    await town.settles()
    assert vendor.order == ["hai", "ba"]
    assert (await state(town, "một"))["failed_at"] == town.now


async def test_a_delivery_that_is_stopped_finishes_what_it_sends(town: CityHarness, vendor: Vendor) -> None:
    gate = vendor.gates["an"] = asyncio.Event()
    await post(town, "an", "một", "hai")
    running = asyncio.create_task(town.delivery.run())
    async with asyncio.timeout(10):
        while not vendor.tries:  # noqa: ASYNC110 - it is the vendor that is waited for
            await asyncio.sleep(0.01)
        town.delivery.stop()
        gate.set()
        await running
    assert vendor.order == ["một"]
    assert (await state(town, "một"))["sent_at"] == town.now
    assert (await state(town, "hai"))["claimed_until"] is None


async def test_a_fault_of_the_database_is_survived(
    town: CityHarness, vendor: Vendor, watched: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.01)
    await post(town, "an", "một")
    watched.fault = OSError("the database is away")
    running = asyncio.create_task(town.delivery.run())
    await asyncio.sleep(0.1)
    watched.fault = None
    async with asyncio.timeout(10):
        while not vendor.order:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        town.delivery.stop()
        await running
    assert vendor.order == ["một"]


def test_every_fault_of_a_channel_says_whether_to_try_again() -> None:
    retryable = {error for error in ChannelError.__subclasses__() if error.retryable}
    assert retryable == {Unavailable, RateLimited, Misconfigured}
