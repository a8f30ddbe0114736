"""The digest: at 07:30 of each working day, and of the week on its first working day; set with `/bantin`.

Every leader and every group gets one in its scope; chairs and officers may ask for theirs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers import access, cards, charts, figures_told, groups, looking_ahead, questions, texts
from handlers.channel import Button, OutboundMessage
from handlers.figures_asked import Answered, Row, Scope, answer, counted_under
from handlers.turn import Handler, Turn
from routing import when
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from routing.question import Question
from routing.risk import Colour
from routing.vietnamese import strip_accents
from routing.when import Period
from storage import digests, figures_asked, messages, people, seals
from storage import groups as stored_groups
from storage.database import Transaction
from storage.digests import DAILY_MINUTE, PARTS, Digest

_Key = tuple[tuple[str, ...], tuple[str, ...], bool]
AT_ONCE = 20
"""Digests of one batch."""
LATEST = timedelta(hours=9)
"""How long after its time a digest is still worth sending; later the next one tells it."""
WORST = 5
_EARLIEST, _LATEST_MINUTE = 6 * 60, 21 * 60
_TIMES = (7 * 60, DAILY_MINUTE, 8 * 60, 16 * 60 + 30)
_TIME = re.compile(r"\b(\d{1,2})(?:[:hg.](\d{2})?)?\b")


# ── when ─────────────────────────────────────────────────────────────────────────────────────────


def next_time(city: City, setting: Digest, now: datetime) -> datetime | None:
    """Return when a chat gets its next digest; None while both are off.

    Daily ones come on working days; the week's alone on the first working day of each week.
    """
    if not (setting.daily or setting.weekly):
        return None
    day = now.astimezone(LOCAL_TIME).date()
    for _ in range(60):
        if _time_on(setting, day) > now and is_day(city, setting, day) and setting.sent_until != day:
            return _time_on(setting, day)
        day += timedelta(days=1)
    return None


def _time_on(setting: Digest, day: date) -> datetime:
    return datetime.combine(day, time(setting.minute // 60, setting.minute % 60), LOCAL_TIME)


def is_day(city: City, setting: Digest, day: date) -> bool:
    """Tell whether a chat gets a digest on a day."""
    if not city.calendar.is_working_day(day):
        return False
    return setting.daily or is_first_of_week(city, day)


def is_first_of_week(city: City, day: date) -> bool:
    """Tell whether a day is the first working day of its week."""
    monday = when.week_of(day).first
    earlier = (monday + timedelta(days=number) for number in range((day - monday).days))
    return city.calendar.is_working_day(day) and not any(map(city.calendar.is_working_day, earlier))


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


async def send(transaction: Transaction, city: City, now: datetime) -> int:
    """Send what is due: a job of the clock. Who should get one and never did is taken in first."""
    new = await digests.without(transaction, now=now)
    for each in new:
        digests.save(transaction, replace(each, next_at=next_time(city, each, now)))
    if new:
        await transaction.flush()
    due = await digests.due(transaction, now=now, limit=AT_ONCE)
    composed: dict[_Key, OutboundMessage] = {}
    for each in due:
        await _send_one(transaction, city, each, composed, now)
    return len(new) + len(due)


async def _send_one(
    transaction: Transaction,
    city: City,
    setting: Digest,
    composed: dict[_Key, OutboundMessage],
    now: datetime,
) -> None:
    scope = await _scope_of(transaction, city, setting, now)
    day = now.astimezone(LOCAL_TIME).date()
    in_time = _time_on(setting, day) <= now <= _time_on(setting, day) + LATEST
    if scope and in_time and is_day(city, setting, day) and setting.sent_until != day:
        for weekly in _kinds(city, setting, day):
            key = (scope.units, setting.parts, weekly)
            if key not in composed:  # all leaders read the same
                composed[key] = await compose(
                    transaction, city, setting, scope, day=day, weekly=weekly, now=now
                )
            _post(transaction, setting, composed[key], f"{day}:{'week' if weekly else 'day'}", now)
        setting = replace(setting, sent_until=day)
    digests.save(transaction, replace(setting, next_at=next_time(city, setting, now)))


def _kinds(city: City, setting: Digest, day: date) -> list[bool]:
    """Return which digests a day has: False for the day's, True for the week's."""
    weekly = [True] if setting.weekly and is_first_of_week(city, day) else []
    return [*weekly, *([False] if setting.daily else [])]


def _post(
    transaction: Transaction, setting: Digest, message: OutboundMessage, which: str, now: datetime
) -> None:
    messages.post_notice(
        transaction,
        channel=setting.channel,
        chat=setting.chat,
        message=message.as_dict(),
        at=now,
        dedupe_key=f"digest:{setting.channel}:{setting.chat}:{which}",
        urgency=messages.TO_MANY,
    )


async def _scope_of(transaction: Transaction, city: City, setting: Digest, now: datetime) -> Scope | None:
    """Return whose figures a chat gets; None when its person holds no post any more, or the group is gone."""
    if setting.group_id is not None:
        group = await stored_groups.get_group(transaction, setting.group_id)
        there = group is not None and group.status == stored_groups.ACTIVE
        return Scope(units=tuple(groups.scope_of(city, group))) if there and group is not None else None
    person = await people.get_person(transaction, setting.person_id or 0, now=now)
    units = access.units_with_figures(person, city) if person is not None else ()
    return Scope(units=units) if units else None


# ── what it tells ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What one digest is made of."""

    transaction: Transaction
    city: City
    scope: Scope
    now: datetime
    period: Period

    async def figures(self, **question: Any) -> Answered:
        asked = Question(understood=True, period=self.period, units=self._units(), **question)
        return await answer(self.transaction, self.city, asked, scope=self.scope, now=self.now)

    def _units(self) -> tuple[str, ...]:
        return self.scope.units


