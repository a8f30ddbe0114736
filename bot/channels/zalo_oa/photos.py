"""Pictures as the vendor takes them: JPEG or PNG, at most 1 MB.

Source: https://developers.zalo.me/docs/official-account/quan-ly-tin-nhan/upload-hinh-anh
"""

import asyncio
from io import BytesIO

from PIL import Image, ImageOps

from handlers.channel import Rejected

LIMIT = 1024 * 1024
"""Bytes."""
_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_EDGES = (2048, 1600, 1280, 1024, 768, 512)
"""Pixels of the longer side, tried one after another."""
_QUALITY = 82


async def fitted(content: bytes) -> tuple[bytes, str]:
    """Return a picture of at most 1 MB and its type; raises Rejected for what is no picture.

    One that fits already goes as it is. Making it smaller happens in a thread.
    """
    mime = next((mime for start, mime in _TYPES.items() if content.startswith(start)), "")
    if mime and len(content) <= LIMIT:
        return content, mime
    return await asyncio.to_thread(_smaller, content), "image/jpeg"


def _smaller(content: bytes) -> bytes:
    try:
        picture = ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Rejected("not a picture") from error
    for edge in _EDGES:
        picture.thumbnail((edge, edge))
        encoded = BytesIO()
        picture.save(encoded, "JPEG", quality=_QUALITY, optimize=True)
        if encoded.tell() <= LIMIT:
            return encoded.getvalue()
    raise Rejected("the picture cannot be made small enough")
