"""`ask`: what the machine makes of a question about the figures, and the answer, as JSON lines."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import NoCity, Refused, city_of, nearest, opened
from bot.commands.reading import DEFAULT_PROVINCE, BadRow, moment_of, numbered_rows, plain_line

if TYPE_CHECKING:
    from handlers.figures_asked import Row
    from routing.evaluation.rows import Line
    from routing.organisation import City
    from routing.question import Question
    from storage.database import Transaction

ROLES = ("leader", "chair")
"""Whose questions are answered: leaders see the whole city, chairs their unit and what is below it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One question: the text, who asks (role, unit code) if told, when, and what was asked before it."""

    text: str
    asker: tuple[str, str] | None
    now: datetime
    before: tuple[str, ...] = ()


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    ask = commands.add_parser("ask", help="a question about the figures, in plain words")
    ask.add_argument("text", nargs="?", help="one question; without it, standard input, a question a line")
    ask.add_argument(
        "--jsonl", metavar="FILE", help='JSON lines {"text", "as"?, "now"?, "before"?}; "-" is standard input'
    )
    ask.add_argument(
        "--as",
        dest="asker",
        metavar="ROLE:UNIT",
        help=f"who asks: {' or '.join(ROLES)}, and the unit's code; default: a leader of the city",
    )
    ask.add_argument("--now", type=moment_of, metavar="ISO", help="time of asking, 2026-03-02T08:00+07:00")
    ask.add_argument("--json", action="store_true", help="one JSON object a line instead of a sentence")
    ask.set_defaults(run=run_ask)


def run_ask(arguments: argparse.Namespace) -> int:
    """Print what each question asks. Bad rows are named on standard error and make the status 1."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    try:
        async with opened(arguments.settings) as database, database.read() as transaction:
            return await _answer_all(arguments, await city_of(transaction), transaction)
    except NoCity:
        from routing.organisation import build_city

        return await _answer_all(arguments, build_city(DEFAULT_PROVINCE), None)


async def _answer_all(arguments: argparse.Namespace, city: "City", transaction: "Transaction | None") -> int:
    now = arguments.now or moment.now()
    try:
        asker = _asker(arguments.asker, city) if arguments.asker else None
    except BadRow as error:
        raise Refused(f"--as: {error}") from error
    failed = False
    for number, line in numbered_rows(arguments):
        try:
            asked = (
                _asked(line, city, asker, now)
                if arguments.jsonl
                else Asked(text=plain_line(line), asker=asker, now=now)
            )
            answered = await _answered(asked, city, transaction)
            print(_as_json(answered) if arguments.json else _sentence(answered))
        except BadRow as error:
            failed = True
            print(f"line {number}: {error}", file=sys.stderr)
    sys.stdout.flush()
    return 1 if failed else 0


def _asked(line: "Line", city: "City", asker: tuple[str, str] | None, now: datetime) -> Asked:
    """Return the question of a row of JSON lines. Raises BadRow."""
    from routing.evaluation.rows import read_object

    try:
        row = read_object(line, blank=True)
        return Asked(
            text=row["text"],
            asker=_asker(str(row["as"]), city) if row.get("as") else asker,
            now=moment_of(str(row["now"])) if row.get("now") else now,
            before=tuple(_earlier(row)),
        )
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise BadRow(str(error)) from error


def _earlier(row: Mapping[str, Any]) -> Iterator[str]:
    before = row.get("before") or []
    for text in [before] if isinstance(before, str) else before:
        if not isinstance(text, str):
            raise ValueError(f"before: no text: {text!r}")
        yield text


def _asker(words: str, city: "City") -> tuple[str, str]:
    """Return role and unit of "chair:phuong-bo-de". Raises BadRow."""
    role, _, unit = words.partition(":")
    if role not in ROLES:
        raise BadRow(f"no role {role!r} ({', '.join(ROLES)})")
    unit = unit or city.root.code
    if unit not in city.units:
        raise BadRow(f"no unit {unit!r}{nearest(unit, city.units)}")
    return role, unit


async def _answered(asked: Asked, city: "City", transaction: "Transaction | None") -> dict[str, Any]:
    """Return the contract's object for a question: how it was read, and what was counted."""
    from routing.deadline import LOCAL_TIME
    from routing.question import as_row

    city = city.at(asked.now)
    today = asked.now.astimezone(LOCAL_TIME).date()
    question = _read(asked, city, today)
    answered: dict[str, Any] = as_row(question, city, today=today) | {"rows": [], "total": None}
    if transaction is None or not question.understood:
        return answered
    return answered | await _counted(question, asked, city, transaction)


def _read(asked: Asked, city: "City", today: date) -> "Question":
    from routing.question import read_question

    before: Question | None = None
    for text in asked.before:
        found = read_question(text, city=city, today=today, before=before)
        before = found if found.understood else before
    return read_question(asked.text, city=city, today=today, before=before)


async def _counted(
    question: "Question", asked: Asked, city: "City", transaction: "Transaction"
) -> dict[str, Any]:
    """Return the lines of the answer, its total, and what it is as people read it.

    "refused" names the units whose figures are not the asker's to see: the total is then the city's.
    """
    from handlers import figures_asked, figures_told
    from routing.deadline import LOCAL_TIME

    role, unit = asked.asker or ("leader", city.root.code)
    scope = figures_asked.Scope(units=(city.root.code if role == "leader" else unit,))
    found = await figures_asked.answer(transaction, city, question, scope=scope, now=asked.now)
    said = figures_told.told(city, found, today=asked.now.astimezone(LOCAL_TIME).date())
    counted = {
        "rows": [_line(row, found.question, city) for row in found.rows],
        "total": _line(found.total, found.question, city),
        "said": said.text,
    }
    refused = [city.units[code].name for code in found.refused]
    return counted | ({"refused": refused} if refused else {})


def _line(row: "Row", question: "Question", city: "City") -> dict[str, Any]:
    """Return a line of an answer: a share between 0 and 1, hours, or a number, and of how many cases."""
    units = {unit.code: unit.name for unit in city.units.values()} if question.group_by == "unit" else {}
    domains = {each.id: each.name for each in city.domains.values()} if question.group_by == "domain" else {}
    return {
        "key": row.key,
        "name": (units | domains).get(row.key or "", row.key),
        "value": row.value,
        "of": row.of,
        "previous": row.previous,
    }


def _as_json(answered: Mapping[str, Any]) -> str:
    """Return the contract's object on one line."""
    return json.dumps({name: each for name, each in answered.items() if name != "said"}, ensure_ascii=False)


def _sentence(answered: Mapping[str, Any]) -> str:
    """Return the answer as people read it; without a database, what was understood."""
    if not answered["understood"]:
        return "not understood"
    if "said" in answered:
        return str(answered["said"])
    said = {name: value for name, value in answered.items() if value not in (None, [], True)}
    if period := said.get("period"):
        said["period"] = f"{period['from']}..{period['to']}"
    return ", ".join(f"{name} {_listed(value)}" for name, value in said.items())


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
