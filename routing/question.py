"""What a leader asks about the figures: the metric, whose, of which time, and how it is laid out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal

from routing import question_rules as rules
from routing.organisation import City
from routing.question_names import WHOLE, DomainNames, UnitNames
from routing.question_words import Vocabulary, is_too_long, lexicon, with_numbers
from routing.when import Period, find_period, month_of, week_of
from routing.when import today as this_day

METRICS = (
    "received",
    "answered",
    "on_time_rate",
    "late",
    "late_with_extension",
    "open",
    "at_risk",
    "overdue",
    "reopened",
    "satisfaction",
    "median_hours",
    "people",
)
GroupBy = Literal["unit", "domain", "day", "week", "month"]
Order = Literal["desc", "asc"]

_THE_MORE_THE_BETTER = frozenset({"on_time_rate", "satisfaction", "answered"})
_NO_COUNTS = frozenset({"on_time_rate", "satisfaction", "median_hours"})
_FEW_WORDS = 9
_MOST_GUESSES = 6
_GUESSED_WORDS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question about the figures as it was understood.

    understood: False where the text is no such question; everything else then says nothing. metric: one of
    METRICS. period: None where no time was named. units: codes of the units named, domains: ids. level: the
    kind of unit that is meant where units are compared ("ward", "district", "department"; None for those
    right below). The root stands alone in `units` where the whole city was named. about: "why" asks why a
    unit's figure changed, "hot" what is rising or most reported now.
    """

    understood: bool
    metric: str = "received"
    period: Period | None = None
    units: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    group_by: GroupBy | None = None
    level: str | None = None
    order: Order | None = None
    limit: int | None = None
    compare: Literal["previous"] | None = None
    about: Literal["why", "hot"] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form, in which a question is kept."""
        period = self.period
        days = [period.first.isoformat(), period.last.isoformat()] if period else None
        return {**asdict(replace(self, period=None)), "period": days}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Question":
        """Rebuild from `as_dict` or its JSON."""
        first, last = data["period"] or ("", "")
        period = Period(first=date.fromisoformat(first), last=date.fromisoformat(last)) if first else None
        lists = {name: tuple(data[name]) for name in ("units", "domains")}
        return cls(**{**data, **lists, "period": period})


NOT_UNDERSTOOD = Question(understood=False)


def read_question(text: str, *, city: City, today: date, before: Question | None = None) -> Question:
    """Return what a text asks about the figures; `before`, the question before it, fills what it leaves out.

    Any text is read: what is no question about figures, or leaves a doubt what it asks, is not understood.
    """
    reader = _reader_of(city)
    earlier = before if before is not None and before.understood else None
    if is_too_long(text):
        return NOT_UNDERSTOOD
    canonical = reader.canonical(text)
    found = _read(reader, canonical, city, today, earlier, marked="?" in text)
    if found is None:
        return NOT_UNDERSTOOD
    if found.understood or canonical.count(" ") >= _GUESSED_WORDS:
        return found
    guesses = islice(reader.vocabulary.guesses(canonical), _MOST_GUESSES)
    readings = (_read(reader, guess, city, today, earlier, marked="?" in text) for guess in guesses)
    return next((each for each in readings if each is not None and each.understood), NOT_UNDERSTOOD)


def nearest(text: str, *, city: City) -> tuple[str, str, str]:
    """Return the three questions nearest to a text, as people would type them; each is understood.

    They ask about the units and domains that the text names, about the metric that it seems to mean first.
    """
    reader, known = _reader_of(city), lexicon()
    canonical = "" if is_too_long(text) else reader.canonical(text)
    units = reader.units.mark(canonical, city)
    domains = reader.domains.mark(units.text)
    metric = next((name for name, pattern in rules.METRICS if pattern.search(domains.text)), "late")
    time = next(
        (said for plain_time, said in known.times.items() if plain_time in canonical),
        known.times["thang nay"],
    )
    about = _about(city, () if units.unsure else units.found, domains.found)
    asked = [known.asked_as[each].format(about=about, time=time) for each in (metric, *_USUALLY_ASKED)]
    first, second, third = list(dict.fromkeys(asked))[:3]
    return first, second, third


_USUALLY_ASKED = ("on_time_rate", "received", "overdue")


def _about(city: City, units: Sequence[tuple[str, ...]], domains: Sequence[tuple[str, ...]]) -> str:
    """Return " về rác thải của Phường Bồ Đề" for the first domain and the first unit named."""
    code = next((codes[0] for codes in units if codes[0] != WHOLE), None)
    domain = next((ids[0] for ids in domains), None)
    parts = (
        (city.domains[domain].name.lower(), lexicon().about_domain) if domain else None,
        (city.units[code].name, lexicon().about_unit) if code else None,
    )
    return "".join(wording.format(name=part) for part, wording in filter(None, parts))


def as_row(question: Question, city: City, *, today: date | None = None) -> dict[str, Any]:
    """Return a question in the form of JSON: names of units, local dates, both included.

    The whole city is named by no unit. today: a period that is not over is told as far as it has gone.
    """
    if not question.understood:
        question = NOT_UNDERSTOOD
    period = question.period
    if period and today and period.first <= today < period.last:
        period = replace(period, last=today)
    return {
        "understood": question.understood,
        "metric": question.metric if question.understood else None,
        "period": {"from": period.first.isoformat(), "to": period.last.isoformat()} if period else None,
        "units": [city.units[code].name for code in question.units if code != city.root.code],
        "domains": list(question.domains),
        "group_by": question.group_by,
        "order": question.order,
        "limit": question.limit,
        "compare": question.compare,
    }


class _Reader:
    """What is worked out once for a city: its names, and the words that questions are made of."""

    def __init__(self, city: City) -> None:
        words = lexicon()
        self.plain_words = frozenset(_words_of_rules()) | words.fillers | words.words
        self.units = UnitNames(city, self.plain_words)
        self.domains = DomainNames(city.domains)
        self.vocabulary = Vocabulary(
            (*words.phrases, *self.units.keys, *self.domains.keys), self.plain_words | _DAY_WORDS
        )
        self._numbered = frozenset(
            key for key in self.units.keys if re.fullmatch(r"quan (?:\d{1,2}|[ivx]+)", key)
        )

    def canonical(self, text: str) -> str:
        """Return the text as it is read."""
        return self.vocabulary.canonical(text, self._numbered)


_DAY_WORDS_TEXT = (
    "hom nay qua kia bua sang trua chieu toi dem ngay tuan thang quy nam truoc roi vua dau cuoi "
    "nua thu hai ba tu sau bay chu nhat cn ke den gio hien gan day lien tiep lai ngoai mung muoi "
    "mot bon tam chin gieng chap "
)
_DAY_WORDS = frozenset(_DAY_WORDS_TEXT.split())
_readers: list[tuple[object, object, _Reader]] = []
_MOST_READERS = 4


def _reader_of(city: City) -> _Reader:
    """Return the reader of a city, kept by its units: the same ones on another day share it."""
    for units, domains, reader in _readers:
        if units is city.units and domains is city.domains:
            return reader
    reader = _Reader(city)
    _readers.append((city.units, city.domains, reader))
    del _readers[:-_MOST_READERS]
    return reader


def _words_of_rules() -> Iterator[str]:
    patterns = [value for value in vars(rules).values() if isinstance(value, re.Pattern)]
    patterns += [pattern for _, pattern in (*rules.METRICS, *rules.SUPERLATIVES)]
    for pattern in patterns:
        without_names = re.sub(r"\?P<\w+>", "", pattern.pattern)
        yield from re.findall(r"(?<!\\)[a-z]{2,}", without_names.replace("\\b", " "))


@dataclass(kw_only=True, slots=True)
class _Marked:
    """A text with its names marked, what they stand for, and which of its letters have been read.

    spoken_of: it asks about part of what the question before was about.
    """

    text: str
    units: tuple[str, ...] = ()
    joined: bool = False
    domains: tuple[str, ...] = ()
    periods: list[Period] = field(default_factory=list)
    step: Literal["day", "week", "month"] | None = None
    asks_when: bool = False
    spoken_of: bool = False
    read: list[bool] = field(default_factory=list)

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the first place where a pattern is found; all its places count as read."""
        first = None
        for found in pattern.finditer(self.text):
            first = first or found
            for at in range(found.start(), found.end()):
                self.read[at] = True
        return first

    def left_over(self, fillers: frozenset[str]) -> list[str]:
        """Return the words that nothing was read from."""
        words = ((found.group(), self.read[slice(*found.span())]) for found in re.finditer(r"\S+", self.text))
        return [word for word, read in words if not (word.startswith("@") or word in fillers or all(read))]


