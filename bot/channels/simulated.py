"""The channel of people who do not exist: simulated citizens and officials live here."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    CreateGroup,
    Envelope,
    File,
    GroupAct,
    InboundMessage,
    Malformed,
    NotSupported,
    OutboundMessage,
    Photo,
    Sent,
)

Told = Callable[[str, OutboundMessage, str], None]
"""What happens when a message reaches a chat: chat, message, the message's id. It may raise ChannelError."""


def _nobody_reacts(chat: str, message: OutboundMessage, message_id: str) -> None:
    """Nobody lives there any more."""


class SimulatedChannel:
    """Hands each message to the simulated person it is for; nothing leaves the process."""

    name = "simulated"
    capabilities = Capabilities(source="this file", text_limit=20_000, write_first=True)

    def __init__(self, told: Told = _nobody_reacts) -> None:
        self._told = told
        self._ids = count(1)

    def update(
        self,
        *,
        chat: str,
        name: str,
        at: datetime,
        text: str = "",
        button: str = "",
        photos: Sequence[str] = (),
        reply_to: str = "",
    ) -> tuple[Envelope, bytes]:
        """Return what a simulated person does, as it goes into the inbox; `photos` are media keys."""
        update_id = f"{chat}:{at.timestamp():.0f}:{next(self._ids)}"
        update = {
            "id": update_id,
            "chat": chat,
            "name": name,
            "at": at.isoformat(),
            "text": text,
            "button": button,
            "photos": list(photos),
            "reply_to": reply_to,
        }
        return Envelope(external_id=update_id, chat=chat), json.dumps(update, ensure_ascii=False).encode()

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Raise Malformed: simulated people come in by no webhook."""
        raise Malformed("simulated people do not call")

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read what `update` wrote."""
        update: dict[str, Any] = json.loads(body)
        return InboundMessage(
            address=Address(self.name, update["chat"]),
            sender=update["chat"],
            sender_name=update["name"],
            sent_at=datetime.fromisoformat(update["at"]),
            text=update["text"],
            button=update["button"],
            photos=tuple(Photo(media_key=key) for key in update.get("photos", ())),
            reply_to=update.get("reply_to", ""),
            message_id=update["id"],
        )

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Let the person at that address see the message."""
        message_id = str(next(self._ids))
        self._told(address.chat, message, message_id)
        return Sent(message_id=message_id)

    async def fetch(self, photo: Photo) -> bytes:
        """Raise NotSupported: pictures of simulated people are stored already."""
        raise NotSupported

    async def create_group(self, wish: CreateGroup) -> Address:
        """Raise NotSupported."""
        raise NotSupported

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Refuse: nothing is done with groups here yet."""
        raise NotSupported(act.do)

    async def fetch_file(self, file: File) -> bytes:
        """Refuse: there are no recordings here yet."""
        raise NotSupported("no files")
