"""Telegram as a wire: the Bot API's stand-in, and what its apps do and show."""

from datetime import timedelta
from typing import Any

from handlers.channel import (
    Button,
    ChannelError,
    File,
    InboundMessage,
    OutboundMessage,
    RecipientUnreachable,
    Rejected,
    Sent,
    Unavailable,
)
from tests.standins.telegram import Document, TelegramStandIn, blocked, fault
from tests.standins.telegram import Shown as VendorShown
from tests.standins.telegram_groups import RIGHTS, Topic
from tests.wires.shown import Shown
from tests.wires.wire import GATHERING, Wire

_TOKEN = "42:stand-in-for-the-vendor"
_UNUSABLE: dict[str, dict[str, Any]] = {
    "sticker": {"sticker": {"file_id": "s", "file_unique_id": "s", "width": 512, "height": 512}},
    "video": {"video": {"file_id": "v", "file_unique_id": "v", "width": 1, "height": 1, "duration": 1}},
    "voice": {"voice": {"file_id": "a", "file_unique_id": "a", "duration": 3}},
    "other": {"dice": {"emoji": "🎲", "value": 3}},
}


class NamedPeople(TelegramStandIn):
    """The vendor's server, where people have the names that a test gives them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.names: dict[int, str] = {}

    def _person(self, user: int) -> dict[str, Any]:  # type: ignore[override]
        first_name = self.names.get(user) or f"Công dân {user}"
        return {"id": user, "is_bot": False, "first_name": first_name, "language_code": "vi"}

    def knows(self, chat: int) -> None:
        """Let somebody have written to the bot long ago."""
        self._known.add(chat)


class TelegramWire(Wire):
    """Telegram over HTTP."""

    name = "telegram"
    refusals = (RecipientUnreachable, Unavailable)
    losses = (Rejected, Unavailable)

    async def _start_vendor(self) -> dict[str, str]:
        self.vendor = await self._exits.enter_async_context(NamedPeople(token=_TOKEN))
        self._own: dict[tuple[str, str], dict[str, Any]] = {}
        self._vendors: dict[tuple[str, str], VendorShown] = {}
        return {
            "LANGNGHE_TELEGRAM_TOKEN": _TOKEN,
            "LANGNGHE_TELEGRAM_SECRET": "a-secret-for-tests",
            "LANGNGHE_TELEGRAM_MODE": "webhook",
            "LANGNGHE_TELEGRAM_API_URL": self.vendor.url,
        }

    def _new_chat(self, name: str) -> str:
        number = next(self._numbers)
        self.vendor.names[number] = name
        return str(number)

    async def has_written(self, chat: str) -> None:
        """Take note that somebody has written to the bot before the test begins."""
        self.vendor.knows(int(chat))

    def group_of(self, name: str) -> str:
        """Return the id of the group that a test calls so."""
        if name.lstrip("-").isdecimal():
            self.vendor.knows(int(name))
            return name
        if name not in self._chats:
            self._chats[name] = str(-next(self._numbers))
            self.vendor.knows(int(self._chats[name]))
        return self._chats[name]

    # ---- what people do

    async def brings(self, message: InboundMessage) -> timedelta:
        """Let somebody do in their app what the bot is to understand so."""
        self.able(message)
        if message.sender_name:
            self.vendor.names[int(message.sender)] = message.sender_name
        if message.button:
            await self._press(message)
        elif message.edited:
            original = self._own[message.address.chat, message.message_id]
            await self.vendor.user_edits(original, message.text)
        elif message.group and await self._change_group(message):
            pass
        elif message.left:
            await self.vendor.user_blocks(int(message.address.chat))
        elif message.joined:
            await self.vendor.user_unblocks(int(message.address.chat))
        else:
            return await self._send(message)
        return timedelta()

    def id_of(self, message: InboundMessage) -> str:
        """Return the channel's id of what somebody sent."""
        return str(self._own[message.address.chat, message.message_id]["message_id"])

    async def _press(self, message: InboundMessage) -> None:
        chat, user = int(message.address.chat), int(message.sender)
        shown = self._vendors.get((message.address.chat, message.button_message))
        if shown is None:  # of a screen that is older than what the vendor remembers
            self.vendor.knows(chat)
            shown = VendorShown(chat=chat, message_id=0)
        await self.vendor.user_presses_stale(shown, message.button, user=user)

    async def _send(self, message: InboundMessage) -> timedelta:
        """Send what the app sends: several pictures as an album, and a position in a message of its own."""
        chat, text = int(message.address.chat), self._text(message)
        fields = self._fields(message)
        parts = [*message.photos, *message.files]
        several = len(parts) > 1 and not message.album
        if several:
            fields["more"] |= {"media_group_id": f"album-{message.message_id}"}
        for part in parts:
            sent = await self.vendor.user_sends(chat, text, **self._enclosed(part), **fields)
            self._references[self._file_id(sent)] = part.reference
            self._own.setdefault((message.address.chat, message.message_id), sent)
            text = ""
        alone = self._alone(message)
        if alone or not parts:
            fields["more"] = alone.pop("more", {})
            text = "" if "caption" in fields["more"] else text
            sent = await self.vendor.user_sends(chat, text, **alone, **fields)
            self._own.setdefault((message.address.chat, message.message_id), sent)
        return GATHERING if several else timedelta()

    @staticmethod
    def _text(message: InboundMessage) -> str:
        return f"{message.text} @thu_bot" if message.mentioned and "@" not in message.text else message.text

    def _fields(self, message: InboundMessage) -> dict[str, Any]:
        fields: dict[str, Any] = {"user": int(message.sender), "more": {}}
        if message.topic:
            fields["topic"] = int(message.topic)
            topics = self.vendor.room(int(message.address.chat)).topics
            topics.setdefault(int(message.topic), Topic(name=message.topic))
        if message.album:
            fields["more"] |= {"media_group_id": message.album}
        if message.reply_to:
            fields["reply_to"] = self._replied(message)
        return fields

    @staticmethod
    def _alone(message: InboundMessage) -> dict[str, Any]:
        """Return what stands in a message without pictures and files."""
        fields: dict[str, Any] = {}
        if message.location:
            fields["location"] = (message.location.latitude, message.location.longitude)
        if message.contact:
            fields["contact"] = message.contact.phone
            fields["contact_of"] = int(message.sender) + (0 if message.contact.own else 1)
        if message.files or not message.unsupported:
            return fields
        if message.unsupported == "large_photo":
            fields["document"] = Document(content=b"", name="a.jpg", kind="image/jpeg", size=30_000_000)
        elif message.unsupported == "file":
            fields["document"] = Document(content=b"PK\3\4", name="a.zip", kind="application/zip")
        else:
            fields["more"] = _UNUSABLE[message.unsupported]
            if message.text:
                fields["more"] = {**fields["more"], "caption": message.text}
        return fields

    def _enclosed(self, part: Any) -> dict[str, Any]:
        if not isinstance(part, File):
            return {"photo": self._photos.content(part.reference)}
        if part.kind == "voice":
            return {"voice": self._files.content(part.reference)}
        found = self._files.found.get(part.reference)
        content = found if isinstance(found, bytes) else b"%PDF-1.7"
        return {"document": Document(content=content, name=part.name, kind=part.mime)}

    @staticmethod
    def _file_id(sent: dict[str, Any]) -> str:
        enclosed = sent.get("voice") or sent.get("document") or sent["photo"][-1]
        return str(enclosed["file_id"])

    def _replied(self, message: InboundMessage) -> VendorShown | int:
        chat = message.address.chat
        if shown := self._vendors.get((chat, message.reply_to)):
            return shown
        if own := self._own.get((chat, message.reply_to)):
            return int(own["message_id"])
        return int(message.reply_to) if message.reply_to.isdecimal() else 1_000_000

    async def _change_group(self, message: InboundMessage) -> bool:
        """Let something become of a group or of who is in it; False for what is merely said there."""
        group, user = int(message.address.chat), int(message.sender)
        if message.moved_to:
            await self.vendor.group_moves(group, int(message.moved_to), user=user)
        elif message.left:
            await self.vendor.user_removes_bot(group, user=user)
        elif message.joined:
            rights = message.rights
            given = None if rights is None else set(RIGHTS) - set(rights.missing)
            forum = rights is not None and rights.forum
            title = message.group_title or "Tổ công tác"
            await self.vendor.user_adds_bot(group, user=user, title=title, forum=forum, rights=given)
        elif message.rights:
            given = () if "read" in message.rights.missing else set(RIGHTS) - set(message.rights.missing)
            await self.vendor.user_gives_rights(group, *given, user=user)
        elif message.wants_in:
            await self.vendor.user_asks_in(message.invite, user=user)
        elif message.member_joined:
            await self.vendor.user_joins(group, user=user, link=message.invite)
        elif message.member_left:
            await self.vendor.user_leaves(group, user=user)
        else:
            return False
        return True

    # ---- what people see

    def _count(self, chat: str) -> int:
        return len(self.vendor._shown.get(int(chat), ()))

    def _note(self, chat: str, message: OutboundMessage, sent: Sent, before: int) -> None:
        parts = self.vendor._shown.get(int(chat), [])[before:]
        if not parts:
            return
        main = next(part for part in parts if str(part.message_id) == sent.message_id)
        for part in parts:
            self._vendors[chat, str(part.message_id)] = part
        prompts = [part for part in parts if part.keyboard]
        texts = [part.text for part in parts if part.text and (part is main or part not in prompts)]
        asks = [key["text"] for part in prompts for key in part.keyboard if "request_location" in key]
        shown = OutboundMessage(
            text="\n\n".join(texts),
            buttons=tuple(
                (Button(label=label, data=data),) for part in parts for label, data in part.buttons
            ),
            links=tuple(link for part in parts for link in part.links),
            photos=self._pictures(message, [photo for part in parts for photo in part.photos]),
            files=tuple(
                File(name=part.file_name, kind="voice" if part.voice else "document")
                for part in parts
                if part.file
            ),
            ask_location=asks[0] if asks else "",
            topic=str(main.topic or ""),
            reply_to=str(parts[0].reply_to or ""),
            replace=self._spent(chat, message),
        )
        self._keep(chat, Shown(id=sent.message_id, message=shown))

    def _spent(self, chat: str, message: OutboundMessage) -> str:
        """Return the message whose buttons are gone from the screen now."""
        spent = self._vendors.get((chat, message.replace))
        return message.replace if spent is not None and not spent.buttons else ""

    # ---- what goes wrong

    def _refuse(self, chat: str, failure: ChannelError) -> None:
        if isinstance(failure, RecipientUnreachable):
            self.vendor.fail_next(blocked(), chat=int(chat))
        else:
            self.vendor.fail_next(fault(), chat=int(chat))

    def _lose(self, reference: str, failure: ChannelError) -> None:
        if isinstance(failure, Unavailable):
            self.vendor.fail_next(fault(), method="getFile")
        else:
            self.vendor._files.pop(reference, None)