def _read(
    reader: _Reader, canonical: str, city: City, today: date, before: Question | None, *, marked: bool
) -> Question | None:
    """Return how a text is read, not understood where a doubt is left; None where it is no question."""
    try:
        text = _mark(reader, canonical, city, today)
        if text is None:
            return NOT_UNDERSTOOD
        if _is_no_question(text, before):
            return None
        slots = _slots(text, city, today, before)
    except ValueError:  # a date that does not exist, a span that ends before it begins
        return NOT_UNDERSTOOD
    if slots is None or not _is_sure(text, slots, reader, before, marked=marked):
        return NOT_UNDERSTOOD
    return _question(text, slots, city, before)


def _mark(reader: _Reader, canonical: str, city: City, today: date) -> _Marked | None:
    """Return the text with units, steps of time, days and domains marked; None where a name is unsure."""
    units = reader.units.mark(rules.REJECTED.sub("", canonical), city)
    if units.unsure:
        return None
    marked = _Marked(text=with_numbers(" ".join(rules.POLITE.sub(" ", units.text).split())))
    if spoken_of := rules.SPOKEN_OF.match(marked.text):
        marked.spoken_of = True
        marked.text = f"@k{marked.text[spoken_of.end() :]}"
    marked.units = _standing(city, [code for codes in units.found for code in codes])
    marked.joined = len(units.found) > 1
    if step := rules.TIME_STEPS.search(marked.text):
        marked.step = rules.STEPS[step["step"] or step["which"]]
        marked.asks_when = bool(step["which"])
        marked.text = f"{marked.text[: step.start()]} @s {marked.text[step.end() :]}"
    while found := find_period(marked.text, today=today):
        period, start, end = found
        marked.periods.insert(marked.text[:start].count("@p"), period)
        marked.text = f"{marked.text[:start]} @p {marked.text[end:]}"
    domains = reader.domains.mark(" ".join(marked.text.split()))
    marked.text = domains.text
    marked.domains = tuple(dict.fromkeys(id for ids in domains.found for id in ids))
    marked.read = [False] * len(marked.text)
    return marked


