"""Figures for leaders and chairs: the same numbers in chat and on the command line."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from handlers import access, cards, channel_figures, texts, unit_search
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing import trees, when
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import City, slugify
from routing.when import Period
from storage import figures, reorganising, seals
from storage.database import Transaction
from storage.figures import Figures

USUAL_DAYS = 30
LINES = 10
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
    "rejected_late",
)
_LINE = ("received", "on_time", "late", "late_with_extension", "on_track", "at_risk", "overdue")
_HOURS_AND_RATINGS = ("median_hours", "p90_hours", "rating", "rating_count", "satisfied")
_COLUMNS = (*_NUMBERS, "median_hours", "p90_hours", "satisfaction", "rating")
_NOISE = frozenset(
    ["cua", "ve", "theo", "tai", "o", "trong", "so", "lieu", "thong", "ke", "toan", "thanh", "pho"]
)
Tree = Literal["then", "now"]
"""Units where they were at the end of the period, or today's units with the work of those they follow."""


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
    tree: Tree = "then",
    parts: Collection[str] = ("by_unit", "by_domain"),
) -> dict[str, Any]:
    """Return the figures of a unit with all below it, in total, by unit and by domain, as JSON-able data.

    start and end: local days, both included; the last 30 days by default. unit: a code, the whole city by
    default. By unit, each unit directly below counts with its own subtree; code None stands for cases that
    no unit has yet. Lists are sorted worst first. Open cases are counted as of now. tree: "then" leaves the
    cases of units that are over with them, and units below those that they were below when the last day
    ended; "now" counts by today's units, and what former ones had under their successors. "trees_differ"
    says whether the other tree may tell something else. parts: which lists are wanted.
    """
    last = end or _local_day(now)
    first = start or last - timedelta(days=USUAL_DAYS - 1)
    past, followed = await _city_after(transaction, city, last), trees.as_now(city)
    counted_by, moved = (city, followed) if tree == "now" else (past, {})
    scope = city.units[unit] if unit else city.root
    asked = _Asked(
        start=midnight(first),
        end=midnight(last + timedelta(days=1)),
        now=now,
        within=None
        if scope.code == city.root.code
        else trees.directly_below(counted_by, scope.code) | {scope.code},
        domain=domain,
        moved=trees.counted_below(counted_by, scope.code, moved),
    )
    found: dict[str, Any] = {
        "unit": {"code": scope.code, "name": scope.name},
        "domain": domain,
        "tree": tree,
        "trees_differ": bool(followed) or past is not city,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "as_of": now.astimezone(LOCAL_TIME).isoformat(timespec="seconds"),
        "total": _numbers((await asked.figures(transaction, None))[None]),
    }
    if "by_unit" in parts:
        by_unit = await asked.figures(transaction, "unit")
        found["by_unit"] = _ranked(
            {"code": code, "name": _unit_name(city, code), **_numbers(each)} for code, each in by_unit.items()
        )
    if "by_domain" in parts:
        by_domain = await asked.figures(transaction, "domain")
        found["by_domain"] = _ranked(
            {"code": code, "name": cards.domain_name(city, code or ""), **_numbers(each)}
            for code, each in by_domain.items()
        )
    return found


