"""Posts: what somebody holds, deputies until a day, and leaving, after which nothing is theirs any more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.clock import Ticker
from handlers import dispatch, leaving, texts
from handlers.progress import SYSTEM
from routing.deadline import LOCAL_TIME
from routing.organisation import build_city, to_document
from storage import people, reminders, roster, units
from storage.cases import Case
from storage.database import Database
from storage.people import HeldPost
from storage.tables import reminder
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding, Somebody

WARD = "phuong-khuong-dinh"
OTHER_WARD = "phuong-lang"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
OVER = texts.post_no_longer_held()


async def report(city: CityHarness, name: str = "an") -> Case:
    """Let somebody report rubbish."""
    citizen = city.citizen(name)
    await citizen.writes(RUBBISH)
    await citizen.files()
    return (await city.cases())[-1]


async def again(city: CityHarness, case: Case) -> Case:
    """Return the case as it stands now."""
    return next(each for each in await city.cases() if each.id == case.id)


async def post_of(city: CityHarness, somebody: Somebody, role: str = "") -> HeldPost:
    """Return the post that somebody holds, the first with this role."""
    async with city.database.read() as transaction:
        known = await people.load_people(transaction, [(somebody.channel, somebody.chat)], now=city.now)
        held = await people.posts_of(transaction, known[somebody.channel, somebody.chat].id, now=city.now)
    return next(each for each in held if role in ("", each.role))


async def also(city: CityHarness, somebody: Somebody, unit_code: str, role: str) -> None:
    """Give somebody another post."""
    async with city.database.begin() as transaction:
        known = await people.load_people(transaction, [(somebody.channel, somebody.chat)], now=city.now)
        person_id = known[somebody.channel, somebody.chat].id
        people.add_post(transaction, person_id=person_id, unit_code=unit_code, role=role, now=city.now)


async def founded(url: str, folder: Path) -> CityHarness:
    """Return Hà Nội on an empty database."""
    database = Database(url)
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=MONDAY_MORNING)
    (folder / "pictures").mkdir()
    return CityHarness(
        database=database,
        city=build_city("Hà Nội"),
        understanding=PlainUnderstanding(),
        media_dir=folder / "pictures",
        now=MONDAY_MORNING,
    )


@pytest.fixture
async def either(database_url: str, tmp_path: Path) -> AsyncIterator[CityHarness]:
    """Hà Nội on each database in turn."""
    harness = await founded(database_url, tmp_path)
    yield harness
    await harness.database.close()


# ── what one holds ───────────────────────────────────────────────────────────────────────────────


async def test_all_posts_of_a_person_are_shown_each_with_what_may_be_done(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await also(city, chair, OTHER_WARD, "officer")
    await chair.writes("/chucvu")
    chair.sees(
        "lãnh đạo – Phường Khương Đình",
        "chuyên viên – Phường Láng",
        "[Ủy quyền – Phường Khương Đình]",
        "[Cán bộ của Phường Khương Đình]",
        "[Thôi làm chuyên viên – Phường Láng]",
    )
    chair.does_not_see("Ủy quyền – Phường Láng")


async def test_who_never_held_a_post_is_told_how_to_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/chucvu")
    an.sees(texts.not_an_official(official=False))


async def test_work_is_acted_on_by_the_post_of_its_unit_not_by_the_first(city: CityHarness) -> None:
    both = await city.official(OTHER_WARD, "chair")
    await also(city, both, WARD, "officer")
    case = await report(city)
    await both.presses(f"accept:{case.code}")
    case = await again(city, case)
    accepted = (await city.events(case))[-1]
    assert (accepted.actor_role, accepted.unit_code) == ("officer", WARD)
    await both.writes("/viec")
    both.sees("Phường Láng", "Phường Khương Đình")


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────


async def test_access_ends_with_the_post_and_the_work_goes_back_to_the_unit(either: CityHarness) -> None:
    city = either
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    await officer.presses(f"answer:{case.code}")
    await officer.writes("Tổ vệ sinh đã thu gom sáng nay.")
    officer.reads()
    await chair.writes("/chucvu")
    await chair.presses("Cán bộ của")
    await chair.presses("Cho thôi: officer Phường Khương Đình")
    chair.sees("1 vụ việc đang làm sẽ trở lại danh sách")
    await chair.presses("Xác nhận")
    chair.sees("officer Phường Khương Đình đã thôi làm chuyên viên", "1 vụ việc", "Xin giao người làm tiếp")
    officer.sees(
        f"Bản anh/chị đang viết cho {case.code} đã bỏ", "Anh/chị thôi làm chuyên viên – Phường Khương Đình"
    )
    case = await again(city, case)
    assert (case.officer_id, case.unit_code, case.status) == (None, WARD, "in_progress")
    left = (await city.events(case))[-1]
    assert (left.type, left.actor_role, left.unit_code) == (leaving.EVENT, "chair", WARD)

    before = len(await city.events(case))
    for button in [button for shown in officer.screen for button in shown.buttons]:
        if button.data.partition(":")[0] not in ("posts", "leave", "staff"):
            await officer.replays(button.data)
            officer.sees(OVER)
    for command in ("/viec", f"/viec {case.code}", "/dieuphoi"):
        await officer.writes(command)
        officer.sees(OVER)
    await officer.writes(f"/viso {case.code}")
    officer.sees(texts.no_such_case())
    card = next(shown for shown in officer.screen if case.code in shown.text)
    await officer.writes("Đã xong từ hôm qua.", reply_to=card)
    officer.sees(OVER)
    await officer.writes("/chucvu")
    officer.sees(OVER)
    assert len(await city.events(case)) == before
    # A citizen's rights are left.
    await officer.writes("/cuatoi")
    officer.does_not_see(OVER)


async def test_no_official_button_at_all_answers_whoever_left(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    await chair.writes("/chucvu")
    await chair.replays(f"leaveyes:{(await post_of(city, officer)).id}")
    before = len(await city.events(case))
    for action in sorted(dispatch.OFFICIAL_BUTTONS):
        await city.passes(seconds=2)  # as nobody taps quicker for minutes
        await officer.replays(f"{action}:{case.code}")
        officer.sees(OVER)
    assert len(await city.events(case)) == before


async def test_a_tap_in_the_same_moment_finds_the_post_gone(either: CityHarness) -> None:
    city = either
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    gone = await post_of(city, officer)
    # Both updates wait when the worker wakes: they share one transaction.
    await city.receive(chair.channel, chair.message(button=f"leaveyes:{gone.id}", button_message=""))
    await city.receive(officer.channel, officer.message(button=f"accept:{case.code}", button_message=""))
    officer.reads()
    await city.settles()
    officer.sees(OVER)
    assert (await again(city, case)).accepted_at is None


async def test_a_named_successor_takes_the_work_over(city: CityHarness) -> None:
    await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    colleague = await city.official(WARD, "officer", name="đồng nghiệp")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    await officer.writes("/chucvu")
    await officer.presses("Thôi làm chuyên viên")
    colleague.reads()
    await officer.presses("Xác nhận, giao việc cho đồng nghiệp")
    officer.sees("Anh/chị đã thôi làm chuyên viên", "1 vụ việc đã giao cho đồng nghiệp")
    colleague.sees("Anh/chị nhận 1 vụ việc của officer Phường Khương Đình")
    case = await again(city, case)
    assert case.officer_id == (await post_of(city, colleague)).person_id
    left = (await city.events(case))[-1]
    assert (left.data["officer"], left.data["name"]) == (case.officer_id, "đồng nghiệp")


async def test_a_successor_who_is_gone_changes_nothing(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    elsewhere = await city.official(OTHER_WARD, "officer")
    own, foreign = await post_of(city, officer), await post_of(city, elsewhere)
    await officer.replays(f"leaveyes:{own.id}:{foreign.id}")
    officer.sees(texts.successor_gone())
    assert await post_of(city, officer) == own


async def test_the_last_one_to_leave_is_told_to_dispatchers_and_those_above(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    leader = await city.official("ha-noi", "leader")
    await report(city)
    dispatcher.reads()
    leader.reads()
    await officer.replays(f"leaveyes:{(await post_of(city, officer)).id}")
    for told in (dispatcher, leader):
        told.sees("Phường Khương Đình không còn ai nhận được phản ánh", "1 vụ việc đang mở")


async def test_with_another_post_at_the_unit_the_work_stays(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await also(city, officer, WARD, "chair")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    await officer.replays(f"leaveyes:{(await post_of(city, officer, 'officer')).id}")
    assert (await again(city, case)).officer_id is not None
    await officer.writes("/viec")
    officer.sees(case.code)


async def test_what_the_holder_asked_of_a_citizen_stays(city: CityHarness) -> None:
    await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses(f"ask:{case.code}")
    await officer.writes("Rác ở phía nào của ngõ?")
    await officer.presses("Gửi")
    assert (await again(city, case)).status == "waiting_for_citizen"
    await officer.replays(f"leaveyes:{(await post_of(city, officer)).id}")
    an = city.citizen("an")
    await an.writes("Phía chợ.")
    assert (await again(city, case)).status == "in_progress"


@pytest.mark.parametrize(
    ("unit", "role", "target_unit", "target_role", "allowed"),
    [
        (WARD, "chair", WARD, "officer", True),
        (WARD, "chair", OTHER_WARD, "officer", False),
        (WARD, "chair", WARD, "chair", False),
        (WARD, "officer", WARD, "officer", False),
        (WARD, "officer", WARD, "chair", False),
        ("ha-noi", "chair", WARD, "chair", True),
        ("ha-noi", "chair", WARD, "officer", False),
        ("ha-noi", "leader", WARD, "chair", True),
        ("ha-noi", "leader", WARD, "officer", False),
        ("ha-noi", "leader", "ha-noi", "admin", False),
        ("bo-phan-dieu-phoi", "dispatcher", WARD, "officer", False),
        (WARD, "chair", "ha-noi", "leader", False),
        ("ha-noi", "chair", "bo-phan-dieu-phoi", "dispatcher", False),
    ],
)
async def test_who_may_end_whose_post(
    city: CityHarness, unit: str, role: str, target_unit: str, target_role: str, *, allowed: bool
) -> None:
    writer = await city.official(unit, role, name="người bấm")
    target = await city.official(target_unit, target_role, name="người kia")
    post = await post_of(city, target)
    for button in ("leave", "leaveyes"):
        await writer.replays(f"{button}:{post.id}")
        assert (texts.post_gone() in writer.last.text) is not allowed
    await target.writes("/chucvu")
    assert (OVER in target.last.text) is allowed


async def test_a_citizen_ends_nothing(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    post = await post_of(city, officer)
    an = city.citizen("an")
    for data in (
        f"leaveyes:{post.id}",
        f"deputyyes:{post.id}:0:20261225",
        f"staff:{post.id}",
        "leave:",
        "leave:x",
    ):
        await an.replays(data)
        an.sees(texts.not_an_official(official=False))
    assert await post_of(city, officer) == post


async def test_a_button_pressed_twice_ends_one_post(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    post = await post_of(city, officer)
    await chair.replays(f"leaveyes:{post.id}")
    await chair.replays(f"leaveyes:{post.id}")
    chair.sees(texts.post_gone())


async def test_the_staff_of_other_units_is_not_shown(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    for unit in ("Phường Láng", "Phường Không Có Thật", "Thành phố Hà Nội"):
        await chair.writes(f"/chucvu {unit}")
        chair.sees(texts.staff_not_yours())
    leader = await city.official("ha-noi", "leader")
    await leader.writes("/chucvu phuong khuong dinh")
    leader.sees("Cán bộ của Phường Khương Đình", "[Cho thôi: chair Phường Khương Đình, lãnh đạo]")


async def test_a_group_shows_nobodys_posts(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    in_group = city.somebody_in_group("to dan pho", chair.chat)
    await in_group.writes("/chucvu")
    in_group.sees(texts.only_in_private())


# ── deputies ─────────────────────────────────────────────────────────────────────────────────────


async def names_deputy(chair: Somebody, name: str, until: str = "25/12") -> None:
    """Let a chair name somebody of the unit until a day."""
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền – ")
    await chair.presses(name)
    await chair.writes(until)
    await chair.presses("Đồng ý ủy quyền")


async def test_a_deputy_is_chair_until_the_end_of_the_day_and_no_longer(either: CityHarness) -> None:
    city = either
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer", name="phó phòng")
    await names_deputy(chair, "phó phòng")
    chair.sees("phó phòng làm lãnh đạo – Phường Khương Đình thay anh/chị đến hết 25/12/2026")
    officer.sees("ủy quyền cho anh/chị làm lãnh đạo", "đến hết 25/12/2026")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    accepted = (await city.events(case))[-1]
    assert accepted.actor_role == "chair"
    assert accepted.data["deputy_for"] == (await post_of(city, chair)).id
    await chair.writes("/chucvu")
    chair.sees("phó phòng được anh/chị ủy quyền đến hết 25/12/2026", "[Thôi ủy quyền cho phó phòng]")

    await city.becomes(datetime(2026, 12, 25, 23, 59, 59, tzinfo=LOCAL_TIME))
    await officer.writes("/chucvu")
    officer.sees("được ủy quyền đến hết 25/12/2026")
    await city.becomes(datetime(2026, 12, 26, tzinfo=LOCAL_TIME))
    await officer.writes("/chucvu")
    officer.sees("chuyên viên")
    officer.does_not_see("lãnh đạo")


async def test_when_a_deputys_time_runs_out_the_work_goes_back(city: CityHarness) -> None:
    chair, deputy = await city.official(WARD, "chair"), city.citizen("binh")
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền – ")
    await chair.presses("Mời người khác")
    await chair.writes("25/12")
    await chair.presses("Đồng ý ủy quyền")
    code = chair.last.text.splitlines()[-1]
    await deputy.writes(code)
    deputy.sees("lãnh đạo – Phường Khương Đình")
    case = await report(city)
    await deputy.presses(f"accept:{case.code}")
    await city.becomes(datetime(2026, 12, 28, 9, 0, tzinfo=LOCAL_TIME))
    await deputy.writes("/viec")
    deputy.sees(OVER)
    chair.reads()
    for _ in range(2):
        async with city.database.begin() as transaction:
            await leaving.end_lapsed(transaction, city.city, city.now)
    await city.settles()
    chair.sees(f"{deputy.known_as or 'Cán bộ chưa ghi tên'} đã thôi nhiệm vụ", "1 vụ việc")
    assert len(chair.news) == 1
    case = await again(city, case)
    assert case.officer_id is None
    assert [event.type for event in await city.events(case)].count(leaving.EVENT) == 1


async def test_a_chair_who_leaves_takes_the_deputies_along(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer", name="phó phòng")
    await names_deputy(chair, "phó phòng")
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền – ")
    await chair.presses("Mời người khác")
    await chair.writes("25/12")
    await chair.presses("Đồng ý ủy quyền")
    code = chair.last.text.splitlines()[-1]
    await chair.presses(f"leave:{(await post_of(city, chair)).id}")
    chair.sees("Người đang được ủy quyền cũng thôi")
    await chair.presses("Xác nhận")
    await officer.writes("/chucvu")
    officer.sees("chuyên viên")
    officer.does_not_see("lãnh đạo")
    binh = city.citizen("binh")
    await binh.writes(code)
    binh.sees(texts.invitation_refused())


async def test_a_chair_takes_the_deputys_post_back(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer", name="phó phòng")
    await names_deputy(chair, "phó phòng")
    await chair.writes("/chucvu")
    await chair.presses("Thôi ủy quyền cho phó phòng")
    await chair.presses("Xác nhận")
    officer.sees("Anh/chị thôi làm lãnh đạo", "Các nhiệm vụ khác của anh/chị vẫn giữ nguyên")


async def test_a_deputy_names_no_deputy_and_does_not_end_the_chair(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    deputy = await city.official(WARD, "officer", name="phó phòng")
    await names_deputy(chair, "phó phòng")
    post = await post_of(city, deputy, "chair")
    await deputy.writes("/chucvu")
    deputy.does_not_see("Ủy quyền – ")
    for data in (f"deputy:{post.id}", f"deputyto:{post.id}:0", f"deputyyes:{post.id}:0:20261225"):
        await deputy.replays(data)
        deputy.sees(texts.post_gone())
    await deputy.replays(f"leaveyes:{(await post_of(city, chair)).id}")
    deputy.sees(texts.post_gone())


@pytest.mark.parametrize("until", ["30/2", "hôm qua", "1/1/2020", "25/12/2031", "để xem đã", "23/11/2026"])
async def test_a_day_that_cannot_be_is_asked_for_again(city: CityHarness, until: str) -> None:
    chair = await city.official(WARD, "chair")
    await city.official(WARD, "officer", name="phó phòng")
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền – ")
    await chair.presses("phó phòng")
    await chair.writes(until)
    chair.sees(texts.deputy_day_unclear())
    await chair.writes("mai")
    chair.sees("đến hết 24/11/2026")


async def test_a_button_with_a_day_past_or_a_stranger_names_nobody(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    stranger = await city.official(OTHER_WARD, "officer")
    own, foreign = await post_of(city, chair), await post_of(city, stranger)
    await chair.replays(f"deputyyes:{own.id}:{foreign.person_id}:20261225")
    chair.sees(texts.successor_gone())
    for day in ("20261122", "20301225", "nonsense", ""):
        await chair.replays(f"deputyyes:{own.id}:0:{day}")
        chair.sees(texts.post_gone())
    await city.official(WARD, "officer", name="phó phòng")
    await names_deputy(chair, "phó phòng")
    await chair.presses("Đồng ý ủy quyền")
    chair.sees("phó phòng đang có quyền lãnh đạo")


# ── two at once ──────────────────────────────────────────────────────────────────────────────────


async def test_on_postgresql_a_turn_that_waits_for_the_end_of_the_post_finds_it_gone(
    postgresql_url: str, tmp_path: Path
) -> None:
    """Another process begins the officer's turn while the end of the post is not committed yet."""
    city = await founded(postgresql_url, tmp_path)
    await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    post = await post_of(city, officer)
    officer.reads()
    async with city.database.begin() as transaction:
        await leaving.leave(transaction, city.city, post, actor=SYSTEM, now=city.now)
        await transaction.flush()
        tap = asyncio.create_task(officer.replays(f"accept:{case.code}"))
        done, _ = await asyncio.wait({tap}, timeout=0.5)
        assert not done
    await tap
    officer.sees(OVER)
    assert (await again(city, case)).accepted_at is None
    await city.database.close()


