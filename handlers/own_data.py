"""`/dulieucuatoi`: what is held about a person, sent to that person and nobody else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import cards, texts
from handlers.channel import OutboundMessage
from handlers.turn import Handler, Turn
from routing.data_rights import clocks
from routing.organisation import City
from storage import erasures, holdings, retention
from storage.cases import Case
from storage.database import Transaction
from storage.holdings import Holdings

AGAIN = timedelta(hours=1)
"""So soon it is not sent again."""
LONGEST_MESSAGE = 3000
"""Characters of one message, where the channel carries no files."""
MOST_MESSAGES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a file holds: a title, then parts with a heading and lines each."""

    title: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    def as_text(self) -> str:
        """Return it as plain text."""
        blocks = ["\n".join([heading, *(f"• {line}" for line in lines)]) for heading, lines in self.parts]
        return "\n\n".join([self.title, *blocks])


async def send(turn: Turn, argument: str = "") -> None:
    """Send a short summary, then the whole: as a file, or in messages where the channel carries none."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    last = await erasures.last_copy(turn.transaction, turn.person.id)
    if last is not None and turn.now - last < AGAIN:
        turn.say(texts.own_data_again(at=last))
        return
    held = await holdings.held_about(turn.transaction, turn.person.id, now=turn.now)
    if held is None:  # written for the first time in this very transaction
        await turn.transaction.flush()
        held = await holdings.held_about(turn.transaction, turn.person.id, now=turn.now)
    assert held is not None
    _note(turn)
    turn.say(_summary(held))
    if turn.files:
        message = OutboundMessage(
            text=texts.own_data_file(), export={"own_data": turn.person.id, "person_id": turn.person.id}
        )
        turn.tell(turn.address, message)
    else:
        for part in _in_messages((await document(turn.transaction, turn.city, held)).as_text()):
            turn.say(part)


def _note(turn: Turn) -> None:
    legal = clocks(turn.city.calendar, turn.now)
    erasures.add(
        turn.transaction,
        person_id=turn.person.id,
        channel=turn.chat.channel,
        at=turn.now,
        kind=erasures.COPY,
        answer_due_at=legal.answer_due_at,
        due_at=legal.due_at,
        answered_at=turn.now,
        done_at=turn.now,
    )


def _summary(held: Holdings) -> str:
    return texts.own_data_summary(
        accounts=len(held.accounts),
        name=held.name,
        phone=held.phone,
        cases=len(held.cases),
        pictures=len(held.pictures) + len(held.files),
        said=len(held.said),
        told=len(held.told),
        views=len(held.views),
    )


def _in_messages(text: str) -> list[str]:
    """Cut a long text between its lines."""
    parts = [""]
    for line in text.split("\n"):
        line = line[:LONGEST_MESSAGE]
        if len(parts[-1]) + len(line) + 1 > LONGEST_MESSAGE:
            parts.append("")
        parts[-1] += f"{line}\n"
    return [part.strip() for part in parts[:MOST_MESSAGES] if part.strip()]


async def document(transaction: Transaction, city: City, held: Holdings) -> Document:
    """Return everything that is held about a person, in words."""
    kept = await retention.all_days(transaction)
    parts: dict[str, Iterable[str]] = {
        "person": [texts.own_data_name(name=held.name, phone=held.phone, since=held.since)],
        "accounts": [*_accounts(held)],
        "consents": [*_consents(held)],
        "cases": [*(_case(city, case) for case in held.cases), *_added(held)],
        "files": _files(held),
        "posts": [
            texts.own_data_post(
                role=row["role"], unit=cards.unit_name(city, row["unit_code"]), at=row["starts_at"]
            )
            for row in held.posts
        ],
        "views": [
            texts.own_data_view(
                at=view.at, role=view.role, unit=cards.unit_name(city, view.unit_code), code=view.code
            )
            for view in held.views
        ],
        "requests": [
            texts.own_data_request(kind=each.kind, at=each.asked_at, outcome=each.outcome or "")
            for each in held.requests
        ],
        "said": [texts.own_data_message(at=each.at, text=each.text) for each in held.said],
        "told": [texts.own_data_message(at=each.at, text=each.text) for each in held.told],
        "kept": [texts.own_data_kept(kind=kind, days=days) for kind, days in kept.items()],
    }
    return Document(
        title=texts.own_data_title(),
        parts=tuple(
            (texts.own_data_heading(part=name), tuple(lines) or (texts.own_data_nothing(),))
            for name, lines in parts.items()
        ),
    )


def _accounts(held: Holdings) -> Iterable[str]:
    for row in held.accounts:
        yield texts.own_data_account(channel=row["channel"], user=row["user"])
    for row in held.chats:
        draft = str(row["draft"].get("text", "")) if row["step"] else ""
        yield texts.own_data_chat(
            channel=row["channel"], chat=row["chat"], at=row["last_inbound_at"], draft=draft
        )


def _consents(held: Holdings) -> Iterable[str]:
    given: Sequence[tuple[datetime, str, bool]] = [
        *((case.consent_at, case.consent_text, False) for case in held.cases),
        *((each.given_at, each.text, each.withdrawn_at is not None) for each in held.consents),
    ]
    for at, text, withdrawn in sorted(given):
        yield texts.own_data_consent(at=at, text=text, withdrawn=withdrawn)


def _case(city: City, case: Case) -> str:
    known = case.latitude is not None and case.longitude is not None
    return texts.own_data_case(
        code=case.code,
        at=case.received_at,
        status=texts.status_name(case.status),
        domain=cards.domain_name(city, case.domain),
        place=texts.place_name(case.street, case.ward_name),
        position=f"{case.latitude:.5f}, {case.longitude:.5f}" if known else "",
        text=case.text,
        unit=cards.unit_name(city, case.unit_code),
        answer=case.answer or "",
        rating=case.rating or 0,
        anonymous=case.anonymous,
    )


def _added(held: Holdings) -> Iterable[str]:
    return [texts.own_data_said(code=each.code, at=each.at, text=each.text) for each in held.added]


def _files(held: Holdings) -> list[str]:
    shown = [(row["media_key"], row["created_at"]) for row in held.pictures]
    shown += [(row["name"] or row["media_key"], row["created_at"]) for row in held.files]
    return [texts.own_data_photo(key=key, at=at) for key, at in shown]


COMMANDS: dict[str, Handler] = {"/dulieucuatoi": send}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
