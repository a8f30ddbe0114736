"""`/tim`: finding cases by code, words, street or person, within what one may see and is told."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from handlers import access, cards, case_at_hand, followup, offers, texts, viewing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing import tracking_code
from storage import holding, searching
from storage.cases import Case
from storage.searching import Finds, Reach

SHOWN = 5


async def search(turn: Turn, argument: str) -> None:
    """List the cases that hold all the words; a tracking code opens its case at once."""
    official = access.sees_city(turn.person) or bool(access.units_seen(turn.person, turn.city))
    words = searching.bare_words(argument)
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif not words:
        turn.say(texts.ask_for_words(official=official))
    elif code := tracking_code.parse_code(argument):
        await followup.track(turn, code)
    else:
        found = await searching.search(turn.transaction, words, _reach(turn), limit=searching.LOOKED_AT)
        told = (case for case in found.cases if not official or _is_found_by_what_it_shows(turn, case, words))
        await _show(turn, argument, replace(found, cases=[*islice(told, SHOWN + 1)]), official=official)


def _is_found_by_what_it_shows(turn: Turn, case: Case, words: Sequence[str]) -> bool:
    """Tell whether the writer reads the words that a case was found by.

    Whoever is not told who reported it must not learn that by guessing names and numbers either.
    """
    if case.reporter_id == turn.person.id or case_at_hand.knows_reporter(turn, case):
        return True
    read = " ".join(filter(None, (case.code, _words(turn, case), case.street, case.ward_name)))
    return searching.holds(searching.bare_words(read), words[: searching.MOST_WORDS])


def _reach(turn: Turn) -> Reach:
    """Return what the writer sees: as an official what their posts reach, else their own reports."""
    if access.sees_city(turn.person):
        return Reach()
    units = access.units_seen(turn.person, turn.city)
    if not units:
        return Reach(reporter_id=turn.person.id)
    return Reach(
        units=units,
        own_units=frozenset(post.unit_code for post in turn.person.posts),
        restricted=frozenset(domain.id for domain in turn.city.domains.values() if domain.restricted),
    )


async def _show(turn: Turn, query: str, finds: Finds, *, official: bool) -> None:
    if not finds.cases:
        turn.say(texts.nothing_found(query=query, complete=finds.complete))
        return
    shown = finds.cases[:SHOWN]
    if official:
        await viewing.note_many(turn, [case.id for case in shown])
    waiting = await holding.not_reached(turn.transaction, [case.id for case in shown]) if official else set()
    lines = [
        _line(turn, number, case, official=official, waiting=case.id in waiting)
        for number, case in enumerate(shown, start=1)
    ]
    buttons = [
        [Button(label=case.code, data=f"card:{case.code}") if official else offers.show(case.code)]
        for case in shown
    ]
    more = len(finds.cases) > SHOWN or not finds.complete
    turn.say(texts.found_cases(query=query, lines=lines, more=more), buttons=buttons)


def _line(turn: Turn, number: int, case: Case, *, official: bool, waiting: bool = False) -> str:
    status = texts.case_status(status=case.status) if official else texts.status_name(case.status)
    return texts.found_line(
        number=number,
        code=case.code,
        status=f"{status} · {texts.not_reached_mark()}" if waiting else status,
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(case.street, case.ward_name),
        text=_words(turn, case) if official else case.text,
    )


def _words(turn: Turn, case: Case) -> str:
    return cards.shown(case, case.text, hides=not case_at_hand.knows_reporter(turn, case))


COMMANDS: dict[str, Handler] = {"/tim": search}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
