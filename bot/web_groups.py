"""The groups of the web chat, as their members' pages see them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from handlers import menus, texts
from storage import conversations
from storage.conversations import Author, OpenGroup
from storage.database import Database, Transaction

CHANNEL = "web"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedGroup:
    """A conversation in the list of somebody who is in groups; their private one has neither chat nor title.

    last_in, last_out: the numbers of what was written and sent there last.
    """

    chat: str = ""
    title: str = ""
    last_in: int = 0
    last_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return what the page shows."""
        return asdict(self)


class Groups(Protocol):
    """Who may be in which group."""

    @property
    def commands(self) -> Collection[str]:
        """The commands that concern a group, with their slash."""
        ...

    async def listed(self, user: str) -> Sequence[ListedGroup]:
        """Return the conversations of a person, their private one first; none without groups."""
        ...

    async def admits(self, user: str, chat: str) -> bool:
        """Tell whether a person may read and write in a group now."""
        ...

    async def comes_in(self, user: str, chat: str) -> bool:
        """Tell whether a person who may be in a group has never opened it since they were invited."""
        ...


class CityGroups:
    """The groups of the city's officials, read from its list of members each time."""

    commands: Collection[str] = menus.GROUP_COMMANDS

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def listed(self, user: str) -> Sequence[ListedGroup]:
        """Return the conversations of a person, their private one first; none without groups."""
        async with self._database.read() as transaction:
            found = await conversations.groups_of(transaction, channel=CHANNEL, user=user, now=self._now())
            listed = [await _listed(transaction, group.chat, group.title) for group in found]
            own = await _listed(transaction, user, "") if found else None
        return [replace(own, chat=""), *listed] if own else []

    async def admits(self, user: str, chat: str) -> bool:
        """Tell whether a person may read and write in a group now: a member, or invited to be one."""
        return await self._open_group(user, chat) is not None

    async def comes_in(self, user: str, chat: str) -> bool:
        """Tell whether a person who may be in a group has never opened it since they were invited."""
        group = await self._open_group(user, chat)
        return group is not None and not group.joined

    async def _open_group(self, user: str, chat: str) -> OpenGroup | None:
        async with self._database.read() as transaction:
            return await conversations.group_open_to(
                transaction, channel=CHANNEL, user=user, chat=chat, now=self._now()
            )


async def _listed(transaction: Transaction, chat: str, title: str) -> ListedGroup:
    last_in, last_out = await conversations.last_said(transaction, channel=CHANNEL, chat=chat)
    return ListedGroup(chat=chat, title=title, last_in=last_in, last_out=last_out)


def name_and_post(author: Author | None) -> tuple[str, str]:
    """Return how somebody who writes in a group is named there, and as what they write.

    Whoever is called by their unit already is not told to be of it once more.
    """
    name = author.name if author and author.name else texts.someone()
    held = author.posts if author else ()
    posts = [
        texts.post_line(role=role, unit=unit, ends_at=None, deputy=False)
        for role, unit in held
        if unit.casefold() not in name.casefold()
    ]
    post = ", ".join(posts)
    return name, post[:1].upper() + post[1:]
