"""Searching everything that the program keeps for what gives somebody away."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from storage.database import Database
from storage.tables import metadata


async def traces_left(database: Database, media_dir: Path, needles: Iterable[str]) -> list[str]:
    """Return where any of these words still stands: in every column of every table, and in every file."""
    wanted = [needle.casefold() for needle in needles]
    found = [*await _in_tables(database, wanted), *_in_files(media_dir, wanted)]
    if database.sqlite:
        found += _in_files(Path(database.url.database or ""), wanted)
    return found


async def _in_tables(database: Database, wanted: list[str]) -> list[str]:
    found = []
    async with database.read() as transaction:
        for table in metadata.sorted_tables:
            for row in await transaction.fetch(select(table)):
                found += [
                    f"{table.name}.{column}: {needle!r} in {value[:200]!r}"
                    for column, value in _shown(row)
                    for needle in wanted
                    if needle in value
                ]
    return found


def _shown(row: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for column, value in row.items():
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif isinstance(value, dict | list):
            value = json.dumps(value, ensure_ascii=False)
        yield column, str(value).casefold()
        if "\\u" in str(value):
            yield column, str(value).encode().decode("unicode_escape", "replace").casefold()


def _in_files(path: Path, wanted: list[str]) -> list[str]:
    """Search a folder, or a database file with what lies beside it, byte by byte."""
    files = (
        [file for file in path.rglob("*") if file.is_file()]
        if path.is_dir()
        else path.parent.glob(f"{path.name}*")
    )
    return [
        f"{file.name}: {needle!r}"
        for file in files
        for content in [file.read_bytes()]
        for needle in wanted
        for form in {needle, needle.title(), needle.upper()}
        if form.encode() in content
        or json.dumps(form).strip('"').encode() in content
        or any(spelt.encode() in content for spelt in {needle})
    ]
