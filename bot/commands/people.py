"""`people`: who holds which post; ending posts, deputies and names, and many officials at a time."""

import argparse
import asyncio
import json
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands import workbook
from bot.commands.opening import Refused, city_of, counted, day_of, nearest, opened

if TYPE_CHECKING:
    from storage.database import Transaction
    from storage.people import HeldPost

_LONGEST = timedelta(days=366)


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    people = commands.add_parser("people", help="the officials: who holds which post, leaving, deputies")
    actions = people.add_subparsers(dest="action", required=True, metavar="ACTION")
    list_ = actions.add_parser("list", help="who holds which post now")
    list_.add_argument("--unit", metavar="CODE", help="only this unit and those below it")
    list_.add_argument("--json", action="store_true")
    list_.set_defaults(run=run_list)
    end = actions.add_parser("end", help="take a post away at once and hand the work on")
    whose = end.add_mutually_exclusive_group(required=True)
    whose.add_argument("--post", type=int, metavar="ID", help="one post, as in people list")
    whose.add_argument("--person", type=int, metavar="ID", help="every post of a person")
    end.add_argument(
        "--successor", type=int, metavar="PERSON", help="who takes the open cases over; else the unit's list"
    )
    end.set_defaults(run=run_end)
    deputy = actions.add_parser("deputy", help="let somebody act in a chair's place until a day")
    deputy.add_argument("--post", type=int, required=True, metavar="ID", help="the chair's post")
    deputy.add_argument("--person", type=int, required=True, metavar="ID", help="who acts")
    deputy.add_argument(
        "--until", type=day_of, required=True, metavar="DATE", help="the last day, 2026-12-25"
    )
    deputy.set_defaults(run=run_deputy)
    rename = actions.add_parser("rename", help="change what a person is called")
    rename.add_argument("--person", type=int, required=True, metavar="ID")
    rename.add_argument("name")
    rename.set_defaults(run=run_rename)
    signout = actions.add_parser(
        "signout", help="end a person's sessions: a lost telephone, a shared computer"
    )
    signout.add_argument("--person", type=int, required=True, metavar="ID", help="as in people list")
    signout.add_argument("--channel", metavar="NAME", help="only there, for example web or telegram")
    signout.set_defaults(run=run_signout)
    workbook.register_people(actions)


def run_list(arguments: argparse.Namespace) -> int:
    """Print who holds which post now."""
    held = asyncio.run(_list(arguments))
    if arguments.json:
        print(json.dumps([_row(each) for each in held], ensure_ascii=False))
        return 0
    for each in held:
        until = f" until {each.ends_at:%Y-%m-%d %H:%M} UTC" if each.ends_at else ""
        deputy = f" in place of post {each.deputy_for}" if each.deputy_for else ""
        silent = "" if each.reachable else " (cannot be reached)"
        name = each.name or "(no name)"
        print(f"post {each.id}  {each.unit_code}  {each.role}  {name}, person {each.person_id}", end="")
        print(f"{until}{deputy}{silent}")
    print(f"{counted(len(held), 'post')}.")
    return 0


def _row(post: "HeldPost") -> dict[str, Any]:
    return {
        "post": post.id,
        "unit": post.unit_code,
        "role": post.role,
        "person": post.person_id,
        "name": post.name,
        "since": post.starts_at.isoformat(),
        "until": post.ends_at.isoformat() if post.ends_at else None,
        "deputy_for": post.deputy_for,
        "reachable": post.reachable,
    }


async def _list(arguments: argparse.Namespace) -> "list[HeldPost]":
    from storage import people

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        if arguments.unit is not None and arguments.unit not in city.units:
            raise Refused(f"--unit: no unit {arguments.unit!r}{nearest(arguments.unit, city.units)}")
        units = city.subtree(arguments.unit) if arguments.unit else None
        return await people.held_posts(transaction, now=moment.now(), units=units)


def run_end(arguments: argparse.Namespace) -> int:
    """Take posts away; what their holders had in hand goes to the successor or back to the unit."""
    return asyncio.run(_end(arguments))


async def _end(arguments: argparse.Namespace) -> int:
    from handlers import leaving
    from handlers.progress import Actor
    from storage import messages, people

    now = moment.now()
    admin = Actor(person_id=None, role="admin")
    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        for post in await _posts_to_end(transaction, arguments, now):
            if await people.get_post(transaction, post.id, now=now) is None:
                continue  # a deputy's, ended with the one before
            successor = await _successor(transaction, arguments, post, now)
            left = await leaving.leave(transaction, city, post, actor=admin, now=now, successor=successor)
            to = successor.name if successor and successor.name else "the unit's list"
            name = post.name or f"person {post.person_id}"
            went = counted(left.cases, "case")
            print(f"{name} is {post.role} of {post.unit_code} no more; {went} went to {to}.")
        await transaction.flush()
        await messages.announce(transaction, "outbox")
    return 0


