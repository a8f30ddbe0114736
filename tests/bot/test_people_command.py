"""`people`: who holds which post, ended from the command line, deputies and names."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handlers import texts
from storage import people
from tests.city import CityHarness, Somebody
from tests.shell import Answer, shell_of

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def run(city: CityHarness, capsys: pytest.CaptureFixture[str], *words: object) -> Answer:
    """Run a command as an operator beside the running city."""
    answer = await asyncio.to_thread(shell_of(city, capsys), *words)
    await city.settles()
    return answer


async def listed(city: CityHarness, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Return what `people list` prints."""
    found: list[dict[str, Any]] = (await run(city, capsys, "people", "list", "--json", *words)).data
    return found


async def accepted_case(city: CityHarness, officer: Somebody) -> str:
    """Let somebody report and an officer take it up; return its code."""
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.files()
    case = (await city.cases())[-1]
    await officer.replays(f"accept:{case.code}")
    return case.code


async def test_who_holds_which_post_is_listed(city: CityHarness, capsys: pytest.CaptureFixture[str]) -> None:
    await city.official(WARD, "officer")
    await city.official(WARD, "chair")
    await city.official("ha-noi", "leader")
    everybody = await listed(city, capsys)
    assert {(each["unit"], each["role"]) for each in everybody} == {
        ("ha-noi", "leader"),
        (WARD, "chair"),
        (WARD, "officer"),
    }
    assert [each["role"] for each in await listed(city, capsys, "--unit", WARD)] == ["chair", "officer"]
    assert len(await listed(city, capsys, "--unit", "ha-noi")) == 3
    shown = await run(city, capsys, "people", "list")
    assert "3 posts." in shown.out
    wrong = await run(city, capsys, "people", "list", "--unit", "phuong-khuong")
    assert wrong.status == 1
    assert "nearest: " in wrong.err


async def test_an_admin_ends_posts_and_the_work_goes_to_the_successor(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = await city.official(WARD, "officer")
    colleague = await city.official(WARD, "officer", name="đồng nghiệp")
    code = await accepted_case(city, officer)
    rows = {each["name"]: each for each in await listed(city, capsys)}
    leaving, following = rows["officer Phường Khương Đình"], rows["đồng nghiệp"]
    colleague.reads()
    officer.reads()
    ended = await run(
        city, capsys, "people", "end", "--person", leaving["person"], "--successor", following["person"]
    )
    assert ended.status == 0, ended.err
    assert "1 case went to đồng nghiệp" in ended.out
    colleague.sees("Anh/chị nhận 1 vụ việc")
    officer.sees("Anh/chị thôi làm chuyên viên")
    await officer.replays(f"answer:{code}")
    officer.sees(texts.post_no_longer_held())
    case = (await city.cases())[-1]
    assert case.officer_id == following["person"]
    assert (await city.events(case))[-1].actor_role == "admin"
    assert [each["post"] for each in await listed(city, capsys)] == [following["post"]]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("end", "--post", 1), "--post: nobody holds"),
        (("end", "--person", 1), "--person: 1 holds no post"),
        (("end", "--post", "OWN", "--successor", 1), "--successor: 1 is no other chair or officer"),
        (("end", "--post", "OWN", "--successor", "PERSON"), "is no other chair or officer"),
        (("deputy", "--post", 1, "--person", "PERSON", "--until", "TOMORROW"), "--post: 1 is no chair's"),
        (
            ("deputy", "--post", "OFFICER", "--person", "PERSON", "--until", "TOMORROW"),
            "is no chair's own post",
        ),
        (("deputy", "--post", "OWN", "--person", 1, "--until", "TOMORROW"), "--person: nobody has"),
        (("deputy", "--post", "OWN", "--person", "PERSON", "--until", "TOMORROW"), "rights at"),
        (("deputy", "--post", "OWN", "--person", "OTHER", "--until", "2020-01-01"), "--until: from today"),
        (("rename", "--person", 1, "Tên"), "--person: nobody has"),
        (("rename", "--person", "PERSON", "  "), "1 to 200 characters"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    city: CityHarness, capsys: pytest.CaptureFixture[str], words: tuple[object, ...], reason: str
) -> None:
    await city.official(WARD, "chair")
    await city.official(WARD, "officer")
    before = await listed(city, capsys)
    chair, officer = before
    tomorrow = (city.now + timedelta(days=2)).date().isoformat()
    filled = {
        "OWN": chair["post"],
        "PERSON": chair["person"],
        "OFFICER": officer["post"],
        "OTHER": officer["person"],
        "TOMORROW": tomorrow,
    }
    answer = await run(city, capsys, "people", *(filled.get(str(word), word) for word in words))
    assert answer.status == 1
    assert reason in answer.err
    assert await listed(city, capsys) == before


async def test_a_deputy_is_named_until_the_end_of_a_day(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    chair, other = await listed(city, capsys)
    until = (city.now + timedelta(days=2)).date()
    words = ("deputy", "--post", chair["post"], "--person", other["person"], "--until", until)
    named = await run(city, capsys, "people", *words)
    assert named.status == 0, named.err
    deputy = next(each for each in await listed(city, capsys) if each["deputy_for"])
    assert deputy["deputy_for"] == chair["post"]
    assert deputy["until"].startswith(f"{until}T17:00:00")  # midnight in Vietnam
    await officer.writes("/chucvu")
    officer.sees(f"được ủy quyền đến hết {until.day}/{until.month}/{until.year}")


async def test_a_name_is_corrected(city: CityHarness, capsys: pytest.CaptureFixture[str]) -> None:
    await city.official(WARD, "chair")
    (chair,) = await listed(city, capsys)
    renamed = await run(city, capsys, "people", "rename", "--person", chair["person"], " Chủ tịch  phường ")
    assert renamed.status == 0
    async with city.database.read() as transaction:
        person = await people.get_person(transaction, chair["person"], now=city.now)
    assert person is not None
    assert person.name == "Chủ tịch phường"
