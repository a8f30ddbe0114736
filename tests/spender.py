"""A process that sends notices which cost something, for tests of several: `python -m tests.spender JSON`."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handlers.channel import Address, Capabilities, OutboundMessage, Sent
from handlers.delivery import Delivery
from storage.database import Database
from tests.city import RecordingChannel

PRICE = 70
ABLE = Capabilities(
    source="https://example.org",
    text_limit=2000,
    free_window=timedelta(hours=48),
    reply_window=timedelta(days=7),
    price=PRICE,
)


class Vendor(RecordingChannel):
    """A vendor that writes each message that it charges on its bill, whatever becomes of who sent it."""

    def __init__(self, bill: Path) -> None:
        super().__init__("vendor")
        self.capabilities = ABLE
        self._bill = os.open(bill, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        if message.quota != "paid":
            raise AssertionError("nothing here is free")
        os.write(self._bill, f"{address.chat}\n".encode())
        sent = await super().send(address, message)
        await asyncio.sleep(0.02)
        return replace(sent, price="paid", cost=PRICE)


async def work(task: dict[str, Any]) -> None:
    """Send what is due, by the clock that it is given."""
    database = Database(task["url"])
    now = datetime.fromisoformat(task["now"])
    delivery = Delivery(
        database, channels={"vendor": Vendor(Path(task["bill"]))}, budget=task["budget"], now=lambda: now
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await delivery.drain()
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1])))
