"""The vendor's OAuth v4: the page where an Official Account consents, and the tokens that come of it.

https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
"""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp

from handlers.channel import Misconfigured, Unavailable

OAUTH_URL = "https://oauth.zaloapp.com"
SECONDS = 30.0
"""Long, because an answer that is lost takes the refresh token with it."""
USUAL_LIFE = timedelta(hours=24)
"""Taken for the life of an access token whose own cannot be read: the vendor's is 25 hours."""
LONGEST_LIFE = timedelta(days=30)
BUSY = frozenset({-32, 429})
"""Codes that say no more than "later"."""


class Refused(Misconfigured):
    """The vendor refuses a code or a refresh token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """A new pair of tokens; the access token lives for `expires_in` from when it was asked for."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: timedelta


class OAuth:
    """The token endpoint for one app. `refresh` and `exchange` raise Refused or Unavailable."""

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        url: str = OAUTH_URL,
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self._connector = connector
        self._app_id = app_id
        self._app_secret = app_secret
        self._url = url.rstrip("/")

    def consent_url(self, *, redirect_uri: str, challenge: str, state: str) -> str:
        """Return the page where an administrator of the Official Account consents."""
        query = {"app_id": self._app_id, "redirect_uri": redirect_uri}
        query |= {"code_challenge": challenge, "state": state}
        return f"{self._url}/v4/oa/permission?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str) -> Granted:
        """Return the tokens for a code that a consent gave; it can be used once, within 10 minutes."""
        return await self._ask(
            {"code": code, "grant_type": "authorization_code", "code_verifier": verifier}, "code"
        )

    async def refresh(self, refresh_token: str) -> Granted:
        """Return new tokens for a refresh token, which is used up; the access token before dies at once."""
        return await self._ask(
            {"refresh_token": refresh_token, "grant_type": "refresh_token"}, "refresh_token"
        )

    async def _ask(self, form: dict[str, str], secret: str) -> Granted:
        timeout = aiohttp.ClientTimeout(total=SECONDS, sock_connect=5.0)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=self._connector()) as session,
                session.post(
                    f"{self._url}/v4/oa/access_token",
                    data={**form, "app_id": self._app_id},
                    headers={"secret_key": self._app_secret},
                    allow_redirects=False,  # the secret goes nowhere else
                ) as response,
            ):
                status, body = response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"the token endpoint: {type(error).__name__}", for_all=True) from error
        return _read(status, body, [form[secret], self._app_secret])


def new_verifier() -> str:
    """Return a PKCE verifier: 43 random letters."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of a verifier: its SHA-256 as base64url without "="."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _read(status: int, body: bytes, confidential: list[str]) -> Granted:
    """Read an answer: errors come with HTTP 200 too. What it says of secrets is not repeated."""
    answer = _object(body)
    if status == 429 or status >= 500 or answer is None:
        raise Unavailable(f"the token endpoint answers HTTP {status}", for_all=True)
    if error := answer.get("error"):
        why = _words(answer, confidential)
        if _number(error) in BUSY:
            raise Unavailable(f"the token endpoint is busy: {why}", for_all=True)
        raise Refused(why, for_all=True)
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not (isinstance(access, str) and isinstance(refresh, str) and access and refresh):
        raise Unavailable(f"the token endpoint answers HTTP {status} without tokens", for_all=True)
    return Granted(access=access, refresh=refresh, expires_in=_life(answer.get("expires_in")))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _words(answer: dict[str, Any], confidential: list[str]) -> str:
    parts = (answer.get(name) for name in ("error", "error_name", "error_description", "message"))
    words = " ".join(str(part) for part in parts if part)
    for secret in confidential:
        words = words.replace(secret, "…") if secret else words
    return words[:200]


def _life(given: Any) -> timedelta:
    """Return how long a token lives. It is in hand by now: a strange number must not lose it."""
    seconds = _number(given)
    if seconds is None or not 0 < seconds <= LONGEST_LIFE.total_seconds():
        return USUAL_LIFE
    return timedelta(seconds=seconds)


def _number(given: Any) -> int | None:
    try:
        return int(given)
    except (TypeError, ValueError, OverflowError):
        return None
