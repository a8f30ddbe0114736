"""Somebody asks what is held about them, and sees all of it: also who looked at it."""

import zipfile
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

from sqlalchemy import select

from bot.workbook.letter import Letters, as_docx
from handlers.own_data import Document
from storage import ledger
from storage.tables import consent, erasure, event
from tests.city import CityHarness
from tests.privacy.test_erasing import MORE, NAME, PHONE, USER, reporter, the_case


async def letter(city: CityHarness) -> str:
    """Return the words of the document that was asked for last."""

    async def no_other(spec: dict[str, Any]) -> tuple[bytes, str]:
        raise AssertionError(spec)

    content, name = await Letters(city.database, others=no_other, now=city.clock).make(city.exported[-1])
    assert name == "du-lieu-cua-toi.docx"
    return zipfile.ZipFile(BytesIO(content)).read("word/document.xml").decode()


async def test_everything_is_told_in_a_summary_and_as_a_file(town: CityHarness) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    somebody = await reporter(town)
    code = (await the_case(town)).code
    await chair.writes(f"/viec {code}")
    await chair.writes(f"/viec {code}")
    await somebody.writes("/dulieucuatoi")
    somebody.sees(NAME, PHONE, "Phản ánh đã gửi: 1, ảnh: 1", "Lượt cán bộ mở xem: 1", "/xoadulieu")
    whole = await letter(town)
    for fragment in (
        NAME,
        PHONE,
        USER,
        code,
        "zưngquặc",
        "Bấm «Đồng ý và gửi» là anh/chị đồng ý",
        "Anh/chị có đồng ý để chương trình lưu số điện thoại vừa gửi không?",
        f"lãnh đạo Phường Khương Đình đã xem {code}",
        "xóa sau 90 ngày",
        ".jpg",
    ):
        assert fragment in whole, fragment
    assert chair.name not in whole  # a post, not a name


async def test_it_is_not_sent_again_at_once_and_never_in_a_group(city: CityHarness) -> None:
    somebody = await reporter(city)
    await somebody.writes("/dulieucuatoi")
    await somebody.writes("/dulieucuatoi")
    somebody.sees("vừa được gửi lúc 09:00")
    await city.passes(hours=1)
    await somebody.writes("/dulieucuatoi")
    somebody.sees(NAME)
    assert [row["kind"] for row in await city.rows(select(erasure))] == ["copy", "copy"]
    group = city.somebody_in_group("nhom", somebody)
    for command in ("/dulieucuatoi", "/xoadulieu"):
        await group.writes(command)
        group.sees("nhắn riêng cho tôi")
        group.does_not_see(NAME)


async def test_where_no_file_can_be_sent_it_comes_in_messages(city: CityHarness) -> None:
    city.channel.capabilities = replace(city.channel.capabilities, files=False)
    somebody = await reporter(city)
    await somebody.writes("/dulieucuatoi")
    somebody.sees("zưngquặc", "Những điều anh/chị đã đồng ý", PHONE)
    assert not city.exported


async def test_whoever_writes_for_the_first_time_may_ask(town: CityHarness) -> None:
    nobody = town.citizen("nguoi-moi-toanh")
    await nobody.writes("/dulieucuatoi")
    nobody.sees("Phản ánh đã gửi: 0")


async def test_a_look_is_noted_once_a_day_for_each_reader(town: CityHarness) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    officer = await town.official("phuong-khuong-dinh", "officer")
    await reporter(town)
    code = (await the_case(town)).code
    for reader in (chair, officer, chair):
        await reader.writes(f"/viec {code}")
    await chair.writes("/tim zungquac")
    await chair.writes("/viec")  # a list is no look

    async def looks() -> int:
        return len(await town.rows(select(event.c.at).where(event.c.type == "viewed")))

    assert await looks() == 2
    await town.passes(days=1)
    await chair.writes("/tim zungquac")
    assert await looks() == 3
    assert await ledger.verify(town.database) is None


async def test_consent_is_kept_as_it_was_shown_and_can_be_taken_back(town: CityHarness) -> None:
    somebody = await reporter(town)
    [kept] = await town.rows(select(consent))
    assert (kept["what"], kept["withdrawn_at"]) == ("phone", None)
    assert any(kept["text"] == shown.text for shown in somebody.screen)
    case = await the_case(town)
    assert any(case.consent_text in shown.text for shown in somebody.screen)
    await somebody.writes("/boso")
    [kept] = await town.rows(select(consent))
    assert kept["withdrawn_at"] == town.now


async def test_what_is_added_later_is_told_too(city: CityHarness) -> None:
    officer = await city.official("phuong-khuong-dinh", "officer")
    somebody = await reporter(city)
    code = (await the_case(city)).code
    await officer.presses(f"ask:{code}")
    await officer.writes("Rác để ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await somebody.writes(MORE)
    city.now += timedelta(hours=1)
    await somebody.writes("/dulieucuatoi")
    assert f"{code}, bổ sung" in await letter(city)


def test_a_document_opens_whatever_people_wrote() -> None:
    made = as_docx(Document(title="<&>", parts=(("a\x00b", ('"]]>\n</w:p>', "🙂")),)))
    written = zipfile.ZipFile(BytesIO(made)).read("word/document.xml").decode()
    assert "&lt;&amp;&gt;" in written
    assert "</w:p>\n" not in written
    assert "\x00" not in written
