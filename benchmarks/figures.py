"""`python -m benchmarks.figures`: what figures cost among very many cases, and what keeping them ready costs.

Loads two cities that differ in the number of their cases alone (30 units, 12 domains, 3 years), asks both the
same questions in turn, and prints milliseconds and how much longer the larger one takes. With `--filing` it
files cases with and without the triggers that note what changed.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text
from tqdm import tqdm

from benchmarks.verify import folder_of
from routing import trees
from routing.deadline import midnight
from routing.organisation import City, build_city, to_document
from routing.when import Period
from storage import figures, folding, migrating, people, rollups, units
from storage.database import Database, driver_arguments
from tests.histories import Stage, live_all
from tests.postgres import PostgresServer

FIRST, LAST = date(2023, 11, 24), date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 5, 20, tzinfo=UTC)
UNITS, DOMAINS = 30, 12
AT_ONCE = 500_000
YEARS_3 = int((NOW - midnight(FIRST)).total_seconds())
MICROSECOND = timedelta(microseconds=1)

Ask = Callable[[Any], Awaitable[Any]]


# ── loading ──────────────────────────────────────────────────────────────────────────────────────


def _columns(count: int, *, postgresql: bool) -> dict[str, str]:
    """Return the SQL of each column of case n; what looks like chance is a product modulo a prime."""

    def moment(seconds: str) -> str:
        begin = int(midnight(FIRST).timestamp())
        whole = f"({begin} + {seconds})"
        return f"to_timestamp({whole})" if postgresql else f"{whole} * 1000000"

    def chance(prime: int, most: int) -> str:
        return f"((n + 1) * {prime} % 1000003 % {most})"

    received = f"(n * {YEARS_3} / {count})"
    # Of the last two weeks more than half is open; of what is older, three in a thousand.
    is_open = f"(({received} > {YEARS_3} - 1209600 AND {chance(7919, 10)} < 6) OR {chance(6007, 1000)} < 3)"
    true, false = ("true", "false") if postgresql else ("1", "0")
    refused, extended = f"{chance(2221, 50)} = 0", f"{chance(1013, 20)} = 0"
    allowed = f"(86400 * (3 + {chance(4799, 12)}))"
    took = f"(3600 * (1 + {chance(5003, 40)} * {chance(9973, 11)}))"
    answered = f"({received} + {took})"

    def when_done(value: str) -> str:
        return f"CASE WHEN {is_open} THEN NULL ELSE {value} END"

    return {
        "id": "n + 1",
        "code": "'HN-' || substr('00000000' || n, -8)"
        if not postgresql
        else "'HN-' || lpad(n::text, 8, '0')",
        "kind": f"CASE {chance(8101, 20)} WHEN 0 THEN 'question' WHEN 1 THEN 'grievance' ELSE 'feedback' END",
        "domain": f"'domain-' || {chance(3571, DOMAINS)}",
        "status": f"CASE WHEN {is_open} THEN 'in_progress' WHEN {refused} THEN 'rejected' ELSE 'closed' END",
        "urgent": false,
        "text": "'Rác'",
        "unit_code": " ".join(("(SELECT code FROM bench_unit WHERE number =", chance(1571, UNITS), ")")),
        "reporter_id": "(SELECT min(id) FROM person)",
        "channel": "'web'",
        "chat": "'an'",
        "anonymous": false,
        "consent_at": moment(received),
        "consent_text": "''",
        "reading": "'{}'",
        "received_at": moment(received),
        "due_at": moment(f"({received} + {allowed})"),
        "warn_at": moment(f"({received} + {allowed} * 3 / 4)"),
        "answered_at": when_done(moment(answered)),
        "answer_due_at": when_done(moment(f"({received} + {allowed})")),
        "extended_from": f"CASE WHEN {extended} THEN {moment(f'({received} + {allowed} / 2)')} END",
        "handled_hours": when_done(f"{took} / 10800.0"),
        "rating": f"CASE WHEN {is_open} OR {chance(6131, 10)} < 7 THEN NULL ELSE 1 + {chance(8887, 5)} END",
        "reopened_count": f"CASE WHEN {chance(4001, 30)} = 0 THEN 1 ELSE 0 END",
        "people_count": f"1 + {chance(9001, 9)} / 8",
        "late_before": f"CASE WHEN {chance(7001, 200)} = 0 THEN {true} ELSE {false} END",
    }


def _insert(count: int, *, postgresql: bool) -> str:
    columns = _columns(count, postgresql=postgresql)
    rows = (
        "SELECT n FROM generate_series($1::bigint, $2::bigint) AS n"
        if postgresql
        else "WITH RECURSIVE r(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT n FROM r"
    )
    names, values = ", ".join(columns), ", ".join(columns.values())
    return " ".join(('INSERT INTO "case" (', names, ") SELECT", values, "FROM (", rows, ") AS r"))


def _fill_sqlite(path: Path, count: int, codes: list[str]) -> None:
    """Load cases without indexes and triggers, and make those again."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        connection.execute(f"PRAGMA {pragma}")
    kept = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'case' AND type IN ('index', 'trigger') "
        "AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in kept:
        connection.execute(f"DROP {kind} {name}")
    connection.execute("CREATE TEMP TABLE bench_unit (number INTEGER PRIMARY KEY, code TEXT)")
    connection.executemany("INSERT INTO bench_unit VALUES (?, ?)", enumerate(codes))
    for start in tqdm(range(0, count, AT_ONCE), desc="cases", unit_scale=AT_ONCE):
        connection.execute(_insert(count, postgresql=False), (start, min(start + AT_ONCE, count) - 1))
    for _, _, sql in tqdm(sorted(kept), desc="indexes"):
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


