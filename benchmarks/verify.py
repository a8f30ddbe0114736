"""`python -m benchmarks.verify`: the proof of a whole ledger, and figures among very many cases.

Builds a ledger of events like the program's own, seals it day by day, verifies all of it, and hashes the same
bytes plainly for comparison: nothing that proves a ledger can be quicker than that. With `--cases` it also
fills a database with cases alone and asks for their figures as leaders do.
"""

import argparse
import asyncio
import hashlib
import json
import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from tqdm import tqdm

from routing import trees
from routing.organisation import City, build_city, to_document
from storage import figures, migrating, people, seals, units
from storage.database import Database
from storage.tables import case as case_table
from storage.tables import event
from tests.histories import Stage, live_all
from tests.postgres import PostgresServer, reachable_folder

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
YEAR = timedelta(days=365)
STEP = 5000


async def found(database: Database, city: City) -> Stage:
    """Store the city and somebody who reports; return where histories take place."""
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=NOW - YEAR)
        person = people.add_person(transaction, channel="web", user="an", name="", now=NOW - YEAR)
    wards = city.wards()
    return Stage(
        city=city,
        reporter_id=person.id,
        units=[unit.code for unit in wards],
        wards=[unit.ward_code for unit in wards],
        begins_at=NOW - YEAR,
        days=330,
    )


async def prove(database: Database, stage: Stage, events: int) -> dict[str, Any]:
    """Fill a ledger, seal it and prove it; return seconds."""
    written, started = 0, time.perf_counter()
    with tqdm(total=events, desc="events", unit=" events") as bar:
        for seed in range(events):
            lived = await live_all(database, stage, seed=seed, count=1000, first=seed * 1000)
            written += sum(case.event_count for case in lived)
            bar.update(written - bar.n)
            if written >= events:
                break
    filled, started = time.perf_counter() - started, time.perf_counter()
    async with database.begin() as transaction:
        sealed = len(await seals.seal_days(transaction, now=NOW + YEAR))
    sealing, started, worked = time.perf_counter() - started, time.perf_counter(), time.process_time()
    async with database.read() as transaction:
        outcome = await seals.verify(transaction)
    verifying, worked = time.perf_counter() - started, time.process_time() - worked
    assert outcome.holds, outcome.faults
    plainly = await _hash_plainly(database)
    return {
        "events": outcome.events,
        "days": sealed,
        "seconds_to_fill": round(filled, 1),
        "seconds_to_seal": round(sealing, 2),
        "seconds_to_verify": round(verifying, 2),
        "seconds_of_processor": round(worked, 2),
        "seconds_to_hash_plainly": round(plainly, 2),
        "ratio_to_plain_hashing": round(verifying / plainly, 1),
    }


async def _hash_plainly(database: Database) -> float:
    """Return the seconds that reading, writing canonically and hashing the data of every event takes."""
    async with database.read() as transaction:
        data = [json.dumps(row["data"]) for row in await transaction.fetch(select(event.c.data))]
    started = time.perf_counter()
    for each in data:
        written = json.dumps(json.loads(each), sort_keys=True, separators=(",", ":"))
        hashlib.sha256(written.encode()).hexdigest()
    return time.perf_counter() - started


async def ask(database: Database, stage: Stage, count: int, repeats: int = 5) -> dict[str, Any]:
    """Fill the table of cases without their events and time the questions of leaders."""
    dice = random.Random(7)
    for start in tqdm(range(0, count, STEP), desc="cases"):
        async with database.begin() as transaction:
            for number in range(start, min(start + STEP, count)):
                transaction.write(_ADD_CASE, _case(stage, dice, number))
    month = {"start": NOW - timedelta(days=30), "end": NOW, "now": NOW}
    year = {**month, "start": NOW - YEAR}
    below = trees.counted_below(stage.city, stage.city.root.code, {stage.units[0]: stage.units[1]})
    questions: dict[str, dict[str, Any]] = {
        "month": month,
        "month by unit": {**month, "group_by": "unit"},
        "month by domain": {**month, "group_by": "domain"},
        "month of a ward": {**month, "unit_codes": [stage.units[0]]},
        "month by unit, today's units": {**month, "group_by": "unit", "moved": below},
        "year by unit": {**year, "group_by": "unit"},
    }
    found: dict[str, Any] = {"cases": count}
    for name, asked in questions.items():
        found[name] = round(statistics.median([await _seconds(database, asked) for _ in range(repeats)]), 3)
    return found


async def _seconds(database: Database, asked: dict[str, Any]) -> float:
    async with database.read() as transaction:
        started = time.perf_counter()
        await figures.figures(transaction, **asked)
        return time.perf_counter() - started


_ADD_CASE = insert(case_table)
_DOMAINS = ("waste", "noise", "roads", "drainage", "lighting", "construction", "trees")


def _case(stage: Stage, dice: random.Random, number: int) -> dict[str, Any]:
    received_at = NOW - YEAR * dice.random()
    is_open = received_at > NOW - timedelta(days=14) and dice.random() < 0.6
    answered_at = None if is_open else received_at + timedelta(hours=dice.expovariate(1 / 60))
    due_at = received_at + timedelta(hours=72)
    return {
        "id": number + 1,
        "code": f"HN-{number:09}",
        "kind": "feedback",
        "domain": dice.choice(_DOMAINS),
        "status": "in_progress" if is_open else "closed",
        "urgent": False,
        "text": "Rác chất đống trước ngõ cả tuần nay, mùi rất khó chịu, đề nghị thu gom. " * 3,
        "ward_code": dice.choice(stage.wards),
        "unit_code": dice.choice(stage.units),
        "reporter_id": stage.reporter_id,
        "channel": "web",
        "chat": "an",
        "anonymous": False,
        "consent_at": received_at,
        "consent_text": "Tôi đồng ý.",
        "reading": {"confidence": 0.9, "candidates": [{"domain": "waste", "confidence": 0.9}]},
        "received_at": received_at,
        "due_at": due_at,
        "warn_at": due_at - timedelta(hours=24),
        "answered_at": answered_at,
        "answer": None if is_open else "Đã thu gom xong lúc 8 giờ sáng nay.",
        "answer_due_at": None if is_open else due_at,
        "handled_hours": None if is_open else round(dice.expovariate(1 / 12), 4),
        "rating": None if is_open or dice.random() < 0.7 else dice.randint(1, 5),
    }


def folder_of(stack: AsyncExitStack) -> Path:
    """Return a folder for databases that is gone at the end."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=reachable_folder())))
    folder.chmod(0o755)
    return folder


async def run(arguments: argparse.Namespace) -> None:
    """Measure on the databases asked for, and print one JSON object for each."""
    async with AsyncExitStack() as stack:
        folder = folder_of(stack)
        urls = {"sqlite": f"sqlite:///{folder / 'ledger.db'}"}
        if "postgresql" in arguments.databases:
            server = PostgresServer(folder / "server", session=0)
            server.start()
            stack.callback(server.stop)
            urls["postgresql"] = await stack.enter_async_context(server.database(empty=True))
        for name in arguments.databases:
            await migrating.upgrade(urls[name])
            database = Database(urls[name])
            stage = await found(database, build_city("Hà Nội"))
            measured: dict[str, Any] = {"database": name}
            if arguments.events:
                measured |= await prove(database, stage, arguments.events)
            if arguments.cases:
                measured |= await ask(database, stage, arguments.cases)
            print(json.dumps(measured, ensure_ascii=False))
            await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite"])
    asyncio.run(run(parser.parse_args()))
