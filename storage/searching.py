"""Finding cases by their words: code, text, street, ward, and whoever reported it unless anonymously.

Words are kept without accents, so that both ways of typing find the same. The database's own full-text index
serves them: FTS5 on SQLite, GIN on PostgreSQL; each finds all words, the last one also as a beginning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    column,
    insert,
    or_,
    select,
    table,
    text,
    update,
)

from routing.personal_data import hide_writer
from routing.vietnamese import strip_accents
from storage.cases import Case
from storage.database import Transaction
from storage.people import Person
from storage.prepared import Row
from storage.sealing import Keyring
from storage.tables import case as case_table
from storage.tables import case_search

MOST_WORDS = 8
LOOKED_AT = 50
"""How many of the newest cases that hold all words are put in order."""
LOOKED_THROUGH = 2000
"""How many of the newest cases that hold all words are asked whether somebody may see them."""

_FOUND_BY = "found_by"
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\b(?:84|0) ?([1-9](?: ?[0-9]){8,9})\b")
"""A telephone number among bare words, however it was spaced."""
_INSERT = insert(case_search)
_APPEND = (
    update(case_search)
    .where(case_search.c.case_id == bindparam("row_id"))
    .values(words=case_search.c.words + bindparam("more"))
)
_MATCHES = {
    "sqlite": "case_words MATCH :wanted",
    "postgresql": "to_tsvector(CAST('simple' AS regconfig), case_search.words) "
    "@@ to_tsquery(CAST('simple' AS regconfig), :wanted)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Which cases somebody sees.

    units: None for those of the whole city. own_units: whose restricted cases are seen as well.
    restricted: the domains that are kept among few people. reporter_id: a citizen, who sees only their own.
    """

    units: frozenset[str] | None = None
    own_units: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()
    reporter_id: int | None = None


def bare_words(written: str) -> list[str]:
    """Return the words of a text without accents, in lower case."""
    return _WORD.findall(strip_accents(written).lower())


def remember(transaction: Transaction, case: Case, reporter: Person) -> None:
    """Let a new case be found by its words; of an anonymous one without what gives its writer away."""
    text = hide_writer(case.text) if case.anonymous else case.text
    parts = [case.code, text, case.street, case.ward_name]
    parts += [] if case.anonymous else [reporter.name, reporter.phone]
    words = " ".join(word for part in parts if part for word in bare_words(part))
    words = with_traces(words, transaction.keyring)
    transaction.write(_INSERT, {"case_id": case.id, "words": words})


def remember_more(transaction: Transaction, case_id: int, written: str) -> None:
    """Let a case be found by what was learned of it later."""
    more = with_traces(" ".join(bare_words(written)), transaction.keyring)
    transaction.write(_APPEND, {"row_id": case_id, "more": f" {more}"})


