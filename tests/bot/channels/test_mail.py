"""Mail as a channel, against a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.channels.mail import MailChannel, Server
from handlers.channel import (
    Address,
    Malformed,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)

TO = Address("mail", "ubnd.khuongdinh@hanoi.example.vn")
SENDER = "phananh@hanoi.example.vn"


class Postbox:
    """Takes mail; answers recipients as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.sender_answer = "250 OK"
        self.recipient_answer = ""
        self.data_answer = "250 2.0.0 queued"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender_answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        self.recipients.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            read = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(read, EmailMessage)
            self.mails.append(read)
        return self.data_answer


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@asynccontextmanager
async def served(postbox: Postbox, **options: Any) -> AsyncIterator[asyncio.Server]:
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postbox, hostname="city", **options), "127.0.0.1", 0
    )
    yield server
    server.close()
    await server.wait_closed()


@pytest.fixture
async def server(postbox: Postbox) -> AsyncIterator[asyncio.Server]:
    async with served(postbox) as server:
        yield server


def channel_of(server: asyncio.Server, *, login: str = "") -> MailChannel:
    port = server.sockets[0].getsockname()[1]
    return MailChannel(server=Server.parse(f"smtp://{login}127.0.0.1:{port}"), sender=SENDER)


MESSAGE = OutboundMessage(
    subject="Yêu cầu giải trình HN-7F3K-9Q2M",
    text="Đề nghị giải trình trước 17:00 thứ Tư 25/11.",
    links=(("Mở hồ sơ", "https://city.example.vn/chat"),),
)


async def test_a_mail_arrives_as_it_was_written(server: asyncio.Server, postbox: Postbox) -> None:
    sent = await channel_of(server).send(TO, MESSAGE)
    (mail,) = postbox.mails
    assert postbox.recipients == [TO.chat]
    assert (mail["To"], mail["From"]) == (TO.chat, SENDER)
    assert mail["Subject"] == "Yêu cầu giải trình HN-7F3K-9Q2M"
    assert mail["Message-ID"] == sent.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert text.splitlines()[:2] == [MESSAGE.text, "Mở hồ sơ: https://city.example.vn/chat"]


async def test_a_mail_keeps_its_id_when_it_is_tried_again(server: asyncio.Server, postbox: Postbox) -> None:
    for reference in ("7", "7", "8"):
        await channel_of(server).send(TO, replace(MESSAGE, reference=reference))
    first, again, other = [mail["Message-ID"] for mail in postbox.mails]
    assert first == again
    assert first != other
    assert first.endswith(f"@{SENDER.partition('@')[2]}>")


async def test_without_a_subject_the_first_line_is_it(server: asyncio.Server, postbox: Postbox) -> None:
    await channel_of(server).send(TO, OutboundMessage(text="Việc quá hạn\nXin xem trong chat."))
    assert postbox.mails[0]["Subject"] == "Việc quá hạn"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 5.1.1 no such user", RecipientUnreachable),
        ("450 4.2.1 mailbox busy", Unavailable),
        ("452 4.2.2 mailbox full", Unavailable),
    ],
)
async def test_what_the_server_says_of_a_recipient_decides(
    server: asyncio.Server, postbox: Postbox, answer: str, error: type[Exception]
) -> None:
    postbox.recipient_answer = answer
    with pytest.raises(error, match=answer[:3]):
        await channel_of(server).send(TO, MESSAGE)


@pytest.mark.parametrize(
    ("answer", "error"), [("554 5.7.1 spam", Rejected), ("451 4.3.0 try later", Unavailable)]
)
async def test_what_the_server_says_of_the_mail_decides(
    server: asyncio.Server, postbox: Postbox, answer: str, error: type[Exception]
) -> None:
    postbox.data_answer = answer
    with pytest.raises(error, match=answer[:3]):
        await channel_of(server).send(TO, MESSAGE)


async def test_a_server_that_is_away_is_tried_again(server: asyncio.Server) -> None:
    channel = channel_of(server)
    server.close()
    with pytest.raises(Unavailable) as unavailable:
        await channel.send(TO, MESSAGE)
    assert unavailable.value.retryable


async def test_a_password_is_never_sent_in_the_clear(server: asyncio.Server) -> None:
    with pytest.raises(Misconfigured, match="no encryption"):
        await channel_of(server, login="city:secret@").send(TO, MESSAGE)


@pytest.mark.parametrize(
    "address", ["nobody", "@hanoi.example.vn", "a@b.vn\r\nBcc: c@d.vn", "a b@c.vn", "a@b.vn,c@d.vn", "a@"]
)
async def test_an_address_that_is_none_reaches_no_server(
    server: asyncio.Server, postbox: Postbox, address: str
) -> None:
    with pytest.raises(Rejected):
        await channel_of(server).send(Address("mail", address), MESSAGE)
    assert postbox.recipients == []


async def test_nothing_comes_in_and_there_are_no_groups(server: asyncio.Server) -> None:
    channel = channel_of(server)
    assert channel.parse(b"{}") is None
    with pytest.raises(Malformed):
        channel.envelope(b"{}", {})
    with pytest.raises(NotSupported):
        await channel.create_group(None)  # type: ignore[arg-type]


def test_a_server_is_named_by_its_address() -> None:
    read = Server.parse("smtps://c%40ty:s%2Fcret@mail.example.vn")
    assert (read.host, read.port, read.user, read.password, read.encrypted) == (
        "mail.example.vn",
        465,
        "c@ty",
        "s/cret",
        True,
    )
    assert Server.parse("smtp://mail.example.vn").port == 587
    for wrong in ("mail.example.vn", "http://mail.example.vn", "smtp://"):
        with pytest.raises(ValueError, match="SMTP server"):
            Server.parse(wrong)


async def test_a_server_that_wants_a_password_is_the_operator_s_matter(
    server: asyncio.Server, postbox: Postbox
) -> None:
    postbox.sender_answer = "530 5.7.0 authentication required"
    with pytest.raises(Misconfigured, match="530"):
        await channel_of(server).send(TO, MESSAGE)
