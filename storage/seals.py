"""Seals: one root for each local day's events, chained to the day before; what a rewritten chain cannot fit.

`docs/decisions/0009-what-is-sealed.md` tells what is hashed, so that anybody can compute it again.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.engine import Row

from routing.deadline import LOCAL_TIME
from storage import ledger
from storage.database import Transaction
from storage.ledger import Broken, Progress, local_day
from storage.tables import UtcTime, case, event, seal

if TYPE_CHECKING:
    from routing.organisation import City

SEALING_DELAY = timedelta(hours=1)
"""After midnight, so that what was begun before it is written, and clocks that differ a little do no harm."""
_TIME_TO_SEAL = timedelta(days=1)
"""A day that is not sealed so long after it could be, while events went on, has lost its seal."""
_NEAR = timedelta(days=2)
"""A day is over when something happened so soon after it; what came later has to be borne out."""
_BORNE_OUT = (timedelta(days=1), timedelta(days=30))
"""How long after it, at least and at most: a clock that runs ahead is noticed within a day."""
_SHORT = 16
"""How many letters of an event's hash a seal keeps: enough to tell which event it was."""
_DAYS_AT_ONCE = 7
_DAY = timedelta(days=1)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """The seal of one local day: its root stands for every event until the end of that day."""

    day: date
    root: str
    previous_root: str
    events: int
    cases: int
    sealed_at: datetime

    @property
    def shown(self) -> str:
        """The first letters of the root, in groups that can be read aloud and compared."""
        return shown(self.root)


def shown(root: str) -> str:
    """Return the first sixteen letters of a root in groups of four."""
    return " ".join(root[start : start + 4] for start in range(0, _SHORT, 4))


