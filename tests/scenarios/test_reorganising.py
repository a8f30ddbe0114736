"""Units are merged, split and renamed while people work: cases, posts and drafts go to the successors."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.clock import Ticker
from handlers import reorganising as carrying_out
from routing.deadline import LOCAL_TIME
from routing.organisation import build_city, to_document
from storage import parts, people, reorganising, units
from storage.cases import Case
from storage.database import Database
from storage.identity import new_id
from storage.parts import Part
from storage.tables import case as case_table
from storage.tables import invitation, outbox, part, post
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding, Somebody

KHUONG_DINH, CAU_GIAY = "phuong-khuong-dinh", "phuong-cau-giay"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
MERGER = [
    {"merge": [KHUONG_DINH, CAU_GIAY], "into": {"code": "phuong-moi", "name": "Phường Mới"}},
    {
        "merge": [f"cong-an-{KHUONG_DINH}", f"cong-an-{CAU_GIAY}"],
        "into": {"code": "cong-an-phuong-moi", "name": "Công an phường Mới", "parent": "phuong-moi"},
    },
]
TODAY = date(2026, 11, 23)


@pytest.fixture
async def either(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on each kind of database."""
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=MONDAY_MORNING)
    return CityHarness(
        database=database,
        city=build_city("Hà Nội"),
        understanding=PlainUnderstanding(),
        media_dir=tmp_path,
        now=MONDAY_MORNING,
    )


async def plan(city: CityHarness, changes: list[dict[str, Any]], *, on: date = TODAY) -> None:
    async with city.database.begin() as transaction:
        reorganising.plan_change(
            transaction, {"on": on.isoformat(), "changes": changes}, on_day=on, now=city.now
        )


async def ticks(city: CityHarness, *, batches: int = 1000) -> None:
    """Let the clock carry out what is due; batches: so many before it is cut short."""
    for _ in range(batches):
        async with city.database.begin() as transaction:
            today = await units.load_city(transaction, now=city.now)
            assert today is not None
            if not await carrying_out.carry_out(transaction, today, city.now):
                break
    async with city.database.read() as transaction:
        city.city = await units.load_city(transaction, now=city.now) or city.city
    await city.settles()


async def reports(city: CityHarness, text: str = RUBBISH, *, name: str = "an") -> Somebody:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return citizen


async def open_at(city: CityHarness) -> dict[str, int]:
    found: dict[str, int] = {}
    for case in await city.cases():
        found[case.unit_code or ""] = found.get(case.unit_code or "", 0) + 1
    return found


async def test_a_chair_writes_an_answer_while_the_ward_is_merged(either: CityHarness) -> None:
    city = either
    chair = await city.official(KHUONG_DINH, "chair")
    citizen = await reports(city)
    case = await city.only_case()
    await chair.presses(f"accept:{case.code}")
    await chair.presses(f"answer:{case.code}")
    due_at = (await city.only_case()).due_at
    chair.reads()
    await plan(city, MERGER)
    await ticks(city)
    moved = await city.only_case()
    assert (moved.unit_code, moved.due_at, moved.officer_id) == ("phuong-moi", due_at, moved.officer_id)
    assert moved.officer_id is not None
    event = (await city.events(moved))[-1]
    assert event.type == "reorganised"
    assert event.data["was"] == KHUONG_DINH
    chair.sees(
        "Từ 23/11/2026, Phường Khương Đình và Phường Cầu Giấy sáp nhập vào Phường Mới; "
        "1 việc đang mở được chuyển sang."
    )
    assert len(chair.news) == 1
    citizen.reads()
    await chair.writes("Đã dọn sạch lúc 8 giờ sáng nay, có tổ vệ sinh phường làm.")
    chair.sees(case.code)
    chair.does_not_see("không còn")
    await citizen.writes(f"/tracuu {case.code}")
    citizen.sees("Phường Mới")
    citizen.does_not_see("sáp nhập")


async def test_citizens_are_not_told_and_see_the_new_unit_when_they_ask(city: CityHarness) -> None:
    await city.official(KHUONG_DINH, "chair")
    citizen = await reports(city)
    citizen.reads()
    await plan(city, MERGER)
    await ticks(city)
    citizen.sees_nothing()
    await citizen.writes(f"/tracuu {(await city.only_case()).code}")
    citizen.sees("Phường Mới")


