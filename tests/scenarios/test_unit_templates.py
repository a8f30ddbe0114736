"""Answer templates: a chair writes them in chat, officers fill them in and complete them."""

import pytest
from sqlalchemy import select

from handlers import texts
from storage import people, templates
from storage.cases import Case
from storage.tables import chat, post
from tests.city import CityHarness, Somebody

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
LOUD = "Quán karaoke hát to ở ngõ 12 Vũ Tông Phan, phường Khương Đình"
WORDS = "Kính gửi anh/chị, ngày {hôm nay} … đã dọn sạch rác tại {nơi} ({mã}), xong lúc …."


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    citizen.reads()
    return (await city.cases())[-1]


async def write_template(
    chair: Somebody, name: str = "Đã dọn rác", text: str = WORDS, domain: str = "Rác thải"
) -> str:
    """Let a chair write a template; return its number."""
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.writes(name)
    await chair.presses(domain)
    await chair.writes(text)
    chair.sees(texts.template_saved(name=name))
    data = next(each.data for each in chair.last.buttons if each.data.startswith("tpltext:"))
    return data.partition(":")[2]


# ── writing them ─────────────────────────────────────────────────────────────────────────────────


async def test_a_chair_writes_a_template_and_sees_it_filled_in(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes("/mau")
    chair.sees("Chưa có mẫu trả lời nào", "[Thêm mẫu]")
    await chair.presses("Thêm mẫu")
    chair.sees("Phường Khương Đình tên là gì")
    await chair.writes("Đã dọn rác")
    chair.sees("lĩnh vực nào", "[Mọi lĩnh vực]", "[Tiếng ồn]")
    await chair.presses("Rác thải")
    chair.sees("{nơi}", "{hôm nay}", "…")
    await chair.writes("Ngay {hom nay} ... da don sach rac tai {NOI}, ma {ma}.")
    chair.sees("Đã lưu mẫu «Đã dọn rác»", "{hôm nay} … da don", "tai {nơi}, ma {mã}")
    chair.sees("Ngay 24/11/2026 … da don sach rac tai 12 Vũ Tông Phan, Phường Khương Đình")
    await chair.writes("/mau")
    chair.sees("1–1 trong 1 mẫu", "1. Đã dọn rác · Rác thải, vệ sinh môi trường")


async def test_fields_that_mean_nothing_are_named_and_nothing_is_kept(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.writes("Mẫu hỏng")
    await chair.presses("Mọi lĩnh vực")
    await chair.writes("Gửi {người dân} ở {noi}, {so dien thoai} {")
    chair.sees("{người dân}, {so dien thoai}, {", "Dùng được: {mã}, {nơi}")
    await chair.writes("dài " * 600)
    chair.sees("quá 2000 chữ cái")
    await chair.sends(photos=1)
    chair.sees(texts.template_words_please())
    await chair.presses("Bỏ")
    chair.sees(texts.template_dropped())
    await chair.writes("/mau")
    chair.sees("Chưa có mẫu")


async def test_names_are_short_and_free(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await write_template(chair)
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.writes("Đã dọn rác")
    chair.sees(texts.template_name_taken(name="Đã dọn rác"))
    await chair.writes("x" * 41)
    chair.sees(texts.template_name_too_long(limit=40))
    await chair.writes("Đã dọn rác, bản hai")
    chair.sees("lĩnh vực nào")


async def test_a_template_can_be_renamed_rewritten_moved_and_deleted(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    number = await write_template(chair)
    await chair.presses("Đổi tên")
    await chair.writes("Dọn xong")
    chair.sees(texts.template_saved(name="Dọn xong"))
    await chair.presses("Sửa nội dung")
    await chair.writes("Tổ môi trường đã dọn lúc …")
    chair.sees("Tổ môi trường đã dọn lúc …")
    await chair.presses("Đổi lĩnh vực")
    await chair.presses("Mọi lĩnh vực")
    chair.sees("Mẫu «Dọn xong» · mọi lĩnh vực")
    await chair.presses("Xoá mẫu")
    chair.sees("Xoá mẫu «Dọn xong»?")
    await chair.presses("Xoá thật")
    chair.sees(texts.template_deleted(name="Dọn xong"))
    for data in ("tpl", "tpltext", "tplname", "tpldel", "tplgone", "tplfor"):
        await chair.replays(f"{data}:{number}")
        chair.sees(texts.template_gone())


async def test_fifty_are_enough(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await write_template(chair)
    async with city.database.begin() as transaction:
        (first,) = await templates.templates_of(transaction, [WARD])
        for each in range(49):
            assert first.created_by is not None
            templates.add_template(
                transaction,
                unit_code=WARD,
                domain="*",
                name=f"Mẫu {each}",
                text="…",
                created_by=first.created_by,
                now=city.now,
            )
    await chair.writes("/mau")
    chair.sees("1–6 trong 50 mẫu", "[Xem tiếp]")
    await chair.presses("Xem tiếp")
    chair.sees("7–12 trong 50 mẫu", "[Trang trước]")
    await chair.presses("Thêm mẫu")
    chair.sees("đã có đủ 50 mẫu")


# ── using them ───────────────────────────────────────────────────────────────────────────────────


async def test_one_tap_fills_a_template_and_messages_fill_its_gaps(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await write_template(chair)
    case = await report(city)
    await officer.presses("Trả lời người dân")
    officer.sees("[Mẫu: Đã dọn rác]")
    await officer.presses("Mẫu: Đã dọn rác")
    place = f"{case.street}, Phường Khương Đình"
    officer.sees(f"ngày 23/11/2026 … đã dọn sạch rác tại {place} ({case.code})")
    officer.sees("Còn chỗ trống")
    officer.does_not_see("[Gửi câu trả lời]", "[Không có ảnh")
    await officer.sends(photos=1)
    officer.sees("Còn chỗ trống", "Kèm 1 ảnh")
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees("Còn chỗ trống")
    await officer.writes("tổ môi trường")
    officer.sees("23/11/2026 tổ môi trường đã dọn sạch", "Còn chỗ trống")
    await officer.writes("9 giờ sáng nay.")
    officer.sees("xong lúc 9 giờ sáng nay.", "[Gửi câu trả lời]")
    officer.does_not_see("…", "💡", "nay..")
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees("tổ môi trường đã dọn sạch rác", "xong lúc 9 giờ sáng nay.")
    await officer.writes("/mau")
    officer.sees("đã dùng 1 lần")


async def test_a_number_fills_a_gap_and_presses_no_button(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await write_template(chair, text="Sáng nay tổ môi trường đã chở … xe rác , xong … lượt.")
    await report(city)
    await officer.presses("Trả lời người dân")
    await officer.presses("Mẫu: Đã dọn rác")
    await officer.writes("2")
    officer.sees("đã chở 2 xe rác, xong … lượt.")


async def test_who_types_the_whole_anew_fills_no_gap(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await write_template(chair, text="Hôm nay … đã dọn sạch rác tại ngõ 12, xong lúc ….")
    await report(city)
    await officer.presses("Trả lời người dân")
    await officer.presses("Mẫu: Đã dọn rác")
    await officer.writes("Hôm nay tổ vệ sinh đã dọn sạch rác tại ngõ 12, xong lúc 10h.", photos=1)
    officer.sees("«Hôm nay tổ vệ sinh đã dọn sạch rác tại ngõ 12, xong lúc 10h.»", "[Gửi câu trả lời]")


async def test_another_template_takes_the_place_of_the_first(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await write_template(chair)
    await write_template(chair, name="Thùng rác mới", text="Phường đã đặt thêm thùng rác.")
    case = await report(city)
    await officer.replays(f"answer:{case.code}")
    await officer.presses("Mẫu: Đã dọn rác")
    offered = officer.screen[-2].buttons
    await officer.replays(next(each.data for each in offered if "Thùng rác mới" in each.label))
    officer.sees("«Phường đã đặt thêm thùng rác.»")
    officer.does_not_see("Còn chỗ trống")
    await officer.presses("Viết lại")
    officer.sees("[Mẫu: Đã dọn rác]")


async def test_only_templates_of_the_domain_and_of_the_units_above_are_offered(city: CityHarness) -> None:
    chair, above = await city.official(WARD, "chair"), await city.official("ha-noi", "chair")
    beside = await city.official("phuong-thanh-xuan", "chair")
    await write_template(chair, name="Mẫu rác")
    noise = await write_template(chair, name="Mẫu ồn", domain="Tiếng ồn")
    await write_template(above, name="Mẫu thành phố", domain="Mọi lĩnh vực")
    foreign = await write_template(beside, name="Mẫu phường khác", domain="Mọi lĩnh vực")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Trả lời người dân")
    officer.sees("[Mẫu: Mẫu rác]", "[Mẫu: Mẫu thành phố]")
    officer.does_not_see("Mẫu ồn", "Mẫu phường khác")
    for number in (noise, foreign, "1", "x", ""):
        await officer.replays(f"template:{case.code}:{number}")
        officer.sees(texts.template_gone())
    await officer.writes("/mau")
    officer.sees("Mẫu thành phố · mọi lĩnh vực · của ")
    officer.does_not_see("Mẫu phường khác", "[Thêm mẫu]")


async def test_the_most_used_are_offered_first_and_the_others_on_request(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    for name in ("A", "B", "C", "D", "E"):
        await write_template(chair, name=name, text=f"Phường đã dọn xong {name}.")
    first = await report(city)
    await officer.presses("Trả lời người dân")
    officer.sees("[Mẫu: A]", "[Mẫu: C]", "[Mẫu khác]")
    officer.does_not_see("[Mẫu: E]")
    await officer.presses("Mẫu khác")
    await officer.presses("Mẫu: E")
    await officer.sends(photos=1)
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees("Phường đã dọn xong E.")
    second = await report(city, "ba")
    assert second.code != first.code
    await officer.replays(f"answer:{second.code}")
    assert officer.last.labels[0] == "Mẫu: E"


async def test_ordinary_dots_block_no_answer(city: CityHarness) -> None:
    officer, case = await city.official(WARD, "officer"), await report(city)
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Sáng nay tổ môi trường đã dọn rác, gạch vụn…", photos=1)
    officer.sees("[Gửi câu trả lời]")


# ── who may not ──────────────────────────────────────────────────────────────────────────────────


async def test_officers_use_templates_and_change_none(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    number = await write_template(chair)
    await officer.writes("/mau")
    await officer.presses("Đã dọn rác")
    officer.sees("Ví dụ khi dùng", "[Các mẫu]")
    officer.does_not_see("[Xoá mẫu]")
    for data in ("tpltext:{}", "tplname:{}", "tpldel:{}", "tplgone:{}", "tplfor:{}", "tplto:{}:noise"):
        await officer.replays(data.format(number))
        officer.sees(texts.template_not_yours(unit="Phường Khương Đình"))
    await officer.replays(f"tplnew:{WARD}")
    officer.sees(texts.template_gone())
    await chair.writes("/mau")
    chair.sees("Đã dọn rác · Rác thải")


@pytest.mark.parametrize(
    "data", ["tpl:{}", "tpltext:{}", "tplgone:{}", "tplto:{}:noise", "tplnew:phuong-khuong-dinh"]
)
async def test_others_learn_nothing_of_a_template(city: CityHarness, data: str) -> None:
    chair = await city.official(WARD, "chair")
    number = await write_template(chair)
    beside = await city.official("phuong-thanh-xuan", "chair")
    leader = await city.official("ha-noi", "leader")
    for somebody in (beside, leader, city.citizen("an")):
        await somebody.replays(data.format(number))
        somebody.sees(texts.template_gone())


async def test_the_command_is_for_officials_of_units_in_private(city: CityHarness) -> None:
    await city.official(WARD, "chair", name="chair")
    an, leader = city.citizen("an"), await city.official("ha-noi", "leader")
    await an.writes("/mau")
    an.sees(texts.templates_refused(official=False))
    await leader.writes("/mau")
    leader.sees(texts.templates_refused(official=True))
    in_group = city.somebody_in_group("nhom", "chair")
    await in_group.writes("/mau")
    in_group.sees(texts.only_in_private())
    await in_group.replays(f"tplnew:{WARD}")
    in_group.sees(texts.only_in_private())


async def test_a_chair_who_left_keeps_nothing_open(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    number = await write_template(chair)
    await chair.presses("Sửa nội dung")
    (held,) = await city.rows(select(post.c.id))
    async with city.database.begin() as transaction:
        await people.end_post(transaction, held["id"], at=city.now)
    await city.passes(minutes=1)
    await chair.writes("Nội dung khác")
    await chair.replays(f"tplgone:{number}")
    colleague = await city.official(WARD, "officer")
    await colleague.replays(f"tpl:{number}")
    colleague.sees("đã dọn sạch rác tại {nơi}")
    colleague.does_not_see("Nội dung khác")


async def test_an_unsent_answer_goes_before_a_template(city: CityHarness) -> None:
    chair, case = await city.official(WARD, "chair"), await report(city)
    number = await write_template(chair)
    await chair.replays(f"answer:{case.code}")
    await chair.writes("Đã dọn xong rác", photos=1)
    await chair.writes("/mau")
    await chair.replays(f"tpltext:{number}")
    chair.sees(f"viết dở cho {case.code}")
    await chair.replays(f"sendanswer:{case.code}")
    city.citizen("an").sees("Đã dọn xong rác")


async def test_stale_buttons_of_a_template_change_nothing(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    number = await write_template(chair)
    for data in ("tpldomain:waste", "tpldomain:", f"tplto:{number}:nowhere", f"tplto:{number}:"):
        await chair.replays(data)
        chair.sees(texts.stale_button())
    for data in (
        "tpl:",
        "tpl:x",
        "tpl:-1",
        "tpl:" + "9" * 30,
        "tpls:x",
        "tpls:-4",
        "tpls:99999999999999999999",
    ):
        await chair.replays(data)
    await chair.writes("/mau")
    chair.sees("1. Đã dọn rác · Rác thải")


async def test_a_report_of_ones_own_goes_on_after_a_template(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes(LOUD)
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.presses("Bỏ")
    await chair.replays("tpls:0")
    rows = await city.rows(select(chat.c.step, chat.c.draft).where(chat.c.chat == chair.chat))
    assert rows[0]["step"] == "draft"
    assert LOUD in str(rows[0]["draft"])
