"""An answer is held against what citizens miss: a picture, what was done, when, by whom; or is progress."""

from datetime import datetime

import pytest

from handlers import texts
from routing.deadline import LOCAL_TIME
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
QUESTION = "Cho hỏi rác cồng kềnh ở phường Khương Đình bỏ vào ngày nào"
WHOLE = "Sáng nay tổ môi trường đã dọn sạch ngõ 12."


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]


async def again(city: CityHarness, case: Case) -> Case:
    return next(each for each in await city.cases() if each.id == case.id)


async def types(city: CityHarness, case: Case) -> list[str]:
    return [event.type for event in await city.events(case)]


async def drafted(city: CityHarness, text: str, *, photos: int = 0) -> tuple[Somebody, Case]:
    """Let an officer write an answer to a report, and not send it yet."""
    officer = await city.official(WARD, "officer")
    case = await report(city)
    city.citizen("an").reads()
    await officer.presses("Trả lời người dân")
    await officer.writes(text, photos=photos)
    return officer, case


# ── proof ────────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_picture_nothing_can_be_sent_until_one_comes(city: CityHarness) -> None:
    officer, case = await drafted(city, WHOLE)
    officer.sees(texts.proof_missing(), "[Không có ảnh, nêu lý do]")
    officer.does_not_see("[Gửi câu trả lời]")
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees(texts.proof_missing())
    assert (await again(city, case)).status == "assigned"
    city.citizen("an").sees_nothing()
    await officer.sends(photos=1)
    officer.sees("Kèm 1 ảnh", "[Gửi câu trả lời]")
    officer.does_not_see("thiếu ảnh")
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE, "Kèm 1 ảnh kết quả")


async def test_a_reason_takes_the_place_of_the_picture_and_everybody_reads_it(city: CityHarness) -> None:
    officer, case = await drafted(city, WHOLE)
    await officer.presses("Không có ảnh")
    officer.sees(texts.write_no_photo_reason(code=case.code))
    await officer.writes("Việc làm trong nhà dân, gia đình không cho chụp")
    officer.sees("Không có ảnh, vì: Việc làm trong nhà dân", WHOLE, "[Gửi câu trả lời]")
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE, "Không có ảnh, vì: Việc làm trong nhà dân, gia đình không cho chụp")
    event = (await city.events(case))[-1]
    assert event.data["no_photo_reason"] == "Việc làm trong nhà dân, gia đình không cho chụp"
    await officer.writes(f"/viec {case.code}")
    officer.sees("Không có ảnh, vì: Việc làm trong nhà dân")


async def test_a_picture_may_come_after_all_where_a_reason_was_asked_for(city: CityHarness) -> None:
    officer, case = await drafted(city, WHOLE)
    await officer.presses("Không có ảnh")
    await officer.sends(unsupported="voice")
    officer.sees(texts.cannot_use())
    await officer.sends(photos=2)
    officer.sees("Kèm 2 ảnh", "[Gửi câu trả lời]")
    officer.does_not_see("Không có ảnh, vì")
    await officer.presses("Gửi câu trả lời")
    event = (await city.events(case))[-1]
    assert "no_photo_reason" not in event.data
    assert len(event.data["photos"]) == 2