def with_traces(words: str, keyring: Keyring | None) -> str:
    """Return bare words with a trace in the place of each telephone number: found by it, but not read."""
    if keyring is None:
        return words
    return _NUMBER.sub(lambda found: keyring.trace(found[1].replace(" ", "")), words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finds:
    """The cases that were found. complete: False where only the newest that hold the words were looked at."""

    cases: list[Case]
    complete: bool = True


async def search(transaction: Transaction, words: Sequence[str], reach: Reach, *, limit: int = 10) -> Finds:
    """Return cases that hold all of these bare words: those that hold them in a row first, then newest.

    Words that very many cases hold are not followed to the end of the city: of what officials may see among
    the newest that hold them is found, of what a citizen reported among their own.
    """
    wanted = with_traces(" ".join(words[:MOST_WORDS]), transaction.keyring).split()
    if not wanted:
        return Finds(cases=[])
    if reach.reporter_id is not None:
        complete = True
        rows: Sequence[Row] = await _own(transaction, wanted, reach.reporter_id)
    else:
        rows, complete = await _officials(transaction, wanted, reach)
    phrase = " ".join(wanted)
    ordered = sorted(rows, key=lambda row: phrase not in row[_FOUND_BY])
    numbers = [row["id"] for row in ordered[:limit]]
    found = {row["id"]: Case(**row) for row in await transaction.fetch(_CASES, {"numbers": numbers})}
    return Finds(cases=[found[number] for number in numbers], complete=complete)


_CASES = select(case_table).where(case_table.c.id.in_(bindparam("numbers", expanding=True)))

# ── what a citizen reported ──────────────────────────────────────────────────────────────────────

_OWN = (
    select(case_table.c.id, case_search.c.words.label(_FOUND_BY))
    .join(case_search, case_search.c.case_id == case_table.c.id)
    .where(case_table.c.reporter_id == bindparam("reporter"))
    .order_by(case_table.c.received_at.desc())
    .limit(LOOKED_THROUGH)
)


async def _own(transaction: Transaction, wanted: Sequence[str], reporter_id: int) -> list[Row]:
    """Return which of somebody's own cases hold the words: these are few, so each is looked at."""
    rows = await transaction.fetch(_OWN, {"reporter": reporter_id})
    return [row for row in rows if holds(row[_FOUND_BY].split(), wanted)][:LOOKED_AT]


def holds(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether all wanted words are there, of the last at least the beginning."""
    there = set(words)
    return there.issuperset(wanted[:-1]) and any(word.startswith(wanted[-1]) for word in there)


# ── what officials see ───────────────────────────────────────────────────────────────────────────


async def _officials(
    transaction: Transaction, wanted: Sequence[str], reach: Reach
) -> tuple[Sequence[Row], bool]:
    """Return what somebody sees of the newest cases that hold the words, and whether these were all."""
    asked = {"wanted": _query(wanted, transaction.dialect), "through": LOOKED_THROUGH, "most": LOOKED_AT}
    if reach.units is not None:
        asked["units"], asked["own"] = sorted(reach.units), sorted(reach.own_units)
        asked["restricted"] = sorted(reach.restricted)
    rows = await transaction.fetch(_statement(transaction.dialect, reach.units is None), asked)
    if reach.units is None or len(rows) == LOOKED_AT:
        return rows, True
    last = await transaction.fetch_one(
        _last_looked_at(transaction.dialect), {**asked, "through": LOOKED_THROUGH}
    )
    return rows, last is None


def _query(words: Sequence[str], dialect: str) -> str:
    if dialect == "sqlite":
        return " ".join(f'"{word}"' for word in words) + "*"
    return " & ".join(words) + ":*"


_FULL_TEXT = table("case_words", column("rowid"))
"""SQLite's index, which is no table of ours."""


def _newest_with_words(dialect: str) -> Select[Any]:
    """Return the query for the newest cases that hold the words, as case_id."""
    number = _FULL_TEXT.c.rowid if dialect == "sqlite" else case_search.c.case_id
    statement = select(number.label("case_id")).where(text(_MATCHES[dialect]))
    return statement.order_by(number.desc())


@cache
def _last_looked_at(dialect: str) -> Select[Any]:
    """Return the query for one more case that holds the words than are looked at."""
    return _newest_with_words(dialect).offset(bindparam("through")).limit(1)


@cache
def _statement(dialect: str, whole_city: bool) -> Select[Any]:
    newest = _newest_with_words(dialect).limit(bindparam("most" if whole_city else "through")).subquery()
    statement = (
        select(case_table.c.id, case_search.c.words.label(_FOUND_BY))
        .select_from(newest)
        .join(case_table, case_table.c.id == newest.c.case_id)
        .join(case_search, case_search.c.case_id == newest.c.case_id)
        .order_by(newest.c.case_id.desc())
        .limit(bindparam("most"))
    )
    return statement if whole_city else statement.where(_SEEN)


_SEEN = or_(
    case_table.c.unit_code.in_(bindparam("own", expanding=True)),
    and_(
        case_table.c.unit_code.in_(bindparam("units", expanding=True)),
        case_table.c.domain.not_in(bindparam("restricted", expanding=True)),
    ),
)
