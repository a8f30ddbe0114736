"""`understand` and `evaluate`: what the machine makes of texts, and how well."""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.desk import Desk
from bot.commands.opening import NoCity, Refused, load_city, load_understanding, progress

if TYPE_CHECKING:
    from routing.evaluation import Case
    from routing.evaluation.rows import Line, Numbered
    from routing.organisation import City
    from routing.understanding import Understanding

DEFAULT_PROVINCE = "ha-noi"
ANYWHERE = "any"
_BATCH = 64
_TIMED = 500
_DATA = Path(__file__).parents[2] / "routing" / "data"
BAD_ROWS = 2
"""Exit status of `evaluate` when rows are bad and nothing was measured, as of `train`."""


class BadRow(Exception):
    """A line of the input is not what the command reads."""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    understand = commands.add_parser("understand", help="what the machine makes of a text, as JSON lines")
    understand.add_argument("text", nargs="?", help="one text; without it, standard input, a text a line")
    understand.add_argument(
        "--jsonl", metavar="FILE", help='JSON lines {"text", "province"?}; "-" is standard input'
    )
    understand.add_argument(
        "--province",
        help=f'where the writers live; "{ANYWHERE}" for the whole country; default: the city\'s own',
    )
    understand.add_argument(
        "--now", type=moment_of, metavar="ISO", help="time of receipt, for example 2026-03-02T08:00+07:00"
    )
    understand.set_defaults(run=run_understand)

    evaluate = commands.add_parser("evaluate", help="measure the model on labelled text")
    evaluate.add_argument("file", type=Path, help="JSON lines with text and domain or kind")
    evaluate.add_argument("--json", action="store_true", help="figures as one JSON object")
    evaluate.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the figures as a picture")
    evaluate.add_argument("--province", default=ANYWHERE, help="where the writers live; default: anywhere")
    evaluate.set_defaults(run=run_evaluate)


def run_understand(arguments: argparse.Namespace) -> int:
    """Print what is understood of each text. Bad rows are named on standard error and make the status 1."""
    own = None if arguments.province else _own_city(arguments)
    home = own.province if own else _named(arguments.province or DEFAULT_PROVINCE)
    desk = Desk(load_understanding(arguments.settings), arguments.now or moment.now(), own)
    failed = False
    rows = progress(numbered_rows(arguments), "texts")
    while batch := list(islice(rows, _BATCH)):
        for number, line in batch:
            try:
                text, province = _row(line, home) if arguments.jsonl else (plain_line(line), home)
                print(json.dumps(desk.answer(text, province), ensure_ascii=False))
            except BadRow as error:
                failed = True
                print(f"line {number}: {error}", file=sys.stderr)
        sys.stdout.flush()
    return 1 if failed else 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Print the figures of the model on a file; with bad rows name them all and measure nothing."""
    from routing.evaluation import BadRows, evaluate, read_cases, report

    try:
        cases = read_cases(arguments.file.read_bytes().splitlines())
    except OSError as error:
        raise Refused(str(error)) from error
    except BadRows as bad:
        print("\n".join(bad.problems), file=sys.stderr)
        return BAD_ROWS
    home = _named(arguments.province)
    began = time.perf_counter()
    understanding = load_understanding(arguments.settings)
    loaded = time.perf_counter() - began
    figures = evaluate(understanding, progress(cases, "cases"), home=home)
    figures["machine"] = {"load_seconds": round(loaded, 2), **_machine(understanding, cases, home)}
    if arguments.plot is not None:
        _draw(figures, arguments.plot)
    print(json.dumps(figures, ensure_ascii=False) if arguments.json else report(figures))
    return 0


def _machine(understanding: "Understanding", cases: "Sequence[Case]", home: str | None) -> dict[str, Any]:
    """Return what reading the texts costs on this machine, one after another on one core."""
    from routing.evaluation.measures import sampled

    texts = [case.text for case in cases[:_TIMED]]
    taken = []
    for text in texts:
        began = time.perf_counter()
        understanding.read(text, province=home)
        taken.append(1000 * (time.perf_counter() - began))
    began = time.perf_counter()
    understanding.read_many(texts, province=home)
    rate = len(texts) / (time.perf_counter() - began)
    return {
        "milliseconds_p50": sampled(taken, median),
        "per_second": round(rate),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "data_mb": round(sum(file.stat().st_size for file in _DATA.rglob("*") if file.is_file()) / 1e6, 1),
    }


def _draw(figures: dict[str, Any], path: Path) -> None:
    from routing.evaluation.plotting import plot

    try:
        path.write_bytes(plot(figures))
    except OSError as error:
        raise Refused(f"--plot: {error}") from error


def numbered_rows(arguments: argparse.Namespace) -> "Iterator[Numbered]":
    """Yield what to read by line number: of plain text empty lines too. Raises Refused without a file."""
    from routing.evaluation.rows import numbered_lines

    if arguments.text is not None:
        yield 1, arguments.text
    elif arguments.jsonl in (None, "-"):
        yield from numbered_lines(sys.stdin.buffer, empty=arguments.jsonl is None)
    else:
        try:
            with open(arguments.jsonl, "rb") as file:
                yield from numbered_lines(file)
        except OSError as error:
            raise Refused(str(error)) from error


def _row(line: "Line", home: str | None) -> tuple[str, str | None]:
    """Return text and province of a row of JSON lines. Raises BadRow."""
    from routing.evaluation.rows import read_object

    try:
        row = read_object(line, blank=True)
    except ValueError as error:
        raise BadRow(str(error)) from error
    given = row.get("province")
    return row["text"], _province(str(given)) if given else home


def plain_line(line: "Line") -> str:
    """Return a line as its text. Raises BadRow."""
    try:
        text = line if isinstance(line, str) else line.decode("utf-8").rstrip("\r\n")
        text.encode("utf-8")
    except UnicodeError:
        raise BadRow("not UTF-8") from None
    return text


def _own_city(arguments: argparse.Namespace) -> "City | None":
    """Return the city that this program serves; None before `init`."""
    try:
        return asyncio.run(load_city(arguments.settings))
    except NoCity:
        return None


def _named(name: str) -> str | None:
    try:
        return _province(name)
    except BadRow as error:
        raise Refused(str(error)) from error


def _province(name: str) -> str | None:
    """Return a province's slug by any tolerated name, None for anywhere. Raises BadRow."""
    from routing.place import find_province, nearest_provinces

    if name == ANYWHERE:
        return None
    found = find_province(name)
    if found is None:
        nearest = ", ".join(province.short for province in nearest_provinces(name))
        raise BadRow(f"no province is called {name!r}; did you mean {nearest}?")
    return found.slug


def moment_of(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not an ISO time: {text!r}") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs an offset, for example 2026-03-02T08:00+07:00")
    return moment.astimezone(UTC)
