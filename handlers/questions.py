"""Questions about the figures in plain words, answered with a sentence, a table, a picture and the cases.

Follow-up questions keep what was asked before in the same chat. Whoever asks sees what their posts reach, in
a group no more than the group's own scope; beyond it stands the city's total.
"""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from handlers import access, cards, figures_told, groups, hot_matters, texts
from handlers.channel import Address, Button, OutboundMessage
from handlers.exports import Export
from handlers.figures_asked import OF_NOW, Answered, Scope, answer, counted_under
from handlers.turn import Handler, Turn
from routing.deadline import LOCAL_TIME, midnight
from routing.question import METRICS, Question, nearest, read_question
from routing.vietnamese import strip_accents
from routing.when import Period
from storage import chats, figures_asked
from storage.cases import Case
from storage.figures_asked import Behind

REMEMBERED = timedelta(minutes=30)
"""How long a follow-up question may refer to the one before."""
PAGE = 5
_ASKED = "asked"
_ASKING = re.compile(
    r"\b(bao nhieu|the nao|ra sao|t[yi] le|top|so voi|so sanh|thong ke|xep hang|[vt]\w+ sao|nao \w+ nhat)\b"
)
_TOLD = frozenset({"feedback", "emergency", "grievance", "denunciation", "suggestion"})
"""Kinds of message that tell of a matter."""
_QUERY = 60
_EVERYTHING = Question(understood=True, metric="received", group_by="unit")
"""What a workbook holds where nothing was asked."""
_PLAIN_FOLLOW_UPS = {"previous": "so voi ky truoc", "unit": "theo don vi"}


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


async def take(turn: Turn) -> bool:
    """Answer an official's question about the figures; False when the message is none.

    What sounds like one and is not understood is answered with the nearest questions that are. In a group
    only what is put to the bot is answered, or what is plainly a question.
    """
    text = turn.message.text.strip()
    if not text or turn.message.photos or not access.asks_for_figures(turn.person):
        return False
    addressed = not turn.chat.group or turn.message.mentioned
    if not addressed and not text.endswith("?"):
        return False
    scope = await _scope(turn)
    if scope is None:
        return False
    question = read_question(text, city=turn.city, today=_today(turn), before=_before(turn))
    if question.understood:
        await _tell(turn, question, scope)
        return True
    if addressed and not turn.chat.step and _sounds_asked(turn, text):
        _offer_nearest(turn, text)
        return True
    return False


def _sounds_asked(turn: Turn, text: str) -> bool:
    """Tell whether a text that is not understood asks for figures rather than telling of a matter."""
    if not (_ASKING.search(strip_accents(text).lower()) or text.endswith("?")):
        return False
    told = turn.reading is not None and turn.reading.kind in _TOLD
    return turn.chat.group or "leader" in turn.person.roles or not told


async def ask(turn: Turn, argument: str) -> None:
    """`/hoi QUESTION`: answer it; without one, show what can be asked."""
    scope = await _scope(turn) if access.asks_for_figures(turn.person) else None
    if scope is None:
        turn.say(texts.figures_only_for_officials() if turn.chat.group else texts.figures_refused())
        return
    if not argument.strip():
        buttons = [
            [Button(label=texts.example_question(key=key), data=_ask_data(key))] for key in texts.EXAMPLES
        ]
        turn.say(texts.ask_figures_hint(), buttons=buttons)
        return
    question = read_question(argument, city=turn.city, today=_today(turn), before=_before(turn))
    if question.understood:
        await _tell(turn, question, scope)
    else:
        _offer_nearest(turn, argument)


def _offer_nearest(turn: Turn, text: str) -> None:
    buttons = []
    for each in nearest(text, city=turn.city):
        data = _ask_data(each)
        if cards.fits(data):
            buttons.append([Button(label=each, data=data)])
    turn.say(texts.figures_not_clear(query=texts.excerpt(text, _QUERY)), buttons=buttons)


def _ask_data(question: str) -> str:
    """Return the button that asks a question; what a button carries has no spaces."""
    return "hoi:" + strip_accents(question).lower().rstrip("?. ").replace(" ", "_")


async def _scope(turn: Turn) -> Scope | None:
    """Return whose figures the writer may ask for here; None for nobody's."""
    own = access.units_with_figures(turn.person, turn.city)
    if not turn.chat.group:
        return Scope(units=own) if own else None
    group = await groups.group_here(turn)
    if group is None or not own:
        return None
    within = groups.scope_of(turn.city, group)
    both = {
        code
        for code in (*own, *within)
        if any(turn.city.is_within(code, unit) for unit in own)
        and any(turn.city.is_within(code, unit) for unit in within)
    }
    return Scope(units=tuple(sorted(both)), hidden=_hidden(turn)) if both else None


