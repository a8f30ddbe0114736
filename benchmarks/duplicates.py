"""`python -m benchmarks.duplicates`: the search for likely duplicates among many open cases.

On both databases it prints milliseconds of the whole search (query, reading rows, comparing), and how the
database answers it. The city's cases lie in its wards as people do: a few wards have most of them. The
busiest ward has more open cases of one domain than are compared.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, text
from tqdm import tqdm

from routing.corpus import examples, sources
from routing.organisation import build_city
from routing.similarity import Report, domains_alike, most_alike, stored_words
from storage import cases, duplicates, migrating
from storage.cases import Case
from storage.database import Database, Transaction
from storage.people import add_person
from storage.tables import unit
from tests.postgres import PostgresServer, reachable_folder

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
BUSY_SHARE = 0.05
"""Of all cases, those of one ward and one domain: an incident that a whole ward reports."""


async def fill(database: Database, wards: list[str], count: int, finished: int) -> list[tuple[str, str, str]]:
    """Store open cases and finished ones; return text, domain and ward of some that were stored."""
    dice = random.Random(7)
    texts = examples(sources("domains"), seed=7, compositions=2, dressed=1)
    weights = [1 / (place + 5) for place in range(len(wards))]
    asked: list[tuple[str, str, str]] = []
    async with database.begin() as transaction:
        transaction.write(insert(unit), {"code": "ha-noi", "name": "Hà Nội", "kind": "city"})
        person = add_person(transaction, channel="web", user="an", name="", now=NOW).id
    for start in tqdm(range(0, count + finished, 1000), desc="cases"):
        async with database.begin() as transaction:
            for number in range(start, min(start + 1000, count + finished)):
                example = dice.choice(texts)
                busy = dice.random() < BUSY_SHARE
                ward = wards[0] if busy else dice.choices(wards, weights)[0]
                domain = "drainage" if busy else example.label
                status = "assigned" if number < count else "closed"
                case = _case(number, example.text, domain, ward, status, person, dice)
                cases.add_case(transaction, case)
                if status == "assigned" and number % 40 == 0:
                    asked.append((example.text, domain, ward))
    return asked


def _case(
    number: int, said: str, domain: str, ward: str, status: str, person: int, dice: random.Random
) -> Case:
    placed = dice.random() < 0.3
    return Case(
        id=number + 1,
        code=f"HN-{number}",
        kind="feedback",
        domain=domain,
        status=status,
        text=said,
        ward_code=ward,
        ward_name="Phường",
        latitude=21.0 + dice.gauss(0, 0.05) if placed else None,
        longitude=105.8 + dice.gauss(0, 0.05) if placed else None,
        unit_code="ha-noi",
        reporter_id=person,
        channel="web",
        chat="an",
        consent_at=NOW,
        consent_text="",
        received_at=NOW - timedelta(minutes=dice.randrange(30 * 24 * 60)),
    )


async def search(transaction: Transaction, said: str, domain: str, ward: str, place: Any) -> int:
    """Do what one tap on "send" does; return how many cases were compared."""
    found = await duplicates.candidates(
        transaction,
        domains=domains_alike(domain),
        ward_code=ward,
        latitude=place and place[0],
        longitude=place and place[1],
        now=NOW,
    )
    report = Report(words=stored_words(said), ward="Phường")
    most_alike(report, [candidate.report for candidate in found])
    return len(found)


async def measure(url: str, count: int, finished: int) -> None:
    """Fill one database, search it, and print what that took."""
    await migrating.upgrade(url)
    database = Database(url)
    wards = [each.ward_code for each in build_city("ha-noi").units.values() if each.ward_code]
    asked = await fill(database, wards, count, finished)
    if not database.sqlite:
        async with database.begin() as transaction:
            await transaction.connection.execute(text('ANALYZE "case"'))
    ordinary = [(*each, None) for each in asked]
    placed = [(*each, (21.0, 105.8)) for each in asked]
    worst = [(said, "drainage", wards[0], (21.0, 105.8)) for said, _, _ in asked]
    kind = "SQLite" if database.sqlite else "PostgreSQL"
    print(f"\n{kind}: {count} open cases, {finished} finished ones of the same 30 days")
    async with database.read() as transaction:
        for name, searches in (("by ward", ordinary), ("with a position", placed), ("busiest ward", worst)):
            took, compared, processor = [], [], time.process_time()
            for each in searches:
                begun = time.perf_counter()
                compared.append(await search(transaction, *each))
                took.append((time.perf_counter() - begun) * 1000)
            processor = (time.process_time() - processor) * 1000 / len(searches)
            took.sort()
            p95 = took[len(took) * 95 // 100]
            print(
                f"  {name:16} p50 {statistics.median(took):5.1f} ms, p95 {p95:5.1f} ms,"
                f" longest {took[-1]:5.1f} ms, our processor {processor:5.1f} ms;"
                f" compared {statistics.mean(compared):.0f} cases"
            )
        for plan in await plans(database, transaction, wards[0]):
            print(f"  {plan}")
    await database.close()


async def plans(database: Database, transaction: Transaction, ward: str) -> list[str]:
    """Return how the database answers both statements of the search."""
    asked: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((sql, parameters))

    connection = transaction.connection.sync_connection
    event.listen(connection, "before_cursor_execute", keep)
    await search(transaction, "ngập", "drainage", ward, (21.0, 105.8))
    event.remove(connection, "before_cursor_execute", keep)
    explain = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN (COSTS OFF)"
    lines = []
    for sql, parameters in asked:
        told = await transaction.connection.exec_driver_sql(f"{explain} {sql}", parameters)
        lines += [str(line[-1]) for line in told]
    return lines


async def main() -> None:
    """Measure both databases; PostgreSQL comes from the tests' wheel or from `--postgresql URL`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duplicates")
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--finished", type=int, default=20_000)
    parser.add_argument(
        "--postgresql", metavar="URL", help="an empty database, instead of the wheel's server"
    )
    arguments = parser.parse_args()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await measure(f"sqlite:///{folder}/city.db", arguments.open, arguments.finished)
        url = arguments.postgresql or await wheel(stack)
        await measure(url, arguments.open, arguments.finished)


async def wheel(stack: AsyncExitStack) -> str:
    server = _server()
    stack.callback(server.stop)
    return await stack.enter_async_context(server.database(empty=True))


def _server() -> PostgresServer:
    folder = Path(tempfile.mkdtemp(prefix="langnghe-", dir=reachable_folder()))
    folder.chmod(0o755)
    server = PostgresServer(folder, session=os.getpid())
    server.start()
    return server


if __name__ == "__main__":
    asyncio.run(main())
