"""Until when: the moment to come that somebody's words mean ("trước thứ Sáu", "chiều mai", "30/11").

One rule for all of them, with or without accents:

- A day alone means the end of that day's work; "sáng" the end of the morning's, "trưa" noon, "tối" 20:00.
- "trước thứ Sáu" counts Friday itself; `Moment.before` is the reading that does not.
- A weekday is the next of its name after today; "này" is this week's, "tuần sau" and "sau" next week's.
- A date without a year is the next to come, unless that lies more than half a year ahead: then it was meant
  to be over, and its reader is asked. "ngày 30" is the next 30th.
- "cuối tuần", "cuối tháng", "giữa tháng", "hết quý", "cuối năm" are the last working day of (half of) that
  time, "đầu tuần sau", "đầu tháng sau" the first; "hết tháng 12" is the last day itself.
- "12 giờ đêm nay", "0h đêm nay", "nửa đêm nay" and "24h hôm nay" are the end of that day; "2h đêm nay" comes
  after it.
- "trong 3 ngày làm việc" ends with the third working day after today, "3 ngày nữa" with the third day.
- Days of the lunar calendar ("mùng 1 Tết", "15/12 âm lịch") are not worked out: their reader is asked.
- Hours from 1 to 6 without a part of the day are in the afternoon, unless written with a nought ("05:00").
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice

from routing.deadline import LAST_YEAR, LOCAL_TIME, WorkingCalendar
from routing.vietnamese import normalise, strip_accents

NOON, EVENING, END_OF_A_DAY_OFF = time(12, 0), time(20, 0), time(17, 0)
_END_OF_DAY = timedelta(days=1, seconds=-1)
"""Midnight as people mean it who say until when: the day before is still named."""
HALF_A_YEAR = 183
"""Days: a date without a year lies no further ahead."""
MOST_DAYS = 366
"""A span of time is no longer than this."""
_LONGEST_REST = 4
"""So many days off in a row around the lunar new year are Tết."""


class UnclearMoment(Exception):
    """Words that mean a moment do not give one."""

    def __init__(self, words: str) -> None:
        super().__init__(self.__doc__)
        self.words = words
        """What was written."""


class PastMoment(UnclearMoment):
    """The moment that the words mean is over."""


class NoSuchMoment(UnclearMoment):
    """There is no such day or hour."""


class LunarMoment(UnclearMoment):
    """The day is one of the lunar calendar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A moment to come, aware and in UTC, with the words that mean it and where they stand in the text.

    span: places in the text's NFC form. day_off: the day is none on which offices work. before: the end of
    the working day before, where "trước" leaves open whether the day itself counts and that lies ahead.
    """

    at: datetime
    words: str
    span: tuple[int, int]
    day_off: bool = False
    before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Now:
    """What the words are read against."""

    today: date
    at: datetime
    calendar: WorkingCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """A day, or a very moment, that stands in the text. Without either the words make no sense."""

    start: int
    end: int
    day: date | None = None
    at: datetime | None = None
    vague: bool = False
    past: bool = False
    lunar: bool = False


Read = Callable[[re.Match[str], _Now], date | datetime]


MOST_READ = 4_000
"""Characters in which a moment is looked for: more than fit into a message of any channel are not read."""
MOST_NAMED = 50


class _Over(ValueError):
    """A date without a year that was meant to be over."""


class _Lunar(ValueError):
    """A day of the lunar calendar."""


def read_moment(text: str, *, now: datetime, calendar: WorkingCalendar) -> Moment | None:
    """Return the moment to come that a text means, None where it names none.

    Where it names several, the one that stands behind a word such as "trước" or "hạn" counts, else the
    first. Raises PastMoment for a moment that is over, NoSuchMoment for one that there cannot be, and
    LunarMoment for a day of the lunar calendar.
    """
    typed, plain = typed_and_plain(text[:MOST_READ])
    reader = _Now(today=now.astimezone(LOCAL_TIME).date(), at=now.astimezone(UTC), calendar=calendar)
    named = _chosen(plain, _named(typed, plain, reader)) or _clock_alone(typed, plain, reader)
    if named is None:
        return None
    start, end, hour, part = _clock_beside(typed, plain, named)
    words = typed[start:end].strip()
    if named.lunar:
        raise LunarMoment(words)
    if named.past:
        raise PastMoment(words)
    if named.at is None and named.day is None:
        raise NoSuchMoment(words)
    if named.at is not None:
        at, off = named.at, False
    else:
        assert named.day is not None
        at = _utc(named.day) + _time_of(named.day, hour, part, calendar, words)
        off = not calendar.is_working_day(named.day)
    if at <= now:
        raise PastMoment(words)
    if at.astimezone(LOCAL_TIME).year > LAST_YEAR:
        raise NoSuchMoment(words)
    found = Moment(at=at, words=words, span=(start, end), day_off=off)
    counted = named.day is not None and not named.vague and hour is None and not part
    return _or_before(found, plain, reader) if counted else found


def read_day(text: str, *, today: date) -> date | None:
    """Return the day that a text names, today or later; None where it names none that there is.

    Only days that need no calendar: "mai", "thứ 5", "chủ nhật tuần sau", "3 ngày nữa", "5/12".
    """
    typed, plain = typed_and_plain(text[:MOST_READ])
    noon = datetime.combine(today, NOON, LOCAL_TIME)
    reader = _Now(today=today, at=noon, calendar=_EVERY_DAY)
    exact = [each for each in _named(typed, plain, reader) if not each.vague]
    named = _chosen(plain, exact)
    if named is None or named.past:
        return None
    return named.day


def end_of_work(day: date, calendar: WorkingCalendar) -> datetime:
    """Return when work ends on a local day, in UTC; on a day off 17:00."""
    return _utc(day) + _end_of_work(day, calendar)


def working_day_after(day: date, calendar: WorkingCalendar, count: int = 1) -> date:
    """Return the working day so many working days after a day, which does not count itself."""
    for _ in range(count):
        day += timedelta(days=1)
        while not calendar.is_working_day(day):
            day += timedelta(days=1)
    return day


_EVERY_DAY = WorkingCalendar(weekdays=frozenset(range(1, 8)), national_holidays=None)


# ── days and spans ───────────────────────────────────────────────────────────────────────────────

_UNITS = ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin")
_NUMBERS = {word: number for number, word in enumerate((*_UNITS, "muoi"), start=1)}
_LAST_DIGITS = _NUMBERS | {"tu": 4, "lam": 5, "nham": 5}
_NUMBER = (
    rf"\d{{1,3}}|(?:(?:{'|'.join(_UNITS[1:])}) )?muoi(?: (?:{'|'.join((*_UNITS, 'tu', 'lam', 'nham'))})"
    rf"(?! (?:{'|'.join((*_UNITS, 'muoi'))})\b))?|{'|'.join(_UNITS)}"
)
_WEEKDAY_NUMBERS = {str(number + 2): number for number in range(6)} | dict(
    zip(("hai", "ba", "tu", "nam", "sau", "bay"), range(6), strict=True)
)
_WEEKDAY = r"(?:chua? ?nhat|cn|(?:thu ?|t\.? ?)(?P<number>[2-7])|thu (?P<word>hai|ba|tu|nam|sau|bay))"
_WEEKDAY_NAME = r"(?:chua? ?nhat|cn|(?:thu ?|t\.? ?)[2-7]|thu (?:hai|ba|tu|nam|sau|bay))"
_SPACE = r"(?: ?[/.-] ?)"
_DATE = rf"(?P<day>\d{{1,2}}){_SPACE}(?P<month>\d{{1,2}})(?:{_SPACE}(?P<year>\d{{4}}|\d{{2}}))?"
_BEFORE = r"(?<![\w/.,:-])"
_AFTER = r"(?![\w/-]|[.:,]\d)"
_SINCE = r"(?! (?:qua|vua|nay|roi|lien|gan day|truoc))"


def _count(found: re.Match[str]) -> int:
    word = found["count"]
    count = int(word) if word.isdecimal() else _number(word)
    if not 0 < count <= MOST_DAYS:
        raise ValueError(f"no such span: {word}")
    return count


def _number(words: str) -> int:
    """Return the number that words mean: "muoi lam" is 15, "hai muoi" 20."""
    if "muoi" not in words:
        return _NUMBERS[words]
    tens, _, digit = words.partition("muoi")
    return 10 * _NUMBERS.get(tens.strip(), 1) + _LAST_DIGITS.get(digit.strip(), 0)


def _in_days(found: re.Match[str], now: _Now) -> date:
    return now.today + timedelta(days=_count(found))


def _in_working_days(found: re.Match[str], now: _Now) -> date:
    return working_day_after(now.today, now.calendar, _count(found))


def _in_weeks(found: re.Match[str], now: _Now) -> date:
    return now.today + timedelta(weeks=_count(found))


def _in_months(found: re.Match[str], now: _Now) -> date:
    first = _month_from(now.today, _count(found))
    return min(first.replace(day=1) + timedelta(days=now.today.day - 1), _last_of_month(first))


def _in_days_and_a_half(found: re.Match[str], now: _Now) -> datetime:
    return now.at + timedelta(days=_count(found) + 0.5)


def _in_hours(found: re.Match[str], now: _Now) -> datetime:
    half = 30 if found["half"] else int(found["minutes"] or 0)
    return now.at + timedelta(hours=_count(found), minutes=half)


def _in_half_an_hour(found: re.Match[str], now: _Now) -> datetime:
    return now.at + timedelta(minutes=30)


def _in_working_hours(found: re.Match[str], now: _Now) -> datetime:
    return now.calendar.add_working_hours(now.at, _count(found))


def _in_minutes(found: re.Match[str], now: _Now) -> datetime:
    return now.at + timedelta(minutes=_count(found))


def _in_half_a_day(found: re.Match[str], now: _Now) -> datetime:
    day = sum(_hours(session) for session in now.calendar.sessions)
    return now.calendar.add_working_hours(now.at, day / 2)


def _hours(session: tuple[time, time]) -> float:
    begin, end = (datetime.combine(date.min, clock) for clock in session)
    return (end - begin) / timedelta(hours=1)


def _weekday(found: re.Match[str], now: _Now) -> date:
    word = found["number"] or found["word"]
    number = _WEEKDAY_NUMBERS[word] if word else 6
    monday = now.today - timedelta(days=now.today.weekday())
    which = found["which"] or ""
    if found["gone"]:
        return monday + timedelta(days=number - 7)
    if which in ("sau", "tuan sau", "tuan toi"):
        return monday + timedelta(days=7 + number)
    if which in ("nay", "tuan nay"):
        return monday + timedelta(days=number)
    return now.today + timedelta(days=(number - now.today.weekday() - 1) % 7 + 1)


def _dated(found: re.Match[str], now: _Now) -> date:
    day, month = int(found["day"]), int(found["month"])
    if year := _named_year(found, now):
        return date(year, month, day)
    this_year = _existing(now.today.year, month, day)
    if this_year is not None and this_year >= now.today:
        return this_year
    next_year = _existing(now.today.year + 1, month, day)
    if this_year is None and next_year is None:
        raise ValueError(f"no such day: {day}/{month}")
    if next_year is None or (next_year - now.today).days > HALF_A_YEAR:
        raise _Over(f"{day}/{month} is over")
    return next_year


def _named_year(found: re.Match[str], now: _Now) -> int | None:
    """Return the year that stands beside a time ("năm 2027", "/27", "năm sau"); None where none does."""
    groups = found.groupdict()
    word = groups.get("year") or groups.get("in_year")
    if word is None:
        return None
    if word.isdecimal():
        return int(word) if len(word) == 4 else 2000 + int(word)
    return now.today.year + (word != "nay")


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day_of_month(found: re.Match[str], now: _Now) -> date:
    day, which = int(found["day"]), found["which"] or ""
    if which in ("nay", "thang nay"):
        return now.today.replace(day=day)
    if which:
        return _month_from(now.today, 1).replace(day=day)
    if not 1 <= day <= 31:
        raise ValueError(f"no such day: {day}")
    months = (_month_from(now.today, ahead) for ahead in range(3))
    days = (_existing(month.year, month.month, day) for month in months)
    return next(each for each in days if each is not None and each >= now.today)


def _month_from(day: date, ahead: int) -> date:
    """Return the first day of the month so many months ahead."""
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)


def _last_of_month(day: date) -> date:
    return _month_from(day, 1) - timedelta(days=1)


def _last_working(first: date, last: date, now: _Now) -> date:
    """Return the last working day of a time that is not over; without one the last day."""
    day = last
    while day >= max(first, now.today):
        if now.calendar.is_working_day(day):
            return day
        day -= timedelta(days=1)
    return last


def _first_working(first: date, now: _Now) -> date:
    return first if now.calendar.is_working_day(first) else working_day_after(first, now.calendar)


def _in_week(found: re.Match[str], now: _Now) -> date:
    """Return the day that the beginning, the middle or the end of a week means."""
    monday = now.today - timedelta(days=now.today.weekday())
    next_one = (found["which"] or "") in ("sau", "toi")
    monday += timedelta(days=7 * next_one)
    part = found["part"] or ""
    if part == "dau":  # the beginning of this week is over once it has begun
        return _first_working(monday if next_one else monday + timedelta(days=7), now)
    if part == "giua":
        return _last_working(monday, monday + timedelta(days=2), now)
    return _last_working(monday, monday + timedelta(days=6), now)


def _in_month(found: re.Match[str], now: _Now) -> date:
    """Return the day that the beginning, the middle or the end of a month means."""
    first = _named_month(found, now)
    part, last = found["part"] or "", _last_of_month(first)
    if part == "dau":
        return _first_working(first, now)
    if part == "giua":
        return _last_working(first, first + timedelta(days=14), now)
    return last if part == "het" else _last_working(first, last, now)


def _named_month(found: re.Match[str], now: _Now) -> date:
    which = found["which"] or ""
    ahead = 1 if which in ("sau", "toi") or (found["part"] == "dau" and which != "nay") else 0
    if not found["month"]:
        return _month_from(now.today, ahead)
    month = int(found["month"])
    if not 1 <= month <= 12:
        raise ValueError(f"no such month: {month}")
    return date(_named_year(found, now) or now.today.year + (month < now.today.month), month, 1)


def _in_quarter(found: re.Match[str], now: _Now) -> date:
    roman = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
    current = (now.today.month - 1) // 3 + 1
    named = found["quarter"] or ""
    number = roman.get(named) or int(named or current)
    year = _named_year(found, now) or now.today.year + (number < current)
    first = _month_from(date(year, 3 * number - 2, 1), 3 * (found["which"] in ("sau", "toi")))
    last = _last_of_month(_month_from(first, 2))
    return last if found["part"] == "het" else _last_working(first, last, now)


def _end_of_year(found: re.Match[str], now: _Now) -> date:
    last = date(_named_year(found, now) or now.today.year, 12, 31)
    return last if found["part"] == "het" else _last_working(last.replace(month=1, day=1), last, now)


def _around_lunar_new_year(found: re.Match[str], now: _Now) -> date:
    """Return the last working day before Tết, or the first after it: the longest rest of the season."""
    after = found["part"] in ("sau", "ra")
    for year in (now.today.year, now.today.year + 1):
        rest = _longest_rest(year, now.calendar)
        if len(rest) < _LONGEST_REST:
            continue
        day = rest[-1] + timedelta(days=1) if after else rest[0] - timedelta(days=1)
        if day >= now.today:
            return day
    raise ValueError("the calendar tells of no Tết")


def _longest_rest(year: int, calendar: WorkingCalendar) -> list[date]:
    season = [date(year, 1, 18) + timedelta(days=number) for number in range(44)]
    runs = [list(days) for off, days in groupby(season, lambda day: not calendar.is_working_day(day)) if off]
    return max(runs, key=len)


def _before_new_year(found: re.Match[str], now: _Now) -> date:
    return _last_working(now.today, date(now.today.year, 12, 31), now)


def _midnight(found: re.Match[str], now: _Now) -> datetime:
    return _utc(now.today) + _END_OF_DAY


def _lunar(found: re.Match[str], now: _Now) -> date:
    raise _Lunar


def _today(found: re.Match[str], now: _Now) -> date:
    return now.today


def _days_ahead(days: int) -> Read:
    return lambda found, now: now.today + timedelta(days=days)


_WITHIN = r"(?:trong(?: vong)?|khong qua|thoi han|han|sau)"
_IN_HOURS = r"(?:trong(?: vong)?|khong qua|thoi han)"
_ENDS = r"(?= *(?:$|[,.;!?)]))"
_SPAN = rf"(?P<count>{_NUMBER})"
_HOURS_LONG = r"(?:gio|tieng|h)(?P<half> ?ruoi)?(?: ?(?P<minutes>[0-5]?\d) ?(?:phut|p)?)?"
_IN_YEAR = r"(?: nam (?P<in_year>\d{4}|nay|sau|toi))?"
_ANOTHER_DAY = (
    rf"(?! ?(?:\d|(?:mai|kia|mot|hom|{_WEEKDAY_NAME}|mung|mong|ram|nghi|le|tet|qua|truoc|cuoi|dau|giua)\b))"
)
"""What stands behind "trong ngày" is no day of its own: alone it is today."""
_MONTH_DAY = r"\d{1,2}(?: ?[/.-] ?\d{1,2}(?: ?[/.-] ?\d{2,4})?| ?thang \d{1,2}(?: nam \d{4})?)?"

# (pattern, what it means, whether it is vague: no day that somebody named)
_PATTERNS: tuple[tuple[re.Pattern[str], Read, bool], ...] = tuple(
    (re.compile(rf"{_BEFORE}(?:{pattern}){_AFTER}"), read, vague)
    for pattern, read, vague in (
        (r"(?:hom|bua|ngay hom|h) ?nay", _today, False),
        (rf"(?:trong|cuoi|het) ngay{_ANOTHER_DAY}", _today, False),
        (r"(?<=truoc )nua dem(?! (?:mai|qua|hom|thu|ngay|chu|cn|\d))", _midnight, True),
        (r"(?<=sang )nay|(?<=trua )nay|(?<=chieu )nay|(?<=toi )nay|(?<=dem )nay", _today, False),
        (r"(?:ngay |hom |bua )?mai|trong ngay hom sau", _days_ahead(1), False),
        (r"ngay kia|(?:ngay )?mot", _days_ahead(2), False),
        (
            rf"{_WEEKDAY}(?: (?P<which>tuan (?:nay|sau|toi)|nay|sau|toi)"
            r"|(?P<gone> tuan (?:truoc|qua|roi|vua roi|vua qua)| vua (?:roi|qua)))?",
            _weekday,
            False,
        ),
        (rf"(?:ngay |hom )?{_DATE}{_IN_YEAR}(?! ?(?:ngay|gio|nam\b|%))", _dated, False),
        (
            r"(?:ngay |mung |mong )?(?P<day>\d{1,2}) ?thang (?P<month>\d{1,2})"
            rf"(?:(?: ?nam | ?[/,] ?)(?P<year>\d{{4}})|{_IN_YEAR})",
            _dated,
            False,
        ),
        (
            r"(?:ngay |mung |mong )(?P<day>\d{1,2})(?: (?P<which>thang (?:nay|sau|toi)|nay))?"
            r"(?! ?(?:thang (?!nay|sau|toi)|[/.-] ?\d))",
            _day_of_month,
            False,
        ),
        (
            rf"(?:(?:ngay |hom |mung |mong )?{_MONTH_DAY} (?:tet|am(?: lich|{_ENDS}))"
            rf"|(?:(?:(?:ngay |mung |mong )?\d{{1,2}}|ngay ram|ram|dau|giua|cuoi|het|trong) )?"
            rf"thang (?:gieng|chap)|ram thang \d{{1,2}}|(?:ngay|truoc|den|hom) ram|(?:truoc|dem) giao thua)",
            _lunar,
            False,
        ),
        (rf"{_SPAN} (?:ngay|hom) (?:nua|toi)", _in_days, False),
        (
            rf"{_WITHIN} {_SPAN} ?ngay(?: toi| nua| ke tu .{{0,20}})?(?! lam viec| ruoi){_SINCE}",
            _in_days,
            True,
        ),
        (rf"{_WITHIN} {_SPAN} ?ngay ruoi", _in_days_and_a_half, True),
        (rf"(?:{_WITHIN} )?{_SPAN} ?ngay lam viec(?: toi| nua)?{_SINCE}", _in_working_days, True),
        (rf"{_SPAN} tuan (?:nua|toi)", _in_weeks, True),
        (rf"{_WITHIN} {_SPAN} ?tuan{_SINCE}", _in_weeks, True),
        (rf"{_SPAN} thang (?:nua|toi)", _in_months, True),
        (rf"{_IN_HOURS} {_SPAN} ?thang(?: toi| nua)?(?! (?:\d|sau|ruoi)){_SINCE}", _in_months, True),
        (rf"{_IN_HOURS} {_SPAN} ?{_HOURS_LONG}(?: nua| dong ho)?(?! lam viec){_SINCE}", _in_hours, True),
        (rf"{_SPAN} ?{_HOURS_LONG} (?:nua|toi{_ENDS})", _in_hours, True),
        (rf"{_IN_HOURS} nua (?:gio|tieng)(?: nua)?|nua (?:gio|tieng) nua", _in_half_an_hour, True),
        (rf"(?:{_WITHIN} )?{_SPAN} ?(?:gio|tieng|h) lam viec(?: toi| nua)?{_SINCE}", _in_working_hours, True),
        (rf"{_WITHIN} {_SPAN} ?(?:phut|p)(?: toi| nua)?{_SINCE}", _in_minutes, True),
        (rf"{_SPAN} ?phut nua", _in_minutes, True),
        (r"(?:trong(?: vong)? )?nua ngay(?: nua| lam viec)?", _in_half_a_day, True),
        (
            r"(?P<part>dau|giua|cuoi|het|trong|noi)? ?tuan(?: (?P<which>nay|sau|toi))?",
            _in_week,
            True,
        ),
        (
            r"(?P<part>dau|giua|cuoi|het|trong|noi)? ?thang(?: (?P<which>nay|sau|toi))?"
            rf"(?: (?P<month>\d{{1,2}})(?:(?: ?nam | ?/ ?)(?P<year>\d{{4}})|{_IN_YEAR}))?",
            _in_month,
            True,
        ),
        (
            r"(?P<part>cuoi|het|trong) quy"
            r"(?: (?P<which>nay|sau|toi)|"
            rf" (?P<quarter>[1-4]|i{{1,3}}|iv)(?: ?/ ?(?P<year>\d{{4}})|{_IN_YEAR}))?",
            _in_quarter,
            True,
        ),
        (
            r"(?P<part>cuoi|het|trong) nam(?: (?P<year>\d{4}|nay|sau|toi))?(?! (?:\d|ngay))",
            _end_of_year,
            True,
        ),
        (r"truoc tet (?:duong(?: lich)?|tay)", _before_new_year, True),
        (
            r"(?P<part>truoc|sau|ra) tet(?: (?:nguyen dan|am lich|am))?(?! (?:duong|tay))",
            _around_lunar_new_year,
            True,
        ),
    )
)  # fmt: skip

_WORDS = frozenset(
    (
        "hôm", "bữa", "nay", "này", "ngày", "mai", "mốt", "kia", "sáng", "trưa", "chiều", "tối", "đêm",
        "buổi", "thứ", "chủ", "chúa", "nhật", "hai", "ba", "bốn", "tư", "năm", "sáu", "bảy", "bẩy",
        "tám", "chín", "mười", "một", "rưỡi", "nửa", "tuần", "tới", "nữa", "sau", "cuối", "đầu", "giữa",
        "hết", "nội", "tháng", "trong", "vòng", "giờ", "tiếng", "phút", "làm", "việc", "quý", "không",
        "quá", "thời", "hạn", "thêm", "mùng", "mồng", "kể", "từ", "khi", "lúc", "nhận", "được", "đồng",
        "hồ", "trước", "tết", "nguyên", "đán", "âm", "lịch", "dương", "tây", "ra", "vào", "đến", "chậm",
        "nhất", "muộn", "của", "và", "lăm", "nhăm", "mươi", "rồi", "vừa", "rằm", "chạp", "giêng", "giao",
        "thừa",
    )
)  # fmt: skip
"""What the words of a moment are with accents; another word that looks like one without means no moment."""
_NAMES = re.compile(
    r"(?<!\w)(?:hoang|bach|tuong|quynh|thanh|phuong|xuan|ngoc|hong|tuyet|thuy|chi|co|ong|ba|anh|em|ban|hoa|sao|cay"
    r"|khuong|van|nha|pho|duong|ngo) $"
)
"""What stands before "mai" in a name; with "phố Mai Dịch" the words behind it tell."""
_NAMED_BEHIND = re.compile(r"^ (?:dich|lam|dong|huong|pha|phuong|hac de|anh tuan|chi tho|xuan thuong)\b")
_NUMBERED = re.compile(
    r"(?:so|ngo|ngach|hem|kiet|lo|to|nha|quoc lo|nghi dinh|nd|dieu|khoan|luat|km|cong van) $"
)
"""What stands before a number with a stroke that is an address or a decree."""
_MARKER = re.compile(
    r"(?:truoc|den|toi|han|trong|nhat|vao|luc|qua|xong|noi)"
    r"(?: (?:ngay|hom|luc|vao|la|het|cuoi|buoi|gio|khi))*[ :]*$"
)
_OPEN_MARKER = re.compile(r"\btruoc(?: ngay| hom)? *$")


def typed_and_plain(text: str) -> tuple[str, str]:
    """Return the text in NFC with blanks of one kind, and the same without accents, letter for letter."""
    typed = re.sub(r"\s", " ", normalise(text))
    return typed, "".join((strip_accents(letter).lower() or " ")[:1] for letter in typed)


def _named(typed: str, plain: str, now: _Now) -> list[_Named]:
    """Return the times that a text names, or the first of very many: nobody means fifty of them."""
    return list(islice(_each_named(typed, plain, now), MOST_NAMED))


def _each_named(typed: str, plain: str, now: _Now) -> Iterator[_Named]:
    close, places = squeezed(plain)
    for pattern, read, vague in _PATTERNS:
        for found in pattern.finditer(close):
            start, end = places[found.start()], places[found.end() - 1] + 1
            word_ahead = start if found[0] != "nay" else typed[:start].rstrip().rfind(" ") + 1
            if _is_meant(typed[word_ahead:end], close, found):
                named = _Named(start=start, end=end, vague=vague)
                yield _worked_out(named, found, read, now)


def squeezed(plain: str) -> tuple[str, list[int]]:
    """Return a text with one blank between words, and where each of its letters stood."""
    places = [
        place for place, letter in enumerate(plain) if letter != " " or (place and plain[place - 1] != " ")
    ]
    return "".join(plain[place] for place in places), places


def _worked_out(named: _Named, found: re.Match[str], read: Read, now: _Now) -> _Named:
    try:
        meant = read(found, now)
    except _Over:
        return replace(named, past=True)
    except _Lunar:
        return replace(named, lunar=True)
    except (ValueError, OverflowError, StopIteration):
        return named
    if isinstance(meant, datetime):
        return replace(named, at=meant)
    return replace(named, day=meant, past=meant < now.today)


def _is_meant(typed: str, plain: str, found: re.Match[str]) -> bool:
    """Tell whether words that look like a moment without accents are one with those that were typed."""
    words = re.findall(r"[^\W\d_]+", typed.lower())
    if any(not word.isascii() and word not in _WORDS for word in words):
        return False
    before, behind, meant = plain[: found.start()], plain[found.end() :], found[0]
    if meant.endswith("mot"):
        return "mốt" in words or (
            re.search(r"(?:truoc|sang|trua|chieu|toi|den|trong|het|cuoi) $", before) is not None
            and "một" not in words
            and re.match(r" *(?:$|[,.;!?])", behind) is not None
        )
    if meant == "mai":
        named = _NAMES.search(before) or _NAMED_BEHIND.match(behind)
        return not named and not (typed[0].isupper() and typed[1:].islower() and before.strip())
    if meant[:1].isdigit() and "thang" not in meant:
        return not _NUMBERED.search(before) and meant.replace(" ", "") != "24/7"
    if re.fullmatch(r"tuan|thang(?: \d+.*)?", meant):
        return _MARKER.search(before) is not None and re.search(r"\d", meant) is not None
    if re.fullmatch(r"(?:trong|noi) (?:tuan|thang)", meant):
        return re.match(_SINCE, behind) is not None
    if meant.startswith("sau ") and "tet" not in meant:
        return re.match(_ENDS, behind) is not None
    return True


def _chosen(plain: str, named: list[_Named]) -> _Named | None:
    """Return what counts of several: not part of a longer one, behind a word that sets a time, the first."""
    longest = [
        each
        for each in named
        if not any(
            other.start <= each.start
            and each.end <= other.end
            and other.end - other.start > each.end - each.start
            for other in named
        )
    ]
    return min(longest, key=lambda each: (not _is_marked(plain, each), each.start), default=None)


def _is_marked(plain: str, named: _Named) -> bool:
    within = re.match(r"(?:truoc|trong|han|thoi han|khong qua|het|noi|them) ", plain[named.start :])
    return within is not None or _MARKER.search(_ahead_of(plain, named.start)) is not None


def _ahead_of(plain: str, start: int) -> str:
    """Return what stands before a day, without the hour and the part of the day that belong to it."""
    before = plain[:start]
    found = _CLOCK_AHEAD.search(before) or _PART_AHEAD.search(before)
    return before[: found.start()] if found else before


# ── hours and parts of the day ───────────────────────────────────────────────────────────────────

_PART = r"(?:(?P<edge>dau|cuoi|het|nua) (?:gio |buoi )?)?(?:buoi )?(?P<part>sang|trua|chieu|toi|dem)"
_CLOCK = (
    r"(?<![\w/.,:-])(?P<hour>\d{1,2})(?: ?(?:h|g|gio) ?(?P<half>ruoi)|"
    r" ?(?:h|g|gio|:)(?: ?(?P<minute>[0-5]\d)(?: ?(?:phut|p))?(?!\d))?)(?<!:)(?![\w/:])"
)
_JOIN = r"(?:[ ,(-]|ngay|hom|vao|luc|cua|trong|truoc|den)*"
_CLOCK_AHEAD = re.compile(rf"{_CLOCK} *(?:{_PART})?{_JOIN}$")
_PART_AHEAD = re.compile(rf"(?<!\w){_PART}(?:[ ,(]|ngay|hom|cua)*$")
_ON_TO = re.compile(r"(?:lui|chuyen|doi|han|ngay|hen) $")
"""With these words "sang" is no morning ("lùi sang thứ Hai")."""
_CLOCK_BEHIND = re.compile(
    rf"^[ ,(-]*(?:{_PART})?(?:[ ,(-]|luc|vao|truoc|den|hoi|nhat|muon|cham)*"
    rf"(?:{_CLOCK}(?: *(?P<later>sang|trua|chieu|toi|dem)\b)?)?"
)
_CLOCK_ALONE = re.compile(
    r"(?:^ *|(?:truoc|den|toi|han|nhat|vao|luc|xong|qua)[ :]+(?:luc )?)"
    rf"(?P<all>{_CLOCK}(?: *(?P<part>sang|trua|chieu|toi|dem)\b)?)"
)

Hour = tuple[int, int, bool]
"""Hour and minute as written, and whether they say which half of the day is meant."""


def _hour_in(found: re.Match[str]) -> Hour | None:
    if found.groupdict().get("hour") is None:
        return None
    minute = 30 if found["half"] else int(found["minute"] or 0)
    return int(found["hour"]), minute, len(found["hour"]) == 2


def _clock_beside(typed: str, plain: str, named: _Named) -> tuple[int, int, Hour | None, str]:
    """Return the span of a moment with its hour and the part of the day that stand beside the day."""
    if named.at is not None:
        return named.start, named.end, None, ""
    start, end = named.start, named.end
    hour: Hour | None = None
    part = ""
    before = _CLOCK_AHEAD.search(plain[:start]) or _PART_AHEAD.search(plain[:start])
    if before and (before.re is _CLOCK_AHEAD or _is_part(typed, plain, before)):
        hour, part = _hour_in(before), _part_in(before)
        start = before.start("hour") if hour else before.start()
    behind = _CLOCK_BEHIND.search(plain[end:])
    if behind and hour is None and behind["hour"]:
        hour, part = _hour_in(behind), behind["later"] or _part_in(behind) or part
        end += behind.end()
    elif behind and not part and behind["part"] and _is_part(typed[end:], plain[end:], behind):
        part = _part_in(behind)
        end += behind.end("part")
    return start, end, hour, part


def _is_part(typed: str, plain: str, found: re.Match[str]) -> bool:
    """Tell whether "sang", "toi" and the like are a part of the day as they were typed."""
    word = typed[found.start("part") : found.end("part")].lower()
    if word == "sang":
        return typed.isascii() and not _ON_TO.search(plain[: found.start()])
    return word.isascii() or word in _WORDS


def _part_in(found: re.Match[str]) -> str:
    return f"{found['edge'] or ''} {found['part']}".strip() if found["part"] else ""


def _clock_alone(typed: str, plain: str, now: _Now) -> _Named | None:
    """Return today at the hour that stands in the text without a day: "trước 17h"."""
    found = _CLOCK_ALONE.search(plain)
    if found is None:
        return None
    hour = _hour_in(found)
    start, end = found.span("all")
    clock = _clock(hour, found["part"] or "") if hour else None
    if clock is None:
        return _Named(start=start, end=end)
    return _Named(start=start, end=end, at=_utc(now.today) + clock)


def _time_of(day: date, hour: Hour | None, part: str, calendar: WorkingCalendar, words: str) -> timedelta:
    """Return how long after a day begins an hour or a part of it is; raises NoSuchMoment."""
    if hour is not None:
        clock = _clock(hour, part.rpartition(" ")[2])
        if clock is None:
            raise NoSuchMoment(words)
        return clock
    edge, _, part = part.rpartition(" ")
    if part == "dem" and edge == "nua":
        return _END_OF_DAY
    within = _within_day(edge, part, calendar)
    return _since_midnight(within) if within else _end_of_work(day, calendar)


def _within_day(edge: str, part: str, calendar: WorkingCalendar) -> time | None:
    """Return the time that a part of the day means; None for the end of its work."""
    if part == "sang":
        if edge == "dau":
            return calendar.sessions[0][0]
        return max((end for _, end in calendar.sessions if end <= NOON), default=NOON)
    if part == "chieu" and edge == "dau":
        return min((start for start, _ in calendar.sessions if start >= NOON), default=NOON)
    return {"trua": NOON, "toi": EVENING, "dem": EVENING}.get(part)


def _clock(hour: Hour, part: str) -> timedelta | None:
    """Return how long after a day begins an hour in a part of it is; None for one that there is not.

    The night belongs to the day before: "2h đêm nay" lies in tomorrow.
    """
    number, minute, written_out = hour
    if part == "dem" and number in (0, 12):
        number = 24
    elif part == "dem" and number < 6:
        number += 24
    elif _is_afternoon(number, part, written_out and number < 10):
        number += 12
    elif number >= 24 and (number, minute) != (24, 0):
        return None
    after = timedelta(hours=number, minutes=minute)
    return _END_OF_DAY if after == timedelta(days=1) else after


def _is_afternoon(number: int, part: str, nought: bool) -> bool:
    later = part in ("chieu", "toi", "dem") and number < 12
    noonish = part == "trua" and number < 4
    unsaid = not part and 1 <= number <= 6 and not nought
    return later or noonish or unsaid


def _end_of_work(day: date, calendar: WorkingCalendar) -> timedelta:
    return _since_midnight(calendar.sessions[-1][1] if calendar.is_working_day(day) else END_OF_A_DAY_OFF)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)


def _utc(day: date) -> datetime:
    """Return when a local day begins."""
    return datetime.combine(day, time(), LOCAL_TIME).astimezone(UTC)


def _or_before(moment: Moment, plain: str, now: _Now) -> Moment:
    """Add the reading by which the named day no longer counts."""
    if not _OPEN_MARKER.search(plain[: moment.span[0]]):
        return moment
    day = moment.at.astimezone(LOCAL_TIME).date() - timedelta(days=1)
    while day > now.today and not now.calendar.is_working_day(day):
        day -= timedelta(days=1)
    before = end_of_work(day, now.calendar)
    return replace(moment, before=before) if before > now.at else moment
