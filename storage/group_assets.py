"""What groups are made of, where a channel sells that: as the vendor listed it last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, select

from storage.database import Transaction
from storage.groups import ACTIVE, LOST
from storage.tables import group_asset, group_chat


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """What one group is made of; `chat` is the group that uses it, empty while it is free."""

    channel: str
    asset: str
    kind: str
    valid_until: datetime | None
    renews: bool
    chat: str
    listed_at: datetime


_COLUMNS = (
    group_asset.c.channel,
    group_asset.c.asset,
    group_asset.c.kind,
    group_asset.c.valid_until,
    group_asset.c.renews,
    group_asset.c.chat,
    group_asset.c.listed_at,
)
_OF_GROUP = and_(
    group_chat.c.channel == group_asset.c.channel,
    group_chat.c.chat == group_asset.c.chat,
    group_chat.c.status.in_((ACTIVE, LOST)),
)
_USED = select(*_COLUMNS, group_chat.c.id.label("group_id")).join(group_chat, _OF_GROUP)
_OF_CHAT = select(*_COLUMNS).where(
    group_asset.c.channel == bindparam("in_channel"), group_asset.c.chat == bindparam("in_chat")
)
_TO_ASK = (
    select(group_asset.c.channel, func.min(group_chat.c.chat).label("chat"))
    .join(
        group_chat,
        and_(
            group_chat.c.channel == group_asset.c.channel,
            group_chat.c.chat.is_not(None),
            group_chat.c.status.in_((ACTIVE, LOST)),
        ),
    )
    .group_by(group_asset.c.channel)
    .having(func.max(group_asset.c.listed_at) <= bindparam("before"))
)
_FORGET: Any = delete(group_asset).where(
    group_asset.c.channel == bindparam("in_channel"), group_asset.c.asset == bindparam("in_asset")
)
_INSERT = insert(group_asset)


async def in_use(transaction: Transaction) -> list[tuple[Asset, int]]:
    """Return the assets of groups that there are, each with the number of its group."""
    rows = await transaction.fetch(_USED)
    return [(_asset(row), int(row["group_id"])) for row in rows]


async def of_chat(transaction: Transaction, channel: str, chat: str) -> Asset | None:
    """Return what a group is made of; None where that is not known."""
    row = await transaction.fetch_one(_OF_CHAT, {"in_channel": channel, "in_chat": chat})
    return _asset(row) if row else None


async def channels_to_ask(transaction: Transaction, *, before: datetime) -> list[tuple[str, str]]:
    """Return channels whose assets were listed last before a time, each with one of its groups' chats."""
    rows = await transaction.fetch(_TO_ASK, {"before": before})
    return [(row["channel"], row["chat"]) for row in rows]


async def keep(transaction: Transaction, channel: str, assets: Iterable[Asset]) -> None:
    """Store a channel's new list; what groups are made of that are there still is kept though not listed."""
    listed = {asset.asset: asset for asset in assets}
    used = {asset.asset for asset, _ in await in_use(transaction) if asset.channel == channel}
    taken = {asset.chat for asset in listed.values() if asset.chat}
    known = await transaction.fetch(select(*_COLUMNS).where(group_asset.c.channel == channel))
    for row in known:
        over = row["asset"] not in used or row["chat"] in taken
        if row["asset"] in listed or over:
            transaction.write(_FORGET, {"in_channel": channel, "in_asset": row["asset"]})
    await transaction.flush()
    for asset in listed.values():
        transaction.write(_INSERT, _row(asset))


def _asset(row: Any) -> Asset:
    return Asset(**{column.name: row[column.name] for column in _COLUMNS})


def _row(asset: Asset) -> dict[str, Any]:
    return {column.name: getattr(asset, column.name) for column in _COLUMNS}