@dataclass(slots=True)
class _Day:
    """What the events of one day come to, while they are read in the order of cases."""

    digest: Any = field(default_factory=hashlib.sha256)
    entries: Any = field(default_factory=hashlib.sha256)
    """The digest of the lines that the seal keeps, which are shorter."""
    events: int = 0
    cases: int = 0
    last_case: int | None = None

    def add(self, code: str, case_id: int, sequence: int, hash: str) -> None:
        self.digest.update(f"{code} {sequence} {hash}\n".encode())
        self.entries.update(_entry(code, sequence, hash).encode())
        self.events += 1
        if case_id != self.last_case:
            self.cases += 1
            self.last_case = case_id

    def root(self, day: date, previous_root: str, sealed_at: datetime) -> str:
        """Return the root: over the root before, the day, when it was sealed, the counts, the events."""
        when = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
        counts = (str(self.events), str(self.cases))
        parts = (previous_root, day.isoformat(), when, *counts, self.digest.hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def fits(self, kept: Seal) -> bool:
        """Tell whether these are the events that were sealed."""
        root = self.root(kept.day, kept.previous_root, kept.sealed_at)
        return (root, self.events, self.cases) == (kept.root, kept.events, kept.cases)


def _entry(code: str, sequence: int, hash: str) -> str:
    return f"{code} {sequence} {hash[:_SHORT]}\n"


# ── sealing ──────────────────────────────────────────────────────────────────────────────────────

_SEAL = select(seal.c.day, seal.c.root, seal.c.previous_root, seal.c.events, seal.c.cases, seal.c.sealed_at)
_LATEST = _SEAL.order_by(seal.c.day.desc()).limit(1)
_OF_DAY = _SEAL.where(seal.c.day == bindparam("in_day"))
_SEALS = _SEAL.order_by(seal.c.day)
_ENTRIES = select(seal.c.entries).where(seal.c.day == bindparam("in_day"))
_ADD = insert(seal)
_FIRST_AT = select(func.min(event.c.at).label("at"))
_NEXT_AT = _FIRST_AT.where(event.c.at >= bindparam("since"))
_DATABASE_TIME = select(func.clock_timestamp(type_=UtcTime).label("at"))
_EVENTS_OF_DAY = (
    select(case.c.code, event.c.case_id, event.c.sequence, event.c.hash)
    .join_from(event, case, case.c.id == event.c.case_id, isouter=True)
    .where(event.c.at >= bindparam("start"), event.c.at < bindparam("end"))
    .order_by(event.c.case_id, event.c.sequence)
)


async def latest(transaction: Transaction) -> Seal | None:
    """Return the last seal, whose root stands for everything until the end of its day; None without any."""
    row = await transaction.fetch_one(_LATEST)
    return Seal(**row) if row else None


async def of_day(transaction: Transaction, day: date) -> Seal | None:
    """Return the seal of a local day."""
    row = await transaction.fetch_one(_OF_DAY, {"in_day": day})
    return Seal(**row) if row else None


async def tick(transaction: Transaction, _city: "City", now: datetime) -> int:
    """Do the clock's part: seal some days, return how many."""
    return len(await seal_days(transaction, now=now, limit=_DAYS_AT_ONCE))


async def seal_days(transaction: Transaction, *, now: datetime, limit: int | None = None) -> list[Seal]:
    """Seal every local day that is over and has no seal yet, from the first event's day on.

    A day is over by the clock for an hour, and by the events (`_over_at`): a clock that runs ahead alone
    closes no day. So a quiet time is sealed when life goes on. Days without events are sealed too, so that
    the chain of days has no gap. Two clocks that seal at once do no harm: the day is the key, the second
    fails and finds nothing to do the next time. limit: of days.
    """
    before = await latest(transaction)
    day = before.day + _DAY if before else await _first_day(transaction)
    last = local_day(now - SEALING_DELAY) - _DAY
    sealed: list[Seal] = []
    while day is not None and day <= last and (limit is None or len(sealed) < limit):
        over_at = await _over_at(transaction, day)
        if over_at is None or over_at > now:
            await _tell_of_gap(transaction, day, now)
            break
        before = await _seal_day(transaction, day, before.root if before else "", now)
        sealed.append(before)
        day += _DAY
    return sealed


async def missing(transaction: Transaction) -> Broken | None:
    """Return the first day after the last seal as a fault, where it had the time to be sealed."""
    before = await latest(transaction)
    day = before.day + _DAY if before else await _first_day(transaction)
    return _of_seal(day, "seal removed") if day and await _had_time(transaction, day) else None


async def agreed_now(transaction: Transaction, now: datetime) -> datetime:
    """Return the earlier of a machine's time and PostgreSQL's own, which all machines share.

    Where the machine is so far ahead that it would seal too soon, that is logged. With SQLite there is one
    machine and one clock.
    """
    if transaction.dialect != "postgresql":
        return now
    found = await transaction.fetch_one(_DATABASE_TIME)
    shared: datetime = found["at"] if found else now
    if now - shared > SEALING_DELAY:
        log.warning(
            "This machine's clock is ahead of the database's: is it right?",
            action="clock_ahead",
            seconds=round((now - shared).total_seconds()),
        )
    return min(now, shared)


async def _over_at(transaction: Transaction, day: date) -> datetime | None:
    """Return the moment from which the events say that a day is over; None while they do not.

    That is the first event after it, if it came soon. After a longer gap it may be the work of a wrong
    clock: then the first event that follows another by a day or more, and by no more than a month.
    """
    return await _gone_on_at(transaction, _bounds(day)[1])


async def _gone_on_at(transaction: Transaction, since: datetime) -> datetime | None:
    """Return the moment at which events prove that life has gone on since another moment."""
    at = await _next_at(transaction, since)
    if at is None or at - since <= _NEAR:
        return at
    least, most = _BORNE_OUT
    while at is not None:
        after = await _next_at(transaction, at + least)
        if after is not None and after - at <= most:
            return after
        at = after
    return None


async def _next_at(transaction: Transaction, since: datetime) -> datetime | None:
    row = await transaction.fetch_one(_NEXT_AT, {"since": since})
    return row["at"] if row else None


async def _tell_of_gap(transaction: Transaction, day: date, now: datetime) -> None:
    """Log that a day waits for more events after a gap; while nothing happens there is nothing to say."""
    _, end = _bounds(day)
    at = await _next_at(transaction, end)
    if at is not None and at - end > _NEAR:
        log.warning(
            "Days are not sealed yet: between events lies a gap, or a clock is wrong.",
            action="seal_waits",
            day=day.isoformat(),
            next_event_at=at.isoformat(),
            clock=now.isoformat(),
        )


async def _first_day(transaction: Transaction) -> date | None:
    found = await transaction.fetch_one(_FIRST_AT)
    return local_day(found["at"]) if found and found["at"] else None


async def _seal_day(transaction: Transaction, day: date, previous_root: str, now: datetime) -> Seal:
    events = await _events_of_day(transaction, day)
    totals, entries = _Day(), []
    for code, case_id, sequence, hash in events:
        totals.add(code, case_id, sequence, hash)
        entries.append(_entry(code, sequence, hash))
    made = Seal(
        day=day,
        root=totals.root(day, previous_root, now),
        previous_root=previous_root,
        events=totals.events,
        cases=totals.cases,
        sealed_at=now,
    )
    transaction.write(_ADD, {**asdict(made), "entries": "".join(entries)})
    return made


async def _events_of_day(transaction: Transaction, day: date) -> list[tuple[str, int, int, str]]:
    """Return code, case, number and hash of each event of a day, in the order in which they are sealed."""
    await transaction.flush()
    start, end = _bounds(day)
    result = await transaction.connection.execute(_EVENTS_OF_DAY, {"start": start, "end": end})
    return [(row.code or "", row.case_id, row.sequence, row.hash) for row in result]


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), LOCAL_TIME).astimezone(UTC)
    return start, start + _DAY


