"""The watchdog: what ails a channel is logged once, told to operators, and counted for whoever watches."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from bot.watching import Watching
from handlers import texts
from handlers.channel import Ailment, Unavailable
from storage.tables import outbox
from tests.city import CityHarness

ROOT = Path(__file__).parent.parent.parent
NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Nine in the morning, local time."""
BROKEN = Ailment(what="token_broken", detail="since 08:00: -14014 used")
OLD = Ailment(what="token_old", detail="2026-12-23")


class Patient:
    """A channel that says what it is told to."""

    def __init__(self, *ailments: Ailment) -> None:
        self.says: Sequence[Ailment] = ailments
        self.fails: Exception | None = None
        self.hangs = False

    async def ailments(self) -> Sequence[Ailment]:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.fails:
            raise self.fails
        return self.says


class Watch:
    """A watchdog of a city with one administrator; its clock is moved by hand."""

    def __init__(self, city: CityHarness, patients: dict[str, Patient], **more: Any) -> None:
        self.city, self.at, self.woken = city, NINE, 0
        watched = {name: [patient] for name, patient in patients.items()}
        self.watching = Watching(city.database, watched=watched, now=lambda: self.at, told=self._wake, **more)

    def _wake(self) -> None:
        self.woken += 1

    async def looks(self, **later: float) -> None:
        self.at += timedelta(**later)
        await self.watching.look()

    async def told(self) -> list[tuple[str, datetime]]:
        """Return what operators were told, and from when on it may be sent."""
        rows = await self.city.rows(
            select(outbox.c.message, outbox.c.available_at)
            .where(outbox.c.dedupe_key.like("ailment:%"))
            .order_by(outbox.c.id)
        )
        return [(row["message"]["text"], row["available_at"]) for row in rows]


@pytest.fixture
async def governed(city: CityHarness) -> CityHarness:
    """A city with an administrator."""
    await city.official("ha-noi", "admin")
    return city


async def test_what_is_new_is_told_at_once_with_what_to_do_next(governed: CityHarness) -> None:
    watch = Watch(governed, {"zalo_oa": Patient(BROKEN), "telegram": Patient()})
    with structlog.testing.capture_logs() as logged:
        await watch.looks()
    ((text, at),) = await watch.told()
    assert text == texts.channel_ailing(channel="zalo_oa", ailment=BROKEN.what, detail=BROKEN.detail)
    assert "python -m bot zalo consent" in text
    assert (at, watch.woken, watch.watching.count) == (NINE, 1, 1)
    assert [line["what"] for line in logged if line["action"] == "channel_ailing"] == ["token_broken"]


async def test_while_it_lasts_it_is_told_once_an_hour_and_logged_once(governed: CityHarness) -> None:
    watch = Watch(governed, {"zalo_oa": Patient(BROKEN, OLD)})
    with structlog.testing.capture_logs() as logged:
        for _ in range(120):
            await watch.looks(minutes=1)
    times = [f"{at:%H:%M}" for text, at in await watch.told() if "-14014" in text]
    assert times == ["02:01", "03:00", "04:00"]
    assert len([text for text, _ in await watch.told() if "2026-12-23" in text]) == 1, "slow: once a day"
    assert len([line for line in logged if line["action"] == "channel_ailing"]) == 2


async def test_two_processes_tell_a_thing_once(governed: CityHarness) -> None:
    one, two = (Watch(governed, {"zalo_oa": Patient(BROKEN)}) for _ in range(2))
    await asyncio.gather(one.looks(), two.looks())
    assert len(await one.told()) == 1


async def test_at_night_it_waits_for_the_morning_and_comes_once(governed: CityHarness) -> None:
    watch = Watch(governed, {"telegram": Patient(Ailment(what="webhook_failing", detail="certificate"))})
    for _ in range(9):
        await watch.looks(hours=1.5)
    night = [at for _, at in await watch.told() if at > NINE + timedelta(hours=12)]
    assert night == [NINE + timedelta(hours=22)], "seven in the morning"


async def test_what_is_over_is_not_told_again_and_no_longer_counted(governed: CityHarness) -> None:
    patient = Patient(BROKEN)
    watch = Watch(governed, {"zalo_oa": patient})
    await watch.looks()
    patient.says = ()
    with structlog.testing.capture_logs() as logged:
        await watch.looks(hours=2)
    assert (len(await watch.told()), watch.watching.count) == (1, 0)
    assert [line["action"] for line in logged] == ["channel_recovered"]


async def test_a_channel_that_does_not_answer_holds_up_no_other_and_is_as_it_was(
    governed: CityHarness,
) -> None:
    sick, silent, wrong = Patient(BROKEN), Patient(OLD), Patient(BROKEN)
    patients = {"zalo_oa": sick, "zalo_bot": silent, "telegram": wrong}
    watch = Watch(governed, patients, patience_seconds=0.05)
    await watch.looks()
    silent.hangs, wrong.fails, sick.says = True, ValueError("a fault of ours"), ()
    await watch.looks(minutes=1)
    assert watch.watching.count == 2
    wrong.fails = Unavailable("away")
    silent.hangs = False
    await watch.looks(minutes=1)
    assert watch.watching.count == 2


async def test_it_looks_at_once_and_again_until_it_is_closed(governed: CityHarness) -> None:
    patient = Patient(BROKEN)
    watch = Watch(governed, {"zalo_oa": patient}, every_seconds=0.01)
    watch.watching.start()
    async with asyncio.timeout(10):
        while not watch.woken:  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.01)
        patient.says = ()
        while watch.watching.count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await watch.watching.close()


async def test_without_administrators_the_log_has_it(city: CityHarness) -> None:
    watch = Watch(city, {"zalo_oa": Patient(BROKEN)})
    with structlog.testing.capture_logs() as logged:
        await watch.looks()
    assert {line["action"] for line in logged} == {"channel_ailing", "no_operator"}


def test_every_ailment_of_a_channel_has_a_sentence() -> None:
    found = {
        name
        for path in (ROOT / "bot/channels").rglob("*.py")
        for name in re.findall(
            r"Ailment\(\s*what=\"(\w+)\"|_behind\(info, \"(\w+)\"", path.read_text(encoding="utf-8")
        )
        for name in name
        if name
    }
    assert found
    assert not found - texts.AILMENTS.keys()
