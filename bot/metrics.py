"""What `/metrics` tells: counters of this process, and how the database, its queues and the city stand now.

No name, number or text of anybody; labels are channels, results, jobs and the like, so they are few.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Labelled = Sequence[tuple[Mapping[str, str], float]]
"""Values with what tells them apart."""
State = Mapping[str, float | Labelled]
LOOK_SECONDS = 0.5
LAG = Histogram(
    "langnghe_loop_lag_seconds",
    "How much later than meant the event loop came round; looked at twice a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)

HELP: Mapping[str, str] = {
    "healthy": "1 while the database answers.",
    "ready": "1 while this process is ready for work.",
    "inbox_waiting": "Updates that wait for their turn.",
    "inbox_dead": "Updates that were set aside: see `dead list`.",
    "inbox_oldest_seconds": "Since when the oldest update that is due has waited.",
    "outbox_waiting": "Messages that wait to be sent.",
    "outbox_dead": "Messages that were set aside: see `dead list`.",
    "outbox_oldest_seconds": "Since when the oldest message that is due has waited.",
    "outbox_held": "Messages that wait until their reader writes again.",
    "oldest_seconds": "Since when the oldest of both has waited.",
    "broken_rules": "Faults of rules that lead nowhere.",
    "channel_ailments": "How many things are wrong with channels.",
    "channel_ailment": "1 for each thing that is wrong with a channel.",
    "cases": "Open cases: all, and those that are overdue.",
    "answers": "Answers of the last 30 days, by whether they were on time.",
    "backup_timestamp_seconds": "When the last backup was made; 0 for never.",
    "sealed_timestamp_seconds": "When the last day was sealed; 0 for never.",
    "privacy_requests": "Open requests about one's own data: all, and those whose time is up.",
    "database_connections": "Connections of this process that are in use.",
    "web_sockets": "Pages of the web chat that are open here.",
    "disk_free_bytes": "Free space where the media and the SQLite file lie.",
    "build_info": "Which program this is: its version, and the step of its tables.",
}


async def watch_loop(*, clock: Callable[[], float] = time.perf_counter) -> None:
    """Look how late the event loop is, for as long as this runs."""
    while True:
        begun = clock()
        await asyncio.sleep(LOOK_SECONDS)
        LAG.observe(max(0.0, clock() - begun - LOOK_SECONDS))


async def page(state: Callable[[], Awaitable[State]]) -> bytes:
    """Return the page; of a database that is away only that it is."""
    try:
        found: State = {"healthy": 1.0, **await state()}
    except Exception:
        found = {"healthy": 0.0, "ready": 0.0}
    registry = CollectorRegistry()
    registry.register(_Gauges(found))
    return generate_latest(REGISTRY) + generate_latest(registry)


class _Gauges(Collector):
    def __init__(self, values: State) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for name, value in self._values.items():
            told = HELP.get(name, f"{name.replace('_', ' ').capitalize()}, now.")
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"langnghe_{name}", told, value=float(value))
            elif isinstance(value, Sequence) and not isinstance(value, str):
                yield _labelled(name, told, value)


def _labelled(name: str, told: str, values: Labelled) -> Metric:
    labels = sorted({label for each, _ in values for label in each})
    family = GaugeMetricFamily(f"langnghe_{name}", told, labels=labels)
    for each, value in values:
        family.add_metric([each.get(label, "") for label in labels], float(value))
    return family


class Kept:
    """Works something out at most once in so many seconds, however often it is asked for."""

    def __init__(
        self,
        find: Callable[[], Awaitable[dict[str, Any]]],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._seconds = seconds
        self._clock = clock
        self._found: dict[str, Any] = {}
        self._until = float("-inf")

    async def get(self) -> dict[str, Any]:
        """Return what was found, anew where that is too long ago."""
        if self._clock() >= self._until:
            self._found = await self._find()
            self._until = self._clock() + self._seconds
        return self._found
