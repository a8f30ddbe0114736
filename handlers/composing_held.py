"""What was held for a person as it is shown when they write again: few messages, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers import texts
from storage.holding import Held
from storage.messages import TO_MANY

_PLAIN = frozenset({"text", "buttons", "photos", "replace", "reply_to"})
"""Parts of messages that can be joined into one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one held row becomes: a message to show, or the end of one whose words stand in another."""

    message: dict[str, Any]
    case_id: int | None
    folded: bool = False
    outdated: bool = False


def compose(rows: Sequence[Held]) -> list[Part]:
    """Return a part for each row, oldest row first; those to show come first, the newest news before others.

    rows: what is held for one chat, oldest first. All about one case becomes one message with the newest on
    top and the newest buttons; of what is about no case every button stays. Of digests (sent to many, about
    no case, more than words) only the newest is shown.
    """
    shown: list[Part] = []
    ended: list[Part] = []
    newest_first = list(reversed(rows))
    done: set[int] = set()
    digests = 0
    for row in newest_first:
        if row.id in done:
            continue
        if not _is_plain(row):
            is_digest = row.case_id is None and row.urgency >= TO_MANY
            digests += is_digest
            late = is_digest and digests > 1
            part = Part(message=row.message, case_id=row.case_id, outdated=late)
            (ended if late else shown).append(part)
            continue
        alike = [other for other in newest_first if other.case_id == row.case_id and _is_plain(other)]
        done.update(other.id for other in alike)
        shown.append(Part(message=_joined(alike), case_id=row.case_id))
        ended += [Part(message=_spent(other), case_id=row.case_id, folded=True) for other in alike[1:]]
    if shown:
        first = shown[0]
        text = texts.held_news(text=first.message.get("text", ""), count=len(rows), since=rows[0].created_at)
        shown[0] = Part(message={**first.message, "text": text}, case_id=first.case_id)
    return [*shown, *ended]


def _is_plain(row: Held) -> bool:
    return set(row.message) <= _PLAIN


def _joined(alike: Sequence[Held]) -> dict[str, Any]:
    """Return messages as one: the newest whole, then what was said before it."""
    newest, earlier = alike[0], alike[1:]
    if not earlier:
        return dict(newest.message)
    lines = [texts.held_earlier(at=row.created_at, text=row.message.get("text", "")) for row in earlier]
    photos = [photo for row in alike for photo in row.message.get("photos", ())]
    message = {**newest.message, "text": "\n\n".join([newest.message.get("text", ""), *lines])}
    message |= {"photos": photos} if photos else {}
    return message | ({"buttons": buttons} if (buttons := _buttons(alike)) else {})


def _buttons(alike: Sequence[Held]) -> list[list[dict[str, str]]]:
    """Return the buttons under joined messages: of one case the newest, of other things each one once."""
    rows = [buttons for row in alike if (buttons := row.message.get("buttons"))]
    if not rows or alike[0].case_id is not None:
        return rows[0] if rows else []
    known: set[str] = set()
    kept: list[list[dict[str, str]]] = []
    for button_row in (button_row for buttons in rows for button_row in buttons):
        new = [button for button in button_row if button["data"] not in known]
        known.update(button["data"] for button in new)
        kept += [new] if new else []
    return kept


def _spent(row: Held) -> dict[str, Any]:
    """Return a message without buttons: they stand under the one that holds its words."""
    return {part: said for part, said in row.message.items() if part != "buttons"}
