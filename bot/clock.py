"""The clock: APScheduler only ticks; each tick is one handler call that finds its work in the database."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers import oversight
from routing.organisation import City
from storage import messages, units
from storage.database import Database, Transaction

Job = Callable[[Transaction, City, datetime], Awaitable[object]]

JOBS: dict[str, tuple[Job, int]] = {
    "remind": (oversight.remind, 60),
    "close_silent": (oversight.close_silent, 600),
    "watch_triage": (oversight.watch_triage, 300),
}
"""Each job and how many seconds lie between its ticks."""

log = structlog.get_logger()


class Clock:
    """Ticks until it is closed. Two clocks on one database do no harm."""

    def __init__(
        self,
        database: Database,
        *,
        ticked: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._ticked = ticked
        self._now = now
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick."""
        for name, (_, seconds) in JOBS.items():
            self._scheduler.add_job(
                self.tick, "interval", [name], seconds=seconds, id=name, max_instances=1, coalesce=True
            )
        self._scheduler.start()

    def close(self) -> None:
        """Stop ticking."""
        self._scheduler.shutdown(wait=False)

    async def tick(self, name: str) -> None:
        """Run one job now; a fault is logged, the next tick tries again."""
        job, _ = JOBS[name]
        try:
            async with self._database.begin() as transaction:
                city = await units.load_city(transaction)
                if city is not None:
                    await job(transaction, city, self._now())
                await transaction.flush()
                await messages.announce(transaction, "outbox")
        except Exception as error:
            log.error("A clock job failed.", action="clock_failed", job=name, exc_info=error)
            return
        self._ticked()