# ── what was asked before ────────────────────────────────────────────────────────────────────────


def _before(turn: Turn) -> Question | None:
    kept = turn.chat.draft.get(_ASKED)
    if (
        not kept
        or kept.get("person") != turn.person.id
        or turn.now - datetime.fromisoformat(kept["at"]) > REMEMBERED
    ):
        return None
    return Question.from_dict(kept["question"])


def _remember(turn: Turn, question: Question) -> None:
    kept = {"at": turn.now.isoformat(), "person": turn.person.id, "question": question.as_dict()}
    turn.chat.draft = {**turn.chat.draft, _ASKED: kept}


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


async def _tell(turn: Turn, question: Question, scope: Scope) -> None:
    found = await answer(turn.transaction, turn.city, question, scope=scope, now=turn.now)
    _remember(turn, replace(question, units=()) if found.refused else question)
    if question.about == "why" and not found.refused:
        told = await hot_matters.why(turn.transaction, turn.city, found, now=turn.now)
    elif question.about == "hot" and not found.refused:
        hidden = _hidden(turn)
        told = await hot_matters.hot(
            turn.transaction, turn.city, found, scope=scope, hidden=hidden, now=turn.now
        )
    else:
        told = figures_told.told(turn.city, found, today=_today(turn))
    turn.say(told.text, buttons=_buttons(turn, found, scope), drawing=told.drawing)


def _buttons(turn: Turn, found: Answered, scope: Scope) -> list[list[Button]]:
    """Return at most five: the cases behind, what may be asked next, and the demand to explain."""
    question = found.question
    seen = not found.refused and scope.sees(turn.city, _single_unit(found))
    rows = [[*_behind_button(found), *_explain_button(turn, found)]] if seen else []
    follow_ups = [Button(label=texts.label_export(), data="export")] if seen else []
    if question.compare is None and question.metric not in OF_NOW and question.about is None:
        follow_ups.append(_follow_up("previous", texts.label_compare()))
    if question.group_by is None and question.about is None and seen:
        follow_ups.append(_follow_up("unit", texts.label_split_by_unit()))
    return [row for row in (*rows, follow_ups) if row]


def _follow_up(what: str, label: str) -> Button:
    return Button(label=label, data=_ask_data(_PLAIN_FOLLOW_UPS[what]))


def _behind_button(found: Answered) -> list[Button]:
    if len(found.question.domains) > 1 and not found.hidden:
        return []  # no room in a button for several
    unit = _single_unit(found)
    data = behind_data(found.question, found.period, unit)
    return [Button(label=texts.label_behind(), data=data)] if cards.fits(data) else []


def _explain_button(turn: Turn, found: Answered) -> list[Button]:
    unit = _single_unit(found)
    if unit == turn.city.root.code or "leader" not in turn.person.roles:
        return []
    if found.question.group_by == "unit" and found.rows and not found.rows[0].value:
        return []  # the first of a comparison has nothing to explain
    period = found.period
    data = f"explain:{unit}:{found.question.metric}:{period.first:%Y%m%d}:{period.last:%Y%m%d}"
    return [Button(label=texts.label_demand_explanation(), data=data)] if cards.fits(data) else []


def _single_unit(found: Answered) -> str:
    """Return the unit that an answer comes down to: the one asked about, or the first of a comparison."""
    if found.question.group_by == "unit" and found.rows and found.rows[0].key:
        return found.rows[0].key
    return found.units[0]


# ── workbooks ────────────────────────────────────────────────────────────────────────────────────


async def export(turn: Turn, argument: str) -> None:
    """`/xuat QUESTION`: a workbook of its answer; of what was asked last, or of the last days, without one.

    It goes to the asker alone, who is told so in a group.
    """
    scope = await _scope(turn) if access.asks_for_figures(turn.person) else None
    if scope is None:
        turn.say(texts.figures_only_for_officials() if turn.chat.group else texts.figures_refused())
        return
    question = _before(turn) or _EVERYTHING
    if argument.strip():
        question = read_question(argument, city=turn.city, today=_today(turn), before=_before(turn))
    if not question.understood:
        _offer_nearest(turn, argument)
        return
    wanted = Export(
        question=question,
        scope=scope.units,
        hidden=tuple(sorted(_hidden(turn))),
        person_id=turn.person.id,
        at=turn.now,
    )
    await _send_alone(turn, wanted)


