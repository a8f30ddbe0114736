"""The people in a workbook: who holds which post, what an office changed of that, who is to be invited."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from rapidfuzz import process

from bot.workbook.grid import Grid
from routing.deadline import LOCAL_TIME
from routing.organisation import City, Unit, slugify
from routing.vietnamese import normalise
from storage.roster import Holder

ROLES = ("chair", "officer", "leader", "dispatcher", "admin")
_LONGEST_NAME = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitee:
    """Somebody who is to get a post. ends_at: until when; None for no limit."""

    name: str
    unit: Unit
    role: str
    phone: str | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficialChange:
    """What an office changed of somebody's post: the name, or until when it is held."""

    holder: Holder
    name: str
    ends_at: datetime | None

    @property
    def ends(self) -> bool:
        """Whether the end of the post is another one now."""
        return last_day(self.ends_at) != last_day(self.holder.ends_at)

    def __str__(self) -> str:
        told = []
        if self.name != self.holder.name:
            told.append(f"name {self.holder.name} -> {self.name}")
        if self.ends:
            before, after = last_day(self.holder.ends_at), last_day(self.ends_at)
            told.append(f"until {before or '(none)'} -> {after or '(none)'}")
        return f"~ officials {self.holder.role} of {self.holder.unit_code}: {', '.join(told)}"


def last_day(ends_at: datetime | None) -> date | None:
    """Return the last local day of a post that ends at a moment."""
    return None if ends_at is None else (ends_at - timedelta(microseconds=1)).astimezone(LOCAL_TIME).date()


def official_rows(holders: Iterable[Holder], city: City) -> list[dict[str, Any]]:
    """Return the rows of the sheet Officials."""
    return [_official_row(holder, city) for holder in holders]


def _official_row(holder: Holder, city: City) -> dict[str, Any]:
    unit, until = city.units.get(holder.unit_code), last_day(holder.ends_at)
    return {
        "post": str(holder.post_id),
        "name": holder.name,
        "role": holder.role,
        "unit": holder.unit_code,
        "unit_name": None if unit is None else unit.name,
        "since": _first_day(holder).isoformat(),
        "until": None if until is None else until.isoformat(),
        "phone": holder.phone,
    }


def _first_day(holder: Holder) -> date:
    return holder.starts_at.astimezone(LOCAL_TIME).date()


def read_officials(
    grid: Grid, holders: Sequence[Holder], city: City, *, now: datetime
) -> tuple[list[OfficialChange], list[tuple[int, Invitee]]]:
    """Return what was changed of posts, and who is new, with their rows; faults are noted in the grid.

    A post that the sheet does not name stays as it is.
    """
    by_post = {str(holder.post_id): holder for holder in holders}
    known = [(number, row) for number, row in grid.rows if row.get("post") is not None]
    new = [(number, row) for number, row in grid.rows if "post" not in row]
    _note_repeated(grid, known)
    changes = [
        change
        for number, row in known
        if (change := _change(grid, number, row, by_post.get(row["post"]), now=now)) is not None
    ]
    return changes, list(_invitees(grid, new, city, now=now))


def _note_repeated(grid: Grid, rows: Iterable[tuple[int, Row]]) -> None:
    first: dict[str, int] = {}
    for number, row in rows:
        if first.setdefault(row["post"], number) != number:
            text = f"post {row['post']!r} is already in row {first[row['post']]}"
            grid.note(text, row=number, column="post")


def _change(
    grid: Grid, number: int, row: Row, holder: Holder | None, *, now: datetime
) -> OfficialChange | None:
    if holder is None:
        text = f"post {row['post']!r} is not held any more or never was: export again, or empty the cell"
        grid.note(text, row=number, column="post")
        return None
    fixed = {"role": holder.role, "unit": holder.unit_code, "since": _first_day(holder).isoformat()}
    for column, value in fixed.items():
        if row.get(column) != value and not _is_noted(row, column):
            text = f"{column} was {value}: end this post with until, and add a row without a post"
            grid.note(text, row=number, column=column)
    if holder.deputy_for is not None and holder.ends_at is not None and "until" not in row:
        text = f"until was {last_day(holder.ends_at)}: whoever stands in for somebody does so until a day"
        grid.note(text, row=number, column="until")
    name, ends_at = _read_name(grid, number, row), _read_end(grid, number, row, since=_first_day(holder))
    change = OfficialChange(holder=holder, name=name or holder.name, ends_at=ends_at)
    if not change.ends:
        change = OfficialChange(holder=holder, name=change.name, ends_at=holder.ends_at)
    return change if change.ends or change.name != holder.name else None


