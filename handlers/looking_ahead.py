"""Looking ahead: which open cases are likely to be late, and what rises in a ward as it never did."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from handlers import access, cards, charts, notices, texts
from handlers.alarms import Later
from handlers.channel import Button, OutboundMessage
from handlers.turn import Handler, Turn
from routing import deadline, risk, unusual
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import City
from routing.risk import NOTHING_KNOWN, Colour, Pace, Tally
from routing.unusual import Rise
from storage import looking_ahead, messages, people, units
from storage.cases import Case
from storage.database import Transaction
from storage.looking_ahead import KeptRise, OpenCase

PAGE = 8
"""Cases on one page."""
LEARNT, WATCHED = "pace_learnt", "rises_watched"
"""The settings that hold the pace as it was learnt last, and how far days are counted and looked at."""
LEARN_FROM = timedelta(days=365)
COUNT_AGAIN = timedelta(days=7)
"""How old what was counted of a unit may be."""
MOST_HANDLED = 1500
"""So many answers of a unit are counted at most, the latest."""
DAYS_CORRECTED = 7
"""For so many days a domain or a ward may still be corrected: they are counted again every night."""
CODES_SHOWN = 5
CASES_OF_RISE = 200
_AT_ONCE = 250
_COLOURS = (Colour.RED, Colour.ORANGE, Colour.GREEN, Colour.GREY)


# ── cases that may miss their deadline ───────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class AtRisk:
    """An open case whose deadline is still to come, and the chance that it is missed."""

    case_id: int
    code: str
    unit: str
    domain: str
    due_at: datetime
    chance: float
    colour: Colour


async def at_risk_of(
    transaction: Transaction,
    city: City,
    *,
    unit_codes: Collection[str] | None,
    now: datetime,
    restricted_of: Collection[str] | None = (),
) -> list[AtRisk]:
    """Return what is to be expected of every open case that is not late yet, the likeliest to be first.

    unit_codes: of these units alone, None for the whole city. Cases of restricted domains are left out but
    for the units in restricted_of (None: none is left out): what goes to a group must name nobody there.
    """
    pace = await _pace(transaction)
    hidden = {domain.id for domain in city.domains.values() if domain.restricted}
    known = await looking_ahead.open_cases(transaction, unit_codes)
    there = Counter(each.handling.unit for each in known)
    found: list[AtRisk] = []
    for start in range(0, len(known), _AT_ONCE):
        for each in known[start : start + _AT_ONCE]:
            handling = each.handling
            shown = restricted_of is None or handling.unit in restricted_of or handling.domain not in hidden
            if shown and (foretold := _foretell(city, pace, each, there[handling.unit], now)):
                found.append(foretold)
        await asyncio.sleep(0)
    return sorted(found, key=_worst_first)


def _worst_first(each: AtRisk) -> tuple[bool, float, datetime, str]:
    return each.colour == Colour.GREY, -each.chance, each.due_at, each.code


def _foretell(city: City, pace: Pace, case: OpenCase, there: int, now: datetime) -> AtRisk | None:
    handling = case.handling
    if (handling.paused_at or now) > handling.due_at:
        return None
    until = risk.gone(city.calendar, handling, now)
    chance = pace.chance(
        handling.unit, handling.domain, until, accepted=handling.accepted_at is not None, there=there
    )
    return AtRisk(
        case_id=case.id,
        code=case.code,
        unit=handling.unit,
        domain=handling.domain,
        due_at=handling.due_at,
        chance=round(chance, 4),
        colour=pace.colour(handling.unit, chance),
    )


async def _pace(transaction: Transaction) -> Pace:
    learnt = await units.get_setting(transaction, LEARNT)
    return Pace.from_dict(learnt["pace"]) if learnt else NOTHING_KNOWN


async def show(turn: Turn, argument: str) -> None:
    """`/sapcham`: the open cases of the writer's units that may be late, the likeliest first."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    own = access.unit_for_figures(turn.person, turn.city)
    if own is None:
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))
        return
    everything = access.sees_city(turn.person)
    found = await at_risk_of(
        turn.transaction,
        turn.city,
        unit_codes=None if everything else access.units_seen(turn.person, turn.city),
        now=turn.now,
        restricted_of=None if everything else [post.unit_code for post in turn.person.posts],
    )
    _say(turn, own, found, argument)


