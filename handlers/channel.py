"""The channel port: what every chat channel offers, and the value objects that pass through it.

Adapters in `bot/channels/` import this module and nothing else of the program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """One chat in one channel; written "telegram:-100123". Ids are always strings."""

    channel: str
    chat: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.chat}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read "channel:chat"; raises ValueError without a colon."""
        channel, colon, chat = text.partition(":")
        if not (channel and colon and chat):
            raise ValueError(f"not an address: {text!r}")
        return cls(channel, chat)


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """A picture: by the channel's own reference until it is stored, by media key afterwards."""

    reference: str = ""
    media_key: str = ""
    size: int | None = None
    """Bytes, where the channel tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A recording or a document: by the channel's reference until it is stored, by media key afterwards."""

    kind: str = "document"
    """"voice" for a recording, "document" for anything else."""
    reference: str = ""
    media_key: str = ""
    name: str = ""
    mime: str = ""
    size: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRights:
    """How the bot stands in a group."""

    member: bool
    missing: tuple[str, ...] = ()
    """What it needs and may not do: "read", "invite", "remove", "topics", "pin"."""
    forum: bool = False
    """Whether the group has topics."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAct:
    """What a channel is asked to do with a group. It travels in the outbox like a message.

    do: "create" (a group with `title` and `members`; the value is the new chat), "link" (how a person makes
    or picks a group for the bot, with `token`; the value is an address to open), "check" (how the bot
    stands), "invite" (a link into the group whose use must be admitted; the value is the link), "admit" and
    "refuse" (the wish of `member` to come in), "revoke" (an invitation `link`), "remove" (`member`),
    "open_topic" (`title`; the value is the topic), "close_topic" (`topic`), "assets" (what groups can be
    made of; `Acted.assets`), "members" (who is in it; the value is their ids with spaces between them),
    "promote" (`member` to administer it), "rename" (`title`), "dissolve".
    """

    do: str
    title: str = ""
    members: tuple[Address, ...] = ()
    member: str = ""
    """A person's id within the channel."""
    link: str = ""
    token: str = ""
    topic: str = ""
    note: str = ""
    """What the asker wants to be told back with the outcome."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAsset:
    """What one group is made of, where each uses up something that the city pays for."""

    id: str
    kind: str = ""
    """The vendor's name of its size, such as "gmf50"."""
    valid_until: datetime | None = None
    renews: bool = False
    chat: str = ""
    """The group that uses it; empty while it is free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """What came of an act: the value that `GroupAct` tells of, and how the bot stands if that was asked."""

    value: str = ""
    rights: GroupRights | None = None
    assets: tuple[GroupAsset, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A position in degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A phone number that the sender shared; `own` when the channel says it is the sender's."""

    phone: str
    name: str = ""
    own: bool = False
    address: str = ""
    """Where they say that they live, where the channel asks for that as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """One choice under a message: `data` (ASCII, at most 64 bytes) comes back when it is pressed."""

    label: str
    data: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """One thing that a person did in a chat. An album is one message with several photos."""

    address: Address
    sender: str
    """The person's id within the channel."""
    sender_name: str = ""
    sent_at: datetime
    text: str = ""
    """What was typed, commands included; a photo's caption too."""
    button: str = ""
    """The `data` of the pressed button."""
    button_message: str = ""
    """The channel's id of the message whose button was pressed."""
    photos: tuple[Photo, ...] = ()
    location: Location | None = None
    taken_at: Location | None = None
    """Where a picture was taken, as its file says; known once the picture is kept."""
    contact: Contact | None = None
    reply_to: str = ""
    """The channel's id of the message that this one answers."""
    message_id: str = ""
    album: str = ""
    """Set when more parts of the same album may follow."""
    edited: bool = False
    group: bool = False
    joined: bool = False
    left: bool = False
    """The person blocked or left the bot; nothing can be sent to this chat."""
    moved_to: str = ""
    """The chat's new id (a group that became a supergroup)."""
    unsupported: str = ""
    """What was sent that the bot cannot use: "sticker", "voice", "video", "file", "large_photo", "other"."""
    files: tuple[File, ...] = ()
    """Recordings and documents; only officials' are kept, and `unsupported` names them as well."""
    topic: str = ""
    """The channel's id of the topic of a group that it was written in."""
    mentioned: bool = False
    """Whether a message in a group names the bot or answers one of its messages."""
    buttonless: bool = False
    """Whether this group shows no buttons: what is written may be the number or the label of a choice."""
    group_title: str = ""
    rights: GroupRights | None = None
    """How the bot stands in the group from now on; set when that changed."""
    member_joined: bool = False
    """The sender came into the group."""
    member_left: bool = False
    """The sender left the group or was removed."""
    wants_in: bool = False
    """The sender asks to be let into the group."""
    others: tuple[str, ...] = ()
    """Ids of further people whom the same change of a group's members is about."""
    invite: str = ""
    """The link by which the sender asks to come in, or came in."""
    picked: str = ""
    """The id of the group that the sender picked or made for the bot."""
    picked_for: int = 0
    """What it was picked for: the `wish` of the message that asked."""
    by_staff: bool = False
    """Somebody of the city wrote this to the person by hand, past the bot (in the vendor's console)."""
    withdrawn: bool = False
    """The person asks, through the vendor, that what is held about them be erased."""
    received: tuple[str, ...] = ()
    """The channel's ids of messages that have arrived. With this or `seen` it is a receipt: nothing else."""
    seen: tuple[str, ...] = ()
    """The channel's ids of messages that the person has seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundMessage:
    """What is shown in a chat. A channel that lacks a part shows it another way and logs that."""

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons."""
    photos: tuple[Photo, ...] = ()
    reply_to: str = ""
    ask_location: str = ""
    """Label of a button that sends the person's position; empty for none."""
    ask_contact: str = ""
    replace: str = ""
    """The channel's id of an own message whose buttons are spent: they are taken away where possible."""
    files: tuple[File, ...] = ()
    topic: str = ""
    """Where in a group: "case:CODE" or "unit:CODE" as handlers write it, the channel's id as it is sent."""
    links: tuple[tuple[str, str], ...] = ()
    """Labels and addresses of buttons that open a page."""
    ask_group: str = ""
    """Label of a button by which the person picks or makes a group for the bot, where a channel has one."""
    wish: int = 0
    """The number, below 2³¹, by which the answer to `ask_group` is known again (`picked_for`)."""
    menu: tuple[tuple[str, str], ...] = ()
    """Names and descriptions of the commands that this chat is offered from now on; empty: as before.
    Shown where a channel has a menu of commands, ignored elsewhere."""
    subject: str = ""
    """The subject line, where the channel has one."""
    drawing: dict[str, Any] | None = None
    """A picture that is drawn when the message is sent; see `handlers/charts.py`."""
    export: dict[str, Any] | None = None
    """A workbook that is made when the message is sent; see `handlers/exports.py`."""
    act: GroupAct | None = None
    """Nothing is shown: the channel is asked to do this, and `handlers/group_acts.py` learns the outcome."""
    template: dict[str, str] | None = None
    """What an approved form of the vendor is filled with ("code", "unit", "status", "date", "link"), sent in
    place of the text once the channel's reply window has closed; see `handlers/reaching.py`."""
    quota: str = ""
    """"": only where it is free; "paid": it may be counted against a quota or charged."""
    reference: str = field(default="", compare=False)
    """What tells this message from any other, the same at every try; set when it is sent, never stored."""

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form without empty parts."""
        parts: dict[str, Any] = {
            "text": self.text,
            "buttons": [[{"label": key.label, "data": key.data} for key in row] for row in self.buttons],
            "photos": [asdict(photo) for photo in self.photos],
            "reply_to": self.reply_to,
            "ask_location": self.ask_location,
            "ask_contact": self.ask_contact,
            "replace": self.replace,
            "files": [asdict(file) for file in self.files],
            "topic": self.topic,
            "links": [list(link) for link in self.links],
            "ask_group": self.ask_group,
            "wish": self.wish,
            "menu": [list(command) for command in self.menu],
            "subject": self.subject,
            "drawing": self.drawing,
            "export": self.export,
            "act": asdict(self.act) if self.act else None,
            "template": self.template,
            "quota": self.quota,
        }
        return {name: part for name, part in parts.items() if part}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "OutboundMessage":
        """Rebuild from `as_dict` or its JSON."""
        parts: dict[str, Any] = {"text": "", **data}
        rows = parts.get("buttons", ())
        parts["buttons"] = tuple(tuple(Button(**button) for button in row) for row in rows)
        parts["photos"] = tuple(Photo(**photo) for photo in parts.get("photos", ()))
        parts["files"] = tuple(File(**file) for file in parts.get("files", ()))
        parts["links"] = tuple((label, address) for label, address in parts.get("links", ()))
        parts["menu"] = tuple((name, description) for name, description in parts.get("menu", ()))
        if act := parts.get("act"):
            members = tuple(Address(**member) for member in act["members"])
            parts["act"] = GroupAct(**{**act, "members": members})
        return cls(**parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateGroup:
    """A wish for a group chat with the given people."""

    title: str
    members: tuple[Address, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel can do, declared beside its adapter with a link to the vendor's page."""

    source: str
    text_limit: int
    caption_limit: int = 1024
    buttons: bool = True
    photos: bool = True
    photos_per_message: int = 10
    location_request: bool = False
    contact_request: bool = False
    create_group: bool = False
    topics: bool = False
    """Whether groups can have topics."""
    files: bool = False
    """Whether documents can be sent."""
    write_first: bool = False
    """Whether the bot may write to a person who never wrote to it."""
    links: bool = True
    """Whether a button can open a page; where not, its address stands in the text."""
    edits: bool = True
    """Whether people can change what they sent, and the bot learns of it."""
    locations: bool = True
    """Whether people can send a position."""
    recordings: bool = True
    """Whether recordings and documents that people send reach the bot."""
    groups: bool = True
    """Whether the bot can be in groups."""
    mentions_only: bool = False
    """Whether the bot hears in groups only what names it or answers it."""
    receipts: bool = False
    """Whether the channel tells what has arrived or was seen."""
    history: bool = False
    """Whether what was missed can be asked for later (`missed`)."""
    group_assets: bool = False
    """Whether each group uses up something paid for (the act "assets" lists them)."""
    free_window: timedelta | None = None
    """How long after a person's last word writing to them is free; None: always."""
    reply_window: timedelta | None = None
    """How long after a person's last word anything may be written to them; None: always."""
    price: int = 0
    """What a message after `free_window` costs at most, in đồng."""
    template_price: int | None = None
    """What a message by an approved template costs, in đồng; None where none is set up."""
    messages_per_minute: int | None = None
    """How many messages the bot may send to all chats together; None where no limit is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What must be known of a raw update to store it: its identity and its place in a chat's order."""

    external_id: str
    """Unique within the channel; the same for a repeated delivery."""
    chat: str
    """The chat whose order it belongs to; empty when the update belongs to none."""
    album: str = ""
    """Parts with the same album in one chat are gathered into one turn."""


