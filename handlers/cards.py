"""Cards: one case as those who handle it see it, with the buttons that it allows them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

from handlers import access, texts
from handlers.channel import Button, OutboundMessage, Photo
from routing import workflow
from routing.organisation import City
from routing.personal_data import find_personal_data, hide_writer, mask
from routing.workflow import OPEN_STATUSES, Action, Role
from storage.cases import Case
from storage.ledger import Event
from storage.people import Person

Rows = Sequence[Sequence[Button]]

LONGEST_TEXT = 1500
"""Characters of a report that a card shows; a button shows the rest."""
LONGEST_BUTTON = 64
MOST_BUTTONS = 5
_HISTORY = 6


def card(
    city: City,
    case: Case,
    *,
    now: datetime,
    photos: Sequence[str] = (),
    reporter: str = "",
    hides: bool = False,
    note: str = "",
    events: Iterable[Event] = (),
    actions: Collection[Action] | None = None,
    first: Rows = (),
    rest: Rows = (),
) -> OutboundMessage:
    """Return the card of a case with a button for each action; by default those of the unit's officers.

    reporter: what the reader may know of who wrote it, empty for nothing. hides: the words do not give the
    writer away either. photos: media keys. first: buttons for what waits for the reader; rest: further ones,
    shown where there is room.
    """
    if actions is None:
        actions = workflow.allowed_actions(case.status, Role.OFFICER)
    text = body(city, case, now=now, photos=photos, reporter=reporter, hides=hides, note=note, events=events)
    return OutboundMessage(
        text=text + (f"\n{texts.card_hint()}" if Action.ANSWER in actions else ""),
        buttons=tuple(buttons(case, actions, first=[*first, *_whole_text(case)], rest=rest)),
        photos=tuple(Photo(media_key=key) for key in photos),
    )


def body(
    city: City,
    case: Case,
    *,
    now: datetime,
    photos: Sequence[str] = (),
    reporter: str = "",
    hides: bool = False,
    note: str = "",
    events: Iterable[Event] = (),
) -> str:
    """Return the words of a card."""
    waiting = case.status in OPEN_STATUSES
    words = shown(case, case.text, hides=hides)
    return texts.card(
        code=case.code,
        kind=case.kind,
        status=case.status,
        urgent=case.urgent,
        domain=domain_name(city, case.domain),
        unit=unit_name(city, case.unit_code),
        place=texts.place_name(
            street=case.street, ward=case.ward_name, landmark=case.reading.get("place", {}).get("landmark")
        ),
        position=_position(case),
        text=words if len(words) <= LONGEST_TEXT else f"{words[:LONGEST_TEXT]} …",
        reporter=reporter,
        anonymous=case.anonymous,
        accept_due_at=None if case.accepted_at or not waiting else case.accept_due_at,
        due_at=case.due_at if waiting else None,
        overdue=waiting and case.paused_at is None and case.due_at is not None and now > case.due_at,
        photos=len(photos),
        note="\n".join(
            part
            for part in (
                note,
                _gone(case),
                _reach(events),
                _people(case),
                _part(case),
                _snoozed(case, events, now),
            )
            if part
        ),
        history=history(city, case, events, hides=hides),
    )


def _gone(case: Case) -> str:
    """Say that nobody knows any more who reported it."""
    return "" if case.chat else texts.reporter_erased()


def _reach(events: Iterable[Event]) -> str:
    """Say that the reporter has not got the last news, or that they got it late."""
    told = [event for event in events if event.type in ("citizen_not_reached", "citizen_reached")]
    if not told:
        return ""
    if told[-1].type == "citizen_reached":
        return texts.reached_note()
    return texts.not_reached_note(way=told[-1].data.get("way", ""))


def _part(case: Case) -> str:
    """Say that a report is part of a longer message; what else stood there is not for this unit to read."""
    part = case.reading.get("part")
    return texts.part_of_message(count=part[0], total=part[1]) if part else ""


def _snoozed(case: Case, events: Iterable[Event], now: datetime) -> str:
    if case.snoozed_until is None or case.snoozed_until <= now:
        return ""
    reasons = [event.data.get("reason", "") for event in events if event.type == "snoozed"]
    return texts.snoozed_note(until=case.snoozed_until, reason=reasons[-1] if reasons else "")


def _people(case: Case) -> str:
    return texts.people_count(people=case.people_count) if case.people_count > 1 else ""


def _whole_text(case: Case) -> Rows:
    if len(case.text) <= LONGEST_TEXT:
        return ()
    return ((Button(label=texts.label_whole_text(), data=f"fulltext:{case.code}"),),)


def buttons(
    case: Case, actions: Collection[Action], *, first: Rows = (), rest: Rows = ()
) -> list[tuple[Button, ...]]:
    """Return the buttons that are used most, at most five with the one that shows the rest.

    Somebody with many messages chooses faster among few, and a channel may show no more than five.
    """
    ahead, usual, more = ([tuple(row) for row in rows] for rows in (first, all_buttons(case, actions), rest))
    if sum(map(len, (*ahead, *usual, *more))) <= MOST_BUTTONS:
        return [*ahead, *usual, *more]
    room = max(0, MOST_BUTTONS - 1 - sum(map(len, ahead)))
    often = [_BUTTONS[action](case.code) for action in _FIRST if action in actions]
    chosen = list(dict.fromkeys([*often, *chain(*usual, *more)]))[:room]
    pairs = [tuple(chosen[start : start + 2]) for start in range(0, len(chosen), 2)]
    return [*ahead, *pairs, (Button(label=texts.label_more_actions(), data=f"more:{case.code}"),)]


def all_buttons(case: Case, actions: Collection[Action]) -> list[tuple[Button, ...]]:
    """Return a button for each of these actions that has one; more time is asked for once work has begun."""
    if case.accepted_at is None or case.extension is not None:
        actions = frozenset(actions) - {Action.REQUEST_EXTENSION}
    if case.reminded_at is None:  # there is nothing to put off yet
        actions = frozenset(actions) - {Action.SNOOZE}
    rows = [[_BUTTONS[action](case.code) for action in row if action in actions] for row in _ROWS]
    if Action.RETURN in actions:
        rows.append([Button(label=texts.label_wrong_domain(), data=f"wrong:{case.code}")])
    if Action.ANSWER in actions:
        rows.insert(1, [Button(label=texts.label_progress(), data=f"progress:{case.code}")])
    return [tuple(row) for row in rows if row]


_BUTTONS: Mapping[Action, Callable[[str], Button]] = {
    Action.ACCEPT: lambda code: Button(label=texts.label_accept(), data=f"accept:{code}"),
    Action.ANSWER: lambda code: Button(label=texts.label_answer(), data=f"answer:{code}"),
    Action.ASK_CITIZEN: lambda code: Button(label=texts.label_ask(), data=f"ask:{code}"),
    Action.STOP_WAITING: lambda code: Button(label=texts.label_stop_waiting(), data=f"resume:{code}"),
    Action.HAND_OVER: lambda code: Button(label=texts.label_hand_over(), data=f"hand:{code}"),
    Action.ASSIGN: lambda code: Button(label=texts.label_open_triage(), data=f"triage:{code}"),
    Action.RETURN: lambda code: Button(label=texts.label_return(), data=f"giveback:{code}"),
    Action.ASK_SUPPORT: lambda code: Button(label=texts.label_support(), data=f"support:{code}"),
    Action.APPOINT: lambda code: Button(label=texts.label_appoint(), data=f"appoint:{code}"),
    Action.REQUEST_EXTENSION: lambda code: Button(label=texts.label_extend(), data=f"extend:{code}"),
    Action.REJECT: lambda code: Button(label=texts.label_refuse(), data=f"reject:{code}"),
    Action.SNOOZE: lambda code: Button(label=texts.label_snooze(), data=f"snooze:{code}"),
}
_FIRST = (
    Action.ACCEPT,
    Action.ANSWER,
    Action.STOP_WAITING,
    Action.ASSIGN,
    Action.APPOINT,
    Action.ASK_CITIZEN,
    Action.HAND_OVER,
    Action.RETURN,
)
"""What is offered first, as far as it is allowed."""
_ROWS = (
    (Action.ACCEPT, Action.ANSWER),
    (Action.ASK_CITIZEN, Action.STOP_WAITING, Action.APPOINT),
    (Action.ASK_SUPPORT,),
    (Action.HAND_OVER, Action.RETURN),
    (Action.REQUEST_EXTENSION, Action.REJECT),
    (Action.ASSIGN, Action.SNOOZE),
)


def reporter(person: Person) -> str:
    """Return a person's name and telephone as a card shows them; a name is never empty."""
    return " · ".join(part for part in (person.name or texts.nameless(), person.phone) if part)