@pytest.mark.plain
async def test_words_are_kept_whose_picture_was_lost_and_it_is_asked_for_again(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Trả lời người dân")
    await officer.sends(text=WHOLE, unsupported="photo_lost")
    officer.sees(texts.unsupported(what="photo_lost"), WHOLE, "[Không có ảnh")
    await officer.sends(unsupported="photo_lost")
    officer.sees(texts.unsupported(what="photo_lost"))
    await officer.sends(photos=1)
    await officer.presses("Gửi câu trả lời")
    event = (await city.events(case))[-1]
    assert (event.data["text"], len(event.data["photos"])) == (WHOLE, 1)


async def test_a_reason_counts_no_more_once_a_picture_came(city: CityHarness) -> None:
    officer, _ = await drafted(city, WHOLE)
    await officer.presses("Không có ảnh")
    await officer.writes("Trời tối")
    await officer.sends(photos=1)
    officer.does_not_see("Trời tối")
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").does_not_see("Trời tối")


async def test_a_question_is_answered_without_a_picture_and_without_advice(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city, text=QUESTION)
    assert case.kind == "question"
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Sáng thứ Bảy, ở đầu ngõ.")
    officer.sees("[Gửi câu trả lời]")
    officer.does_not_see("💡", "thiếu ảnh")


# ── what, when, who ──────────────────────────────────────────────────────────────────────────────


async def test_what_is_left_unsaid_is_asked_for_and_never_blocks(city: CityHarness) -> None:
    officer, case = await drafted(city, "Đã dọn sạch rác.", photos=1)
    officer.sees(texts.answer_lacks(missing=("when", "who")), "[Gửi câu trả lời]")
    await officer.writes("Tổ môi trường làm")
    officer.sees(texts.answer_lacks(missing=("when",)))
    await officer.writes("lúc 9h sáng nay")
    officer.does_not_see("💡")
    await officer.presses("Gửi câu trả lời")
    assert (await again(city, case)).status == "answered"


async def test_a_vague_answer_is_pointed_out_and_may_be_sent_all_the_same(city: CityHarness) -> None:
    officer, case = await drafted(city, "Đã chuyển cơ quan chức năng xử lý theo quy định.", photos=1)
    officer.sees(texts.answer_vague(), "[Gửi như tin tiến độ]", "[Gửi câu trả lời]")
    await officer.presses("Gửi câu trả lời")
    assert (await again(city, case)).status == "answered"


async def test_the_words_can_be_written_anew_and_the_pictures_stay(city: CityHarness) -> None:
    officer, case = await drafted(city, "Đã ghi nhận.", photos=2)
    await officer.presses("Viết lại")
    officer.sees(texts.write_anew(code=case.code, photos=2))
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees(texts.draft_gone())
    await officer.writes(WHOLE)
    officer.sees(WHOLE, "Kèm 2 ảnh")
    officer.does_not_see("Đã ghi nhận")


# ── progress ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_promise_goes_out_as_progress_and_the_case_stays_open(city: CityHarness) -> None:
    officer, case = await drafted(city, "Phường sẽ khắc phục trong tuần này.")
    officer.sees(texts.answer_promise(), "[Gửi như tin tiến độ]")
    await officer.presses("Gửi như tin tiến độ")
    officer.sees("Đã gửi tin tiến độ", "Hạn trả lời vẫn là 09:00 thứ Sáu 27/11")
    city.citizen("an").sees(case.code, "báo tiến độ", "Phường sẽ khắc phục trong tuần này.")
    city.citizen("an").does_not_see("★")
    now = await again(city, case)
    assert (now.status, now.answered_at, now.due_at) == ("in_progress", None, case.due_at)
    assert (await types(city, case))[-2:] == ["accepted", "progress_told"]
    await officer.replays(f"asprogress:{case.code}")
    officer.sees(texts.draft_gone())
    await officer.writes(f"/viec {case.code}")
    officer.sees("Đã báo tiến độ", "Phường sẽ khắc phục")


async def test_progress_has_a_button_of_its_own(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Nhận việc")
    city.citizen("an").reads()
    await officer.presses("Báo tiến độ")
    officer.sees(texts.write_progress(code=case.code), "[Bỏ]")
    await officer.sends(photos=1)
    officer.sees(texts.words_please())
    await officer.writes("Đang chờ xe ép rác, chiều mai xong.")
    officer.sees("Kèm 1 ảnh", "[Gửi tin tiến độ]")
    await officer.presses("Gửi tin tiến độ")
    city.citizen("an").sees("Đang chờ xe ép rác", "Việc chưa khép lại")
    assert len(city.citizen("an").photos) == 1
    assert await city.photos(case, "progress") == city.citizen("an").photos
    await officer.replays(f"sendprogress:{case.code}")
    officer.sees(texts.draft_gone())
    assert (await types(city, case)).count("progress_told") == 1
    assert await ledger.verify(city.database) is None


async def test_progress_waits_for_the_morning(city: CityHarness) -> None:
    officer, _ = await drafted(city, "Phường sẽ dọn vào ngày mai.")
    await city.becomes(datetime(2026, 11, 23, 22, 0, tzinfo=LOCAL_TIME))
    await officer.presses("Gửi như tin tiến độ")
    city.citizen("an").sees_nothing()
    await city.becomes(datetime(2026, 11, 24, 7, 0, tzinfo=LOCAL_TIME))
    city.citizen("an").sees("báo tiến độ")


async def test_those_who_joined_read_progress_and_answer_without_names(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    binh = city.citizen("binh")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    await binh.presses("Đúng, cùng vụ việc")
    binh.reads()
    await officer.replays(f"progress:{case.code}")
    await officer.writes("Đã hẹn người gửi, số 0912345678, chiều mai tới dọn.")
    await officer.presses("Gửi tin tiến độ")
    city.citizen("an").sees("0912345678")
    binh.sees("chiều mai tới dọn")
    binh.does_not_see("0912345678", case.code)
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Tổ môi trường đã dọn xong sáng nay, đã gọi số 0912345678.", photos=1)
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees("0912345678")
    binh.sees("đã dọn xong sáng nay", "[Chưa giải quyết]")
    binh.does_not_see("0912345678", case.code)


# ── who may not ──────────────────────────────────────────────────────────────────────────────────

BUTTONS = (
    "answer:{}",
    "sendanswer:{}",
    "rewrite:{}",
    "nophoto:{}",
    "asprogress:{}",
    "progress:{}",
    "sendprogress:{}",
    "redraft:{}",
    "amend:{}:3",
    "templates:{}",
    "template:{}:1",
    "approve:{}:3",
    "sendback:{}:3",
    "showdraft:{}",
)


@pytest.mark.parametrize("data", BUTTONS)
async def test_a_replayed_button_does_nothing_for_others(city: CityHarness, data: str) -> None:
    officer, case = await drafted(city, WHOLE, photos=1)
    before = await types(city, case)
    strangers = [city.citizen("stranger"), city.citizen("an")]
    strangers += [await city.official("phuong-thanh-xuan", "chair")]
    for somebody in strangers:
        await somebody.replays(data.format(case.code))
        assert WHOLE not in somebody.last.text
        said = somebody.last.text
        await somebody.replays(data.format("HN-2222-2222"))
        assert somebody.last.text == said
    above = await city.official("ha-noi", "chair")
    leader = await city.official("ha-noi", "leader")
    for somebody in (above, leader):
        await somebody.replays(data.format(case.code))
        assert WHOLE not in somebody.last.text
    assert await types(city, case) == before
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE)


@pytest.mark.parametrize(
    "data", ["sendanswer:{}", "rewrite:{}", "nophoto:{}", "asprogress:{}", "progress:{}"]
)
async def test_a_button_of_an_answered_case_changes_nothing(city: CityHarness, data: str) -> None:
    officer, case = await drafted(city, WHOLE, photos=1)
    await officer.presses("Gửi câu trả lời")
    before = await types(city, case)
    await officer.replays(data.format(case.code))
    officer.sees("trả lời lúc")
    assert await types(city, case) == before


async def test_a_button_in_a_group_says_nothing_about_the_case(city: CityHarness) -> None:
    _, case = await drafted(city, WHOLE, photos=1)
    in_group = city.somebody_in_group("nhom", "officer Phường Khương Đình")
    for data in BUTTONS:
        await in_group.replays(data.format(case.code))
        in_group.sees(texts.only_in_private())
