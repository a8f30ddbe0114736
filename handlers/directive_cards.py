"""What is shown of a directive, and to whom: those who must answer it, whoever gave it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time

from handlers import cards, group_cards, notices, telling, texts
from handlers.channel import Button, File, OutboundMessage, Photo
from handlers.turn import Rows
from routing.organisation import City
from storage import directives, people
from storage.cases import Case
from storage.database import Transaction
from storage.directives import Directive, KeptFile
from storage.people import Official

LONGEST_EXTRACT = 300
PHOTO = "photo"


def about(city: City, directive: Directive, case: Case | None) -> str:
    """Return what a directive is about: a case by its code, a figure, or the unit's work."""
    if case is not None:
        return case.code
    named = directive.about or {}
    first, last = (_day(named.get(end)) for end in ("from", "to"))
    unit = cards.unit_name(city, named.get("unit") or directive.unit_code)
    return texts.figure_about(metric=named.get("metric", ""), unit=unit, first=first, last=last)


def _day(written: str | None) -> datetime | None:
    return datetime.combine(date.fromisoformat(written), time(), UTC) if written else None


def giver_name(city: City, directive: Directive, name: str) -> str:
    """Return who gave a directive, with their unit."""
    unit = cards.unit_name(city, directive.given_unit)
    return f"{name} ({unit})" if name else unit


async def name_of(transaction: Transaction, person_id: int | None, now: datetime) -> str:
    """Return a person's name, empty for nobody."""
    person = await people.get_person(transaction, person_id, now=now) if person_id else None
    return person.name if person else ""


def card(
    city: City,
    directive: Directive,
    case: Case | None,
    *,
    giver: str,
    files: Sequence[KeptFile] = (),
    group: bool = False,
) -> OutboundMessage:
    """Return a directive as those see it who must answer; in a group nobody is named by it."""
    words = group_cards.masked(directive.text) if group else directive.text
    extract = texts.excerpt(group_cards.masked(case.text), LONGEST_EXTRACT) if case else ""
    street = group_cards.masked(case.street or "") if case and group else (case.street if case else "")
    text = texts.directive_card(
        kind=directive.kind,
        unit=cards.unit_name(city, directive.unit_code),
        giver=giver,
        about=about(city, directive, case),
        place=texts.place_name(street=street or None, ward=case.ward_name) if case else "",
        due_at=directive.due_at,
        text=words,
        extract=extract,
    )
    rows: list[tuple[Button, ...]] = [tuple(answer_buttons(directive))]
    if case is not None:
        opened = Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")
        rows.append((group_cards.open_button(case) if group else opened,))
    return with_files(OutboundMessage(text=text, buttons=tuple(rows)), files)


def answer_buttons(directive: Directive) -> list[Button]:
    """Return the buttons by which a unit acknowledges a directive and reports on it."""
    return [
        Button(label=texts.label_directive_seen(), data=f"dseen:{directive.id}"),
        Button(label=texts.label_directive_report(), data=f"dreport:{directive.id}"),
    ]


def report_button(directive: Directive) -> list[list[Button]]:
    """Return the button by which a unit reports."""
    return [answer_buttons(directive)[1:]]


def with_files(message: OutboundMessage, files: Sequence[KeptFile]) -> OutboundMessage:
    """Return a message with photos and recordings."""
    photos = tuple(Photo(media_key=kept.media_key) for kept in files if kept.kind == PHOTO)
    others = tuple(File(kind=kept.kind, media_key=kept.media_key) for kept in files if kept.kind != PHOTO)
    return replace(message, photos=photos, files=others)


def counted(files: Sequence[KeptFile]) -> tuple[int, int]:
    """Return how many photos and how many recordings and documents these are."""
    photos = sum(kept.kind == PHOTO for kept in files)
    return photos, len(files) - photos


def number_in(argument: str) -> int:
    """Return the number of a directive that a button or a command names; 0 for none."""
    return int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 20 else 0


# ── to whom ──────────────────────────────────────────────────────────────────────────────────────


async def readers(transaction: Transaction, unit_code: str, now: datetime) -> list[Official]:
    """Return who answers for a unit: its chairs, else whoever works there."""
    for roles in (("chair",), ("officer",)):
        if found := await people.officials_of(transaction, unit_code, now=now, roles=roles):
            return found
    return []


async def givers(transaction: Transaction, city: City, directive: Directive, now: datetime) -> list[Official]:
    """Return who hears of a directive: whoever gave it, or whoever holds that office by now."""
    if directive.given_role == "leader":
        office = await people.officials_by_role(transaction, "leader", now=now)
    else:
        unit = city.heir(directive.given_unit) or directive.given_unit
        office = await people.officials_of(transaction, unit, now=now, roles=("chair",))
    return [official for official in office if official.person_id == directive.given_by] or office


def send(
    transaction: Transaction,
    officials: Sequence[Official],
    message: OutboundMessage,
    *,
    case: Case | None,
    now: datetime,
    dedupe_key: str | None = None,
) -> None:
    """Send a message to these officials; at night only about what is urgent, or to who is awake."""
    urgent = case is not None and case.urgent
    for official in officials:
        notices.post_to(
            transaction,
            [official],
            message,
            now=now,
            case_id=case.id if case else None,
            dedupe_key=dedupe_key,
            not_before=telling.when_awake(official.last_inbound_at, now, urgent=urgent),
        )


def unless_at_night(case: Case | None, now: datetime) -> datetime | None:
    """Return until when waits what wakes people who have done nothing: the morning, unless it is urgent."""
    return telling.when_awake(None, now, urgent=case is not None and case.urgent)


async def note(
    transaction: Transaction,
    directive: Directive,
    type: str,
    *,
    person_id: int | None,
    role: str,
    now: datetime,
    data: dict[str, object] | None = None,
) -> None:
    """Keep what became of a directive, and store it."""
    await directives.append_event(
        transaction, directive, type=type, actor_id=person_id, actor_role=role, at=now, data=data
    )
    directives.save_directive(transaction, directive)


def rows_of(*buttons: Button) -> Rows:
    """Return each of these buttons in a row of its own, without those whose data is too long."""
    return [[button] for button in buttons if cards.fits(button.data)]
