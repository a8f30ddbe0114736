"""What operators watch: every figure that the board and the alarms ask for is there, and tells of nobody."""

import json
import re
import shutil
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.gauges import VERSION
from bot.metrics import HELP, Kept, page
from scripts.draw_board import BOARD, written
from tests.city import PlainUnderstanding
from tests.telegram_city import TelegramCity, open_city

ROOT = Path(__file__).parent.parent.parent
ALERTS = (ROOT / "deploy/alerts.yml").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:langnghe|process)_[a-z_0-9]+")
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


def queries(board: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def alert_queries() -> list[str]:
    """Return the queries of the alarms: what stands behind `expr:`, on one line or folded."""
    found = re.findall(r"expr: (?:>-\n)?((?:.|\n {10})+)\n {8}\w", ALERTS)
    return [" ".join(query.split()) for query in found]


@pytest.fixture
async def running(city_file: Path, tmp_path: Path) -> AsyncIterator[TelegramCity]:
    """The whole program on Telegram, as it runs in a city."""
    url = f"sqlite:///{shutil.copy(city_file, tmp_path / 'city.db')}"
    async with open_city(url, tmp_path, PlainUnderstanding(), mode="webhook") as city:
        yield city


async def figures_of(city: TelegramCity) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{city.app.port}/metrics") as answer,
    ):
        text = await answer.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert "0912345678" not in text
    assert "Khương Đình" not in text
    return families


async def test_what_the_board_and_the_alarms_ask_for_is_there(running: TelegramCity) -> None:
    an = running.person()
    await an.writes(f"{RUBBISH}, gọi 0912345678")
    await an.presses("Đồng ý và gửi")
    await an.sees("HN-")
    await running.ticks("remind")
    families = await figures_of(running)
    asked = queries(json.loads(BOARD.read_text(encoding="utf-8"))) + alert_queries()
    names = {re.sub(r"_(total|bucket)$", "", name) for query in asked for name in NAME.findall(query)}
    assert len(names) > 25
    assert names - families.keys() == set()
    for query in asked:
        assert query.count("(") == query.count(")"), query
        for name, labels in re.findall(r"(langnghe_\w+?)(?:_total|_bucket)?\{(\w+)=", query):
            assert all(labels in sample.labels for sample in families[name].samples), query
    assert families["langnghe_turn_seconds"].samples[-2].value > 0
    assert value(families, "langnghe_ready") == 1
    assert value(families, "langnghe_cases", state="on_track") == 1
    assert value(families, "langnghe_acknowledgement_seconds_count", channel="telegram") >= 2
    assert value(families, "langnghe_send_seconds_count", channel="telegram") >= 1
    assert value(families, "langnghe_clock_success_timestamp_seconds", job="remind") > 0


def value(families: dict[str, Any], name: str, **labels: str) -> float:
    family = families[re.sub(r"_(count|total)$", "", name)]
    return next(
        sample.value
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_every_figure_of_now_says_what_it_means(running: TelegramCity) -> None:
    state = await running.app.metrics()
    assert {"alive", *HELP} >= state.keys()


async def test_a_program_that_stops_or_stands_still_is_not_ready(running: TelegramCity) -> None:
    health = running.app._health
    assert (await running.app.health())["ready"]
    assert running.app.worker is not None
    running.app.worker.moved_at -= 1e6
    health._elapsed = lambda: 0.0
    running.app.worker.moved_at = -100.0
    assert (await running.app.health())["why"] == ["worker"]
    running.app.worker.moved_at = 0.0
    health.stopping = True
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{running.app.port}/healthz") as answer,
    ):
        told = await answer.json()
        assert (answer.status, told["ready"], told["alive"], told["why"]) == (503, False, True, ["stopping"])
    health.stopping = False
    async with running.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")
    assert (await running.app.health())["why"] == ["migrations"]
    async with running.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert (await running.app.health())["ready"], "a newer program has made the tables: this one goes on"


async def test_a_database_that_is_away_is_told_of_and_nothing_else() -> None:
    async def fails() -> dict[str, float]:
        raise OSError

    text = (await page(fails)).decode()
    assert "langnghe_healthy 0.0" in text
    assert "langnghe_ready 0.0" in text
    assert "langnghe_cases" not in text


async def test_what_takes_long_is_looked_up_once_in_a_while() -> None:
    looked, now = 0, 0.0

    async def find() -> dict[str, Any]:
        nonlocal looked
        looked += 1
        return {"looked": looked}

    kept = Kept(find, seconds=60, clock=lambda: now)
    assert [await kept.get() for _ in range(3)] == [{"looked": 1}] * 3
    now = 61.0
    assert await kept.get() == {"looked": 2}


# ── the files ────────────────────────────────────────────────────────────────────────────────────


def test_the_board_is_as_it_is_drawn() -> None:
    assert BOARD.read_text(encoding="utf-8") == written(), "run: python -m scripts.draw_board"


def test_the_board_can_be_imported_anywhere() -> None:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert board["templating"]["list"][0]["type"] == "datasource"
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
        if panel["type"] != "row":
            assert panel["targets"]
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


def test_every_alarm_says_what_to_do() -> None:
    names = re.findall(r"- alert: (\w+)", ALERTS)
    assert len(names) == len(set(names)) == len(alert_queries()) >= 10
    for part in ALERTS.split("- alert: ")[1:]:
        assert "severity: " in part
        assert "summary: " in part
        assert "action: " in part
    for watched in ("oldest_seconds", "dead", "ready", "ailment", "backup"):
        assert any(watched in query for query in alert_queries()), watched


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
