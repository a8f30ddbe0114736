"""Turns: many chats in one transaction, order in each chat, and no failure that stops anybody else."""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from handlers import dispatch, texts, worker
from handlers.channel import File, InboundMessage, NotSupported, Unavailable
from handlers.media import FILE_LIMIT, open_media
from handlers.turn import Turn
from handlers.worker import CONFLICTS, LEAST, TRIES, NoCity
from routing.understanding import Reading
from storage import messages
from storage.database import Database
from storage.tables import file as file_table
from storage.tables import inbox, outbox
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding, Somebody
from tests.machinery import HANOI, Turns, WatchedDatabase

BROKEN = b"not what any channel writes"


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Turns that answer with their text, and fail when they are told to."""
    standing_in = Turns()
    monkeypatch.setattr(dispatch, "handle", standing_in.handle)
    return standing_in


async def say(town: CityHarness, somebody: Somebody, *told: str) -> None:
    """Let somebody write without anything being done about it yet."""
    for text in told:
        await town.receive(somebody.channel, somebody.message(text=text))


async def aside(town: CityHarness) -> list[str]:
    """Return why each update that was set aside was."""
    rows = await town.rows(select(inbox.c.error).where(inbox.c.failed_at.is_not(None)).order_by(inbox.c.id))
    return [row["error"] for row in rows]


async def until_given_up(town: CityHarness) -> None:
    """Let enough time pass for every try."""
    for _ in range(TRIES):
        await town.passes(seconds=10)


def told(somebody: Somebody) -> list[str]:
    return [shown.text for shown in somebody.screen]


# ── together ─────────────────────────────────────────────────────────────────────────────────────


async def test_turns_of_different_chats_share_a_transaction(
    town: CityHarness, turns: Turns, watched: WatchedDatabase
) -> None:
    for number in range(20):
        await say(town, town.citizen(f"c{number}"), f"tin {number}")
    before = watched.commits
    await town.worker.step()
    assert len(turns.tried) == 20
    assert len(set(turns.transactions)) == 1
    assert watched.commits - before == 2  # the claim, and the turns


async def test_fewer_turns_share_a_transaction_while_receipts_wait_for_the_writer(
    town: CityHarness, turns: Turns, watched: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: Counter[int] = Counter()
    waiting = False

    async def handle(turn: Turn) -> None:
        await turns.handle(turn)
        shared[watched.commits] += 1

    async def sizes(people: int) -> list[int]:
        shared.clear()
        for number in range(people):
            await say(town, town.citizen(f"c{number}"), f"tin {len(turns.tried)}")
        await town.settles()
        return list(shared.values())

    monkeypatch.setattr(dispatch, "handle", handle)
    monkeypatch.setattr(worker, "HOLD_SECONDS", 0.0)
    monkeypatch.setattr(Database, "is_pressed", property(lambda _: waiting))
    assert await sizes(20) == [20]
    waiting = True
    assert await sizes(20) == [20], "what the first of them takes decides about the next"
    assert await sizes(20) == [LEAST, LEAST, 20 - 2 * LEAST], "and none of them is left behind"
    waiting = False
    assert await sizes(30) == [LEAST, 2 * LEAST, 30 - 3 * LEAST]
    assert await sizes(30) == [30]


async def test_turns_of_one_chat_are_done_in_order_one_at_a_time(town: CityHarness, turns: Turns) -> None:
    an, bình = town.citizen("an"), town.citizen("bình")
    await say(town, an, "một", "hai", "ba")
    await say(town, bình, "bốn")
    await town.worker.step()
    assert turns.tried == ["một", "bốn"]
    await town.settles()
    assert told(an) == ["xong: một", "xong: hai", "xong: ba"]


async def test_one_failing_turn_undoes_no_other(town: CityHarness, turns: Turns) -> None:
    turns.failures["hỏng"] = 2  # with the others, then alone
    people = [town.citizen(name) for name in ("an", "bình", "chi")]
    for somebody, text in zip(people, ("một", "hỏng", "ba"), strict=True):
        await say(town, somebody, text)
    await town.settles()
    assert [told(somebody) for somebody in people] == [["xong: một"], [], ["xong: ba"]]
    assert turns.tried == ["một", "hỏng", "một", "hỏng", "ba"]
    await town.passes(seconds=2)
    assert [told(somebody) for somebody in people] == [["xong: một"], ["xong: hỏng"], ["xong: ba"]]
    assert await aside(town) == []


async def test_a_turn_that_failed_left_nothing_behind(town: CityHarness, turns: Turns) -> None:
    turns.failures["hỏng"] = 1
    an = town.citizen("an")
    await say(town, an, "hỏng")
    await town.settles()
    an.sees_nothing()
    await town.passes(seconds=2)
    assert told(an) == ["xong: hỏng"]


# ── set aside ────────────────────────────────────────────────────────────────────────────────────


async def test_after_three_failures_a_message_is_set_aside_and_all_who_must_know_are_told(
    town: CityHarness, turns: Turns
) -> None:
    admin = await town.official("ha-noi", "admin")
    turns.failures["hỏng"] = 99
    an = town.citizen("an")
    await say(town, an, "hỏng", "sau đó")
    await town.settles()
    assert told(an) == []
    await until_given_up(town)
    assert turns.tried.count("hỏng") == TRIES
    assert await aside(town) == [repr(RuntimeError("the turn of 'hỏng' fails"))]
    assert "ba lần đều lỗi" in admin.last.text
    assert told(an) == [texts.message_not_handled(), "xong: sau đó"]


async def test_in_a_group_nobody_is_bothered_with_a_message_set_aside(
    town: CityHarness, turns: Turns
) -> None:
    turns.failures["hỏng"] = 99
    an = town.somebody_in_group("-100", "an")
    await say(town, an, "hỏng")
    await until_given_up(town)
    assert len(await aside(town)) == 1
    an.sees_nothing()


async def test_an_update_that_cannot_be_read_is_set_aside_at_once(town: CityHarness, turns: Turns) -> None:
    admin = await town.official("ha-noi", "admin")
    an = town.citizen("an")
    async with town.database.begin() as transaction:
        row = {"channel": "web", "external_id": "broken", "chat": "an", "body": BROKEN}
        messages.store(transaction, [{**row, "received_at": town.now, "available_at": town.now}])
    await say(town, an, "sau đó")
    await town.settles()
    assert len(await aside(town)) == 1
    admin.sees("để riêng")
    assert told(an) == ["xong: sau đó"]


async def test_an_update_of_a_channel_that_is_no_more_holds_up_nobody(
    town: CityHarness, turns: Turns
) -> None:
    an, gone = town.citizen("an"), town.citizen("xa", channel="other")
    await say(town, gone, "còn đây không")
    await say(town, an, "một")
    del town.channels["other"]
    await town.settles()
    assert len(await aside(town)) == 1
    assert told(an) == ["xong: một"]


async def test_a_text_that_breaks_the_reading_is_put_apart_from_the_others(
    town: CityHarness, turns: Turns
) -> None:
    an, bình = town.citizen("an"), town.citizen("bình")
    await say(town, an, "làm hỏng chương trình")
    await say(town, bình, "tin lành")
    await town.settles()
    assert told(bình) == ["xong: tin lành"]
    await until_given_up(town)
    assert told(an) == [texts.message_not_handled()]
    assert turns.tried == ["tin lành"]


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[InboundMessage]:
    """What the handlers are given."""
    given: list[InboundMessage] = []

    async def handle(turn: Turn) -> None:
        given.append(turn.message)

    monkeypatch.setattr(dispatch, "handle", handle)
    return given


async def test_an_officials_recording_and_papers_are_kept(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    town.channels["web"].recordings["paper"] = b"%PDF-1.7 report"
    paper = File(reference="paper", name="Báo cáo.pdf", mime="application/pdf", size=15)
    await chair.sends(files=(chair.recording(), paper), unsupported="voice")
    (message,) = handled
    voice, kept = message.files
    assert (voice.kind, voice.reference, kept.name) == ("voice", "", "Báo cáo.pdf")
    assert message.unsupported == "voice"
    assert open_media(kept.media_key, town.media_dir) == b"%PDF-1.7 report"
    rows = await town.rows(select(file_table).order_by(file_table.c.kind))
    assert [(row["kind"], row["name"], row["media_key"]) for row in rows] == [
        ("document", "Báo cáo.pdf", kept.media_key),
        ("voice", "", voice.media_key),
    ]
    assert all(row["person_id"] for row in rows)


async def test_nothing_that_citizens_record_is_fetched(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    await town.citizen("an").sends(voice=1)
    await town.somebody_in_group("-1", "bình").sends(document="rac.pdf", photos=2)
    assert town.channels["web"].fetched == []
    private, group = handled
    assert (private.files, private.unsupported) == ((), "voice")
    assert (group.files, group.photos) == ((), ())


async def test_in_a_group_only_officials_photos_are_fetched(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    await town.somebody_in_group("-1", chair).sends(photos=1, text="đã dọn", voice=1)
    (message,) = handled
    assert message.photos[0].media_key
    assert message.files[0].media_key


async def test_a_file_that_cannot_be_kept_is_left_out(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    web = town.channels["web"]
    web.recordings |= {"page": b"<html>", "program": b"MZ", "gone": NotSupported()}
    await chair.sends(
        files=(
            File(reference="page", name="trang.pdf"),
            File(reference="program", name="chay.exe"),
            File(reference="gone", name="mat.pdf"),
            File(reference="huge", name="to.pdf", size=FILE_LIMIT + 1),
        ),
        unsupported="file",
    )
    (message,) = handled
    assert (message.files, message.unsupported) == ((), "file")
    assert "huge" not in web.fetched
    assert not await town.rows(select(file_table))


async def test_a_file_that_may_come_later_is_fetched_again(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    recording = chair.recording()
    town.channels["web"].recordings[recording.reference] = Unavailable()
    await chair.sends(files=(recording,), unsupported="voice", text="nghe")
    assert handled == []
    del town.channels["web"].recordings[recording.reference]
    await town.passes(seconds=10)
    assert handled[0].files[0].media_key


async def test_a_message_whose_file_never_comes_is_handled_without_it(
    town: CityHarness, handled: list[InboundMessage]
) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    recording = chair.recording()
    town.channels["web"].recordings[recording.reference] = Unavailable()
    await chair.sends(files=(recording,), unsupported="voice", text="nghe")
    await until_given_up(town)
    (message,) = handled
    assert (message.text, message.files, message.unsupported) == ("nghe", (), "voice")


# ── photos ───────────────────────────────────────────────────────────────────────────────────────


RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def test_a_photo_that_cannot_be_fetched_is_tried_again(town: CityHarness) -> None:
    an = town.citizen("an")
    [photo] = pictures = an.pictures(1)
    town.channels["web"].pictures[photo.reference] = Unavailable()
    await an.does(text=RUBBISH, photos=pictures)
    an.sees_nothing()
    del town.channels["web"].pictures[photo.reference]
    await town.passes(seconds=2)
    await an.presses("Đồng ý và gửi")
    assert len(await town.photos(await town.only_case())) == 1


async def test_a_photo_that_never_comes_does_not_take_the_text_with_it(town: CityHarness) -> None:
    an = town.citizen("an")
    [photo] = pictures = an.pictures(1)
    town.channels["web"].pictures[photo.reference] = Unavailable()
    await an.does(text=RUBBISH, photos=pictures)
    await until_given_up(town)
    an.sees("không tải được ảnh", "Rác thải")
    assert await aside(town) == []
    await an.presses("Đồng ý và gửi")
    case = await town.only_case()
    assert RUBBISH in case.text
    assert await town.photos(case) == []


async def test_the_photos_that_could_be_fetched_stay(town: CityHarness) -> None:
    an = town.citizen("an")
    pictures = an.pictures(3)
    town.channels["web"].pictures[pictures[1].reference] = NotSupported()
    await an.does(text=RUBBISH, photos=pictures)
    an.sees("không tải được ảnh")
    await an.presses("Đồng ý và gửi")
    assert len(await town.photos(await town.only_case())) == 2


async def test_a_fetch_that_breaks_in_an_unforeseen_way_does_not_hold_up_the_chat_for_ever(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(photo: object) -> bytes:
        raise KeyError("file_path")

    monkeypatch.setattr(town.channels["web"], "fetch", breaks)
    an = town.citizen("an")
    await an.does(text=RUBBISH, photos=an.pictures(1))
    await until_given_up(town)
    an.sees("không tải được ảnh", "Rác thải")


async def test_a_fetch_that_never_ends_is_given_up(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(photo: object) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(town.channels["web"], "fetch", hangs)
    monkeypatch.setattr(worker, "FETCH_SECONDS", 0.01)
    an = town.citizen("an")
    await an.does(text=RUBBISH, photos=an.pictures(1))
    await until_given_up(town)
    an.sees("không tải được ảnh", "Rác thải")


async def test_a_fetch_that_outlasts_its_claim_leads_to_one_turn(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = asyncio.Event()
    fetch = town.channels["web"].fetch

    async def slowly(photo: object) -> bytes:
        await arrived.wait()
        return await fetch(photo)

    monkeypatch.setattr(town.channels["web"], "fetch", slowly)
    an = town.citizen("an")
    await town.receive("web", an.message(text=RUBBISH, photos=an.pictures(1)))
    await town.worker.step()
    town.now += messages.CLAIM_TIME + timedelta(seconds=1)
    await town.worker.step()
    arrived.set()
    await town.settles()
    assert len(an.screen) == 1


# ── a worker's life ──────────────────────────────────────────────────────────────────────────────


class Meeting(PlainUnderstanding):
    """Lets nobody read on before the other has come."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.both = threading.Barrier(2, timeout=10)

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        self.begun.set()
        self.both.wait()
        return super().read_many(texts, province=province)


