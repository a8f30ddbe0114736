"""Which days somebody means: "tuần này", "tháng trước", "quý 3", "1/11-15/11", with or without accents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from routing.deadline import FIRST_YEAR, LAST_YEAR
from routing.vietnamese import strip_accents


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A span of local days, both ends included. Raises ValueError for days outside the working calendar."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period cannot end before it begins")
        if self.first.year < FIRST_YEAR or self.last.year > LAST_YEAR:
            raise ValueError(f"periods lie within {FIRST_YEAR} and {LAST_YEAR}")


def today(day: date) -> Period:
    """Return one day as a period."""
    return Period(first=day, last=day)


def week_of(day: date) -> Period:
    """Return the week, from Monday, that a day lies in."""
    monday = day - timedelta(days=day.weekday())
    return Period(first=monday, last=monday + timedelta(days=6))


def month_of(day: date) -> Period:
    """Return the month that a day lies in."""
    return _months(day.year, day.month, 1)


def last_days(day: date, count: int) -> Period:
    """Return so many days, the last of which is this one."""
    return Period(first=day - timedelta(days=count - 1), last=day)


def read_period(text: str, *, today: date) -> tuple[Period | None, str]:
    """Return the days that a text means, and the rest of the text (without accents, in lower case).

    No days named: None and the whole text. Raises ValueError for a date that does not exist, or a span that
    ends before it begins. A date without a year is the latest one that has begun.
    """
    plain = " ".join(strip_accents(text).lower().split())
    for pattern, read in _PATTERNS:
        if found := pattern.search(plain):
            rest = f"{plain[: found.start()]} {plain[found.end() :]}"
            return read(found, today), " ".join(rest.split())
    return None, plain


def read_coming_day(text: str, *, today: date, whole_week: bool = False) -> date | None:
    """Return the day to come that a text means: "mai", "thứ 5", "chủ nhật", "3 ngày nữa", "5/12".

    A weekday is the next of its name after today, of next week with "tuần sau"; a date
    without a year is the first one to come. "tuần sau" alone is its Monday, or its Sunday for whoever asks
    until when (`whole_week`), who also means "hết tuần này". None for no day, or a date that does not exist.
    """
    plain = " ".join(strip_accents(text).lower().split())
    for pattern, read in (*_COMING, *(_LAST_OF_WEEK if whole_week else _FIRST_OF_WEEK)):
        if found := pattern.search(plain):
            try:
                return read(found, today)
            except ValueError:
                return None
    return None


def _coming_weekday(found: re.Match[str], today: date) -> date:
    number = 6 if found["day"] in ("chu nhat", "cn") else _WEEKDAYS[found["number"]]
    if found["after"]:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + number)
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _coming_date(found: re.Match[str], today: date) -> date:
    day, month, *year = (int(part) for part in re.split(r"[/.]", found["day"]))
    if year:
        return date(year[0] if year[0] > 99 else 2000 + year[0], month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year > today else date(today.year + 1, month, day)


_WEEKDAYS = {
    **{str(number + 2): number for number in range(6)},
    **dict(zip(("hai", "ba", "tu", "nam", "sau", "bay"), range(6), strict=True)),
}
_COMING: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date]], ...] = (
    (re.compile(r"(?<![\d/.])(?P<day>\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?)(?![\d/])"), _coming_date),
    (
        re.compile(r"\b(?P<count>[1-9]\d?) (?:ngay|hom) (?:nua|toi)\b"),
        lambda found, day: day + timedelta(days=int(found["count"])),
    ),
    (re.compile(r"\b(?:ngay kia|mot)\b"), lambda found, day: day + timedelta(days=2)),
    (re.compile(r"\b(?:mai|ngay mai|sang mai)\b"), lambda found, day: day + timedelta(days=1)),
    (
        re.compile(
            r"\b(?P<day>chu nhat|cn|(?:thu |t)(?P<number>[2-7]|hai|ba|tu|nam|sau|bay))\b"
            r"(?P<after> tuan (?:sau|toi))?"
        ),
        _coming_weekday,
    ),
)
_FIRST_OF_WEEK: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date]], ...] = (
    (re.compile(r"\btuan (?:sau|toi)\b"), lambda found, day: week_of(day).last + timedelta(days=1)),
)
_LAST_OF_WEEK: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date]], ...] = (
    (re.compile(r"\btuan (?:sau|toi)\b"), lambda found, day: week_of(day).last + timedelta(days=7)),
    (re.compile(r"\b(?:het|cuoi) tuan(?: nay)?\b"), lambda found, day: week_of(day).last),
)


def _months(year: int, month: int, count: int) -> Period:
    after = year * 12 + month - 1 + count
    last = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return Period(first=date(year, month, 1), last=last)


def _date(words: str, today: date) -> date:
    day, month, *year = (int(part) for part in re.split(r"[/.]", words))
    if year:
        return date(year[0] if year[0] > 99 else 2000 + year[0], month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year <= today else date(today.year - 1, month, day)


def _span(found: re.Match[str], today: date) -> Period:
    last = _date(found["last"], today)
    if found["last"].count("/") + found["last"].count(".") < 2 and _opens_this_year(found["first"], today):
        last = date(today.year, last.month, last.day)
    first = _date(found["first"], last)
    return Period(first=first, last=last)


def _opens_this_year(words: str, today: date) -> bool:
    """Tell whether a span begins this year, so that it may also end later this year."""
    return _date(words, today).year == today.year


def _month_named(found: re.Match[str], today: date) -> Period:
    month = int(found["month"])
    if not 1 <= month <= 12:
        raise ValueError(f"no such month: {month}")
    year = int(found["year"]) if found["year"] else today.year - (month > today.month)
    return _months(year, month, 1)


def _quarter(found: re.Match[str], today: date) -> Period:
    current = (today.month - 1) // 3 + 1
    number = int(found["quarter"]) if found["quarter"] else current
    year = int(found["year"]) if found["year"] else today.year - (number > current)
    return _months(year, 3 * number - 2, 3)


def _month_before(today: date) -> Period:
    return month_of(today.replace(day=1) - timedelta(days=1))


def _is_last(found: re.Match[str]) -> bool:
    return found["which"] in ("truoc", "qua", "roi")


_DATE = r"(?<![\d/.])\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?(?![\d/])"
_WHICH = r"(?:\s+(?P<which>nay|truoc|qua|roi))?\b"
_YEAR = r"(?:\s*(?:/|nam)\s*(?P<year>\d{4}))?\b"

# From the most to the least exact: the first that is found is what was meant.
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period]], ...] = (
    (
        re.compile(
            rf"(?:tu\s+)?(?:ngay\s+)?(?P<first>{_DATE})\s*(?:-|–|den|toi)\s*(?:ngay\s+)?(?P<last>{_DATE})"
        ),
        _span,
    ),
    (re.compile(rf"(?:ngay\s+)?(?P<day>{_DATE})"), lambda found, day: today(_date(found["day"], day))),
    (re.compile(r"\bhom nay\b"), lambda found, day: today(day)),
    (re.compile(r"\bhom qua\b"), lambda found, day: today(day - timedelta(days=1))),
    (
        re.compile(r"\b(?P<count>[1-9]\d{0,2}) ngay(?: (?:qua|gan day|vua qua))?\b"),
        lambda found, day: last_days(day, int(found["count"])),
    ),
    (
        re.compile(rf"\btuan{_WHICH}"),
        lambda found, day: week_of(day - timedelta(days=7) if _is_last(found) else day),
    ),
    (re.compile(rf"\bthang (?P<month>\d{{1,2}}){_YEAR}"), _month_named),
    (
        re.compile(rf"\bthang{_WHICH}"),
        lambda found, day: _month_before(day) if _is_last(found) else month_of(day),
    ),
    (re.compile(rf"\bquy(?: nay| (?P<quarter>[1-4])\b)?{_YEAR}"), _quarter),
    (
        re.compile(r"\bnam (?P<year>\d{4}|nay|truoc|ngoai)\b"),
        lambda found, day: _months(_year(found["year"], day), 1, 12),
    ),
)


def _year(words: str, today: date) -> int:
    if words.isdecimal():
        return int(words)
    return today.year if words == "nay" else today.year - 1
