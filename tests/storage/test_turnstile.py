"""The writer's turnstile: the first line goes first, and the other line moves on all the same."""

import asyncio

import pytest

from storage.database import Database
from storage.turnstile import Turnstile


class Gate:
    """A turnstile, and who went through it, in order."""

    def __init__(self) -> None:
        self.turnstile = Turnstile()
        self.passed: list[str] = []

    async def joins(self, name: str, *, first: bool = False) -> "asyncio.Task[None]":
        """Let somebody join a line."""

        async def pass_through() -> None:
            async with self.turnstile.pass_through(first=first):
                self.passed.append(name)
                await asyncio.sleep(0)

        task = asyncio.create_task(pass_through())
        await asyncio.sleep(0)
        return task


async def test_who_goes_first_goes_before_all_who_came_earlier() -> None:
    gate = Gate()
    async with gate.turnstile.pass_through(first=False):
        tasks = [await gate.joins("turns"), await gate.joins("delivery")]
        assert not gate.turnstile.first_waits
        tasks.append(await gate.joins("receipts", first=True))
        assert gate.turnstile.first_waits
    await asyncio.gather(*tasks)
    assert gate.passed == ["receipts", "turns", "delivery"]
    assert not gate.turnstile.first_waits


async def test_the_other_line_moves_on_however_many_go_first() -> None:
    gate = Gate()
    async with gate.turnstile.pass_through(first=False):
        tasks = [await gate.joins("turns"), await gate.joins("delivery")]
        tasks += [await gate.joins(f"receipt {number}", first=True) for number in range(4)]
    await asyncio.gather(*tasks)
    assert gate.passed == ["receipt 0", "turns", "receipt 1", "delivery", "receipt 2", "receipt 3"]


async def test_one_goes_through_at_a_time() -> None:
    gate = Gate()
    async with gate.turnstile.pass_through(first=True):
        tasks = [await gate.joins("receipts", first=True), await gate.joins("turns")]
        await asyncio.sleep(0)
        assert gate.passed == []
    await asyncio.gather(*tasks)
    assert gate.passed == ["turns", "receipts"]


@pytest.mark.parametrize("handed_over", [False, True])
async def test_who_leaves_the_line_holds_up_nobody(handed_over: bool) -> None:
    gate = Gate()
    async with gate.turnstile.pass_through(first=False):
        leaving, staying = await gate.joins("leaving", first=True), await gate.joins("staying")
        if not handed_over:
            leaving.cancel()
            await asyncio.sleep(0)
            assert not gate.turnstile.first_waits
    if handed_over:
        leaving.cancel()
    await staying
    assert gate.passed == ["staying"]
    await asyncio.gather(await gate.joins("later"))
    assert gate.passed == ["staying", "later"]


async def test_a_fault_of_whoever_holds_it_lets_the_next_through() -> None:
    gate = Gate()
    waiting: list[asyncio.Task[None]] = []

    async def fail() -> None:
        async with gate.turnstile.pass_through(first=False):
            waiting.append(await gate.joins("next"))
            raise RuntimeError("fails")

    with pytest.raises(RuntimeError):
        await fail()
    await asyncio.gather(*waiting)
    assert gate.passed == ["next"]


async def test_transactions_of_receipts_get_the_one_writer_next(database: Database) -> None:
    if not database.sqlite:
        pytest.skip("PostgreSQL has many writers")
    begun: list[str] = []

    async def write(name: str, *, first: bool) -> None:
        async with database.begin(first=first):
            begun.append(name)

    async with database.begin():
        tasks = [asyncio.create_task(write("turns", first=False))]
        await asyncio.sleep(0)
        assert not database.is_pressed
        tasks.append(asyncio.create_task(write("receipts", first=True)))
        await asyncio.sleep(0)
        assert database.is_pressed
    await asyncio.gather(*tasks)
    assert begun == ["receipts", "turns"]
    assert not database.is_pressed