def _say(turn: Turn, own: str, found: Sequence[AtRisk], argument: str) -> None:
    counts = {colour.value: sum(each.colour == colour for each in found) for colour in _COLOURS}
    listed = [each for each in found if each.colour in (Colour.RED, Colour.ORANGE)]
    unit = cards.unit_name(turn.city, own)
    if not listed:
        turn.say(texts.nothing_at_risk(unit=unit, counts=counts))
        return
    first = _page_start(argument, len(listed))
    page = listed[first : first + PAGE]
    several = len({each.unit for each in found}) > 1
    lines = [
        texts.at_risk_line(
            number=number,
            code=each.code,
            domain=cards.domain_name(turn.city, each.domain),
            unit=cards.unit_name(turn.city, each.unit) if several else "",
            due_at=each.due_at,
            colour=each.colour,
            chance=each.chance,
        )
        for number, each in enumerate(page, start=first + 1)
    ]
    heading = texts.at_risk_summary(unit=unit, counts=counts, shown=len(page), first=first + 1)
    turn.say(
        "\n".join([heading, *lines]),
        buttons=[*_card_buttons([each.code for each in page]), *_pages("atrisk:", first, len(listed))],
        drawing=_bars(turn.city, found, counts) if several and not first else None,
    )


def _bars(city: City, found: Sequence[AtRisk], counts: Mapping[str, int]) -> dict[str, Any]:
    parts = {
        Colour.RED: "likely_late",
        Colour.ORANGE: "uncertain",
        Colour.GREEN: "likely_on_time",
        Colour.GREY: "unknown",
    }
    by_unit: dict[str, Counter[str]] = {}
    for each in found:
        by_unit.setdefault(each.unit, Counter())[parts[each.colour]] += 1
    return charts.bars_by_unit(
        texts.at_risk_chart_title(count=counts[Colour.RED]),
        [(cards.unit_name(city, unit), counted) for unit, counted in by_unit.items()],
        note=texts.at_risk_chart_note(),
    )


def _card_buttons(codes: Sequence[str]) -> list[list[Button]]:
    buttons = [Button(label=code, data=f"card:{code}") for code in codes]
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


def _pages(prefix: str, first: int, count: int) -> list[list[Button]]:
    row = []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"{prefix}{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"{prefix}{first + PAGE}"))
    return [row] if row else []


