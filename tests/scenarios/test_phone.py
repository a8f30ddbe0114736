"""Leaving a telephone number where a chat closes after some days, and taking it back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.channel import Contact
from storage.tables import person
from tests.city import CityHarness, RecordingChannel, Somebody

REPORT = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"


@pytest.fixture
async def an(city: CityHarness) -> Somebody:
    """Somebody who has sent a report where the bot may not always write first."""
    vendor = city.channels["vendor"] = RecordingChannel("vendor")
    vendor.capabilities = replace(vendor.capabilities, reply_window=timedelta(days=7))
    somebody = city.citizen("an", channel="vendor")
    await somebody.writes(REPORT)
    await somebody.files()
    return somebody


async def phone(city: CityHarness) -> str | None:
    [row] = await city.rows(select(person.c.phone))
    found: str | None = row["phone"]
    return found


async def test_a_number_is_offered_once_and_kept_as_people_write_it(city: CityHarness, an: Somebody) -> None:
    an.sees("Để lại số điện thoại")
    await an.presses("Để lại số điện thoại")
    an.sees("Gửi số là đồng ý", "/boso")
    await an.writes("091234567")
    an.sees("chưa phải số di động")
    await an.writes("+84 912.345.678")
    an.sees("0912 345 678")
    assert await phone(city) == "0912345678"
    await an.writes("Đèn đường không sáng ở phường Khương Đình")
    await an.files()
    an.does_not_see("Để lại số điện thoại")


async def test_a_number_typed_at_once_is_kept_without_pressing_anything(
    city: CityHarness, an: Somebody
) -> None:
    an.sees("Để lại số điện thoại")
    await an.writes("0912 345 678")
    an.sees("0912 345 678", "/boso")
    assert await phone(city) == "0912345678"


async def test_a_number_that_nobody_asked_for_is_not_kept(city: CityHarness) -> None:
    binh = city.citizen("binh")
    await binh.writes(REPORT)
    await binh.writes("0912 345 678")
    assert await city.rows(select(person.c.id).where(person.c.phone.is_not(None))) == []


async def test_a_number_can_be_taken_back(city: CityHarness, an: Somebody) -> None:
    await an.sends(phone="84912345678")
    assert await phone(city) == "0912345678"
    await an.writes("/boso")
    an.sees("đã xóa số điện thoại")
    assert await phone(city) is None
    await an.writes("/boso")
    an.sees("Không có gì để xóa")


async def test_whoever_wants_to_leave_none_goes_on(city: CityHarness, an: Somebody) -> None:
    await an.presses("Để lại số điện thoại")
    await an.presses("Thôi, không để số")
    an.sees("không lưu số")
    await an.presses("phone:leave")
    await an.writes("Ổ gà lớn trên đường Khương Đình, phường Khương Đình")
    an.sees("Đồng ý và gửi")
    assert await phone(city) is None


async def test_nothing_is_offered_where_the_bot_may_always_write(city: CityHarness) -> None:
    if city.wire and city.channel.capabilities.reply_window:
        city.wire.cannot("always be written to")
    an = city.citizen("an")
    await an.writes(REPORT)
    await an.files()
    an.does_not_see("Để lại số điện thoại")


async def test_a_shared_address_is_offered_as_the_place_of_an_open_report(
    city: CityHarness, an: Somebody
) -> None:
    await an.writes("Rác chất đống trước cổng")
    contact = Contact(phone="0912345678", own=True, address="12 Vũ Tông Phan, phường Khương Đình, Hà Nội")
    await an.does(contact=contact)
    an.sees("Đúng, ở Phường Khương Đình")
    await an.presses("Đúng, ở Phường Khương Đình")
    an.sees("Phường Khương Đình", "Đồng ý và gửi")
