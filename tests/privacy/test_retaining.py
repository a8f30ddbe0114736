"""What was kept long enough is purged, kind by kind; what is unfinished never."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.clock import Ticker
from handlers import shredding
from storage import ledger, retention, scouring
from storage.tables import case, event, inbox, link_code, outbox, person
from tests.city import CityHarness
from tests.privacy.searching_everything import traces_left
from tests.privacy.test_erasing import NAME, NEEDLES, USER, reporter, the_case


async def retained(city: CityHarness, **days: float) -> None:
    """Let time pass, then purge what is too old by then."""
    city.now += timedelta(**days)
    await Ticker(city.database).run("retain", city.now)
    await shredding.shred(city.database, city.media_dir)
    await scouring.scour(city.database)


async def count(city: CityHarness, table: object) -> int:
    [row] = await city.rows(select(func.count().label("rows")).select_from(table))  # type: ignore[arg-type]
    return int(row["rows"])


def test_every_kind_is_purged_in_one_way_and_can_be_set() -> None:
    from bot.settings import KEPT_KINDS

    assert retention.PURGES.keys() | {"closed", "visitors"} == retention.DEFAULT_DAYS.keys() == KEPT_KINDS


async def test_messages_are_purged_after_three_months_and_not_before(town: CityHarness) -> None:
    await reporter(town)
    await retained(town, days=89)
    assert await count(town, inbox)
    assert await count(town, outbox)
    await retained(town, days=2)
    assert await count(town, inbox) == 0
    kept = await town.rows(select(outbox.c.message, outbox.c.chat, outbox.c.dedupe_key))
    assert {(row["chat"], row["message"]["text"]) for row in kept} <= {("", "")}
    assert all(row["dedupe_key"] for row in kept)
    assert (await the_case(town)).text


async def test_what_waits_or_was_set_aside_stays_however_old(town: CityHarness) -> None:
    await reporter(town)
    async with town.database.begin() as transaction:
        await transaction.execute(outbox.update().values(sent_at=None, failed_at=town.now, price=None))
        await transaction.execute(inbox.update().values(finished_at=None, failed_at=town.now))
    before = await count(town, outbox), await count(town, inbox)
    await retained(town, days=900)
    assert (await count(town, outbox), await count(town, inbox)) == before


async def test_an_operator_decides_how_long(town: CityHarness) -> None:
    await reporter(town)
    async with town.database.begin() as transaction:
        await retention.keep_days(transaction, {"inbox": 0, "outbox": 3})
        assert await retention.days_of(transaction, "pictures") == 14
    await retained(town, days=400)
    assert await count(town, inbox)
    assert not [row for row in await town.rows(select(outbox.c.chat)) if row["chat"]]


async def test_a_draft_and_its_picture_are_forgotten(town: CityHarness) -> None:
    somebody = town.citizen("nguoi-dan-1")
    await somebody.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình", photos=1)
    await somebody.writes("/lienket")
    assert list(town.media_dir.rglob("*.jpg"))
    assert await count(town, link_code)
    await retained(town, days=31)
    assert not list(town.media_dir.rglob("*.jpg"))
    assert await count(town, link_code) == 0
    await somebody.presses("Đồng ý và gửi")
    assert await count(town, case) == 0


async def test_a_finished_case_loses_its_writer_after_years(town: CityHarness) -> None:
    officer = await town.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(town)
    code = (await the_case(town)).code
    await officer.presses(f"accept:{code}")
    async with town.database.begin() as transaction:
        await transaction.execute(case.update().values(latitude=21.012345, longitude=105.812345))
    await retained(town, days=400)
    assert (await the_case(town)).latitude == 21.012345  # open: nothing is taken away
    await officer.presses(f"answer:{code}")
    await officer.writes(f"Kính gửi bà {NAME}, tổ vệ sinh đã dọn sạch sáng 23/11.", photos=1)
    await officer.presses("Gửi câu trả lời")
    await town.passes(days=20)
    await town.ticks()
    assert (await the_case(town)).status == "closed"
    await retained(town, days=400)
    assert (await the_case(town)).latitude == 21.012
    await retained(town, days=1825)
    assert (await the_case(town)).text == "[Nội dung đã được xóa vì hết thời hạn lưu.]"
    left = await town.rows(select(event.c.actor_id).where(event.c.actor_role == "citizen"))
    assert {row["actor_id"] for row in left} == {None}
    assert await ledger.verify(town.database) is None
    # They have no other matter and have been silent for years: they are forgotten with it.
    assert await traces_left(town.database, town.media_dir, NEEDLES) == []
    assert somebody.chat == USER


async def test_somebody_who_never_reported_anything_is_forgotten(town: CityHarness) -> None:
    visitor = town.citizen("khach-vang-lai")
    await visitor.writes("xin chào")
    await reporter(town)
    await retained(town, days=300)
    assert await count(town, person) == 2
    await retained(town, days=66)
    assert await traces_left(town.database, town.media_dir, ["khach-vang-lai"]) == []
    [erased] = await town.rows(select(person.c.name).where(person.c.erased_at.is_not(None)))
    assert erased["name"] == ""