async def _send_alone(turn: Turn, wanted: Export) -> None:
    about = texts.figure_heading(metric=wanted.question.metric)
    message = OutboundMessage(text=texts.export_ready(about=about), export=wanted.as_dict())
    if not turn.chat.group:
        turn.tell(turn.address, message)
        return
    known = await chats.addresses_of(turn.transaction, [turn.person.id])
    private = known.get(turn.person.id)
    if private is None:
        turn.say(texts.export_only_in_private())
        return
    turn.tell(Address(*private), message)
    turn.say(texts.export_sent_alone())


# ── the cases behind ─────────────────────────────────────────────────────────────────────────────


def behind_data(question: Question, period: Period, unit: str, after: int = 0) -> str:
    """Return the button that opens the cases behind a figure of a unit."""
    domain = question.domains[0] if len(question.domains) == 1 else ""
    number = METRICS.index(question.metric)
    return f"behind:{number}:{period.first:%y%m%d}:{period.last:%y%m%d}:{after}:{unit}:{domain}"


async def show_behind(turn: Turn, argument: str) -> None:
    """Show a page of the cases behind a figure, of those that the reader may see here."""
    read = _read_behind(turn, argument)
    scope = await _scope(turn) if access.asks_for_figures(turn.person) else None
    if read is None or scope is None:
        turn.say(texts.stale_button() if scope else texts.figures_refused())
        return
    question, period, unit, after = read
    if not scope.sees(turn.city, unit):
        turn.say(texts.behind_none())
        return
    found = await figures_asked.cases_behind(
        turn.transaction, _behind(turn, question, period, unit), limit=PAGE + 1, offset=after
    )
    if not found:
        turn.say(texts.behind_none())
        return
    lines = [_case_line(turn, after + number, case) for number, case in enumerate(found[:PAGE], start=1)]
    buttons = [] if turn.chat.group else [_opening(case) for case in found[:PAGE]]
    if len(found) > PAGE:
        data = behind_data(question, period, unit, after + PAGE)
        buttons.append([Button(label=texts.label_next_cases(), data=data)])
    head = texts.behind_heading(metric=question.metric, names=cards.unit_name(turn.city, unit))
    turn.say("\n".join([head, *lines]), buttons=buttons)


def _opening(case: Case) -> list[Button]:
    return [Button(label=case.code, data=f"card:{case.code}")]


def _case_line(turn: Turn, number: int, case: Case) -> str:
    due = texts.moment(case.due_at) if case.due_at and case.answered_at is None else ""
    return texts.behind_line(
        number=number,
        code=case.code,
        status=texts.case_status(status=case.status),
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(None, case.ward_name) if turn.chat.group else _place(case),
        due=texts.behind_due(at=due) if due else "",
    )


def _place(case: Case) -> str:
    return texts.place_name(case.street, case.ward_name)


def _read_behind(turn: Turn, argument: str) -> tuple[Question, Period, str, int] | None:
    parts = argument.split(":")
    if len(parts) != 6:
        return None
    number, first, last, after, unit, domain = parts
    try:
        period = Period(first=_day(first), last=_day(last))
        metric = METRICS[_number(number)]
        skipped = _number(after)
    except (ValueError, IndexError):
        return None
    if unit not in turn.city.units or domain not in ("", *turn.city.domains):
        return None
    domains = (domain,) if domain else ()
    return Question(understood=True, metric=metric, domains=domains), period, unit, skipped


def _day(text: str) -> date:
    if not (len(text) == 6 and text.isascii() and text.isdecimal()):
        raise ValueError(f"not a day: {text!r}")
    return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise ValueError(f"not a number: {text!r}")
    return int(text)


def _behind(turn: Turn, question: Question, period: Period, unit: str) -> Behind:
    counted = counted_under(turn.city, (unit,))
    return Behind(
        metric=question.metric,
        start=midnight(period.first),
        end=midnight(period.last + timedelta(days=1)),
        now=turn.now,
        units=counted.units if counted else None,
        parts=counted.parts if counted else (),
        domains=question.domains,
        hidden=_hidden(turn),
    )


def _hidden(turn: Turn) -> frozenset[str]:
    """Return the domains whose cases the reader may not see here; in a group that is so for everybody."""
    restricted = frozenset(domain.id for domain in turn.city.domains.values() if domain.restricted)
    if turn.chat.group or not access.sees_city(turn.person):
        return restricted
    return frozenset()


async def press(turn: Turn, argument: str) -> None:
    """Ask what a button says."""
    await ask(turn, argument.replace("_", " "))


def _today(turn: Turn) -> date:
    return turn.now.astimezone(LOCAL_TIME).date()


COMMANDS: dict[str, Handler] = {"/hoi": ask, "/xuat": export}
BUTTONS: dict[str, Handler] = {"hoi": press, "behind": show_behind, "export": export}
STEPS: dict[str, Handler] = {}
GROUP_BUTTONS = ("hoi", "behind", "export")
