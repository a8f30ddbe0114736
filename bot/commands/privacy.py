"""`privacy`: what people ask about their own data, the legal clocks of each, and what is done about it."""

import argparse
import asyncio
import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, city_of, counted, opened

if TYPE_CHECKING:
    from routing.organisation import City
    from storage.database import Transaction
    from storage.erasures import Request

_LONGEST_NOTE = 500


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    privacy = commands.add_parser("privacy", help="requests about people's own data, and their legal clocks")
    actions = privacy.add_subparsers(dest="action", required=True, metavar="ACTION")
    list_ = actions.add_parser("list", help="what is open, the first that is due first")
    list_.add_argument("--json", action="store_true")
    list_.set_defaults(run=run_list)
    file = actions.add_parser("file", help="open a request that came by letter or in person")
    file.add_argument("code", help="the code of a case that the person reported")
    file.set_defaults(run=run_file)
    answer = _about(actions, "answer", "note that the person was answered")
    answer.add_argument(
        "--others", action="store_true", help="others hold the data by our doing, too: 20 days in place of 15"
    )
    answer.set_defaults(run=run_answer)
    _about(actions, "refuse", "close a request without doing it, and tell the person why").set_defaults(
        run=run_refuse
    )
    _about(actions, "erase", "erase the person now, whatever time is left").set_defaults(run=run_erase)
    copy = _about(actions, "copy", "write all that is held about the person into a file for them")
    copy.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file, ending in .docx")
    copy.set_defaults(run=run_copy)


def _about(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, meaning: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=meaning)
    parser.add_argument("request", type=int, metavar="REQUEST", help="the request, as in privacy list")
    parser.add_argument("--note", metavar="TEXT", help="why, or how; never anything about the person")
    return parser


def run_list(arguments: argparse.Namespace) -> int:
    """Print the open requests; the status is 1 where a clock has run out."""
    rows = asyncio.run(_list(arguments))
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print("\n".join(map(_line, rows)) or "No open requests.")
    return int(any(row["late"] for row in rows))