async def _city_after(transaction: Transaction, city: City, day: date) -> City:
    """Return the city with the tree that it had when a day ended, by what later changes keep of it."""
    outcomes = [change.outcome or {} for change in await reorganising.all_changes(transaction)]
    later = [each for each in outcomes if "day" in each and date.fromisoformat(each["day"]) > day]
    return trees.before(city, [each["before"] for each in reversed(later)])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is asked of the database, whatever it is grouped by."""

    start: datetime
    end: datetime
    now: datetime
    within: Collection[str] | None
    domain: str | None
    moved: figures.Moved

    async def figures(self, transaction: Transaction, group_by: figures.GroupBy) -> dict[str | None, Figures]:
        """Return the figures by unit directly below the scope, by domain, or in total."""
        return await figures.figures(
            transaction,
            start=self.start,
            end=self.end,
            now=self.now,
            unit_codes=self.within,
            domain=self.domain,
            group_by=group_by,
            moved=self.moved,
        )


def _unit_name(city: City, code: str | None) -> str:
    name = cards.unit_name(city, code) or texts.no_unit_yet()
    return texts.former_unit(name=name) if code and code in city.units and not city.is_valid(code) else name


def _numbers(found: Figures) -> dict[str, Any]:
    counted = asdict(found)
    return {
        **{name: counted[name] for name in _NUMBERS},
        "open": found.open,
        "median_hours": _rounded(found.median_hours),
        "p90_hours": _rounded(found.p90_hours),
        "rating": _rounded(found.rating),
        "rating_count": found.rating_count,
        "satisfied": found.satisfied,
        "satisfaction": _rounded(found.satisfaction, 4),
    }


def _rounded(number: float | None, digits: int = 2) -> float | None:
    return None if number is None else round(number, digits)


def _ranked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort worst first: by what is overdue, then late, then at risk; never by a sum of these."""
    return sorted(rows, key=lambda row: (-row["overdue"], -row["late"], -row["at_risk"], row["name"]))


def as_table(found: Mapping[str, Any]) -> str:
    """Return the figures as a plain table for a terminal."""
    about = f", {found['domain']}" if found["domain"] else ""
    as_now = ", by today's units" if found["tree"] == "now" else ""
    span = f"{found['from']} to {found['to']}"
    lines = [f"{found['unit']['name']}{about}: {span}{as_now} (open cases as of now)", ""]
    widths = [max(len(name), 6) for name in _COLUMNS]
    lines.append(_row("", _COLUMNS, widths))
    lines.append(_row("total", [found["total"][name] for name in _COLUMNS], widths))
    for heading, rows in (("by unit", found["by_unit"]), ("by domain", found["by_domain"])):
        lines += ["", f"{heading}, worst first"]
        lines += [_row(row["name"], [row[name] for name in _COLUMNS], widths) for row in rows]
    return "\n".join(lines)


def _row(name: str, cells: Iterable[Any], widths: Iterable[int]) -> str:
    told = ("-" if cell is None else str(cell) for cell in cells)
    return f"{name[:40]:<40}  " + "  ".join(
        cell.rjust(width) for cell, width in zip(told, widths, strict=True)
    )


def _local_day(now: datetime) -> date:
    return now.astimezone(LOCAL_TIME).date()