class ChannelError(Exception):
    """The channel could not do what was asked."""

    retryable = False

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: timedelta | None = None,
        moved_to: str = "",
        for_all: bool = False,
    ) -> None:
        super().__init__(message or self.__doc__)
        self.retry_after = retry_after
        self.for_all = for_all
        """Whether it holds up the whole channel, not this chat alone (a limit of the bot, a dead token)."""
        self.moved_to = moved_to
        """The chat's new id, when that is why it failed."""


class Unavailable(ChannelError):
    """The channel did not answer or answered with a fault of its own."""

    retryable = True


class RateLimited(ChannelError):
    """The channel asks to wait; only this chat is held up, unless it is `for_all`."""

    retryable = True


class RecipientUnreachable(ChannelError):
    """The person blocked the bot, left, or never wrote to it."""


class OutsideReplyWindow(ChannelError):
    """The channel allows no message so long after the person's last one."""


class Rejected(ChannelError):
    """The channel refuses this message as it is."""


class CannotMakeGroup(Rejected):
    """The channel makes groups, but not this one; `lacks`: "asset", "admin" or "members"."""

    def __init__(self, message: str = "", *, lacks: str) -> None:
        super().__init__(message)
        self.lacks = lacks


class Misconfigured(ChannelError):
    """The channel refuses the bot itself: a token or a permission is wrong."""

    retryable = True