def _standing(city: City, codes: Iterable[str]) -> tuple[str, ...]:
    """Return the units that stand for those named now; a former one without an heir as it was."""
    return tuple(dict.fromkeys(code if code == WHOLE else city.heir(code) or code for code in codes))


_SAID_OTHERWISE = (
    rules.ORDERED,
    rules.NOT_KEPT,
    rules.OF_ONE_CASE,
    rules.TOLD_TO_A_LEADER,
    rules.PUT_ASIDE,
)


def _is_no_question(text: _Marked, before: Question | None) -> bool:
    """Tell whether somebody tells a trouble of their own, gives an order, or asks about one case."""
    goes_on = text.spoken_of or (before is not None and "@" not in text.text)
    if lexicon().citizens.search(text.text) or rules.FIRST_PERSON.search(text.text):
        return True
    if rules.ELSEWHERE.search(text.text):
        return True
    if any(pattern.search(text.text) for pattern in _SAID_OTHERWISE):
        return True
    if rules.URGED.search(text.text) and not rules.ASKED_FOR.search(text.text):
        return True
    if rules.POPULATION.search(text.text) and not (rules.SPOKEN.search(text.text) or goes_on):
        return True
    return bool(rules.ASKS_OF_ONE.search(text.text)) and not rules.COUNTED.search(text.text)


