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
    ColumnElement,
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
from storage.tables import case as case_table
from storage.tables import case_search

MOST_WORDS = 8
LOOKED_AT = 50
"""How many of the newest cases that hold all words are put in order."""

_FOUND_BY = "found_by"
_WORD = re.compile(r"[a-z0-9]+")
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
    transaction.write(_INSERT, {"case_id": case.id, "words": words})


def remember_more(transaction: Transaction, case_id: int, written: str) -> None:
    """Let a case be found by what was learned of it later."""
    transaction.write(_APPEND, {"row_id": case_id, "more": f" {' '.join(bare_words(written))}"})


async def search(
    transaction: Transaction, words: Sequence[str], reach: Reach, *, limit: int = 10
) -> list[Case]:
    """Return cases that hold all of these bare words: those that hold them in a row first, then newest."""
    if not words:
        return []
    wanted = list(words[:MOST_WORDS])
    parameters = {"wanted": _query(wanted, transaction.dialect), "most": LOOKED_AT, **_values(reach)}
    rows = await transaction.fetch(_statement(transaction.dialect, _whose(reach)), parameters)
    phrase = " ".join(wanted)
    ordered = sorted(rows, key=lambda row: phrase not in row[_FOUND_BY])
    return [Case(**{name: row[name] for name in row if name != _FOUND_BY}) for row in ordered[:limit]]


def _query(words: Sequence[str], dialect: str) -> str:
    if dialect == "sqlite":
        return " ".join(f'"{word}"' for word in words) + "*"
    return " & ".join(words) + ":*"


def _values(reach: Reach) -> dict[str, object]:
    values: dict[str, object] = {}
    if reach.reporter_id is not None:
        values["reporter"] = reach.reporter_id
    elif reach.units is not None:
        values |= {
            "units": sorted(reach.units),
            "own": sorted(reach.own_units),
            "restricted": sorted(reach.restricted),
        }
    return values


def _whose(reach: Reach) -> str:
    if reach.reporter_id is not None:
        return "own"
    return "city" if reach.units is None else "units"


_FULL_TEXT = table("case_words", column("rowid"))
"""SQLite's index, which is no table of ours."""


@cache
def _statement(dialect: str, whose: str) -> Select[Any]:
    statement = select(case_table, case_search.c.words.label(_FOUND_BY)).join(
        case_search, case_search.c.case_id == case_table.c.id
    )
    newest: ColumnElement[int] = case_search.c.case_id
    if dialect == "sqlite":
        statement = statement.join(_FULL_TEXT, _FULL_TEXT.c.rowid == case_search.c.case_id)
        newest = _FULL_TEXT.c.rowid
    statement = statement.where(text(_MATCHES[dialect]), *_seen(whose))
    return statement.order_by(newest.desc()).limit(bindparam("most"))


def _seen(whose: str) -> list[ColumnElement[bool]]:
    if whose == "own":
        return [case_table.c.reporter_id == bindparam("reporter")]
    if whose == "city":
        return []
    own = case_table.c.unit_code.in_(bindparam("own", expanding=True))
    reached = case_table.c.unit_code.in_(bindparam("units", expanding=True))
    ordinary = case_table.c.domain.not_in(bindparam("restricted", expanding=True))
    return [or_(own, and_(reached, ordinary))]