def domain_name(city: City, domain: str) -> str:
    """Return what a domain is called in this city."""
    found = city.domains.get(domain)
    return found.name if found else domain


def unit_name(city: City, code: str | None) -> str:
    """Return what a unit is called; empty for none."""
    unit = city.units.get(code) if code else None
    return unit.name if unit else (code or "")


def shown(case: Case, text: str, *, hides: bool = False) -> str:
    """Return a citizen's words as officials may read them.

    Whoever stays unknown (anonymous, in a denunciation, or with `hides` to this reader) is not given away by
    a number or a name of their own in the text. What tells of others (a vehicle, a neighbour) is often what
    the report is about, and stays.
    """
    return hide_writer(text) if hides or case.anonymous or access.is_denunciation(case) else text


def for_others(text: str) -> str:
    """Return words to one reporter as those who joined their case may read them: nobody is named."""
    return mask(text, find_personal_data(text))


def history(city: City, case: Case, events: Iterable[Event], *, hides: bool = False) -> list[str]:
    """Return what was said about a case after it was sent, in order, the latest few."""
    lines = [line for event in events if (line := _told(city, case, event, hides))]
    return lines[-_HISTORY:]


def _told(city: City, case: Case, event: Event, hides: bool) -> str:
    data = event.data
    if event.type == "citizen_asked":
        return texts.history_question(at=event.at, text=data.get("question", ""))
    if event.type == "returned":
        unit = unit_name(city, event.unit_code)
        return texts.history_return(at=event.at, unit=unit, reason=data.get("reason", ""))
    if event.type == "handed_over" and data.get("note"):
        unit = unit_name(city, data.get("was"))
        return texts.history_hand_over(at=event.at, unit=unit, reason=data["note"])
    if event.type == "support_asked":
        unit = unit_name(city, data.get("unit"))
        return texts.history_support(at=event.at, unit=unit, task=data.get("task", ""))
    if event.type in ("part_answered", "part_declined"):
        unit, declined = unit_name(city, event.unit_code), event.type == "part_declined"
        return texts.history_part(at=event.at, unit=unit, text=data.get("text", ""), declined=declined)
    if event.type in _SAID_BY_UNIT:
        return _SAID_BY_UNIT[event.type](event)
    said = shown(case, data.get("text", ""), hides=hides)
    if event.type == "reopened":
        return texts.history_reopened(at=event.at, text=said, stars=data.get("rating") or 0)
    if event.actor_role == "citizen" and event.type != "received" and said:
        return texts.history_reply(at=event.at, text=said)
    return ""