@dataclass(kw_only=True, slots=True)
class _Slots:
    """What a text alone says, before an earlier question fills what it leaves out."""

    metric: str | None = None
    named: bool = False
    period: Period | None = None
    group_by: GroupBy | None = None
    level: str | None = None
    order: Order | None = None
    limit: int | None = None
    compare: Literal["previous"] | None = None
    about: Literal["why", "hot"] | None = None
    asked: bool = False
    leans: bool = False


def _slots(text: _Marked, city: City, today: date, before: Question | None) -> _Slots | None:
    """Return what the text says; None where it says two things that do not go together."""
    slots = _Slots(metric=_metric(text))
    slots.named = slots.metric is not None
    changed = text.search(rules.CHANGED)
    if text.search(rules.ABOUT_WHY):
        slots.about = "why"
    elif text.search(rules.ABOUT_HOT):
        slots.about = "hot"
    if not _compare(text, slots, today, before):
        return None
    if not _group(text, slots, city):
        return None
    slots.leans = before is not None and _leans(text)
    if slots.leans and slots.metric == "received" and _is_vague(text):
        if before is None or before.metric in _NO_COUNTS:
            return None
        slots.metric, slots.named = None, False
    if not slots.leans:
        _take_default_metric(text, slots, changed is not None)
    _order(text, slots, before)
    if slots.about == "why":
        if slots.metric is None:
            return None
        slots.compare = "previous" if text.search(rules.WORSE_OR_BETTER) else None
    if slots.about == "hot":
        slots.group_by, slots.order = slots.group_by or "domain", slots.order or "desc"
        slots.limit = slots.limit if text.search(rules.TOP) else None
    return slots


def _leans(text: _Marked) -> bool:
    """Tell whether a text goes on from the question before: "còn tháng trước", "về rác thì sao"."""
    if text.spoken_of or rules.FOLLOWS.search(text.text) or rules.THEN_HOW_MANY.search(text.text):
        return True
    how = rules.THEN_HOW.search(text.text)
    return how is not None and (bool(how["then"]) or text.text.count("@") == 1)


def _is_vague(text: _Marked) -> bool:
    """Tell whether "bao nhiêu vụ" is all that is said of what to count."""
    asks = rules.VAGUE.search(text.text)
    if asks is None or (rules.OF_CASES.search(text.text) and not rules.THEN_HOW_MANY.search(text.text)):
        return False
    rest = f"{text.text[: asks.start()]} {text.text[asks.end() :]}"
    return not any(pattern.search(rest) for _, pattern in rules.METRICS)


def _metric(text: _Marked) -> str | None:
    found = None
    for metric, pattern in rules.METRICS:
        if text.search(pattern) and found is None:
            found = metric
    return found


def _take_default_metric(text: _Marked, slots: _Slots, changed: bool) -> None:
    """Choose the metric that is meant where none is named."""
    noun = text.search(rules.NOUN) is not None
    how, state = text.search(rules.HOW), text.search(rules.STATE)
    laid_out = slots.group_by is not None or slots.compare is not None or text.step is not None
    if slots.metric is not None:
        return
    if slots.about == "why":
        slots.metric = ("received" if noun else "on_time_rate") if changed else None
    elif slots.about == "hot":
        told = noun or laid_out or text.domains or rules.HOT_SPOT.search(text.text)
        slots.metric = "received" if told or re.search(r"\bgi\b", text.text) else None
    elif how or state:
        works = rules.WORK.search(text.text)
        if state or works or text.units or text.domains:
            slots.metric = "received" if noun and not works else "on_time_rate"
    elif _direction(text) in ("good", "bad") and slots.group_by:
        slots.metric = "on_time_rate"
    elif _is_about_reports(text, slots, noun and (laid_out or bool(rules.LISTED.search(text.text)))):
        slots.metric = "received"


