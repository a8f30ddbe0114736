"""What one official has in hand or is to be reminded of, to be handed on or dropped when they leave."""

from sqlalchemy import bindparam, delete, func, select

from routing.workflow import OPEN_STATUSES
from storage.cases import Case
from storage.chats import ChatKey
from storage.database import Transaction
from storage.tables import case as case_table
from storage.tables import reminder

_IN_HAND = (
    case_table.c.officer_id == bindparam("person_id"),
    case_table.c.unit_code == bindparam("in_unit"),
    case_table.c.status.in_(sorted(OPEN_STATUSES)),
)
_LIST = select(case_table).where(*_IN_HAND).order_by(case_table.c.id).with_for_update()
_COUNT = select(func.count().label("cases")).select_from(case_table).where(*_IN_HAND)


async def lock_cases_of_officer(transaction: Transaction, person_id: int, unit_code: str) -> list[Case]:
    """Return the open cases of a unit that an official has taken up, kept from other transactions."""
    rows = await transaction.fetch(_LIST, {"person_id": person_id, "in_unit": unit_code})
    return [Case(**row) for row in rows]


async def count_cases_of_officer(transaction: Transaction, person_id: int, unit_code: str) -> int:
    """Count the open cases of a unit that an official has taken up."""
    row = await transaction.fetch_one(_COUNT, {"person_id": person_id, "in_unit": unit_code})
    return int(row["cases"]) if row else 0


_KEPT_FOR_CHAT = (reminder.c.channel == bindparam("in_channel"), reminder.c.chat == bindparam("in_chat"))
_TO_REMIND_OF = select(case_table).where(
    case_table.c.id.in_(select(reminder.c.case_id).where(*_KEPT_FOR_CHAT))
)
_DROP = delete(reminder).where(*_KEPT_FOR_CHAT, reminder.c.case_id == bindparam("of_case"))


async def cases_to_remind_of(transaction: Transaction, chat: ChatKey) -> list[Case]:
    """Return the cases of which a chat is still to be reminded."""
    rows = await transaction.fetch(_TO_REMIND_OF, {"in_channel": chat[0], "in_chat": chat[1]})
    return [Case(**row) for row in rows]


def drop_reminders(transaction: Transaction, chat: ChatKey, case_id: int) -> None:
    """Remind a chat of a case no more."""
    transaction.write(_DROP, {"in_channel": chat[0], "in_chat": chat[1], "of_case": case_id})
