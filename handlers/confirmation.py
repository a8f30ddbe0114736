"""What a draft's writer is shown: a question for what is missing, or what was understood, ready to send."""

import zlib
from datetime import datetime

from handlers import texts
from handlers.channel import Button
from handlers.draft import NO_FEEDBACK, STEP, Draft
from handlers.turn import Turn
from routing import deadline
from routing.responsibility import Assignment

TWO_DOMAINS = 2
BOUND = frozenset({"same", "apart", "together", "undo", "rest"})
"""What answers a question about very words: the button of a question that was asked of others is stale."""


async def decide(turn: Turn, draft: Draft, *, begun: bool) -> None:
    """Answer with what comes next: an explanation, a question, or what was understood."""
    if not draft.text:
        ask_text(turn, draft)
        return
    if draft.kind == "emergency" and draft.first("emergency"):
        turn.say(texts.emergency_numbers())
    if begun and turn.person.posts and draft.kind != "emergency":
        draft.asking = "citizen"
        keep(turn, draft)
        turn.say(texts.as_citizen(), buttons=_yes_or_no(draft, texts.label_as_citizen(), "citizen"))
        return
    go_on(turn, draft)


def go_on(turn: Turn, draft: Draft) -> None:
    """Answer a draft that has words: explain, ask for the ward, or show it."""
    from handlers import splitting  # it imports this module

    if draft.kind in NO_FEEDBACK and "kind" not in draft.fixed:
        _explain(turn, draft)
        return
    splitting.separate_emergency(turn, draft)
    if splitting.is_to_ask(draft):
        splitting.ask(turn, draft)
    elif draft.shares:
        splitting.go_on(turn, draft)
    elif lacks_place(turn, draft):
        ask_place(turn, draft)
    else:
        show(turn, draft)


def lacks_place(turn: Turn, draft: Draft) -> bool:
    """Tell whether the ward is worth a question: never in an emergency, nor when a person must read first."""
    if draft.ward_name or draft.ward_unknown or draft.foreign or draft.kind == "emergency":
        return False
    return bool(draft.elsewhere) or draft.assignment(turn.city, turn.now).needs_place


def ask_text(turn: Turn, draft: Draft) -> None:
    """Ask for words to a picture or a position."""
    draft.asking = "text"
    keep(turn, draft)
    turn.say(texts.what_to_report(photos=len(draft.photos), position=draft.latitude is not None))


def _explain(turn: Turn, draft: Draft) -> None:
    from handlers import splitting  # it imports this module

    draft.asking = "ordinary"
    told = {
        "grievance": lambda: texts.grievance(city=turn.city.name),
        "denunciation": lambda: texts.denunciation(city=turn.city.name),
        "abuse": texts.calm,
    }
    label = texts.label_send_anyway() if draft.kind == "abuse" else texts.label_ordinary()
    first = draft.first(draft.kind)
    keep(turn, draft)
    said = told[draft.kind]() if first else texts.still_no_feedback(kind=draft.kind)
    rest = splitting.buttons_of_rest(draft)
    turn.say(said, buttons=[*([rest] if rest else []), *_yes_or_no(draft, label, "ordinary")])


def ask_place(turn: Turn, draft: Draft) -> None:
    """Ask for the ward: a position, a button, or its name."""
    draft.asking = "ward"
    keep(turn, draft)
    if draft.elsewhere:
        asked = texts.place_elsewhere(place=draft.elsewhere, city=turn.city.name)
    else:
        asked = texts.ask_place(candidates=bool(draft.wards))
    turn.say(asked, buttons=place_buttons(draft), ask_location=texts.label_send_position())


def show(turn: Turn, draft: Draft) -> None:
    """Show what was understood, with the one button that consents and sends."""
    if draft.foreign and draft.first("foreign"):
        turn.say(texts.foreign_language())
    draft.asking = ""
    draft.consent = texts.consent(city=turn.city.name, anonymous=draft.anonymous)
    keep(turn, draft)
    turn.say(
        understood(turn, draft),
        buttons=_draft_buttons(turn, draft),
        ask_location="" if draft.ward_name else texts.label_send_position(),
    )


def understood(turn: Turn, draft: Draft) -> str:
    """Return what was understood of a draft, with the notice that sending it agrees to."""
    found = draft.assignment(turn.city, turn.now)
    unit = None if draft.unsure or doubt(draft, found) else found.unit
    return texts.understood(
        text=draft.text,
        kind=draft.kind,
        domain=turn.city.domains[draft.domain].name,
        place=texts.place_name(draft.street, draft.ward_name, draft.ward_as_written, draft.landmark),
        ward_known=draft.ward_name is not None,
        unit=unit.name if unit else "",
        due_at=due_at(turn, draft) if unit else None,
        photos=len(draft.photos),
        from_photo=draft.from_photo,
        unsure=draft.unsure,
        urgent=draft.urgent,
        consent=draft.consent,
    )