async def _posts_to_end(
    transaction: "Transaction", arguments: argparse.Namespace, now: datetime
) -> "list[HeldPost]":
    from storage import people

    if arguments.post is not None:
        post = await people.get_post(transaction, arguments.post, now=now)
        if post is None:
            raise Refused(f"--post: nobody holds a post {arguments.post} now; see: people list")
        return [post]
    posts = await people.posts_of(transaction, arguments.person, now=now)
    if not posts:
        raise Refused(f"--person: {arguments.person} holds no post now; see: people list")
    return posts


async def _successor(
    transaction: "Transaction", arguments: argparse.Namespace, post: "HeldPost", now: datetime
) -> "HeldPost | None":
    from storage import people

    if arguments.successor is None or not post.works:
        return None
    posts = await people.posts_of(transaction, arguments.successor, now=now)
    there = [each for each in posts if each.works and each.unit_code == post.unit_code]
    if not there or arguments.successor == post.person_id:
        raise Refused(f"--successor: {arguments.successor} is no other chair or officer of {post.unit_code}")
    return there[0]


def run_signout(arguments: argparse.Namespace) -> int:
    """Make a person's accounts somebody else's; posts and reports stay the person's."""
    return asyncio.run(_sign_out(arguments))


async def _sign_out(arguments: argparse.Namespace) -> int:
    from storage import sessions

    async with opened(arguments.settings) as database, database.begin() as transaction:
        accounts = await sessions.accounts_of(transaction, arguments.person)
        chosen = [each for each in accounts if arguments.channel in (None, each.channel)]
        if not chosen:
            there = ", ".join(sorted({each.channel for each in accounts})) or "nowhere"
            raise Refused(f"--person: {arguments.person} is signed in {there}; see: people list")
        now = moment.now()
        for each in chosen:
            await sessions.sign_out(transaction, channel=each.channel, user=each.user, now=now)
    print(f"Person {arguments.person} is signed out of {counted(len(chosen), 'account')}.")
    print("Posts are kept: end them with people end, or let a new device in with /lienket or invite.")
    return 0


def run_deputy(arguments: argparse.Namespace) -> int:
    """Let somebody hold a chair's rights until the end of a day."""
    return asyncio.run(_deputy(arguments))


async def _deputy(arguments: argparse.Namespace) -> int:
    from routing.deadline import LOCAL_TIME
    from storage import people

    now = moment.now()
    today = now.astimezone(LOCAL_TIME).date()
    if not today <= arguments.until <= today + _LONGEST:
        raise Refused("--until: from today on, within a year")
    ends_at = datetime.combine(arguments.until + timedelta(days=1), time(), tzinfo=LOCAL_TIME)
    async with opened(arguments.settings) as database, database.begin() as transaction:
        post = await people.get_post(transaction, arguments.post, now=now)
        if post is None or post.role != "chair" or post.deputy_for is not None:
            raise Refused(f"--post: {arguments.post} is no chair's own post; see: people list")
        person = await people.get_person(transaction, arguments.person, now=now)
        if person is None:
            raise Refused(f"--person: nobody has the number {arguments.person}; see: people list")
        if any(each.role == "chair" and each.unit_code == post.unit_code for each in person.posts):
            raise Refused(f"--person: {arguments.person} has a chair's rights at {post.unit_code} already")
        added = people.add_post(
            transaction,
            person_id=person.id,
            unit_code=post.unit_code,
            role="chair",
            now=now,
            ends_at=ends_at,
            deputy_for=post.id,
        )
    print(f"post {added.id}: {person.name or person.id} acts as chair of {post.unit_code}", end=" ")
    print(f"to the end of {arguments.until}.")
    return 0


def run_rename(arguments: argparse.Namespace) -> int:
    """Change what a person is called from now on; what is written in histories stays."""
    name = " ".join(arguments.name.split())
    if not 1 <= len(name) <= 200:
        raise Refused("the name must have 1 to 200 characters")
    return asyncio.run(_rename(arguments, name))


async def _rename(arguments: argparse.Namespace, name: str) -> int:
    from storage import people

    async with opened(arguments.settings) as database, database.begin() as transaction:
        person = await people.get_person(transaction, arguments.person, now=moment.now())
        if person is None:
            raise Refused(f"--person: nobody has the number {arguments.person}; see: people list")
        people.rename(transaction, person.id, name=name)
    print(f"{person.name or person.id} is {name} now.")
    return 0
