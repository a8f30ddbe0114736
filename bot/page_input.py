"""What pages send: read strictly, or refused."""

import math
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.channels.web import TEXT_LIMIT
from bot.session import Visitor
from handlers.channel import Location
from handlers.media import SIZE_LIMIT

PHOTOS_PER_MESSAGE = 10

UPDATE_ID = re.compile(r"(?!\d+\Z)[A-Za-z0-9-]{8,64}")
"""Never a number alone: those are the bot's messages."""
_MESSAGE_ID = re.compile(r"\d{0,20}")
_ANY_MESSAGE_ID = re.compile(rf"{_MESSAGE_ID.pattern}|{UPDATE_ID.pattern}")
_BUTTON = re.compile(r"[\x21-\x7e]{0,64}")


class Refused(Exception):
    """The page asked for what it may not have; answered with the status and the code."""

    def __init__(self, status: int, code: str, *, retry_after: float = 0.0) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = math.ceil(retry_after)

    def response(self) -> web.Response:
        """Return the answer: JSON, and Retry-After where waiting helps."""
        body: dict[str, Any] = {"error": self.code}
        if not self.retry_after:
            return web.json_response(body, status=self.status)
        body["retry_after"] = self.retry_after
        return web.json_response(body, status=self.status, headers={"Retry-After": str(self.retry_after)})


def checked_update(told: Any, visitor: Visitor, *, secret: str = "") -> dict[str, Any]:
    """Return the parts of `write_update` from what a browser sent; raises ValueError, TypeError, Refused.

    secret: with which the visitor's photos were marked.
    """
    if not isinstance(told, dict):
        raise TypeError("not an object")
    text = _string(told, "text", None)
    if len(text) > TEXT_LIMIT:
        raise Refused(413, "too_long")
    return {
        "update_id": _string(told, "id", UPDATE_ID),
        "text": text,
        "button": _string(told, "button", _BUTTON),
        "button_message": _string(told, "button_message", _MESSAGE_ID),
        "reply_to": _string(told, "reply_to", _ANY_MESSAGE_ID),
        "photos": _own_photos(told.get("photos") or [], visitor, secret),
        "location": _location(told),
    }


def _string(told: Mapping[str, Any], name: str, form: re.Pattern[str] | None) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise TypeError(name)
    if form and not form.fullmatch(value):
        raise ValueError(name)
    return value


def _own_photos(marked: Any, visitor: Visitor, secret: str) -> list[str]:
    if not isinstance(marked, list) or len(marked) > PHOTOS_PER_MESSAGE:
        raise ValueError("photos")
    keys = [visitor.unmark(photo, secret=secret) for photo in marked if isinstance(photo, str)]
    own = [key for key in keys if key]
    if len(own) != len(marked):
        raise ValueError("photos")
    return own


def _location(told: Mapping[str, Any]) -> Location | None:
    latitude, longitude = told.get("latitude"), told.get("longitude")
    if latitude is None and longitude is None:
        return None
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise TypeError("position")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("position")
    return Location(latitude=float(latitude), longitude=float(longitude))


async def uploaded(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the uploaded files one by one; one over the limit comes cut off just above it, to be refused."""
    count = 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            count += 1
            if not isinstance(part, BodyPartReader) or count > PHOTOS_PER_MESSAGE:
                raise Refused(413, "too_many")
            yield await _read_part(part)
    except (HttpProcessingError, ValueError, AssertionError, RuntimeError) as error:
        raise Refused(400, "malformed") from error


async def _read_part(part: BodyPartReader) -> bytes:
    data = bytearray()
    total = 0
    while chunk := await part.read_chunk(65536):
        total += len(chunk)
        if total > 4 * SIZE_LIMIT:
            raise Refused(413, "too_large")
        data += chunk[: SIZE_LIMIT + 1 - len(data)]
    return bytes(data)