def due_at(turn: Turn, draft: Draft) -> datetime:
    """Return by when a draft would be answered if it were sent now."""
    rule = turn.city.deadline_rule(draft.domain)
    return deadline.deadlines(turn.city, rule, received_at=turn.now, urgent=draft.urgent).due_at


def doubt(draft: Draft, found: Assignment) -> str | None:
    """Return why a dispatcher must look at the draft first, or None."""
    if draft.foreign:
        return texts.doubt_language()
    read_as = draft.reading.get("kind")
    if "kind" in draft.fixed and read_as in ("denunciation", "abuse"):
        return texts.doubt_kind(kind=read_as)
    if draft.unsure:
        return texts.doubt_domain()
    if found.unit is None:
        return _no_unit(found)
    return None


def _no_unit(found: Assignment) -> str:
    if found.needs_place:
        return texts.doubt_place()
    if found.dispatched:
        return texts.doubt_left_to_dispatchers()
    return texts.doubt_rule(position=found.rule.position) if found.rule else texts.doubt_unit()


def keep(turn: Turn, draft: Draft) -> None:
    """Put the draft into the chat."""
    draft.changed_at = turn.now.isoformat()
    turn.chat.step, turn.chat.draft = STEP, draft.as_dict()


def button(draft: Draft, label: str, verb: str) -> Button:
    """Return a button that means this very draft; one that answers a question, the draft as it is now."""
    bound = f":{token(draft, verb)}" if is_bound(verb) else ""
    return Button(label=label, data=f"draft:{draft.nonce}:{verb}{bound}")


def is_bound(verb: str) -> bool:
    """Tell whether a button, `VERB` or `VERB:VALUE`, answers a question about the draft as it was then."""
    name, _, value = verb.partition(":")
    return name in BOUND or (name == "send" and bool(value))


def token(draft: Draft, verb: str) -> str:
    """Return what changes with all that a question was about: `SHARE-CHECKSUM`."""
    shares = [
        [kept["draft"]["share"], kept["draft"]["domain"], kept["draft"]["ward_code"]] for kept in draft.shares
    ]
    about = (
        verb,
        draft.parts,
        draft.photos,
        draft.kind,
        draft.domain,
        draft.ward_code,
        draft.street,
        draft.latitude,
        draft.longitude,
        shares,
    )
    return f"{draft.share}-{zlib.crc32(repr(about).encode()):08x}"


def _draft_buttons(turn: Turn, draft: Draft) -> list[list[Button]]:
    from handlers import splitting  # it imports this module

    hide = texts.label_named() if draft.anonymous else texts.label_anonymous()
    rows = [[button(draft, texts.label_send(), "send")]]
    if draft.unsure and not draft.foreign:
        rows.append(
            [
                button(draft, turn.city.domains[domain].name, f"domain:{domain}")
                for domain in draft.candidates[:TWO_DOMAINS]
            ]
        )
    rows += ward_rows(draft)
    rows += [
        [
            button(draft, texts.label_fix_domain(), "domains"),
            button(draft, texts.label_fix_place(), "place"),
        ],
        [button(draft, texts.label_add_photos(), "photos"), button(draft, hide, "anonymous")],
        splitting.buttons_apart(draft),
        [button(draft, texts.label_discard(), "discard")],
    ]
    return [row for row in rows if row]


def closing_buttons(draft: Draft) -> list[list[Button]]:
    """Return the buttons of a draft that was forgotten for a moment."""
    return [
        [button(draft, texts.label_look(), "look")],
        [button(draft, texts.label_discard(), "discard")],
    ]


def place_buttons(draft: Draft) -> list[list[Button]]:
    """Return the wards to choose from, and the ways around them."""
    return [
        *pairs(_ward_buttons(draft)),
        [
            button(draft, texts.label_place_unknown(), "nowhere"),
            button(draft, texts.label_discard(), "discard"),
        ],
    ]


def ward_rows(draft: Draft) -> list[list[Button]]:
    """Return the wards that a draft without one may be about."""
    return pairs(_ward_buttons(draft)) if draft.ward_name is None else []


def _ward_buttons(draft: Draft) -> list[Button]:
    return [button(draft, name, f"ward:{code}") for code, name in draft.wards]


def pairs(buttons: list[Button]) -> list[list[Button]]:
    """Return buttons two in a row."""
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


def _yes_or_no(draft: Draft, label: str, verb: str) -> list[list[Button]]:
    return [[button(draft, label, verb)], [button(draft, texts.label_discard(), "discard")]]
