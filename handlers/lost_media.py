"""Pictures and files whose bytes are gone: what they belong to is sent, and says that they are missing."""

import asyncio
from dataclasses import replace
from pathlib import Path

import structlog

from handlers import texts
from handlers.channel import OutboundMessage, Unavailable
from handlers.media import MediaError, file_path, photo_path

PATIENT_TRIES = 4
"""So often a message waits for a folder that is away, a quarter of a minute in all; then it goes without."""
log = structlog.get_logger()


async def without_lost(message: OutboundMessage, directory: Path, *, tries: int) -> OutboundMessage:
    """Return a message with those pictures and files alone that there are, and a line for the others.

    tries: how often it was tried before. Raises Unavailable while the whole folder may come back soon.
    """
    keys = {photo.media_key for photo in message.photos} | {file.media_key for file in message.files}
    keys.discard("")
    if not keys:
        return message
    lost = await asyncio.to_thread(_lost, keys, directory, patient=tries < PATIENT_TRIES)
    if not lost:
        return message
    log.error("Pictures or files are gone.", action="media_gone", count=len(lost))
    return replace(
        message,
        text="\n\n".join(filter(None, [message.text, texts.attachments_lost(count=len(lost))])),
        photos=tuple(photo for photo in message.photos if photo.media_key not in lost),
        files=tuple(file for file in message.files if file.media_key not in lost),
    )


def _lost(keys: set[str], directory: Path, *, patient: bool) -> set[str]:
    if patient and not directory.is_dir():
        raise Unavailable("the folder of pictures and files is away")
    return {key for key in keys if not _is_there(key, directory)}


def _is_there(key: str, directory: Path) -> bool:
    for path_of in (photo_path, file_path):
        try:
            path_of(key, directory)
        except MediaError:
            continue
        return True
    return False