async def test_new_reports_from_either_former_ward_reach_the_new_unit(city: CityHarness) -> None:
    await city.official(CAU_GIAY, "chair")
    await plan(city, MERGER)
    await ticks(city)
    await reports(city)
    await reports(city, "Rác chất đống ở phố Trần Thái Tông, phường Cầu Giấy", name="binh")
    assert await open_at(city) == {"phuong-moi": 2}


async def test_a_change_for_a_day_to_come_is_carried_out_by_the_clock_at_midnight(
    city: CityHarness,
) -> None:
    chair = await city.official(KHUONG_DINH, "chair")
    await reports(city)
    chair.reads()
    await plan(city, MERGER, on=date(2026, 11, 25))
    ticker = Ticker(city.database)
    await city.becomes(datetime(2026, 11, 24, 23, 59, tzinfo=LOCAL_TIME))
    assert await ticker.run("reorganise", city.now) == 0
    await city.becomes(datetime(2026, 11, 25, 0, 1, tzinfo=LOCAL_TIME))
    assert await ticker.run("reorganise", city.now) > 0
    await city.settles()
    assert (await city.only_case()).unit_code == "phuong-moi"
    chair.sees_nothing()
    await city.becomes(datetime(2026, 11, 25, 7, 0, tzinfo=LOCAL_TIME))
    chair.sees("Từ 25/11/2026, Phường Khương Đình và Phường Cầu Giấy sáp nhập vào Phường Mới")
    assert await ticker.run("reorganise", city.now) == 0


async def test_people_moved_have_access_there_and_none_where_they_were(city: CityHarness) -> None:
    chair = await city.official(KHUONG_DINH, "chair", name="hai")
    other = await city.official(CAU_GIAY, "chair", name="ba")
    await reports(city)
    case = await city.only_case()
    await plan(city, MERGER)
    await ticks(city)
    posts = await city.rows(select(post).order_by(post.c.id))
    assert [(row["unit_code"], row["ends_at"] is None, row["ended_reason"]) for row in posts] == [
        (KHUONG_DINH, False, "reorganised"),
        (CAU_GIAY, False, "reorganised"),
        ("phuong-moi", True, None),
        ("phuong-moi", True, None),
    ]
    other.reads()
    await other.writes("/viec")
    other.sees(case.code)
    await chair.writes("/viec")
    chair.sees(case.code)


async def test_what_a_former_unit_answered_stays_its_own_until_it_is_reopened(city: CityHarness) -> None:
    chair = await city.official(KHUONG_DINH, "chair")
    citizen = await reports(city)
    case = await city.only_case()
    await chair.presses(f"accept:{case.code}")
    await city.changes(domains={key: _without_proof(domain) for key, domain in city.city.domains.items()})
    await chair.presses(f"answer:{case.code}")
    await chair.writes("Đã dọn sạch lúc 8 giờ sáng nay, có tổ vệ sinh phường làm.")
    await chair.presses("Gửi")
    assert (await city.only_case()).status == "answered"
    await plan(city, MERGER)
    await ticks(city)
    assert (await city.only_case()).unit_code == KHUONG_DINH
    await chair.replays(f"card:{case.code}")
    chair.sees(case.code, "Phường Khương Đình")
    await citizen.presses("Chưa giải quyết")
    if (await city.only_case()).status == "answered":
        await citizen.writes("Vẫn còn rác ở đó.")
    reopened = await city.only_case()
    assert (reopened.status, reopened.unit_code) == ("reopened", "phuong-moi")


def _without_proof(domain: Any) -> Any:
    return replace(domain, needs_proof=False)


async def test_an_invitation_of_a_unit_that_is_over_leads_to_its_successor(city: CityHarness) -> None:
    code = await city.invitation(KHUONG_DINH, "officer")
    await plan(city, MERGER)
    await ticks(city)
    newcomer = city.citizen("hoa")
    await newcomer.writes(f"/start {code}")
    newcomer.sees("Phường Mới")
    (row,) = await city.rows(select(invitation))
    assert row["unit_code"] == "phuong-moi"