async def test_two_workers_on_one_update_do_one_turn(
    watched: WatchedDatabase, town: CityHarness, turns: Turns
) -> None:
    """The second claims when the first one's claim has run out, and both commit at the same time."""
    an = town.citizen("an")
    await an.writes("không")  # somebody known: nothing new that only one of the two could store
    meeting = Meeting()
    first, second = (
        CityHarness(
            database=watched, city=HANOI, understanding=meeting, media_dir=town.media_dir, now=town.now
        )
        for _ in range(2)
    )
    second.now += messages.CLAIM_TIME + timedelta(seconds=1)
    await say(town, an, "một")
    early = asyncio.create_task(first.worker.step())
    await asyncio.to_thread(meeting.begun.wait)
    await asyncio.gather(early, second.worker.step())
    town.now = second.now
    await town.delivery.drain()
    assert told(an) == ["xong: không", "xong: một"]


async def test_a_worker_that_is_stopped_finishes_what_it_has_claimed(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, begun = asyncio.Event(), asyncio.Event()
    fetch = town.channels["web"].fetch

    async def slowly(photo: object) -> bytes:
        begun.set()
        await arrived.wait()
        return await fetch(photo)

    monkeypatch.setattr(town.channels["web"], "fetch", slowly)
    an = town.citizen("an")
    await town.receive("web", an.message(text=RUBBISH, photos=an.pictures(1)))
    running = asyncio.create_task(town.worker.run())
    async with asyncio.timeout(10):
        await begun.wait()
        town.worker.stop()
        arrived.set()
        await running
    await town.delivery.drain()
    an.sees("Rác thải")


async def test_a_worker_goes_on_after_a_fault_of_the_database(
    town: CityHarness, turns: Turns, watched: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    an = town.citizen("an")
    await say(town, an, "một")
    watched.fault = OSError("the database is away")
    running = asyncio.create_task(town.worker.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    watched.fault = None
    async with asyncio.timeout(10):
        while not await town.rows(select(outbox.c.id)):  # noqa: ASYNC110 - it is a row that is waited for
            await asyncio.sleep(0.01)
        town.worker.stop()
        await running
    await town.delivery.drain()
    assert told(an) == ["xong: một"]


async def test_a_changed_city_is_used_from_the_next_turn_on(town: CityHarness) -> None:
    an = town.citizen("an")
    await an.writes("/trogiup")
    await town.changes(name="Thành phố Thử")
    group = town.somebody_in_group("-100", "an")
    await group.sends(joined=True)
    group.sees("Thành phố Thử")


async def test_without_a_city_nothing_is_lost(watched: WatchedDatabase, turns: Turns, tmp_path: Path) -> None:
    empty = CityHarness(
        database=watched,
        city=HANOI,
        understanding=PlainUnderstanding(),
        media_dir=tmp_path,
        now=MONDAY_MORNING,
    )
    an = empty.citizen("an")
    await say(empty, an, "một")
    with pytest.raises(NoCity):
        await empty.worker.step()
    assert turns.tried == []
    await empty.founds(HANOI)
    await empty.passes(seconds=messages.CLAIM_TIME.total_seconds() + 1)
    assert told(an) == ["xong: một"]


class Deadlock(Exception):
    """What PostgreSQL says to whom it ends a deadlock at the cost of."""

    sqlstate = "40P01"


async def test_turns_that_meet_other_transactions_are_done_again_at_no_cost(
    town: CityHarness, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    an = town.citizen("an")
    await say(town, an, "một")
    left = [CONFLICTS]

    async def handle(turn: Turn) -> None:
        if left[0]:
            left[0] -= 1
            raise DBAPIError("COMMIT", None, Deadlock())
        await turns.handle(turn)

    monkeypatch.setattr(dispatch, "handle", handle)
    await town.settles()
    assert told(an) == ["xong: một"]
    assert await aside(town) == []


async def test_while_the_database_is_locked_no_update_loses_a_try_and_no_claim_has_to_run_out(
    town: CityHarness, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    an, binh = town.citizen("an"), town.citizen("binh")
    await say(town, an, "một")
    await say(town, binh, "hai")
    refusals = iter(range(TRIES + 2))

    async def handle(turn: Turn) -> None:
        if next(refusals, None) is not None:
            raise OperationalError("UPDATE", None, sqlite3.OperationalError("database is locked"))
        await turns.handle(turn)

    monkeypatch.setattr(dispatch, "handle", handle)
    for _ in range(TRIES + 2):
        with pytest.raises(OperationalError):
            await town.worker.step()
    await town.settles()
    assert (told(an), told(binh)) == (["xong: một"], ["xong: hai"])
    assert [row["attempts"] for row in await town.rows(select(inbox.c.attempts))] == [0, 0]
