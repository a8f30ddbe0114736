"""Somebody has themselves erased: nothing is left of them, and their cases go on."""

from sqlalchemy import select

from handlers import shredding
from storage import ledger, scouring
from storage.cases import Case
from storage.tables import case, erasure
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
