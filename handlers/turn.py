"""One inbound message and all that a handler needs to answer it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handlers.channel import Address, Button, InboundMessage, OutboundMessage, Photo
from routing.organisation import City
from routing.understanding import Reading
from storage import messages
from storage.cases import Case
from storage.chats import Chat
from storage.database import Transaction
from storage.messages import Notice
from storage.parts import Part
from storage.people import Person

Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A case that a turn has stored and that nobody has been told of yet."""

    case: Case
    reporter: Person
    photos: Sequence[str]
    note: str = ""
    """What those who must act should know beside the case itself."""
    parts: Sequence[Part] = ()
    """What supporting units are to contribute to it."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """One turn: the message, who wrote it, where the conversation stands, and the transaction it runs in.

    Handlers change `chat.step` and `chat.draft`, write through storage functions, and answer with `say` and
    `tell`; they never commit and never touch the network.
    """

    transaction: Transaction
    city: City
    now: datetime
    message: InboundMessage
    chat: Chat
    person: Person
    reading: Reading | None
    """What the machine made of the text; None for commands, buttons and messages without text."""
    shown: Sequence[Notice] = ()
    """What the chat was shown last, latest first: a number or a label that is typed may be meant for it."""
    filed: list[Filed] = field(default_factory=list)
    windowed: bool = False
    """Whether the channel lets the bot write only for some time after the person's last word."""
    files: bool = False
    """Whether the channel can send documents."""
    left: set[int] = field(default_factory=set)
    """The people whose posts this turn ended: what they do later in the same transaction is a citizen's."""

    @property
    def address(self) -> Address:
        """The chat that this turn belongs to."""
        return Address(self.chat.channel, self.chat.chat)

    def say(
        self,
        text: str,
        *,
        buttons: Rows = (),
        photos: Sequence[str] = (),
        ask_location: str = "",
        case_id: int | None = None,
        links: Sequence[tuple[str, str]] = (),
        drawing: dict[str, Any] | None = None,
        export: dict[str, Any] | None = None,
        menu: Sequence[tuple[str, str]] = (),
        spends: bool = False,
    ) -> None:
        """Answer in this chat. `photos` are media keys; `case_id` lets a reply to it find its case.

        The first answer to a pressed button takes the spent buttons away; in a group, where others may be
        the ones that they are for, only with `spends`. links: labels and addresses of pages. drawing and
        export: a picture and a workbook that are made when this is sent. menu: the commands that this chat
        offers from now on.
        """
        message = OutboundMessage(
            text=text,
            buttons=tuple(tuple(row) for row in buttons),
            photos=tuple(Photo(media_key=key) for key in photos),
            ask_location=ask_location,
            replace=self.message.button_message if spends or not self.chat.group else "",
            topic=self.message.topic,
            links=tuple(links),
            drawing=drawing,
            export=export,
            menu=tuple(menu),
        )
        self.tell(self.address, message, case_id=case_id)

    def tell(
        self,
        address: Address,
        message: OutboundMessage,
        *,
        case_id: int | None = None,
        not_before: datetime | None = None,
        dedupe_key: str | None = None,
        urgency: int = messages.ANSWER,
    ) -> None:
        """Send a message to any chat once this turn is committed; with an `urgency` of `storage.messages`."""
        messages.post_notice(
            self.transaction,
            channel=address.channel,
            chat=address.chat,
            message=message.as_dict(),
            at=self.now,
            case_id=case_id,
            not_before=not_before,
            dedupe_key=dedupe_key,
            urgency=urgency,
        )


Handler = Callable[[Turn, str], Awaitable[None]]
"""What a command, a button or a step leads to; the text is what stands behind the command or the action."""