def _page_start(argument: str, count: int) -> int:
    offset = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 10 else 0
    return offset if offset < count else max(0, (count - 1) // PAGE * PAGE)


# ── learning how quickly units answer ────────────────────────────────────────────────────────────


async def learn_pace(transaction: Transaction, city: City, now: datetime) -> int | Later:
    """Count anew, unit by unit, how quickly cases are answered; learn once a day what is to be expected."""
    today = now.astimezone(LOCAL_TIME).date().isoformat()
    learnt = await units.get_setting(transaction, LEARNT)
    if learnt and learnt["day"] == today:
        return 0
    since = now - LEARN_FROM
    if unit := await looking_ahead.unit_to_count(transaction, since=since, before=now - COUNT_AGAIN):
        handlings = await looking_ahead.handled(transaction, unit, since=since, limit=MOST_HANDLED)
        if len(handlings) >= MOST_HANDLED:
            since = min(each.ended_at or now for each in handlings)
        since = max(since, min(each.began_at for each in handlings)) if handlings else since
        return Later(
            find=partial(risk.tally, city.calendar, handlings, since=since, now=now),
            note=partial(_note_counts, unit=unit, now=now),
        )
    counts = await looking_ahead.all_counts(transaction)
    return Later(find=partial(_learnt, counts), note=partial(_note_pace, day=today))


async def _note_counts(transaction: Transaction, found: Tally, *, unit: str, now: datetime) -> int:
    looking_ahead.save_counts(transaction, unit, found.as_dict(), at=now)
    return 1


def _learnt(counts: Mapping[str, str]) -> Pace:
    return risk.learn({unit: Tally.from_dict(json.loads(written)) for unit, written in counts.items()})


async def _note_pace(transaction: Transaction, found: Pace, *, day: str) -> int:
    await units.set_setting(transaction, LEARNT, {"day": day, "pace": found.as_dict()})
    return 0


# ── what rises unusually ─────────────────────────────────────────────────────────────────────────


async def watch(transaction: Transaction, city: City, now: datetime) -> int | Later:
    """Count the days that are not counted yet, one in each batch; then look once an hour for what rises.

    At night days are counted and nobody is told anything.
    """
    local = now.astimezone(LOCAL_TIME)
    state = await _begun(transaction, local)
    day = date.fromisoformat(state["next"])
    if day <= local.date():
        await looking_ahead.count_day(
            transaction, day, start=midnight(day), end=midnight(day + timedelta(days=1))
        )
        state["next"] = (day + timedelta(days=1)).isoformat()
        await units.set_setting(transaction, WATCHED, state)
        return 1
    if state.get("looked") == state["hour"] or deadline.in_quiet_hours(now):
        return 0
    first = local.date() - timedelta(days=unusual.HISTORY_DAYS)
    await looking_ahead.forget_days(transaction, first)
    counted = await looking_ahead.days_counted(transaction, first)
    lasting = await looking_ahead.lasting_rises(transaction)
    return Later(
        find=partial(
            _rises, city, counted, [(each.unit_code, each.domain) for each in lasting], local.date()
        ),
        note=partial(_note_rises, city=city, now=now, state={**state, "looked": state["hour"]}),
    )


async def _begun(transaction: Transaction, local: datetime) -> dict[str, Any]:
    """Return how far days are counted; with each hour today is counted again, with each day the last ones."""
    hour, today = f"{local:%Y-%m-%dT%H}", local.date()
    state: dict[str, Any] = dict(await units.get_setting(transaction, WATCHED) or {})
    if state.get("hour") == hour:
        return state
    if "next" not in state:
        received = await looking_ahead.first_received(transaction)
        earliest = received.astimezone(LOCAL_TIME).date() if received else today
        first = max(earliest, today - timedelta(days=unusual.HISTORY_DAYS))
    else:
        same_day = str(state["hour"]).startswith(today.isoformat())
        again = today if same_day else today - timedelta(days=DAYS_CORRECTED)
        first = min(again, date.fromisoformat(state["next"]))
    return {**state, "hour": hour, "next": first.isoformat()}


def _rises(
    city: City, counted: Mapping[date, str], lasting: Sequence[unusual.Cell], today: date
) -> list[Rise]:
    """Find what is unusual; restricted domains are not even counted, so that nobody hears of them."""
    counts = unusual.counts_of(
        {day: json.loads(written) for day, written in counted.items()},
        units=_units_of_wards(city),
        domains=[domain.id for domain in city.domains.values() if not domain.restricted],
        today=today,
    )
    return unusual.find(counts, city.calendar, lasting=lasting)


def _units_of_wards(city: City) -> dict[str, str]:
    """Return today's unit of each ward's code, also of former ones."""
    codes = {unit.ward_code for unit in city.units.values() if unit.ward_code}
    return {code: unit.code for code in sorted(codes) if (unit := city.ward_unit(code)) is not None}


async def _note_rises(
    transaction: Transaction, found: Sequence[Rise], *, city: City, now: datetime, state: dict[str, Any]
) -> int:
    """Tell of what is new, note what still lasts and what is over."""
    today = now.astimezone(LOCAL_TIME).date()
    await units.set_setting(transaction, WATCHED, state)
    rises = {(each.unit, each.domain): each for each in found}
    lasting = {(each.unit_code, each.domain): each for each in await looking_ahead.lasting_rises(transaction)}
    for cell, kept in lasting.items():
        if cell in rises:
            looking_ahead.note_lasting(transaction, kept.id, last_day=today)
        else:
            looking_ahead.note_over(transaction, kept.id, at=now)
    new = [each for cell, each in rises.items() if each.alarming and cell not in lasting]
    for each in new:
        await _tell(transaction, city, each, now)
    return len(new)


async def _tell(transaction: Transaction, city: City, found: Rise, now: datetime) -> None:
    """Tell the leaders and the ward's chair, each once, with the cases that they may see."""
    today = now.astimezone(LOCAL_TIME).date()
    rise_id = looking_ahead.add_rise(
        transaction,
        unit_code=found.unit,
        domain=found.domain,
        first_day=found.first_day,
        last_day=today,
        people=found.people,
        expected=found.expected,
        noticed_at=now,
    )
    cases = await _cases_of(
        transaction, city, unit=found.unit, domain=found.domain, first=found.first_day, last=today
    )
    leaders = await people.officials_by_role(transaction, "leader", now=now)
    chairs = await people.officials_of(transaction, found.unit, now=now, roles=("chair",))
    told = {leader.person_id for leader in leaders}
    for official in [*leaders, *(chair for chair in chairs if chair.person_id not in told)]:
        seen = [
            case
            for case in cases
            if official.role == "leader" or access.unit_sees(city, official.unit_code, case)
        ]
        message = _message(city, found, rise_id, [case.code for case in seen])
        key = f"rise:{rise_id}"
        notices.post_to(transaction, [official], message, now=now, dedupe_key=key, urgency=messages.TO_MANY)


def _message(city: City, found: Rise, rise_id: int, codes: Sequence[str]) -> OutboundMessage:
    ward, domain = cards.unit_name(city, found.unit), cards.domain_name(city, found.domain)
    text = texts.rise_noticed(
        ward=ward,
        domain=domain,
        people=found.people,
        days=found.window,
        usual=found.expected,
        codes=codes[:CODES_SHOWN],
        more=max(0, len(codes) - CODES_SHOWN),
    )
    drawing = charts.trend(
        texts.rise_chart_title(ward=ward, domain=domain),
        [(f"{day.day:%d/%m}", day.people) for day in found.days],
        before=[(f"{day.day:%d/%m}", day.most) for day in found.days],
        names=texts.rise_chart_names(),
        unit=texts.rise_chart_unit(),
    )
    button = Button(label=texts.label_rise_cases(), data=f"rise:{rise_id}")
    return OutboundMessage(text=text, buttons=((button,),), drawing=drawing)


async def _cases_of(
    transaction: Transaction, city: City, *, unit: str, domain: str, first: date, last: date
) -> list[Case]:
    return await looking_ahead.cases_of_rise(
        transaction,
        wards=[code for code, known in _units_of_wards(city).items() if known == unit],
        domain=domain,
        start=midnight(first),
        end=midnight(last + timedelta(days=1)),
        limit=CASES_OF_RISE,
    )


async def show_rise(turn: Turn, argument: str) -> None:
    """Show the cases of a rise that was told, as far as whoever asks may see them: `ID` or `ID:offset`."""
    number, _, offset = argument.partition(":")
    known = number.isascii() and number.isdecimal() and len(number) < 20
    kept = await looking_ahead.get_rise(turn.transaction, int(number)) if known else None
    if turn.chat.group or kept is None or not _may_know(turn, kept):
        turn.say(texts.only_in_private() if turn.chat.group else texts.stale_button())
        return
    cases = await _cases_of(
        turn.transaction,
        turn.city,
        unit=kept.unit_code,
        domain=kept.domain,
        first=kept.first_day,
        last=kept.last_day,
    )
    _say_cases(
        turn, kept, [case for case in cases if access.may(turn.person, turn.city, "see", case)], offset
    )


def _may_know(turn: Turn, kept: KeptRise) -> bool:
    return access.sees_figures(turn.person, turn.city, kept.unit_code)


def _say_cases(turn: Turn, kept: KeptRise, seen: Sequence[Case], offset: str) -> None:
    ward, domain = cards.unit_name(turn.city, kept.unit_code), cards.domain_name(turn.city, kept.domain)
    if not seen:
        turn.say(texts.rise_without_cases(ward=ward, domain=domain))
        return
    first = _page_start(offset, len(seen))
    page = seen[first : first + PAGE]
    lines = [
        texts.rise_case_line(
            number=number,
            code=case.code,
            place=case.street or "",
            status=texts.case_status(status=case.status),
            received_at=case.received_at,
        )
        for number, case in enumerate(page, start=first + 1)
    ]
    text = texts.rise_cases(
        ward=ward, domain=domain, first=kept.first_day, last=kept.last_day, lines=lines, count=len(seen)
    )
    rows = [*_card_buttons([case.code for case in page]), *_pages(f"rise:{kept.id}:", first, len(seen))]
    turn.say(text, buttons=rows)


COMMANDS: dict[str, Handler] = {"/sapcham": show}
BUTTONS: dict[str, Handler] = {"atrisk": show, "rise": show_rise}
STEPS: dict[str, Handler] = {}
