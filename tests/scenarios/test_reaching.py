"""Reply windows: what is free, what costs, what waits, and how a person and the unit hear of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers.channel import OutsideReplyWindow, Rejected
from handlers.delivery import Delivery
from storage import messages, traffic
from storage.tables import outbox
from storage.tables import traffic as counts
from tests.city import CityHarness, RecordingChannel, Somebody

REPORT = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
UNIT = "khuong-dinh"
PRICE, FORM, SHORT = 70, 120, 800


def opens_window(city: CityHarness, *, budget: int = 0, form: int | None = None, sms: bool = False) -> None:
    """Let the channel "vendor" count the time since a person's last word, as vendors do."""
    vendor = RecordingChannel("vendor")
    vendor.capabilities = replace(
        vendor.capabilities,
        free_window=timedelta(hours=48),
        reply_window=timedelta(days=7),
        price=PRICE,
        template_price=form,
    )
    city.channels["vendor"] = vendor
    if sms:
        city.channels["sms"] = RecordingChannel("sms")
    city.delivery = Delivery(
        city.database, channels=city.channels, budget=budget, sms_price=SHORT, now=city.clock
    )


async def reports(city: CityHarness) -> tuple[Somebody, Somebody]:
    """Return a citizen who has sent a report, and the officer who has it."""
    unit = next(code for code in city.city.units if code.endswith(UNIT))
    officer = await city.official(unit, "officer")
    an = city.citizen("an", channel="vendor")
    await an.writes(REPORT)
    await an.files()
    return an, officer


async def says(city: CityHarness, text: str, *, case: bool = True, urgency: int = 1) -> None:
    """Let a notice go to the citizen as the program would send it."""
    filed = await city.only_case()
    async with city.database.begin() as transaction:
        messages.post_notice(
            transaction,
            channel="vendor",
            chat="an",
            message={"text": text},
            at=city.now,
            case_id=filed.id if case else None,
            urgency=urgency,
        )
    await city.settles()


async def row(city: CityHarness, text: str) -> dict[str, Any]:
    rows = await city.rows(select(outbox).order_by(outbox.c.id))
    return next(each for each in rows if text in each["message"]["text"])


async def spent(city: CityHarness) -> int:
    async with city.database.read() as transaction:
        return await traffic.spent(transaction, traffic.local_day(city.now))


async def test_within_the_free_hours_nothing_is_counted_as_paid(city: CityHarness) -> None:
    opens_window(city)
    an, _ = await reports(city)
    await city.passes(hours=40)
    an.reads()
    await says(city, "tin miễn phí")
    an.sees("tin miễn phí")
    assert an.last.message.quota == ""
    assert await spent(city) == 0


async def test_a_promised_notice_is_paid_while_the_budget_lasts(city: CityHarness) -> None:
    opens_window(city, budget=2 * PRICE + 10)
    an, _ = await reports(city)
    await city.passes(days=3)
    for text in ("tin một", "tin hai", "tin ba"):
        await says(city, text)
    assert [shown.message.quota for shown in an.screen[-2:]] == ["paid", "paid"]
    assert await spent(city) == 2 * PRICE
    assert (await row(city, "tin ba"))["held_at"] == city.now
    total = await city.rows(select(func.sum(outbox.c.cost).label("cost")))
    assert total == [{"cost": 2 * PRICE}]


async def test_what_is_sent_to_many_is_not_worth_money(city: CityHarness) -> None:
    opens_window(city, budget=10_000)
    await reports(city)
    await city.passes(days=3)
    await says(city, "bản tin", case=False)
    await says(city, "lời nhắc", urgency=2)
    assert await spent(city) == 0
    assert (await row(city, "bản tin"))["held_at"]
    assert (await row(city, "lời nhắc"))["held_at"]


async def test_what_was_held_is_the_first_thing_shown_and_the_unit_hears_of_it(city: CityHarness) -> None:
    opens_window(city)
    an, officer = await reports(city)
    await city.passes(days=8)
    officer.reads()
    await says(city, "Đơn vị đã tiếp nhận.")
    await city.passes(hours=1)
    await says(city, "Đơn vị đã trả lời.")
    officer.sees("người dân chưa nhận được tin", "sẽ thấy khi nhắn lại")
    case = await city.only_case()
    await officer.replays(f"card:{case.code}")
    officer.sees("Người dân chưa nhận được tin")
    await officer.writes("/tim vu tong phan")
    officer.sees("người dân chưa nhận được tin")
    await an.writes("xin chào")
    assert "2 tin" in an.news[0].text
    assert len(an.news) == 2
    assert an.news[0].text.index("trả lời") < an.news[0].text.index("tiếp nhận")
    officer.reads()
    await officer.replays(f"card:{case.code}")
    officer.sees("Người dân đã nhận được tin")
    assert [event.type for event in await city.events(case)][-3:] == [
        "citizen_not_reached",
        "citizen_not_reached",
        "citizen_reached",
    ]


