"""The adapter itself: what the port asks for, done with the Bot API."""

import asyncio
import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from telegram import InputFile, InputMediaPhoto
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError

from bot.channels.telegram.acts import do_in_group, link_into_a_group
from bot.channels.telegram.faults import topic_is_gone, vendor_faults
from bot.channels.telegram.fields import CHANNEL, Me
from bot.channels.telegram.pace import Limits, Pace
from bot.channels.telegram.parts import (
    ALBUM_LIMIT,
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Markup,
    Part,
    compose,
    vendor_id,
)
from bot.channels.telegram.polling import Polling, Receive
from bot.channels.telegram.request import AiohttpRequest, ApiBot
from bot.channels.telegram.updates import ALLOWED_UPDATES, envelope_of, parse_update, read
from bot.channels.telegram.watching import Looks, examined
from handlers.channel import (
    Acted,
    Address,
    Ailment,
    Capabilities,
    CreateGroup,
    Envelope,
    File,
    Forbidden,
    GroupAct,
    InboundMessage,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    Rejected,
    Sent,
)

DOWNLOAD_LIMIT = 20 * 1024 * 1024
"""Bytes that getFile serves (https://core.telegram.org/bots/api#getfile)."""
WEBHOOK_PATH = "/telegram"
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_WEBHOOK_CONNECTIONS = 100
_UNFINISHED_REMEMBERED = 1_000

logger = logging.getLogger(__name__)

OpenMedia = Callable[[str], Awaitable[bytes]]
Commands = Sequence[tuple[str, str]]
"""Names and descriptions of commands."""