async def test_a_deputy_stays_the_deputy_of_the_same_person(city: CityHarness) -> None:
    await city.official(KHUONG_DINH, "chair", name="hai")
    await city.official(KHUONG_DINH, "officer", name="ba")
    held = await city.rows(select(post).order_by(post.c.id))
    async with city.database.begin() as transaction:
        people.add_post(
            transaction,
            person_id=held[1]["person_id"],
            unit_code=KHUONG_DINH,
            role="chair",
            now=city.now,
            ends_at=city.now.replace(day=30),
            deputy_for=held[0]["id"],
        )
    await plan(city, MERGER)
    await ticks(city)
    rows = [row for row in await city.rows(select(post)) if row["unit_code"] == "phuong-moi"]
    chair = next(row for row in rows if row["role"] == "chair" and row["deputy_for"] is None)
    deputy = next(row for row in rows if row["deputy_for"] is not None)
    assert deputy["deputy_for"] == chair["id"]
    assert deputy["ends_at"] == city.now.replace(day=30)


async def test_it_is_interrupted_at_every_point_and_run_again(either: CityHarness) -> None:
    city = either
    chair = await city.official(KHUONG_DINH, "chair")
    for number in range(3):
        await reports(city, f"{RUBBISH}, đống thứ {number}", name=f"người {number}")
    chair.reads()
    await plan(city, MERGER)
    for _ in range(40):
        await ticks(city, batches=1)
    await ticks(city)
    assert await open_at(city) == {"phuong-moi": 3}
    for case in await city.cases():
        moves = [event for event in await city.events(case) if event.type == "reorganised"]
        assert len(moves) == 1
    assert len(chair.news) <= 1
    told = [
        row for row in await city.rows(select(outbox)) if (row["dedupe_key"] or "").startswith("reorganised:")
    ]
    assert len(told) == 1
    assert "3 việc đang mở được chuyển sang" in told[0]["message"]["text"]