async def test_a_form_tells_that_there_is_news_but_not_at_night(city: CityHarness) -> None:
    opens_window(city, budget=10_000, form=FORM)
    an, officer = await reports(city)
    await city.passes(days=8, hours=14)  # 23:00
    an.reads()
    await says(city, "Đơn vị đã trả lời.")
    an.sees_nothing()
    await city.passes(hours=8)  # 07:00
    form = an.last.message
    assert form.template is not None
    assert form.template["code"] == (await city.only_case()).code
    assert await spent(city) == FORM
    officer.sees("đã gửi tin mẫu")
    await an.writes("xin chào")
    an.sees("Đơn vị đã trả lời.")


async def test_a_form_that_is_refused_gives_way_to_a_short_message(city: CityHarness) -> None:
    opens_window(city, budget=10_000, form=FORM, sms=True)
    an, _officer = await reports(city)
    await an.sends(phone="0912 345 678")
    await city.passes(days=8)
    city.channels["vendor"].failures["an"] = Rejected("template disabled")
    await says(city, "Đơn vị đã trả lời.")
    [short] = city.channels["sms"].shown["+84912345678"]
    assert (await city.only_case()).code in short.text
    assert await spent(city) == SHORT
    city.channels["vendor"].failures.clear()
    await an.writes("xin chào")
    an.sees("Đơn vị đã trả lời.")


async def test_a_channel_whose_clock_is_ahead_of_ours_loses_nothing(city: CityHarness) -> None:
    opens_window(city)
    an, officer = await reports(city)
    officer.reads()
    await city.passes(hours=1)
    city.channels["vendor"].failures["an"] = OutsideReplyWindow()
    await says(city, "Đơn vị đã trả lời.")
    assert (await row(city, "đã trả lời"))["held_at"]
    officer.sees("người dân chưa nhận được tin")
    city.channels["vendor"].failures.clear()
    await an.writes("xin chào")
    assert "Đơn vị đã trả lời." in an.news[0].text


async def test_a_word_in_a_group_keeps_the_private_chat_open(city: CityHarness) -> None:
    opens_window(city)
    an, _ = await reports(city)
    await city.passes(days=6)
    await city.somebody_in_group("g-1", an).writes("mọi người cho hỏi")
    await city.passes(days=1, hours=12)
    an.reads()
    await says(city, "tin miễn phí")
    an.sees("tin miễn phí")


async def test_operators_hear_once_a_month_that_the_budget_runs_out(city: CityHarness) -> None:
    opens_window(city, budget=5 * PRICE)
    root = city.city.root.code
    admin = await city.official(root, "admin")
    await reports(city)
    await city.passes(days=3)
    for number in range(4):
        await says(city, f"tin {number}")
    admin.sees("80%")
    admin.does_not_see("đã hết")
    admin.reads()
    for number in range(4, 8):
        await says(city, f"tin {number}")
    admin.sees("đã hết")
    assert len(admin.news) == 1
    await admin.writes("/thongke kênh")
    admin.sees("Vendor: đã gửi", "giữ đến khi người dân nhắn lại 3", "chi phí 350 đ")


async def test_figures_of_channels_are_not_everybodys(city: CityHarness) -> None:
    opens_window(city)
    _, officer = await reports(city)
    await officer.writes("/thongke kenh")
    officer.sees("dành cho quản trị")
    dispatcher = await city.official(city.city.root.code, "dispatcher")
    await dispatcher.writes("/thongke kenh abc")
    dispatcher.sees("chưa hiểu")


async def test_receipts_are_noted_and_are_nobodys_words(city: CityHarness) -> None:
    opens_window(city)
    an, _ = await reports(city)
    shown = an.last
    await city.passes(hours=47)
    an.reads()
    await an.does(seen=(shown.id, "unknown"), message_id="")
    an.sees_nothing()
    [noted] = await city.rows(select(outbox).where(outbox.c.external_id == shown.id))
    assert noted["seen_at"] == noted["delivered_at"] == city.now
    await an.does(seen=(shown.id,), message_id="")
    seen = await city.rows(select(counts).where(counts.c.what == "seen"))
    assert [each["count"] for each in seen] == [1]
    await city.passes(hours=2)
    await says(city, "có tốn tiền")
    assert (await row(city, "có tốn tiền"))["held_at"], "a receipt is no interaction"


@pytest.fixture(autouse=True)
def vendor_first(city: CityHarness) -> None:
    """The channel with windows is there from the beginning."""
    opens_window(city)
