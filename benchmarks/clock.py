"""`python -m benchmarks.clock`: thousands of cases come due in one hour, and one clock does its work.

On both databases it prints how long a round of the clock takes, and the longest stall of the event loop
meanwhile: how late somebody else who wanted a turn every few milliseconds got it. The cases lie at many
units, each with a chair and an officer; half of them were taken up. The same again when all of them reach
the level above, and when as many answered cases are closed.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from tqdm import tqdm

from benchmarks.duplicates import wheel
from bot.clock import Ticker
from bot.simulation.life import seat_person
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from storage import cases, migrating, units
from storage.cases import Case
from storage.database import Database
from storage.people import add_person

RECEIVED = datetime(2026, 11, 23, 9, tzinfo=LOCAL_TIME)
PULSE_SECONDS = 0.002


async def fill(database: Database, city: City, count: int, status: str) -> None:
    """Store a city with a chair and an officer at each ward and two leaders, and its cases."""
    wards = [unit.code for unit in city.wards()]
    handling: dict[str, int] = {}
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=RECEIVED)
        reporter = add_person(transaction, channel="web", user="an", name="", now=RECEIVED).id
        seats = [(ward, role) for ward in wards for role in ("chair", "officer")]
        for unit, role in [*seats, (city.root.code, "leader"), (city.root.code, "chair")]:
            person = await seat_person(
                transaction, channel="web", chat=f"{role}-{unit}", name="", post=(unit, role), now=RECEIVED
            )
            if role == "officer":
                handling[unit] = person.id
    rule = city.deadline_rule("waste")
    for start in tqdm(range(0, count, 1000), desc="cases", leave=False):
        async with database.begin() as transaction:
            for number in range(start, min(start + 1000, count)):
                ward = wards[number % len(wards)]
                officer = handling[ward] if number % 2 else None
                cases.add_case(transaction, _case(number, city, rule, ward, officer, reporter, status))


def _case(
    number: int,
    city: City,
    rule: deadline.DeadlineRule,
    ward: str,
    officer: int | None,
    reporter: int,
    status: str,
) -> Case:
    received_at = RECEIVED + timedelta(seconds=number * 0.36)
    times = deadline.deadlines(city, rule, received_at=received_at)
    held = deadline.held_to(city, rule, due_at=times.due_at)
    return Case(
        id=number + 1,
        code=f"HN-{number}",
        kind="feedback",
        domain="waste",
        status=status,
        text="Rác chất đống trước ngõ, ba ngày nay không ai gom",
        ward_name="Phường",
        street="ngõ 12 Vũ Tông Phan",
        unit_code=ward,
        officer_id=officer,
        reporter_id=reporter,
        channel="web",
        chat="an",
        consent_at=received_at,
        consent_text="",
        received_at=received_at,
        assigned_at=received_at,
        accepted_at=received_at if officer else None,
        accept_due_at=times.accept_due_at,
        due_at=held.due_at,
        warn_at=held.warn_at,
        leader_at=held.leader_at,
        chairman_at=held.chairman_at,
        answered_at=received_at if status == "answered" else None,
        answer_due_at=held.due_at if status == "answered" else None,
        # What came before the hour that is measured was told already.
        reminded_at=held.warn_at,
    )


async def pulse(stalls: list[float]) -> None:
    """Ask for a turn every few milliseconds and note how late it comes, until cancelled."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(PULSE_SECONDS)
        stalls.append(time.perf_counter() - begun - PULSE_SECONDS)


async def measure(ticker: Ticker, name: str, now: datetime) -> tuple[int, float, float]:
    """Run a job; return how much it did, the seconds that took, and the longest stall in seconds."""
    stalls: list[float] = []
    beating = asyncio.create_task(pulse(stalls))
    begun = time.perf_counter()
    done = await ticker.run(name, now)
    took = time.perf_counter() - begun
    await asyncio.sleep(2 * PULSE_SECONDS)
    beating.cancel()
    return done, took, max(stalls)


async def run(url: str, count: int, status: str, rounds: list[tuple[str, str, datetime]]) -> None:
    """Fill one database and run the clock on it at each of these times."""
    await migrating.upgrade(url)
    database, city = Database(url), build_city("ha-noi")
    await fill(database, city, count, status)
    if not database.sqlite:
        async with database.begin() as transaction:
            await transaction.connection.execute(text('ANALYZE "case"'))
    gc.collect()
    gc.freeze()  # as `serve` does with what is loaded once
    ticker = Ticker(database)
    kind = "SQLite" if database.sqlite else "PostgreSQL"
    for told, name, now in rounds:
        done, took, stall = await measure(ticker, name, now)
        async with database.read() as transaction:
            sent = await transaction.fetch_one(text("SELECT count(*) AS notices FROM outbox"))
        print(
            f"{kind:11} {count:6} cases {told:22} {took:6.1f} s, longest stall {stall * 1000:5.0f} ms;"
            f" {done} done, {sent['notices'] if sent else 0} messages so far"
        )
    await database.close()


async def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clock")
    parser.add_argument("--cases", type=int, default=10_000)
    arguments = parser.parse_args()
    overdue = datetime(2026, 11, 27, 10, 30, tzinfo=LOCAL_TIME)
    rounds = [
        ("come due", "remind", overdue),
        ("reach the level above", "remind", overdue + timedelta(days=4)),
    ]
    closing = [("are closed", "close_silent", overdue + timedelta(days=20))]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await run(f"sqlite:///{folder}/due.db", arguments.cases, "in_progress", rounds)
        await run(f"sqlite:///{folder}/answered.db", arguments.cases, "answered", closing)
        await run(await wheel(stack), arguments.cases, "in_progress", rounds)
        await run(await wheel(stack), arguments.cases, "answered", closing)


if __name__ == "__main__":
    asyncio.run(main())
