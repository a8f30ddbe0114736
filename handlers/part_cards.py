"""Parts as the units that were asked to support see them."""

from collections.abc import Sequence
from datetime import datetime

from handlers import cards, notices, texts
from handlers.channel import Button, OutboundMessage
from routing.organisation import City
from storage import parts
from storage.cases import Case
from storage.parts import Part


def part_card(
    city: City, case: Case, part: Part, *, now: datetime, photos: Sequence[str] = ()
) -> OutboundMessage:
    """Return the card of one part: the task, the case without who reported it, and what can be done."""
    text = texts.part_card(
        lead=cards.unit_name(city, case.unit_code) or texts.no_unit_yet(),
        task=part.task,
        due_at=part.due_at,
        status=part.status,
        answer=part.answer or "",
        card=cards.body(city, case, now=now, photos=photos, hides=True),
    )
    return notices.message_of(text, buttons=buttons(part), photos=photos)


def buttons(part: Part) -> list[list[Button]]:
    """Return what can be done about a part that is open."""
    if part.status != parts.OPEN:
        return []
    return [
        [Button(label=texts.label_answer_part(), data=f"partanswer:{part.id}")],
        [Button(label=texts.label_decline_part(), data=f"partdecline:{part.id}")],
    ]


def due_at(case: Case, now: datetime) -> datetime | None:
    """Return when a part is due: when the case's own unit is warned, so that it can still use the answer."""
    return case.warn_at if case.warn_at is not None and case.warn_at > now else case.due_at