async def compose(
    transaction: Transaction,
    city: City,
    setting: Digest,
    scope: Scope,
    *,
    day: date,
    weekly: bool,
    now: datetime,
) -> OutboundMessage:
    """Return the digest of a day: what came and was solved since the last one, and what is red now.

    weekly: of the week before instead of the days since the last working day.
    """
    period = _period(city, day, weekly=weekly)
    told = _Told(transaction=transaction, city=city, scope=scope, now=now, period=period)
    total = (await told.figures(metric="received", compare="previous" if weekly else None)).total
    late = await told.figures(metric="overdue", group_by="unit")
    lines = [texts.digest_heading(weekly=weekly, names=_names(city, scope), period=_span(period))]
    if "new" in setting.parts:
        lines.append(texts.digest_new(count=total.figures.received, before=total.previous))
    if "solved" in setting.parts:
        lines.append(_solved(total))
    if "red" in setting.parts:
        lines += await _red(told, late, total)
    if "seal" in setting.parts and scope.sees_city(city):
        last = await seals.latest(transaction)
        lines += [texts.figures_seal(day=last.day, root=last.shown)] if last else []
    picture = None
    if "picture" in setting.parts:
        picture = await _heat(told) if weekly else _picture(city, late)
    return OutboundMessage(text="\n".join(lines), buttons=_buttons(city, scope, period), drawing=picture)


def _period(city: City, day: date, *, weekly: bool) -> Period:
    """Return the days that a digest tells of: last week, or those from the last working day on."""
    if weekly:
        return when.week_of(day - timedelta(days=7))
    first = day - timedelta(days=1)
    while not city.calendar.is_working_day(first) and (day - first).days < 15:
        first -= timedelta(days=1)
    return Period(first=first, last=day - timedelta(days=1))


def _span(period: Period) -> str:
    return figures_told.period_name(period)


def _names(city: City, scope: Scope) -> Sequence[str]:
    return [cards.unit_name(city, code) for code in scope.units]


