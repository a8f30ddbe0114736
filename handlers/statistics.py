"""Figures for leaders and chairs: the same numbers in chat and on the command line."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from handlers import access, cards, texts, unit_search
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing import when
from routing.deadline import LOCAL_TIME
from routing.organisation import City, slugify
from routing.when import Period
from storage import figures
from storage.database import Transaction
from storage.figures import Figures

USUAL_DAYS = 30
LINES = 12
"""How many units or domains a message shows."""
_NUMBERS = (
    "received",
    "answered",
    "on_time",
    "late",
    "late_with_extension",
    "on_track",
    "at_risk",
    "overdue",
    "reopened",
    "returned",
    "rejected",
)
_LINE = ("received", "on_time", "late", "late_with_extension", "on_track", "at_risk", "overdue")
_NOISE = frozenset(
    ["cua", "ve", "theo", "tai", "o", "trong", "so", "lieu", "thong", "ke", "toan", "thanh", "pho"]
)


# ── the figures ──────────────────────────────────────────────────────────────────────────────────


async def collect(
    transaction: Transaction,
    city: City,
    *,
    start: date | None,
    end: date | None,
    unit: str | None,
    domain: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the figures of a unit with all below it, in total, by unit and by domain, as JSON-able data.

    start and end: local days, both included; the last 30 days by default. unit: a code, the whole city by
    default. By unit, each unit directly below counts with its own subtree; code None stands for cases that
    no unit has yet. Lists are sorted worst first. Open cases are counted as of now.
    """
    last = end or _local_day(now)
    first = start or last - timedelta(days=USUAL_DAYS - 1)
    scope = city.units[unit] if unit else city.root
    within = None if scope.code == city.root.code else city.subtree(scope.code)
    by_unit = await _grouped(transaction, first, last, now, within, domain, "unit")
    by_domain = await _grouped(transaction, first, last, now, within, domain, "domain")
    return {
        "unit": {"code": scope.code, "name": scope.name},
        "domain": domain,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "as_of": now.astimezone(LOCAL_TIME).isoformat(timespec="seconds"),
        "total": _numbers(sum(by_domain.values(), Figures())),
        "by_unit": _ranked(
            {"code": code, "name": cards.unit_name(city, code) or texts.no_unit_yet(), **_numbers(found)}
            for code, found in _by_child(city, scope.code, by_unit).items()
        ),
        "by_domain": _ranked(
            {"code": code, "name": cards.domain_name(city, code or ""), **_numbers(found)}
            for code, found in by_domain.items()
        ),
    }


async def _grouped(
    transaction: Transaction,
    first: date,
    last: date,
    now: datetime,
    within: Collection[str] | None,
    domain: str | None,
    group_by: figures.GroupBy,
) -> dict[str | None, Figures]:
    return await figures.figures(
        transaction,
        start=_midnight(first),
        end=_midnight(last + timedelta(days=1)),
        now=now,
        unit_codes=within,
        domain=domain,
        group_by=group_by,
    )


def _by_child(city: City, scope: str, by_unit: Mapping[str | None, Figures]) -> dict[str | None, Figures]:
    """Add up what lies below each unit directly under the scope."""
    found: dict[str | None, Figures] = {}
    for code, counted in by_unit.items():
        path = [unit.code for unit in city.path(code)] if code else []
        below = path[path.index(scope) + 1 :] if scope in path else []
        child = below[0] if below else code
        found[child] = found.get(child, Figures()) + counted
    return found


def _numbers(found: Figures) -> dict[str, Any]:
    counted = asdict(found)
    rating = None if found.rating is None else round(found.rating, 2)
    return {**{name: counted[name] for name in _NUMBERS}, "open": found.open, "rating": rating}


