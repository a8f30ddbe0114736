"""Leaders and chairs see which cases are likely to be late, and are told once of what rises unusually."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from handlers import looking_ahead
from handlers.channel import OutboundMessage
from routing import tracking_code
from routing.deadline import LOCAL_TIME
from routing.risk import LEAST_OF_CITY, Colour
from routing.unusual import LEAST_PEOPLE
from storage import cases, identity, people
from storage import looking_ahead as kept
from storage.cases import Case
from tests.city import MONDAY_MORNING, CityHarness, Somebody
from tests.storage.samples import a_case

SLOW, QUICK = "phuong-khuong-dinh", "phuong-thanh-xuan"
HOURS, ALLOWED = timedelta(hours=1), 24
DAY = timedelta(days=1)
NIGHT = datetime(2026, 11, 23, 22, tzinfo=LOCAL_TIME)


async def reporters(city: CityHarness, number: int) -> list[int]:
    """Let so many people be known."""
    async with city.database.begin() as transaction:
        return [
            people.add_person(transaction, channel="web", user=f"nguoi-{each}", name="", now=city.now).id
            for each in range(number)
        ]


async def store(city: CityHarness, *stored: Case) -> None:
    async with city.database.begin() as transaction:
        for case in stored:
            cases.add_case(transaction, case)


def a_code() -> str:
    """Return a tracking code as the program makes them."""
    return tracking_code.new_code("HN", identity.below)


def handled(city: CityHarness, reporter: int, unit: str, hours: float | None, *, began: datetime) -> Case:
    """Return a case with 24 working hours to answer, answered after so many or (None) still open."""
    calendar = city.city.calendar
    began = calendar.next_working_moment(began)
    due = calendar.add_working_hours(began, ALLOWED)
    answered = None if hours is None else calendar.add_working_hours(began, hours)
    return a_case(
        reporter,
        code=a_code(),
        unit_code=unit,
        status="closed" if answered else "in_progress",
        received_at=began,
        assigned_at=began,
        accepted_at=began,
        due_at=due,
        warn_at=due,
        answered_at=answered,
        answer_due_at=due if answered else None,
    )


async def a_past(city: CityHarness, number: int = LEAST_OF_CITY) -> int:
    """Let one ward have answered late mostly and another soon; return who reported all that."""
    [reporter] = await reporters(city, 1)
    await store(
        city,
        *(
            handled(
                city,
                reporter,
                SLOW if each % 2 else QUICK,
                30.0 + each % 7 if each % 2 else 4.0 + each % 5,
                began=city.now - timedelta(days=200) + each * timedelta(days=180) / number,
            )
            for each in range(number)
        ),
    )
    return reporter


# ── cases that may miss their deadline ───────────────────────────────────────────────────────────


async def test_a_leader_sees_what_is_likely_to_be_late_and_a_chair_the_own(city: CityHarness) -> None:
    leader, chair = await city.official("ha-noi", "leader"), await city.official(SLOW, "chair")
    quick = await city.official(QUICK, "chair")
    reporter = await a_past(city)
    slow = handled(city, reporter, SLOW, None, began=city.now - DAY)
    soon = handled(city, reporter, QUICK, None, began=city.now - DAY)
    late = handled(city, reporter, SLOW, None, began=city.now - 20 * DAY)
    await store(city, slow, soon, late)
    await city.ticks()
    await leader.writes("/sapcham")
    leader.sees(
        "Thành phố Hà Nội: 2 vụ đang mở, chưa quá hạn",
        "🔴 nhiều khả năng trễ: 1 · 🟠 có thể trễ: 0 · 🟢 dự kiến kịp: 1 · ⚪ chưa đủ dữ liệu: 0",
        f"1. 🔴 {slow.code} · Rác thải, vệ sinh môi trường – Phường Khương Đình · gần như chắc chắn trễ",
        f"[{slow.code}]",
    )
    leader.does_not_see(soon.code, late.code)
    assert [drawn["kind"] for drawn in city.drawn] == ["bars"]
    await chair.writes("/sapcham")
    chair.sees("Phường Khương Đình: 1 vụ", slow.code)
    await chair.presses(slow.code)
    chair.sees("Phường Khương Đình")
    await quick.writes("/sapcham")
    quick.sees("Phường Thanh Xuân: 1 vụ đang mở đều dự kiến kịp hạn.")


async def test_without_a_past_nothing_is_foretold(city: CityHarness) -> None:
    chair = await city.official(SLOW, "chair")
    await chair.writes("/sapcham")
    chair.sees("hiện không có vụ nào đang mở")
    [reporter] = await reporters(city, 1)
    await store(city, handled(city, reporter, SLOW, None, began=city.now - DAY))
    await city.ticks()
    await chair.writes("/sapcham")
    chair.sees("Phường Khương Đình: 1 vụ đang mở nhưng chưa đủ dữ liệu để dự báo.")


async def test_a_long_list_has_pages(city: CityHarness) -> None:
    chair = await city.official(SLOW, "chair")
    reporter = await a_past(city)
    await store(
        city,
        *(handled(city, reporter, SLOW, None, began=city.now - DAY - each * HOURS / 9) for each in range(11)),
    )
    await city.ticks()
    await chair.writes("/sapcham")
    chair.sees("Vụ 1–8 trên 11", "8. 🔴", "[Xem tiếp]")
    chair.does_not_see("9. 🔴")
    await chair.presses("Xem tiếp")
    chair.sees("Vụ 9–11 trên 11", "11. 🔴", "[Trang trước]")
    await chair.replays("atrisk:999999")
    chair.sees("Vụ 9–11 trên 11")
    await chair.replays("atrisk:nonsense")
    chair.sees("Vụ 1–8 trên 11")


async def test_a_restricted_case_is_only_for_who_may_see_it(city: CityHarness) -> None:
    """A chair above sees how many wards' cases are at risk, and nothing of a complaint about conduct."""
    leader = await city.official("ha-noi", "leader")
    above = await city.official("ha-noi", "chair")
    reporter = await a_past(city)
    conduct = handled(city, reporter, SLOW, None, began=city.now - DAY)
    conduct.domain = "conduct"
    await store(city, conduct)
    await city.ticks()
    await leader.writes("/sapcham")
    leader.sees(conduct.code)
    await above.writes("/sapcham")
    above.does_not_see(conduct.code)
    async with city.database.read() as transaction:
        told = await looking_ahead.at_risk_of(transaction, city.city, unit_codes=None, now=city.now)
    assert told == [], "what goes to groups and digests never holds one"


