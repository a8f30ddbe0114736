"""Each thing that must always hold is broken on purpose, and named with its case and its day."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.simulation.life import Delivered, Life
from bot.simulation.town import Town
from bot.simulation.watching import BrokenInvariant, Watch
from bot.simulation.year import Plan, found_city
from routing.deadline import LOCAL_TIME
from routing.understanding import Understanding
from storage import migrating
from storage.database import Database

MONDAY = datetime(2026, 3, 2, tzinfo=LOCAL_TIME)


@dataclass
class Lived:
    """Two days lived through without a check yet."""

    database: Database
    life: Life
    watch: Watch

    async def run(self, sql: str, **values: Any) -> None:
        async with self.database.begin() as transaction:
            await transaction.connection.execute(text(sql), values)

    async def one(self, sql: str) -> Any:
        async with self.database.read() as transaction:
            return (await transaction.connection.execute(text(sql))).first()

    async def broken(self) -> BrokenInvariant:
        with pytest.raises(BrokenInvariant) as caught:
            await self.watch.midnight()
        assert caught.value.day == date(2026, 3, 3)
        return caught.value


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Life, Town]:
    """Live through two days once; each test gets a copy of the database."""
    path = tmp_path_factory.mktemp("simulated") / "city.db"
    return path, *asyncio.run(_live(f"sqlite:///{path}"))


async def _live(url: str) -> tuple[Life, Town]:
    await migrating.upgrade(url)
    database = Database(url, expendable=True)
    plan = Plan(days=2, cases=14, start=MONDAY)
    city = await found_city(database, plan)
    end = plan.start + timedelta(days=plan.days)
    life = Life(database, Understanding.load(), city=city, seed=3, start=plan.start, end=end)
    town = Town(life=life, city=city, cases=plan.cases, wards=frozenset({"Phường Vỹ Dạ", "Phường An Cựu"}))
    await town.settle(database)

    async def unwatched() -> None:
        """Let the night pass."""

    await life.run(unwatched, lambda minutes: None)
    await database.close()
    return life, town


@pytest.fixture
async def lived(past: tuple[Path, Life, Town], tmp_path: Path) -> AsyncIterator[Lived]:
    path, life, town = past
    kept = list(life.told.today), set(life.sent_ids), dict(life._did), dict(town.filed)
    shutil.copy(path, tmp_path / "city.db")
    database = Database(f"sqlite:///{tmp_path / 'city.db'}")
    yield Lived(database, life, Watch(database, life, town))
    await database.close()
    life.told.today, life.sent_ids, life._did, town.filed = kept


async def test_what_was_lived_holds(lived: Lived) -> None:
    await lived.watch.midnight(whole=True)


async def test_an_update_that_disappears(lived: Lived) -> None:
    await lived.run("DELETE FROM inbox WHERE id = (SELECT max(id) FROM inbox)")
    assert (await lived.broken()).invariant == "nothing lost"


async def test_an_update_that_nobody_deals_with(lived: Lived) -> None:
    await lived.run("UPDATE inbox SET finished_at = NULL WHERE id = 1")
    broken = await lived.broken()
    assert broken.invariant == "nothing lost"
    assert "waits unheard" in broken.detail


async def test_a_text_that_is_not_what_was_written(lived: Lived) -> None:
    code = (await lived.one('SELECT code FROM "case" ORDER BY id'))[0]
    await lived.run("""UPDATE "case" SET text = 'something else' WHERE code = :code""", code=code)
    broken = await lived.broken()
    assert (broken.invariant, broken.case) == ("nothing lost", code)


async def test_a_case_that_disappears(lived: Lived) -> None:
    lived.watch._town.filed["HUE-2222-2222"] = next(iter(lived.watch._town.filed.values()))
    broken = await lived.broken()
    assert (broken.invariant, broken.case) == ("nothing lost", "HUE-2222-2222")


async def test_a_message_sent_twice(lived: Lived) -> None:
    lived.life.told.today.append(lived.life.told.today[-1])
    copied = lived.life.told.today[-1]
    lived.life.told.today[-1] = Delivered(
        at=copied.at, chat=copied.chat, message_id="never", content=copied.content, retried=False
    )
    assert (await lived.broken()).invariant == "nobody told twice"


async def test_the_same_words_told_again(lived: Lived) -> None:
    lived.life._did.clear()
    last = next(
        each for each in reversed(lived.life.told.today) if 8 <= each.at.astimezone(LOCAL_TIME).hour < 20
    )
    lived.life.told.today[:] = [last, last]
    assert (await lived.broken()).invariant == "nobody told twice"


async def test_a_message_at_night(lived: Lived) -> None:
    last = lived.life.told.today[-1]
    lived.life._did.clear()
    await lived.run("UPDATE outbox SET case_id = NULL")
    at = datetime(2026, 3, 3, 23, 30, tzinfo=LOCAL_TIME).astimezone(UTC)
    lived.life.told.today[:] = [
        Delivered(at=at, chat=last.chat, message_id=last.message_id, content=b"", retried=False)
    ]
    broken = await lived.broken()
    assert broken.invariant == "no message at night"
    assert "23:30" in broken.detail


async def test_an_open_case_without_a_unit(lived: Lived) -> None:
    code = (await lived.one("""SELECT code FROM "case" WHERE status IN ('assigned', 'in_progress')"""))[0]
    await lived.run('UPDATE "case" SET unit_code = NULL WHERE code = :code', code=code)
    broken = await lived.broken()
    assert (broken.invariant, broken.case) == ("no case without an owner", code)


async def test_a_deadline_that_is_an_hour_off(lived: Lived) -> None:
    code = (await lived.one('SELECT code FROM "case" WHERE due_at IS NOT NULL'))[0]
    await lived.run('UPDATE "case" SET due_at = due_at + 3600000000 WHERE code = :code', code=code)
    broken = await lived.broken()
    assert (broken.invariant, broken.case) == ("deadlines as computed by hand", code)


async def test_an_event_that_was_changed(lived: Lived) -> None:
    await lived.run("UPDATE event SET actor_role = 'leader' WHERE type = 'assigned'")
    assert (await lived.broken()).invariant == "ledger whole"


async def test_figures_that_differ_from_the_events(lived: Lived) -> None:
    await lived.run("""UPDATE "case" SET late_before = 1, reopened_count = 1""")
    lived.watch._cases = _unchecked  # type: ignore[method-assign]
    assert (await lived.broken()).invariant == "figures equal to a recount"


async def _unchecked(*_: Any, **__: Any) -> None:
    """Leave the cases alone, so that the figures are asked."""
