"""`python -m benchmarks.notices`: many queued notices drain at the vendor's limit, answers go first.

A channel that keeps count as a vendor does (so many in any second, else everybody is refused) takes what is
queued for it, on each database in turn. Beside it stands the time that an ideal sender at the same limit
would need, and how long the answer to somebody who waits takes while the queue drains, against when nothing
else is there.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import event

from benchmarks.duplicates import wheel
from handlers.channel import Address, Capabilities, Channel, OutboundMessage, RateLimited, Sent
from handlers.delivery import Delivery
from storage import messages, migrating
from storage.database import Database
from storage.messages import ANSWER, TO_MANY

VENDOR_SECONDS = 0.05
"""How long the vendor takes for one message."""
WINDOW_SECONDS = 6.0
"""The vendor counts over a tenth of a minute here, so that short runs meet its limit as well."""


class Vendor:
    """A channel that refuses everybody once there was too much, and notes when each message came."""

    name = "vendor"

    def __init__(self, a_minute: int) -> None:
        self.capabilities = Capabilities(source="", text_limit=2000, messages_per_minute=a_minute)
        # A burst of half a second's worth is allowed beside what a part of a minute has.
        self.allowed = a_minute * WINDOW_SECONDS / 60 + a_minute / 120
        self.recent: deque[float] = deque()
        self.refused = 0
        self.came: dict[str, float] = {}
        self.notices = 0
        self.something_came = asyncio.Event()

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Take a message, or refuse it."""
        now = time.perf_counter()
        while self.recent and self.recent[0] < now - WINDOW_SECONDS:
            self.recent.popleft()
        if len(self.recent) >= self.allowed:
            self.refused += 1
            raise RateLimited(for_all=True, retry_after=timedelta(seconds=1))
        self.recent.append(now)
        await asyncio.sleep(VENDOR_SECONDS)
        self.came[message.text] = time.perf_counter()
        self.notices += message.text.startswith("notice")
        self.something_came.set()
        return Sent(message_id=message.text)

    async def has_taken(self, count: int) -> None:
        """Wait until so many messages have come."""
        while len(self.came) < count:
            self.something_came.clear()
            await self.something_came.wait()


async def queue(database: Database, count: int) -> None:
    """Put so many notices into the outbox, one for each chat."""
    for start in range(0, count, 1000):
        async with database.begin() as transaction:
            for number in range(start, min(start + 1000, count)):
                messages.post_notice(
                    transaction,
                    channel=Vendor.name,
                    chat=f"chat-{number}",
                    message={"text": f"notice {number}"},
                    at=datetime.now(UTC),
                    urgency=TO_MANY,
                )


async def answer(database: Database, delivery: Delivery, text: str) -> float:
    """Put an answer into the outbox as a turn does; return when."""
    at = time.perf_counter()
    async with database.begin() as transaction:
        messages.post_notice(
            transaction,
            channel=Vendor.name,
            chat=text,
            message={"text": text},
            at=datetime.now(UTC),
            urgency=ANSWER,
        )
    delivery.wake()
    return at


async def answers(
    database: Database, delivery: Delivery, vendor: Vendor, name: str, *, most: int, notices: int = 0
) -> list[float]:
    """Answer twenty people a second, `most` of them or until so many notices have come as well.

    Returns how long each waited, seconds.
    """
    asked: dict[str, float] = {}
    before = len(vendor.came)
    while len(asked) < most and (not notices or vendor.notices < notices):
        text = f"{name} {len(asked)}"
        asked[text] = await answer(database, delivery, text)
        await asyncio.sleep(0.05)
    await vendor.has_taken(before + notices + len(asked))
    return [vendor.came[text] - at for text, at in asked.items()]


def worst(times: Sequence[float]) -> float:
    """Return the 99th percentile, milliseconds."""
    return sorted(times)[int(len(times) * 0.99)] * 1000


async def run(url: str, count: int, a_minute: int, idle_answers: int) -> str:
    """Return one line of what came out on one database."""
    await migrating.upgrade(url)
    database, vendor, statements = Database(url), Vendor(a_minute), [0]
    delivery = Delivery(database, channels={Vendor.name: cast(Channel, vendor)})
    running = asyncio.create_task(delivery.run())
    idle = await answers(database, delivery, vendor, "idle", most=idle_answers, notices=0)
    await queue(database, count)

    def counts(*_: object) -> None:
        statements[0] += 1

    event.listen(database._writer.sync_engine, "before_cursor_execute", counts)
    begun = time.perf_counter()
    delivery.wake()
    busy = await answers(database, delivery, vendor, "busy", most=10**9, notices=count)
    took = time.perf_counter() - begun
    delivery.stop()
    await running
    await database.close()
    ideal = (count + len(busy)) * 60 / a_minute
    kind = "SQLite" if database.sqlite else "PostgreSQL"
    return (
        f"{kind:11} {count} notices: {took:.1f} s, {took / ideal:.2f} of an ideal sender's {ideal:.1f} s;"
        f" {vendor.refused} refused; {statements[0] / (count + len(busy)):.2f} statements a message;"
        f" answers p50/p99 {statistics.median(busy) * 1000:.0f}/{worst(busy):.0f} ms meanwhile,"
        f" {statistics.median(idle) * 1000:.0f}/{worst(idle):.0f} ms alone"
        f" (p99 {worst(busy) / worst(idle):.2f} times)"
    )


async def main() -> None:
    """Measure both databases, or SQLite alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notices")
    parser.add_argument("--notices", type=int, default=20_000)
    parser.add_argument("--a-minute", type=int, default=40_000, help="the vendor's limit")
    parser.add_argument("--idle-answers", type=int, default=100)
    parser.add_argument("--sqlite", action="store_true")
    arguments = parser.parse_args()
    sizes = (arguments.notices, arguments.a_minute, arguments.idle_answers)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(await run(f"sqlite:///{folder}/bench.db", *sizes))
        if not arguments.sqlite:
            print(await run(await wheel(stack), *sizes))


if __name__ == "__main__":
    asyncio.run(main())