async def test_a_batch_that_fails_leaves_nothing_half_done(
    city: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.official(KHUONG_DINH, "chair")
    await reports(city)
    await plan(city, MERGER)
    moved = carrying_out._move_case

    async def fails(*arguments: Any) -> None:
        await moved(*arguments)
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(carrying_out, "_move_case", fails)
    with pytest.raises(RuntimeError):
        await ticks(city)
    assert await open_at(city) == {KHUONG_DINH: 1}
    monkeypatch.undo()
    await ticks(city)
    assert await open_at(city) == {"phuong-moi": 1}


async def test_a_split_sends_cases_by_street_and_says_which_it_was_not_sure_of(city: CityHarness) -> None:
    chair = await city.official(KHUONG_DINH, "chair")
    await reports(city)
    await reports(city, "Rác chất đống ở phố Hoàng Đạo Thành, phường Khương Đình", name="binh")
    await reports(city, "Rác chất đống khắp nơi, phường Khương Đình", name="chi")
    chair.reads()
    ward_code = city.city.units[CAU_GIAY].ward_code
    split = {
        "split": KHUONG_DINH,
        "into": [
            {
                "code": "phuong-mot",
                "name": "Phường Một",
                "streets": ["Vũ Tông Phan"],
                "areas": [f"cong-an-{KHUONG_DINH}"],
            },
            {
                "code": "phuong-hai",
                "name": "Phường Hai",
                "streets": ["Hoàng Đạo Thành"],
                "ward_code": "99999",
            },
        ],
    }
    assert ward_code is not None
    police = [
        {
            "merge": [f"cong-an-{KHUONG_DINH}"],
            "into": {"code": "cong-an-phuong-mot", "name": "Công an phường Một"},
        },
        {
            "split": "cong-an-phuong-mot",
            "into": [
                {"code": "cong-an-phuong-mot"},
                {"code": "cong-an-phuong-hai", "name": "Công an phường Hai", "parent": "phuong-hai"},
            ],
        },
    ]
    await plan(city, [split, *police])
    await ticks(city)
    assert await open_at(city) == {"phuong-mot": 2, "phuong-hai": 1}
    chair.sees("được chia thành Phường Một và Phường Hai", "Có 1 việc chưa rõ thuộc đơn vị mới nào")
    assert len(chair.news) == 1
    unsure = [event for case in await city.cases() for event in await city.events(case)]
    assert sum(event.data.get("unsure", False) for event in unsure) == 1


async def test_a_renamed_unit_is_found_by_both_names(city: CityHarness) -> None:
    chair = await city.official(KHUONG_DINH, "chair")
    await plan(city, [{"rename": CAU_GIAY, "name": "Phường Nghĩa Đô Mới"}])
    await reports(city)
    await ticks(city)
    case = await city.only_case()
    for typed in ("cầu giấy", "nghĩa đô mới"):
        await chair.replays(f"hand:{case.code}")
        await chair.writes(typed)
        chair.sees("Phường Nghĩa Đô Mới")


async def test_the_name_of_a_unit_that_is_over_finds_its_successor(city: CityHarness) -> None:
    officer = await city.official("so-xay-dung", "chair")
    await plan(city, MERGER)
    await ticks(city)
    await reports(city, "Đèn đường hỏng trên phố Vũ Tông Phan, phường Khương Đình")
    case = await city.only_case()
    async with city.database.begin() as transaction:
        await transaction.execute(case_table.update().values(unit_code="so-xay-dung"))
    await officer.replays(f"hand:{case.code}")
    await officer.writes("Phường Cầu Giấy")
    officer.sees("Phường Mới")


async def test_a_change_that_no_longer_fits_changes_nothing_and_an_administrator_is_told(
    city: CityHarness,
) -> None:
    admin = await city.official("ha-noi", "admin")
    await plan(city, [{"rename": "phuong-khong-co", "name": "Phường Mới"}])
    await ticks(city)
    await ticks(city)
    admin.sees("chưa có gì thay đổi", "unit 'phuong-khong-co' does not exist")
    assert len(admin.screen) == 1
    async with city.database.read() as transaction:
        (change,) = await reorganising.all_changes(transaction)
    assert change.done_at is None
    async with city.database.begin() as transaction:
        assert await reorganising.cancel_change(transaction, change.id)


async def test_a_button_that_names_a_unit_which_is_over_is_refused(city: CityHarness) -> None:
    officer = await city.official("so-xay-dung", "chair")
    await plan(city, MERGER)
    await ticks(city)
    await reports(city)
    async with city.database.begin() as transaction:
        await transaction.execute(case_table.update().values(unit_code="so-xay-dung"))
    case = await city.only_case()
    await officer.replays(f"handto:{case.code}:{CAU_GIAY}")
    assert (await city.only_case()).unit_code == "so-xay-dung"


async def test_the_tree_of_any_day_can_be_looked_at(city: CityHarness) -> None:
    await plan(city, [{"rename": CAU_GIAY, "name": "Phường Mới"}])
    await ticks(city)
    await plan(city, [{"move": CAU_GIAY, "parent": KHUONG_DINH}], on=date(2026, 12, 1))
    async with city.database.read() as transaction:
        now = await units.load_city(transaction, now=city.now)
        assert now is not None
        before = await carrying_out.city_on(transaction, now, date(2026, 11, 1))
        later = await carrying_out.city_on(transaction, now, date(2026, 12, 2))
    assert before.units[CAU_GIAY].name == "Phường Cầu Giấy"
    assert now.units[CAU_GIAY].name == "Phường Mới"
    assert (now.units[CAU_GIAY].parent, later.units[CAU_GIAY].parent) == ("ha-noi", KHUONG_DINH)


async def test_extensions_asked_for_and_answers_proposed_move_along(city: CityHarness) -> None:
    await city.official(KHUONG_DINH, "chair")
    await reports(city)
    proposed = {"text": "Đã dọn.", "photos": [], "by": 1, "at": city.now.isoformat()}
    waiting = {"hours": 8, "reason": "Chờ xe", "by": 1, "at": city.now.isoformat()}
    async with city.database.begin() as transaction:
        await transaction.execute(
            case_table.update().values(proposed=proposed, extension=waiting, extension_unit=CAU_GIAY)
        )
    await plan(
        city,
        [
            {"end": KHUONG_DINH, "successor": CAU_GIAY},
            {"end": f"cong-an-{KHUONG_DINH}", "successor": f"cong-an-{CAU_GIAY}"},
        ],
    )
    await ticks(city)
    case: Case = await city.only_case()
    assert case.unit_code == CAU_GIAY
    assert (case.proposed, case.extension) == (proposed, waiting)
    assert case.extension_unit == "ha-noi"  # nobody decides for themselves


async def test_a_deputys_post_at_the_successor_is_not_taken_for_a_chairs_own(city: CityHarness) -> None:
    await city.official(KHUONG_DINH, "chair", name="hai")
    await city.official(CAU_GIAY, "chair", name="ba")
    held = {row["unit_code"]: row for row in await city.rows(select(post))}
    thursday = city.now.replace(day=26)
    async with city.database.begin() as transaction:
        people.add_post(
            transaction,
            person_id=held[KHUONG_DINH]["person_id"],
            unit_code=CAU_GIAY,
            role="chair",
            now=city.now,
            ends_at=thursday,
            deputy_for=held[CAU_GIAY]["id"],
        )
    await plan(
        city,
        [
            {"end": KHUONG_DINH, "successor": CAU_GIAY},
            {"end": f"cong-an-{KHUONG_DINH}", "successor": f"cong-an-{CAU_GIAY}"},
        ],
    )
    await ticks(city)
    await city.becomes(thursday.replace(day=27))
    async with city.database.read() as transaction:
        left = await people.posts_of(transaction, held[KHUONG_DINH]["person_id"], now=city.now)
    assert [(each.unit_code, each.role, each.ends_at, each.deputy_for) for each in left] == [
        (CAU_GIAY, "chair", None, None)
    ]


async def test_an_extension_is_decided_by_whoever_is_above_after_a_move(either: CityHarness) -> None:
    city = either
    old, new = "phuong-lang", "phuong-hong-ha"
    for parent in (old, new):
        await city.official(parent, "chair")
    for unit, parent in ((KHUONG_DINH, old), (CAU_GIAY, new)):
        await plan(city, [{"move": unit, "parent": parent}])
    await ticks(city)
    await city.official(KHUONG_DINH, "chair")
    await reports(city)
    waiting = {"hours": 8, "reason": "Chờ xe", "by": 1, "at": city.now.isoformat()}
    async with city.database.begin() as transaction:
        await transaction.execute(case_table.update().values(extension=waiting, extension_unit=old))
    await plan(city, [{"move": KHUONG_DINH, "parent": new}])
    await ticks(city)
    case = await city.only_case()
    assert (case.extension_unit, case.decide_due_at) == (new, city.now)


async def test_what_reaches_a_unit_after_its_end_is_handed_on_by_the_clock(either: CityHarness) -> None:
    city = either
    chair = await city.official(KHUONG_DINH, "chair")
    await reports(city)
    case = await city.only_case()
    await plan(city, MERGER)
    await ticks(city)
    person_id = (await city.rows(select(post)))[0]["person_id"]
    waiting = {"hours": 8, "reason": "Chờ xe", "by": 1, "at": city.now.isoformat()}
    async with city.database.begin() as transaction:
        # A turn that began with the city of before.
        late = {"unit_code": CAU_GIAY, "extension": waiting, "extension_unit": KHUONG_DINH}
        await transaction.execute(case_table.update().values(**late))
        people.add_post(transaction, person_id=person_id, unit_code=CAU_GIAY, role="officer", now=city.now)
        police = f"cong-an-{KHUONG_DINH}"
        asked = Part(id=new_id(), case_id=case.id, unit_code=police, task="Giữ trật tự", asked_at=city.now)
        parts.add_part(transaction, asked)
    assert await Ticker(city.database).run("sweep", city.now) > 0
    assert await Ticker(city.database).run("sweep", city.now) == 0
    case = await city.only_case()
    assert (case.unit_code, case.extension_unit) == ("phuong-moi", "ha-noi")
    moved = (await city.events(case))[-1]
    assert (moved.type, moved.data["was"], "change" in moved.data) == ("reorganised", CAU_GIAY, True)
    assert [row["unit_code"] for row in await city.rows(select(part))] == ["cong-an-phuong-moi"]
    lasting = [row["unit_code"] for row in await city.rows(select(post)) if row["ended_reason"] is None]
    assert set(lasting) == {"phuong-moi"}
    await chair.writes("/viec")
    chair.sees(case.code)