# ── verifying ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a verification found: how many events were read, every fault up to a limit, the last seal."""

    events: int
    faults: tuple[Broken, ...]
    latest: Seal | None
    sealed_late: tuple[Seal, ...] = ()
    """Seals made more than a day after they could be: no fault, and what was rewritten before fits them."""

    @property
    def holds(self) -> bool:
        """Whether there is no fault."""
        return not self.faults


async def verify(
    transaction: Transaction,
    *,
    day: date | None = None,
    root: str | None = None,
    progress: Progress | None = None,
    limit: int = 20,
) -> Verified:
    """Check every case's chain and every day's seal against the events, and name what does not hold.

    day: with `root`, the day whose seal must have this root (the last one without); without a root, the one
    day to check, with the whole chains of its cases. root: as noted elsewhere, at least its first sixteen
    letters; blanks and hyphens do not matter. With it, even a database that was rewritten as a whole is
    found out. Raises ValueError for a root that is too short or no hexadecimal number.
    """
    noted = None if root is None else _read_root(root)
    if day is not None and noted is None:
        found, events = await _verify_day(transaction, day), await _count_of_day(transaction, day)
    else:
        found, events = await _verify_all(transaction, progress), await ledger.count_events(transaction)
        if noted is not None:
            found = [*await _compare(transaction, day, noted), *found]
    return Verified(
        events=events,
        faults=tuple(found[:limit]),
        latest=await latest(transaction),
        sealed_late=await _sealed_late(transaction, day if noted is None else None),
    )


async def _sealed_late(transaction: Transaction, day: date | None) -> tuple[Seal, ...]:
    """Return the seals, or that of a day, made long after the clock and the events let them be made."""
    found: list[Seal] = []
    waited_until: datetime | None = None
    for row in await transaction.fetch(_SEALS):
        kept = Seal(**row)
        could_be = _bounds(kept.day)[1] + SEALING_DELAY
        if kept.sealed_at - could_be <= _TIME_TO_SEAL:
            continue
        over_at = await _over_at(transaction, kept.day) or kept.sealed_at
        # A day is not sealed before the one that it follows.
        waited_until = max(over_at, could_be, waited_until or over_at)
        if kept.sealed_at - waited_until > _TIME_TO_SEAL:
            found.append(kept)
    return tuple(kept for kept in found if day in (None, kept.day))


def _read_root(written: str) -> str:
    bare = written.lower().replace(" ", "").replace("-", "")
    if len(bare) < _SHORT or len(bare) > 64 or not set(bare) <= set("0123456789abcdef"):
        raise ValueError(f"not a root: {written!r} (16 to 64 hexadecimal letters)")
    return bare


async def _compare(transaction: Transaction, day: date | None, noted: str) -> list[Broken]:
    kept = await (of_day(transaction, day) if day else latest(transaction))
    if kept is None:
        return [_of_seal(day, "seal removed")]
    return [] if kept.root.startswith(noted) else [_of_seal(kept.day, "other root")]


def _of_seal(day: date | None, fault: str) -> Broken:
    return Broken(case_id=0, code="", sequence=None, fault=fault, day=day)


async def _verify_all(transaction: Transaction, progress: Progress | None) -> list[Broken]:
    days: dict[date, _Day] = {}

    def see(code: str, events: Sequence[Row[Any]]) -> None:
        for row in events:
            day = local_day(row.at)
            if day not in days:
                days[day] = _Day()
            days[day].add(code, row.case_id, row.sequence, row.hash)

    found = [broken async for broken in ledger.faults(transaction, seen=see, progress=progress)]
    return [*found, *[each async for each in _seal_faults(transaction, days)]]


async def _seal_faults(transaction: Transaction, days: Mapping[date, _Day]) -> AsyncIterator[Broken]:
    seals = {row["day"]: Seal(**row) for row in await transaction.fetch(_SEALS)}
    unfit: list[date] = []
    for day in await _days_to_seal(transaction, seals, days):
        kept, before = seals.get(day), seals.get(day - _DAY)
        if kept is None:
            yield _of_seal(day, "seal removed")
        elif not await _fits(transaction, kept, days.get(day, _Day())):
            unfit.append(day)
        elif day - _DAY not in unfit and not _follows(kept, before, first=min(seals)):
            yield _of_seal(day, "seal changed")
    for broken in await _name(transaction, unfit):
        yield broken


async def _fits(transaction: Transaction, kept: Seal, totals: _Day) -> bool:
    row = await transaction.fetch_one(_ENTRIES, {"in_day": kept.day})
    entries = hashlib.sha256(row["entries"].encode() if row else b"").digest()
    return totals.fits(kept) and bool(totals.entries.digest() == entries)


