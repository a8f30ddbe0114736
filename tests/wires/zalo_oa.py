"""The Zalo Official Account as a wire: its stand-in, and what the app does and shows."""

from datetime import timedelta
from typing import Any

from bot.channels.zalo_oa.content import PRESS_MARK
from bot.channels.zalo_oa.parts import MOST_BUTTONS
from bot.page_input import _BUTTON as BUTTON
from handlers.channel import (
    ChannelError,
    InboundMessage,
    OutboundMessage,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from tests.standins.zalo_oa import Document, ZaloOaStandIn
from tests.standins.zalo_oa_groups import Room
from tests.wires.wire import GATHERING, own_port
from tests.wires.zalo import ZaloWire

_UNUSABLE = {"video": "video", "other": "business_card"}
"""What the bot cannot use, and the vendor's name for it."""


class StoredTokens:
    """Tokens as a keeper of them gives them out; how it keeps them is tested for itself."""

    def __init__(self, vendor: ZaloOaStandIn) -> None:
        self._vendor = vendor
        self._token = vendor.new_pair().access

    async def access(self) -> str:
        """Return the token for the next call."""
        return self._token

    async def renewed(self, refused: str) -> str:
        """Return another token than the refused one."""
        if refused == self._token:
            self._token = self._vendor.new_pair().access
        return self._token


class ZaloOaWire(ZaloWire):
    """The Official Account over HTTP."""

    name = "zalo_oa"
    tells_names = False
    refusals = (RecipientUnreachable, Unavailable)
    losses = (Rejected,)

    async def _start_vendor(self) -> dict[str, str]:
        webhook = f"http://127.0.0.1:{own_port()}/zalo/oa"
        standin = ZaloOaStandIn(webhook=webhook, clock=self._clock, echoes=False, patience=30.0)
        self.vendor = await self._exits.enter_async_context(standin)
        for _ in range(3):
            self.vendor.add_asset()
        return {
            "LANGNGHE_ZALO_APP_ID": self.vendor.app_id,
            "LANGNGHE_ZALO_APP_SECRET": self.vendor.app_secret,
            "LANGNGHE_ZALO_OA_SECRET_KEY": self.vendor.oa_secret_key,
            "LANGNGHE_ZALO_API_URL": self.vendor.url,
            "LANGNGHE_ZALO_OAUTH_URL": self.vendor.url,
            "LANGNGHE_ZALO_BUSINESS_URL": self.vendor.url,
        }

    def _prepare(self) -> None:
        self.program.channels[self.name]._client._tokens = StoredTokens(self.vendor)  # type: ignore[attr-defined]

    def _new_chat(self, name: str) -> str:
        return str(2_512_523_625_412_000_000 + next(self._numbers))

    def group_of(self, name: str) -> str:
        """Return the id of the group that a test calls so, which the account has made earlier."""
        if name.startswith("g") and name[1:] in self.vendor.groups:
            return name
        if name not in self._chats:
            asset = self.vendor.assets[self.vendor.add_asset()]
            identity = asset.group = self.vendor.identity()
            room = Room(id=identity, name=name, asset=asset, link=f"https://zalo.me/g/{identity[-6:]}")
            self.vendor.groups[identity] = room
            self._chats[name] = f"g{identity}"
        return self._chats[name]

    async def has_written(self, chat: str) -> None:
        """Take note that somebody has written to the account before the test begins."""
        self.vendor._speaks(chat)

    # ---- what people do

    async def brings(self, message: InboundMessage) -> timedelta:
        """Let somebody do in their app what the account is to understand so."""
        user = message.sender
        if message.by_staff:
            await self.vendor.staff_writes(user, message.text)
            return timedelta()
        if message.withdrawn:
            await self.vendor.user_withdraws(user)
            return timedelta()
        self.able(message)
        self._unable(message)
        if message.left:
            await self.vendor.user_unfollows(user)
            return timedelta()
        if message.joined:
            await self.vendor.user_follows(user)
            return timedelta()
        fields: dict[str, Any] = {"name": message.sender_name}
        if message.group:
            fields["group"] = message.address.chat
            self.vendor.groups[message.address.chat[1:]].members.setdefault(user, "member")
        if message.reply_to:
            fields["reply_to"] = self._own.get((message.address.chat, message.reply_to), message.reply_to)
        if message.contact:
            fields["contact"] = message.contact.phone
        if message.location:
            fields["location"] = (message.location.latitude, message.location.longitude)
        if message.unsupported == "sticker":
            fields["sticker"] = True
        if message.unsupported == "voice" and not message.files:
            fields["voice"] = b"#!AMR recording"
        if kind := _UNUSABLE.get(message.unsupported):
            self.vendor._speaks(user)
            await self.vendor._say(user, kind, message.text, [{"type": kind, "payload": {}}], "", None)
            return timedelta()
        await self._enclosed(message, fields)
        photos = [self._photos.content(photo.reference) for photo in message.photos]
        text = self._text(message)
        if self._answered:
            fields["reply_to"], self._answered = self._answered, ""
        sent = await self.vendor.user_sends(user, text, photos=photos, **fields)
        self._remember(message, sent)
        return GATHERING if photos and not message.album else timedelta()

    def _text(self, message: InboundMessage) -> str:
        if message.button:
            if not BUTTON.fullmatch(message.button):
                self.cannot("send the data of a button that there cannot be")
            return self._as_typed(message) if message.group else f"{PRESS_MARK}{message.button}"
        return f"[@{self.vendor.oa_id}] {message.text}" if message.mentioned else message.text

    async def _enclosed(self, message: InboundMessage, fields: dict[str, Any]) -> None:
        """Put a file among what is sent; several are sent one after the other."""
        for number, file in enumerate(message.files):
            planned = self._files.found.get(file.reference)
            content = planned if isinstance(planned, bytes) else b"%PDF-1.7"
            if file.kind == "voice":
                part: dict[str, Any] = {"voice": b"#!AMR\n recording"}
            else:
                part = {"document": Document(content=content, name=file.name)}
            if number == len(message.files) - 1:
                fields |= part
            else:
                self._remember(message, await self.vendor.user_sends(message.sender, **part))
        if message.unsupported == "file" and not message.files:
            fields["document"] = Document(content=b"PK\3\4", name="a.zip", kind="zip")

    def _remember(self, message: InboundMessage, sent: list[Any]) -> None:
        references = [part.reference for part in (*message.photos, *message.files)]
        for posted, reference in zip(sent, references, strict=False):
            attached = posted.event["message"].get("attachments", [{}])[0].get("payload", {})
            self._references[attached.get("url", "")] = reference
        said = sent[0].event.get("message", {})
        self._own.setdefault((message.address.chat, message.message_id), said.get("msg_id", ""))

    def _unable(self, message: InboundMessage) -> None:
        if message.contact and not message.contact.own:
            self.cannot("bring somebody else's phone number")
        if message.unsupported == "large_photo":
            self.cannot("tell how large a picture is")
        if message.group and (message.rights or message.moved_to or message.wants_in or message.joined):
            self.cannot("be taken into a group: the account makes its groups itself")
        if message.group and (message.left or message.member_joined or message.member_left):
            self.cannot("be taken into a group: the account makes its groups itself")

    # ---- what people see

    def _sent(self, chat: str) -> list[Any]:
        found: list[Any] = self.vendor._shown.get(chat.removeprefix("g"), [])
        return found

    def _id_of(self, part: Any) -> str:
        return str(part.id)

    def _check(self, parts: list[Any], message: OutboundMessage) -> None:
        native = [button for part in parts for button in part.buttons]
        wanted = [button for row in message.buttons for button in row][:MOST_BUTTONS]
        expected = [(" ".join(button.label.split())[:100], f"{PRESS_MARK}{button.data}") for button in wanted]
        in_group = parts[0].chat in getattr(self.vendor, "groups", {})
        assert in_group or native == expected, f"{native} are shown, not {expected}"

    # ---- what goes wrong

    def _refuse(self, chat: str, failure: ChannelError) -> None:
        code = -227 if isinstance(failure, RecipientUnreachable) else -200
        self.vendor.fails(next=code, chat=chat.removeprefix("g"))

    def _lose(self, reference: str, failure: ChannelError) -> None:
        self.vendor._media.pop(reference.rpartition("/")[2], None)
