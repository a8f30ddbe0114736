"""The adapter itself: what the port asks for, done with the Open API of a Zalo Official Account."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from yarl import URL

from bot.channels.zalo_oa import groups, parts, signature
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.downloads import HOSTS, Allowed, download
from bot.channels.zalo_oa.events import envelope_of, parse_event, read
from bot.channels.zalo_oa.fields import CHANNEL, GROUP_MARK, first_text, part_of
from bot.channels.zalo_oa.history import missed_by
from bot.channels.zalo_oa.parts import FILE_TYPES, NO_HINTS, Hints, Part, compose, degraded, ending_of
from bot.channels.zalo_oa.photos import fitted
from bot.channels.zalo_oa.template import Template, send_template
from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    ChannelError,
    CreateGroup,
    Empty,
    Envelope,
    File,
    GroupAct,
    InboundMessage,
    Misconfigured,
    OutboundMessage,
    OutsideReplyWindow,
    Photo,
    Rejected,
    Sent,
)

FILE_LIMIT = 5 * 1024 * 1024
"""Bytes of a file that is uploaded."""
CAPABILITIES = Capabilities(
    source="https://developers.zalo.me/docs/official-account",
    text_limit=parts.TEXT_LIMIT,
    caption_limit=parts.CAPTION_LIMIT,
    photos_per_message=1,
    contact_request=True,
    create_group=True,
    files=True,
    edits=False,
    receipts=True,
    history=True,
    group_assets=True,
    free_window=timedelta(hours=48),
    reply_window=timedelta(days=7),
    price=72,
    messages_per_minute=4000,
)
_TO_PERSON = "v3.0/oa/message/cs"
_TO_GROUP = "v3.0/oa/group/message"
_UNFINISHED_REMEMBERED = 1_000
_WORST = ("", "free", "quota", "paid")
"""How messages are counted, from nothing told to charged."""
_FREE = frozenset({"reply", "welcome_msg"})

logger = logging.getLogger(__name__)

OpenMedia = Callable[[str], Awaitable[bytes]]
_Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What of a message has been shown: its parts so far, and how they were counted."""

    done: int = 0
    main: str = ""
    others: tuple[str, ...] = ()
    price: str = ""
    cost: int = 0

    def and_then(self, message_id: str, *, main: bool, price: str, cost: int) -> "Progress":
        """Return the progress after one more part."""
        ids = (*self.others, *([self.main] if main and self.main else []), *(() if main else (message_id,)))
        return Progress(
            done=self.done + 1,
            main=message_id if main else self.main,
            others=ids,
            price=max(self.price, price, key=_WORST.index),
            cost=self.cost + cost,
        )

    def sent(self) -> Sent:
        """Return what became of the whole message."""
        ids = (*self.others, self.main) if self.main else self.others
        if not ids:
            return Sent()
        return Sent(message_id=ids[-1], other_ids=ids[:-1], price=self.price, cost=self.cost)