def _ranked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort worst first: by what is overdue, then late, then at risk; never by a sum of these."""
    return sorted(rows, key=lambda row: (-row["overdue"], -row["late"], -row["at_risk"], row["name"]))


def as_table(found: Mapping[str, Any]) -> str:
    """Return the figures as a plain table for a terminal."""
    about = f", {found['domain']}" if found["domain"] else ""
    lines = [f"{found['unit']['name']}{about}: {found['from']} to {found['to']} (open cases as of now)", ""]
    columns = [*_NUMBERS, "rating"]
    widths = [max(len(name), 6) for name in columns]
    lines.append(_row("", columns, widths))
    lines.append(_row("total", [found["total"][name] for name in columns], widths))
    for heading, rows in (("by unit", found["by_unit"]), ("by domain", found["by_domain"])):
        lines += ["", f"{heading}, worst first"]
        lines += [_row(row["name"], [row[name] for name in columns], widths) for row in rows]
    return "\n".join(lines)


def _row(name: str, cells: Iterable[Any], widths: Iterable[int]) -> str:
    told = ("-" if cell is None else str(cell) for cell in cells)
    return f"{name[:40]:<40}  " + "  ".join(
        cell.rjust(width) for cell, width in zip(told, widths, strict=True)
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_TIME).astimezone(UTC)


def _local_day(now: datetime) -> date:
    return now.astimezone(LOCAL_TIME).date()


# ── asking in chat ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What somebody wants to know: which days, which unit with all below it, shown how.

    shown: "t" as a whole, "u" by unit, "d" by domain.
    """

    period: Period
    unit: str
    domain: str | None = None
    shown: str = "t"

    def data(self) -> str:
        """Return the request as a button's data; the domain is not part of it."""
        return f"figures:{self.period.first:%Y%m%d}:{self.period.last:%Y%m%d}:{self.shown}:{self.unit}"


class NotUnderstood(Exception):
    """The words do not say which figures are meant."""


async def ask(turn: Turn, argument: str) -> None:
    """`/thongke`: figures of a period and a unit, this week and the writer's own by default."""
    own = await _own_unit(turn)
    if own is None:
        return
    try:
        request = read_request(turn.city, argument, own=own, now=turn.now)
    except (NotUnderstood, ValueError):
        turn.say(texts.figures_not_understood(query=argument), buttons=_period_buttons(turn, own))
        return
    await _answer(turn, request, own)


async def press(turn: Turn, argument: str) -> None:
    """Show the figures of a button; whoever presses sees only what is theirs to see."""
    own = await _own_unit(turn)
    if own is None:
        return
    request = _from_data(turn.city, argument)
    if request is None:
        turn.say(texts.stale_button(), buttons=_period_buttons(turn, own))
        return
    await _answer(turn, request, own)


async def _own_unit(turn: Turn) -> str | None:
    """Return the unit whose figures the writer may see; otherwise say why there are none."""
    own = access.unit_for_figures(turn.person, turn.city)
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    if own is None:
        turn.say(texts.figures_refused())
    return own


def read_request(city: City, text: str, *, own: str, now: datetime) -> Request:
    """Return what the words behind `/thongke` ask for. Raises NotUnderstood, ValueError for wrong dates."""
    day = _local_day(now)
    period, rest = when.read_period(text, today=day)
    period = period or when.week_of(day)
    shown, rest = _shown(rest)
    words = " ".join(word for word in rest.split() if word not in _NOISE)
    if not words:
        return Request(period=period, unit=own, shown=shown)
    if units := unit_search.named(unit_search.existing(city, now), rest):
        return Request(period=period, unit=units[0].code, shown=shown)
    domain = _domain_named(city, words)
    if domain is None:
        raise NotUnderstood(text)
    return Request(period=period, unit=own, domain=domain, shown=shown)


def _shown(rest: str) -> tuple[str, str]:
    for words, shown in (("don vi", "u"), ("linh vuc", "d")):
        if words in rest:
            return shown, " ".join(rest.replace(f"theo {words}", "").replace(words, "").split())
    return "t", rest


