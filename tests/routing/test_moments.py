"""Until when: Vietnamese words for a moment to come, with and without accents."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.deadline import LOCAL_TIME, WorkingCalendar
from routing.moments import (
    LunarMoment,
    Moment,
    NoSuchMoment,
    PastMoment,
    UnclearMoment,
    read_day,
    read_moment,
    working_day_after,
)
from routing.vietnamese import strip_accents

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
"""Tuesday, 24 November, is a day off."""
HANOI = WorkingCalendar()

MEANT = {
    "trong hôm nay": "23/11/2026 17:00",
    "hnay": "23/11/2026 17:00",
    "trong ngày": "23/11/2026 17:00",
    "cuối ngày": "23/11/2026 17:00",
    "chiều nay": "23/11/2026 17:00",
    "cuối giờ chiều nay": "23/11/2026 17:00",
    "trưa nay": "23/11/2026 12:00",
    "tối nay": "23/11/2026 20:00",
    "sáng mai": "24/11/2026 11:30",
    "trưa mai": "24/11/2026 12:00",
    "chiều mai": "24/11/2026 17:00",
    "tối mai": "24/11/2026 20:00",
    "ngày mai": "24/11/2026 17:00",
    "mai": "24/11/2026 17:00",
    "ngày kia": "25/11/2026 17:00",
    "trước ngày mốt": "25/11/2026 17:00",
    "thứ Sáu": "27/11/2026 17:00",
    "thứ 6": "27/11/2026 17:00",
    "t6": "27/11/2026 17:00",
    "T.6": "27/11/2026 17:00",
    "thứ Năm này": "26/11/2026 17:00",
    "thứ hai": "30/11/2026 17:00",
    "thứ 6 tuần sau": "04/12/2026 17:00",
    "thứ 6 tuần tới": "04/12/2026 17:00",
    "chiều thứ Tư": "25/11/2026 17:00",
    "đầu giờ sáng thứ 5": "26/11/2026 07:30",
    "chủ nhật": "29/11/2026 17:00",
    "cn": "29/11/2026 17:00",
    "cuối tuần": "27/11/2026 17:00",
    "hết tuần này": "27/11/2026 17:00",
    "trong tuần": "27/11/2026 17:00",
    "trong tuần sau": "04/12/2026 17:00",
    "đầu tuần sau": "30/11/2026 17:00",
    "giữa tuần sau": "02/12/2026 17:00",
    "cuối tuần sau": "04/12/2026 17:00",
    "cuối tháng": "30/11/2026 17:00",
    "hết tháng 12": "31/12/2026 17:00",
    "trong tháng 12": "31/12/2026 17:00",
    "giữa tháng sau": "15/12/2026 17:00",
    "đầu tháng sau": "01/12/2026 17:00",
    "hết quý 4": "31/12/2026 17:00",
    "cuối năm": "31/12/2026 17:00",
    "trước Tết": "03/02/2027 17:00",
    "sau Tết": "11/02/2027 17:00",
    "trước Tết dương lịch": "31/12/2026 17:00",
    "30/11": "30/11/2026 17:00",
    "30-11": "30/11/2026 17:00",
    "30.11": "30/11/2026 17:00",
    "30-11-2026": "30/11/2026 17:00",
    "30/11/26": "30/11/2026 17:00",
    "ngày 30": "30/11/2026 17:00",
    "ngày 30 tháng 11": "30/11/2026 17:00",
    "ngày 30 tháng 11 năm 2026": "30/11/2026 17:00",
    "mùng 5 tháng sau": "05/12/2026 17:00",
    "15/1": "15/01/2027 17:00",
    "17h ngày 25/11": "25/11/2026 17:00",
    "ngày 25/11 lúc 17h": "25/11/2026 17:00",
    "17:00 thứ Sáu": "27/11/2026 17:00",
    "9h30 thứ 5": "26/11/2026 09:30",
    "trước 10 giờ sáng mai": "24/11/2026 10:00",
    "10 giờ rưỡi sáng mai": "24/11/2026 10:30",
    "5 giờ chiều thứ 6": "27/11/2026 17:00",
    "5h thứ 6": "27/11/2026 17:00",
    "05:00 thứ 6": "27/11/2026 05:00",
    "trước 17h": "23/11/2026 17:00",
    "hạn 16h chiều nay": "23/11/2026 16:00",
    "trong 24 giờ": "24/11/2026 09:00",
    "trong vòng 48h": "25/11/2026 09:00",
    "trong 30 phút": "23/11/2026 09:30",
    "trong 4 giờ làm việc": "23/11/2026 14:30",
    "nửa ngày": "23/11/2026 14:30",
    "3 ngày nữa": "26/11/2026 17:00",
    "ba ngày nữa": "26/11/2026 17:00",
    "trong 5 ngày": "28/11/2026 17:00",
    "trong 3 ngày làm việc": "27/11/2026 17:00",
    "2 tuần nữa": "07/12/2026 17:00",
    "trong ngày hôm nay": "23/11/2026 17:00",
    "trong ngày mai": "24/11/2026 17:00",
    "trong ngày hôm sau": "24/11/2026 17:00",
    "trong ngày kia": "25/11/2026 17:00",
    "trong ngày thứ Sáu": "27/11/2026 17:00",
    "trong ngày thứ 6": "27/11/2026 17:00",
    "trong ngày chủ nhật": "29/11/2026 17:00",
    "trong ngày 30/11": "30/11/2026 17:00",
    "trong ngày mùng 5": "05/12/2026 17:00",
    "hết ngày thứ Sáu": "27/11/2026 17:00",
    "hết ngày cn": "29/11/2026 17:00",
    "cuối ngày thứ 6": "27/11/2026 17:00",
    "cuối ngày mai": "24/11/2026 17:00",
    "12 giờ đêm nay": "23/11/2026 23:59",
    "0h đêm nay": "23/11/2026 23:59",
    "24h hôm nay": "23/11/2026 23:59",
    "nửa đêm nay": "23/11/2026 23:59",
    "trước nửa đêm": "23/11/2026 23:59",
    "trước 12 giờ đêm mai": "24/11/2026 23:59",
    "nửa đêm mai": "24/11/2026 23:59",
    "0h ngày mai": "24/11/2026 00:00",
    "10h đêm nay": "23/11/2026 22:00",
    "2h đêm nay": "24/11/2026 02:00",
    "đêm mai": "24/11/2026 20:00",
    "cuối quý sau": "31/03/2027 17:00",
    "hết quý 4 năm sau": "31/12/2027 17:00",
    "cuối tháng 12 năm sau": "31/12/2027 17:00",
    "cuối năm sau": "31/12/2027 17:00",
    "hết năm 2027": "31/12/2027 17:00",
    "30/11 năm sau": "30/11/2027 17:00",
    "ngày 30 tháng 11 năm sau": "30/11/2027 17:00",
    "trong 1 tháng": "23/12/2026 17:00",
    "trong vòng một tháng": "23/12/2026 17:00",
    "trong mười lăm ngày": "08/12/2026 17:00",
    "trong hai mươi ngày": "13/12/2026 17:00",
    "hai mươi mốt ngày nữa": "14/12/2026 17:00",
    "trong năm ngày": "28/11/2026 17:00",
    "trong mười ngày làm việc": "08/12/2026 17:00",
    "trong 1 giờ rưỡi": "23/11/2026 10:30",
    "trong 1h30": "23/11/2026 10:30",
    "trong 2 tiếng 15 phút": "23/11/2026 11:15",
    "trong nửa tiếng": "23/11/2026 09:30",
    "trong 1 ngày rưỡi": "24/11/2026 21:00",
}
NONE_NAMED = [
    "",
    "giao phường Hoàng Mai xử lý",
    "phường Mai Dịch, phường Tương Mai",
    "chị Mai báo cáo",
    "tôi nay bận",
    "một người",
    "ngõ 12/5 Vũ Tông Phan",
    "hoạt động 24/7",
    "HN-7F3K-9Q2M",
    "3-5 ngày",
    "đã 3 ngày nay",
    "trong 3 ngày qua",
    "sau 3 ngày chưa xử lý",
    "lùi sang một bên",
    "quốc lộ 1/2",
    "trong 1 tháng qua",
    "em Mai báo cáo",
    "trong ngày nghỉ",
    "ngày 5 tháng ba",
]


def local(moment: Moment | None) -> str:
    """Return a moment as the table writes it."""
    assert moment is not None
    return f"{moment.at.astimezone(LOCAL_TIME):%d/%m/%Y %H:%M}"


@pytest.mark.parametrize(("words", "meant"), MEANT.items())
def test_words_mean_a_moment(words: str, meant: str) -> None:
    assert local(read_moment(words, now=MONDAY, calendar=HANOI)) == meant
    assert local(read_moment(f"xử lý xong, {words} nhé", now=MONDAY, calendar=HANOI)) == meant


@pytest.mark.parametrize(("words", "meant"), MEANT.items())
def test_accents_and_capitals_do_not_matter(words: str, meant: str) -> None:
    for typed in (strip_accents(words), strip_accents(words).upper(), words.capitalize()):
        assert local(read_moment(typed, now=MONDAY, calendar=HANOI)) == meant, typed


@pytest.mark.parametrize("text", NONE_NAMED)
def test_no_moment_is_read_into_other_words(text: str) -> None:
    assert read_moment(text, now=MONDAY, calendar=HANOI) is None


@pytest.mark.parametrize(
    "words",
    [
        "20/11",
        "trước 8h",
        "sáng nay lúc 8h",
        "thứ hai tuần này lúc 8h",
        "1/11/2026",
        "thứ sáu tuần trước",
        "thu 6 tuan roi",
        "thứ Hai vừa qua",
    ],
)
def test_what_is_over_is_asked_about(words: str) -> None:
    with pytest.raises(PastMoment):
        read_moment(words, now=MONDAY, calendar=HANOI)


@pytest.mark.parametrize("words", ["31/2", "25h mai", "ngày 45 tháng 11", "30/13/2026", "hết tháng 13"])
def test_what_does_not_exist_is_asked_about(words: str) -> None:
    with pytest.raises(NoSuchMoment):
        read_moment(words, now=MONDAY, calendar=HANOI)


@pytest.mark.parametrize(
    "words",
    ["mùng 1 Tết", "30 Tết", "15/12 âm lịch", "ngày 5 tháng Giêng", "cuối tháng Chạp", "trước rằm tháng 7"],
)
def test_a_day_of_the_lunar_calendar_is_asked_about(words: str) -> None:
    for typed in (words, strip_accents(words)):
        with pytest.raises(LunarMoment):
            read_moment(f"xử lý xong trước {typed}", now=MONDAY, calendar=HANOI)


def test_today_is_over_once_work_has_ended() -> None:
    evening = MONDAY.replace(hour=18)
    with pytest.raises(PastMoment):
        read_moment("trong hôm nay", now=evening, calendar=HANOI)
    assert local(read_moment("tối nay", now=evening, calendar=HANOI)) == "23/11/2026 20:00"


def test_before_a_day_counts_the_day_and_tells_the_other_reading() -> None:
    found = read_moment("xong trước thứ Sáu", now=MONDAY, calendar=HANOI)
    assert found is not None
    assert local(found) == "27/11/2026 17:00"
    assert found.before == datetime(2026, 11, 26, 17, 0, tzinfo=LOCAL_TIME)
    hour = read_moment("trước 17h thứ Sáu", now=MONDAY, calendar=HANOI)
    assert hour is not None
    assert hour.before is None
    until = read_moment("đến thứ Sáu", now=MONDAY, calendar=HANOI)
    assert until is not None
    assert until.before is None


def test_a_day_off_is_told() -> None:
    sunday, friday = (read_moment(words, now=MONDAY, calendar=HANOI) for words in ("chủ nhật", "thứ 6"))
    assert sunday is not None
    assert friday is not None
    assert (sunday.day_off, friday.day_off) == (True, False)


def test_the_words_stand_where_they_are_said_to() -> None:
    text = "Giao phường Láng   xử lý trước 17h  chiều thứ Sáu, không để chậm"
    found = read_moment(text, now=MONDAY, calendar=HANOI)
    assert found is not None
    assert text[slice(*found.span)].strip() == found.words == "17h  chiều thứ Sáu"


def test_the_deadline_counts_and_not_the_day_of_the_report() -> None:
    text = "Phản ánh ngày 20/11 đến nay chưa xong, xử lý trước thứ Sáu"
    assert local(read_moment(text, now=MONDAY, calendar=HANOI)) == "27/11/2026 17:00"


def test_a_day_alone_needs_no_calendar() -> None:
    today = MONDAY.date()
    assert read_day("thứ 5", today=today) == date(2026, 11, 26)
    assert read_day("mai", today=today) == date(2026, 11, 24)
    assert read_day("cuối tuần", today=today) is None
    assert read_day("31/2", today=today) is None


# ── what holds for all of them ───────────────────────────────────────────────────────────────────

moments = st.integers(0, 70 * 365 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
wordings = st.sampled_from(
    [*MEANT, "thứ 2", "thứ 3", "thứ bảy", "ngày 29", "ngày 31", "29/2", "tháng sau", "trước 10h"]
)
clocks = st.builds("{}h{:02d}".format, st.integers(0, 25), st.integers(0, 59))


@given(words=st.one_of(wordings, st.builds("{} {}".format, clocks, wordings)), now=moments)
def test_a_moment_lies_always_ahead(words: str, now: datetime) -> None:
    try:
        found = read_moment(words, now=now, calendar=HANOI)
    except UnclearMoment:
        return
    assert found is not None
    assert found.at > now
    assert found.at.tzinfo == UTC
    assert found.before is None or now < found.before < found.at


@given(words=wordings, now=moments)
def test_with_and_without_accents_is_the_same_moment(words: str, now: datetime) -> None:
    def read(text: str) -> datetime | str | None:
        try:
            found = read_moment(text, now=now, calendar=HANOI)
        except UnclearMoment as unclear:
            return type(unclear).__name__
        return found and found.at

    assert read(words) == read(strip_accents(words)) == read(words.upper())


@pytest.mark.parametrize(
    "span", ["trong {} ngày", "{} ngày nữa", "trong {} ngày làm việc", "trong {} giờ", "{} tuần nữa"]
)
@given(now=moments, count=st.integers(1, 50))
def test_more_time_ends_later(span: str, now: datetime, count: int) -> None:
    less, more = (read_moment(span.format(number), now=now, calendar=HANOI) for number in (count, count + 1))
    assert less is not None
    assert more is not None
    assert less.at < more.at


@given(now=moments, count=st.integers(1, 30))
def test_so_many_working_days_are_worked_until_then(now: datetime, count: int) -> None:
    found = read_moment(f"trong {count} ngày làm việc", now=now, calendar=HANOI)
    assert found is not None
    first, last = now.astimezone(LOCAL_TIME).date(), found.at.astimezone(LOCAL_TIME).date()
    days = [first + timedelta(days=number + 1) for number in range((last - first).days)]
    assert sum(map(HANOI.is_working_day, days)) == count
    assert last == working_day_after(first, HANOI, count)


@given(text=st.text(max_size=60), now=moments)
def test_any_text_is_read_without_a_fault(text: str, now: datetime) -> None:
    try:
        found = read_moment(text, now=now, calendar=HANOI)
    except UnclearMoment:
        return
    assert found is None or found.at > now


@given(
    text=st.lists(
        st.sampled_from(
            [
                *["0", "1", "2", "9", "12", "17", "30", "31", "99", "/", "-", ".", ":", "h", " "],
                *["thứ", "ngày", "tháng", "tuần", "sau", "nay", "mai", "trước", "trong", "giờ"],
                *["Tết", "cuối", "hết", "quý"],
            ]
        ),
        max_size=8,
    ).map(" ".join),
    now=moments,
)
def test_any_mixture_of_its_words_is_read_without_a_fault(text: str, now: datetime) -> None:
    try:
        found = read_moment(text, now=now, calendar=HANOI)
    except UnclearMoment:
        return
    assert found is None or found.at > now


def test_an_office_with_other_hours_has_other_ends() -> None:
    early = WorkingCalendar(sessions=((time(6, 0), time(10, 0)), (time(12, 30), time(15, 0))))
    assert local(read_moment("thứ Sáu", now=MONDAY, calendar=early)) == "27/11/2026 15:00"
    assert local(read_moment("sáng thứ Sáu", now=MONDAY, calendar=early)) == "27/11/2026 10:00"


def test_what_names_very_many_days_is_read_no_further_than_is_needed() -> None:
    text = "trước thứ Sáu " + "1. " * 1300
    assert read_moment(text, now=MONDAY, calendar=HANOI) is not None
