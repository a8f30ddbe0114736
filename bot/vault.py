"""The database as the vault of an Official Account's tokens: encrypted, shared by all processes."""

import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.channels.zalo_oa.oauth import OAuth
from bot.channels.zalo_oa.tokens import Kept, Pair, TokenKeeper
from bot.data_key import DataKey, NoDataKey, WrongDataKey
from bot.outgoing import connector_for
from bot.settings import Settings
from handlers.channel import Misconfigured, Unavailable
from storage import credentials
from storage.credentials import Credential
from storage.database import Database, Transaction
from storage.faults import is_away

ZALO_OA = "zalo_oa"
"""The name of the credential."""


class TokenVault:
    """Keeps one pair of tokens under a name; see `bot.channels.zalo_oa.tokens.Vault`."""

    def __init__(self, database: Database, key: DataKey, *, name: str = ZALO_OA) -> None:
        self._database = database
        self._key = key
        self._name = name
        # Whose a lease is; the operator reads it, so it tells the machine and the process too.
        self._holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"

    async def read(self) -> Kept | None:
        """Return what is stored; raises Misconfigured when it cannot be decrypted."""
        async with _as_ours(), self._database.read() as transaction:
            found = await credentials.get_credential(transaction, self._name)
        return self._opened(found) if found else None

    async def put(self, pair: Pair) -> None:
        """Store a pair that somebody brings, in place of any other."""
        async with _as_ours(), self._database.begin() as transaction:
            await credentials.put_credential(
                transaction,
                self._name,
                secret=self._sealed(pair),
                obtained_at=pair.obtained_at,
                expires_at=pair.expires_at,
            )

    async def lease(self, version: int, *, now: datetime, until: datetime) -> bool:
        """Take the right to renew this version until then, unless somebody else has it."""
        async with _as_ours(), self._database.begin() as transaction:
            return await credentials.take_lease(
                transaction, self._name, version=version, holder=self._holder, now=now, until=until
            )

    async def save(self, version: int, pair: Pair) -> bool:
        """Save what came of renewing this version, unless it is no more what is stored."""
        async with _as_ours(), self._database.begin() as transaction:
            return await credentials.save_renewed(
                transaction,
                self._name,
                version=version,
                secret=self._sealed(pair),
                obtained_at=pair.obtained_at,
                expires_at=pair.expires_at,
            )

    async def put_off(self, version: int, *, until: datetime, error: str) -> None:
        """Give the lease back, for nobody to try before `until`."""
        async with _as_ours(), self._database.begin() as transaction:
            await credentials.put_off(
                transaction, self._name, version=version, holder=self._holder, until=until, error=error
            )

    async def mark_broken(self, version: int, *, at: datetime, until: datetime, error: str) -> None:
        """Give the lease back: the refresh token was refused."""
        async with _as_ours(), self._database.begin() as transaction:
            await credentials.mark_broken(
                transaction,
                self._name,
                version=version,
                holder=self._holder,
                at=at,
                until=until,
                error=error,
            )

    def _sealed(self, pair: Pair) -> bytes:
        held = {"access": pair.access, "refresh": pair.refresh, "oa_id": pair.oa_id}
        try:
            return self._key.seal(json.dumps(held).encode())
        except NoDataKey as error:
            raise Misconfigured(str(error), for_all=True) from error

    def _opened(self, found: Credential) -> Kept:
        try:
            held = json.loads(self._key.open(found.secret))
        except WrongDataKey as error:
            raise Misconfigured(str(error), for_all=True) from error
        pair = Pair(**held, obtained_at=found.obtained_at, expires_at=found.expires_at)
        return Kept(
            pair=pair,
            version=found.version,
            leased_until=found.lease_until,
            broken_at=found.broken_at,
            error=found.error or "",
        )


@asynccontextmanager
async def _as_ours() -> AsyncIterator[None]:
    """Let a database that is away be what any part that does not answer is."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        raise Unavailable("the database does not answer", for_all=True) from error


async def peek(transaction: Transaction) -> Credential | None:
    """Return the credential of the Official Account as it is stored, encrypted."""
    return await credentials.get_credential(transaction, ZALO_OA)


def oauth_of(settings: Settings) -> OAuth:
    """Return the token endpoint for the app of the settings."""
    return OAuth(
        app_id=settings.zalo_app_id,
        app_secret=settings.zalo_app_secret.get_secret_value(),
        url=str(settings.zalo_oauth_url),
        connector=connector_for(settings),
    )


def keeper_of(
    settings: Settings, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> TokenKeeper:
    """Return who keeps the Official Account's tokens in this process."""
    return TokenKeeper(vault=TokenVault(database, DataKey(settings)), oauth=oauth_of(settings), now=now)