def _follows(kept: Seal, before: Seal | None, *, first: date) -> bool:
    """Tell whether a seal continues the one before it; where that is gone, that is told of its own day."""
    if before is None:
        return kept.previous_root == "" or kept.day != first
    return kept.previous_root == before.root


async def _days_to_seal(transaction: Transaction, seals: Iterable[date], days: Iterable[date]) -> list[date]:
    """Return the days that must have a seal: from the first until the last seal, or until it was time."""
    known = [*seals, *days]
    if not known:
        return []
    day, last_seal = min(known), max(seals, default=None)
    found: list[date] = []
    while (last_seal and day <= last_seal) or await _had_time(transaction, day):
        found.append(day)
        day += _DAY
    return found


async def _had_time(transaction: Transaction, day: date) -> bool:
    """Tell whether a day without a seal has lost it: life went on long after it could be sealed."""
    over_at = await _over_at(transaction, day)
    if over_at is None:
        return False
    could_be = max(over_at, _bounds(day)[1] + SEALING_DELAY)
    return await _gone_on_at(transaction, could_be + _TIME_TO_SEAL) is not None


async def _verify_day(transaction: Transaction, day: date) -> list[Broken]:
    totals, events = _Day(), await _events_of_day(transaction, day)
    for code, case_id, sequence, hash in events:
        totals.add(code, case_id, sequence, hash)
    ids = list(dict.fromkeys(case_id for _, case_id, _, _ in events))
    found = [broken async for broken in ledger.faults_of(transaction, ids)]
    kept, before = await of_day(transaction, day), await of_day(transaction, day - _DAY)
    if kept is None:
        lost = await _had_time(transaction, day)
        return [*found, *([_of_seal(day, "seal removed")] if lost else [])]
    if not await _fits(transaction, kept, totals):
        return [*found, *await _name(transaction, [day])]
    return found if _follows(kept, before, first=day) else [*found, _of_seal(day, "seal changed")]


async def _count_of_day(transaction: Transaction, day: date) -> int:
    return len(await _events_of_day(transaction, day))


Entry = tuple[str, int]
"""A case's code and the number of its event."""


async def _name(transaction: Transaction, days: Sequence[date]) -> list[Broken]:
    """Say which events do not fit the seals of these days, by the lines that the seals keep of them.

    A day on which every line fits had its seal tampered with. Of each case the first event is named: what
    differs after it in the chain follows from it.
    """
    sealed = {day: await _sealed_entries(transaction, day) for day in days}
    stands: dict[date, dict[Entry, str]] = {}
    ids: dict[str, int] = {}
    for day in days:
        events = await _events_of_day(transaction, day)
        stands[day] = {(code, sequence): hash[:_SHORT] for code, _, sequence, hash in events}
        ids |= {code: case_id for code, case_id, _, _ in events}
    counted = (_per_case(sealed.values()), _per_case(stands.values()))
    found: dict[str, Broken] = {}
    for day in days:
        differing = sorted(dict(sealed[day].items() ^ stands[day].items()))
        if not differing:
            found[str(day)] = _of_seal(day, "seal changed")
        for code, sequence in differing:
            fault = _fault_of(*(each[code] for each in counted), same_day=_both(sealed, stands, day, code))
            its_day = (each for each in days if (code, sequence) in sealed[each])
            on = next(its_day, day) if fault == "moved" else day
            broken = Broken(case_id=ids.get(code, 0), code=code, sequence=sequence, fault=fault, day=on)
            found.setdefault(code, broken)
    return list(found.values())


def _per_case(days: Iterable[Mapping[Entry, str]]) -> Counter[str]:
    return Counter(code for entries in days for code, _ in entries)


def _both(
    sealed: Mapping[date, Mapping[Entry, str]],
    stands: Mapping[date, Mapping[Entry, str]],
    day: date,
    code: str,
) -> bool:
    """Tell whether the same events of a case were sealed on a day as stand there."""
    numbers = [{entry for entry in each[day] if entry[0] == code} for each in (sealed, stands)]
    return numbers[0] == numbers[1]


def _fault_of(were: int, are: int, *, same_day: bool) -> str:
    if were != are:
        return "removed since" if were > are else "added since"
    return "changed since" if same_day else "moved"


async def _sealed_entries(transaction: Transaction, day: date) -> dict[Entry, str]:
    row = await transaction.fetch_one(_ENTRIES, {"in_day": day})
    found: dict[Entry, str] = {}
    for line in (row["entries"] if row else "").splitlines():
        code, _, rest = line.partition(" ")
        sequence, _, hash = rest.partition(" ")
        found[code, int(sequence) if sequence.isdecimal() else 0] = hash
    return found
