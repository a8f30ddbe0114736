"""The gateway's receipts of short messages: whether what was sent arrived."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from aiohttp.web import Request, Response

from bot.channels.sms import Receipt, SmsChannel
from handlers import notices, texts
from handlers.channel import Forbidden, Malformed
from storage import receipts
from storage.database import Database

PATH = "/sms/receipt"
log = structlog.get_logger()


class Receipts:
    """Answers 200 once one is noted or of no use, 401 to strangers, 400 to garbage, 503 for later."""

    path = PATH

    def __init__(
        self,
        channel: SmsChannel,
        database: Database,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channel = channel
        self._database = database
        self._now = now

    async def answer(self, request: Request) -> Response:
        """Check, note, answer."""
        try:
            receipt = self._channel.receipt(await request.read(), request.headers)
        except Forbidden:
            return Response(status=401)
        except Malformed:
            return Response(status=400)
        if receipt is None:
            return Response()
        try:
            if await self._note(receipt):
                return Response()
            log.info("A receipt came before its message was recorded.", action="receipt_early")
        except Exception as error:
            log.error("A receipt could not be noted.", action="receipt_refused", error=error)
        return Response(status=503, headers={"Retry-After": "5"})

    async def _note(self, receipt: Receipt) -> bool:
        """Note it at the message; tell the operators, once an hour, of one that did not arrive.

        False when its message is not known yet, but may be soon.
        """
        now = self._now()
        async with self._database.begin() as transaction:
            outbox_id = await receipts.note_receipt(
                transaction,
                channel=self._channel.name,
                message_id=receipt.message_id,
                arrived=receipt.arrived,
                why=receipt.status,
                at=now,
            )
            if outbox_id is None:
                return not await receipts.may_come_later(
                    transaction, channel=self._channel.name, message_id=receipt.message_id, at=now
                )
            if not receipt.arrived:
                await notices.tell_operators(
                    transaction,
                    texts.short_message_lost(outbox_id=outbox_id),
                    now=now,
                    dedupe_key=f"sms-lost:{now:%Y-%m-%dT%H}",
                )
            return True
