"""The clock: APScheduler only ticks; each tick is one handler call that finds its work in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import Counter, Gauge, Histogram

from handlers import (
    alarms,
    closing,
    data_requests,
    digest,
    directive_reminders,
    group_assets,
    group_news,
    leaving,
    looking_ahead,
    notices,
    reminding,
    reorganising,
    retaining,
    salvaging,
    shredding,
    supporting,
    texts,
)
from handlers.alarms import Later
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from storage import folding, messages, partitions, resealing, scouring, seals, setbacks, units
from storage.database import Database, Transaction
from storage.faults import is_away

CHECK_RULES = "check_rules"
"""The job that looks for rules that lead nowhere."""
SEAL = "seal"
"""The job that seals days that are over."""
Job = Callable[[Transaction, City, datetime], Awaitable[int | Later]]
"""Does one batch of its work in the given transaction; returns how much that was, 0 when nothing is left.

Of what takes long to work out it returns the rest, for which no transaction is held."""

JOBS: dict[str, tuple[Job, float]] = {
    "reorganise": (reorganising.carry_out, 60),
    "sweep": (reorganising.sweep, 600),
    "remind": (reminding.remind, 60),
    "remind_parts": (supporting.remind, 300),
    "remind_directives": (directive_reminders.remind, 60),
    "stop_waiting": (closing.stop_waiting, 300),
    "close_silent": (closing.close_silent, 600),
    SEAL: (seals.tick, 600),
    "end_lapsed": (leaving.end_lapsed, 300),
    CHECK_RULES: (alarms.check_rules, 600),
    "groups": (group_news.follow, 60),
    "group_assets": (group_assets.watch, 600),
    "learn_pace": (looking_ahead.learn_pace, 600),
    "digest": (digest.send, 60),
    "watch_rises": (looking_ahead.watch, 600),
    "add_figures": (folding.tick, 10),
    "partitions": (partitions.tick, 600),
    "set_back": (setbacks.follow, 10),
    "keys": (resealing.tick, 60),
    "privacy": (data_requests.carry_out, 300),
    "retain": (retaining.retain, 3600),
}
"""Each job and how many seconds lie between its ticks."""

APART: dict[str, Callable[[Database, City, datetime], Awaitable[int]]] = {
    "remind": salvaging.remind_apart,
    "remind_directives": salvaging.remind_directives_apart,
    "groups": group_news.follow_apart,
}
"""Jobs whose batch can be done piece by piece when it fails, so that one row holds up no other."""

ERASING = frozenset({"privacy", "retain"})
"""Jobs after which files lie in the media folder that nothing speaks of any more."""
MOST_BATCHES = 2000
"""So many batches one tick does at most; what is left then, the next tick finds."""

JOB_SECONDS = Histogram(
    "langnghe_clock_seconds",
    "How long a tick of a job took, by job.",
    ["job"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600),
)
JOB_FAILURES = Counter("langnghe_clock_failures", "Ticks that failed, by job.", ["job"])
JOB_DONE = Gauge("langnghe_clock_success_timestamp_seconds", "When a job last did its work, by job.", ["job"])
log = structlog.get_logger()


class Ticker:
    """Runs jobs on a database, batch by batch; each batch is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._city: City | None = None
        self._version = 0

    async def run(self, name: str, now: datetime) -> int:
        """Do all the work that a job finds at this time; return how much that was.

        Between two batches everything else gets its turn. Raises what the job raises; what was done stays.
        """
        job, _ = JOBS[name]
        done = 0
        for _ in range(MOST_BATCHES):
            if not (count := await self._batch_or_pieces(name, job, now)):
                break
            done += count
            await asyncio.sleep(0)
        return done

    async def _batch_or_pieces(self, name: str, job: Job, now: datetime) -> int:
        try:
            return await self._batch(job, now)
        except Exception as error:
            if name not in APART or self._city is None or is_away(error):
                raise
            log.warning("A batch failed and is done piece by piece.", action="batch_failed", job=name)
            done = await APART[name](self._database, self._city, now)
            if not done:
                raise
            return done

    async def _batch(self, job: Job, now: datetime) -> int:
        async with self._database.begin() as transaction:
            city = await self._follow_city(transaction, now)
            done = await job(transaction, city, now) if city is not None else 0
            if not isinstance(done, Later):
                return await _counted(transaction, done)
        found = await asyncio.to_thread(done.find)
        async with self._database.begin() as transaction:
            return await _counted(transaction, await done.note(transaction, found))

    async def _follow_city(self, transaction: Transaction, now: datetime) -> City | None:
        version = await units.city_version(transaction)
        if self._city is None or version != self._version:
            self._city, self._version = await units.load_city(transaction), version
        self._city = self._city and self._city.at(now)
        return self._city


