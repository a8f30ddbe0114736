"""Orders in ordinary words: shown, given with one tap, acknowledged, reported on; and what is refused."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from handlers import texts
from handlers.channel import File, RecipientUnreachable, Unavailable
from routing.deadline import LOCAL_TIME
from storage import directives, figures, ledger, people, units
from storage.cases import Case
from storage.contacts import SETTING
from storage.directives import Directive
from storage.tables import case as case_table
from storage.tables import directive as table
from storage.tables import outbox
from tests.city import CityHarness, RecordingChannel, Somebody
from tests.scenarios.test_reorganising import MERGER, plan, ticks
from tests.scenarios.test_unit import WARD, again, report

FRIDAY_9 = datetime(2026, 11, 27, 9, 0, tzinfo=LOCAL_TIME)
FRIDAY_17 = datetime(2026, 11, 27, 17, 0, tzinfo=LOCAL_TIME)


async def started(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return a leader, the ward's chair, and a case of the ward's: due on Friday at 9."""
    leader = await city.official("ha-noi", "leader", name="Lãnh đạo thành phố")
    chair = await city.official(WARD, "chair", name="Chủ tịch phường Khương Đình")
    case = await report(city)
    leader.reads()
    chair.reads()
    return leader, chair, case


async def says(leader: Somebody, case: Case, words: str, **parts: object) -> None:
    """Let a leader say something about a case by its code."""
    await leader.sends(text=f"{case.code} {words}", **parts)


async def all_of(city: CityHarness) -> list[Directive]:
    """Return every order, oldest first."""
    return [Directive(**row) for row in await city.rows(select(table).order_by(table.c.id))]


async def given(city: CityHarness, leader: Somebody) -> Directive:
    """Give the order that a leader is shown, and return it."""
    await leader.presses("Giao ngay")
    leader.reads()
    return (await all_of(city))[-1]


async def types(city: CityHarness, case: Case) -> list[str]:
    """Return the types of a case's events."""
    return [event.type for event in await city.events(case)]


async def holds(city: CityHarness) -> None:
    """Assert that the ledger holds and that the figures agree with a recount."""
    assert await ledger.verify(city.database) is None
    async with city.database.read() as transaction:
        span = {"start": city.now - timedelta(days=9), "end": city.now + timedelta(days=9), "now": city.now}
        counted = await figures.figures(transaction, **span, group_by="unit")
        assert counted == await figures.recount(transaction, **span, group_by="unit")


# ── given with one tap ───────────────────────────────────────────────────────────────────────────


