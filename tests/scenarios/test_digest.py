"""The morning's and the week's digest: who gets it, when, what it says, and how it is set in chat."""

from datetime import datetime, timedelta

from routing.deadline import LOCAL_TIME
from storage import people, seals
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"
ELSEWHERE = "Rác chất đống ở phường Thanh Xuân"


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_TIME)


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]


async def tick(city: CityHarness, at: datetime) -> None:
    await city.becomes(at)
    await city.ticks()


def digests(somebody: Somebody) -> list[str]:
    return [shown.text for shown in somebody.screen if shown.text.startswith("📋")]


async def test_a_leader_gets_the_morning_s_digest_unasked(city: CityHarness) -> None:
    leader, chair = await city.official("ha-noi", "leader"), await city.official(WARD, "chair")
    await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await tick(city, local(23, 18))
    assert digests(leader) == []
    await tick(city, local(24, 7, 31))  # a day off
    assert digests(leader) == []
    await tick(city, local(25, 7, 29))
    assert digests(leader) == []
    await tick(city, local(25, 7, 31))
    (told,) = digests(leader)
    assert "Bản tin sáng · Thành phố Hà Nội · 23/11 – 24/11/2026" in told
    assert "Mới: 2 phản ánh" in told
    assert "Lúc này: 🔺 quá hạn 0" in told
    await tick(city, local(25, 7, 45))
    assert len(digests(leader)) == 1
    assert digests(chair) == []


async def test_the_week_is_told_on_its_first_working_day(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    officer = await city.official(WARD, "officer")
    await city.ticks()
    case = await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Đã dọn xong.", photos=1)
    await officer.presses("Gửi câu trả lời")
    await tick(city, local(30, 7, 31))
    told, morning = digests(leader)
    assert "Bản tin sáng · Thành phố Hà Nội · 27/11 – 29/11/2026" in morning
    assert "Bản tin tuần · Thành phố Hà Nội · 23/11 – 29/11/2026" in told
    assert "Mới: 2 phản ánh (tuần trước đó 0)" in told
    assert "Đã trả lời: 1 (✅ đúng hạn 1 · 🔺 trễ 0 · 🔸 trễ có gia hạn 0)" in told
    assert "quá hạn 1" in told
    assert "• Phường Thanh Xuân: quá hạn 1" in told


async def test_it_carries_the_seal_of_yesterday_and_the_cases_behind(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.ticks()
    case = await report(city, text=ELSEWHERE)
    await city.becomes(local(24, 20))
    await report(city, "ba")
    await city.becomes(local(25, 6))
    await report(city, "ca")
    await city.ticks()
    async with city.database.read() as transaction:
        sealed = await seals.latest(transaction)
    assert sealed is not None
    await tick(city, local(25, 7, 31))
    leader.sees(f"Dấu niêm phong nhật ký đến hết 24/11/2026: {sealed.shown}")
    await city.becomes(local(27, 10))
    await leader.presses("Hồ sơ quá hạn")
    leader.sees(case.code)


async def test_time_and_content_are_set_in_chat(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await leader.writes("/bantin")
    leader.sees("Bản tin gửi lúc 07:30, mỗi ngày làm việc và đầu tuần", "Lần tới: 07:30 thứ Tư 25/11")
    await leader.writes("/bantin 9h15")
    leader.sees("lúc 09:15", "Lần tới: 09:15 thứ Hai 23/11")
    await leader.presses("Bỏ biểu đồ")
    await leader.presses("Bỏ dấu niêm phong")
    leader.sees("Gồm: phản ánh mới, quá hạn, sắp trễ, đã trả lời.")
    await tick(city, local(23, 9, 16))
    assert len(digests(leader)) == 2  # the week's and the day's
    await leader.writes("/bantin tắt")
    leader.sees("Bản tin đang tắt")
    await tick(city, local(25, 9, 16))
    assert len(digests(leader)) == 2
    await leader.writes("/bantin bat")
    leader.sees("lúc 09:15")
    for wrong in ("/bantin 25:00", "/bantin 3h", "/bantin lúc nào cũng được"):
        await leader.writes(wrong)
        leader.sees("Tôi chưa hiểu", "/bantin 8:00")
    for data in ("digest:", "digest:9999", "digest:xyz"):
        await leader.replays(data)
        leader.sees("không còn dùng được")


async def test_a_chair_asks_for_one_and_gets_the_own_unit(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await chair.writes("/bantin")
    chair.sees("Bản tin đang tắt")
    await chair.presses("Bật bản tin ngày")
    await chair.presses("Xem thử ngay")
    chair.sees("Bản tin sáng · Phường Khương Đình")
    await tick(city, local(25, 7, 31))
    assert "Mới: 1 phản ánh" in digests(chair)[-1]
    assert "niêm phong" not in digests(chair)[-1]


async def test_who_left_the_post_gets_none(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.ticks()
    async with city.database.begin() as transaction:
        person = (await people.officials_by_role(transaction, "leader", now=city.now))[0]
        held = await people.get_person(transaction, person.person_id, now=city.now)
        assert held is not None
        await people.end_post(transaction, held.posts[0].id, at=city.now + timedelta(hours=1), reason="x")
    await tick(city, local(25, 7, 31))
    assert digests(leader) == []
    await leader.writes("/bantin")
    leader.does_not_see("Bản tin gửi lúc")


async def test_one_that_is_long_past_is_left_to_the_next(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.ticks()
    await tick(city, local(25, 20, 0))
    assert digests(leader) == []
    await tick(city, local(26, 7, 31))
    assert len(digests(leader)) == 1


async def test_two_clocks_send_one(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.ticks()
    await city.becomes(local(25, 7, 31))
    await city.ticks()
    await city.ticks()
    assert len(digests(leader)) == 1


async def test_a_citizen_has_no_digest(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/bantin")
    an.does_not_see("Bản tin gửi lúc", "Bản tin đang tắt")
