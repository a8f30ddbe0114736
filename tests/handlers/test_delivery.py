"""Delivery: in order for each chat, at least once, and no chat or fault that holds up another."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from handlers import delivery, group_acts, making, oversight, texts
from handlers.channel import (
    Acted,
    Address,
    Channel,
    ChannelError,
    CreateGroup,
    GroupAct,
    GroupRights,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Sent,
    Unavailable,
)
from handlers.delivery import TRIES, Delivery
from handlers.media import open_media
from routing.deadline import LOCAL_TIME
from storage import chats, files, groups, messages
from storage.cases import Case
from storage.chats import Chat
from storage.database import Transaction
from storage.messages import Notice
from storage.tables import case as case_table
from storage.tables import chat as chat_table
from storage.tables import outbox
from storage.tables import person as person_table
from storage.tables import photo as photo_table
from tests.city import CityHarness, RecordingChannel, picture_png
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


# ── acts with groups ─────────────────────────────────────────────────────────────────────────────


class Acts:
    """Stands in for `group_acts`: keeps what it is told, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.done_acts: list[tuple[str, Acted | None, ChannelError | None]] = []
        self.groups: set[str] = set()
        self.lost: list[str] = []
        self.fails = False

    async def done(
        self,
        transaction: Transaction,
        notice: Notice,
        acted: Acted | None,
        error: ChannelError | None,
        now: datetime,
    ) -> None:
        """Note an outcome, in the transaction in which it is recorded."""
        self.done_acts.append((notice.message["act"]["do"], acted, error))
        told = OutboundMessage(text=f"xong: {notice.message['act']['do']}").as_dict()
        messages.post_notice(transaction, channel="web", chat="leader", message=told, at=now)
        await transaction.flush()
        if self.fails:
            raise ValueError("a rule that nobody thought of")

    async def not_reached(
        self, transaction: Transaction, notice: Notice, error: ChannelError, now: datetime
    ) -> bool:
        """Note that a group is lost."""
        if notice.chat in self.groups:
            self.lost.append(notice.chat)
        return notice.chat in self.groups


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Acts:
    """What the groups are told."""
    standing_in = Acts()
    monkeypatch.setattr(group_acts, "done", standing_in.done)
    monkeypatch.setattr(group_acts, "not_reached", standing_in.not_reached)
    return standing_in


async def ask(town: CityHarness, chat: str, do: str, **parts: Any) -> None:
    message = OutboundMessage(text="", act=GroupAct(do=do, **parts)).as_dict()
    async with town.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat=chat, message=message, at=town.now)


