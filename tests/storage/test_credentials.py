"""Credentials: one lease at a time, nothing saved over what somebody else changed, used once."""

import asyncio
from datetime import UTC, datetime, timedelta

from storage import credentials
from storage.credentials import Credential
from storage.database import Database

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
LEASE = timedelta(minutes=2)
NAME = "zalo_oa"


async def stored(database: Database, secret: bytes = b"first") -> Credential:
    async with database.begin() as transaction:
        await credentials.put_credential(
            transaction, NAME, secret=secret, obtained_at=NOON, expires_at=NOON + timedelta(hours=25)
        )
    return await read(database)


async def read(database: Database) -> Credential:
    async with database.read() as transaction:
        found = await credentials.get_credential(transaction, NAME)
    assert found is not None
    return found


async def lease(database: Database, holder: str, *, version: int = 1, at: datetime = NOON) -> bool:
    async with database.begin() as transaction:
        return await credentials.take_lease(
            transaction, NAME, version=version, holder=holder, now=at, until=at + LEASE
        )


async def save(database: Database, secret: bytes, *, version: int) -> bool:
    async with database.begin() as transaction:
        return await credentials.save_renewed(
            transaction, NAME, version=version, secret=secret, obtained_at=NOON, expires_at=None
        )


async def break_it(database: Database, holder: str, *, at: datetime = NOON) -> bool:
    async with database.begin() as transaction:
        return await credentials.mark_broken(
            transaction, NAME, version=1, holder=holder, at=at, until=at + LEASE, error="refused " * 100
        )


async def test_what_was_put_is_found_and_its_secret_does_not_show(database: Database) -> None:
    async with database.read() as transaction:
        assert await credentials.get_credential(transaction, NAME) is None
    found = await stored(database)
    assert (found.secret, found.version, found.obtained_at) == (b"first", 1, NOON)
    assert "first" not in repr(found)
    again = await stored(database, b"second")
    assert (again.secret, again.version) == (b"second", 2)


async def test_of_many_who_want_the_lease_at_once_one_gets_it(database: Database) -> None:
    await stored(database)
    got = await asyncio.gather(*(lease(database, f"process {number}") for number in range(12)))
    assert sum(got) == 1
    assert (await read(database)).lease_until == NOON + LEASE


async def test_a_lease_that_ran_out_is_free_again(database: Database) -> None:
    await stored(database)
    assert await lease(database, "killed")
    assert not await lease(database, "other", at=NOON + LEASE - timedelta(seconds=1))
    assert await lease(database, "other", at=NOON + LEASE)
    assert (await read(database)).lease_by == "other"


async def test_a_new_pair_is_saved_once_and_frees_the_lease(database: Database) -> None:
    await stored(database)
    await lease(database, "one")
    assert await save(database, b"renewed", version=1)
    found = await read(database)
    assert (found.secret, found.version, found.lease_until, found.lease_by) == (b"renewed", 2, None, None)
    assert not await save(database, b"too late", version=1)
    assert not await lease(database, "one", version=1)
    assert (await read(database)).secret == b"renewed"


async def test_what_an_operator_brings_is_not_overwritten_by_a_renewal_under_way(database: Database) -> None:
    await stored(database)
    await lease(database, "one")
    await stored(database, b"brought")
    assert not await save(database, b"renewed", version=1)
    assert not await break_it(database, "one")
    found = await read(database)
    assert (found.secret, found.broken_at, found.lease_by) == (b"brought", None, None)


async def test_only_the_holder_of_the_lease_can_tell_that_it_is_broken(database: Database) -> None:
    await stored(database)
    await lease(database, "slow")
    await lease(database, "quick", at=NOON + LEASE)
    assert not await break_it(database, "slow")
    assert await break_it(database, "quick", at=NOON + LEASE)
    found = await read(database)
    assert found.broken_at == NOON + LEASE
    assert len(found.error or "") == credentials.LONGEST_ERROR
    later = NOON + timedelta(hours=2)
    assert await lease(database, "quick", at=later)
    assert await break_it(database, "quick", at=later)
    assert (await read(database)).broken_at == NOON + LEASE, "since when it is broken stays"


async def test_a_try_that_failed_is_put_off_for_everybody(database: Database) -> None:
    await stored(database)
    await lease(database, "one")
    soon = NOON + timedelta(minutes=1)
    async with database.begin() as transaction:
        assert await credentials.put_off(
            transaction, NAME, version=1, holder="one", until=soon, error="no answer"
        )
    assert not await lease(database, "two", at=NOON + timedelta(seconds=59))
    assert await lease(database, "two", at=soon)
    found = await read(database)
    assert (found.error, found.broken_at) == ("no answer", None)
    assert await save(database, b"renewed", version=1)
    assert (await read(database)).error is None


async def test_what_is_used_once_is_taken_by_one(database: Database) -> None:
    await stored(database)

    async def take() -> bool:
        async with database.begin() as transaction:
            return await credentials.take_credential(transaction, NAME, version=1)

    assert sum(await asyncio.gather(*(take() for _ in range(8)))) == 1
    async with database.read() as transaction:
        assert await credentials.get_credential(transaction, NAME) is None
