"""Two processes on one PostgreSQL against one: how soon they have done what waits in the inbox.

Nothing generates load meanwhile: the conversations of many citizens wait already, and what is answered goes
to people who live in the process. Processes begin together, when all of them have read their model.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contests import OURS, Bot, Ground
from benchmarks.goals import Goal, Result, of_pairs
from benchmarks.load import COMPLAINTS, WARDS, complaint
from benchmarks.machine import processor_seconds
from benchmarks.reading import KnownReadings
from bot.channels.simulated import SimulatedChannel
from handlers.delivery import Delivery
from handlers.receipt import Receiver
from handlers.worker import TurnWorker
from routing.understanding import Understanding
from storage import messages
from storage.database import Database
from storage.wakeups import Wakeups

CITIZENS = 600
TEXTS = ("/start", "", "/cuatoi", "/start")
"""What each citizen writes; in place of the empty one their complaint."""


async def fill(url: str) -> int:
    """Store what everybody writes; return how much that is."""
    database, channel = Database(url), SimulatedChannel()
    receiver = Receiver(database, stored=lambda: None)
    now = datetime.now(UTC)
    work = []
    for text in TEXTS:
        for number in range(CITIZENS):
            chat = f"citizen-{number}"
            envelope, body = channel.update(chat=chat, name="An", at=now, text=text or complaint(number))
            work.append(receiver.receive(channel.name, envelope, body))
    await asyncio.gather(*work)
    await receiver.close()
    await database.close()
    return len(work)


async def work(url: str, media: str) -> None:
    """Say "ready", and when told to begin, take turns and deliver until nothing waits."""
    texts = [complaint(number) for number in range(len(WARDS) * len(COMPLAINTS))]
    understanding = KnownReadings(Understanding.load(), texts)
    database, channels = Database(url), {SimulatedChannel.name: SimulatedChannel()}
    delivery = Delivery(database, channels=channels, media_dir=Path(media))
    worker = TurnWorker(
        database,
        channels=channels,
        understanding=understanding,
        media_dir=Path(media),
        committed=delivery.wake,
    )
    wakeups = Wakeups(url, lambda what: delivery.wake() if what == "outbox" else worker.wake())
    await wakeups.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    tasks = [asyncio.create_task(worker.run()), asyncio.create_task(delivery.run())]
    while await _waits(database):  # noqa: ASYNC110 - two processes share the work
        await asyncio.sleep(0.02)
    print("done", flush=True)
    worker.stop()
    delivery.stop()
    await asyncio.gather(*tasks)
    await wakeups.close()
    await database.close()


async def _waits(database: Database) -> bool:
    async with database.read() as transaction:
        state = await messages.queue_state(transaction, now=datetime.now(UTC))
    return bool(state.inbox_waiting or state.outbox_waiting)


def drain(ground: Ground, processes: int) -> tuple[float, float]:
    """Return how many turns a second so many processes do, and their own processor seconds a turn."""
    bot = Bot(module=OURS, database="postgresql")
    with tempfile.TemporaryDirectory(dir=ground.folder) as name, ground.database(bot, Path(name)) as url:
        count = asyncio.run(fill(url))
        command = [sys.executable, "-m", "benchmarks.growing", url, name]
        started = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        for process in started:
            _expect(process, "ready")
        before = sum(processor_seconds(process.pid) for process in started)
        begun = time.perf_counter()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in started:
            _expect(process, "done")
        took = time.perf_counter() - begun
        spent = sum(processor_seconds(process.pid) for process in started) - before
        for process in started:
            process.wait(30)
    return count / took, spent / count


def _expect(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    if said != word:
        raise SystemExit(f"a process said {said!r} in place of {word!r}")


def two_against_one(ground: Ground, given: argparse.Namespace) -> Result:
    """Compare the rates; what the processes themselves cost a turn tells what more cores would give."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    costs: dict[int, list[float]] = {1: [], 2: []}
    for pair in range(given.pairs):
        for processes in (1, 2) if pair % 2 == 0 else (2, 1):
            rate, cost = drain(ground, processes)
            rates[processes].append(rate)
            costs[processes].append(cost)
    one, two = (statistics.median(costs[number]) * 1000 for number in (1, 2))
    note = (
        f"{statistics.median(rates[2]):.0f} against {statistics.median(rates[1]):.0f} turns/s; "
        f"{two:.2f} against {one:.2f} ms of processor a turn, the server's own beside it on the same cores"
    )
    return of_pairs([both / alone for alone, both in zip(rates[1], rates[2], strict=True)], note)


FIGURES = ((Goal(name="turns of two processes on PostgreSQL / of one", aim=1.7), two_against_one),)

if __name__ == "__main__":
    import uvloop

    uvloop.run(work(sys.argv[1], sys.argv[2]))