def _solved(total: Row) -> str:
    found = total.figures
    return texts.digest_solved(
        answered=found.answered,
        on_time=found.on_time,
        late=found.late,
        late_with_extension=found.late_with_extension,
    )


async def _red(told: _Told, late: Answered, total: Row) -> list[str]:
    found = total.figures
    likely = await _likely_late(told)
    lines = [texts.digest_red(overdue=found.overdue, at_risk=found.at_risk, likely=likely)]
    worst = [row for row in late.rows if row.figures.overdue][:WORST]
    lines += [
        texts.digest_worst(name=cards.unit_name(told.city, row.key), overdue=row.figures.overdue)
        for row in worst
    ]
    return lines


async def _likely_late(told: _Told) -> int:
    counted = counted_under(told.city, told.scope.units)
    found = await looking_ahead.at_risk_of(
        told.transaction, told.city, unit_codes=counted.units if counted else None, now=told.now
    )
    return sum(each.colour == Colour.RED for each in found)


def _picture(city: City, late: Answered) -> dict[str, Any] | None:
    rows = [
        (
            cards.unit_name(city, row.key),
            {
                "overdue": row.figures.overdue,
                "at_risk": row.figures.at_risk,
                "on_track": row.figures.on_track,
            },
        )
        for row in late.rows
        if row.figures.open
    ]
    if len(rows) < 2:
        return None
    return charts.bars_by_unit(texts.digest_picture_title(), rows)


async def _heat(told: _Told) -> dict[str, Any] | None:
    """Return the picture of the week: what is overdue, by unit and domain; None where nothing is."""
    city = told.city
    hidden = [domain.id for domain in city.domains.values() if domain.restricted]
    found = await figures_asked.overdue_cells(told.transaction, now=told.now, hidden=hidden)
    cells: dict[tuple[str, str], float | None] = {
        (cards.unit_name(city, unit), cards.domain_name(city, domain)): float(count)
        for (unit, domain), count in found.items()
        if unit is not None and told.scope.sees(city, unit)
    }
    if not cells:
        return None
    names = sorted({unit for unit, _ in cells}, key=lambda name: (-_sum(cells, 0, name), name))
    domains = sorted({domain for _, domain in cells}, key=lambda name: (-_sum(cells, 1, name), name))
    return charts.heat(texts.digest_heat_title(), names, domains, cells)


def _sum(cells: Mapping[tuple[str, str], float | None], place: int, name: str) -> float:
    return sum(count or 0 for key, count in cells.items() if key[place] == name)


def _buttons(city: City, scope: Scope, period: Period) -> tuple[tuple[Button, ...], ...]:
    unit = scope.units[0]
    overdue = Question(understood=True, metric="overdue")
    data = questions.behind_data(overdue, period, unit)
    ask = Button(label=texts.label_ask_figures(), data="hoi:")
    behind = (Button(label=texts.label_overdue_cases(), data=data),) if cards.fits(data) else ()
    return ((*behind, ask),)


# ── setting it ───────────────────────────────────────────────────────────────────────────────────


async def show(turn: Turn, argument: str) -> None:
    """`/bantin`: show how this chat's digest is set; `/bantin 8:00`, `/bantin tắt`, `/bantin bật` set it."""
    setting = await _setting(turn)
    if setting is None:
        return
    words = argument.strip()
    if not words:
        _say(turn, setting)
    elif (changed := _read(setting, words)) is not None:
        _save(turn, changed)
    else:
        turn.say(texts.digest_not_understood(query=texts.excerpt(words, 40)), buttons=_choices(setting))


async def press(turn: Turn, argument: str) -> None:
    """Change one thing of this chat's digest: `daily`, `weekly`, a part, or the minute; `now` shows it."""
    setting = await _setting(turn)
    if setting is None:
        return
    if argument == "now":
        await _preview(turn, setting)
    elif (changed := _changed(setting, argument)) is not None:
        _save(turn, changed)
    else:
        turn.say(texts.stale_button())