async def _counted(transaction: Transaction, count: int) -> int:
    """Wake whoever sends where something was done; return how much that was."""
    await transaction.flush()
    if count:
        await messages.announce(transaction, "outbox")
    return count


async def tick_all(database: Database, now: datetime) -> int:
    """Run every job once, as if a whole round of the clock had passed; return how much was done."""
    ticker = Ticker(database)
    return sum([await ticker.run(name, now) for name in JOBS])


class Clock:
    """Ticks until it is closed. Two clocks on one database do no harm."""

    def __init__(
        self,
        database: Database,
        *,
        ticked: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        media_dir: Path | None = None,
    ) -> None:
        self._database = database
        self._media_dir = media_dir
        self._ticker = Ticker(database)
        self._ticked = ticked
        self._now = now
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick."""
        for name, (_, seconds) in JOBS.items():
            JOB_FAILURES.labels(name)  # begins at nought, so that the first failure is seen as one
            self._scheduler.add_job(
                self.tick, "interval", [name], seconds=seconds, id=name, max_instances=1, coalesce=True
            )
        self._scheduler.start()

    def close(self) -> None:
        """Stop ticking."""
        self._scheduler.shutdown(wait=False)

    async def tick(self, name: str) -> None:
        """Run one job now; a fault is logged and told to administrators, the next tick tries again."""
        now = self._now()
        try:
            with JOB_SECONDS.labels(name).time():
                await self._ticker.run(name, await self._time_of(name, now))
                if name in ERASING:
                    await self._overwrite()
        except Exception as error:
            JOB_FAILURES.labels(name).inc()
            log.error("A clock job failed.", action="clock_failed", job=name, exc_info=error)
            await self._tell_of_failure(name, error, now)
            return
        JOB_DONE.labels(name).set(now.timestamp())
        self._ticked()

    async def _overwrite(self) -> None:
        """Take from the disk what the database has just been told to forget."""
        if self._media_dir is not None:
            await shredding.shred(self._database, self._media_dir)
        await scouring.scour(self._database)

    async def _time_of(self, name: str, now: datetime) -> datetime:
        """Return the time by which a job works; no machine's clock alone says that a day is over."""
        if name != SEAL:
            return now
        async with self._database.read() as transaction:
            return await seals.agreed_now(transaction, now)

    async def _tell_of_failure(self, name: str, error: Exception, now: datetime) -> None:
        """Tell administrators once a day and job: one row that fails would stop all of its work unseen."""
        day = now.astimezone(LOCAL_TIME).date()
        try:
            async with self._database.begin() as transaction:
                await notices.tell_operators(
                    transaction,
                    texts.clock_failed(job=name, error=type(error).__name__),
                    now=now,
                    dedupe_key=f"clock:{name}:{day}",
                    not_before=deadline.after_quiet_hours(now) if deadline.in_quiet_hours(now) else None,
                )
        except Exception as failure:
            # What stopped the job may well stop this too: the log has it already.
            log.error("Nobody could be told.", action="clock_failed", job=name, exc_info=failure)
