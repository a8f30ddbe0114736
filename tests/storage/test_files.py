"""What is known of kept files, on both databases."""

from typing import Any

from storage.database import Database
from storage.files import DOCUMENT, LONGEST_NAME, VOICE, add_file, get_file
from tests.storage.samples import NOON, add_reporter

RECORDING, PAPER = "0" * 32 + ".ogg", "1" * 32 + ".pdf"


async def test_a_file_is_known_by_its_key_and_stays_as_it_was(database: Database) -> None:
    chair = await add_reporter(database)
    row: dict[str, Any] = {"media_key": RECORDING, "mime": "audio/ogg", "size": 12, "at": NOON}
    async with database.begin() as transaction:
        add_file(transaction, kind=VOICE, name="", person_id=chair, **row)
        add_file(transaction, kind=VOICE, name="once more", person_id=None, **row)
    async with database.read() as transaction:
        kept = await get_file(transaction, RECORDING)
        assert kept is not None
        assert (kept.kind, kept.name, kept.mime, kept.size) == (VOICE, "", "audio/ogg", 12)
        assert (kept.person_id, kept.created_at) == (chair, NOON)
        assert await get_file(transaction, PAPER) is None


async def test_a_long_name_keeps_its_ending(database: Database) -> None:
    name = "báo cáo " * 40 + "quý 3.pdf"
    async with database.begin() as transaction:
        add_file(
            transaction,
            media_key=PAPER,
            kind=DOCUMENT,
            name=name,
            mime="application/pdf",
            size=1,
            person_id=None,
            at=NOON,
        )
    async with database.read() as transaction:
        kept = await get_file(transaction, PAPER)
    assert kept is not None
    assert len(kept.name) == LONGEST_NAME
    assert kept.name.endswith("quý 3.pdf")
