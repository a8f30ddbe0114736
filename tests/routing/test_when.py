"""Which days somebody means."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.when import Period, last_days, month_of, read_period, week_of

TODAY = date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("hôm nay", "2026-11-25", "2026-11-25"),
        ("hom qua", "2026-11-24", "2026-11-24"),
        ("tuần", "2026-11-23", "2026-11-29"),
        ("tuần này", "2026-11-23", "2026-11-29"),
        ("Tuần trước", "2026-11-16", "2026-11-22"),
        ("tuan qua", "2026-11-16", "2026-11-22"),
        ("tháng", "2026-11-01", "2026-11-30"),
        ("tháng này", "2026-11-01", "2026-11-30"),
        ("tháng trước", "2026-10-01", "2026-10-31"),
        ("tháng 2", "2026-02-01", "2026-02-28"),
        ("tháng 12", "2025-12-01", "2025-12-31"),
        ("tháng 2/2024", "2024-02-01", "2024-02-29"),
        ("thang 3 nam 2025", "2025-03-01", "2025-03-31"),
        ("quý này", "2026-10-01", "2026-12-31"),
        ("quý 3", "2026-07-01", "2026-09-30"),
        ("quý 1 năm 2025", "2025-01-01", "2025-03-31"),
        ("năm nay", "2026-01-01", "2026-12-31"),
        ("năm ngoái", "2025-01-01", "2025-12-31"),
        ("năm 2024", "2024-01-01", "2024-12-31"),
        ("7 ngày qua", "2026-11-19", "2026-11-25"),
        ("30 ngày gần đây", "2026-10-27", "2026-11-25"),
        ("1/11-15/11", "2026-11-01", "2026-11-15"),
        ("1/11 - 15/11", "2026-11-01", "2026-11-15"),
        ("từ 1/11 đến 15/11", "2026-11-01", "2026-11-15"),
        ("tu ngay 1.11 toi 15.11", "2026-11-01", "2026-11-15"),
        ("20/11-30/11", "2026-11-20", "2026-11-30"),
        ("15/12-10/1", "2025-12-15", "2026-01-10"),
        ("1/11/2025-15/11/2025", "2025-11-01", "2025-11-15"),
        ("1/11/25 – 15/11/25", "2025-11-01", "2025-11-15"),
        ("15/11", "2026-11-15", "2026-11-15"),
        ("ngày 3/12", "2025-12-03", "2025-12-03"),
        ("sáng nay", "2026-11-25", "2026-11-25"),
        ("bữa qua", "2026-11-24", "2026-11-24"),
        ("hôm kia", "2026-11-23", "2026-11-23"),
        ("hôm kia với hôm qua", "2026-11-23", "2026-11-24"),
        ("tuần trước nữa", "2026-11-09", "2026-11-15"),
        ("2 tuần qua", "2026-11-12", "2026-11-25"),
        ("3 tháng gần đây", "2026-08-26", "2026-11-25"),
        ("cuối tuần qua", "2026-11-21", "2026-11-22"),
        ("thứ hai", "2026-11-23", "2026-11-23"),
        ("thứ 6 tuần trước", "2026-11-20", "2026-11-20"),
        ("chủ nhật", "2026-11-22", "2026-11-22"),
        ("từ thứ hai đến nay", "2026-11-23", "2026-11-25"),
        ("từ đầu tháng đến nay", "2026-11-01", "2026-11-25"),
        ("đầu năm tới nay", "2026-01-01", "2026-11-25"),
        ("từ 1/9 đến nay", "2026-09-01", "2026-11-25"),
        ("ngày 5 tháng 11", "2026-11-05", "2026-11-05"),
        ("từ ngày 5 đến ngày 20 tháng 10", "2026-10-05", "2026-10-20"),
        ("ngày 20", "2026-11-20", "2026-11-20"),
        ("ngày 30", "2026-10-30", "2026-10-30"),
        ("tháng 10 năm ngoái", "2025-10-01", "2025-10-31"),
        ("9/2026", "2026-09-01", "2026-09-30"),
        ("tháng 9 và tháng 10", "2026-09-01", "2026-10-31"),
        ("từ tháng 11 đến tháng 2", "2026-11-01", "2027-02-28"),
        ("từ tháng 9 đến nay", "2026-09-01", "2026-11-25"),
        ("nửa đầu tháng này", "2026-11-01", "2026-11-15"),
        ("nửa đầu tháng 9", "2026-09-01", "2026-09-15"),
        ("nua cuoi thang 12", "2025-12-16", "2025-12-31"),
        ("nửa cuối năm ngoái", "2025-07-01", "2025-12-31"),
        ("6 tháng đầu năm", "2026-01-01", "2026-06-30"),
        ("9 tháng đầu năm 2025", "2025-01-01", "2025-09-30"),
        ("quý trước", "2026-07-01", "2026-09-30"),
        ("quý III", "2026-07-01", "2026-09-30"),
        ("quý 1 và quý 2", "2026-01-01", "2026-06-30"),
        ("trong tuần", "2026-11-23", "2026-11-29"),
    ],
)
def test_days_as_people_name_them(text: str, first: str, last: str) -> None:
    period, rest = read_period(text, today=TODAY)
    assert period == Period(first=date.fromisoformat(first), last=date.fromisoformat(last))
    assert rest == ""


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("tuần này Sở Xây dựng", "so xay dung"),
        ("phường Khương Đình tháng trước", "phuong khuong dinh"),
        ("Sở Y tế 1/11-15/11 theo lĩnh vực", "so y te theo linh vuc"),
    ],
)
def test_what_else_was_said_is_left_over(text: str, rest: str) -> None:
    assert read_period(text, today=TODAY)[1] == rest


@pytest.mark.parametrize("text", ["", "Sở Xây dựng", "rác thải", "xin chào", "quá hạn"])
def test_no_days_named(text: str) -> None:
    assert read_period(text, today=TODAY)[0] is None


@pytest.mark.parametrize(
    "text",
    ["31/2", "0/5", "15/13", "tháng 13", "1/11-31/2", "15/11/2026-1/11/2026", "1/1/0999", "31/12/9999"],
)
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_period(text, today=TODAY)


@given(st.dates(date(2001, 1, 1), date(2090, 12, 31)))
def test_weeks_begin_on_monday_and_months_on_the_first(day: date) -> None:
    week, month = week_of(day), month_of(day)
    assert (week.first.weekday(), (week.last - week.first).days) == (0, 6)
    assert week.first <= day <= week.last
    assert (month.first.day, (month.last + timedelta(days=1)).day) == (1, 1)
    assert month.first <= day <= month.last
    assert last_days(day, 30).last == day
    assert (day - last_days(day, 30).first).days == 29


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        period, _ = read_period(text, today=TODAY)
    except ValueError:
        return
    assert period is None or period.first <= period.last