class NotSupported(ChannelError):
    """The channel has nothing of the kind."""


class Forbidden(Exception):
    """The webhook call does not prove that it comes from the vendor (answered 401)."""


class Malformed(Exception):
    """The webhook call is not what the vendor sends (answered 400)."""


class Empty(Exception):
    """The webhook call holds nothing to keep: the vendor's test, an echo (answered 200, not stored)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What became of a message that was sent."""

    message_id: str = ""
    """The channel's id of it (of the last part, when it was split)."""
    other_ids: tuple[str, ...] = ()
    """The ids of its other parts: whoever replies to one of them replies to the message."""
    price: str = ""
    """How the vendor counted it: "free", "quota", "paid", "template"; empty where it does not say."""
    cost: int = 0
    """What it cost, in đồng, as far as the vendor tells or the price list says."""


class Channel(Protocol):
    """One chat channel. `envelope` and `parse` are pure and quick; the rest talks to the vendor."""

    name: str
    capabilities: Capabilities

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Check that the vendor sent this; say what it is.

        Raises Forbidden, Malformed or Empty. An update of an unknown form still gets an envelope.
        """
        ...

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read a stored raw update; None when it holds nothing for the bot."""
        ...

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Show a message; raises ChannelError."""
        ...

    async def fetch(self, photo: Photo) -> bytes:
        """Return the bytes of a photo that a person sent; raises ChannelError."""
        ...

    async def create_group(self, wish: CreateGroup) -> Address:
        """Create a group chat; raises NotSupported where only people can."""
        ...

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Do something with a group; raises NotSupported for what the channel has nothing of."""
        ...

    async def fetch_file(self, file: File) -> bytes:
        """Return the bytes of a recording or document that a person sent; raises ChannelError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Ailment:
    """Something of a channel that an operator must look at."""

    what: str
    """"webhook_behind", "webhook_failing", "token_broken", "token_old", "plan_used_up", "asset_ends" …"""
    detail: str = ""
    """In English, for the log and the message: a number, a date, the vendor's words. Never a secret."""


