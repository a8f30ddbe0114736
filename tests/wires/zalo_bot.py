"""The Zalo Bot Platform as a wire: its stand-in, and what the app does and shows."""

from datetime import timedelta
from typing import Any

from handlers.channel import ChannelError, InboundMessage, RecipientUnreachable, Rejected, Unavailable
from tests.standins.zalo_bot import ZaloBotStandIn
from tests.wires.wire import GATHERING
from tests.wires.zalo import ZaloWire

_TOKEN = "42:stand-in-for-the-vendor"


class ZaloBotWire(ZaloWire):
    """The Zalo Bot Platform over HTTP."""

    name = "zalo_bot"
    refusals = (RecipientUnreachable, Unavailable)
    losses = (Rejected,)

    async def _start_vendor(self) -> dict[str, str]:
        self.vendor = await self._exits.enter_async_context(ZaloBotStandIn(token=_TOKEN))
        self.vendor.now = self._clock
        return {
            "LANGNGHE_ZALO_BOT_TOKEN": _TOKEN,
            "LANGNGHE_ZALO_BOT_SECRET": "a-secret-for-tests",
            "LANGNGHE_ZALO_BOT_MODE": "webhook",
            "LANGNGHE_ZALO_BOT_API_URL": self.vendor.url,
            "LANGNGHE_ZALO_BOT_PEOPLE": "100000",
            "LANGNGHE_ZALO_BOT_MESSAGES": "1000000",
        }

    def _new_chat(self, name: str) -> str:
        return f"6ede9afa66b88fe{next(self._numbers):x}"

    def group_of(self, name: str) -> str:
        """Return the id of the group that a test calls so."""
        if name.startswith("g") and name in self._chats.values():
            return name
        if name not in self._chats:
            self._chats[name] = f"g7ac{next(self._numbers):x}"
            self.vendor.groups.add(self._chats[name][1:])
            self.vendor._known.add(self._chats[name][1:])
        return self._chats[name]

    async def has_written(self, chat: str) -> None:
        """Take note that somebody has written to the bot before the test begins."""
        self.vendor._known.add(chat)

    # ---- what people do

    async def brings(self, message: InboundMessage) -> timedelta:
        """Let somebody do in their app what the bot is to understand so."""
        self.able(message)
        self._unable(message)
        fields: dict[str, Any] = {"name": message.sender_name}
        if message.group:
            fields |= {"group": message.address.chat.removeprefix("g"), "mention": message.mentioned}
        text = self._as_typed(message) if message.button else message.text
        if message.group and message.button:
            fields["mention"] = True
        if self._answered:
            fields["reply_to"], self._answered = self._vendors[message.address.chat, self._answered], ""
        if message.reply_to:
            fields["reply_to"] = self._vendors.get((message.address.chat, message.reply_to))
            if fields["reply_to"] is None:
                self.cannot("tell that somebody answers their own message")
        if message.unsupported == "sticker":
            fields["sticker"] = True
        elif message.unsupported == "voice":
            fields["voice"] = b"recording"
        elif message.unsupported:
            fields["document"] = True
        photos = [self._photos.content(photo.reference) for photo in message.photos]
        sent = await self.vendor.user_sends(message.sender, text, photos=photos, **fields)
        if sent:
            self._own.setdefault((message.address.chat, message.message_id), sent[0]["message_id"])
        for photo, part in zip(message.photos, sent, strict=False):
            self._references[part[self.vendor.photo_field]] = photo.reference
        return GATHERING if photos and not message.album else timedelta()

    def _unable(self, message: InboundMessage) -> None:
        if message.contact:
            self.cannot("share a phone number by a button")
        if message.left or message.joined:
            self.cannot("tell that somebody blocked the bot or let it in again")
        if message.rights or message.moved_to or message.wants_in or message.member_joined:
            self.cannot("tell of changes in a group")
        if message.member_left:
            self.cannot("tell of changes in a group")
        if message.unsupported in ("video", "file", "large_photo"):
            self.cannot("tell what came that it hands over nothing of")

    # ---- what people see

    def _sent(self, chat: str) -> list[Any]:
        found: list[Any] = self.vendor._shown.get(chat.removeprefix("g"), [])
        return found

    def _id_of(self, part: Any) -> str:
        return str(part.message_id)

    # ---- what goes wrong

    def _refuse(self, chat: str, failure: ChannelError) -> None:
        code = 404 if isinstance(failure, RecipientUnreachable) else 500
        self.vendor.fails(code, "chat not found" if code == 404 else "Internal", chat=chat.removeprefix("g"))

    def _lose(self, reference: str, failure: ChannelError) -> None:
        self.vendor._files.pop(reference.rpartition("/")[2], None)