async def _list(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from storage import erasures

    now = moment.now()
    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        return [_row(city, request, now) for request in await erasures.open_requests(transaction)]


def _row(city: "City", request: "Request", now: datetime) -> dict[str, Any]:
    from routing.data_rights import working_days_left

    def left(due_at: datetime | None) -> float | None:
        return None if due_at is None else round(working_days_left(city.calendar, now, due_at), 1)

    answer_left = None if request.answered_at else left(request.answer_due_at)
    do_left = left(request.due_at)
    return {
        "request": request.id,
        "person": request.person_id,
        "kind": request.kind,
        "channel": request.channel,
        "asked_at": request.asked_at.isoformat(),
        "answered_at": request.answered_at.isoformat() if request.answered_at else None,
        "working_days_to_answer": answer_left,
        "due_at": request.due_at.isoformat() if request.due_at else None,
        "working_days_to_do": do_left,
        "late": any(each is not None and each < 0 for each in (answer_left, do_left)),
        "note": request.note,
    }


def _line(row: dict[str, Any]) -> str:
    answered = (
        "answered" if row["answered_at"] else f"to answer within {row['working_days_to_answer']} working days"
    )
    due = f"to do within {row['working_days_to_do']} working days" if row["due_at"] else "no clock"
    late = "LATE  " if row["late"] else ""
    note = f"  ({row['note']})" if row["note"] else ""
    what = f"{row['kind']}, person {row['person']}, {row['channel']}"
    return f"{late}{row['request']}  {what}: {answered}; {due}{note}"


def run_file(arguments: argparse.Namespace) -> int:
    """Open a request for whoever reported a case."""
    number = asyncio.run(_file(arguments))
    print(f"Request {number} is open. It is carried out by itself, or at once: privacy erase {number}")
    return 0


async def _file(arguments: argparse.Namespace) -> int:
    from routing import tracking_code
    from routing.data_rights import clocks
    from storage import cases, erasures

    now = moment.now()
    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        code = tracking_code.parse_code(arguments.code)
        case = await cases.get_case(transaction, code) if code else None
        if case is None:
            raise Refused(f"There is no case {arguments.code!r}.")
        if not case.chat:
            raise Refused(f"Whoever reported {case.code} was erased already.")
        known = await erasures.open_of(transaction, case.reporter_id)
        if known is None:
            legal = clocks(city.calendar, now)
            erasures.add(
                transaction,
                person_id=case.reporter_id,
                channel="office",
                at=now,
                answer_due_at=legal.answer_due_at,
                due_at=legal.due_at,
            )
            known = await erasures.open_of(transaction, case.reporter_id)
    assert known is not None
    return known.id


def run_answer(arguments: argparse.Namespace) -> int:
    """Note that the person was answered."""
    asyncio.run(_answer(arguments))
    print(f"Request {arguments.request} is answered.")
    return 0


async def _answer(arguments: argparse.Namespace) -> None:
    from routing.data_rights import clocks
    from storage import erasures

    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        request = await _open(transaction, arguments)
        others = clocks(city.calendar, request.asked_at, others=True).due_at if arguments.others else None
        await erasures.answer(transaction, request.id, at=moment.now(), note=_note(arguments), due_at=others)


def run_refuse(arguments: argparse.Namespace) -> int:
    """Close a request without doing it."""
    if not arguments.note:
        raise Refused("A refusal needs --note: the person is told why.")
    asyncio.run(_refuse(arguments))
    print(f"Request {arguments.request} is refused, and the person is told.")
    return 0


async def _refuse(arguments: argparse.Namespace) -> None:
    from handlers import notices, texts
    from storage import chats, erasures, messages

    now = moment.now()
    async with opened(arguments.settings) as database, database.begin() as transaction:
        request = await _open(transaction, arguments)
        await erasures.finish(
            transaction, request.id, at=now, outcome=erasures.REFUSED, note=_note(arguments)
        )
        where = (await chats.addresses_of(transaction, [request.person_id])).get(request.person_id)
        if where is not None:
            message = notices.message_of(texts.privacy_refused(note=arguments.note[:_LONGEST_NOTE]))
            messages.post_notice(
                transaction, channel=where[0], chat=where[1], message=message.as_dict(), at=now
            )
            await messages.announce(transaction, "outbox")


def run_erase(arguments: argparse.Namespace) -> int:
    """Erase a person at once."""
    files = asyncio.run(_erase(arguments))
    print(f"Request {arguments.request} is done: the person is erased, with {counted(files, 'file')}.")
    print("Backups made before still hold them: docs/privacy.md says until when.")
    return 0


async def _erase(arguments: argparse.Namespace) -> int:
    from handlers import data_requests, shredding
    from storage import scouring, sweeping

    async with opened(arguments.settings) as database:
        while True:
            async with database.begin() as transaction:
                request = await _open(transaction, arguments)
                done = await data_requests.erase_step(
                    transaction, request, now=moment.now(), note=_note(arguments)
                )
            if done == 0:
                raise Refused("The person wrote just now, and that is not dealt with yet. Try again soon.")
            if done < sweeping.ROWS:
                break
        files = await shredding.shred(database, arguments.settings.media_dir)
        await scouring.scour(database)
    return files


def run_copy(arguments: argparse.Namespace) -> int:
    """Write all that is held about a person into a file."""
    if arguments.out.suffix != ".docx":
        raise Refused("--out must end in .docx")
    if arguments.out.exists():
        raise Refused(f"{arguments.out} exists already.")
    content = asyncio.run(_copy(arguments))
    try:
        with os.fdopen(os.open(arguments.out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise Refused(f"--out: {arguments.out} cannot be written ({error.strerror})") from error
    print(f"Wrote {arguments.out}. Give it to the person alone, then delete it.")
    return 0


async def _copy(arguments: argparse.Namespace) -> bytes:
    from bot.workbook.letter import as_docx
    from handlers import own_data
    from storage import holdings

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        request = await _open(transaction, arguments, lock=False)
        held = await holdings.held_about(transaction, request.person_id, now=moment.now())
        if held is None:
            raise Refused("Nothing is held about them.")
        return as_docx(await own_data.document(transaction, city, held))


async def _open(transaction: "Transaction", arguments: argparse.Namespace, *, lock: bool = True) -> "Request":
    from storage import erasures

    request = await erasures.get(transaction, arguments.request, lock=lock)
    if request is None:
        raise Refused(f"There is no request {arguments.request}. See: python -m bot privacy list")
    if request.done_at is not None:
        raise Refused(f"Request {request.id} was closed on {request.done_at:%Y-%m-%d}: {request.outcome}.")
    return request


def _note(arguments: argparse.Namespace) -> str | None:
    return arguments.note[:_LONGEST_NOTE] if arguments.note else None