async def _fill_postgresql(url: str, count: int, codes: list[str]) -> None:
    connection = await asyncpg.connect(**_plain(driver_arguments(url)))
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    await connection.execute("SET maintenance_work_mem = '1GB'")
    kept = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'case' AND indexname LIKE 'ix_%'"
    )
    for each in kept:
        await connection.execute(f"DROP INDEX {each['indexname']}")
    await connection.execute("CREATE TEMP TABLE bench_unit (number integer PRIMARY KEY, code text)")
    await connection.executemany("INSERT INTO bench_unit VALUES ($1, $2)", list(enumerate(codes)))
    for start in tqdm(range(0, count, AT_ONCE), desc="cases", unit_scale=AT_ONCE):
        await connection.execute(
            _insert(count, postgresql=True), start, min(start + AT_ONCE, count) - 1, timeout=3600
        )
    for each in tqdm(kept, desc="indexes"):
        await connection.execute(each["indexdef"], timeout=3600)
    await connection.execute('VACUUM ANALYZE "case"', timeout=3600)
    await connection.close()


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name in ("host", "user", "database", "port")}


async def load(url: str, count: int) -> City:
    """Make a city with so many cases and its figures kept ready."""
    await migrating.upgrade(url)
    city = build_city("Hà Nội")
    database = Database(url)
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=NOW)
        people.add_person(transaction, channel="web", user="an", name="", now=NOW)
    await database.close()
    if database.sqlite:
        await asyncio.to_thread(_fill_sqlite, Path(database.url.database or ""), count, codes_of(city))
    else:
        await _fill_postgresql(url, count, codes_of(city))
    started = time.perf_counter()
    database = Database(url)
    async with database.begin() as transaction:
        await folding.rebuild(transaction)
    print(f"{count} cases: figures counted anew in {time.perf_counter() - started:.0f} s", flush=True)
    if not database.sqlite:
        async with database.begin() as transaction:
            await transaction.execute(text("ANALYZE"))
    await database.close()
    return city


