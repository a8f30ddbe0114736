"""What both of Zalo's channels have in common: lists of choices to type, and no button that goes away."""

import re
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from handlers.channel import Button, File, InboundMessage, OutboundMessage, Sent
from storage.database import Database
from storage.tables import outbox
from tests.wires.shown import Shown, without_choices
from tests.wires.wire import Wire

_CODE = re.compile(r"(?<![\w-])[A-Z]{2,4}-[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
_LATELY = 3
"""How many of the last messages a label may be meant for."""
_HELD = select(outbox.c.id).where(outbox.c.held_at.is_not(None), outbox.c.sent_at.is_(None)).limit(1)


class ZaloWire(Wire):
    """Zalo over HTTP."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._vendors: dict[tuple[str, str], Any] = {}
        """The vendor's messages, by chat and id."""
        self._own: dict[tuple[str, str], str] = {}
        """The vendor's ids of people's messages."""
        self._complaint = ""

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
        """Return what is typed for a choice: its number, its number and the case's code, or its label."""
        chat = message.address.chat
        every = self.shown.get(chat, [])
        offering = [shown for shown in every if shown.buttons]
        shown = next((each for each in offering if each.id == message.button_message), None)
        if shown is None:
            self.cannot("send the data of a button that is not shown")
        button = next((button for button in shown.buttons if button.data == message.button), None)
        assert button is not None, f"no {message.button!r} among {shown.labels}"
        place = shown.buttons.index(button) + 1
        if shown is every[-1]:
            return self._number(shown, place, button)
        code = _CODE.search(shown.text)
        if code and shown is next(each for each in reversed(offering) if code[0] in each.text):
            return f"{place} {code[0]}"
        if shown is offering[-1] and shown in every[-_LATELY:]:
            return self._number(shown, place, button)
        lately = [each for each in every[-_LATELY:] if button.label in each.labels]
        if lately and lately[-1] is shown:
            return button.label
        return self.cannot("press a button of an old message")

    @staticmethod
    def _number(shown: Shown, place: int, button: Button) -> str:
        clash = sum(label[:1].isdecimal() for label in shown.labels) > 1
        return button.label if clash else str(place)
