"""The adapter itself: what the port asks for, done with the Bot Platform. For a pilot and for staff."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.channels.zalo_bot.client import API_URL, FIRST_PAUSE, READ_SECONDS, Client, NoAnswerYet
from bot.channels.zalo_bot.parts import TEXT_LIMIT, Part, compose
from bot.channels.zalo_bot.updates import CHANNEL, GROUP_MARK, envelope_of, parse_update, read
from handlers.channel import (
    Acted,
    Address,
    Ailment,
    Capabilities,
    ChannelError,
    CreateGroup,
    Empty,
    Envelope,
    File,
    Forbidden,
    GroupAct,
    GroupRights,
    InboundMessage,
    Malformed,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    Sent,
)

CAPABILITIES = Capabilities(
    source="https://docs.zaloplatforms.com/docs/BOT",
    text_limit=TEXT_LIMIT,
    caption_limit=TEXT_LIMIT,
    buttons=False,
    photos_per_message=1,
    links=False,
    edits=False,
    locations=False,
    recordings=False,
    mentions_only=True,
)
WEBHOOK_PATH = "/zalo/bot"
LONGEST_PAUSE = timedelta(hours=1)
"""How long the whole channel waits, at most, before it tries whether its plan allows messages again."""
ALMOST = 0.9
"""The share of the plan from which operators are told."""
_SECRET_HEADER = "X-Bot-Api-Secret-Token"
_UNFINISHED_REMEMBERED = 1_000

Receive = Callable[[Envelope, bytes], Awaitable[None]]
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the vendor's plan allows (https://bot.zaloplatforms.com/pricing): the Basic one by default."""

    people: int = 50
    messages: int = 3000
    """In a calendar month."""
    groups: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What of a plan is used."""

    people: int
    messages: int
    groups: int


class ZaloBotChannel:
    """The Bot Platform behind the port. Call `start` before `poll` or a webhook, `close` at the end."""

    name = CHANNEL
    webhook_path = WEBHOOK_PATH

    def __init__(
        self,
        *,
        token: str,
        secret: str,
        mode: Literal["polling", "webhook"],
        api_url: str = API_URL,
        public_url: str = "",
        publish: Callable[[Photo], str] = lambda photo: "",
        plan: Plan | None = None,
        used: Callable[[], Awaitable[Used]] | None = None,
        poll_seconds: int = 30,
        longest_pause: float = 60.0,
        choose: str = "",
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        """Take the settings; nothing is sent yet.

        `secret` is what the vendor repeats in each webhook call (8 to 256 characters) and `public_url` is
        where it calls; `publish` gives a stored photo an address that anybody can open for a while, or
        nothing; `used` tells what of the plan is used; `choose` says, above a list, how to choose;
        `connector` makes the connections. Raises ValueError for a token or a secret that cannot be right,
        without showing it.
        """
        if not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
            raise ValueError("the Zalo Bot token must look like 123456:abc-xyz")
        if mode == "webhook" and not 8 <= len(secret) <= 256:
            raise ValueError("the Zalo Bot secret must have 8 to 256 characters")
        self.capabilities = CAPABILITIES
        self.polls = mode == "polling"
        self._secret = secret
        self._webhook_url = public_url.rstrip("/") + WEBHOOK_PATH
        self._client = Client(token=token, api_url=api_url, connector=connector)
        self._publish = publish
        self._plan, self._used = plan or Plan(), used
        self._poll_seconds, self._longest_pause = poll_seconds, longest_pause
        self._choose = choose
        self._names: tuple[str, ...] = ()
        self._pause = timedelta()
        self._unfinished: dict[tuple[Address, str], tuple[int, tuple[str, ...]]] = {}

    # ---- running

    async def start(self) -> None:
        """Ask who the bot is, and tell the vendor how updates are to be delivered. Safe to repeat."""
        me = await self._client.call("getMe")
        self._take_name(me if isinstance(me, dict) else {})
        if self.polls:
            await self._client.call("deleteWebhook")
        else:
            fields = {"url": self._webhook_url, "secret_token": self._secret}
            await self._client.call("setWebhook", fields)

    def _take_name(self, me: Mapping[str, Any]) -> None:
        names = (me.get("display_name"), me.get("account_name"))
        self._names = tuple(name for name in names if isinstance(name, str) and name)
        if me.get("can_join_groups") is False:
            self.capabilities = replace(self.capabilities, groups=False)
            log.info("The bot may not be in groups.", action="no_groups", channel=CHANNEL)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def poll(self, receive: Receive) -> None:
        """Hand over one update after the other until cancelled; failures are logged and retried.

        The vendor keeps no place: what it has handed over it never tells again. So nothing more is asked
        for until it is stored.
        """
        failures = 0
        while True:
            try:
                update = await self._next()
            except Exception as error:
                failures += 1
                await self._wait(error, failures)
                continue
            failures = 0
            if update is not None:
                await self._hand_over(update, receive)

    async def _next(self) -> Any:
        """Return the next update; None when there is none for a while."""
        wait = self._poll_seconds
        try:
            return await self._client.call("getUpdates", {"timeout": str(wait)}, seconds=wait + READ_SECONDS)
        except NoAnswerYet:
            return None

    async def _hand_over(self, update: Any, receive: Receive) -> None:
        body = json.dumps(update).encode()
        try:
            envelope = envelope_of(read(body))
        except (Malformed, Empty):
            log.error("The vendor sent no update.", action="update_unreadable", channel=CHANNEL)
            return
        failures = 0
        while True:
            try:
                await receive(envelope, body)
            except Exception as error:
                failures += 1
                await self._wait(error, failures)
            else:
                return

    async def _wait(self, error: Exception, failures: int) -> None:
        pause = min(self._longest_pause, 0.5 * 2.0 ** min(failures, 10))
        if isinstance(error, ChannelError) and error.retry_after:
            pause = error.retry_after.total_seconds()
        log.warning("Polling failed.", action="poll_failed", channel=CHANNEL, pause=pause, error=error)
        await asyncio.sleep(pause)

    # ---- receiving

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Check the secret in constant time and say what the update is."""
        given = headers.get(_SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not (self._secret and hmac.compare_digest(given, self._secret.encode())):
            raise Forbidden("wrong secret")
        return envelope_of(read(body))

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read a stored update; raises ValueError or Malformed for one that nobody can read."""
        return parse_update(body, self._names)

    async def fetch(self, photo: Photo) -> bytes:
        """Download a photo that a person sent, up to 20 MB, from the vendor's hosts only."""
        return await self._client.download(photo.reference)

    async def fetch_file(self, file: File) -> bytes:
        """Download a recording that a person sent, up to 20 MB, from the vendor's hosts only."""
        return await self._client.download(file.reference)

    # ---- sending

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Show a message, in several parts where it is long or has photos.

        A repeated call for the same message goes on after the parts that were shown.
        """
        parts = compose(message, self._publish, choose=self._choose)
        key = (address, message.reference)
        done, shown = self._unfinished.pop(key, (0, ()))
        for number, part in enumerate(parts[done:], start=done):
            try:
                shown = (*shown, await self._show(address.chat, part))
            except BaseException:
                if number and message.reference:
                    self._remember(key, number, shown)
                raise
        return Sent(message_id=shown[-1], other_ids=shown[:-1]) if shown else Sent()

    async def _show(self, chat: str, part: Part) -> str:
        fields = {"chat_id": chat.removeprefix(GROUP_MARK)}
        if part.photo:
            method = "sendPhoto"
            fields |= {"photo": part.photo, **({"caption": part.text} if part.text else {})}
        else:
            method = "sendMessage"
            fields["text"] = part.text
            if part.reply_to:
                fields["reply_to_message_id"] = part.reply_to
        try:
            sent = await self._client.call(method, fields)
        except RateLimited as error:
            raise self._used_up(error) from error
        self._pause = timedelta()
        return str(sent.get("message_id", "")) if isinstance(sent, dict) else ""

    def _used_up(self, error: RateLimited) -> RateLimited:
        """Let the whole channel wait, longer each time: nobody knows when the plan allows more."""
        self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
        return RateLimited(str(error), retry_after=self._pause, for_all=True)

    def _remember(self, key: tuple[Address, str], number: int, shown: tuple[str, ...]) -> None:
        if len(self._unfinished) >= _UNFINISHED_REMEMBERED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[key] = (number, shown)

    # ---- groups

    async def create_group(self, wish: CreateGroup) -> Address:
        """Refuse: only a person can add the bot to a group."""
        raise NotSupported("a bot cannot create a group here")

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Say that the bot is in a group that it is asked about; it can do nothing else in one."""
        if act.do == "check":
            return Acted(rights=GroupRights(member=True))
        raise NotSupported("a bot can do nothing with a group here")

    # ---- watching

    async def examine(self) -> Sequence[Ailment]:
        """Ask whether the vendor knows the bot and where updates go; changes nothing. Raises ChannelError."""
        await self._client.call("getMe")
        told = await self._client.call("getWebhookInfo")
        url = str(told.get("url") or "") if isinstance(told, dict) else ""
        if url == ("" if self.polls else self._webhook_url):
            return []
        detail = f"the webhook is at {urlsplit(url).hostname}" if url else "no webhook is set"
        return [Ailment(what="polling_conflict" if self.polls else "webhook_stolen", detail=detail)]

    async def ailments(self) -> Sequence[Ailment]:
        """Return what of the plan is used up, or nearly."""
        told = ["the vendor answers 429 to every message"] if self._pause else []
        if self._used is not None:
            told += _nearly(await self._used(), self._plan)
        return [Ailment(what="plan_used_up", detail="; ".join(told))] if told else []


def _nearly(used: Used, plan: Plan) -> list[str]:
    """Say of what little or nothing is left."""
    told = []
    for what in ("messages", "people", "groups"):
        count, allowed = getattr(used, what), getattr(plan, what)
        if allowed and count >= (allowed * ALMOST if what == "messages" else allowed):
            told.append(f"{count:,} of {allowed:,} {what}")
    return told
