"""Mail as an outgoing channel: what units must know outside of chat, sent through the city's SMTP server.

A chat is a mail address. Nothing comes in this way: units answer in the chat. Where the server can, it is
asked for a delivery status notice (RFC 3461), which it sends to the sender's address.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    ChannelError,
    CreateGroup,
    Envelope,
    File,
    GroupAct,
    InboundMessage,
    Malformed,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    Photo,
    RecipientUnreachable,
    Rejected,
    Sent,
    Unavailable,
)

SECONDS = 15.0
"""How long the server may take for one message."""
CAPABILITIES = Capabilities(
    source="https://www.rfc-editor.org/rfc/rfc5321",
    text_limit=100_000,
    buttons=False,
    photos=False,
    write_first=True,
    links=False,
    edits=False,
    locations=False,
    recordings=False,
    groups=False,
)
_SUBJECT = 70
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """An SMTP server, as "smtp://user:password@host:587" or "smtps://host" names it.

    smtp: encrypted by STARTTLS where the server offers it, which it must when a password is sent; smtps:
    encrypted from the start.
    """

    host: str
    port: int
    user: str
    password: str
    encrypted: bool

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Read a server's address; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("not an SMTP server; for example smtp://user:password@mail.example.vn:587")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            encrypted=parts.scheme == "smtps",
        )


class MailChannel:
    """Sends each message as a mail of its own; the id of what was sent is the mail's Message-ID."""

    name = "mail"
    capabilities = CAPABILITIES

    def __init__(self, *, server: Server, sender: str, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._tls = tls

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Refuse: no mail comes in."""
        raise Malformed("mail is an outgoing channel")

    def parse(self, body: bytes) -> InboundMessage | None:
        """Find nothing: no mail comes in."""
        return None

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Hand one mail to the server; raises ChannelError."""
        mail = self._compose(address.chat, message)
        try:
            async with asyncio.timeout(SECONDS):
                await self._hand_over(mail)
        except (TimeoutError, OSError, SMTPException) as error:
            raise _as_channel_error(error) from error
        return Sent(message_id=str(mail["Message-ID"]))

    def _compose(self, to: str, message: OutboundMessage) -> EmailMessage:
        user, at, domain = to.rpartition("@")
        if not (user and at and domain) or any(letter in to for letter in "\r\n <>,"):
            raise Rejected(f"not a mail address: {to!r}")
        mail = EmailMessage()
        try:
            mail["To"] = MailAddress(username=user, domain=domain)
        except (ValueError, IndexError) as error:
            raise Rejected(f"not a mail address: {to!r}") from error
        mail["From"] = self._sender
        mail["Subject"] = " ".join((message.subject or message.text.partition("\n")[0][:_SUBJECT]).split())
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = self._message_id(to, message)
        mail["Auto-Submitted"] = "auto-generated"
        links = [f"{label}: {link}" for label, link in message.links]
        mail.set_content("\n".join([message.text, *links]))
        return mail

    def _message_id(self, to: str, message: OutboundMessage) -> str:
        """Return an id that is the same at every try, so that a mail that came twice can be told."""
        domain = self._sender.rpartition("@")[2].rstrip(">")
        if not message.reference:
            return make_msgid(domain=domain)
        digest = sha256(f"{message.reference}\n{to}\n{message.text}".encode()).hexdigest()[:32]
        return f"<{digest}@{domain}>"

    async def _hand_over(self, mail: EmailMessage) -> None:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.encrypted,
            start_tls=None if not server.encrypted else False,
            tls_context=self._tls,
            timeout=SECONDS,
        )
        async with client:
            if server.user:
                if client.get_transport_info("sslcontext") is None:
                    raise Misconfigured("the SMTP server offers no encryption; the password was not sent")
                await client.login(server.user, server.password)
            wants = ["NOTIFY=SUCCESS,FAILURE"] if client.supports_extension("dsn") else []
            await client.send_message(mail, rcpt_options=wants)

    async def fetch(self, photo: Photo) -> bytes:
        """Refuse: nothing comes in."""
        raise NotSupported("mail is an outgoing channel")

    async def fetch_file(self, file: File) -> bytes:
        """Refuse: nothing comes in."""
        raise NotSupported("mail is an outgoing channel")

    async def create_group(self, wish: CreateGroup) -> Address:
        """Refuse: mail has no groups."""
        raise NotSupported("mail has no groups")

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Refuse: mail has no groups."""
        raise NotSupported("mail has no groups")


def _as_channel_error(error: Exception) -> ChannelError:
    """Return what a fault means for the message: try again, give the address up, or tell the operator."""
    if isinstance(error, SMTPAuthenticationError):
        return Misconfigured(f"the SMTP server refuses the user: {error.code} {error.message}")
    if isinstance(error, SMTPRecipientsRefused):
        refused: SMTPRecipientRefused = error.recipients[0]
        why = f"{refused.code} {refused.message}"
        return Unavailable(why) if 400 <= refused.code < 500 else RecipientUnreachable(why)
    if isinstance(error, SMTPResponseException):
        why = f"{error.code} {error.message}"
        if 400 <= error.code < 500 or isinstance(error, aiosmtplib.SMTPConnectResponseError):
            return Unavailable(why)
        return Misconfigured(why) if isinstance(error, aiosmtplib.SMTPSenderRefused) else Rejected(why)
    return Unavailable(repr(error))