async def test_an_order_counts_after_one_tap(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    leader.sees(
        "Tôi hiểu: giao xử lý",
        case.code,
        "Phường Khương Đình",
        "Hạn: 17:00 thứ Sáu 27/11",
        "[Giao ngay]",
        "[Không, hạn 17:00 26/11]",
    )
    chair.sees_nothing()
    assert "directed" not in await types(city, case)
    await leader.presses("Giao ngay")
    leader.sees("Đã giao Phường Khương Đình", "hạn 17:00 thứ Sáu 27/11", "1 người")
    chair.sees("CHỈ ĐẠO: Giao xử lý", case.code, "Lãnh đạo thành phố", "[Đã nhận việc]", "[Báo cáo]")
    assert (await types(city, case))[-1] == "directed"
    assert (await again(city, case)).due_at == case.due_at
    await holds(city)


async def test_before_friday_may_mean_thursday(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Không, hạn 17:00 26/11")
    chair.sees("Hạn báo cáo: 17:00 thứ Năm 26/11")


async def test_a_reply_to_a_card_is_an_order_on_it(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await leader.presses(f"card:{case.code}") if leader.screen else await leader.replays(f"card:{case.code}")
    await leader.writes("yêu cầu báo cáo trước 17h ngày 25/11", reply_to=leader.last)
    leader.sees("yêu cầu báo cáo", "17:00 thứ Tư 25/11")
    await leader.presses("Giao ngay")
    chair.sees("Yêu cầu báo cáo", case.code)


async def test_a_unit_acknowledges_and_reports_with_photos_and_a_recording(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước thứ Năm")
    await leader.presses("Giao ngay")
    await chair.presses("Đã nhận việc")
    chair.sees("Phường Khương Đình đã nhận việc")
    leader.reads()
    await chair.presses("Báo cáo")
    await chair.sends(text="Đã cử người dọn, trưa nay xong", photos=1)
    chair.sees("chưa gửi", "1 ảnh")
    leader.sees_nothing()
    await chair.presses("Gửi báo cáo")
    leader.sees("Phường Khương Đình (Chủ tịch phường Khương Đình) báo cáo", "Đã cử người dọn")
    assert len(leader.photos) == 1
    assert (await types(city, case))[-3:] == ["directed", "directive_seen", "directive_reported"]
    (order,) = await all_of(city)
    assert (order.status, order.report) == ("done", "Đã cử người dọn, trưa nay xong")
    await holds(city)


async def test_a_reply_to_the_order_reports_too_and_a_word_only_acknowledges(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước thứ Năm")
    await leader.presses("Giao ngay")
    order = chair.last
    await chair.writes("Dạ em nhận việc ạ", reply_to=order)
    assert (await all_of(city))[0].status == "seen"
    await chair.writes("Đã dọn xong lúc 10 giờ", reply_to=order)
    await chair.presses("Gửi báo cáo")
    leader.sees("Đã dọn xong lúc 10 giờ")


async def test_a_colleague_throws_no_draft_away_without_saying_so(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    officer = await city.official(WARD, "officer", name="Cán bộ phường Khương Đình")
    await says(leader, case, "yêu cầu báo cáo trước thứ Sáu")
    order = await given(city, leader)
    await chair.presses("Báo cáo")
    await chair.writes("Đã dọn xong, kèm hai ảnh", photos=2)
    await officer.replays(f"dreport:{order.id}")
    officer.sees("Chủ tịch phường Khương Đình đang soạn báo cáo", "[Bỏ bản đó, tôi viết]")
    await officer.writes("để em xem")
    assert (await all_of(city))[0].report == "Đã dọn xong, kèm hai ảnh"
    await chair.presses("Gửi báo cáo")
    leader.sees("Đã dọn xong, kèm hai ảnh")
    assert len(leader.photos) == 2
    await officer.presses("Bỏ bản đó, tôi viết")
    officer.sees("đã báo cáo lúc")


async def test_a_colleague_may_write_it_anew_and_the_writer_hears(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    officer = await city.official(WARD, "officer", name="Cán bộ phường Khương Đình")
    stranger = await city.official("phuong-thanh-xuan", "chair")
    await says(leader, case, "yêu cầu báo cáo trước thứ Sáu")
    order = await given(city, leader)
    await chair.presses("Báo cáo")
    await chair.writes("Bản của chủ tịch", photos=1)
    chair.reads()
    await stranger.replays(f"dtake:{order.id}")
    assert (await all_of(city))[0].report == "Bản của chủ tịch"
    await officer.replays(f"dreport:{order.id}")
    await officer.presses("Bỏ bản đó, tôi viết")
    chair.sees("Cán bộ phường Khương Đình đã bỏ bản báo cáo anh/chị đang soạn")
    await officer.writes("Bản của cán bộ")
    await chair.presses("Gửi báo cáo")
    chair.sees(texts.stale_button())
    await officer.presses("Gửi báo cáo")
    leader.sees("Bản của cán bộ")
    assert leader.photos == []
    await leader.replays(f"dshow:{order.id}")
    leader.sees("Viết lại báo cáo, bỏ bản đang soạn của đồng nghiệp")
    async with city.database.read() as transaction:
        events = await directives.events_of_directive(transaction, order.id)
    (rewritten,) = (event for event in events if event.type == "rewritten")
    assert rewritten.data["text"] == "Bản của chủ tịch"
    assert len(rewritten.data["files"]) == 1


async def test_an_edited_message_doubles_no_report(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước thứ Năm")
    await leader.presses("Giao ngay")
    card = chair.last
    message = await chair.writes("Đã cử người dọn", reply_to=card)
    edited = {"message_id": message.message_id, "edited": True, "reply_to": card.id}
    await chair.does(text="Đã cử người dọn sạch", **edited)
    chair.sees("Tin đã sửa không thay vào báo cáo", "[Viết lại]", "[Gửi báo cáo]")
    assert (await all_of(city))[0].report == "Đã cử người dọn"
    await chair.presses("Viết lại")
    await chair.does(text="Đã cử người dọn sạch", **edited)
    assert (await all_of(city))[0].report == "Đã cử người dọn sạch"


@pytest.mark.parametrize("as_feedback", [False, True])
async def test_only_who_has_a_denunciation_is_ordered_about_it(city: CityHarness, as_feedback: bool) -> None:
    leader, chair, case = await started(city)
    chief = await city.official("so-xay-dung", "chair", name="Giám đốc Sở Xây dựng")
    read = {"reading": {"kind": "denunciation"}} if as_feedback else {"kind": "denunciation"}
    async with city.database.begin() as transaction:
        await transaction.execute(update(case_table).values(unit_code="so-xay-dung", **read))
    for words in ("yêu cầu phường Khương Đình giải trình", "đề nghị phường Khương Đình báo cáo"):
        await says(leader, case, f"{words} trước thứ Năm")
        leader.sees("không được nhận vụ việc")
    chair.sees_nothing()
    await says(leader, case, "yêu cầu báo cáo trước thứ Năm")
    await leader.presses("Giao ngay")
    chief.sees("Yêu cầu báo cáo")


async def test_photos_and_recordings_go_with_an_order(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    voice = File(kind="voice", media_key="a" * 32 + ".ogg")
    await says(leader, case, "giao phường Khương Đình xử lý ngay trong hôm nay", photos=2, files=(voice,))
    leader.sees("2 ảnh")
    await leader.presses("Giao ngay")
    assert len(chair.photos) == 2


# ── what an order does to a case ─────────────────────────────────────────────────────────────────


async def test_giving_it_to_another_unit_hands_the_case_over(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    chief = await city.official("so-xay-dung", "chair", name="Giám đốc Sở Xây dựng")
    await says(leader, case, "giao Sở Xây dựng xử lý dứt điểm trước 30/11")
    leader.sees(
        "Vụ việc sẽ chuyển từ Phường Khương Đình sang Sở Xây dựng", "hạn trả lời người dân giữ nguyên"
    )
    assert (await again(city, case)).unit_code == WARD
    await leader.presses("Giao ngay")
    after = await again(city, case)
    assert (after.unit_code, after.due_at) == ("so-xay-dung", case.due_at)
    chief.sees("CHỈ ĐẠO", case.code)
    chair.sees("Sở Xây dựng")
    assert (await types(city, case))[-2:] == ["handed_over", "directed"]
    await holds(city)


async def test_a_case_without_a_unit_is_given_to_one(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    chair = await city.official(WARD, "chair")
    case = await report(city, text="Ở ngõ 12 Vũ Tông Phan, phường Khương Đình có chuyện lạ")
    assert case.unit_code is None
    await says(leader, case, "yêu cầu xử lý ngay")
    leader.sees("chưa có đơn vị nào")
    await says(leader, case, "giao phường xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    chair.sees("CHỈ ĐẠO")
    assert (await again(city, case)).unit_code == WARD


async def test_more_time_is_granted_by_the_rules_of_extensions(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "gia hạn đến 30/11")
    leader.sees("từ 09:00 thứ Sáu 27/11 sang 17:00 thứ Hai 30/11", "[Gia hạn]")
    await leader.presses("Gia hạn")
    after = await again(city, case)
    assert after.due_at == datetime(2026, 11, 30, 17, 0, tzinfo=LOCAL_TIME)
    assert (after.extended, after.extension_count) == (True, 1)
    chair.sees("17:00 thứ Hai 30/11")
    await says(leader, case, "cho thêm 2 ngày")
    leader.does_not_see("[Gia hạn]")
    await holds(city)


async def test_more_time_counts_from_the_deadline(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await says(leader, case, "cho thêm 2 ngày")
    leader.sees("từ 09:00 thứ Sáu 27/11 sang 09:00 thứ Ba 1/12")
    await leader.presses("Gia hạn")
    assert (await again(city, case)).due_at == datetime(2026, 12, 1, 9, 0, tzinfo=LOCAL_TIME)


async def test_no_time_is_granted_that_is_none_or_too_late(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await says(leader, case, "gia hạn đến thứ Tư")
    leader.sees("hạn mới phải sau hạn hiện nay")
    await city.becomes(datetime(2026, 11, 30, 9, 0, tzinfo=LOCAL_TIME))
    await says(leader, case, "gia hạn đến 5/12")
    leader.does_not_see("[Gia hạn]")
    assert (await again(city, case)).due_at == FRIDAY_9


# ── explanations ─────────────────────────────────────────────────────────────────────────────────


async def test_a_unit_explains_why_it_is_late(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await city.becomes(datetime(2026, 11, 30, 9, 0, tzinfo=LOCAL_TIME))
    await says(leader, case, "vì sao chậm, giải trình trước 17h mai")
    await leader.presses("Giao ngay")
    chair.sees("Yêu cầu giải trình", "17:00 thứ Ba 1/12")
    await chair.presses("Báo cáo")
    await chair.writes("Xe ép rác hỏng ba ngày")
    await chair.presses("Gửi báo cáo")
    leader.sees("giải trình", "Xe ép rác hỏng ba ngày")
    assert (await types(city, case))[-3:] == ["explanation_asked", "directive_seen", "explained"]
    await holds(city)


async def test_a_figure_is_explained(city: CityHarness) -> None:
    leader, chair, _ = await started(city)
    await leader.replays(f"explain:{WARD}:overdue:2026-11-01:2026-11-22")
    leader.sees("số vụ quá hạn của Phường Khương Đình, 1/11–22/11", "17:00 thứ Tư 25/11", "chưa nêu hạn")
    await leader.presses("Giao ngay")
    chair.sees("số vụ quá hạn của Phường Khương Đình", "Yêu cầu giải trình")
    await chair.presses("Báo cáo")
    await chair.writes("Thiếu xe trong hai tuần")
    await chair.presses("Gửi báo cáo")
    leader.sees("Thiếu xe trong hai tuần")
    for data in ("explain", "explain:x:overdue:1:2", f"explain:{WARD}:overdue:2026-13-01:2026-11-22"):
        await leader.replays(data)
        leader.sees(texts.stale_button())


async def test_the_button_under_an_answer_asks_for_an_explanation(city: CityHarness) -> None:
    leader, chair, _ = await started(city)
    await leader.writes("tuần này phường Khương Đình quá hạn bao nhiêu vụ")
    await leader.presses(texts.label_demand_explanation())
    leader.sees("số vụ quá hạn của Phường Khương Đình, 23/11–")
    await leader.presses("Giao ngay")
    chair.sees("số vụ quá hạn của Phường Khương Đình, 23/11–", "Yêu cầu giải trình")
    (order,) = await all_of(city)
    assert order.about is not None
    assert (order.about["unit"], order.about["metric"], order.about["from"]) == (
        WARD,
        "overdue",
        "2026-11-23",
    )
    await leader.writes("/chidao")
    await leader.presses("Xem 1")
    leader.sees("số vụ quá hạn của Phường Khương Đình")


async def test_a_unit_is_asked_to_explain_its_work(city: CityHarness) -> None:
    leader, chair, _ = await started(city)
    await leader.writes("yêu cầu phường Khương Đình giải trình vì sao chậm trả lời dân, trước thứ Sáu")
    await leader.presses("Giao ngay")
    chair.sees("Yêu cầu giải trình", "kết quả giải quyết phản ánh của Phường Khương Đình")


# ── the clock ────────────────────────────────────────────────────────────────────────────────────


async def test_the_unit_is_reminded_before_and_after_then_the_leader_hears_once_each(
    city: CityHarness,
) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước 17h thứ Tư")
    await leader.presses("Giao ngay")
    leader.reads()
    told: dict[str, list[str]] = {"leader": [], "chair": []}
    await city.becomes(datetime(2026, 11, 24, 6, 0, tzinfo=LOCAL_TIME))
    for _ in range(80):
        chair.reads()
        leader.reads()
        await city.ticks()
        told["chair"] += [city.now.strftime("%d %H") for each in chair.news if "Nhắc Phường" in each.text]
        told["leader"] += [
            city.now.strftime("%d %H") for each in leader.news if "chưa nhận việc" in each.text
        ]
        await city.passes(hours=1)
    assert told == {"chair": ["25 13", "25 17"], "leader": ["26 10"]}
    (order,) = await all_of(city)
    assert order.next_check_at is None
    await leader.replays(f"dshow:{order.id}")
    leader.sees("QUÁ HẠN", "Nhắc đơn vị trước hạn", "Nhắc đơn vị đã quá hạn", "Báo người giao")


async def test_nobody_is_reminded_at_night(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước 22h thứ Tư")
    await leader.presses("Giao ngay")
    await city.becomes(datetime(2026, 11, 25, 22, 30, tzinfo=LOCAL_TIME))
    await city.ticks()
    chair.reads()
    await city.becomes(datetime(2026, 11, 26, 3, 0, tzinfo=LOCAL_TIME))
    await city.ticks()
    chair.sees_nothing()
    await city.becomes(datetime(2026, 11, 26, 7, 30, tzinfo=LOCAL_TIME))
    await city.ticks()
    chair.sees("đã quá hạn")


async def test_an_order_that_nobody_confirms_lapses(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await city.passes(hours=25)
    await city.ticks()
    await leader.presses("Giao ngay")
    leader.sees("đã bỏ hoặc hết hiệu lực")
    assert [order.status for order in await all_of(city)] == ["dropped"]
    assert "directed" not in await types(city, case)
    chair.does_not_see("CHỈ ĐẠO")


async def test_it_lapses_also_before_the_clock_has_seen_it(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await says(leader, case, "yêu cầu báo cáo trước 11h")
    await city.passes(hours=3)
    await leader.presses("Giao ngay")
    leader.sees("quá hạn nêu trong đó")
    assert "directed" not in await types(city, case)


async def test_an_answered_case_needs_no_reminder(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Tư")
    await leader.presses("Giao ngay")
    await chair.replays(f"answer:{case.code}")
    await chair.sends(text="Đã dọn sạch rác trước ngõ 12, bố trí thêm thùng rác mới", photos=1)
    await chair.presses("Gửi câu trả lời")
    await city.becomes(datetime(2026, 11, 25, 18, 0, tzinfo=LOCAL_TIME))
    await city.ticks()
    chair.does_not_see("Nhắc")
    assert (await all_of(city))[0].status == "done"


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("remark", ["cảm ơn", "đồng ý", "Anh em chú ý", "phường đã xử lý xong"])
async def test_a_remark_is_no_order(city: CityHarness, remark: str) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, remark)
    chair.sees_nothing()
    assert await all_of(city) == []


async def test_a_citizen_orders_nothing(city: CityHarness) -> None:
    _, _, case = await started(city)
    citizen = city.citizen("binh")
    await citizen.writes(f"{case.code} giao phường Khương Đình xử lý trước thứ Sáu")
    assert await all_of(city) == []


async def test_an_officer_orders_nothing(city: CityHarness) -> None:
    _, chair, case = await started(city)
    officer = await city.official(WARD, "officer")
    await says(officer, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    assert await all_of(city) == []
    chair.sees_nothing()


async def test_a_chair_orders_only_of_units_below(city: CityHarness) -> None:
    _, chair, case = await started(city)
    police = await city.official("cong-an-phuong-khuong-dinh", "chair", name="Trưởng công an phường")
    await says(chair, case, "giao Sở Xây dựng xử lý trước thứ Sáu")
    chair.sees("chỉ giao được đơn vị trực thuộc")
    below = city.city.is_within("cong-an-phuong-khuong-dinh", WARD)
    await says(chair, case, "giao công an phường Khương Đình kiểm tra, xử lý trước thứ Sáu")
    if below:
        await chair.presses("Giao ngay")
        police.sees("CHỈ ĐẠO")
    else:
        chair.sees("chỉ giao được đơn vị trực thuộc")


async def test_a_chairs_reply_to_a_card_of_the_own_unit_is_an_answer(city: CityHarness) -> None:
    _, chair, case = await started(city)
    await chair.replays(f"card:{case.code}")
    await chair.writes("Kiểm tra ngay và dọn sạch trong hôm nay", reply_to=chair.last)
    assert await all_of(city) == []
    chair.sees("Kiểm tra ngay và dọn sạch trong hôm nay")


async def test_a_restricted_case_goes_to_no_unit_outside_its_rules(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    ward = await city.official(WARD, "chair")
    case = await report(
        city, text="Cán bộ phường Khương Đình hạch dịch tại số 1 Vũ Tông Phan, phường Khương Đình"
    )
    for words in ("giao phường Khương Đình xử lý trước thứ Sáu", "yêu cầu phường Khương Đình báo cáo"):
        await says(leader, case, words)
        leader.sees("không được nhận vụ việc")
    ward.sees_nothing()
    assert await all_of(city) == []


async def test_doubts_are_asked_about(city: CityHarness) -> None:
    leader, _, case = await started(city)
    for words, answer in (
        ("giao phường Khương Đình xử lý trước 20/11", "“20/11” đã qua"),
        ("giao phường Khương Đình xử lý trước 31/2", "Không có ngày giờ “31/2”"),
        ("như đã nhắc thứ sáu tuần trước, giao phường Khương Đình xử lý", "“thứ sáu tuần trước” đã qua"),
        ("giao phường Khương Đình xử lý trước mùng 1 Tết", "“mùng 1 Tết” tính theo âm lịch"),
        ("giao phường Gotham xử lý", "Không có đơn vị nào tên “phường Gotham”"),
        ("gia hạn", "Gia hạn đến khi nào?"),
    ):
        await says(leader, case, words)
        leader.sees(answer)
    assert await all_of(city) == []


async def test_one_of_several_units_is_chosen(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình và Sở Xây dựng xử lý trước thứ Sáu")
    leader.sees("Giao cho đơn vị nào?", "[Phường Khương Đình]", "[Sở Xây dựng]")
    await leader.presses("Phường Khương Đình")
    await leader.presses("Giao ngay")
    chair.sees("CHỈ ĐẠO")


async def test_a_second_tap_changes_nothing(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    chair.reads()
    await leader.presses("Giao ngay")
    leader.sees("đã giao rồi")
    chair.sees_nothing()
    assert (await types(city, case)).count("directed") == 1
    await chair.presses("Đã nhận việc")
    await chair.presses("Đã nhận việc")
    chair.sees("đã nhận việc này lúc")
    assert (await types(city, case)).count("directive_seen") == 1


async def test_a_dropped_order_stays_dropped(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Bỏ")
    await leader.presses("Giao ngay")
    leader.sees("đã bỏ")
    chair.sees_nothing()


async def test_nobody_gives_what_another_wrote(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    other = await city.official("ha-noi", "leader", name="Lãnh đạo khác")
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    (order,) = await all_of(city)
    for somebody in (other, chair, city.citizen("binh")):
        for action in ("dgive", "ddrop", "dearlier", "dseen", "dreport", "dsend", "dagain", "dshow"):
            await somebody.replays(f"{action}:{order.id}")
    for data in ("dgive:", "dgive:x", "dgive:99999999999999999999999", "dto:1:2", "dlist:x", "dshow:"):
        await leader.replays(data)
    assert [each.status for each in await all_of(city)] == ["proposed"]


async def test_a_leader_who_lost_the_post_gives_nothing(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await city.official("ha-noi", "officer", name="Lãnh đạo thành phố")
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    async with city.database.begin() as transaction:
        officials = await people.officials_by_role(transaction, "leader", now=city.now)
        posts = await people.posts_of(transaction, officials[0].person_id, now=city.now)
        await people.end_post(transaction, posts[0].id, at=city.now)
    await city.passes(minutes=1)
    await leader.presses("Giao ngay")
    chair.sees_nothing()
    assert [order.status for order in await all_of(city)] == ["proposed"]
    assert "directed" not in await types(city, case)


async def test_another_unit_cannot_acknowledge_or_report(city: CityHarness) -> None:
    leader, _, case = await started(city)
    stranger = await city.official("phuong-thanh-xuan", "chair")
    await says(leader, case, "yêu cầu báo cáo trước thứ Sáu")
    await leader.presses("Giao ngay")
    (order,) = await all_of(city)
    for action in ("dseen", "dreport", "dsend", "dagain", "dshow"):
        await stranger.replays(f"{action}:{order.id}")
        stranger.sees(texts.directive_gone())
    assert (await all_of(city))[0].status == "given"


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_leader_sees_who_has_not(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    for words in ("giao phường Khương Đình xử lý trước thứ Sáu", "yêu cầu báo cáo trước thứ Năm"):
        await says(leader, case, words)
        await leader.presses("Giao ngay")
    await chair.presses("Đã nhận việc")
    await leader.writes("/chidao")
    leader.sees("1 chưa nhận, 1 đã nhận, 0 đã báo cáo; 0 quá hạn", case.code, "[Chưa nhận (1)]", "[Xem 1]")
    await leader.presses("Chưa nhận (1)")
    leader.sees("Giao xử lý")
    await leader.presses("Xem 1")
    leader.sees("Diễn biến", "Soạn", "Giao")
    await chair.writes("/chidao")
    chair.sees("Chỉ đạo đơn vị được giao: 1 chưa nhận, 1 đã nhận")
    await leader.writes(f"/chidao {case.code}")
    leader.sees("1. Giao xử lý", "2. Yêu cầu báo cáo")
    await city.becomes(datetime(2026, 11, 30, 9, 0, tzinfo=LOCAL_TIME))
    await leader.writes("/chidao")
    leader.sees("2 quá hạn", "QUÁ HẠN")


# ── outside of chat ──────────────────────────────────────────────────────────────────────────────


async def test_it_goes_out_by_mail_and_sms_without_a_citizens_words(city: CityHarness) -> None:
    leader, _, case = await started(city)
    async with city.database.begin() as transaction:
        known = {WARD: {"mail": ["ubnd@khuongdinh.example"], "phone": ["+84900000000"]}}
        await units.set_setting(transaction, SETTING, known)
    await says(leader, case, "yêu cầu giải trình trước thứ Sáu, gọi cho bà con số 0912345678")
    await leader.presses("Giao ngay")
    leader.sees("Gửi thêm 2 thư, tin nhắn SMS")
    rows = await city.rows(select(outbox).where(outbox.c.channel.in_(["mail", "sms"])))
    letter, short = ({row["channel"]: row for row in rows}[channel]["message"] for channel in ("mail", "sms"))
    assert letter["subject"] == f"Yêu cầu giải trình: {case.code}"
    assert short["text"].isascii()
    assert len(short["text"]) <= 160
    for message in (letter["text"], short["text"]):
        assert case.code in message
        assert not any(words in message for words in ("0912345678", "Rác", "Rac", "Vũ Tông Phan"))


async def reached_outside(city: CityHarness) -> dict[str, RecordingChannel]:
    """Give the ward an address and a number, and the city the channels for them."""
    channels = {name: RecordingChannel(name) for name in ("mail", "sms")}
    city.channels.update(channels)
    async with city.database.begin() as transaction:
        known = {WARD: {"mail": ["ubnd@khuongdinh.example"], "phone": ["+84900000000"]}}
        await units.set_setting(transaction, SETTING, known)
    return channels


@pytest.mark.parametrize("about_case", [True, False])
async def test_an_address_that_takes_nothing_is_told_to_the_operators_once(
    city: CityHarness, about_case: bool
) -> None:
    leader, _, case = await started(city)
    admin = await city.official("ha-noi", "admin")
    channels = await reached_outside(city)
    channels["mail"].failures["ubnd@khuongdinh.example"] = RecipientUnreachable("550 no such user")
    for number in range(2):
        if about_case:
            await says(leader, case, "yêu cầu giải trình trước thứ Sáu" + "!" * number)
        else:
            await leader.replays(f"explain:{WARD}:overdue:2026-11-01:2026-11-22")
        await leader.presses("Giao ngay" if about_case else leader.last.labels[0])
    assert sum("ubnd@khuongdinh.example của Phường Khương Đình" in str(told) for told in admin.screen) == 1
    assert len(channels["sms"].shown["+84900000000"]) == 2


async def test_a_short_message_that_failed_in_the_evening_waits_for_the_morning(city: CityHarness) -> None:
    leader, _, _ = await started(city)
    sms = (await reached_outside(city))["sms"]
    sms.failures["+84900000000"] = Unavailable("down")
    await city.becomes(datetime(2026, 11, 23, 20, 59, 50, tzinfo=LOCAL_TIME))
    await leader.replays(f"explain:{WARD}:overdue:2026-11-01:2026-11-22")
    await leader.presses(leader.last.labels[0])
    for _ in range(6):
        await city.passes(seconds=10)
    sms.failures.clear()
    await city.passes(hours=3)
    assert not sms.shown
    await city.becomes(datetime(2026, 11, 24, 7, 0, 1, tzinfo=LOCAL_TIME))
    assert len(sms.shown["+84900000000"]) == 1


async def test_a_unit_without_anybody_is_told_of(city: CityHarness) -> None:
    leader, _, case = await started(city)
    dispatcher = await city.official("ha-noi", "dispatcher")
    await says(leader, case, "đề nghị Sở Xây dựng báo cáo trước thứ Sáu")
    await leader.presses("Giao ngay")
    leader.sees("chưa có ai dùng chat")
    dispatcher.sees("Sở Xây dựng", case.code)


def test_every_state_has_a_name() -> None:
    for status in (
        directives.PROPOSED,
        directives.GIVEN,
        directives.SEEN,
        directives.DONE,
        directives.DROPPED,
    ):
        line = texts.directive_line(
            number=1, kind="assign", unit="x", about="y", status=status, due_at=FRIDAY_17, overdue=False
        )
        assert line


# ── units that are merged, rows that are broken ──────────────────────────────────────────────────


async def test_an_order_goes_on_with_the_unit_that_took_over(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    for words in ("giao phường Khương Đình xử lý trước thứ Sáu", "yêu cầu báo cáo trước thứ Năm"):
        await says(leader, case, words)
        await leader.presses("Giao ngay")
    done = (await all_of(city))[0]
    await chair.replays(f"dreport:{done.id}")
    await chair.writes("Đã dọn xong")
    await chair.presses("Gửi báo cáo")
    await plan(city, MERGER)
    await ticks(city)
    assert [order.unit_code for order in await all_of(city)] == [WARD, "phuong-moi"]
    waiting = (await all_of(city))[1]
    await leader.replays(f"dshow:{waiting.id}")
    leader.sees("Phường Mới", "Chuyển sang đơn vị mới theo sắp xếp tổ chức")
    await chair.writes("/chidao")
    chair.sees("1 chưa nhận", "1 đã báo cáo")
    await chair.replays(f"dshow:{done.id}")
    chair.sees("Đã dọn xong")
    await city.becomes(datetime(2026, 11, 26, 16, 0, tzinfo=LOCAL_TIME))
    chair.reads()
    await city.ticks()
    chair.sees("Nhắc Phường Mới")
    await chair.presses("Đã nhận việc")
    chair.sees("Phường Mới đã nhận việc")
    await chair.presses("Báo cáo")
    await chair.writes("Xong cả phường")
    await chair.presses("Gửi báo cáo")
    leader.sees("Phường Mới", "Xong cả phường")


async def test_an_order_to_a_unit_that_is_over_already_is_handed_on(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await plan(city, MERGER)
    await ticks(city)
    await says(leader, case, "yêu cầu báo cáo trước thứ Năm")
    await leader.presses("Giao ngay")
    async with city.database.begin() as transaction:  # by somebody who was at it while the units changed
        await transaction.execute(update(table).values(unit_code=WARD))
    await city.ticks()
    assert [order.unit_code for order in await all_of(city)] == ["phuong-moi"]


async def test_a_broken_order_holds_up_no_other(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin", name="Quản trị")
    leader, chair, case = await started(city)
    await leader.replays(f"explain:{WARD}:overdue:20261101:20261122")
    broken = await given(city, leader)
    await says(leader, case, "yêu cầu báo cáo trước 17h thứ Tư")
    await leader.presses("Giao ngay")
    async with city.database.begin() as transaction:
        wrong = {"metric": "overdue", "from": "1/11", "to": "22/11", "unit": WARD}
        await transaction.execute(update(table).where(table.c.id == broken.id).values(about=wrong))
    chair.reads()
    await city.becomes(datetime(2026, 11, 25, 18, 0, tzinfo=LOCAL_TIME))
    await city.ticks()
    chair.sees(case.code, "đã quá hạn")
    admin.sees(f"Lỗi khi nhắc chỉ đạo số {broken.id}")
    first, second = await all_of(city)
    assert first.next_check_at == city.now + timedelta(days=1)
    assert second.reminders == 2
    chair.reads()
    await city.passes(hours=17)
    await city.ticks()
    leader.sees("chưa nhận việc")


# ── what is said of an order before it counts, and what a citizen hears ──────────────────────────


async def test_a_citizen_reads_no_words_of_a_leaders_and_the_year(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    citizen = city.citizen("an")
    citizen.reads()
    await says(leader, case, "gia hạn đến 15/3/2027")
    leader.sees("sang 17:00 thứ Hai 15/3/2027", "thêm 108 ngày (khoảng 4 tháng)", "[Gia hạn]")
    await leader.presses("Gia hạn")
    leader.sees("15/3/2027")
    chair.sees("15/3/2027")
    citizen.sees("15/3/2027", "Lý do: Lãnh đạo thành phố gia hạn để giải quyết")
    citizen.does_not_see("gia hạn đến")


async def test_a_citizen_reads_the_reason_that_an_order_states(city: CityHarness) -> None:
    leader, _, case = await started(city)
    citizen = city.citizen("an")
    citizen.reads()
    await says(leader, case, "gia hạn đến 30/11 vì mưa bão kéo dài, gọi 0912345678. Làm cho xong nhé")
    leader.does_not_see("gia hạn dài")
    await leader.presses("Gia hạn")
    citizen.sees("17:00 thứ Hai 30/11.", "Lý do: mưa bão kéo dài")
    citizen.does_not_see("cho xong")
    citizen.does_not_see("0912345678")


async def test_an_order_due_after_the_cases_deadline_is_pointed_out(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước 5/12")
    leader.sees("sau hạn trả lời người dân (09:00 thứ Sáu 27/11)", "[Giao ngay]")
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Năm")
    leader.does_not_see("Lưu ý")


async def test_what_is_not_late_is_pointed_out(city: CityHarness) -> None:
    leader, _, case = await started(city)
    await says(leader, case, "giải trình vì sao chậm")
    leader.sees("vụ việc này chưa trễ hạn", "[Giao ngay]")
    await city.becomes(datetime(2026, 11, 30, 9, 0, tzinfo=LOCAL_TIME))
    await says(leader, case, "giải trình vì sao chậm")
    leader.does_not_see("chưa trễ hạn")


async def test_the_same_order_is_not_given_twice(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    words = "yêu cầu báo cáo trước thứ Năm"
    await says(leader, case, words)
    await given(city, leader)
    chair.reads()
    await says(leader, case, words)
    await leader.presses("Giao ngay")
    leader.sees("đã giao Phường Khương Đình lúc", "không giao thêm lần nữa")
    chair.sees_nothing()
    assert [each.status for each in await all_of(city)] == ["given", "dropped"]
    assert (await types(city, case)).count("directed") == 1
    await city.passes(minutes=11)
    await says(leader, case, words)
    await leader.presses("Giao ngay")
    chair.sees("CHỈ ĐẠO")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("giao Công an phường kiểm tra, xử lý", "Đơn vị: Công an phường Khương Đình"),
        ("giao công an phường đó xử lý", "Đơn vị: Công an phường Khương Đình"),
        ("giao Bộ Công an xử lý", "Không có đơn vị nào tên “Bộ Công an”. Gần nhất: Công an thành phố"),
        ("giao sở giao thông xử lý", "Không có đơn vị nào tên “sở giao thông”. Gần nhất: Sở Xây dựng"),
        ("giao phường Thanh Xuân Nam xử lý", "Không có đơn vị nào tên “phường Thanh Xuân Nam”"),
        (
            "giao quận Thanh Xuân xử lý",
            "Không có đơn vị nào tên “quận Thanh Xuân”. Gần nhất: Phường Thanh Xuân",
        ),
        ("giao phường Mai Dịch xử lý", "Giao cho đơn vị nào?"),
        ("giao sở xử lý", "“sở” nào?"),
    ],
)
async def test_no_order_goes_to_a_unit_that_is_not_meant(city: CityHarness, words: str, answer: str) -> None:
    leader, _, case = await started(city)
    await says(leader, case, words)
    leader.sees(answer)


async def test_what_is_said_of_a_report_goes_to_the_unit_that_reported(city: CityHarness) -> None:
    leader, _, case = await started(city)
    works = await city.official("so-xay-dung", "chair", name="Giám đốc Sở Xây dựng")
    await says(leader, case, "đề nghị Sở Xây dựng báo cáo trước thứ Năm")
    await given(city, leader)
    await works.presses("Báo cáo")
    await works.writes("đã kiểm tra")
    await works.presses("Gửi báo cáo")
    await leader.writes("chưa được, báo cáo lại trước thứ Năm", reply_to=leader.last)
    leader.sees("Đơn vị: Sở Xây dựng")


async def test_nobody_is_asked_to_explain_that_nothing_is_late(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await leader.writes("tuần này phường nào trễ nhiều nhất?")
    leader.sees("0 vụ")
    leader.does_not_see("[Yêu cầu giải trình]")