def _is_about_reports(text: _Marked, slots: _Slots, told: bool) -> bool:
    """Tell whether the number of reports is meant: "phường nào nhiều rác nhất", "lĩnh vực nào nhiều nhất"."""
    compared = _direction(text) is not None and slots.group_by is not None
    return told or (compared and (bool(text.domains) or slots.group_by == "domain"))


def _direction(text: _Marked) -> rules.Direction | None:
    return next((name for name, pattern in rules.SUPERLATIVES if text.search(pattern)), None)


def _order(text: _Marked, slots: _Slots, before: Question | None) -> None:
    """Read which end of the list is asked for."""
    direction = _direction(text)
    if direction is None and slots.group_by and (slots.limit or len(text.units) > 1):
        direction = _comparative(text)
    if direction is None and slots.group_by in ("unit", "domain") and rules.ASKED_WHICH.search(text.text):
        direction = _plenty(text)
    if direction is None and (text.search(rules.TOP) or text.search(rules.RANKED)):
        direction = "most"
    if text.search(rules.ASCENDING):
        slots.order = "asc"
    elif text.search(rules.DESCENDING):
        slots.order = "desc"
    elif direction is not None or slots.limit is not None:
        asked_before = before.metric if before is not None else "received"
        slots.order = _ordered(text, slots.metric or asked_before, direction or "most")


def _plenty(text: _Marked) -> rules.Direction | None:
    if text.search(rules.MUCH):
        return "most"
    return "least" if text.search(rules.LITTLE) else None


def _comparative(text: _Marked) -> rules.Direction | None:
    signs: tuple[tuple[rules.Direction, re.Pattern[str]], ...] = (
        ("most", rules.MORE),
        ("least", rules.FEWER),
        ("good", rules.BETTER),
        ("bad", rules.WORSE),
    )
    return next((direction for direction, pattern in signs if text.search(pattern)), None)


def _ordered(text: _Marked, metric: str, direction: rules.Direction) -> Order:
    the_more_the_better = metric in _THE_MORE_THE_BETTER
    if metric == "median_hours" and (speed := rules.SLOW_OR_FAST.search(text.text)):
        return "asc" if speed["fast"] else "desc"
    if metric == "satisfaction" and rules.NEGATED.search(text.text):
        return "asc" if direction in ("most", "bad") else "desc"
    highest = {"most": True, "least": False, "good": the_more_the_better, "bad": not the_more_the_better}
    return "desc" if highest[direction] else "asc"


def _group(text: _Marked, slots: _Slots, city: City) -> bool:
    """Read what the figures are laid out by, and how many lines. False where two things are named."""
    unit, domain = text.search(rules.BY_UNIT), text.search(rules.BY_DOMAIN)
    top = text.search(rules.TOP)
    text.search(rules.DOMAIN_KIND)
    most = _direction(text) is not None or (len(text.units) > 1 and _comparative(text) is not None)
    if unit and domain:
        unit, domain = (
            (None, domain) if domain["each"] or (domain["asked"] and not unit["asked"]) else (unit, None)
        )
        if unit and domain is None and text.text.count(" nao") > 1:
            return False
    if unit:
        kind = unit["asked"] or unit["counted"] or unit["each"] or unit["many_of"] or ""
        slots.group_by, slots.level = "unit", _level(rules.LEVELS.get(kind), city)
        slots.limit = _limit(unit["count"], (unit["asked"] or unit["where"]) and not unit["many"], most)
    elif domain:
        slots.group_by = "domain"
        slots.limit = _limit(
            domain["count"], (domain["asked"] or domain["what"]) and not domain["many"], most
        )
    elif text.step is not None:
        slots.group_by = text.step
        if text.asks_when:
            if not most:
                return False
            slots.limit = 1
    elif rules.RANKED.search(text.text) and (kind_alone := text.search(rules.UNIT_KIND)):
        slots.group_by, slots.level = "unit", _level(rules.LEVELS.get(kind_alone["asked"]), city)
    elif most and (kind_alone := text.search(rules.UNIT_KIND)):
        slots.group_by, slots.limit = "unit", 1
        slots.level = _level(rules.LEVELS.get(kind_alone["asked"]), city)
    if text.search(rules.TREND) and slots.group_by is None:
        slots.group_by = "week"
    if (unit or domain) and text.step is not None:
        return False
    if text.search(rules.BETWEEN) and text.joined and slots.group_by is None:
        slots.group_by = "unit"
    elif text.joined and slots.group_by is None and _comparative(text):
        slots.group_by, slots.limit = "unit", 1
    if top and (top["count"] or top["only"]):
        slots.limit = int(top["count"] or top["only"])
    return slots.limit != 0