# ── asking in chat ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What somebody wants to know: which days, which unit with all below it, shown how.

    shown: "t" as a whole, "u" by unit, "d" by domain. tree: whose the work of former units is.
    """

    period: Period
    unit: str
    domain: str | None = None
    shown: str = "t"
    tree: Tree = "then"

    def data(self, own: str) -> str:
        """Return the request as a button's data; the unit may be left out where it is the reader's own."""
        shown = self.shown + ("n" if self.tree == "now" else "")
        start = f"figures:{self.period.first:%Y%m%d}:{self.period.last:%Y%m%d}:{shown}:"
        end = f":{self.domain}" if self.domain else ""
        full = f"{start}{self.unit}{end}"
        return full if cards.fits(full) or self.unit != own else f"{start}{end}"


class NotUnderstood(Exception):
    """The words do not say which figures are meant."""


async def ask(turn: Turn, argument: str) -> None:
    """`/thongke`: figures of a period and a unit, this week and the writer's own by default.

    `/thongke kenh`: those of the channels.
    """
    if channel_figures.is_meant(argument):
        await channel_figures.show(turn, argument)
        return
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
    request = _from_data(turn.city, argument, own)
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


def _from_data(city: City, argument: str, own: str) -> Request | None:
    parts = argument.split(":")
    if len(parts) not in (4, 5):
        return None
    first, last, shown, unit, domain = (*parts, "")[:5]
    known = unit in ("", *city.units) and domain in ("", *city.domains)
    if not known or shown.removesuffix("n") not in ("t", "u", "d"):
        return None
    try:
        period = Period(first=_read_day(first), last=_read_day(last))
    except ValueError:
        return None
    return Request(
        period=period,
        unit=unit or own,
        domain=domain or None,
        shown=shown[0],
        tree="now" if shown.endswith("n") else "then",
    )


def _read_day(text: str) -> date:
    if not (len(text) == 8 and text.isascii() and text.isdecimal()):
        raise ValueError(f"not a day: {text!r}")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


async def _answer(turn: Turn, request: Request, own: str) -> None:
    note = ""
    if not access.sees_figures(turn.person, turn.city, request.unit):
        note = texts.figures_outside(
            unit=cards.unit_name(turn.city, request.unit), own=cards.unit_name(turn.city, own)
        )
        request = replace(request, unit=own)
    found = await collect(
        turn.transaction,
        turn.city,
        start=request.period.first,
        end=request.period.last,
        unit=request.unit,
        domain=request.domain,
        now=turn.now,
        tree=request.tree,
        parts=[_PARTS[request.shown]],
    )
    as_now = texts.figures_by_todays_units() if request.tree == "now" else ""
    parts = [note, _title(turn, request), as_now, _body(found, request.shown), await _seal(turn, request)]
    buttons = _buttons(turn, request, own, trees_differ=found["trees_differ"])
    turn.say("\n".join(part for part in parts if part), buttons=buttons)


_PARTS = {"t": "total", "u": "by_unit", "d": "by_domain"}


async def _seal(turn: Turn, request: Request) -> str:
    """Return the ledger's last seal for leaders: noted elsewhere, it proves what was sealed until then."""
    if request.shown != "t" or not any(post.role == "leader" for post in turn.person.posts):
        return ""
    last = await seals.latest(turn.transaction)
    return texts.figures_seal(day=last.day, root=last.shown) if last else ""


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
    total = {name: found["total"][name] for name in (*_NUMBERS, *_HOURS_AND_RATINGS)}
    if not any(total[name] for name in _NUMBERS):
        return texts.figures_none()
    if shown == "t":
        return texts.figures_summary(**total)
    rows = [row for row in found[_PARTS[shown]] if any(row[name] for name in _NUMBERS)]
    lines = [_line(number, row) for number, row in enumerate(rows[:LINES], start=1)]
    rest = [_rest(rows[LINES:])] if len(rows) > LINES else []
    return "\n".join([texts.figures_heading(by=_PARTS[shown].removeprefix("by_")), *lines, *rest])


def _rest(rows: Sequence[Mapping[str, Any]]) -> str:
    sums = {name: sum(row[name] for row in rows) for name in ("received", "overdue", "late")}
    return texts.figures_rest(count=len(rows), **sums)


def _line(number: int, row: Mapping[str, Any]) -> str:
    return texts.figures_line(number=number, name=row["name"], **{name: row[name] for name in _LINE})


def _buttons(turn: Turn, request: Request, own: str, *, trees_differ: bool) -> list[list[Button]]:
    views = (("t", texts.label_total()), ("u", texts.label_by_unit()), ("d", texts.label_by_domain()))
    others = [(label, replace(request, shown=shown)) for shown, label in views if shown != request.shown]
    other_tree = {
        "then": (texts.label_units_now(), replace(request, tree="now")),
        "now": (texts.label_units_then(), replace(request, tree="then")),
    }[request.tree]
    rows = [others, [other_tree] if trees_differ else []]
    return [row for row in (_row_of_buttons(each, own) for each in rows) if row] + _period_buttons(
        turn, own, request
    )


def _row_of_buttons(requests: Iterable[tuple[str, Request]], own: str) -> list[Button]:
    buttons = [Button(label=label, data=request.data(own)) for label, request in requests]
    return [button for button in buttons if cards.fits(button.data)]


def _period_buttons(turn: Turn, own: str, request: Request | None = None) -> list[list[Button]]:
    day = _local_day(turn.now)
    periods = (
        (texts.label_today(), when.today(day)),
        (texts.label_this_week(), when.week_of(day)),
        (texts.label_this_month(), when.month_of(day)),
    )
    asked = request or Request(period=when.today(day), unit=own)
    return [
        _row_of_buttons([(label, replace(asked, period=period, shown="t")) for label, period in periods], own)
    ]


COMMANDS: dict[str, Handler] = {"/thongke": ask}
BUTTONS: dict[str, Handler] = {"figures": press}
STEPS: dict[str, Handler] = {}