def _domain_named(city: City, words: str) -> str | None:
    wanted = slugify(words)
    for domain in city.domains.values():
        parts = [slugify(part) for part in domain.name.split(",")]
        if wanted in (*parts, domain.id) or any(part.startswith(f"{wanted}-") for part in parts):
            return domain.id
    return None


def _from_data(city: City, argument: str) -> Request | None:
    first, _, rest = argument.partition(":")
    last, _, rest = rest.partition(":")
    shown, _, unit = rest.partition(":")
    if shown not in ("t", "u", "d") or unit not in city.units:
        return None
    try:
        return Request(period=Period(first=_read_day(first), last=_read_day(last)), unit=unit, shown=shown)
    except ValueError:
        return None


def _read_day(text: str) -> date:
    if not (len(text) == 8 and text.isascii() and text.isdecimal()):
        raise ValueError(f"not a day: {text!r}")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


async def _answer(turn: Turn, request: Request, own: str) -> None:
    note = ""
    if not turn.city.is_within(request.unit, own):
        note = texts.figures_outside(
            unit=cards.unit_name(turn.city, request.unit), own=cards.unit_name(turn.city, own)
        )
        request = Request(period=request.period, unit=own, shown=request.shown)
    found = await collect(
        turn.transaction,
        turn.city,
        start=request.period.first,
        end=request.period.last,
        unit=request.unit,
        domain=request.domain,
        now=turn.now,
    )
    parts = [note, _title(turn, request), _body(found, request.shown)]
    turn.say("\n".join(part for part in parts if part), buttons=_buttons(turn, request))


def _title(turn: Turn, request: Request) -> str:
    return texts.figures_title(
        unit=cards.unit_name(turn.city, request.unit),
        domain=cards.domain_name(turn.city, request.domain) if request.domain else "",
        period=texts.period_name(
            first=datetime.combine(request.period.first, time(), LOCAL_TIME),
            last=datetime.combine(request.period.last, time(), LOCAL_TIME),
        ),
    )


def _body(found: Mapping[str, Any], shown: str) -> str:
    total = {name: found["total"][name] for name in (*_NUMBERS, "rating")}
    if not any(total[name] for name in _NUMBERS):
        return texts.figures_none()
    if shown == "t":
        return texts.figures_summary(**total)
    by = "unit" if shown == "u" else "domain"
    rows = [row for row in found[f"by_{by}"] if any(row[name] for name in _NUMBERS)]
    lines = [_line(number, row) for number, row in enumerate(rows[:LINES], start=1)]
    more = [texts.figures_more(count=len(rows) - LINES)] if len(rows) > LINES else []
    return "\n".join([texts.figures_heading(by=by), *lines, *more])


def _line(number: int, row: Mapping[str, Any]) -> str:
    return texts.figures_line(number=number, name=row["name"], **{name: row[name] for name in _LINE})


def _buttons(turn: Turn, request: Request) -> list[list[Button]]:
    views = (("t", texts.label_total()), ("u", texts.label_by_unit()), ("d", texts.label_by_domain()))
    others = [
        Button(label=label, data=Request(period=request.period, unit=request.unit, shown=shown).data())
        for shown, label in views
        if shown != request.shown
    ]
    return [[button for button in others if cards.fits(button.data)], *_period_buttons(turn, request.unit)]


def _period_buttons(turn: Turn, unit: str) -> list[list[Button]]:
    day = _local_day(turn.now)
    periods = (
        (texts.label_today(), when.today(day)),
        (texts.label_this_week(), when.week_of(day)),
        (texts.label_this_month(), when.month_of(day)),
    )
    buttons = [
        Button(label=label, data=Request(period=period, unit=unit).data()) for label, period in periods
    ]
    return [[button for button in buttons if cards.fits(button.data)]]


COMMANDS: dict[str, Handler] = {"/thongke": ask}
BUTTONS: dict[str, Handler] = {"figures": press}
STEPS: dict[str, Handler] = {}
