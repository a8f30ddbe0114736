"""`org check` and `org try`, as an operator uses them before adopting other rules."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.clock import CHECK_RULES, Ticker
from handlers import texts
from routing.organisation import Responsibility, build_city, to_document
from storage import standing
from tests.bot.test_commands import document, shell
from tests.city import CityHarness
from tests.shell import Shell, shell_of

__all__ = ["document", "shell"]

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


def changed(
    document: tuple[Path, dict[str, Any]], *added: dict[str, Any], without: tuple[str, ...] = ()
) -> Path:
    """Write the city's file with more rules, and without those for some domains."""
    path, content = document
    kept = [rule for rule in content["responsibilities"] if rule["domain"] not in without]
    content["responsibilities"] = [*added, *kept]
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


# ── check ────────────────────────────────────────────────────────────────────────────────────────


def test_before_anybody_is_invited_only_the_rules_are_judged(shell: Shell) -> None:
    checked = shell("org", "check")
    assert checked.status == 0
    assert "Nobody receives anywhere yet" in checked.out
    assert shell("org", "check", "--json").data == []


async def test_units_without_anybody_to_receive_are_named(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await city.official(WARD, "officer")
    await city.official("so-xay-dung", "chair")
    shell = shell_of(city, capsys)
    checked = await asyncio.to_thread(shell, "org", "check")
    assert checked.status == 0
    assert "of the 262 units that rules lead to have nobody to receive" in checked.out
    told = (await asyncio.to_thread(shell, "org", "check", "--json")).data
    assert "phuong-lang has nobody to receive, and rules lead there" in told
    assert not any(line.startswith((WARD + " ", "so-xay-dung ")) for line in told)
    assert len(told) == 260


def test_idle_rules_are_named_and_are_no_alarm(shell: Shell, document: tuple[Path, dict[str, Any]]) -> None:
    idle = [
        {"position": 1, "domain": "waste", "hours": "working", "unit": "@ward"},
        {"position": 2, "domain": "waste", "hours": "off", "unit": "@ward"},
    ]
    assert shell("org", "import", changed(document, *idle)).status == 0
    checked = shell("org", "check")
    assert checked.status == 1
    assert "is never reached: rule 1 (domain waste, hours working), rule 2" in checked.out


# ── try ──────────────────────────────────────────────────────────────────────────────────────────


async def filed(city: CityHarness, count: int) -> None:
    """Let people report rubbish."""
    for number in range(count):
        citizen = city.citizen(f"an {number}")
        await citizen.writes(RUBBISH)
        await citizen.files()


async def test_other_rules_are_tried_on_past_cases_and_nothing_is_changed(
    city: CityHarness, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    await filed(city, 3)
    shell = shell_of(city, capsys)
    path = tmp_path / "other.json"
    assert (await asyncio.to_thread(shell, "org", "export", path)).status == 0
    file = changed(
        (path, json.loads(path.read_text(encoding="utf-8"))),
        {"position": 1, "domain": "waste", "unit": "so-y-te"},
    )
    before = await city.cases()
    told = await asyncio.to_thread(shell, "org", "try", file)
    assert told.status == 0
    assert "3 cases of the last 30 days" in told.out
    assert "3  phuong-khuong-dinh → so-y-te  [waste 3] e.g. HN-" in told.out
    assert "Nothing was changed" in told.out
    assert "Vũ Tông Phan" not in told.out
    data = (await asyncio.to_thread(shell, "org", "try", file, "--days", 2, "--json")).data
    assert (data["cases"], data["elsewhere"], data["days"]) == (3, 3, 2)
    assert data["moved"][0]["to"] == "so-y-te"
    assert await city.cases() == before
    book = tmp_path / "same.xlsx"
    assert (await asyncio.to_thread(shell, "org", "export", book)).status == 0
    same = await asyncio.to_thread(shell, "org", "try", book)
    assert "All would go where the present rules lead." in same.out, same.err


def test_rules_tried_on_no_case_at_all_say_so(shell: Shell, document: tuple[Path, dict[str, Any]]) -> None:
    told = shell("org", "try", document[0], "--days", 1)
    assert told.status == 0
    assert told.out == "There were no cases in the last day: the file's rules were tried on nothing.\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nowhere.json",), "No such file"),
        (("broken.json",), "not JSON"),
        (("wrong.json",), "tiers"),
        (("other.json",), "The file is about"),
        (("broken.xlsx",), "broken.xlsx"),
        (("good.json", "--days", "0"), "--days: from 1"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_the_reason(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "wrong.json").write_text(
        json.dumps({**to_document(build_city("Hà Nội")), "tiers": 5}), encoding="utf-8"
    )
    (tmp_path / "other.json").write_text(json.dumps(to_document(build_city("Huế"))), encoding="utf-8")
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    shutil.copy(tmp_path / "other.json", tmp_path / "good.json")
    answer = shell("org", "try", tmp_path / words[0], *words[1:])
    assert answer.status == 1
    assert reason in answer.err


# ── the alarm ────────────────────────────────────────────────────────────────────────────────────


async def checks_rules(city: CityHarness) -> int | None:
    """Let the clock look at the rules; return how many faults lead nowhere."""
    await Ticker(city.database).run(CHECK_RULES, city.now)
    await city.settles()
    async with city.database.read() as transaction:
        return await standing.broken_rules(transaction)


async def test_administrators_are_told_once_of_rules_that_lead_nowhere(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    assert await checks_rules(city) == 0
    admin.sees_nothing()
    broken = Responsibility(domain="waste", unit="@district", position=1)
    await city.changes(responsibilities=(broken, *city.city.responsibilities))
    assert await checks_rules(city) == 1
    admin.sees("1 lỗi", "«Rác thải", "ở mọi phường, xã: quy tắc số 1 không dẫn tới đơn vị nào", "org check")
    admin.reads()
    for hours in (1, 24, 24):
        await city.passes(hours=hours)
        await checks_rules(city)
    admin.sees_nothing()
    # Another version of the document is another reason to say so; a sound one to be silent.
    await city.changes(name="Hà Nội")
    await checks_rules(city)
    admin.sees("1 lỗi")
    admin.reads()
    await city.changes(responsibilities=city.city.responsibilities[1:])
    assert await checks_rules(city) == 0
    admin.sees_nothing()


async def test_nobody_is_woken_by_the_alarm(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    broken = Responsibility(domain="waste", unit="@district", position=1)
    await city.changes(responsibilities=(broken, *city.city.responsibilities))
    await city.passes(hours=14)  # 23:00
    await checks_rules(city)
    admin.sees_nothing()
    await city.passes(hours=9)
    admin.sees("1 lỗi")


async def test_a_case_that_meets_a_broken_rule_goes_to_a_dispatcher_with_that_reason(
    city: CityHarness,
) -> None:
    broken = Responsibility(domain="waste", unit="@district", position=1)
    await city.changes(responsibilities=(broken, *city.city.responsibilities))
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.files()
    case = await city.only_case()
    assert (case.status, case.unit_code) == ("triage", None)
    assert case.triage_reason == texts.doubt_rule(position=1)
    assert (await city.events(case))[-1].data["reason"] == case.triage_reason


async def test_the_event_and_the_explanation_name_rule_and_supporting_units(city: CityHarness) -> None:
    rule = Responsibility(
        domain="waste", hours="working", unit="@ward", supporting=("cong-an-@ward",), position=1
    )
    await city.changes(responsibilities=(rule, *city.city.responsibilities))
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.files()
    case = await city.only_case()
    given = next(event for event in await city.events(case) if event.type == "assigned")
    assert given.data["supporting"] == ["cong-an-phuong-khuong-dinh"]
    assert given.data["reason"].startswith("rule 1 (domain waste, hours working) → phuong-khuong-dinh")
    await citizen.writes(f"/viso {case.code}")
    citizen.sees("tin đến trong giờ làm việc", "Cùng phối hợp theo quy tắc này: Công an phường Khương Đình")
