"""How the database, the city and this process stand now, as numbers for `/metrics`."""

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.health import Health
from bot.metrics import Kept, Labelled
from bot.settings import Settings, sqlite_path
from bot.watching import Watching
from storage import revision, standing
from storage.database import Database

VERSION = "0.1.0"
"""Of this program, as `pyproject.toml` has it."""
SLOW_SECONDS = 60.0
"""What takes a look at the city is worked out anew after so long."""
_CASES = ("on_track", "at_risk", "overdue")
_ANSWERS = ("on_time", "late")


class Gauges:
    """Gathers them; `sockets` tells how many pages of the web chat are open."""

    def __init__(
        self,
        database: Database,
        *,
        settings: Settings,
        health: Health,
        watching: Callable[[], Watching | None],
        sockets: Callable[[], int],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._health = health
        self._watching = watching
        self._sockets = sockets
        self._now = now
        self._slow = Kept(self._find_slow, seconds=SLOW_SECONDS)

    async def state(self) -> dict[str, float | Labelled]:
        """Return all of them; raises when the database does not answer."""
        health = await self._health.look()
        watching = self._watching()
        return {
            **{name: float(value) for name, value in health.items() if isinstance(value, int | float)},
            **await self._slow.get(),
            "channel_ailments": float(watching.count if watching else 0),
            "channel_ailment": [
                ({"channel": channel, "what": what}, 1.0)
                for channel, what in (watching.found if watching else ())
            ],
            "database_connections": float(self._database.connections_in_use),
            "web_sockets": float(self._sockets()),
            "disk_free_bytes": [({"of": name}, free) for name, free in self._free().items()],
            "build_info": [({"version": VERSION, "step": revision.newest()}, 1.0)],
        }

    async def _find_slow(self) -> dict[str, Any]:
        now = self._now()
        async with self._database.read() as transaction:
            cases = await standing.of_cases(transaction, now=now)
            requests = await standing.requests(transaction, now=now)
            sealed = await standing.sealed_at(transaction)
            backup = await standing.backed_up_at(transaction)
            broken = await standing.broken_rules(transaction)
            held = await standing.held(transaction)
        return {
            "cases": _by("state", {name: cases[name] for name in _CASES}),
            "answers": _by("result", {name: cases[name] for name in _ANSWERS}),
            "privacy_requests": _by("state", requests),
            "sealed_timestamp_seconds": sealed.timestamp() if sealed else 0.0,
            "backup_timestamp_seconds": backup.timestamp() if backup else 0.0,
            "outbox_held": float(held),
            **({} if broken is None else {"broken_rules": float(broken)}),
        }

    def _free(self) -> dict[str, float]:
        database = sqlite_path(self._settings.database_url)
        folders = {"media": self._settings.media_dir, **({"database": database.parent} if database else {})}
        return {name: free for name, folder in folders.items() if (free := _free_in(folder)) is not None}


def _by(label: str, values: Mapping[str, float]) -> Labelled:
    return [({label: name}, float(value)) for name, value in values.items()]


def _free_in(folder: Path) -> float | None:
    try:
        return float(shutil.disk_usage(folder).free)
    except OSError:
        return None
