"""`dead`: updates and messages that were set aside; looked at, tried again, or put away with a reason."""

import argparse
import asyncio
import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted, opened

if TYPE_CHECKING:
    from storage.database import Database, Transaction
    from storage.dead_letters import Box, DeadLetter

_SHORTEST_REASON = 5


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    dead = commands.add_parser("dead", help="what was set aside: look at it, try it again, or put it away")
    actions = dead.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="everything that was set aside; nothing of what it says")
    listing.add_argument("--box", choices=("inbox", "outbox"), help="what came in, or what was to go out")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--revealed", action="store_true", help="who looked into what, in place of it")
    listing.set_defaults(run=run_list)
    show = actions.add_parser("show", help="one of them; what it says and whose it is only with --reveal")
    show.add_argument("id", metavar="ID", help="such as inbox:12")
    show.add_argument("--reveal", action="store_true", help="also personal data; this is written down")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=run_show)
    again = actions.add_parser("again", help="put them back in line, each in its old place")
    again.add_argument("ids", metavar="ID", nargs="*")
    again.add_argument("--all", action="store_true", help="every one; with --box those of one box")
    again.add_argument("--box", choices=("inbox", "outbox"))
    again.set_defaults(run=run_again)
    drop = actions.add_parser("drop", help="mark them as needed by nobody; they are kept")
    drop.add_argument("ids", metavar="ID", nargs="+")
    drop.add_argument("--reason", required=True, help="kept with them; nothing about any person")
    drop.set_defaults(run=run_drop)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def run_list(arguments: argparse.Namespace) -> int:
    """Print every dead letter, or who looked into one."""
    if arguments.revealed:
        return asyncio.run(_list_revealed(arguments))
    letters = asyncio.run(_listed(arguments))
    if arguments.json:
        print(json.dumps([_as_row(letter) for letter in letters], ensure_ascii=False))
        return 0
    for letter in letters:
        print(_line(letter))
    print(f"{counted(len(letters), 'dead letter')}." + (_NEXT if letters else ""))
    return 0


_NEXT = (
    " Try again: python -m bot dead again ID (or --all); put away: python -m bot dead drop ID --reason TEXT"
)


async def _listed(arguments: argparse.Namespace) -> "list[DeadLetter]":
    from storage import dead_letters

    async with opened(arguments.settings) as database, database.read() as transaction:
        return await dead_letters.listed(transaction, _boxes(arguments.box))


def _boxes(box: "Box | None") -> "Sequence[Box]":
    from storage.dead_letters import BOXES

    return (box,) if box else BOXES


async def _list_revealed(arguments: argparse.Namespace) -> int:
    from storage import dead_letters

    async with opened(arguments.settings) as database, database.read() as transaction:
        noted = await dead_letters.revealed(transaction)
    if arguments.json:
        print(json.dumps(noted, ensure_ascii=False))
        return 0
    for each in noted:
        print(f"{each['at']}  {each['letter']}  {each['by']}")
    print("Nobody has looked into any." if not noted else f"{counted(len(noted), 'time')}.")
    return 0


def _line(letter: "DeadLetter") -> str:
    about = f"  case {letter.case_code}" if letter.case_code else ""
    tries = counted(letter.attempts, "try", "tries")
    return (
        f"{letter.name:<20} {letter.failed_at:%Y-%m-%d %H:%M} UTC  {letter.channel:<10} "
        f"{_kind(letter)} after {tries}{about}"
    )


def _kind(letter: "DeadLetter") -> str:
    """Return what kind of error it was; its words may name people."""
    words = (letter.error or "unknown").replace("(", ":").partition(":")[0]
    return words if words.isidentifier() else "other"


def _as_row(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": letter.name,
        "channel": letter.channel,
        "since": letter.since.isoformat(),
        "failed_at": letter.failed_at.isoformat(),
        "attempts": letter.attempts,
        "error": _kind(letter),
        "case": letter.case_code,
        "group_act": letter.act,
    }


