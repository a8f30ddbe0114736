"""The keys of contact data in this process: loaded at the start, and followed while others change them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_bytes

import structlog

from bot.data_key import DataKey, NoDataKey, WrongDataKey
from bot.settings import Settings
from storage import credentials, data_keys
from storage.data_keys import StoredKey
from storage.database import Database, Transaction
from storage.sealing import INDEX_KEY, Keyring

LOOK_SECONDS = 15.0
"""How often the keys are looked at; well within the time after which a new key begins to seal."""
PLAIN = "contact data is not encrypted: set LANGNGHE_DATA_KEY, then run `python -m bot keys rotate`"
CANNOT_OPEN = (
    "LANGNGHE_DATA_KEY: contact data was encrypted with another key. Nothing is lost: set it (or bring back "
    "the file .key beside the database) as it was. To change it, set LANGNGHE_DATA_KEY to the new value and "
    "LANGNGHE_DATA_KEY_BEFORE to the one before"
)
log = structlog.get_logger()


class CannotOpen(Exception):
    """The keys in the database cannot be opened; the message tells the operator what to do."""


class KeyWatch:
    """Follows the keys of one database, and gives them to its connections."""

    def __init__(
        self, database: Database, key: DataKey, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._key = key
        self._now = now
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> Keyring | None:
        """Take up the keys as they are now; a database that nobody has used yet gets its first.

        Returns None where contact data is kept plain. Raises CannotOpen.
        """
        now = self._now()
        async with self._database.read() as transaction:
            keys = await data_keys.list_keys(transaction)
            fresh = not keys and self._key.is_there and await data_keys.is_new(transaction)
        if fresh:
            keys = await self._first(now)
        if not keys:
            self._database.seal_with(None)
            return None
        opened = {key.id: self._opened(key) for key in keys}
        await self._wrap_again(keys, opened)
        active = data_keys.active_key(keys, now)
        ring = self._database.keyring
        if ring is None:
            ring = Keyring(opened, active=active, wanted=self.wake)
            self._database.seal_with(ring)
        else:
            ring.replace(opened, active=active)
        return ring

    async def _first(self, now: datetime) -> list[StoredKey]:
        async with self._database.begin() as transaction:
            if await data_keys.is_new(transaction):
                await make_key(transaction, self._key, INDEX_KEY, now=now, active_from=now)
                await make_key(transaction, self._key, INDEX_KEY + 1, now=now, active_from=now)
            return await data_keys.list_keys(transaction)

    def _opened(self, key: StoredKey) -> bytes:
        try:
            return self._key.open(key.wrapped)
        except WrongDataKey as error:
            raise CannotOpen(CANNOT_OPEN) from error

    async def _wrap_again(self, keys: list[StoredKey], opened: dict[int, bytes]) -> None:
        """Encrypt with the key at hand what was encrypted with the one before."""
        late = [key for key in keys if not self._key.is_current(key.wrapped)]
        if not late:
            return
        async with self._database.begin() as transaction:
            for key in late:
                await data_keys.rewrap(transaction, key, self._key.seal(opened[key.id]))
        log.info("The keys are encrypted with the new LANGNGHE_DATA_KEY.", action="keys_wrapped")

    async def start(self) -> None:
        """Go on following; the keys are loaded already."""
        self._task = asyncio.create_task(self._watch(), name="key watch")

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def close(self) -> None:
        """Stop following."""
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
                before = self._database.keyring and self._database.keyring.active
                ring = await self.load()
                if ring and ring.active != before:
                    log.info("Another key seals from now on.", action="key_taken", key=ring.active)
            except Exception as error:
                log.error("The keys could not be looked up.", action="keys_failed", error=error)


async def wrap_credentials_again(database: Database, key: DataKey) -> None:
    """Encrypt vendors' tokens with the key at hand where they were encrypted with the one before."""
    async with database.read() as transaction:
        secrets = await credentials.all_secrets(transaction)
    for name, secret in secrets.items():
        if key.is_there and not key.is_current(secret):
            try:
                now_is = key.seal(key.open(secret))
            except WrongDataKey:
                continue  # whoever needs it says so
            async with database.begin() as transaction:
                await credentials.rewrap(transaction, name, was=secret, now_is=now_is)


async def make_key(
    transaction: Transaction, key: DataKey, number: int, *, now: datetime, active_from: datetime
) -> None:
    """Make a data key of this number; raises NoDataKey where there is nothing to encrypt it with."""
    wrapped = key.seal(token_bytes(32))
    await data_keys.add_key(transaction, number, wrapped=wrapped, now=now, active_from=active_from)


async def load_keys(
    settings: Settings, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> KeyWatch:
    """Give a database its keys; raises CannotOpen."""
    key = DataKey(settings)
    watch = KeyWatch(database, key, now=now)
    try:
        await watch.load()
        await wrap_credentials_again(database, key)
    except NoDataKey as error:
        raise CannotOpen(str(error)) from error
    return watch
