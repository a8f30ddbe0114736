"""What a unit corrects of the machine's reading, and whom the dispatchers see first."""

from sqlalchemy import select, update

from routing.domain import domains
from storage.cases import Case
from storage.tables import case as case_table
from storage.tables import correction
from tests.city import CityHarness

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình, gọi tôi số 0912345678"


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.presses("Đồng ý và gửi")
    return (await city.cases())[-1]


async def test_a_unit_corrects_the_domain_and_goes_on(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.writes(f"/viec {case.code}")
    await officer.presses("Sai lĩnh vực")
    officer.sees("đang ghi lĩnh vực: Rác thải", "[Tiếng ồn]", "[Quay lại]")
    officer.does_not_see("[Rác thải")
    await officer.presses("Tiếng ồn")
    officer.sees(f"Đã sửa lĩnh vực của {case.code}: Tiếng ồn", "[Nhận việc]")
    corrected = await city.only_case()
    assert (corrected.domain, corrected.unit_code) == ("noise", WARD)
    assert corrected.due_at is not None
    assert case.due_at is not None
    assert corrected.due_at <= case.due_at
    (kept,) = await city.rows(select(correction))
    assert (kept["was"], kept["now"], kept["actor_role"]) == ("waste", "noise", "officer")
    assert kept["person_id"] is not None
    assert kept["model_version"] == "plain"
    assert [event.type for event in await city.events(case)][-1] == "corrected"


async def test_what_is_learned_from_holds_no_personal_data(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.writes(f"/viec {case.code}")
    await officer.presses("Sai lĩnh vực")
    await officer.presses("Tiếng ồn")
    (kept,) = await city.rows(select(correction))
    assert "0912345678" not in kept["text"]
    assert "0912345678" in (await city.only_case()).text


async def test_a_unit_that_does_not_answer_for_the_right_domain_may_hand_the_case_over(
    city: CityHarness,
) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.writes(f"/viec {case.code}")
    await officer.presses("Sai lĩnh vực")
    await officer.presses("Điện")
    officer.sees("thường do", "[Chuyển ", "[Đơn vị tôi làm tiếp]")
    await officer.presses("Chuyển ")
    officer.sees(f"Đã chuyển {case.code}")
    assert (await city.only_case()).unit_code != WARD


async def test_a_unit_cannot_turn_its_case_into_one_that_it_may_not_have(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    restricted = next(domain.id for domain in domains() if domain.restricted)
    await officer.replays(f"recast:{case.code}:{restricted}")
    officer.does_not_see("Đã sửa")
    for nonsense in ("recast", "recast:", f"recast:{case.code}", f"recast:{case.code}:nope", "wrong:"):
        await officer.replays(nonsense)
        officer.does_not_see("Đã sửa")
    assert (await city.only_case()).domain == "waste"


async def test_nobody_else_corrects_a_units_case(city: CityHarness) -> None:
    case = await report(city)
    beside = await city.official("phuong-thanh-xuan", "officer")
    for somebody in (beside, city.citizen("an"), city.citizen("la")):
        await somebody.replays(f"recast:{case.code}:noise")
        somebody.does_not_see("Đã sửa")
    assert (await city.only_case()).domain == "waste"
    assert await city.rows(select(correction)) == []


async def test_the_dispatchers_correct_a_case_that_was_given_back_for_its_domain(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    await officer.replays(f"giveback:{case.code}")
    await officer.presses("Sai lĩnh vực")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees("Lý do: Sai lĩnh vực")
    await dispatcher.presses("Lĩnh vực khác")
    await dispatcher.presses("Điện")
    dispatcher.sees(f"Đã giao {case.code}")
    (kept,) = await city.rows(select(correction))
    assert (kept["was"], kept["actor_role"]) == ("waste", "dispatcher")
    assert (await city.only_case()).unit_code not in (None, WARD)


# ── the dispatchers' queue ───────────────────────────────────────────────────────────────────────


async def waits_with(city: CityHarness, text: str, teaching: float) -> Case:
    """Let a report wait for the dispatchers, as one whose answer teaches so much."""
    case = await report(city, f"an {teaching}", text=text)
    async with city.database.begin() as transaction:
        await transaction.execute(
            update(case_table).where(case_table.c.id == case.id).values(teaching=teaching)
        )
    return case


async def test_a_case_is_stored_with_how_unsure_the_machine_was(city: CityHarness) -> None:
    await report(city, text="Có chuyện lạ ở phường Khương Đình")
    await report(city, "binh")
    unsure, sure = (case.teaching for case in await city.cases())
    assert 1 > unsure > sure > 0


async def test_dispatchers_see_first_what_teaches_most_but_nobody_waits_for_ever(city: CityHarness) -> None:
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    await waits_with(city, "Chuyện cũ ở phường Thanh Xuân", 0.1)
    await city.passes(hours=3)
    await waits_with(city, "Chuyện dễ ở phường Đống Đa", 0.2)
    await waits_with(city, "Chuyện khó ở phường Hoàn Kiếm", 0.9)
    await waits_with(city, "Chuyện nguy hiểm ở phường Khương Đình", 0.0)
    await dispatcher.writes("/dieuphoi")
    for text in ("nguy hiểm", "Chuyện cũ", "Chuyện khó", "Chuyện dễ"):
        dispatcher.sees(text)
        await dispatcher.presses("Để sau")
