"""`/tim`: chairs, leaders and citizens find cases by code, words, street and person, and nobody else's."""

from tests.city import CityHarness, Somebody

WARD, BESIDE, CITY = "phuong-khuong-dinh", "phuong-thanh-xuan", "ha-noi"


async def reports(an: Somebody, text: str) -> None:
    await an.writes(text)
    await an.presses("Đồng ý và gửi")


async def test_a_chair_finds_a_case_by_words_street_and_person(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await reports(an, "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    case = await city.only_case()
    for words in ("rác chất đống", "rac vu tong phan", "khuong dinh rac", case.code.lower()):
        chair.reads()
        await chair.writes(f"/tim {words}")
        chair.sees(case.code)
    chair.reads()
    await chair.writes("/tim rác")
    await chair.presses(case.code)
    chair.sees("[Nhận việc]")


async def test_a_name_finds_the_case_unless_it_is_anonymous(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("Lan Hương")
    an.needs_a_name()
    await reports(an, "Rác chất đống ở phường Khương Đình")
    await chair.writes("/tim lan huong")
    chair.sees((await city.only_case()).code)


async def test_what_an_anonymous_writer_says_of_themselves_finds_nothing(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await an.writes("Rác chất đống ở phường Khương Đình. Tôi là Nguyễn Văn Bình, số 0912345678")
    await an.presses("Ẩn danh")
    await an.presses("Đồng ý và gửi")
    code = (await city.only_case()).code
    for words in ("0912345678", "nguyễn văn bình"):
        chair.reads()
        await chair.writes(f"/tim {words}")
        chair.does_not_see(code)
    await chair.writes("/tim rác chất")
    chair.sees(code)


async def test_nobody_finds_what_they_may_not_see(city: CityHarness) -> None:
    beside, an, other = await city.official(BESIDE, "chair"), city.citizen("an"), city.citizen("binh")
    await reports(an, "Rác chất đống ở phường Khương Đình")
    code = (await city.only_case()).code
    for somebody in (beside, other):
        somebody.reads()
        await somebody.writes("/tim rác chất đống")
        somebody.sees("Không thấy vụ việc nào")
        somebody.does_not_see(code)
    an.reads()
    await an.writes("/tim rac")
    an.sees(code)
    leader = await city.official(CITY, "leader")
    await leader.writes("/tim rac")
    leader.sees(code)


async def test_without_words_the_command_explains_itself(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/tim")
    an.sees("/tim ổ gà Nguyễn Trãi")


async def test_many_finds_are_cut_and_it_is_said(city: CityHarness) -> None:
    leader, an = await city.official(CITY, "leader"), city.citizen("an")
    for number in range(7):
        await reports(an, f"Rác chất đống ở ngõ {number} phường Khương Đình")
        await city.passes(hours=30)
    leader.reads()
    await leader.writes("/tim rác chất")
    leader.sees("5. HN-", "Còn nữa")
    leader.does_not_see("6. HN-")