class Watched(Protocol):
    """What a channel may offer besides: it can be asked now and then how it is."""

    async def ailments(self) -> Sequence[Ailment]:
        """Return what an operator must look at; empty when all is well. Raises ChannelError."""
        ...


class Remembering(Protocol):
    """What a channel with `Capabilities.history` offers besides: what was missed can be asked for."""

    async def missed(self, users: Sequence[str], since: datetime) -> Sequence[tuple[Envelope, bytes]]:
        """Return what these people sent since then, oldest first, as the webhook would have brought it.

        What arrived already has the same external id, so it is stored once. Raises ChannelError.
        """
        ...


def gather_album(parts: Sequence[InboundMessage]) -> InboundMessage:
    """Join the parts of an album into the first: all photos, all captions, in the order they were sent in."""
    parts = sorted(parts, key=_place_in_album)
    return replace(
        parts[0],
        photos=tuple(photo for part in parts for photo in part.photos),
        files=tuple(file for part in parts for file in part.files),
        text="\n".join(part.text for part in parts if part.text),
        unsupported=next((part.unsupported for part in parts if part.unsupported), ""),
    )


def _place_in_album(part: InboundMessage) -> tuple[datetime, int]:
    """Tell parts apart that were sent in the same second, where the channel counts its messages."""
    return part.sent_at, int(part.message_id) if part.message_id.isdecimal() else 0
