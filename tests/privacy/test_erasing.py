"""Somebody has themselves erased: nothing is left of them, and their cases go on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from handlers import shredding
from storage import ledger, people, scouring
from storage.cases import Case
from storage.tables import case, erasure, event, person
from tests.city import CityHarness, Somebody
from tests.privacy.searching_everything import traces_left

NAME = "Nguyễn Thị Khuêlan"
USER = "nguoi-dan-86420"
PHONE = "0912864209"
REPORT = (
    "Rác thối zưngquặc chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình, "
    f"tôi là {NAME}, số {PHONE}, nhà tôi ở khyểnhsâu"
)
MORE = "Hôm nay lại thêm phìnhgộc nữa"
NEEDLES = (
    NAME,
    "khuêlan",
    "khuelan",
    USER,
    PHONE,
    PHONE[1:],
    "zưngquặc",
    "zungquac",
    "khyểnhsâu",
    "khyenhsau",
    "phìnhgộc",
    "phinhgoc",
)


async def reporter(city: CityHarness) -> Somebody:
    """Somebody who wrote a report with their name in it, added to it, and left their number."""
    somebody = city.citizen(USER)
    somebody.name = NAME
    await somebody.writes(REPORT, photos=1)
    await somebody.files()
    await somebody.sends(phone=PHONE)
    await somebody.presses("Đồng ý lưu số này")
    return somebody


async def erased(city: CityHarness) -> None:
    """Let a day pass, and the clock do what was asked."""
    await city.passes(hours=25)
    await city.ticks()
    await shredding.shred(city.database, city.media_dir)
    await scouring.scour(city.database)


async def the_case(city: CityHarness) -> Case:
    [row] = await city.rows(select(case))
    return Case(**row)


async def test_nothing_is_left_of_somebody_who_was_erased(town: CityHarness) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    officer = await town.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(town)
    code = (await the_case(town)).code
    await officer.presses(f"accept:{code}")
    await officer.presses(f"ask:{code}")
    await officer.writes(f"Chào bà {NAME}, rác để ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await somebody.writes(MORE)
    await chair.writes(f"/viec {code}")
    await chair.writes("/viec")
    await chair.writes("/tim khuelan")
    before = await traces_left(town.database, town.media_dir, NEEDLES)
    assert before
    await somebody.writes("/xoadulieu")
    somebody.sees("1 phản ánh", "24 giờ")
    await somebody.presses("Xóa dữ liệu của tôi")
    somebody.sees("Tôi đã nhận yêu cầu", "/dulieucuatoi")
    await erased(town)
    assert await traces_left(town.database, town.media_dir, NEEDLES) == []
    assert await ledger.verify(town.database) is None
    assert list(town.media_dir.rglob("*.jpg")) == []
    [request] = await town.rows(select(erasure))
    assert request["outcome"] == "done"


async def test_the_ledger_accepts_what_was_erased_and_nothing_else(city: CityHarness) -> None:
    officer = await city.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(city)
    code = (await the_case(city)).code
    await officer.presses(f"ask:{code}")
    await officer.writes(f"Chào bà {NAME}, rác để ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await somebody.writes("/xoadulieu")
    await somebody.presses("Xóa dữ liệu của tôi")
    await erased(city)
    known = await the_case(city)
    left = next(each for each in await city.events(known) if each.type == "erased").data["events"]
    assert left  # the question named her
    sequence = int(next(iter(left)))
    for change in (
        event.update().where(event.c.sequence == sequence).values(data={"question": "Khác"}),
        event.update().where(event.c.sequence == sequence).values(actor_role="chair"),
        event.update().where(event.c.type == "erased").values(data={"events": {}}),
        event.delete().where(event.c.type == "erased"),
        case.update().values(text="Không có gì xảy ra cả"),
    ):
        assert await ledger.verify(city.database) is None
        before = {
            table: await city.rows(select(table).order_by(*table.primary_key)) for table in (event, case)
        }
        async with city.database.begin() as transaction:
            await transaction.execute(change)
        assert await ledger.verify(city.database) is not None, str(change)
        await put_back(city, before)


async def put_back(city: CityHarness, before: Mapping[Any, list[dict[str, Any]]]) -> None:
    """Let events and cases be as they were."""
    async with city.database.begin() as transaction:
        await transaction.execute(event.delete())
        await transaction.execute(event.insert(), before[event])
        for row in before[case]:
            await transaction.execute(case.update().where(case.c.id == row["id"]).values(text=row["text"]))


async def test_nobody_can_invent_an_erasure_in_the_middle(city: CityHarness) -> None:
    await reporter(city)
    known = await the_case(city)
    changed = {**(await city.events(known))[0].data, "kind": "suggestion"}
    async with city.database.begin() as transaction:
        await transaction.execute(event.update().where(event.c.sequence == 1).values(data=changed))
    broken = await ledger.verify(city.database)
    assert broken is not None
    assert (broken.sequence, broken.fault) == (1, "changed")


async def test_the_wish_can_be_taken_back_for_a_day(town: CityHarness) -> None:
    somebody = await reporter(town)
    await somebody.writes("/xoadulieu")
    await somebody.presses("Thôi, giữ lại")
    somebody.sees("không xóa gì")
    await somebody.writes("/rutdongy")
    await somebody.presses("Xóa dữ liệu của tôi")
    await somebody.presses("erase:yes")  # twice is once
    somebody.sees("đang chờ", "10:00" if town.now.hour == 10 else "09:00")
    await town.passes(hours=23)
    await town.ticks()
    await somebody.writes("/xoadulieu")
    await somebody.presses("Thôi, giữ lại")
    somebody.sees("giữ lại mọi thứ")
    await somebody.presses("erase:keep")
    somebody.sees("Không có yêu cầu xóa nào")
    await erased(town)
    assert (await the_case(town)).text == REPORT
    [request] = await town.rows(select(erasure))
    assert request["outcome"] == "withdrawn"


async def test_the_case_goes_on_and_nobody_hears_of_it(town: CityHarness) -> None:
    officer = await town.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(town)
    code = (await the_case(town)).code
    await somebody.writes("/xoadulieu")
    somebody.sees("1 việc đang giải quyết vẫn làm tiếp")
    await somebody.presses("Xóa dữ liệu của tôi")
    await erased(town)
    somebody.reads()
    await officer.writes(f"/viec {code}")
    officer.sees(code, "đã được xóa theo yêu cầu", "không hỏi lại")
    officer.does_not_see(NAME, PHONE)
    await officer.presses(f"accept:{code}")
    await officer.presses(f"answer:{code}")
    await officer.writes("Tổ vệ sinh đã dọn sạch sáng 24/11.", photos=1)
    await officer.presses("Gửi câu trả lời")
    assert (await the_case(town)).status == "answered"
    await town.passes(days=20)
    await town.ticks()
    assert (await the_case(town)).status == "closed"
    somebody.sees_nothing()
    assert await ledger.verify(town.database) is None
    await somebody.writes("/dulieucuatoi")
    somebody.sees("Phản ánh đã gửi: 0")  # whoever writes again is somebody new


async def test_whoever_withdraws_through_the_vendor_is_erased_too(town: CityHarness) -> None:
    admin = await town.official("ha-noi", "admin")
    somebody = await reporter(town)
    await somebody.does(withdrawn=True)
    admin.sees("rút đồng ý")
    await erased(town)
    assert await traces_left(town.database, town.media_dir, NEEDLES) == []
    [request] = await town.rows(select(erasure))
    assert (request["kind"], request["outcome"]) == ("withdraw", "done")


async def test_an_official_keeps_their_post_and_loses_their_private_matters(town: CityHarness) -> None:
    officer = await town.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(town)
    async with town.database.begin() as transaction:
        reporter_id = (await the_case(town)).reporter_id
        people.add_post(
            transaction, person_id=reporter_id, unit_code="phuong-dinh-cong", role="officer", now=town.now
        )
    await somebody.writes("/xoadulieu")
    somebody.sees("gắn với chức vụ", "/chucvu")
    await somebody.presses("Xóa dữ liệu của tôi")
    await erased(town)
    private = [needle for needle in NEEDLES if needle not in (NAME, "khuêlan", USER)]
    assert await traces_left(town.database, town.media_dir, private) == []
    [kept] = await town.rows(select(person).where(person.c.id == reporter_id))
    assert (kept["name"], kept["phone"], kept["erased_at"]) == (NAME, None, None)
    await somebody.writes("/viec")
    somebody.sees("Phường Định Công")
    assert officer.name
