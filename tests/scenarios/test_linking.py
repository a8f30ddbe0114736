"""One person on two channels: a code joins the accounts, and news goes where they wrote last."""

import re

from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


def code_on(somebody: Somebody) -> str:
    found = re.search(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", somebody.last.text)
    assert found
    return found[0]


async def test_cases_of_both_accounts_are_one_list_and_news_follows_the_person(city: CityHarness) -> None:
    here, there = city.citizen("an"), city.citizen("an ở nơi khác", channel="other")
    await there.writes(RUBBISH)
    await there.files()
    case = await city.only_case()
    await here.writes("/lienket")
    await there.writes(f"/lienket {code_on(here)}")
    there.sees("vừa tự xin mã", "không tách lại được")
    await there.presses("Đúng, cả hai là của tôi")
    there.sees("Đã liên kết")
    here.sees("Mã liên kết vừa được dùng")
    await here.writes("/cuatoi")
    here.sees(case.code)
    chair = await city.official(case.unit_code or "", "chair")
    await chair.writes(f"/tracuu {case.code}")
    await chair.presses("Nhận việc")
    here.sees(case.code)


async def test_a_code_that_is_pasted_alone_is_understood(city: CityHarness) -> None:
    here, there = city.citizen("an"), city.citizen("an", channel="other")
    await here.writes("/lienket")
    await there.writes(code_on(here).lower())
    there.sees("vừa tự xin mã")
    await there.presses("Không")
    there.sees("vẫn riêng")


async def test_a_used_an_old_and_a_wrong_code_are_refused_alike(city: CityHarness) -> None:
    here, there = city.citizen("an"), city.citizen("an", channel="other")
    await here.writes("/lienket")
    code = code_on(here)
    await there.writes("/lienket 00000-00000")
    refusal = there.last.text
    await city.passes(minutes=11)
    await there.writes(f"/lienket {code}")
    assert there.last.text == refusal
    await here.writes("/lienket")
    code = code_on(here)
    await there.writes(f"/lienket {code}")
    await there.presses("Đúng, cả hai")
    stranger = city.citizen("binh")
    await stranger.writes(f"/lienket {code}")
    assert stranger.last.text == refusal


async def test_whoever_guesses_codes_is_stopped(city: CityHarness) -> None:
    guesser = city.citizen("an")
    for number in range(6):
        await guesser.writes(f"/lienket 0000{number}-00000")
    guesser.sees("quá nhiều lần")


async def test_whoever_guesses_the_data_of_the_button_is_stopped_too(city: CityHarness) -> None:
    guesser = city.citizen("an")
    for number in range(6):
        await guesser.replays(f"link:0000{number}00000")
    guesser.sees("quá nhiều lần")


async def test_one_s_own_code_joins_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/lienket")
    await an.writes(f"/lienket {code_on(an)}")
    an.sees("chính tài khoản của anh/chị")


async def test_an_official_gives_no_rights_away_by_typing_a_code(city: CityHarness) -> None:
    attacker = city.citizen("an")
    chair = await city.official("phuong-khuong-dinh", "chair")
    await attacker.writes("/lienket")
    code = code_on(attacker)
    await chair.writes(f"/lienket {code}")
    chair.sees("đang giữ nhiệm vụ")
    await chair.replays(f"link:{code.replace('-', '')}")
    chair.sees("không đúng hoặc đã hết hạn")
    await attacker.writes("/viec")
    attacker.does_not_see("Việc của đơn vị")


async def test_an_official_s_code_brings_their_post_to_the_other_account(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    phone = city.citizen("máy kia", channel="other")
    await chair.writes("/lienket")
    await phone.writes(f"/lienket {code_on(chair)}")
    await phone.presses("Đúng, cả hai")
    await phone.writes("/viec")
    phone.sees("Phường Khương Đình: không còn việc nào đang mở")