def _limit(count: str | None, one: Any, most: bool) -> int | None:
    if count:
        return int(count)
    return 1 if one and most else None


def _level(level: str | None, city: City) -> str | None:
    """Return the kind of unit meant; whoever still says districts where there are none means the wards."""
    if level == "district" and not any(unit.kind == "district" for unit in city.units.values()):
        return "ward"
    return level


def _compare(text: _Marked, slots: _Slots, today: date, before: Question | None) -> bool:
    """Read the time, and whether it is compared with the time before. False where that is another time."""
    found = text.search(rules.WITH_BEFORE)
    changes = text.search(rules.CHANGES)
    text.search(rules.BETWEEN)
    if found is None:
        if rules.BETWEEN.search(text.text) and len(text.periods) == 2:
            return _compared(slots, text.periods[0], text.periods[1])
        if len(text.periods) > 1:
            return False
        slots.period = text.periods[0] if text.periods else None
        if changes and not (text.joined and not re.search(r"\b(?:tang|giam)\b", changes.group())):
            slots.compare = "previous"
        return True
    slots.compare = "previous"
    with_period = "@p" in found.group()
    if not with_period:
        slots.period = text.periods[0] if len(text.periods) == 1 else None
        return len(text.periods) < 2 and not _is_year_before(found, slots.period)
    at = text.text[: found.end()].count("@p") - 1
    others = [period for number, period in enumerate(text.periods) if number != at]
    if len(others) > 1:
        return False
    if others:
        return _compared(slots, others[0], text.periods[at])
    kept = before.period if before is not None else None
    if kept is not None and _period_before(kept) == text.periods[at]:
        return True
    slots.period = _current(text.periods[at], today)
    return slots.period is not None


def _is_year_before(found: re.Match[str], period: Period | None) -> bool:
    """Tell whether the same time of last year is meant, which is not the time just before."""
    return "cung ky" in found.group() and (period is None or (period.last - period.first).days < 360)


def _compared(slots: _Slots, period: Period, other: Period) -> bool:
    first, last = sorted((period, other), key=lambda each: each.first)
    slots.period, slots.compare = last, "previous"
    return _period_before(last) == first or (
        first.last < last.first and _is_whole(first) and _current(first, last.first) == _whole(last, first)
    )


def _whole(period: Period, like: Period) -> Period | None:
    """Return the whole month, week, quarter or year of which a period is the part until today."""
    return (
        _current(like, period.last) if period.first == (_current(like, period.last) or like).first else None
    )


def _is_whole(period: Period) -> bool:
    return _after(period) is not None


def _period_before(period: Period) -> Period:
    """Return the time of the same kind just before: the week, month, quarter, year or as many days."""
    day = period.first - timedelta(days=1)
    for spans in (_weeks, _months, _quarters, _years):
        if spans(period.first) == period:
            return spans(day)
    return Period(first=day - (period.last - period.first), last=day)


def _after(period: Period) -> Period | None:
    day = period.last + timedelta(days=1)
    for spans in (this_day, _weeks, _months, _quarters, _years):
        if spans(period.first) == period:
            return spans(day)
    return None


