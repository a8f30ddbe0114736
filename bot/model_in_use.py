"""Which model reads: the one adopted in the database, else the shipped one; taken up without a restart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from routing.model import Unsuitable
from routing.understanding import Understanding
from storage import models
from storage.database import Database
from storage.models import StoredModel

LOOK_SECONDS = 60.0
"""How long a newly adopted model may go unnoticed by a process that was not woken."""
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class InUse:
    """The reading in use, and the adopted model it should come from; None for the shipped one.

    `refused` says why the shipped model reads although another was adopted.
    """

    understanding: Understanding
    stored: StoredModel | None
    refused: str = ""


async def load(database: Database) -> InUse:
    """Load the model in use, off the event loop."""
    async with database.read() as transaction:
        stored = await models.model_in_use(transaction)
        content = await models.model_bytes(transaction, stored.id) if stored else b""
    if stored is None:
        return InUse(understanding=await asyncio.to_thread(Understanding.load), stored=None)
    try:
        understanding = await asyncio.to_thread(Understanding.from_bytes, content)
    except Unsuitable as error:
        refused = f"The adopted model {stored.version} cannot be used, the shipped one reads: {error}"
        shipped = await asyncio.to_thread(Understanding.load)
        return InUse(understanding=shipped, stored=stored, refused=refused)
    return InUse(understanding=understanding, stored=stored)


class ModelWatch:
    """Takes up the model in use: once when it starts, then whenever another is adopted or rolled back to."""

    def __init__(self, database: Database, *, take: Callable[[Understanding], None]) -> None:
        self._database = database
        self._take = take
        self._id: int | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up the model in use, then go on watching."""
        await self._load()
        self._task = asyncio.create_task(self._watch(), name="model watch")

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def close(self) -> None:
        """Stop watching."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            try:
                await self._look()
            except Exception as error:
                log.error("The model in use could not be looked up.", action="model_failed", exc_info=error)

    async def _look(self) -> None:
        async with self._database.read() as transaction:
            stored = await models.model_in_use(transaction)
        if (stored.id if stored else None) != self._id:
            version = await self._load()
            log.info("Another model reads from now on.", action="model_taken", model=version)

    async def _load(self) -> str:
        found = await load(self._database)
        if found.refused:
            log.error("The model in use cannot read.", action="model_refused", why=found.refused)
        self._id = found.stored.id if found.stored else None
        self._take(found.understanding)
        return found.understanding.model_version