def _simpler_and_simpler(part: Part, content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the forms of a part that are tried one after another, and what the next one does without.

    The quoted message may be unknown by now. Buttons in a text are documented by a single source; without
    them the list can still be typed.
    """
    if part.quote:
        yield "reply_to", {**content, "quote_message_id": part.quote}
    if part.buttons:
        yield "buttons", content
        content = parts.as_text_message(parts.without_buttons(part))
    yield "", content


class ZaloOaChannel:
    """A Zalo Official Account behind the port. Updates come by the webhook alone."""

    name = CHANNEL
    webhook_path = "/zalo/oa"
    polls = False

    def __init__(
        self,
        *,
        client: Client,
        app_id: str,
        oa_secret_key: str,
        open_media: OpenMedia,
        capabilities: Capabilities = CAPABILITIES,
        template: Template | None = None,
        card_picture: str = "",
        own_urls: Sequence[str] = (),
        media_hosts: Sequence[str] = (),
        hints: Hints = NO_HINTS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take what it works with; nothing is sent yet.

        `oa_secret_key` is what webhook calls are signed with; `open_media` returns the bytes of a stored
        photo or file; `card_picture` is the address of a picture for the card that asks for a phone, which
        is not asked for without one. What people sent is fetched from the vendor's domains, from
        `media_hosts` (further domains) and from where `own_urls` are. `hints` stand with lists and wishes.
        """
        self._client = client
        self._app_id = app_id
        self._key = oa_secret_key
        self._open_media = open_media
        self._template = template
        self._card_picture = card_picture
        origins = frozenset(str(URL(address).origin()) for address in own_urls)
        self._allowed = Allowed(hosts=(*HOSTS, *media_hosts), origins=origins)
        self._hints = hints
        self._now = now
        self._oa_id = ""
        self._unfinished: dict[_Key, Progress] = {}
        price = template.price if template else None
        self.capabilities = replace(capabilities, template_price=price)

    # ---- running

    async def start(self) -> None:
        """Ask who the account is. Without tokens it starts all the same: a consent may come later.

        Raises ChannelError when the vendor cannot be reached.
        """
        try:
            answer = await self._client.call("GET", "v2.0/oa/getoa")
        except ChannelError as error:
            if error.retryable and not isinstance(error, Misconfigured):
                raise
            logger.error(
                "The Zalo Official Account cannot be used yet: %s",
                error,
                extra={"action": "channel_not_ready", "channel": "zalo_oa"},
            )
            return
        self._oa_id = first_text(part_of(answer, "data"), "oa_id")

    async def poll(self, receive: Callable[[Envelope, bytes], Awaitable[None]]) -> None:
        """Do nothing: a webhook brings all updates."""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    # ---- receiving

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Check the signature over these very bytes and say what the event is.

        The console's test of the address, an unsigned "{}", is Empty, as are echoes of the bot's messages.
        """
        event = read(body)
        if not event:
            raise Empty("the console's test")
        given = headers.get(signature.HEADER, "")
        signature.check(
            body, event.get("timestamp", ""), given, app_id=self._app_id, key=self._key, now=self._now()
        )
        return envelope_of(event, self._oa_id)

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read a stored event; raises Malformed for one that nobody can read."""
        return parse_event(read(body), self._oa_id)

    async def fetch(self, photo: Photo) -> bytes:
        """Download a photo that a person sent, up to 20 MB, from the vendor's hosts only."""
        return await download(self._client.session, photo.reference, self._allowed)

    async def fetch_file(self, file: File) -> bytes:
        """Download a recording or a document that a person sent, as `fetch`."""
        return await download(self._client.session, file.reference, self._allowed)

    async def missed(self, users: Sequence[str], since: datetime) -> Sequence[tuple[Envelope, bytes]]:
        """Return what these people sent since then, oldest first of each; raises ChannelError."""
        people = [user for user in users if not user.startswith(GROUP_MARK)]
        return [found for user in people for found in await missed_by(self._client, user, since)]

    # ---- sending

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Show a message, in several parts where it is long or has photos or files.

        A repeated call for the same message goes on after the parts that were shown. `Sent` names the part
        with the text's end and the buttons. With `template` the approved form is sent in its place.
        """
        group = address.chat.startswith(GROUP_MARK)
        if message.template is not None and self._template and not group:
            return await self._send_template(address.chat, message, self._template)
        composed = compose(message, group=group, cards=bool(self._card_picture), hints=self._hints)
        key = (address.chat, message.reference or repr(message))
        progress = self._unfinished.pop(key, Progress())
        for part in composed[progress.done :]:
            try:
                progress = await self._show(address.chat, part, progress, group=group)
            except BaseException:
                self._remember(key, progress)
                raise
        return progress.sent()

    async def _send_template(self, user: str, message: OutboundMessage, template: Template) -> Sent:
        return await send_template(
            self._client,
            template,
            user,
            message.template or {},
            reference=message.reference,
            now=self._now(),
        )

    def _remember(self, key: _Key, progress: Progress) -> None:
        if not progress.done:
            return
        if len(self._unfinished) >= _UNFINISHED_REMEMBERED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[key] = progress

    async def _show(self, chat: str, part: Part, progress: Progress, *, group: bool) -> Progress:
        """Show one part; a wish for a phone that the vendor refuses is left out."""
        try:
            content = await self._as_message(part)
            answer = await self._post(chat, part, content, group=group)
        except Rejected as error:
            if not part.ask_contact:
                raise
            degraded("ask_contact", error)
            return replace(progress, done=progress.done + 1)
        data = part_of(answer, "data")
        price, cost = ("free", 0) if group else self._counted(data)
        sent = first_text(data, "message_id", "msg_id")
        return progress.and_then(sent, main=part.main, price=price, cost=cost)

    async def _post(self, chat: str, part: Part, content: dict[str, Any], *, group: bool) -> dict[str, Any]:
        """Send one part; where the vendor refuses it without what is no longer known or not allowed."""
        path = _TO_GROUP if group else _TO_PERSON
        recipient = {"group_id": chat.removeprefix(GROUP_MARK)} if group else {"user_id": chat}
        for what, message in _simpler_and_simpler(part, content):
            try:
                return await self._client.call(
                    "POST", path, json={"recipient": recipient, "message": message}
                )
            except Rejected as error:
                if not what:
                    raise
                degraded(what, error)
        raise AssertionError("the simplest form is sent or raises")

    async def _as_message(self, part: Part) -> dict[str, Any]:
        """Return the vendor's `message` for a part, after uploading what it shows."""
        if part.photo:
            return await self._uploaded_photo(part, part.photo)
        if part.file:
            return await self._uploaded_file(part.file)
        if part.ask_contact:
            return parts.as_wish(part.ask_contact, self._card_picture)
        return parts.as_text_message(part)

    async def _uploaded_photo(self, part: Part, photo: Photo) -> dict[str, Any]:
        content, mime = await fitted(await self._content(photo.media_key))
        name = "photo.png" if mime == "image/png" else "photo.jpg"
        uploaded = await self._upload("image", content, name=name, mime=mime)
        if not uploaded:
            return parts.as_text_message(Part(text=part.text or parts.PHOTO_NOT_SENT))
        return parts.as_picture(part, uploaded)

    async def _uploaded_file(self, file: File) -> dict[str, Any]:
        content = await self._content(file.media_key)
        name, uploaded = file.name or file.media_key, ""
        if len(content) > FILE_LIMIT:
            degraded("file", f"{len(content)} bytes")
        else:
            uploaded = await self._upload("file", content, name=name, mime=FILE_TYPES[ending_of(file)])
        return parts.as_file(uploaded) if uploaded else parts.as_text_message(parts.left_out(name))

    async def _upload(self, kind: str, content: bytes, *, name: str, mime: str) -> str:
        """Upload something and return what it is called from now on; empty when no more may be uploaded."""
        try:
            answer = await self._client.upload(f"v2.0/oa/upload/{kind}", content, name=name, mime=mime)
        except OutsideReplyWindow as error:  # so many a month are allowed
            degraded(kind, error)
            return ""
        return first_text(part_of(answer, "data"), "attachment_id", "token")

    async def _content(self, media_key: str) -> bytes:
        try:
            return await self._open_media(media_key)
        except Exception as error:  # whatever it is, another try finds the same
            raise Rejected(f"{media_key} cannot be read") from error

    def _counted(self, data: Mapping[str, Any]) -> tuple[str, int]:
        """Return how the vendor counted a message and what it cost: without a quota it was charged."""
        quota = part_of(data, "quota")
        if not quota:
            return "paid", self.capabilities.price
        return ("free" if first_text(quota, "quota_type") in _FREE else "quota"), 0

    # ---- groups

    async def create_group(self, wish: CreateGroup) -> Address:
        """Create a group of the account's (GMF); raises ChannelError."""
        return await groups.create_group(self._client, wish)

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Do something with a group; raises NotSupported for what the vendor has nothing of."""
        return await groups.act(self._client, address, act)
