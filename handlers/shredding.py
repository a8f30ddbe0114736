"""Taking files out of the media folder that nothing speaks of any more, after the database has said so."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from storage import doomed
from storage.database import Database


async def shred(database: Database, media_dir: Path) -> int:
    """Remove every doomed file with what was derived from it; return how many keys there were.

    A file that is gone already is fine: whatever is cut short is done again. Raises OSError.
    """
    removed = 0
    while True:
        async with database.read() as transaction:
            keys = await doomed.doomed(transaction)
        if not keys:
            return removed
        await asyncio.to_thread(_remove, keys, media_dir)
        async with database.begin() as transaction:
            doomed.gone(transaction, keys)
        removed += len(keys)


def _remove(keys: Sequence[str], media_dir: Path) -> None:
    for key in keys:
        stem = key.partition(".")[0]
        for path in (media_dir / key[:2]).glob(f"{stem}*"):
            path.unlink(missing_ok=True)