async def test_a_citizen_hears_whom_this_is_for(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/sapcham")
    an.sees("Lệnh này dành cho cán bộ")
    await an.replays("atrisk:0")
    an.sees("Lệnh này dành cho cán bộ")
    await an.replays("rise:1")
    an.does_not_see("tăng", "vụ anh/chị xem được")


async def test_what_digests_ask_for_says_how_sure_it_is(city: CityHarness) -> None:
    reporter = await a_past(city)
    await store(city, handled(city, reporter, SLOW, None, began=city.now - DAY))
    await city.ticks()
    async with city.database.read() as transaction:
        [one] = await looking_ahead.at_risk_of(transaction, city.city, unit_codes=[SLOW], now=city.now)
        assert await looking_ahead.at_risk_of(transaction, city.city, unit_codes=[], now=city.now) == []
    assert (one.unit, one.domain, one.colour) == (SLOW, "waste", Colour.RED)
    assert 0.8 < one.chance < 1
    assert one.due_at > city.now


async def test_the_pace_is_learnt_once_a_day(city: CityHarness) -> None:
    chair = await city.official(SLOW, "chair")
    reporter = await a_past(city)
    await store(city, handled(city, reporter, SLOW, None, began=city.now - DAY))
    await city.ticks()
    async with city.database.read() as transaction:
        before = await kept.all_counts(transaction)
    await city.becomes(city.now + HOURS)
    await city.ticks()
    async with city.database.read() as transaction:
        assert await kept.all_counts(transaction) == before
    await chair.writes("/sapcham")
    chair.sees("🔴 nhiều khả năng trễ: 1")


# ── what rises unusually ─────────────────────────────────────────────────────────────────────────


def reported(
    city: CityHarness, reporter: int, at: datetime, *, domain: str = "waste", **more: object
) -> Case:
    """Return a case in the slow ward."""
    unit = city.city.units[SLOW]
    at = at.astimezone(LOCAL_TIME)
    return a_case(
        reporter,
        **{
            "code": a_code(),
            "domain": domain,
            "unit_code": SLOW,
            "ward_code": unit.ward_code,
            "ward_name": unit.name,
            "received_at": at,
            "due_at": city.now + 30 * DAY,
            "warn_at": city.now + 29 * DAY,
            **more,
        },
    )


async def quiet_weeks(city: CityHarness, reporter: int, *, until: datetime) -> None:
    """Let one person in ten days report rubbish, for ten weeks."""
    await store(city, *(reported(city, reporter, until - each * 10 * DAY) for each in range(1, 8)))


async def a_burst(
    city: CityHarness, known: Sequence[int], *, at: datetime, domain: str = "waste", **more: object
) -> list[Case]:
    """Let many people report the same within an hour."""
    found = [
        reported(city, person, at - number * timedelta(minutes=5), domain=domain, **more)
        for number, person in enumerate(known)
    ]
    await store(city, *found)
    return found


def told_of_rise(somebody: Somebody) -> list[OutboundMessage]:
    """Return what somebody was told of rises, as it was to be delivered."""
    return [shown.message for shown in somebody.screen if "Tăng bất thường" in shown.text]


async def test_a_rise_is_told_once_to_the_leaders_and_the_wards_chair(city: CityHarness) -> None:
    leader, chair = await city.official("ha-noi", "leader"), await city.official(SLOW, "chair")
    officer, other = await city.official(SLOW, "officer"), await city.official(QUICK, "chair")
    known = await reporters(city, 12)
    await quiet_weeks(city, known[0], until=city.now)
    await city.ticks()
    assert told_of_rise(leader) == []
    burst = await a_burst(city, known[:9], at=city.now)
    await city.becomes(city.now + HOURS)
    await city.ticks()
    await city.settles()
    for somebody in (leader, chair):
        somebody.sees(
            "📈 Tăng bất thường: Rác thải, vệ sinh môi trường ở Phường Khương Đình.",
            "Hôm nay có 9 lượt người phản ánh; bình thường gần như không có.",
            burst[0].code,
            "và 4 vụ khác",
            "[Xem các vụ việc]",
        )
    assert told_of_rise(officer) == told_of_rise(other) == []
    assert [drawn["kind"] for drawn in city.drawn] == ["trend", "trend"]
    for hours in (2, 26, 50):
        await a_burst(city, known[9:], at=city.now)
        await city.becomes(city.now + hours * HOURS)
        await city.ticks()
        await city.settles()
    assert len(told_of_rise(leader)) == len(told_of_rise(chair)) == 1, "it is told once while it lasts"
    await chair.presses("Xem các vụ việc")
    chair.sees("vụ anh/chị xem được", "1. HN-", "[Xem tiếp]")
    await other.replays(chair.last.buttons[-1].data)
    other.does_not_see("vụ anh/chị xem được")


async def test_nobody_is_told_of_a_rise_at_night(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    known = await reporters(city, 12)
    await quiet_weeks(city, known[0], until=city.now)
    await city.becomes(NIGHT)
    await a_burst(city, known, at=NIGHT)
    await city.ticks()
    await city.settles()
    assert told_of_rise(leader) == []
    await city.becomes(NIGHT + 9.5 * HOURS)
    await city.ticks()
    await city.settles()
    assert len(told_of_rise(leader)) == 1
    leader.sees("Trong 3 ngày qua có 12 lượt người")


async def test_one_person_who_writes_often_is_no_rise(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    known = await reporters(city, 2)
    await quiet_weeks(city, known[0], until=city.now)
    await a_burst(city, [known[1]] * (3 * LEAST_PEOPLE), at=city.now)
    await city.ticks()
    await city.settles()
    assert told_of_rise(leader) == []


@pytest.mark.parametrize("more", [{"domain": "conduct"}, {"kind": "denunciation"}])
async def test_complaints_about_conduct_and_denunciations_are_never_told_as_a_rise(
    city: CityHarness, more: dict[str, str]
) -> None:
    leader = await city.official("ha-noi", "leader")
    known = await reporters(city, 12)
    await quiet_weeks(city, known[0], until=city.now)
    await a_burst(city, known, at=city.now, **more)
    await city.ticks()
    await city.settles()
    assert told_of_rise(leader) == []


async def test_a_chair_is_named_only_the_cases_that_the_ward_sees(city: CityHarness) -> None:
    """Street lights in the ward are a company's work: the chair hears of the rise, not of its cases."""
    leader, chair = await city.official("ha-noi", "leader"), await city.official(SLOW, "chair")
    known = await reporters(city, 12)
    await quiet_weeks(city, known[0], until=city.now)
    burst = await a_burst(city, known, at=city.now, domain="lighting", unit_code="so-xay-dung")
    await city.ticks()
    await city.settles()
    leader.sees("Tăng bất thường", burst[0].code)
    chair.sees("Tăng bất thường")
    chair.does_not_see(*(case.code for case in burst))
    await chair.presses("Xem các vụ việc")
    chair.sees("không có vụ nào thuộc phạm vi anh/chị xem")


async def test_after_it_is_over_the_same_can_be_told_again(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    known = await reporters(city, 12)
    await quiet_weeks(city, known[0], until=city.now)
    await a_burst(city, known[:8], at=city.now)
    await city.ticks()
    await city.becomes(city.now + 20 * DAY)
    await city.ticks()
    async with city.database.read() as transaction:
        assert await kept.lasting_rises(transaction) == []
    await a_burst(city, known, at=city.now)
    await city.becomes(city.now + HOURS)
    await city.ticks()
    await city.settles()
    assert len(told_of_rise(leader)) == 2


async def test_days_are_counted_once_and_today_again_each_hour(city: CityHarness) -> None:
    known = await reporters(city, 3)
    await quiet_weeks(city, known[0], until=city.now)
    await city.ticks()
    today: date = MONDAY_MORNING.date()

    async def days() -> dict[date, str]:
        async with city.database.read() as transaction:
            return await kept.days_counted(transaction, today - timedelta(days=800))

    counted = await days()
    assert len(counted) == 71
    assert counted[today] == "{}"
    await a_burst(city, known, at=city.now)
    await city.ticks()
    assert await days() == counted, "within the hour nothing is counted again"
    await city.becomes(city.now + HOURS)
    await city.ticks()
    assert '"waste":3' in (await days())[today]