def codes_of(city: City) -> list[str]:
    """Return the units that have cases."""
    return [unit.code for unit in city.wards()][:UNITS]


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def questions(city: City) -> dict[str, Ask]:
    """Return what leaders ask: each gives every figure at once."""
    codes = codes_of(city)
    month = Period(first=LAST - timedelta(days=29), last=LAST)
    before = Period(first=LAST - timedelta(days=59), last=LAST - timedelta(days=30))
    odd = Period(first=date(2026, 1, 2), last=date(2026, 11, 22))
    ever = Period(first=date(2020, 1, 1), last=LAST)
    below = trees.counted_below(city, city.root.code, {codes[0]: codes[1]})

    def of(period: Period, **asked: Any) -> Ask:
        whole: dict[str, Any] = {
            "start": midnight(period.first),
            "end": midnight(period.last + timedelta(days=1)),
            "now": NOW,
        }
        return lambda transaction: figures.figures(transaction, **whole, returns=False, **asked)

    def course(period: Period, step: Any, **asked: Any) -> Ask:
        whole: dict[str, Any] = {"first": period.first, "last": period.last, "now": NOW, "step": step}
        return lambda transaction: rollups.series(transaction, **whole, **asked)

    async def compared(transaction: Any) -> None:
        await of(month, group_by="unit")(transaction)
        await of(before, group_by="unit")(transaction)

    some = {"unit_codes": codes[:10]}
    return {
        "30 days": of(month),
        "30 days by unit": of(month, group_by="unit"),
        "30 days by domain": of(month, group_by="domain"),
        "30 days by unit, and those before": compared,
        "30 days by unit, one domain": of(month, group_by="unit", domain="domain-3"),
        "30 days by domain, ten units": of(month, group_by="domain", **some),
        "30 days, one unit, one domain": of(month, unit_codes=codes[:1], domain="domain-3"),
        "30 days by unit, today's units": of(month, group_by="unit", moved=below),
        "one day by unit": of(Period(first=LAST, last=LAST), group_by="unit"),
        "2 January to yesterday by unit": of(odd, group_by="unit"),
        "2 January to yesterday by domain, ten units": of(odd, group_by="domain", **some),
        "all time": of(ever),
        "all time by unit": of(ever, group_by="unit"),
        "all time by domain": of(ever, group_by="domain"),
        "all time by domain, ten units": of(ever, group_by="domain", **some),
        "30 days, day by day": course(month, "day"),
        "a year, week by week": course(Period(first=LAST - timedelta(days=364), last=LAST), "week"),
        "three years, month by month, ten units": course(ever, "month", **some),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of one question in the smaller and the larger city."""

    small: float
    large: float
    ratio: float


async def measure(small: Database, large: Database, ask: Ask, repeats: int) -> Measured:
    """Ask both in turn; return the medians, and the median of the pairs' ratios."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(repeats + 3):
        for is_large in (True, False) if number % 2 else (False, True):
            async with (large if is_large else small).read() as transaction:
                started = time.perf_counter()
                await ask(transaction)
                if number >= 3:
                    times[is_large].append((time.perf_counter() - started) * 1000)
    ratios = [large_one / small_one for large_one, small_one in zip(times[True], times[False], strict=True)]
    return Measured(
        statistics.median(times[False]), statistics.median(times[True]), statistics.median(ratios)
    )


async def compare(urls: tuple[str, str], counts: tuple[int, int], repeats: int) -> dict[str, Measured]:
    """Load both cities and ask everything."""
    city = build_city("Hà Nội")
    for url, count in zip(urls, counts, strict=True):
        city = await load(url, count)
    small, large = (Database(url) for url in urls)
    found = {}
    for name, ask in questions(city).items():
        found[name] = await measure(small, large, ask, repeats)
        each = found[name]
        print(f"{name:46}{each.small:8.1f}{each.large:8.1f}{each.ratio:7.2f}", flush=True)
    await small.close()
    await large.close()
    return found


# ── what keeping them ready costs ────────────────────────────────────────────────────────────────


async def filing(lend: Callable[[], Any], cases: int, pairs: int) -> dict[str, float]:
    """Store cases with their histories with and without the triggers; return the ratio of the times.

    A case is a whole history of some seven events. What the clock does later is measured apart.
    """
    ratios, adding = [], []
    for number in range(pairs):
        seconds = {}
        for noted in (True, False) if number % 2 else (False, True):
            async with lend() as url:
                database = Database(url)
                stage = await stage_of(database, noted=noted)
                started = time.perf_counter()
                await live_all(database, stage, seed=7, count=cases)
                seconds[noted] = time.perf_counter() - started
                if noted:
                    adding.append(await _seconds_to_add(database) / seconds[noted])
                await database.close()
        ratios.append(seconds[True] / seconds[False])
    return {"with / without": statistics.median(ratios), "adding / filing": statistics.median(adding)}


async def _seconds_to_add(database: Database) -> float:
    started = time.perf_counter()
    await fold_all(database)
    return time.perf_counter() - started


async def fold_all(database: Database) -> None:
    """Add everything that was noted to the figures kept ready."""
    more = 1
    while more:
        async with database.begin() as transaction:
            more = await folding.fold(transaction)


async def stage_of(database: Database, *, noted: bool) -> Stage:
    """Make a city whose triggers note what changes, or do not; return where its histories take place."""
    city = build_city("Hà Nội")
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=NOW)
        person = people.add_person(transaction, channel="web", user="an", name="", now=NOW)
        if not noted:
            for name in ("added", "removed", "changed"):
                on = "" if database.sqlite else ' ON "case"'
                await transaction.execute(text(f"DROP TRIGGER case_counted_{name}{on}"))
    codes = codes_of(city)
    wards = [city.units[code].ward_code for code in codes]
    return Stage(city=city, reporter_id=person.id, units=codes, wards=wards, begins_at=NOW, days=40)


# ── from the command line ────────────────────────────────────────────────────────────────────────


async def run(arguments: argparse.Namespace) -> None:
    """Measure on the databases asked for."""
    async with AsyncExitStack() as stack:
        folder = folder_of(stack)
        server = PostgresServer(folder / "server", session=0)
        if "postgresql" in arguments.databases:
            (folder / "server").mkdir(mode=0o755)
            server.start()
            stack.callback(server.stop)
        for name in arguments.databases:
            lend = _lender(name, folder, server)
            print(f"{name:46}{'small':>8}{'large':>8}{'ratio':>7}", flush=True)
            found: dict[str, Any] = {"database": name}
            if arguments.filing:
                found |= await filing(lend, arguments.filing, arguments.pairs)
            if not arguments.only_filing:
                async with lend() as small, lend() as large:
                    asked = await compare((small, large), tuple(arguments.cases), arguments.repeats)
                found["slowest"] = round(max(each.large for each in asked.values()), 1)
                found["highest ratio"] = round(max(each.ratio for each in asked.values()), 2)
            print(json.dumps(found))


def _lender(name: str, folder: Path, server: PostgresServer) -> Callable[[], Any]:
    if name == "postgresql":
        return server.database

    @asynccontextmanager
    async def lend() -> AsyncIterator[str]:
        path = folder / f"{time.monotonic_ns()}.db"
        await migrating.upgrade(f"sqlite:///{path}")
        yield f"sqlite:///{path}"
        _remove(path)

    return lend


def _remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, nargs=2, default=[1_000_000, 10_000_000], metavar="N")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--filing", type=int, default=0, metavar="N", help="also file so many cases")
    parser.add_argument("--only-filing", action="store_true")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument(
        "--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"]
    )
    asyncio.run(run(parser.parse_args()))