def _told_answer(event: Event) -> str:
    line = texts.history_answer(at=event.at, text=event.data.get("text", ""))
    reason = event.data.get("no_photo_reason")
    return line + (texts.history_no_photo(reason=reason) if reason else "")


_SAID_BY_UNIT: Mapping[str, Callable[[Event], str]] = {
    "answered": _told_answer,
    "extended": lambda event: texts.history_extension(
        at=event.at, reason=event.data.get("reason", ""), granted=True
    ),
    "extension_refused": lambda event: texts.history_extension(
        at=event.at, reason=event.data.get("reason", ""), granted=False
    ),
    "progress_told": lambda event: texts.history_progress(at=event.at, text=event.data.get("text", "")),
    "answer_proposed": lambda event: texts.history_proposed(at=event.at, text=event.data.get("text", "")),
    "answer_sent_back": lambda event: texts.history_sent_back(
        at=event.at, reason=event.data.get("reason", "")
    ),
}


def _position(case: Case) -> str:
    if case.latitude is None or case.longitude is None:
        return ""
    latitude, longitude = f"{case.latitude:.5f}", f"{case.longitude:.5f}"
    point = f"mlat={latitude}&mlon={longitude}#map=18/{latitude}/{longitude}"
    return f"https://www.openstreetmap.org/?{point}"


def fits(data: str) -> bool:
    """Tell whether a channel can carry this as a button's data."""
    return len(data.encode()) <= LONGEST_BUTTON
