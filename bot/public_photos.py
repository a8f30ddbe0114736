"""Stored photos at addresses that anybody can open for a while: some vendors fetch what is to be shown."""

import hmac
import re
from asyncio import to_thread
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from handlers.channel import Photo
from handlers.media import UnknownPhoto, photo_path

LIFETIME = timedelta(hours=1)
PREFIX = "/p/"
_NAME = re.compile(
    r"(?P<stem>[0-9a-f]{32})-(?P<until>[0-9a-f]{8})-(?P<proof>[0-9a-f]{32})\.(?P<ending>jpg|png)"
)
_MIME = {"jpg": "image/jpeg", "png": "image/png"}


class PublicPhotos:
    """Gives photos signed addresses and answers there until they expire."""

    def __init__(
        self,
        *,
        public_url: str,
        secret: str,
        media_dir: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`secret` is known to every process of the program, so that one can serve what another named; the
        key that signs is made of it. Without `public_url` no photo gets an address.
        """
        self._base = public_url.rstrip("/")
        self._key = hmac.new(secret.encode(), b"public photos", sha256).digest()
        self._media_dir = media_dir
        self._now = now

    def address(self, photo: Photo) -> str:
        """Return where a stored photo can be seen for an hour; empty where there is no such place."""
        stem, dot, ending = photo.media_key.partition(".")
        if not (self._base and dot):
            return ""
        until = f"{int((self._now() + LIFETIME).timestamp()):08x}"
        return f"{self._base}{PREFIX}{stem}-{until}-{self._proof(photo.media_key, until)}.{ending}"

    def _proof(self, media_key: str, until: str) -> str:
        return hmac.new(self._key, f"{media_key}|{until}".encode(), sha256).hexdigest()[:32]

    def routes(self) -> list[web.RouteDef]:
        """Return where the photos are served."""
        return [web.get(PREFIX + "{name}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        """Answer with the photo; 404 for what is forged, over or gone: nothing tells which."""
        found = _NAME.fullmatch(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        media_key = f"{found['stem']}.{found['ending']}"
        genuine = hmac.compare_digest(self._proof(media_key, found["until"]), found["proof"])
        if not genuine or int(found["until"], 16) < self._now().timestamp():
            raise web.HTTPNotFound
        try:
            content = await to_thread(photo_path(media_key, self._media_dir).read_bytes)
        except (UnknownPhoto, OSError):
            raise web.HTTPNotFound from None
        headers = {
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return web.Response(body=content, content_type=_MIME[found["ending"]], headers=headers)