async def test_a_group_is_created_with_its_members_and_nothing_is_shown(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    vendor.outcomes["create"] = Acted(value="group-7")
    members = (Address("web", "bình"), Address("web", "chi"))
    await ask(town, "leader", "create", title="Cụm 3", members=members, note="7")
    await town.settles()
    assert vendor.created == [CreateGroup(title="Cụm 3", members=members)]
    assert acts.done_acts == [("create", Acted(value="group-7"), None)]
    assert vendor.order == ["xong: create"]


async def test_what_comes_of_an_act_is_told_in_the_order_of_the_chat(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    rights = GroupRights(member=True, missing=("invite",), forum=True)
    vendor.outcomes |= {"check": Acted(rights=rights), "open_topic": Acted(value="17")}
    await ask(town, "-1", "check")
    await ask(town, "-1", "open_topic", title="HN-1")
    await post(town, "-1", "một")
    await town.settles()
    assert [act.do for _, act in vendor.acts] == ["check", "open_topic"]
    assert acts.done_acts == [
        ("check", Acted(rights=rights), None),
        ("open_topic", Acted(value="17"), None),
    ]
    assert "một" in vendor.order


async def test_a_channel_that_has_nothing_of_the_kind_gives_an_answer_and_no_alarm(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.can_create_groups = False
    await ask(town, "leader", "create", title="Cụm 3")
    await town.settles()
    ((do, acted, error),) = acts.done_acts
    assert (do, acted) == ("create", None)
    assert isinstance(error, NotSupported)
    (row, _) = await town.rows(select(outbox).order_by(outbox.c.id))
    assert (row["sent_at"], row["failed_at"]) == (town.now, None)
    admin.sees_nothing()


@pytest.mark.parametrize("error", [Rejected("not enough rights"), RecipientUnreachable("kicked")])
async def test_an_act_that_is_refused_is_told_at_once_and_set_aside(
    town: CityHarness, vendor: Vendor, acts: Acts, error: ChannelError
) -> None:
    admin = await town.official("ha-noi", "admin")
    vendor.outcomes["invite"] = error
    await ask(town, "-1", "invite", title="Chủ tịch")
    await town.settles()
    assert acts.done_acts == [("invite", None, error)]
    row = (await town.rows(select(outbox).order_by(outbox.c.id)))[0]
    assert row["failed_at"] == town.now
    admin.sees_nothing()  # the leader hears of it, in words about the group
    assert await town.rows(select(chat_table.c.unreachable_at).where(chat_table.c.chat == "-1")) == []


async def test_an_act_that_may_work_later_is_told_when_it_is_given_up(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    vendor.outcomes["remove"] = Unavailable()
    await ask(town, "-1", "remove", member="9")
    await town.settles()
    assert acts.done_acts == []
    for _ in range(TRIES - 1):
        await town.passes(hours=1)
    assert [do for do, _, _ in acts.done_acts] == ["remove"]
    assert len(vendor.acts) == TRIES


async def test_an_act_in_a_group_that_moved_is_done_where_it_is_now(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    vendor.failures["-1"] = Rejected(moved_to="-100")
    await ask(town, "-1", "open_topic", title="HN-1")
    await town.settles()
    assert [address.chat for address, _ in vendor.acts] == ["-100"]
    assert [do for do, _, _ in acts.done_acts] == ["open_topic"]


async def test_killed_between_an_act_and_its_record_it_is_done_again(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    await ask(town, "-1", "admit", member="9")
    await town.delivery.step()
    await asyncio.sleep(0)
    assert vendor.done("admit")
    assert acts.done_acts == []
    town.delivery = deliver(town)
    await town.passes(seconds=messages.CLAIM_TIME.total_seconds() + 1)
    assert len(vendor.done("admit")) == 2
    assert [do for do, _, _ in acts.done_acts] == ["admit"]


async def test_an_outcome_that_nobody_can_note_does_not_make_the_act_go_on_for_ever(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    acts.fails = True
    await ask(town, "-1", "check")
    await post(town, "-1", "một")
    await town.settles()
    assert len(vendor.acts) == 1
    assert vendor.order == ["một"]  # and nothing of what was written before the fault


async def test_a_group_that_cannot_be_written_to_is_told_to_the_groups(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    acts.groups.add("-1")
    vendor.failures["-1"] = RecipientUnreachable("kicked")
    await post(town, "-1", "một")
    await town.settles()
    assert acts.lost == ["-1"]
    assert (await state(town, "một"))["failed_at"] == town.now
    assert await town.rows(select(chat_table.c.unreachable_at).where(chat_table.c.chat == "-1")) == []


async def test_acts_are_no_part_of_what_a_chat_was_shown(
    town: CityHarness, vendor: Vendor, acts: Acts
) -> None:
    await town.citizen("leader").writes("xin chào")
    await ask(town, "leader", "link", token="abc")
    await town.settles()
    async with town.database.read() as transaction:
        shown = await messages.last_sent(transaction, [("web", "leader")], limit=9)
        history = await messages.chat_history(transaction, channel="web", chat="leader")
        new = await messages.outbox_after(transaction, channel="web", chat="leader", after_id=0)
    for told in (
        [notice.message for notice in shown["web", "leader"]],
        [entry.message for entry in history if entry.message],
        [entry.message for entry in new],
    ):
        assert told
        assert not any("act" in message for message in told if message)


# ── topics ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_goes_into_the_topic_that_its_key_means(
    town: CityHarness, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def topics_of(
        transaction: Transaction, wanted: list[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], str]:
        return {key: "17" for key in wanted if key == ("web", "-1", "case:HN-1")}

    monkeypatch.setattr(groups, "topics_of", topics_of)
    for text, topic in (("một", "case:HN-1"), ("hai", "case:HN-2"), ("ba", "23"), ("bốn", "")):
        message = OutboundMessage(text=text, topic=topic).as_dict()
        async with town.database.begin() as transaction:
            messages.post_notice(transaction, channel="web", chat="-1", message=message, at=town.now)
    await town.settles()
    shown = {each.text: each.message.topic for each in vendor.shown["-1"]}
    assert shown == {"một": "17", "hai": "", "ba": "23", "bốn": ""}
    rows = [row["message"] for row in await town.rows(select(outbox.c.message).order_by(outbox.c.id))]
    # The page reads the row; what found no topic keeps its key for another try.
    assert [row.get("topic", "") for row in rows] == ["17", "case:HN-2", "23", ""]


# ── pictures and workbooks ───────────────────────────────────────────────────────────────────────


class Studio:
    """Draws and writes workbooks, as slowly or as badly as it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drawn = 0
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def draw(self, spec: dict[str, Any]) -> bytes:
        """Return a picture."""
        self.drawn += 1
        await self.gate.wait()
        if self.fault:
            raise self.fault
        return picture_png()

    async def export(self, spec: dict[str, Any]) -> tuple[Path, str]:
        """Write a workbook."""
        if self.fault:
            raise self.fault
        path = self.folder / "made.xlsx"
        path.write_bytes(b"PK\3\4 workbook")
        return path, "Số liệu tuần.xlsx"


@pytest.fixture
def studio(town: CityHarness, vendor: Vendor, tmp_path: Path) -> Studio:
    """What the town's delivery draws with."""
    made = Studio(tmp_path)
    town.delivery = with_studio(town, made)
    return made


def with_studio(town: CityHarness, studio: Studio) -> Delivery:
    return Delivery(
        town.database,
        channels=dict[str, Channel](town.channels),
        media_dir=town.media_dir,
        draw=studio.draw,
        export=studio.export,
        now=town.clock,
    )


async def answer(town: CityHarness, message: OutboundMessage) -> None:
    async with town.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat="an", message=message.as_dict(), at=town.now)


FIGURES = OutboundMessage(text="Trễ nhiều nhất", drawing={"kind": "bars"})


async def test_a_picture_is_drawn_kept_and_shown(town: CityHarness, vendor: Vendor, studio: Studio) -> None:
    await answer(town, FIGURES)
    await town.settles()
    (shown,) = vendor.shown["an"]
    (photo,) = shown.message.photos
    assert shown.message == replace(FIGURES, drawing=None, photos=(photo,))
    assert open_media(photo.media_key, town.media_dir) == picture_png()
    kept = await town.rows(select(photo_table).where(photo_table.c.media_key == photo.media_key))
    assert (kept[0]["mime"], kept[0]["width"]) == ("image/png", 40)
    assert (await state(town, "Trễ nhiều nhất"))["message"] == shown.message.as_dict()


async def test_what_could_not_be_sent_is_not_drawn_twice(
    town: CityHarness, vendor: Vendor, studio: Studio
) -> None:
    vendor.failures["an"] = Unavailable()
    await answer(town, FIGURES)
    await town.settles()
    del vendor.failures["an"]
    town.delivery = with_studio(town, studio)
    await town.passes(seconds=60)
    assert studio.drawn == 1
    (shown,) = vendor.shown["an"]
    assert shown.message.photos


async def test_a_picture_that_cannot_be_drawn_or_takes_too_long_is_left_out(
    town: CityHarness, vendor: Vendor, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.fault = RuntimeError("no font")
    await answer(town, FIGURES)
    await town.settles()
    studio.fault = None
    studio.gate.clear()
    monkeypatch.setattr(making, "DRAW_SECONDS", 0.01)
    await answer(town, replace(FIGURES, text="hai"))
    await town.settles()
    assert vendor.order == ["Trễ nhiều nhất", "hai"]
    assert not any(shown.message.photos for shown in vendor.shown["an"])
    assert "drawing" not in (await state(town, "hai"))["message"]


async def test_nothing_is_read_of_an_answer_whose_picture_is_being_drawn(
    town: CityHarness, vendor: Vendor, studio: Studio
) -> None:
    studio.gate.clear()
    await answer(town, FIGURES)
    running = asyncio.create_task(town.delivery.drain())
    async with asyncio.timeout(10):
        while not studio.drawn:  # noqa: ASYNC110 - it is the drawing that is waited for
            await asyncio.sleep(0.01)
    async with town.database.read() as transaction:
        assert not await messages.outbox_after(transaction, channel="web", chat="an", after_id=0)
    studio.gate.set()
    await running
    async with town.database.read() as transaction:
        (entry,) = await messages.outbox_after(transaction, channel="web", chat="an", after_id=0)
    assert entry.message is not None
    assert entry.message["photos"]


async def test_a_workbook_is_kept_for_whoever_may_open_it(
    town: CityHarness, vendor: Vendor, studio: Studio, tmp_path: Path
) -> None:
    leader = await town.official("ha-noi", "leader")
    (person,) = await town.rows(select(person_table.c.id).where(person_table.c.name == leader.name))
    await answer(town, OutboundMessage(text="Số liệu", export={"person_id": person["id"]}))
    await town.settles()
    (shown,) = vendor.shown["an"]
    (file,) = shown.message.files
    assert (file.name, file.kind) == ("Số liệu tuần.xlsx", "document")
    assert open_media(file.media_key, town.media_dir) == b"PK\3\4 workbook"
    assert not (tmp_path / "made.xlsx").exists()
    async with town.database.read() as transaction:
        kept = await files.get_file(transaction, file.media_key)
    assert kept is not None
    assert (kept.kind, kept.name, kept.person_id) == (files.EXPORT, "Số liệu tuần.xlsx", person["id"])


async def test_a_workbook_that_cannot_be_made_is_said_so(
    town: CityHarness, vendor: Vendor, studio: Studio
) -> None:
    studio.fault = RuntimeError("no disk")
    await answer(town, OutboundMessage(text="Số liệu", export={"of": "week"}))
    await town.settles()
    assert vendor.order == [f"Số liệu\n\n{texts.export_not_made()}"]


async def test_a_workbook_may_take_longer_than_a_claim_without_being_made_twice(
    town: CityHarness, vendor: Vendor, studio: Studio
) -> None:
    await answer(town, OutboundMessage(text="Số liệu", export={"of": "year"}))
    async with town.database.begin() as transaction:
        assert await messages.claim_notices(transaction, now=town.now, limit=9)
    town.now += messages.CLAIM_TIME + SECOND
    async with town.database.begin() as transaction:
        assert not await messages.claim_notices(transaction, now=town.now, limit=9)
    town.now += messages.MAKING_TIME
    await town.settles()
    assert vendor.order == ["Số liệu"]
