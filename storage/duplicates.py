"""Open cases that may tell of the same incident, and cases that were merged into others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, text
from sqlalchemy import case as sql_case

from routing import similarity
from routing.similarity import Report
from routing.workflow import OPEN_STATUSES
from storage import cases
from storage.cases import Case
from storage.database import Transaction
from storage.tables import IS_OPEN, event
from storage.tables import case as case_table

MOST = 200
"""How many of the latest cases are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An open case that a report is compared with."""

    id: int
    code: str
    urgent: bool
    report: Report


_COMPARED = (
    case_table.c.id,
    case_table.c.code,
    case_table.c.urgent,
    case_table.c.words,
    # Long texts are read only of cases that were stored before words were kept.
    sql_case((case_table.c.words.is_(None), func.substr(case_table.c.text, 1, 2000))).label("text"),
    case_table.c.ward_name,
    case_table.c.street,
    case_table.c.latitude,
    case_table.c.longitude,
    case_table.c.received_at,
)
_ALIKE = (
    case_table.c.domain.in_(bindparam("domains", expanding=True)),
    case_table.c.received_at >= bindparam("since"),
    case_table.c.kind.in_(similarity.COMPARED_KINDS),
)
# Word for word as in the partial index, or the index does not serve the query.
_OPEN = text(IS_OPEN)
# Not the bare column: SQLite would read all open cases of the city by their status.
_OPEN_BY_THE_WAY = (case_table.c.status + "").in_(sorted(OPEN_STATUSES))
_IN_WARD = (
    select(*_COMPARED)
    .where(case_table.c.ward_code == bindparam("ward"), *_ALIKE, _OPEN)
    .order_by(case_table.c.received_at.desc())
    .limit(MOST)
)
_NEAR_BY = (
    select(*_COMPARED)
    .where(case_table.c.cell.in_(bindparam("cells", expanding=True)), *_ALIKE, _OPEN_BY_THE_WAY)
    .order_by(case_table.c.received_at.desc())
    .limit(MOST)
)
STATEMENTS = (_IN_WARD, _NEAR_BY)
"""What the search asks the database; the measurement explains how each is answered."""


def parameters(
    *,
    domains: Collection[str],
    ward_code: str | None,
    latitude: float | None,
    longitude: float | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the parameters of both statements."""
    return {
        "domains": sorted(domains),
        "ward": ward_code,
        "cells": list(similarity.cells_around(latitude, longitude)),
        "since": now - timedelta(days=similarity.DAYS),
    }


async def candidates(
    transaction: Transaction,
    *,
    domains: Collection[str],
    ward_code: str | None,
    latitude: float | None = None,
    longitude: float | None = None,
    now: datetime,
) -> list[Candidate]:
    """Return the latest open cases of these domains in the ward or near the position, within 30 days.

    Near is a little more than 300 m; the distance itself is part of the comparison. Kinds that are nobody
    else's business are left out; whoever asks leaves out restricted domains.
    """
    asked = parameters(domains=domains, ward_code=ward_code, latitude=latitude, longitude=longitude, now=now)
    new = transaction.kept_back(case_table)
    if new is None:
        await transaction.flush()
    rows = {row["id"]: row for row in new or () if _is_asked_for(row, asked)}
    if ward_code is not None:
        in_ward = {name: asked[name] for name in ("domains", "since", "ward")}
        rows |= {row["id"]: row for row in await transaction.fetch_stored(_IN_WARD, in_ward)}
    if asked["cells"]:
        near_by = {name: asked[name] for name in ("domains", "since", "cells")}
        rows |= {row["id"]: row for row in await transaction.fetch_stored(_NEAR_BY, near_by)}
    latest = sorted(rows.values(), key=lambda row: row["received_at"], reverse=True)[:MOST]
    return [_candidate(row) for row in latest]