def _current(period: Period, today: date) -> Period | None:
    """Return the present time of a kind when the one given is that just before; else None."""
    after = _after(period)
    return after if after is not None and after.first <= today <= after.last else None


def _weeks(day: date) -> Period:
    return week_of(day)


def _months(day: date) -> Period:
    return month_of(day)


def _quarters(day: date) -> Period:
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Period(first=first, last=month_of(first + timedelta(days=63)).last)


def _years(day: date) -> Period:
    return Period(first=date(day.year, 1, 1), last=date(day.year, 12, 31))


def _is_sure(text: _Marked, slots: _Slots, reader: _Reader, before: Question | None, *, marked: bool) -> bool:
    """Tell whether this is a question about figures, and whether all that it says was read."""
    follows = slots.leans or rules.ENDS_ASKING.search(text.text)
    laid_out = any((slots.group_by, slots.order, slots.limit, slots.compare, slots.about, text.step))
    slots.asked = bool(marked or laid_out or rules.ASKS.search(text.text) or (follows and before))
    for pattern in (rules.FOLLOWS, rules.WITHOUT_SENSE, rules.VAGUE, rules.THEN_HOW, lexicon().passed):
        text.search(pattern)
    left = text.left_over(lexicon().fillers)
    if slots.metric is None:
        says_something = laid_out or bool(text.units or text.domains or slots.period)
        alone = slots.compare is not None and not slots.group_by
        return not left and says_something and (before is not None or alone)
    if slots.order is not None and slots.group_by is None and before is None:
        return False
    heading = slots.metric in rules.BARE_METRICS or (slots.named and rules.HEADING.search(text.text))
    if not slots.asked and not (heading and not left):
        return False
    if slots.metric == "median_hours" and not _is_of_work(text, slots) and before is None:
        return False
    return not left


def _is_of_work(text: _Marked, slots: _Slots) -> bool:
    """Tell whether it is the work on cases that takes its time, and nothing else in the world."""
    return bool(slots.group_by or rules.WORK.search(text.text) or rules.NOUN.search(text.text))


def _question(text: _Marked, slots: _Slots, city: City, before: Question | None) -> Question:
    units = tuple(code for code in text.units if code != WHOLE) or (city.root.code,) * bool(text.units)
    alone = Question(
        understood=True,
        metric=slots.metric or "received",
        period=slots.period,
        units=units,
        domains=text.domains,
        group_by=slots.group_by,
        level=slots.level,
        order=slots.order,
        limit=slots.limit,
        compare=slots.compare,
        about=slots.about,
    )
    if before is None or not _is_follow_up(text, slots):
        return alone
    return _filled(alone, text, slots, before)


def _is_follow_up(text: _Marked, slots: _Slots) -> bool:
    if slots.metric is None or slots.leans:
        return True
    if not slots.named and slots.about is None and not (text.units or text.domains):
        return True
    named = text.units or text.domains or slots.period or slots.group_by
    return not named and not rules.NOUN.search(text.text) and len(text.text.split()) <= _FEW_WORDS


def _filled(alone: Question, text: _Marked, slots: _Slots, before: Question) -> Question:
    """Return the question with what it leaves out taken from the one before."""
    keeps_why = slots.metric is None and before.about == "why"
    filled = replace(
        alone,
        metric=slots.metric or before.metric,
        period=slots.period or before.period,
        units=alone.units if text.units else before.units,
        domains=alone.domains or before.domains,
        compare=slots.compare or (None if slots.period and not keeps_why else before.compare),
        about=slots.about or (before.about if slots.metric is None else None),
    )
    if slots.group_by is not None:
        return filled
    if slots.order is not None or slots.limit is not None:
        return replace(
            filled,
            group_by=before.group_by or "unit",
            level=before.level,
            limit=slots.limit or before.limit,
        )
    narrowed = (text.units and before.group_by == "unit") or (text.domains and before.group_by == "domain")
    if narrowed and WHOLE not in text.units:
        return filled
    return replace(
        filled, group_by=before.group_by, level=before.level, order=before.order, limit=before.limit
    )