async def test_two_clocks_hand_on_the_work_of_a_post_whose_time_is_up_once(either: CityHarness) -> None:
    city = either
    await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    held = await post_of(city, officer)
    async with city.database.begin() as transaction:
        roster.set_end(transaction, held.id, ends_at=city.now)
    officer.reads()
    clocks = [Ticker(city.database) for _ in range(2)]
    await asyncio.gather(*(clock.run("end_lapsed", city.now) for clock in clocks))
    await city.settles()
    assert len(officer.news) == 1
    events = await city.events(await again(city, case))
    assert [event.type for event in events].count(leaving.EVENT) == 1


async def test_who_leaves_overnight_is_not_reminded_of_the_former_units_cases(either: CityHarness) -> None:
    city = either
    officer = await city.official(WARD, "officer")
    await city.official(WARD, "chair")
    case = await report(city)
    held = await post_of(city, officer)
    async with city.database.begin() as transaction:
        for chat in (officer.chat, "somebody else's"):
            row = {"channel": "web", "chat": chat, "case_id": case.id, "matter": "soon", "role": "officer"}
            line = {**row, "urgent": False, "at": city.now, "created_at": city.now}
            reminders.keep_lines(transaction, [line])
    async with city.database.begin() as transaction:
        await leaving.leave(transaction, city.city, held, actor=SYSTEM, now=city.now)
    kept = await city.rows(select(reminder.c.chat))
    assert [row["chat"] for row in kept] == ["somebody else's"]


async def asks_for_the_day(chair: Somebody) -> None:
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền – ")
    await chair.presses("Mời người khác")


async def test_naming_a_deputy_never_throws_an_unsent_answer_away(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    await chair.replays(f"answer:{case.code}")
    await chair.writes("Sáng nay tổ môi trường đã dọn sạch ngõ 12.", photos=1)
    await asks_for_the_day(chair)
    chair.sees(f"đang viết dở cho {case.code}", "[Bỏ]")
    await chair.presses("Gửi câu trả lời")
    city.citizen("an").sees("đã dọn sạch ngõ 12")


async def test_a_report_of_ones_own_waits_while_a_deputy_is_named_or_not(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await chair.presses("Gửi như người dân")
    await asks_for_the_day(chair)
    chair.sees("đến hết ngày nào", "[Bỏ]")
    await chair.writes("hôm qua")
    chair.sees("chưa rõ ngày", "[Bỏ]")
    await chair.presses("Bỏ")
    chair.sees("[Ủy quyền – ")
    await chair.presses("Đồng ý và gửi")
    assert len(await city.cases()) == 1
