"""Who may open a group, who writes there, and what was last said."""

from dataclasses import replace

import pytest

from storage import conversations, groups, messages
from storage.database import Database, Transaction
from storage.people import add_person, add_post
from storage.tables import post
from tests.storage.samples import NOON, UNITS
from tests.storage.test_groups import bound, member

WARD = UNITS[1]
GROUP = "g-1"


async def belonging(database: Database, state: str, *, status: str = groups.ACTIVE) -> None:
    """Have somebody with the account "chair" belong to the group in this state."""
    group = await bound(database, GROUP)
    async with database.begin() as transaction:
        person = add_person(transaction, channel="web", user="chair", name="Trần A", now=NOON)
        add_post(transaction, person_id=person.id, unit_code=WARD, role="chair", now=NOON)
        groups.save_member(transaction, replace(member(group, person.id, state), user="chair"), now=NOON)
        groups.set_status(transaction, group.id, status)


async def open_to(
    transaction: Transaction, user: str, chat: str = GROUP, channel: str = "web"
) -> bool | None:
    """Return None for a closed door, else whether the person was ever behind it."""
    listed = await conversations.groups_of(transaction, channel=channel, user=user, now=NOON)
    found = await conversations.group_open_to(transaction, channel=channel, user=user, chat=chat, now=NOON)
    assert (found in listed) if found else chat not in {group.chat for group in listed}
    return found.joined if found else None


@pytest.mark.parametrize(
    ("state", "joined"),
    [
        (groups.WANTED, False),
        (groups.INVITED, False),
        (groups.JOINED, True),
        (groups.LEAVING, None),
        (groups.LEFT, None),
        (groups.REMOVED, None),
        (groups.STAYS, None),
        ("refused", None),
    ],
)
async def test_a_group_is_open_to_whoever_belongs_to_it_now(
    database: Database, state: str, joined: bool | None
) -> None:
    await belonging(database, state)
    async with database.read() as transaction:
        assert await open_to(transaction, "chair") is joined
        assert await open_to(transaction, "stranger") is None
        assert await open_to(transaction, "chair", chat="g-2") is None
        assert await open_to(transaction, "chair", channel="telegram") is None


async def test_whoever_lost_their_post_is_out_before_anybody_took_them_out(database: Database) -> None:
    await belonging(database, groups.JOINED)
    async with database.begin() as transaction:
        await transaction.execute(post.update().values(ends_at=NOON))
        assert await open_to(transaction, "chair") is None


@pytest.mark.parametrize("status", [groups.LOST, groups.CLOSED, groups.ASKED])
async def test_a_group_that_is_not_there_is_open_to_nobody(database: Database, status: str) -> None:
    await belonging(database, groups.JOINED, status=status)
    async with database.read() as transaction:
        assert await open_to(transaction, "chair") is None


async def test_authors_are_named_with_what_they_are_now(database: Database) -> None:
    await belonging(database, groups.JOINED)
    async with database.read() as transaction:
        known = await conversations.authors(transaction, channel="web", users=["chair", "nobody"], now=NOON)
        none = await conversations.authors(transaction, channel="web", users=[], now=NOON)
    assert {user: (author.name, [role for role, _ in author.posts]) for user, author in known.items()} == {
        "chair": ("Trần A", ["chair"])
    }
    assert none == {}


async def test_last_is_what_was_said_not_what_was_done(database: Database) -> None:
    async with database.begin() as transaction:
        for number, name in enumerate(("chair:one", f"chair:{conversations.CAME_IN}2"), 1):
            messages.store(
                transaction,
                [
                    {
                        "channel": "web",
                        "external_id": f"{GROUP}:{name}",
                        "chat": GROUP,
                        "body": b"{}",
                        "received_at": NOON,
                        "available_at": NOON,
                    }
                ],
            )
            message = {"text": "x"} if number == 1 else {"text": "", "act": {"do": "check"}}
            messages.post_notice(transaction, channel="web", chat=GROUP, message=message, at=NOON)
        assert await conversations.last_said(transaction, channel="web", chat=GROUP) == (1, 0)
        for row_id in (1, 2):
            messages.notice_sent(transaction, row_id, at=NOON, message_id=str(row_id))
        assert await conversations.last_said(transaction, channel="web", chat=GROUP) == (1, 1)
        assert await conversations.last_said(transaction, channel="web", chat="g-2") == (0, 0)
