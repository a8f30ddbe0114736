"""Who is at the other end of the web chat, and what a browser is allowed to do with our pages."""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "langnghe"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_KEPT_SECONDS = 400 * 24 * 3600  # the longest that browsers keep a cookie

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser at one seat of the demo, or at none.

    The token is in the browser and in memory only. The chat's id is derived from it one way, so whoever
    reads the database cannot pose as anybody.
    """

    token: str
    seat: str = ""

    @property
    def chat(self) -> str:
        """The chat's id, 128 bits."""
        return sha256(f"{self.token}\n{self.seat}".encode()).hexdigest()[:32]

    def mark(self, media_key: str, *, secret: str) -> str:
        """Return the key with a proof that this visitor uploaded it.

        secret: known to the program alone, since visitors can read their own token.
        """
        return f"{media_key}:{self._proof(media_key, secret)}"

    def unmark(self, marked: str, *, secret: str) -> str | None:
        """Return the key of a photo that this visitor uploaded; None when the proof does not hold."""
        media_key, _, proof = marked.partition(":")
        genuine = hmac.compare_digest(proof.encode(), self._proof(media_key, secret).encode())
        return media_key if genuine else None

    def _proof(self, media_key: str, secret: str) -> str:
        key = f"{self.token}\n{self.seat}\n{secret}".encode()
        return hmac.new(key, media_key.encode(), sha256).hexdigest()[:32]


def known_token(request: web.Request) -> str | None:
    """Return the session's token, None without a session."""
    token = request.cookies.get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def keep_token(request: web.Request, response: web.Response, token: str) -> None:
    """Let the browser keep the token where no script and no other site can use it."""
    secure = request.secure or request.headers.get("Origin", "").startswith("https://")
    response.set_cookie(
        COOKIE, token, max_age=_KEPT_SECONDS, path="/", httponly=True, samesite="Strict", secure=secure
    )


def from_own_page(request: web.Request) -> bool:
    """Tell whether a request was made by a page of this very host, as the browser vouches.

    Sec-Fetch-Site holds behind any proxy; browsers without it, and plain http, have only Origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host
