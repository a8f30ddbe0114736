"""Pictures and files that nothing speaks of any more, until they are gone from the media folder."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.tables import doomed_file

_INSERT = {
    "sqlite": sqlite.insert(doomed_file).on_conflict_do_nothing(index_elements=["media_key"]),
    "postgresql": postgresql.insert(doomed_file).on_conflict_do_nothing(index_elements=["media_key"]),
}
_SOME = select(doomed_file.c.media_key).order_by(doomed_file.c.media_key).limit(bindparam("limit"))
_GONE = delete(doomed_file).where(doomed_file.c.media_key == bindparam("key"))


def doom(transaction: Transaction, keys: Iterable[str], *, at: datetime) -> None:
    """Note that these files are to go; they go only after this is committed, so nothing is lost before."""
    for key in keys:
        transaction.write(_INSERT[transaction.dialect], {"media_key": key, "doomed_at": at})


async def doomed(transaction: Transaction, *, limit: int = 200) -> list[str]:
    """Return the keys of some files that are to go."""
    return [row["media_key"] for row in await transaction.fetch(_SOME, {"limit": limit})]


def gone(transaction: Transaction, keys: Sequence[str]) -> None:
    """Note that these files are gone."""
    for key in keys:
        transaction.write(_GONE, {"key": key})