async def _setting(turn: Turn) -> Digest | None:
    """Return this chat's digest, the usual one where there is none; otherwise say who may set it."""
    group = await groups.group_here(turn) if turn.chat.group else None
    own = access.units_with_figures(turn.person, turn.city)
    leads = "leader" in turn.person.roles or (group is not None and group.created_by == turn.person.id)
    if not own or (turn.chat.group and (group is None or not leads)):
        turn.say(texts.digest_refused() if own else texts.figures_only_for_officials())
        return None
    known = await digests.get(turn.transaction, turn.chat.channel, turn.chat.chat)
    return known or Digest(
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        person_id=None if group else turn.person.id,
        group_id=group.id if group else None,
        daily=bool(group) or "leader" in turn.person.roles,
        weekly=bool(group) or "leader" in turn.person.roles,
    )


def _read(setting: Digest, words: str) -> Digest | None:
    plain = strip_accents(words).lower()
    if plain in ("tat", "thoi", "off", "dung"):
        return replace(setting, daily=False, weekly=False)
    if plain in ("bat", "on", "mo"):
        return replace(setting, daily=True, weekly=True)
    found = _TIME.search(plain)
    if found is None:
        return None
    minute = int(found[1]) * 60 + int(found[2] or 0)
    valid = int(found[2] or 0) < 60 and _EARLIEST <= minute <= _LATEST_MINUTE
    return replace(setting, minute=minute) if valid else None


def _changed(setting: Digest, argument: str) -> Digest | None:
    if argument == "daily":
        return replace(setting, daily=not setting.daily)
    if argument == "weekly":
        return replace(setting, weekly=not setting.weekly)
    if argument in PARTS:
        kept = {*setting.parts} ^ {argument}
        return replace(setting, parts=tuple(part for part in PARTS if part in kept))
    if argument.isascii() and argument.isdecimal() and int(argument) in _TIMES:
        return replace(setting, minute=int(argument))
    return None


def _save(turn: Turn, setting: Digest) -> None:
    setting = replace(setting, next_at=next_time(turn.city, setting, turn.now))
    digests.save(turn.transaction, setting)
    _say(turn, setting)


def _say(turn: Turn, setting: Digest) -> None:
    on = setting.daily or setting.weekly
    turn.say(
        texts.digest_setting(
            daily=setting.daily,
            weekly=setting.weekly,
            clock=f"{setting.minute // 60:02}:{setting.minute % 60:02}",
            parts=[texts.digest_part(part=part) for part in setting.parts],
            next_at=next_time(turn.city, setting, turn.now) if on else None,
        ),
        buttons=_choices(setting),
        spends=True,
    )


def _choices(setting: Digest) -> list[list[Button]]:
    switches = [
        Button(label=texts.label_digest_daily(on=setting.daily), data="digest:daily"),
        Button(label=texts.label_digest_weekly(on=setting.weekly), data="digest:weekly"),
    ]
    times = [
        Button(label=f"{minute // 60:02}:{minute % 60:02}", data=f"digest:{minute}")
        for minute in _TIMES
        if minute != setting.minute
    ]
    parts = [
        Button(label=texts.label_digest_part(part=part, on=part in setting.parts), data=f"digest:{part}")
        for part in PARTS
    ]
    preview = [Button(label=texts.label_digest_now(), data="digest:now")]
    return [switches, times, parts, preview]


async def _preview(turn: Turn, setting: Digest) -> None:
    scope = await _scope_of(turn.transaction, turn.city, setting, turn.now)
    if scope is None:
        turn.say(texts.digest_refused())
        return
    day = turn.now.astimezone(LOCAL_TIME).date()
    message = await compose(turn.transaction, turn.city, setting, scope, day=day, weekly=False, now=turn.now)
    turn.tell(turn.address, replace(message, topic=turn.message.topic))


COMMANDS: dict[str, Handler] = {"/bantin": show}
BUTTONS: dict[str, Handler] = {"digest": press}
STEPS: dict[str, Handler] = {}
GROUP_BUTTONS = ("digest",)
