"""Telling officials something: one message each, to the private chat that they use."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from handlers.channel import Button, OutboundMessage, Photo
from storage import messages, people
from storage.database import Transaction
from storage.people import Official

log = structlog.get_logger()

Rows = Sequence[Sequence[Button]]


def message_of(text: str, *, buttons: Rows = (), photos: Sequence[str] = ()) -> OutboundMessage:
    """Return a message; `photos` are media keys."""
    return OutboundMessage(
        text=text,
        buttons=tuple(tuple(row) for row in buttons),
        photos=tuple(Photo(media_key=key) for key in photos),
    )


def post_to(
    transaction: Transaction,
    officials: Sequence[Official],
    message: OutboundMessage,
    *,
    now: datetime,
    case_id: int | None = None,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
    urgency: int = messages.NEWS,
) -> None:
    """Send one message to each of these officials, once even if one holds several posts.

    With a dedupe key each of them gets at most one message of that key, ever.
    """
    for official in {official.person_id: official for official in reversed(officials)}.values():
        messages.post_notice(
            transaction,
            channel=official.channel,
            chat=official.chat,
            message=message.as_dict(),
            at=now,
            case_id=case_id,
            not_before=not_before,
            dedupe_key=f"{dedupe_key}:{official.person_id}" if dedupe_key else None,
            urgency=urgency,
        )


async def tell_operators(
    transaction: Transaction,
    text: str,
    *,
    now: datetime,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
) -> None:
    """Tell every administrator; without any, the program's log is where it stands."""
    admins = await people.officials_by_role(transaction, "admin", now=now)
    if not admins:
        log.warning(
            "Nobody is there to be told: no administrator uses the bot.",
            action="no_operator",
            about=(dedupe_key or "").partition(":")[0],
        )
    post_to(transaction, admins, message_of(text), now=now, dedupe_key=dedupe_key, not_before=not_before)
