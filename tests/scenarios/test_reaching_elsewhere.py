"""What was held when its person comes back by another way, and who hears when nobody can be paid for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.channel import GroupAct, OutboundMessage, OutsideReplyWindow, Rejected
from handlers.delivery import Delivery
from storage import messages
from storage.tables import outbox, person
from tests.city import CityHarness, RecordingChannel, Somebody

pytestmark = pytest.mark.plain

REPORT = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
UNIT = "khuong-dinh"
PRICE, FORM, SHORT = 70, 120, 800


def opens(city: CityHarness, *, budget: int = 0, form: int | None = None, sms: bool = False) -> None:
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


def unit_of(city: CityHarness) -> str:
    return next(code for code in city.city.units if code.endswith(UNIT))


async def reports(city: CityHarness) -> Somebody:
    an = city.citizen("an", channel="vendor")
    await an.writes(REPORT)
    await an.files()
    return an


async def says(city: CityHarness, text: str, **parts: object) -> None:
    filed = await city.only_case()
    async with city.database.begin() as transaction:
        where = {"channel": "vendor", "chat": "an", "at": city.now, "case_id": filed.id}
        messages.post_notice(transaction, **{**where, "message": {"text": text}, **parts})  # type: ignore[arg-type]
    await city.settles()


async def held(city: CityHarness) -> list[str]:
    rows = await city.rows(select(outbox.c.message).where(outbox.c.held_at.is_not(None)))
    return [row["message"]["text"] for row in rows]


async def failed(city: CityHarness) -> int:
    async with city.database.read() as transaction:
        return (await messages.queue_state(transaction, now=city.now)).outbox_dead


async def test_what_is_held_in_one_channel_is_shown_in_the_one_that_is_joined_to_it(
    city: CityHarness,
) -> None:
    opens(city)
    an, web = await reports(city), city.citizen("an ở nhà")
    await an.writes("/lienket")
    code = next(word for word in an.last.text.split() if len(word.strip(".,")) == 11 and word[5] == "-")
    await city.passes(minutes=1)
    vendor = city.channels["vendor"]
    vendor.capabilities = replace(vendor.capabilities, reply_window=timedelta(0), free_window=timedelta(0))
    await says(city, "Đơn vị đã trả lời.", message={"text": "Đơn vị đã trả lời.", "reply_to": "in-1"})
    assert await held(city)
    await web.writes(f"/lienket {code.strip('.,')}")
    await web.presses("Đúng, cả hai")
    assert "Đơn vị đã trả lời." in web.news[0].text
    assert web.news[0].message.reply_to == ""
    web.sees("Đã liên kết")
    assert await held(city) == []


async def test_a_word_in_a_group_brings_what_was_held(city: CityHarness) -> None:
    opens(city)
    an = await reports(city)
    await city.passes(days=8)
    await says(city, "Đơn vị đã trả lời.")
    an.reads()
    await city.somebody_in_group("g-1", an).writes("mọi người cho hỏi")
    an.sees("Đơn vị đã trả lời.")


async def test_a_button_alone_brings_what_was_held_before_its_answer(city: CityHarness) -> None:
    opens(city)
    an = await reports(city)
    await city.passes(days=8)
    await says(city, "Đơn vị đã trả lời.")
    await an.replays("own:nothing")
    assert "Đơn vị đã trả lời." in an.news[0].text
    assert len(an.news) == 2


async def test_a_short_message_after_a_form_was_refused_is_called_off(city: CityHarness) -> None:
    opens(city, budget=10_000, form=FORM, sms=True)
    an = await reports(city)
    await an.sends(phone="0912 345 678")
    await city.passes(
        days=8, hours=11, minutes=59
    )  # 20:59: the form goes at once, its refusal comes at night
    vendor = city.channels["vendor"]
    vendor.failures["an"] = Rejected("template disabled")
    send = vendor.send

    async def late(address: object, message: OutboundMessage) -> object:
        city.now += timedelta(minutes=2)
        return await send(address, message)

    vendor.send = late
    await says(city, "Đơn vị đã trả lời.")
    waiting = await city.rows(select(outbox.c.id).where(outbox.c.channel == "sms"))
    assert len(waiting) == 1
    vendor.failures.clear()
    await city.passes(hours=9)
    await an.writes("xin chào")
    an.sees("Đơn vị đã trả lời.")
    await city.passes(hours=3)
    assert "+84912345678" not in city.channels["sms"].shown
    assert await failed(city) == 1, "only the form that was refused"


async def test_nobody_is_told_by_a_number_that_they_took_back(city: CityHarness) -> None:
    opens(city, budget=10_000, sms=True)
    an = await reports(city)
    await an.sends(phone="0912 345 678")
    await city.passes(days=8, hours=13)  # 22:00
    await says(city, "Đơn vị đã trả lời.")
    async with city.database.begin() as transaction:
        await transaction.execute(person.update().values(phone=None))
    await city.passes(hours=10)
    assert city.channels["sms"].shown == {}
    assert await failed(city) == 0


async def test_each_silence_has_its_own_form_in_the_same_state_of_a_case(city: CityHarness) -> None:
    opens(city, budget=10_000, form=FORM)
    an = await reports(city)
    for _ in range(2):
        await city.passes(days=8)
        an.reads()
        await says(city, "Đơn vị báo tiến độ.")
        await says(city, "Đơn vị báo tiến độ.")
        assert [shown.message.template is not None for shown in an.news] == [True]
        await an.writes("xin chào")


async def test_forms_too_keep_the_hours_of_rest(city: CityHarness) -> None:
    opens(city, budget=10_000, form=FORM)
    an = await reports(city)
    await city.passes(days=8, hours=12, minutes=20)  # 21:20: the vendor would still take it
    an.reads()
    await says(city, "Đơn vị đã trả lời.")
    await city.passes(hours=9)  # 06:20: and again
    an.sees_nothing()
    await city.passes(hours=1)
    assert an.last.message.template


async def test_a_card_that_nobody_pays_for_is_heard_of_above(city: CityHarness) -> None:
    opens(city)
    officer = await city.official(unit_of(city), "officer", channel="vendor")
    dispatcher = await city.official(city.city.root.code, "dispatcher")
    await officer.writes("/viec")
    await city.passes(days=3)  # paid by now, and there is no money
    officer.reads()
    an = city.citizen("an", channel="other")
    for _ in range(3):
        await an.writes(REPORT)
        await an.files()
    officer.sees_nothing()
    dispatcher.sees("Phường Khương Đình")
    assert len(await held(city)) == 1, "what comes later goes to those who can be reached"
    await officer.writes("/viec")
    officer.sees("Vũ Tông Phan")
    await an.writes(REPORT)
    officer.reads()
    await an.files()
    officer.sees("Vũ Tông Phan")


async def test_who_withdrew_is_told_nothing_that_waited_or_comes_later(city: CityHarness) -> None:
    opens(city)
    officer = await city.official(unit_of(city), "officer")
    an = await reports(city)
    await says(city, "tin buổi sáng", not_before=city.now + timedelta(hours=2))
    await an.does(withdrawn=True, message_id="")
    officer.reads()
    await city.passes(hours=3)
    await says(city, "tin buổi chiều")
    an.sees_nothing()
    assert await failed(city) == 0
    case = await city.only_case()
    await officer.replays(f"card:{case.code}")
    officer.sees("Người dân chưa nhận được tin")
    await an.writes("xin chào")
    await says(city, "tin mới")
    an.sees("tin mới")


async def test_an_act_on_a_group_is_never_held(city: CityHarness) -> None:
    opens(city)
    await reports(city)
    city.channels["vendor"].failures["g-1"] = OutsideReplyWindow()
    act = OutboundMessage(text="", act=GroupAct(do="members", note="1|"))
    await says(city, "", chat="g-1", case_id=None, message=act.as_dict())
    assert await held(city) == []


async def test_who_writes_while_something_is_refused_is_shown_it(city: CityHarness) -> None:
    opens(city)
    an = await reports(city)
    await city.passes(days=6)
    vendor = city.channels["vendor"]
    vendor.capabilities = replace(vendor.capabilities, free_window=timedelta(days=7))
    vendor.failures["an"] = OutsideReplyWindow()
    async with city.database.begin() as transaction:
        where = {"channel": "vendor", "chat": "an", "at": city.now}
        messages.post_notice(transaction, message={"text": "Đơn vị đã trả lời."}, **where)  # type: ignore[arg-type]
    await city.delivery.step()
    await city.delivery._sending.copy().pop()
    vendor.failures.clear()
    body = an.message(text="xin chào")
    await city.receive("vendor", body)
    await city.worker.drain()
    await city.settles()
    await city.passes(seconds=20)
    assert [shown for shown in an.screen if "Đơn vị đã trả lời." in shown.text]


async def test_a_receipt_at_night_is_no_sign_that_somebody_is_awake(city: CityHarness) -> None:
    opens(city)
    an = await reports(city)
    shown = an.last
    await city.passes(hours=11, minutes=30)  # 20:30
    await says(city, "tin để ban ngày", not_before=city.now + timedelta(minutes=29))
    an.reads()
    city.now += timedelta(hours=1)
    await an.does(received=(shown.id,), message_id="")
    an.sees_nothing()
    await city.passes(hours=10)
    an.sees("tin để ban ngày")


async def test_a_receipt_may_name_any_part_of_a_message(city: CityHarness) -> None:
    opens(city)
    an = await reports(city)
    vendor = city.channels["vendor"]
    send = vendor.send

    async def in_parts(address: object, message: OutboundMessage) -> object:
        return replace(await send(address, message), other_ids=("part-2", "part-3"))

    vendor.send = in_parts
    await says(city, "một tin dài")
    await an.does(seen=("part-3", "part-2"), message_id="")
    [row] = await city.rows(select(outbox).where(outbox.c.other_ids.is_not(None)))
    assert row["seen_at"] == row["delivered_at"] == city.now
