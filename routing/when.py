"""Which days somebody means: "tuần này", "tháng trước", "quý 3", "1/11-15/11", with or without accents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from routing.deadline import FIRST_YEAR, LAST_YEAR
from routing.moments import read_day
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


_MOST_READ = 2_000
"""Characters in which days are looked for; what comes after is no question that anybody types."""


def read_period(text: str, *, today: date) -> tuple[Period | None, str]:
    """Return the days that a text means, and the rest of the text (without accents, in lower case).

    No days named: None and the whole text. Raises ValueError for a date that does not exist, or a span that
    ends before it begins. A date without a year is the latest one that has begun.
    """
    plain = " ".join(strip_accents(text[:_MOST_READ]).lower().split())
    found = find_period(plain, today=today, bare=True)
    if found is None:
        return None, plain
    period, start, end = found
    return period, " ".join(f"{plain[:start]} {plain[end:]}".split())


def find_period(plain: str, *, today: date, bare: bool = False) -> tuple[Period, int, int] | None:
    """Return the days that a text in small letters without accents means, and where they are named.

    bare: "tuần" alone is this week, "quý" this quarter, where nothing but days is expected. Raises ValueError
    as `read_period`.
    """
    for pattern, read in (*_PATTERNS, *_BARE) if bare else _PATTERNS:
        if found := pattern.search(plain):
            return read(found, today), found.start(), found.end()
    return None


def read_coming_day(text: str, *, today: date, whole_week: bool = False) -> date | None:
    """Return the day to come that a text means: "mai", "thứ 5", "chủ nhật", "3 ngày nữa", "5/12".

    A weekday is the next of its name after today, of next week with "tuần sau"; a date
    without a year is the first one to come. "tuần sau" alone is its Monday, or its Sunday for whoever asks
    until when (`whole_week`), who also means "hết tuần này". None for no day, or a date that does not exist.
    """
    if (named := read_day(text, today=today)) is not None:
        return named
    plain = " ".join(strip_accents(text).lower().split())
    for pattern, read in _LAST_OF_WEEK if whole_week else _FIRST_OF_WEEK:
        if found := pattern.search(plain):
            return read(found, today)
    return None


_WEEKDAYS = {
    **{str(number + 2): number for number in range(6)},
    **dict(zip(("hai", "ba", "tu", "nam", "sau", "bay"), range(6), strict=True)),
}
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
    month = _month(found["month"])
    return _months(_year_of(found, today, month > today.month), month, 1)


def _months_named(found: re.Match[str], today: date) -> Period:
    """Return the months from one to another of a year; "nay" as the last is today."""
    first = _month(found["month"])
    if found["last"] in _UNTIL_NOW:
        return Period(first=date(_year_of(found, today, first > today.month), first, 1), last=today)
    last = _month(found["last"])
    year = _year_of(found, today, first > today.month)
    return _months(year, first, last - first + 1 if last >= first else last - first + 13)


def _month(words: str) -> int:
    month = int(words)
    if not 1 <= month <= 12:
        raise ValueError(f"no such month: {month}")
    return month


def _year_of(found: re.Match[str], today: date, is_to_come: bool) -> int:
    """Return the year named, else the one in which a month or quarter has begun last."""
    named = found["year"]
    return _year(named, today) if named else today.year - is_to_come


def _quarter(found: re.Match[str], today: date) -> Period:
    current = (today.month - 1) // 3 + 1
    number = _QUARTERS[found["quarter"]] if found["quarter"] else current
    return _months(_year_of(found, today, number > current), 3 * number - 2, 3)


def _quarters(found: re.Match[str], today: date) -> Period:
    first, last = _QUARTERS[found["quarter"]], _QUARTERS[found["last"]]
    year = _year_of(found, today, first > (today.month - 1) // 3 + 1)
    return _months(year, 3 * first - 2, 3 * (last - first + 1))


def _quarter_which(found: re.Match[str], today: date) -> Period:
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    if _is_last(found):
        before = _months_before(first, 3)
        return _months(before.year, before.month, 3)
    return _months(first.year, first.month, 3)


def _month_before(today: date) -> Period:
    return month_of(today.replace(day=1) - timedelta(days=1))


def _months_before(day: date, count: int) -> date:
    """Return the same day so many months before, or the last one of that month."""
    month = day.year * 12 + day.month - 1 - count
    last = _months(month // 12, month % 12 + 1, 1).last
    return last.replace(day=min(day.day, last.day))


def _last_months(found: re.Match[str], today: date) -> Period:
    count = int(found["count"]) * (12 if found["what"] == "nam" else 3 if found["what"] == "quy" else 1)
    return Period(first=_months_before(today, count) + timedelta(days=1), last=today)


def _part_of_year(found: re.Match[str], today: date) -> Period:
    count = int(found["count"]) if found["count"] else 6
    year = _year_of(found, today, False)
    if not 1 <= count <= 12:
        raise ValueError(f"no such months: {count}")
    return _months(year, 1 if found["part"] == "dau" else 13 - count, count)


def _half_of_month(found: re.Match[str], today: date) -> Period:
    return _half(found, _month_before(today) if _is_last(found) else month_of(today))


def _half_of_month_named(found: re.Match[str], today: date) -> Period:
    return _half(found, _month_named(found, today))


def _half(found: re.Match[str], month: Period) -> Period:
    middle = month.first + timedelta(days=14)
    if found["part"] == "dau":
        return Period(first=month.first, last=middle)
    return Period(first=middle + timedelta(days=1), last=month.last)


def _since(found: re.Match[str], today: date) -> Period:
    spans = {
        "tuan": week_of(today),
        "thang": month_of(today),
        "quy": _quarter_of(today),
        "nam": _months(today.year, 1, 12),
    }
    return Period(first=spans[found["what"] or found["begun"]].first, last=today)


def _quarter_of(day: date) -> Period:
    return _months(day.year, (day.month - 1) // 3 * 3 + 1, 3)


def _week_which(found: re.Match[str], today: date) -> Period:
    weeks = 2 if found["again"] else int(_is_last(found))
    return week_of(today - timedelta(days=7 * weeks))


def _month_which(found: re.Match[str], today: date) -> Period:
    month = _month_before(today) if _is_last(found) else month_of(today)
    return _month_before(month.first) if found["again"] else month


def _weekend(found: re.Match[str], today: date) -> Period:
    monday = week_of(today - timedelta(days=7 * _is_last(found))).first
    return Period(first=monday + timedelta(days=5), last=monday + timedelta(days=6))


def _weekday(found: re.Match[str], today: date) -> date:
    """Return the latest day of a name, today included, or that of the week named."""
    number = 6 if found["day"] in ("chu nhat", "cn") else _WEEKDAYS[found["number"]]
    if found["which"]:
        return week_of(today - timedelta(days=7 * _is_last(found))).first + timedelta(days=number)
    return today - timedelta(days=(today.weekday() - number) % 7)


def _day_of_month(found: re.Match[str], today: date) -> date:
    month = month_of(today)
    this_month = month.first + timedelta(days=int(found["day"]) - 1)
    if this_month > month.last or found["day"] == "0":
        raise ValueError(f"no such day: {found['day']}")
    return this_month if this_month <= today else _months_before(this_month, 1)


def _days_of_month(found: re.Match[str], today: date) -> Period:
    month = _month(found["month"])
    year = _year_of(found, today, date(today.year, month, int(found["first"])) > today)
    return Period(
        first=date(year, month, int(found["first"])),
        last=date(year, month, int(found["last"] or found["first"])),
    )


def _is_last(found: re.Match[str]) -> bool:
    return found["which"] not in (None, "nay")


_DATE = r"(?<![\d/.])\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?(?![\d/])"
_BEFORE = r"truoc|qua(?! han)|roi|vua qua|vua roi"
_WHICH = rf" (?P<which>nay|{_BEFORE})\b"
_YEAR = r"(?:\s*(?:/|,? ?(?:cua )?nam)\s*(?P<year>\d{4}|nay|truoc|ngoai))?\b"
_UNTIL_NOW = ("nay", "gio", "hom nay", "bay gio", "hien nay", "hien tai")
_NOW = rf"(?:{'|'.join(_UNTIL_NOW)})"
_TO = r"(?:\s*[-–]\s*|\s+(?:den(?: het)?|toi|va|voi)\s+)"
_WEEKDAYS = {
    **{str(number + 2): number for number in range(6)},
    **dict(zip(("hai", "ba", "tu", "nam", "sau", "bay"), range(6), strict=True)),
}
_QUARTERS = {
    **{str(number): number for number in range(1, 5)},
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
}
_QUARTER = r"[1-4]|iii|ii|iv|i"
_DAY_NAME = r"(?P<day>chu nhat|cn|(?:thu |t(?=\d))(?P<number>[2-7]|hai|ba|tu|nam|sau|bay))"
_RECENT = r"(?:(?:vua )?(?:qua(?! han)|roi)|gan day|gan nhat|tro lai day|lien tiep|nay|truoc day)"

# From the most to the least exact: the first that is found is what was meant.
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period]], ...] = (
    (
        re.compile(
            rf"(?:\btu\s+)?(?:\bngay\s+)?(?P<first>{_DATE})"
            rf"\s*(?:-|–|den(?: het)?|toi)\s*(?:ngay\s+)?(?P<last>{_DATE})"
        ),
        _span,
    ),
    (
        re.compile(rf"\b(?:tu|ke tu) (?:ngay )?(?P<day>{_DATE})(?: (?:den|toi) {_NOW})?(?!\s*(?:den|toi|-))"),
        lambda found, day: Period(first=_date(found["day"], day), last=day),
    ),
    (
        re.compile(
            rf"\b(?:tu )?(?:ngay |mung )?(?P<first>\d{{1,2}})(?:{_TO}(?:ngay |mung )?(?P<last>\d{{1,2}}))"
            rf" thang (?P<month>\d{{1,2}}){_YEAR}"
        ),
        _days_of_month,
    ),
    (
        re.compile(rf"\b(?:ngay|mung) (?P<first>\d{{1,2}})(?P<last>(?!))? thang (?P<month>\d{{1,2}}){_YEAR}"),
        _days_of_month,
    ),
    (
        re.compile(rf"(?:\bngay\s+)?(?P<day>{_DATE})"),
        lambda found, day: today(_date(found["day"], day)),
    ),
    (
        re.compile(
            rf"\b(?:(?:ke )?tu (?:hoi )?dau (?P<what>tuan|thang|quy|nam)(?: nay)?(?: (?:den|toi) {_NOW})?"
            rf"|dau (?P<begun>tuan|thang|quy|nam)(?: nay)? (?:den|toi) {_NOW})(?! hoc)\b"
        ),
        _since,
    ),
    (
        re.compile(r"\b(?:hom|bua) kia (?:va|voi|den|cung) (?:hom|bua) qua\b"),
        lambda found, day: last_days(day - timedelta(days=1), 2),
    ),
    (
        re.compile(r"\b(?:hom|bua) qua (?:va|voi|den|toi|cung)(?: ca)? (?:hom|bua) nay\b"),
        lambda found, day: last_days(day, 2),
    ),
    (
        re.compile(r"\b(?:ngay )?(?:hom|bua) kia\b"),
        lambda found, day: today(day - timedelta(days=2)),
    ),
    (
        re.compile(
            r"\b(?:(?:sang|trua|chieu|toi) )?(?:ngay )?(?:hom|bua) nay\b|\b(?:sang|trua|chieu|toi) nay\b"
        ),
        lambda found, day: today(day),
    ),
    (
        re.compile(
            r"\b(?:(?:sang|trua|chieu|toi|dem) )?(?:ngay )?(?:hom|bua) qua\b(?! han)"
            r"|(?<!\d )\b(?:sang|chieu|toi|dem|ngay) qua\b(?! han)"
        ),
        lambda found, day: today(day - timedelta(days=1)),
    ),
    (re.compile(r"\btrong ngay\b(?! (?:\d|hom))"), lambda found, day: today(day)),
    (
        re.compile(
            r"\b(?:(?P<count>\d{1,2}) thang|nua) (?P<part>dau|cuoi)(?: cua)? nam"
            r"(?: (?P<year>\d{4}|nay|truoc|ngoai))?\b(?! hoc)"
        ),
        _part_of_year,
    ),
    (
        re.compile(rf"\bnua (?P<part>dau|cuoi)(?: cua)? thang (?P<month>\d{{1,2}}){_YEAR}"),
        _half_of_month_named,
    ),
    (
        re.compile(rf"\bnua (?P<part>dau|cuoi)(?: cua)? thang(?:{_WHICH})?"),
        _half_of_month,
    ),
    (
        re.compile(rf"(?<!thu )\b(?P<count>[1-9]\d{{0,2}}) ngay(?: {_RECENT})?\b"),
        lambda found, day: last_days(day, int(found["count"])),
    ),
    (
        re.compile(rf"(?<!thu )\b(?P<count>[1-9]\d?) tuan(?: {_RECENT})?\b"),
        lambda found, day: last_days(day, 7 * int(found["count"])),
    ),
    (
        re.compile(rf"\b(?P<count>[1-9]\d?) (?P<what>thang|quy|nam) {_RECENT}\b"),
        _last_months,
    ),
    (re.compile(rf"\bcuoi tuan{_WHICH}"), _weekend),
    (
        re.compile(rf"\btu {_DAY_NAME}(?: tuan{_WHICH})? (?:den|toi) {_NOW}\b"),
        lambda found, day: Period(first=_weekday(found, day), last=day),
    ),
    (
        re.compile(rf"\b{_DAY_NAME}(?: tuan{_WHICH}| vua roi)?\b"),
        lambda found, day: today(_weekday(found, day)),
    ),
    (re.compile(rf"\btuan{_WHICH}(?P<again> nua)?"), _week_which),
    (
        re.compile(
            rf"\b(?:tu )?thang (?P<month>\d{{1,2}})(?:\s*-\s*|,? (?:den|toi|va|voi)(?: het)? )(?:thang )?"
            rf"(?P<last>\d{{1,2}}(?! (?:phuong|xa|quan|huyen|so|don|vu|linh))|{_NOW}){_YEAR}"
        ),
        _months_named,
    ),
    (re.compile(rf"\bthang (?P<month>\d{{1,2}}){_YEAR}"), _month_named),
    (
        re.compile(r"(?<![\d/.])(?P<month>\d{1,2})[/.](?P<year>\d{4})(?![\d/])"),
        _month_named,
    ),
    (re.compile(rf"\bthang{_WHICH}(?P<again> nua)?"), _month_which),
    (
        re.compile(
            rf"\bquy (?P<quarter>{_QUARTER})(?:\s*-\s*| (?:va|den|toi) )(?:quy )?"
            rf"(?P<last>{_QUARTER})\b{_YEAR}"
        ),
        _quarters,
    ),
    (re.compile(rf"\bquy (?P<quarter>{_QUARTER})\b{_YEAR}"), _quarter),
    (re.compile(rf"\bquy{_WHICH}"), _quarter_which),
    (
        re.compile(r"\bnam (?P<year>\d{4}|nay|truoc|ngoai|qua(?! han)|vua qua|roi)\b"),
        lambda found, day: _months(_year(found["year"], day), 1, 12),
    ),
    (re.compile(r"\btrong tuan\b"), lambda found, day: week_of(day)),
    (re.compile(r"\btrong thang\b"), lambda found, day: month_of(day)),
    (re.compile(r"\btrong quy\b"), lambda found, day: _quarter_of(day)),
    (re.compile(r"\btrong nam\b"), lambda found, day: _months(day.year, 1, 12)),
    (
        re.compile(r"\b(?:ngay|mung) (?P<day>\d{1,2})\b(?! (?:phuong|xa|quan|huyen|vu))"),
        lambda found, day: today(_day_of_month(found, day)),
    ),
)
_BARE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period]], ...] = (
    (re.compile(r"\btuan\b"), lambda found, day: week_of(day)),
    (re.compile(r"\bthang\b"), lambda found, day: month_of(day)),
    (re.compile(rf"\bquy(?P<quarter>(?!))?{_YEAR}"), _quarter),
)


def _year(words: str, today: date) -> int:
    if words.isdecimal():
        return int(words)
    return today.year if words == "nay" else today.year - 1
