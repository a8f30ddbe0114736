"""Kept recordings and documents: what is known of each; the bytes lie in the media folder."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.tables import file

VOICE, DOCUMENT, EXPORT = "voice", "document", "export"
"""A recording and any other file that somebody sent, and a workbook that the program made."""
LONGEST_NAME = 120

_COLUMNS = (
    file.c.media_key,
    file.c.kind,
    file.c.name,
    file.c.mime,
    file.c.size,
    file.c.person_id,
    file.c.created_at,
)
_INSERT = {
    "sqlite": sqlite.insert(file).on_conflict_do_nothing(index_elements=["media_key"]),
    "postgresql": postgresql.insert(file).on_conflict_do_nothing(index_elements=["media_key"]),
}
_GET = select(*_COLUMNS).where(file.c.media_key == bindparam("key"))


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A kept file. person_id: who sent it or may open it; None where the chats it is shown in decide."""

    media_key: str
    kind: str
    name: str
    mime: str
    size: int
    """Bytes."""
    person_id: int | None
    created_at: datetime


def add_file(
    transaction: Transaction,
    *,
    media_key: str,
    kind: str,
    name: str,
    mime: str,
    size: int,
    person_id: int | None,
    at: datetime,
) -> None:
    """Record a kept file; one that is known already stays as it is. A long name keeps its ending."""
    row = {"media_key": media_key, "kind": kind, "mime": mime, "size": size, "person_id": person_id}
    transaction.write(_INSERT[transaction.dialect], {**row, "name": name[-LONGEST_NAME:], "created_at": at})


async def get_file(transaction: Transaction, media_key: str) -> StoredFile | None:
    """Return what is known of a kept file; None for a key that is none."""
    row = await transaction.fetch_one(_GET, {"key": media_key})
    return StoredFile(**row) if row else None
