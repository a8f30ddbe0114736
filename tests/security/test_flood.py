"""Much is written: one person's flood waits behind everybody else, a disaster that all report is no flood."""

from datetime import timedelta

from prometheus_client import REGISTRY

from handlers import texts
from handlers.flood import AT_ONCE, SECONDS
from tests.city import CityHarness, Somebody

LABEL = "Đồng ý và gửi"
GAP = timedelta(seconds=SECONDS / AT_ONCE)


async def pours(somebody: Somebody, count: int) -> None:
    """Let somebody send so many messages at the same moment, before anything is looked at."""
    harness = somebody.harness
    for number in range(count):
        message = somebody.message(text=f"/tracuu {number}")
        await harness.receive(somebody.channel, message)


async def waiting(city: CityHarness) -> int:
    from sqlalchemy import func, select

    from storage.tables import inbox

    [row] = await city.rows(select(func.count().label("count")).where(inbox.c.finished_at.is_(None)))
    return int(row["count"])


def counted() -> float:
    """Return how often the figures of operators say somebody was put off."""
    return REGISTRY.get_sample_value("langnghe_slowed_total", {"channel": "web"}) or 0


async def test_a_flood_is_handled_in_turn_to_its_last_message_and_its_writer_told_once(
    city: CityHarness,
) -> None:
    an, binh = city.citizen("an"), city.citizen("binh")
    before = counted()
    await pours(an, AT_ONCE + 7)
    await city.settles()
    assert counted() > before
    assert len(an.screen) == AT_ONCE + 1
    assert an.last.text == texts.slowed_down()
    assert await waiting(city) == 7
    await binh.writes("/trogiup")
    binh.sees("phản ánh")
    for count in range(1, 8):
        city.now += GAP
        await city.settles()
        assert len(an.screen) == AT_ONCE + 1 + count
    assert await waiting(city) == 0
    told = [shown for shown in an.screen if shown.text == texts.slowed_down()]
    assert len(told) == 1


async def test_what_was_held_up_comes_in_the_order_in_which_it_was_written(city: CityHarness) -> None:
    an = city.citizen("an")
    await pours(an, AT_ONCE)
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.writes("/huy")
    assert await waiting(city) == 2
    city.now += GAP
    await city.settles()
    an.sees("Rác")
    city.now += GAP
    await city.settles()
    assert await waiting(city) == 0
    an.does_not_see(texts.slowed_down())


async def test_another_person_is_not_slowed_and_neither_is_the_same_one_later(city: CityHarness) -> None:
    an = city.citizen("an")
    await pours(an, AT_ONCE + 1)
    await city.settles()
    await city.passes(seconds=SECONDS + 1)
    an.reads()
    for _ in range(5):
        await an.writes("/trogiup")
        an.does_not_see(texts.slowed_down())
        an.sees("phản ánh")


async def test_a_clock_that_is_set_back_silences_nobody(city: CityHarness) -> None:
    an = city.citizen("an")
    await pours(an, AT_ONCE)
    await city.settles()
    city.now -= timedelta(hours=2)
    await an.writes("/trogiup")
    an.sees("phản ánh")


PEOPLE, TOGETHER = 300, 100


async def test_hundreds_who_report_one_disaster_are_all_heard_at_once(city: CityHarness) -> None:
    """All from one ward within ten minutes: everybody has a code at once, and nobody is called a flood."""
    for start in range(0, PEOPLE, TOGETHER):
        crowd = [city.citizen(f"dân {number}") for number in range(start, start + TOGETHER)]
        await all_do(crowd, text="Cháy nhà và hồ sơ ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
        await all_do(crowd, button=True)
        for one in crowd:
            one.sees("HN-")
            assert not any(shown.text == texts.slowed_down() for shown in one.screen)
        city.now += timedelta(minutes=10) * TOGETHER / PEOPLE
    assert await waiting(city) == 0
    assert len(await city.cases()) == PEOPLE


async def all_do(crowd: list[Somebody], *, text: str = "", button: bool = False) -> None:
    """Let everybody do the same at the same moment; the city begins only when all have."""
    for one in crowd:
        one.reads()
        data = next((found.data for found in one.last.buttons if found.label == LABEL), "") if button else ""
        await one.harness.receive(one.channel, one.message(text=text, button=data))
    await crowd[0].harness.settles()
