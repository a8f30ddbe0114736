"""The pages by which an Official Account lets the bot in: consent, the way back, and the domain's proof.

Nobody but whoever has the one-time link of `python -m bot zalo consent` gets to the vendor's page: whoever
consents decides which account the bot writes from.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import urlencode

import structlog
from aiohttp import web

from bot.channels.zalo_oa.oauth import OAuth, Refused, challenge_of, new_verifier
from bot.channels.zalo_oa.tokens import Pair
from bot.data_key import DataKey, WrongDataKey
from bot.settings import Settings
from bot.vault import TokenVault, oauth_of
from handlers import texts
from handlers.channel import ChannelError
from storage import credentials
from storage.database import Database, Transaction

CONSENT, CALLBACK = "/zalo/consent", "/zalo/callback"
PENDING = "zalo_oa_consent"
"""The credential that holds a consent under way; there is one at a time, the latest."""
VALID = timedelta(minutes=10)
"""As long as the vendor takes its own code."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_PAGE = (
    '<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Zalo OA</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>body{{font:18px/1.5 sans-serif;max-width:36em;margin:3em auto;padding:0 1em}}</style>"
    "</head><body><p>{text}</p></body></html>"
)
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pending:
    """A consent under way: the proof of the link until it is opened, then what comes back is checked by."""

    version: int
    link: str = ""
    state: str = ""
    verifier: str = ""


class Consents:
    """Consents under way, encrypted in the database: each step can be taken once, within ten minutes."""

    def __init__(
        self, database: Database, key: DataKey, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._key = key
        self._now = now

    async def new_link(self) -> str:
        """Return the secret of a new link; one that was made before leads nowhere from now on."""
        secret = secrets.token_urlsafe(32)
        async with self._database.begin() as transaction:
            await self._put(transaction, link=_proof(secret))
        return secret

    async def open_link(self, secret: str) -> tuple[str, str] | None:
        """Return state and PKCE verifier of a consent that begins; None when the link leads nowhere."""
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        async with self._database.begin() as transaction:
            pending = await self._take(transaction, "link", _proof(secret))
            if pending is None:
                return None
            await self._put(transaction, state=state, verifier=verifier)
        return state, verifier

    async def come_back(self, state: str) -> str | None:
        """Return the verifier of the consent that this state was given for; None when there is none."""
        async with self._database.begin() as transaction:
            pending = await self._take(transaction, "state", state)
        return pending.verifier if pending else None

    async def _put(self, transaction: Transaction, **held: str) -> None:
        now = self._now()
        await credentials.put_credential(
            transaction,
            PENDING,
            secret=self._key.seal(json.dumps(held).encode()),
            obtained_at=now,
            expires_at=now + VALID,
        )

    async def _take(self, transaction: Transaction, part: str, given: str) -> _Pending | None:
        """Use a consent up, if what is given fits; a guess leaves it as it is."""
        found = await credentials.get_credential(transaction, PENDING)
        if found is None or found.expires_at is None or found.expires_at <= self._now():
            return None
        try:
            held = json.loads(self._key.open(found.secret))
        except WrongDataKey:
            return None
        pending = _Pending(version=found.version, **held)
        expected = getattr(pending, part)
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            return None
        taken = await credentials.take_credential(transaction, PENDING, version=pending.version)
        return pending if taken else None


class ZaloPages:
    """Answers what the operator's browser and the vendor's crawler ask for."""

    def __init__(
        self,
        *,
        consents: Consents,
        oauth: OAuth,
        vault: TokenVault,
        public_url: str,
        verifier: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the settings; `verifier` is the code in the name of the file that proves the domain."""
        self._consents = consents
        self._oauth = oauth
        self._vault = vault
        self._public_url = public_url.rstrip("/")
        self._verifier = verifier
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """Return where they answer."""
        # A link that a chat looks at beforehand, without opening it, must not be used up.
        routes = [
            web.get(CONSENT, self.consent, allow_head=False),
            web.get(CALLBACK, self.callback, allow_head=False),
        ]
        if self._verifier:
            routes.append(web.get(f"/zalo_verifier{self._verifier}.html", self.verify))
        return routes

    async def consent(self, request: web.Request) -> web.Response:
        """Lead whoever has a good link to the vendor's page."""
        begun = await self._consents.open_link(request.query.get("key", ""))
        if begun is None:
            return _page(texts.consent_link_spent(), status=403)
        state, verifier = begun
        leads_to = self._oauth.consent_url(
            redirect_uri=f"{self._public_url}{CALLBACK}", challenge=challenge_of(verifier), state=state
        )
        return web.Response(status=302, headers={**_HEADERS, "Location": leads_to})

    async def callback(self, request: web.Request) -> web.Response:
        """Take the vendor's code, change it into tokens, store them, and say what came of it."""
        query = request.query
        verifier = await self._consents.come_back(query.get("state", ""))
        if verifier is None:
            return _page(texts.consent_link_spent(), status=403)
        if not query.get("code"):
            return _page(texts.consent_not_given(error=_told(query)), status=400)
        try:
            oa_id = await self._store(query["code"], verifier, query.get("oa_id", ""))
        except Refused as error:
            log.warning("A consent was refused.", action="consent_refused", error=error)
            return _page(texts.consent_not_given(error=str(error)), status=400)
        except ChannelError as error:
            log.error("A consent was interrupted.", action="consent_interrupted", error=error)
            return _page(texts.consent_interrupted(), status=503)
        log.info("An Official Account has consented.", action="consent_given", oa_id=oa_id)
        return _page(texts.consent_given(oa_id=oa_id))

    async def verify(self, request: web.Request) -> web.Response:
        """Prove to the vendor that the domain is ours."""
        tag = f'<meta name="zalo-platform-site-verification" content="{escape(self._verifier)}">'
        page = f'<!doctype html><html lang="vi"><head><meta charset="utf-8">{tag}</head><body></body></html>'
        return web.Response(text=page, content_type="text/html")

    async def _store(self, code: str, verifier: str, oa_id: str) -> str:
        asked_at = self._now()
        granted = await self._oauth.exchange(code, verifier)
        account = oa_id if oa_id.isascii() and oa_id.isdigit() else ""
        await self._vault.put(
            Pair(
                access=granted.access,
                refresh=granted.refresh,
                obtained_at=asked_at,
                expires_at=asked_at + granted.expires_in,
                oa_id=account,
            )
        )
        return account


def pages_of(
    settings: Settings, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> ZaloPages | None:
    """Return the pages of the app that the settings name; None without one."""
    if not settings.zalo_app_id:
        return None
    key = DataKey(settings)
    return ZaloPages(
        consents=Consents(database, key, now=now),
        oauth=oauth_of(settings),
        vault=TokenVault(database, key),
        public_url=str(settings.public_url or ""),
        verifier=settings.zalo_verifier,
        now=now,
    )


def link_of(public_url: str, secret: str) -> str:
    """Return the link that an operator opens."""
    return f"{public_url.rstrip('/')}{CONSENT}?{urlencode({'key': secret})}"


def _proof(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _told(query: Mapping[str, Any]) -> str:
    """Return what the vendor says of a consent that was not given."""
    named = (str(query.get(name, "")) for name in ("error", "error_code", "error_reason", "message"))
    return " ".join(part for part in named if part)[:200]


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(
        text=_PAGE.format(text=escape(text)), status=status, content_type="text/html", headers=_HEADERS
    )
