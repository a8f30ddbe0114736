"""Short messages as an outgoing channel, through any gateway that takes an HTTP POST with JSON.

A chat is a telephone number. What is posted is a template of the operator's, in which {to}, {text}, {from}
and {reference} are filled in; the gateway answers with JSON that holds its id of the message. Whether it
arrived, the gateway tells later (`Receipt`). Text goes without accents: with them a part holds 70 letters,
not 160.
"""

import asyncio
import base64
import binascii
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import aiohttp

from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    ChannelError,
    CreateGroup,
    Envelope,
    File,
    Forbidden,
    GroupAct,
    InboundMessage,
    Malformed,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    Rejected,
    Sent,
    Unavailable,
)

SECONDS = 15.0
TEXT_LIMIT = 459
"""Letters of three parts without accents."""
TEMPLATE = '{"to": "{to}", "text": "{text}", "from": "{from}", "reference": "{reference}"}'
"""What is posted where the operator sets nothing else."""
CAPABILITIES = Capabilities(
    source="docs/operating.md",
    text_limit=TEXT_LIMIT,
    buttons=False,
    photos=False,
    write_first=True,
    links=False,
    edits=False,
    locations=False,
    recordings=False,
    groups=False,
)
_LIKE = {
    "–": "-",
    "—": "-",
    "…": "...",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "’": "'",
    "·": "-",
    "\u00a0": " ",
}
_NUMBER = re.compile(r"\+?\d{9,15}")
_LONG_NUMBER = re.compile(r"\d{8,}")
_IDS = ("id", "message_id", "messageId", "sms_id", "smsid", "msgid")
_STATUSES = ("status", "state", "dlr_status", "delivery_status")
_ARRIVED = frozenset({"delivered", "delivrd", "success", "ok"})
_FAILED = frozenset({"failed", "undelivered", "undeliv", "rejected", "rejectd", "expired", "deleted"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a gateway tells later of a message: whether it arrived."""

    message_id: str
    arrived: bool
    status: str


class SmsChannel:
    """Posts each message to the gateway; the id of what was sent is the gateway's."""

    name = "sms"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        url: str,
        token: str = "",
        sender: str = "",
        template: str = TEMPLATE,
        receipt_secret: str = "",
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sender = sender
        self._template: Any = json.loads(template)
        self._secret = receipt_secret
        self._connector = connector
        self._session: aiohttp.ClientSession | None = None

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Refuse: no message comes in."""
        raise Malformed("short messages are an outgoing channel")

    def parse(self, body: bytes) -> InboundMessage | None:
        """Find nothing: no message comes in."""
        return None

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Hand one message to the gateway; raises ChannelError."""
        if not _NUMBER.fullmatch(address.chat):
            raise Rejected("not a telephone number")
        text = short(message)
        reference = sha256(f"{message.reference}\n{address.chat}\n{text}".encode()).hexdigest()[:32]
        values = {"to": address.chat, "text": text, "from": self._sender, "reference": reference}
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client().post(
                    self._url,
                    json=_filled(self._template, values),
                    allow_redirects=False,  # the token goes nowhere else
                ) as answer,
            ):
                body = await answer.read()
                _check(answer.status, answer.headers, body)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(repr(error)) from error
        return Sent(message_id=_found(body, _IDS) or reference)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(headers=self._headers, connector=self._connector())
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def receipt(self, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """Read what the gateway tells of a message; None while it is still on its way.

        The gateway proves itself with the receipt secret: as a bearer token, or as the password of the
        address that it calls ("https://gateway:SECRET@city.example.vn/sms/receipt"). Raises Forbidden or
        Malformed.
        """
        if not (self._secret and hmac.compare_digest(_given(headers).encode(), self._secret.encode())):
            raise Forbidden("wrong secret")
        message_id, status = _found(body, _IDS), _found(body, _STATUSES).lower()
        if not message_id or not status:
            raise Malformed("a receipt holds an id and a status")
        if status not in _ARRIVED | _FAILED:
            return None
        return Receipt(message_id=message_id, arrived=status in _ARRIVED, status=status)

    async def fetch(self, photo: Photo) -> bytes:
        """Refuse: nothing comes in."""
        raise NotSupported("short messages are an outgoing channel")

    async def fetch_file(self, file: File) -> bytes:
        """Refuse: nothing comes in."""
        raise NotSupported("short messages are an outgoing channel")

    async def create_group(self, wish: CreateGroup) -> Address:
        """Refuse: short messages have no groups."""
        raise NotSupported("short messages have no groups")

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Refuse: short messages have no groups."""
        raise NotSupported("short messages have no groups")


def short(message: OutboundMessage) -> str:
    """Return a message as it fits: one line, without accents, its first link kept whole at the end."""
    link = f" {message.links[0][1]}" if message.links else ""
    text = " ".join(_bare(message.text).split())
    room = TEXT_LIMIT - len(link)
    return (text if len(text) <= room else f"{text[: room - 3].rstrip()}...") + link


def _bare(text: str) -> str:
    """Return a text in the letters that a part of 160 holds; what has no such letter becomes a full stop."""
    marks = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = (mark for mark in marks if not unicodedata.combining(mark))
    return "".join(mark if mark.isascii() else _LIKE.get(mark, ".") for mark in plain)


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON template with the values put into its strings."""
    if isinstance(template, dict):
        return {name: _filled(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [_filled(each, values) for each in template]
    if isinstance(template, str):
        return re.sub(r"\{(to|text|from|reference)\}", lambda found: values[found[1]], template)
    return template


def _check(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an answer of the gateway means, unless it took the message."""
    if status < 300:
        return
    # A gateway may repeat the number; what is noted of a fault must not tell it.
    why = _LONG_NUMBER.sub("…", f"{status} {body[:200].decode('utf-8', 'replace')}")
    if status == 429:
        seconds = headers.get("Retry-After", "")
        raise RateLimited(why, retry_after=timedelta(seconds=int(seconds)) if seconds.isdecimal() else None)
    error: type[ChannelError] = Unavailable if status >= 500 or status in (408, 425) else Rejected
    raise (Misconfigured if status in (401, 403, 404) else error)(why)


def _found(body: bytes, names: tuple[str, ...]) -> str:
    """Return the first of these fields in a JSON object, at the top or one level below."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    levels = [read, *(read.values() if isinstance(read, dict) else ())]
    for level in levels:
        for name in names:
            value = level.get(name) if isinstance(level, dict) else None
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
                return str(value)[:128]
    return ""


def _given(headers: Mapping[str, str]) -> str:
    kind, _, rest = headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return rest.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