class TelegramChannel:
    """Telegram behind the port. Call `start` before `poll` or a webhook, `close` at the end."""

    name = CHANNEL
    webhook_path = WEBHOOK_PATH
    capabilities = Capabilities(
        source="https://core.telegram.org/bots/api",
        text_limit=TEXT_LIMIT,
        caption_limit=CAPTION_LIMIT,
        photos_per_message=ALBUM_LIMIT,
        location_request=True,
        contact_request=True,
        topics=True,
        files=True,
    )

    def __init__(
        self,
        *,
        token: str,
        secret: str,
        mode: Literal["polling", "webhook"],
        open_media: OpenMedia,
        api_url: str = "https://api.telegram.org",
        public_url: str = "",
        commands: Commands = (),
        group_commands: Commands = (),
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        poll_seconds: int = 30,
        longest_pause: float = 60.0,
    ) -> None:
        """Take the settings; nothing is sent yet.

        `secret` is what the vendor repeats in each webhook call (1–256 of A–Z a–z 0–9 _ -) and
        `public_url` is where it calls; `open_media` returns the bytes of a stored photo; `commands` is
        the menu of everybody and `group_commands` that of all groups; `clock` counts seconds and
        `wall_clock` those since 1970. Raises ValueError for a token or a
        secret that cannot be right, without showing it.
        """
        if not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
            raise ValueError("the Telegram token must look like 123456:ABC-def")
        if mode == "webhook" and not re.fullmatch(r"[\w-]{1,256}", secret, re.ASCII):
            raise ValueError("the Telegram secret must have 1 to 256 of A-Z a-z 0-9 _ -")
        self._secret = secret.encode()
        self._mode = mode
        self.polls = mode == "polling"
        self._webhook_url = public_url.rstrip("/") + WEBHOOK_PATH
        self._commands, self._group_commands = tuple(commands), tuple(group_commands)
        self._open_media = open_media
        self._request = AiohttpRequest()
        base = api_url.rstrip("/")
        self._bot = ApiBot(token, f"{base}/bot", f"{base}/file/bot", self._request, self._request)
        self._polling = Polling(
            self._request,
            f"{base}/bot{token}/getUpdates",
            wait_seconds=poll_seconds,
            longest_pause=longest_pause,
            clock=clock,
        )
        self._looks = Looks()
        self._wall_clock = wall_clock
        limits = limits or Limits()
        if limits.overall:
            a_minute = int(60 * limits.overall.count / limits.overall.seconds)
            self.capabilities = replace(self.capabilities, messages_per_minute=a_minute)
        self._pace = Pace(limits, clock)
        self._unfinished: dict[tuple[Address, OutboundMessage], tuple[int, tuple[str, ...]]] = {}
        self._me = Me(id=int(token.partition(":")[0]))
        self._keyboards: set[int] = set()
        self._acknowledging: set[asyncio.Task[None]] = set()

    # ---- running

    async def start(self) -> None:
        """Tell the vendor how updates are to be delivered and which commands there are.

        What arrived while the bot was away is kept. Safe to repeat; raises ChannelError.
        """
        await self._request.initialize()
        await self._meet_itself()
        with vendor_faults():
            if self._mode == "webhook":
                await self._bot.set_webhook(
                    self._webhook_url,
                    secret_token=self._secret.decode(),
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=_WEBHOOK_CONNECTIONS,
                )
            else:
                await self._bot.delete_webhook()
            if self._commands:
                await self._bot.call("setMyCommands", commands=_menu(self._commands))
            if self._group_commands:
                scope = {"type": "all_group_chats"}
                await self._bot.call("setMyCommands", commands=_menu(self._group_commands), scope=scope)

    async def _meet_itself(self, *, again: bool = False) -> Me:
        """Ask the vendor what the bot is called and what it may read: once, as long as nobody doubts it."""
        if again or not self._me.username:
            with vendor_faults():
                told = await self._bot.call("getMe")
            self._me = Me(
                id=told["id"],
                username=told["username"],
                reads_all=bool(told.get("can_read_all_group_messages")),
            )
        return self._me

    async def close(self) -> None:
        """Close the connections; what is still being acknowledged is given up."""
        for task in self._acknowledging:
            task.cancel()
        await self._request.shutdown()

    async def poll(self, receive: Receive) -> None:
        """Hand over each new update as its own JSON until cancelled; failures are logged and retried.

        The updates of one answer are handed over together, begun in their order. They are confirmed to
        the vendor when all of them are received; until then they come again. Presses are acknowledged.
        """

        async def receive_and_acknowledge(envelope: Envelope, body: bytes) -> None:
            await receive(envelope, body)
            task = asyncio.create_task(self.acknowledge(body))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

        await self._polling.run(receive_and_acknowledge)

    async def ailments(self) -> Sequence[Ailment]:
        """Say whether updates still come in: "webhook_stolen", "webhook_behind", "webhook_failing";
        "polling_conflict", "polling_silent", "polling_behind". Asked about every minute."""
        with vendor_faults():
            info = await self._bot.call("getWebhookInfo")
        if self.polls:
            return self._looks.at_polling(info, self._polling)
        return self._looks.at_webhook(info, url=self._webhook_url, now=self._wall_clock())

    async def examine(self) -> Sequence[Ailment]:
        """Ask whether the vendor knows the bot and where updates go; changes nothing. Raises ChannelError."""
        await self._meet_itself(again=True)
        with vendor_faults():
            info = await self._bot.call("getWebhookInfo")
        return examined(info, url="" if self.polls else self._webhook_url, now=self._wall_clock())

    # ---- receiving

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Check the secret in constant time and say what the update is."""
        given = headers.get(_SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not (self._secret and hmac.compare_digest(given, self._secret)):
            raise Forbidden("wrong secret")
        return envelope_of(read(body))

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read a stored update; raises ValueError or Malformed for one that nobody can read."""
        return parse_update(body, self._me)

    async def acknowledge(self, body: bytes) -> None:
        """Stop the waiting sign on a pressed button; does nothing for other updates and never fails."""
        if b'"callback_query"' not in body:
            return
        try:
            await self._bot.answer_callback_query(read(body)["callback_query"]["id"], read_timeout=5)
        except Exception as error:
            logger.info("a button press was not answered: %s", error, extra={"action": "acknowledge_failed"})

    async def fetch(self, photo: Photo) -> bytes:
        """Download a photo that a person sent, up to 20 MB."""
        return await self._download(photo.reference)

    async def fetch_file(self, file: File) -> bytes:
        """Download a recording or a document that a person sent, up to 20 MB."""
        return await self._download(file.reference)

    async def _download(self, reference: str) -> bytes:
        with vendor_faults():
            try:
                file = await self._bot.get_file(reference)
            except (KeyError, TypeError) as error:  # an answer that is none: the library does not look
                raise NetworkError("Invalid server response") from error
            if (file.file_size or 0) > DOWNLOAD_LIMIT:
                raise Rejected("the file is over 20 MB")
            try:
                return bytes(await file.download_as_bytearray())
            except InvalidToken as error:
                # The library reads any 404 as a wrong token; here the file is gone.
                raise Rejected("the file is no longer there") from error

    # ---- sending

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Show a message, in several parts where it is long or has many photos.

        A repeated call for the same message goes on after the parts that were shown. `Sent` names the
        part with the text's end and the buttons. A group that has moved is Rejected with `moved_to`.
        """
        chat = vendor_id(address.chat)
        parts = compose(message, private=chat > 0)
        done, shown = self._unfinished.get((address, message), (0, ()))
        self._admit(chat, sum(part.cost for part in parts[done:]))
        self._unfinished.pop((address, message), None)
        for number, part in enumerate(parts[done:], start=done):
            try:
                ids = await self._show(chat, part)
            except BaseException as error:
                if number:
                    self._remember(address, message, number, shown)
                self._note_flood(chat, error)
                raise
            shown = (*ids, *shown) if part.prompt else (*shown, *ids)
        if message.replace:
            await self._take_buttons_away(chat, vendor_id(message.replace))
        if message.menu and chat > 0:
            await self._offer(chat, message.menu)
        return Sent(message_id=shown[-1], other_ids=shown[:-1]) if shown else Sent()

    async def create_group(self, wish: CreateGroup) -> Address:
        """Refuse: only a person can make a group on Telegram and add the bot to it."""
        raise NotSupported("a bot cannot create a group on Telegram")

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Do something with a group; a link that adds the bot to one needs no group yet."""
        # What the bot may read may have been changed since, which is why somebody looks again.
        me = await self._meet_itself(again=act.do == "check")
        if act.do == "link":
            return Acted(value=link_into_a_group(me, act.token))
        chat = vendor_id(address.chat)
        if act.do == "open_topic":  # it shows as a message in the group
            self._admit(chat, 1)
        return await do_in_group(self._bot, chat, act, me)

    def _admit(self, chat: int, count: int) -> None:
        wait = self._pace.admit(chat, count) if count else 0.0
        if wait > 0:
            for_all = wait <= self._pace.wait_of_all(count)
            raise RateLimited("too fast", retry_after=timedelta(seconds=wait), for_all=for_all)

    def _note_flood(self, chat: int, error: BaseException) -> None:
        """Let the whole bot wait when the vendor lets many chats wait at once."""
        if isinstance(error, RateLimited):
            error.for_all = self._pace.refused(chat)

    def _remember(
        self, address: Address, message: OutboundMessage, number: int, shown: tuple[str, ...]
    ) -> None:
        if len(self._unfinished) >= _UNFINISHED_REMEMBERED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[address, message] = (number, shown)

    async def _show(self, chat: int, part: Part) -> list[str]:
        """Show one part; return the ids of the messages that it is for the vendor."""
        fields: dict[str, Any] = {"chat_id": chat}
        if part.reply_to:
            fields["reply_parameters"] = {"message_id": part.reply_to, "allow_sending_without_reply": True}
        if markup := self._markup(chat, part):
            fields["reply_markup"] = markup
        if part.topic:
            fields["message_thread_id"] = part.topic
        with vendor_faults():
            sent = await self._call_in_topic(*await self._as_call(part), **fields)
        return [str(each["message_id"]) for each in (sent if isinstance(sent, list) else [sent])]

    async def _as_call(self, part: Part) -> tuple[str, dict[str, Any]]:
        """Return the method that shows a part, and the fields for it."""
        if part.file:
            named = InputFile(await self._content(part.file.media_key), filename=_file_name(part.file))
            voice = part.file.kind == "voice"
            method, field = ("sendVoice", "voice") if voice else ("sendDocument", "document")
            return method, {field: named, "caption": part.text or None}
        if len(part.photos) > 1:
            media = [InputMediaPhoto(await self._picture(photo)) for photo in part.photos]
            return "sendMediaGroup", {"media": media}
        if part.photos:
            picture = await self._picture(part.photos[0])
            sent = picture if isinstance(picture, str) else InputFile(picture)
            return "sendPhoto", {"photo": sent, "caption": part.text or None}
        return "sendMessage", {"text": part.text, "link_preview_options": {"is_disabled": True}}

    async def _call_in_topic(self, method: str, content: dict[str, Any], **fields: Any) -> Any:
        """Call a method that shows something; where its topic is gone, show it to everybody in the group."""
        try:
            return await self._bot.call(method, **content, **fields)
        except BadRequest as error:
            if "message_thread_id" not in fields or not topic_is_gone(error):
                raise
            logger.warning("a topic is gone: %s", error, extra={"action": "topic_gone"})
        del fields["message_thread_id"]
        return await self._bot.call(method, **content, **fields)

    def _markup(self, chat: int, part: Part) -> Markup | None:
        """Return the part's keyboard; or, where one is still shown, the wish to hide it."""
        if part.markup and "keyboard" in part.markup:
            self._keyboards.add(chat)
        elif part.markup is None and chat in self._keyboards and len(part.photos) < 2:
            self._keyboards.discard(chat)
            return {"remove_keyboard": True}
        return part.markup

    async def _picture(self, photo: Photo) -> bytes | str:
        return await self._content(photo.media_key) if photo.media_key else photo.reference

    async def _content(self, media_key: str) -> bytes:
        try:
            return await self._open_media(media_key)
        except Exception as error:  # whatever it is, another try finds the same
            raise Rejected(f"{media_key} cannot be read") from error

    async def _take_buttons_away(self, chat: int, message_id: int) -> None:
        """Remove spent buttons where possible: a press on one that stays is harmless."""
        try:
            await self._bot.call("editMessageReplyMarkup", chat_id=chat, message_id=message_id)
        except BadRequest as error:
            logger.debug("buttons were not removed: %s", error, extra={"action": "replace_skipped"})
        except TelegramError as error:
            logger.info("buttons were not removed: %s", error, extra={"action": "replace_failed"})

    async def _offer(self, chat: int, commands: Commands) -> None:
        """Show these commands in the chat's menu where possible; the usual ones need no menu of its own."""
        scope = {"type": "chat", "chat_id": chat}
        try:
            if tuple(commands) == self._commands:
                await self._bot.call("deleteMyCommands", scope=scope)
            else:
                await self._bot.call("setMyCommands", commands=_menu(commands), scope=scope)
        except TelegramError as error:
            logger.info("a menu was not changed: %s", error, extra={"action": "menu_failed"})


def _menu(commands: Commands) -> list[dict[str, str]]:
    return [{"command": name, "description": description} for name, description in commands]


def _file_name(file: File) -> str:
    """Return the name under which a file is sent; its key has the ending that the vendor goes by."""
    return file.name or file.media_key