def _is_noted(row: Row, column: str) -> bool:
    return column in row and row[column] is None


def _read_name(grid: Grid, number: int, row: Row) -> str:
    name = str(row.get("name") or "")
    if len(name) > _LONGEST_NAME:
        grid.note(f"name has more than {_LONGEST_NAME} letters", row=number, column="name")
    return name


def _read_end(grid: Grid, number: int, row: Row, *, since: date) -> datetime | None:
    if row.get("until") is None:
        return None
    until = date.fromisoformat(row["until"])
    if until < since:
        grid.note(f"until {until} is before {since}", row=number, column="until")
        return None
    try:
        return datetime.combine(until + timedelta(days=1), datetime.min.time(), tzinfo=LOCAL_TIME)
    except OverflowError:
        grid.note(f"until {until} is too late", row=number, column="until")
        return None


def read_invitees(grid: Grid, city: City, *, now: datetime) -> list[Invitee]:
    """Return who a list names; faults are noted in the grid."""
    found = list(_invitees(grid, grid.rows, city, now=now))
    first: dict[Invitee, int] = {}
    for number, invitee in found:
        if first.setdefault(invitee, number) != number:
            text = f"name {invitee.name!r} is in row {first[invitee]} already, with all the rest"
            grid.note(text, row=number, column="name")
    return [invitee for _, invitee in found]


def _invitees(
    grid: Grid, rows: Iterable[tuple[int, Row]], city: City, *, now: datetime
) -> Iterator[tuple[int, Invitee]]:
    today = now.astimezone(LOCAL_TIME).date()
    names = _units_by_name(city)
    for number, row in rows:
        before = len(grid.faults)
        unit = _read_unit(grid, number, row, city, names, today=today)
        role = row.get("role")
        if role not in ROLES and not _is_noted(row, "role"):
            text = "role is missing" if role is None else f"role {role!r} is none of {', '.join(ROLES)}"
            grid.note(text, row=number, column="role")
        name, ends_at = _read_name(grid, number, row), _read_end(grid, number, row, since=today)
        if not name and not _is_noted(row, "name"):
            grid.note("name is missing", row=number, column="name")
        if unit is not None and role is not None and len(grid.faults) == before:
            phone = row.get("phone")
            yield number, Invitee(name=name, unit=unit, role=role, phone=phone, ends_at=ends_at)


def _units_by_name(city: City) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unit in city.units.values():
        found.setdefault(normalise(unit.name).casefold(), []).append(unit.code)
    return found


def _read_unit(
    grid: Grid, number: int, row: Row, city: City, names: Mapping[str, Sequence[str]], *, today: date
) -> Unit | None:
    """Return the unit that a row names by its code or by its full name."""
    given = row.get("unit")
    if given is None:
        if not _is_noted(row, "unit"):
            grid.note("unit is missing", row=number, column="unit")
        return None
    codes = [given] if given in city.units else names.get(normalise(given).casefold(), ())
    lasting = [code for code in codes if not _is_over(city.units[code], today)]
    if len(lasting) == 1:
        return city.units[lasting[0]]
    grid.note(_unit_fault(given, codes, lasting, city), row=number, column="unit")
    return None


def _is_over(unit: Unit, today: date) -> bool:
    return unit.valid_to is not None and unit.valid_to <= today


def _unit_fault(given: str, codes: Sequence[str], lasting: Sequence[str], city: City) -> str:
    if lasting:
        return f"unit {given!r} is the name of several: give the code, one of {', '.join(lasting[:5])}"
    if codes:
        return f"unit {given!r} is over since {city.units[codes[0]].valid_to}"
    near = [code for code, *_ in process.extract(slugify(given), city.units.keys(), limit=3, score_cutoff=70)]
    return f"unit {given!r} does not exist" + (f"; nearest: {', '.join(near)}" if near else "")
