"""What both of Zalo's channels have in common: lists of choices to type, and no button that goes away."""

import re
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from handlers import texts
from handlers.channel import Button, File, InboundMessage, OutboundMessage, Sent
from storage.database import Database
from storage.tables import outbox
from tests.wires.shown import Shown, without_choices
from tests.wires.wire import Wire

_CODE = re.compile(r"(?<![\w-])[A-Z]{2,4}-[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
_NUMBER = re.compile(r"\d+(?!\w)")
_GAP = "điền vào chỗ …"
"""What a message says where a number that follows it is no choice."""
_HINT = texts.choice_with_code(code="").partition(" ví dụ")[0]
"""What a message says under its choices where they can be meant later on by its case's code."""
_HELD = select(outbox.c.id).where(outbox.c.held_at.is_not(None), outbox.c.sent_at.is_(None)).limit(1)


class ZaloWire(Wire):
    """Zalo over HTTP."""

    takes_buttons_away = False

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._vendors: dict[tuple[str, str], Any] = {}
        """The vendor's messages, by chat and id."""
        self._own: dict[tuple[str, str], str] = {}
        """The vendor's ids of people's messages."""
        self._complaint = ""
        self._answered = ""
        """The message that what is typed answers."""

    async def opens(self, *, database: Database, **more: Any) -> None:
        """Start the vendor and the program's web server."""
        self._database = database
        await super().opens(database=database, **more)

    def id_of(self, message: InboundMessage) -> str:
        """Return the channel's id of what somebody sent."""
        return self._own[message.address.chat, message.message_id]

    # ---- what people see

    @abstractmethod
    def _sent(self, chat: str) -> list[Any]: ...

    @abstractmethod
    def _id_of(self, part: Any) -> str: ...

    def _count(self, chat: str) -> int:
        return len(self._sent(chat))

    def _note(self, chat: str, message: OutboundMessage, sent: Sent, before: int) -> None:
        parts = self._sent(chat)[before:]
        for part in parts:
            self._vendors[chat, self._id_of(part)] = part
        if not parts:
            return
        said = "\n\n".join(part.text for part in parts if part.text)
        labels = [button.label for row in message.buttons for button in row]
        if len(message.files) > sum(bool(getattr(part, "file", b"")) for part in parts):
            self._wanted = "show a file of this kind"
        try:
            self._check(parts, message)
            text = without_choices(said, labels)
        except AssertionError as error:
            self._complaint = str(error)
            text = said
        shown = OutboundMessage(
            text=text,
            buttons=message.buttons if labels else (),
            links=tuple(link for link in message.links if self._shows_link(parts, link)),
            photos=self._pictures(message, [photo for part in parts for photo in part.photos]),
            files=tuple(File(name=part.file_name) for part in parts if getattr(part, "file", b"")),
        )
        if message.ask_location and message.ask_location in text.split("\n"):
            lines = [line for line in text.split("\n") if line != message.ask_location]
            shown = replace(shown, text="\n".join(lines).strip(), ask_location=message.ask_location)
        self._keep(chat, Shown(id=sent.message_id, message=shown))

    def _check(self, parts: list[Any], message: OutboundMessage) -> None:
        """Raise AssertionError where the buttons that are shown are not those of the message."""
        return

    @staticmethod
    def _shows_link(parts: list[Any], link: tuple[str, str]) -> bool:
        label, address = link
        return any(link in getattr(part, "links", ()) or f"{label}: {address}" in part.text for part in parts)

    async def looks(self) -> None:
        """Let people look at what has come; skip a test where the vendor's window keeps something back."""
        assert not self._complaint, self._complaint
        await super().looks()
        if self.capabilities.reply_window is None:
            return
        async with self._database.read() as transaction:
            if await transaction.fetch(_HELD):
                pytest.skip(f"{self.name} cannot write to whoever has been silent for a week")

    # ---- choosing by typing

    def _as_typed(self, message: InboundMessage) -> str:
        """Return what is typed for a choice: its number, alone or with the case's code."""
        shown, number = self._chosen(message)
        every = self.shown[message.address.chat]
        if shown is every[-1] and _GAP not in shown.text:
            return number
        code = _CODE.search(shown.text)
        later = [each for each in every[every.index(shown) + 1 :] if each.buttons]
        others = [each for each in later if _HINT not in each.text or (code and code[0] in each.text)]
        if number.isdecimal() and code and _HINT in shown.text and not others:
            return f"{number} {code[0]}"
        return self._answering(shown, number)

    def _answering(self, shown: Shown, number: str) -> str:
        """Return the number for a message that it answers."""
        self._answered = shown.id
        return number

    def _chosen(self, message: InboundMessage) -> tuple[Shown, str]:
        offering = [shown for shown in self.shown.get(message.address.chat, []) if shown.buttons]
        shown = next((each for each in offering if each.id == message.button_message), None)
        if shown is None:
            self.cannot("send the data of a button that is not shown")
        button = next((button for button in shown.buttons if button.data == message.button), None)
        assert button is not None, f"no {message.button!r} among {shown.labels}"
        return shown, self._number(shown, shown.buttons.index(button) + 1, button)

    @staticmethod
    def _number(shown: Shown, place: int, button: Button) -> str:
        own = _NUMBER.match(button.label)
        clash = sum(bool(_NUMBER.match(label)) for label in shown.labels) > 1
        same = [
            label for label in shown.labels if own and (found := _NUMBER.match(label)) and found[0] == own[0]
        ]
        if clash and own and len(same) == 1:
            return own[0]
        return button.label if clash else str(place)