def _is_asked_for(row: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Tell what the statements tell, of a case that the same transaction is about to insert."""
    return (
        row["domain"] in asked["domains"]
        and row["received_at"] >= asked["since"]
        and row["kind"] in similarity.COMPARED_KINDS
        and row["status"] in OPEN_STATUSES
        and ((row["ward_code"] or "") == asked["ward"] or row["cell"] in asked["cells"])
    )


def _candidate(row: Mapping[str, Any]) -> Candidate:
    report = Report(
        words=row["words"] if row["words"] is not None else similarity.stored_words(row["text"]),
        ward=row["ward_name"] or "",
        street=row["street"] or "",
        latitude=row["latitude"],
        longitude=row["longitude"],
    )
    return Candidate(id=row["id"], code=row["code"], urgent=row["urgent"], report=report)


# ── merged cases ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """What is read of a merged case to tell its reporter: thousands may have reported one incident."""

    id: int
    code: str
    master_id: int
    reporter_id: int
    channel: str
    chat: str


_MERGED: tuple[ColumnElement[bool], ...] = (
    case_table.c.master_id.in_(bindparam("masters", expanding=True)),
    literal_column("master_id IS NOT NULL"),
)
_OLDEST_FIRST = (case_table.c.received_at, case_table.c.id)
_MERGED_WHOLE = select(case_table).where(*_MERGED).order_by(*_OLDEST_FIRST)
_MERGED_LOCKED = select(case_table.c.id).where(*_MERGED).order_by(case_table.c.id).with_for_update()
_JOINED = (
    select(*(case_table.c[each.name] for each in fields(Joined))).where(*_MERGED).order_by(*_OLDEST_FIRST)
)
_OTHER_PEOPLE = select(func.count(case_table.c.reporter_id.distinct()).label("people")).where(
    case_table.c.master_id == bindparam("master"),
    literal_column("master_id IS NOT NULL"),
    case_table.c.reporter_id != bindparam("reporter"),
)
_BY_NUMBER_LOCKED = (
    select(case_table)
    .where(case_table.c.id.in_(bindparam("numbers", expanding=True)))
    .order_by(case_table.c.id)
    .with_for_update()
)
_LATER_WORDS = (
    select(event.c.case_id, event.c.at, event.c.data)
    .where(
        event.c.case_id.in_(bindparam("numbers", expanding=True)),
        event.c.type.in_(("added", "edited", "rating_words")),
    )
    .order_by(event.c.at, event.c.sequence)
)


async def merged_into(transaction: Transaction, master_ids: Collection[int]) -> list[Case]:
    """Return the whole cases that were merged into any of these, the oldest first."""
    if not master_ids:
        return []
    rows = await transaction.fetch(_MERGED_WHOLE, {"masters": sorted(master_ids)})
    return [Case(**row) for row in rows]


async def joined_to(transaction: Transaction, master_ids: Collection[int]) -> list[Joined]:
    """Return what tells the reporters of the cases that were merged into any of these, the oldest first."""
    if not master_ids:
        return []
    return [Joined(**row) for row in await transaction.fetch(_JOINED, {"masters": sorted(master_ids)})]


async def count_people(transaction: Transaction, master: Case) -> int:
    """Count the different people who reported a case or one that was merged into it."""
    row = await transaction.fetch_one(_OTHER_PEOPLE, {"master": master.id, "reporter": master.reporter_id})
    return 1 + (int(row["people"]) if row else 0)


async def later_words(
    transaction: Transaction, case_ids: Collection[int]
) -> dict[int, list[tuple[datetime, str]]]:
    """Return what was said to each of these cases after it was sent, in order; only those with words."""
    said: dict[int, list[tuple[datetime, str]]] = {}
    rows = await transaction.fetch(_LATER_WORDS, {"numbers": sorted(case_ids)}) if case_ids else ()
    for row in rows:
        if text := row["data"].get("text", ""):
            said.setdefault(row["case_id"], []).append((row["at"], text))
    return said


async def master_of(transaction: Transaction, case: Case) -> Case | None:
    """Return the case that this one was merged into, None for a case of its own."""
    return await cases.get_case_by_id(transaction, case.master_id) if case.master_id is not None else None


async def lock_with_master(transaction: Transaction, case: Case) -> tuple[Case, Case | None]:
    """Return a case and the one that it was merged into, each as it is now and kept from others.

    `case` was read without a lock. The master is None for a case of its own, and for one that was merged in
    this very moment: whoever needs its master then says that things have changed.
    """
    known = {case.id} if case.master_id is None else {case.id, case.master_id}
    locked = await lock_in_order(transaction, known)
    case = locked[case.id]
    return case, locked.get(case.master_id) if case.master_id is not None else None


async def lock_in_order(transaction: Transaction, case_ids: Collection[int]) -> dict[int, Case]:
    """Return these cases kept from others, locked from the lowest number on: nobody waits in a ring."""
    rows = await transaction.fetch(_BY_NUMBER_LOCKED, {"numbers": sorted(case_ids)})
    return {row["id"]: Case(**row) for row in rows}


async def lock_merged(transaction: Transaction, master_ids: Collection[int]) -> None:
    """Keep from others what was merged into any of these, which are locked: nobody joins meanwhile.

    Those who joined are younger than the master, so that these locks too are taken in order.
    """
    await transaction.fetch(_MERGED_LOCKED, {"masters": sorted(master_ids)})
