"""Pictures and workbooks that messages need: made before they are sent, with no transaction open."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from handlers import texts
from handlers.channel import File, OutboundMessage, Photo
from handlers.media import StoredFile, StoredPhoto, store_drawing, store_file
from storage import cases, files
from storage.database import Transaction

DRAW_SECONDS = 5.0
EXPORT_SECONDS = 120.0
"""How long either may take, then the message goes without; less than `messages.MAKING_TIME`."""

Draw = Callable[[dict[str, Any]], Awaitable[bytes]]
"""Returns a PNG of what `handlers/charts.py` describes."""
Export = Callable[[dict[str, Any]], Awaitable[tuple[Path | bytes, str]]]
"""Returns a workbook and its name; one that lies in a file of its own is removed when it is kept."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A message that needs nothing more, and what was kept for it."""

    message: OutboundMessage
    photo: StoredPhoto | None = None
    file: StoredFile | None = None
    name: str = ""
    person_id: int | None = None
    """Who may open the file."""

    def record(self, transaction: Transaction, *, at: datetime) -> None:
        """Write down what was kept."""
        if self.photo:
            cases.add_photo(
                transaction,
                media_key=self.photo.media_key,
                mime=self.photo.mime,
                size=self.photo.size,
                width=self.photo.width,
                height=self.photo.height,
                at=at,
            )
        if self.file:
            files.add_file(
                transaction,
                media_key=self.file.media_key,
                kind=files.EXPORT,
                name=self.name,
                mime=self.file.mime,
                size=self.file.size,
                person_id=self.person_id,
                at=at,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Maker:
    """Makes what messages need; without `draw` or `export` that part is left out."""

    draw: Draw | None = None
    export: Export | None = None
    media_dir: Path | None = None

    async def make(self, message: OutboundMessage) -> Made:
        """Return the message with its picture and its workbook; without one that cannot be made."""
        return await self._with_workbook(await self._with_picture(Made(message=message)))

    async def _with_picture(self, made: Made) -> Made:
        message, spec = made.message, made.message.drawing
        message = replace(message, drawing=None)
        if spec is None or self.draw is None or self.media_dir is None:
            return replace(made, message=message)
        try:
            async with asyncio.timeout(DRAW_SECONDS):
                picture = await self.draw(spec)
            photo = await asyncio.to_thread(store_drawing, picture, self.media_dir)
        except Exception as error:  # an answer without its picture is still an answer
            log.error("A picture could not be drawn.", action="drawing_failed", error=error)
            return replace(made, message=message)
        photos = (*message.photos, Photo(media_key=photo.media_key))
        return replace(made, message=replace(message, photos=photos), photo=photo)

    async def _with_workbook(self, made: Made) -> Made:
        message, spec = made.message, made.message.export
        message = replace(message, export=None)
        if spec is None:
            return replace(made, message=message)
        try:
            if self.export is None or self.media_dir is None:
                raise NotImplementedError("no workbooks are made here")
            async with asyncio.timeout(EXPORT_SECONDS):
                content, name = await self.export(spec)
            file = await asyncio.to_thread(_keep, content, self.media_dir, Path(name).suffix)
        except Exception as error:
            log.error("A workbook could not be made.", action="export_failed", error=error)
            told = "\n\n".join(filter(None, (message.text, texts.export_not_made())))
            return replace(made, message=replace(message, text=told))
        enclosed = File(media_key=file.media_key, name=name, mime=file.mime, size=file.size)
        message = replace(message, files=(*message.files, enclosed))
        return replace(made, message=message, file=file, name=name, person_id=spec.get("person_id"))


def _keep(content: Path | bytes, directory: Path, suffix: str) -> StoredFile:
    if isinstance(content, bytes):
        return store_file(content, directory, suffix=suffix)
    try:
        return store_file(content.read_bytes(), directory, suffix=suffix)
    finally:
        content.unlink(missing_ok=True)
