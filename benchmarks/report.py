"""What was measured, kept beside the goals, and the table of docs/performance.md that shows both."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.goals import Goal
from benchmarks.machine import describe

KEPT = Path(__file__).with_name("measured.json")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks --write -->", "<!-- end of measured -->"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure as it came out, on which day, and how busy the machine was before (load average)."""

    name: str
    value: float
    lowest: float
    highest: float
    note: str
    at: str
    load: float


def line(goal: Goal, row: Row) -> str:
    """Return what a terminal shows."""
    sign, verdict = ("≤" if goal.most else "≥"), "reached" if goal.reached(row.value) else "NOT REACHED"
    spread = f"({row.lowest:.2f}–{row.highest:.2f})"
    return (
        f"{row.name:76}{row.value:9.2f} {goal.unit:3}{spread:>18}  {sign} {goal.aim:g}  {verdict}  {row.note}"
    )


def write(row: Row, goals: Mapping[str, Goal]) -> None:
    """Keep a row and write the table anew; figures that exist no more are left out."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"rows": {}}
    rows = {**kept["rows"], row.name: asdict(row)}
    rows = {name: rows[name] for name in goals if name in rows}
    machine = describe()
    KEPT.write_text(json.dumps({"machine": machine, "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + table(machine, [Row(**each) for each in rows.values()], goals) + after)


def table(machine: str, rows: list[Row], goals: Mapping[str, Goal]) -> str:
    """Return the part of the page between its marks."""
    head = [
        BEGIN,
        f"{machine}.",
        "",
        "| figure | aim | measured | lowest–highest | | behind it | on, load before |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_cells(goals[row.name], row) for row in rows), END])


def _cells(goal: Goal, row: Row) -> str:
    sign = "≤" if goal.most else "≥"
    unit = "" if goal.unit == "×" else f" {goal.unit}"
    verdict = "reached" if goal.reached(row.value) else "**not reached**"
    spread = f"{_number(row.lowest)}–{_number(row.highest)}" if row.lowest != row.highest else ""
    cells = (
        row.name,
        f"{sign} {goal.aim:g}{unit}",
        f"{_number(row.value)}{unit}",
        spread,
        verdict,
        row.note,
        f"{row.at}, {row.load:g}",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
