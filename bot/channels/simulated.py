"""The channel of people who do not exist: the demo's citizens and officials live here."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from handlers.channel import (
    Address,
    Capabilities,
    CreateGroup,
    Envelope,
    InboundMessage,
    Malformed,
    NotSupported,
    OutboundMessage,
    Photo,
    Sent,
)

MEMORY = 200
"""Messages that one simulated person remembers."""


class SimulatedChannel:
    """Keeps what each simulated person was told, so that they can react to it; nothing leaves the process."""

    name = "simulated"
    capabilities = Capabilities(source="this file", text_limit=20_000, write_first=True)

    def __init__(self) -> None:
        self.told: dict[str, list[OutboundMessage]] = {}
        """Chat → the latest messages to it."""
        self._ids = count(1)

    def update(
        self, *, chat: str, name: str, at: datetime, text: str = "", button: str = ""
    ) -> tuple[Envelope, bytes]:
        """Return what a simulated person does, as it goes into the inbox."""
        update_id = f"{chat}:{at.timestamp():.0f}:{next(self._ids)}"
        update = {"id": update_id, "chat": chat, "name": name, "at": at.isoformat(), "text": text}
        body = json.dumps({**update, "button": button}, ensure_ascii=False).encode()
        return Envelope(external_id=update_id, chat=chat), body

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
            message_id=update["id"],
        )

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Remember the message for its reader."""
        told = self.told.setdefault(address.chat, [])
        told.append(message)
        del told[:-MEMORY]
        return Sent(message_id=str(next(self._ids)))

    async def fetch(self, photo: Photo) -> bytes:
        """Raise NotSupported: simulated people send no photos."""
        raise NotSupported

    async def create_group(self, wish: CreateGroup) -> Address:
        """Raise NotSupported."""
        raise NotSupported