def run_show(arguments: argparse.Namespace) -> int:
    """Print one dead letter, with what it says only on demand."""
    shown = asyncio.run(_shown(arguments))
    if arguments.json:
        print(json.dumps(shown, ensure_ascii=False))
    else:
        print("\n".join(f"{name}: {value}" for name, value in shown.items() if value not in (None, False)))
    return 0


async def _shown(arguments: argparse.Namespace) -> dict[str, Any]:
    async with opened(arguments.settings) as database:
        async with database.read() as transaction:
            [letter] = await _named(transaction, [arguments.id])
        shown = _as_row(letter)
        if arguments.reveal:
            shown |= await _revealed(database, letter)
    return shown


async def _revealed(database: "Database", letter: "DeadLetter") -> dict[str, Any]:
    """Return what a dead letter says; before that it is written down who looks."""
    from storage import dead_letters

    now = moment.now()
    async with database.begin() as transaction:
        await dead_letters.note_revealed(transaction, letter, by=_who(), at=now)
    async with database.read() as transaction:
        content = await dead_letters.content_of(transaction, letter)
    if content is None:
        return {}
    return {
        "chat": content.chat,
        "why": letter.error,
        "says": content.body.decode("utf-8", errors="replace"),
    }


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


# ── doing ────────────────────────────────────────────────────────────────────────────────────────


def run_again(arguments: argparse.Namespace) -> int:
    """Put dead letters back in line."""
    if bool(arguments.ids) == arguments.all:
        raise Refused("dead again: give ids (python -m bot dead list), or --all")
    if arguments.box and not arguments.all:
        raise Refused("--box: goes with --all")
    return asyncio.run(_again(arguments))


async def _again(arguments: argparse.Namespace) -> int:
    from storage import dead_letters

    async with opened(arguments.settings) as database, database.begin() as transaction:
        letters = await (
            dead_letters.listed(transaction, _boxes(arguments.box))
            if arguments.all
            else _named(transaction, arguments.ids)
        )
        going = [letter for letter in letters if not letter.act]
        done = await dead_letters.try_again(transaction, going, at=moment.now())
    print(f"{counted(done, 'dead letter')} back in line; a running program takes them up within seconds.")
    for letter in letters:
        if letter.act:
            print(
                f"{letter.name}: asks a channel to do something with a group; that is asked for again in "
                f"chat (/nhom). To put it away: python -m bot dead drop {letter.name} --reason TEXT"
            )
    return 0


def run_drop(arguments: argparse.Namespace) -> int:
    """Mark dead letters as needed by nobody."""
    reason = " ".join(arguments.reason.split())
    if len(reason) < _SHORTEST_REASON:
        raise Refused("--reason: say in a few words why nobody needs it")
    return asyncio.run(_drop(arguments, reason))


async def _drop(arguments: argparse.Namespace, reason: str) -> int:
    from storage import dead_letters

    async with opened(arguments.settings) as database, database.begin() as transaction:
        letters = await _named(transaction, arguments.ids)
        told = f"{reason} ({_who()})"
        done = await dead_letters.put_away(transaction, letters, at=moment.now(), why=told)
    print(f"{counted(done, 'dead letter')} put away. What was said in them is kept as long as anything else.")
    return 0


async def _named(transaction: "Transaction", ids: Sequence[str]) -> "list[DeadLetter]":
    """Return the dead letters of these names; raises Refused for any that is none."""
    from storage import dead_letters

    wanted: dict[Box, list[int]] = {}
    for given in ids:
        box, _, number = given.partition(":")
        if box not in dead_letters.BOXES or not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Refused(
                f"{given!r}: not an id of a dead letter, such as inbox:12 (python -m bot dead list)"
            )
        wanted.setdefault(box, []).append(int(number))
    found = [
        letter
        for box, numbers in wanted.items()
        for letter in await dead_letters.listed(transaction, (box,), ids=numbers)
    ]
    missing = [given for given in ids if given not in {letter.name for letter in found}]
    if missing:
        raise Refused(f"{', '.join(missing)}: no dead letter (python -m bot dead list)")
    return found
