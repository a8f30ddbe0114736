"""Several problems in one message: offered as separate reports, shown together, sent with one tap.

While the writer has not said how to send them, the draft holds what the reading found. Sent apart, each is a
draft of its own in `Draft.shares`; photos, anonymity and consent are the whole draft's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from handlers import cards, confirmation, offers, texts
from handlers.channel import Button
from handlers.draft import BETWEEN_MESSAGES, Draft
from handlers.turn import Turn
from routing.personal_data import find_personal_data
from routing.problems import Problem
from routing.understanding import TRIAGE_BELOW, Candidate, Reading
from storage.cases import Case

ASKING = "split"
_LIST_SIGN = re.compile(r"^\s*(?:\(?(?:\d{1,2}|[a-eA-E]) ?[.)/:\-](?!\d)|[-–—•*+▪])\s*")
_LIKE = "like:"
_LEGAL = frozenset({"grievance", "denunciation"})
_PLACE = (
    "ward_code",
    "ward_name",
    "former",
    "elsewhere",
    "wards",
    "ward_unknown",
    "located",
    "latitude",
    "longitude",
)


# ── what was found ───────────────────────────────────────────────────────────────────────────────


def problems_of(draft: Draft) -> list[Problem]:
    """Return the problems that may be sent apart; none where one of them is a matter of law, or only one."""
    found = [Problem.from_dict(each) for each in draft.reading.get("problems", ())]
    legal = "kind" not in draft.fixed and any(problem.kind in _LEGAL for problem in found)
    return [] if draft.foreign or legal or len(found) < 2 else found


def is_to_ask(draft: Draft) -> bool:
    """Tell whether the writer must say how to send them. An emergency is not held up by a question."""
    return not draft.split and draft.kind != "emergency" and bool(problems_of(draft))


def renew(turn: Turn, draft: Draft) -> None:
    """Take over what a new reading found: a problem more is asked about, shares are cut anew."""
    found = problems_of(draft)
    draft.at_hand = -1
    if len(found) > draft.split_count and draft.split == "together":
        draft.split = ""
    if draft.split == "apart":
        draft.split = "apart" if found else ""
        _cut(turn, draft, found)


# ── asking how ───────────────────────────────────────────────────────────────────────────────────


def ask(turn: Turn, draft: Draft) -> None:
    """Ask whether to send the problems apart."""
    found = problems_of(draft)
    lines = [
        texts.matter_line(
            count=number, text=_words(draft, problem), domain=_domain_name(turn, problem.domain)
        )
        for number, problem in enumerate(found, start=1)
    ]
    draft.asking = ASKING
    confirmation.keep(turn, draft)
    if _is_another(draft, found):
        asked, apart, together = texts.another_matter, texts.label_new_matter(), texts.label_same_matter()
    else:
        asked, together = texts.several_matters, texts.label_together()
        apart = texts.label_apart(count=len(found))
    turn.say(
        asked(lines=lines),
        buttons=[
            [confirmation.button(draft, apart, "apart")],
            [confirmation.button(draft, together, "together")],
            [confirmation.button(draft, texts.label_discard(), "discard")],
        ],
    )


def _is_another(draft: Draft, found: Sequence[Problem]) -> bool:
    """Tell whether the second problem came with a message of its own."""
    starts = [start for start, _ in _messages(draft)]
    return len(found) == 2 and found[1].start in starts[1:]


def buttons_apart(draft: Draft) -> list[Button]:
    """Return the button that sends the problems apart after all, where there are several."""
    count = len(problems_of(draft))
    return [confirmation.button(draft, texts.label_apart(count=count), "apart")] if count else []


async def _choose_apart(turn: Turn, draft: Draft, value: str) -> None:
    found = problems_of(draft)
    if not found:
        turn.say(texts.stale_button())
        return
    draft.split, draft.split_count, draft.asking = "apart", len(found), ""
    _cut(turn, draft, found)
    confirmation.go_on(turn, draft)


async def _choose_together(turn: Turn, draft: Draft, value: str) -> None:
    draft.split, draft.split_count, draft.asking = "together", len(problems_of(draft)), ""
    draft.shares, draft.at_hand = [], -1
    confirmation.go_on(turn, draft)


# ── one draft for each problem ───────────────────────────────────────────────────────────────────


def _cut(turn: Turn, draft: Draft, found: Sequence[Problem]) -> None:
    """Make a draft of each problem; one whose words did not change keeps what was corrected of it."""
    corrected = {share.text: kept for kept, share in zip(draft.shares, shares_of(draft), strict=True)}
    whole = draft.reading["place"]
    cut: list[dict[str, Any]] = []
    for problem in found:
        share = _share(turn, draft, problem)
        inherits = (problem.place.ward_named, problem.place.district) == (
            whole["ward_named"],
            whole["district"],
        )
        cut.append(corrected.get(share.text, {"inherits": inherits, "draft": share.as_dict()}))
    draft.shares = cut


def _share(turn: Turn, draft: Draft, problem: Problem) -> Draft:
    share = Draft(nonce=draft.nonce, changed_at=draft.changed_at, parts=_parts_of(draft, problem))
    if "kind" in draft.fixed:
        share.fixed["kind"] = draft.fixed["kind"]
    share.understand(_reading(draft, problem, share.text), turn.city)
    return share


def _parts_of(draft: Draft, problem: Problem) -> list[list[str]]:
    """Return what a problem has of each message."""
    cut = [
        [message_id, text[max(0, problem.start - start) : max(0, problem.end - start)].strip()]
        for (start, text), (message_id, _) in zip(_messages(draft), draft.parts, strict=True)
    ]
    return [[message_id, text] for message_id, text in cut if text]


def _messages(draft: Draft) -> Iterator[tuple[int, str]]:
    """Yield where each message begins in the draft's text, and its own."""
    start = 0
    for _, text in draft.parts:
        yield start, text
        start += len(text) + len(BETWEEN_MESSAGES)


def _reading(draft: Draft, problem: Problem, text: str) -> Reading:
    """Return a problem as a reading of its own; one that is no matter for a report is read as feedback."""
    ordinary = problem.kind in ("suggestion", "question", *_LEGAL)
    emergency = problem.kind == draft.kind == "emergency"
    return Reading(
        text=text,
        kind=problem.kind if ordinary or emergency else "feedback",
        kind_confidence=draft.reading["kind_confidence"],
        urgent=problem.urgent or emergency,
        domain=problem.domain,
        confidence=problem.confidence,
        candidates=tuple(
            Candidate(domain=domain, confidence=chance) for domain, chance in problem.domains.items()
        ),
        needs_triage=problem.confidence < TRIAGE_BELOW,
        place=problem.place,
        reasons=(*problem.reasons, *problem.place.reasons),
        personal_data=find_personal_data(text),
        model_version=draft.reading["model_version"],
    )


def shares_of(draft: Draft) -> list[Draft]:
    """Return the draft of each problem that is to be sent apart, with what they have of the whole draft."""
    return [_with_the_whole(draft, kept) for kept in draft.shares]


def _with_the_whole(draft: Draft, kept: Mapping[str, Any]) -> Draft:
    share = Draft.from_dict(kept["draft"])
    share.photos, share.anonymous, share.consent = draft.photos, draft.anonymous, draft.consent
    share.album = draft.album
    if kept["inherits"] and "ward" not in share.fixed:
        for name in _PLACE:
            setattr(share, name, getattr(draft, name))
    return share


@contextmanager
def in_question(draft: Draft) -> Iterator[Draft]:
    """Yield the draft that an answer is about: one of the shares, changed with the answer, or the whole."""
    if not 0 <= draft.at_hand < len(draft.shares):
        yield draft
        return
    share = shares_of(draft)[draft.at_hand]
    yield share
    told = "ward" in share.fixed or (share.ward_unknown and not draft.ward_unknown)
    inherits = draft.shares[draft.at_hand]["inherits"] and not told
    draft.shares[draft.at_hand] = {"inherits": inherits, "draft": share.as_dict()}


# ── showing them ─────────────────────────────────────────────────────────────────────────────────


def go_on(turn: Turn, draft: Draft) -> None:
    """Ask for the first ward that is missing, or show all problems, ready to send."""
    shares = shares_of(draft)
    draft.at_hand = -1
    lacking = [at for at, share in enumerate(shares) if confirmation.lacks_place(turn, share)]
    if not lacking:
        _show(turn, draft, shares)
    elif draft.shares[lacking[0]]["inherits"]:
        ask_place(turn, draft, [at for at in lacking if draft.shares[at]["inherits"]])
    else:
        draft.at_hand = lacking[0]
        ask_place(turn, draft, [draft.at_hand])


def ask_place(turn: Turn, draft: Draft, numbers: Sequence[int]) -> None:
    """Ask for the ward of some problems."""
    draft.asking = "ward"
    confirmation.keep(turn, draft)
    shares = shares_of(draft)
    asked = shares[numbers[0]]
    matters = [_line(turn, shares[at], at) for at in numbers]
    if asked.elsewhere:
        question = texts.place_of_matter_elsewhere(
            matters=matters, place=asked.elsewhere, city=turn.city.name
        )
    else:
        question = texts.ask_place_of(matters=matters, candidates=bool(asked.wards))
    turn.say(question, buttons=confirmation.place_buttons(asked), ask_location=texts.label_send_position())


def _show(turn: Turn, draft: Draft, shares: Sequence[Draft]) -> None:
    draft.asking, draft.at_hand = "", -1
    draft.consent = texts.consent_for_all(city=turn.city.name, anonymous=draft.anonymous, count=len(shares))
    confirmation.keep(turn, draft)
    turn.say(
        texts.understood_apart(
            lines=[_understood(turn, share, at) for at, share in enumerate(shares)],
            photos=len(draft.photos),
            consent=draft.consent,
        ),
        buttons=_buttons(draft, shares),
    )


def _understood(turn: Turn, share: Draft, at: int) -> str:
    found = share.assignment(turn.city)
    unit = None if share.unsure or confirmation.doubt(share, found) else found.unit
    return texts.matter_understood(
        count=at + 1,
        text=_LIST_SIGN.sub("", share.text),
        kind=share.kind,
        domain=_domain_name(turn, share.domain),
        place=texts.place_name(share.street, share.ward_name, share.ward_as_written),
        ward_known=share.ward_name is not None,
        unit=unit.name if unit else "",
        due_at=confirmation.due_at(turn, share) if unit else None,
        unsure=share.unsure,
        urgent=share.urgent,
    )


def _buttons(draft: Draft, shares: Sequence[Draft]) -> list[list[Button]]:
    hide = texts.label_named() if draft.anonymous else texts.label_anonymous()
    correct = [
        confirmation.button(draft, texts.label_correct_matter(count=at + 1), f"matter:{at}")
        for at in range(len(shares))
    ]
    return [
        [confirmation.button(draft, texts.label_send_all(count=len(shares)), "send")],
        *confirmation.pairs(correct),
        [
            confirmation.button(draft, texts.label_add_photos(), "photos"),
            confirmation.button(draft, hide, "anonymous"),
        ],
        [
            confirmation.button(draft, texts.label_together(), "together"),
            confirmation.button(draft, texts.label_discard(), "discard"),
        ],
    ]


def origin(draft: Draft, number: int) -> dict[str, Any]:
    """Return what a case keeps of the message that it is part of, as it was sent without what was dropped."""
    shares = shares_of(draft)
    dropped = len(shares) < draft.split_count
    whole = BETWEEN_MESSAGES.join(share.text for share in shares) if dropped else draft.text
    return {"whole_text": whole, "split_from": draft.nonce, "part": [number, len(shares)]}


def likeness(share: Draft) -> str | None:
    """Return what the writer said of a problem that is known already; None when nothing was said yet."""
    return next((said.removeprefix(_LIKE) for said in share.told if said.startswith(_LIKE)), None)


def note_likeness(draft: Draft, told: str) -> None:
    """Note of the problem that is asked about that it is another matter, or the code of the same one."""
    if told and 0 <= draft.at_hand < len(draft.shares):
        with in_question(draft) as share:
            share.told.append(_LIKE + told)
    draft.at_hand = -1


def say_filed(turn: Turn, draft: Draft, filed: Sequence[tuple[Case, Case | None]]) -> None:
    """Tell all codes, and of each who answers it: the unit of the case that it joined, where it did."""
    codes = [case.code for case, _ in filed]
    turn.chat.step = ""
    turn.chat.draft = {"sent": {"nonce": draft.nonce, "code": codes[0], "codes": codes, "album": draft.album}}
    lines = [
        texts.case_filed_line(
            code=case.code,
            text=_LIST_SIGN.sub("", case.text),
            master=master.code if master else "",
            unit=cards.unit_name(turn.city, (master or case).unit_code),
            due_at=(master or case).due_at,
        )
        for case, master in filed
    ]
    buttons = [offers.show(code) for code in codes]
    turn.say(texts.cases_filed(lines=lines, photos=len(draft.photos)), buttons=confirmation.pairs(buttons))


# ── correcting one of them ───────────────────────────────────────────────────────────────────────


async def _correct(turn: Turn, draft: Draft, value: str) -> None:
    """Offer what can be corrected of one problem; its own buttons are those of any draft."""
    at = int(value) if value.isdecimal() else -1
    if not 0 <= at < len(draft.shares):
        turn.say(texts.stale_button())
        return
    draft.at_hand = at
    confirmation.keep(turn, draft)
    turn.say(
        texts.correct_matter(matter=_line(turn, shares_of(draft)[at], at)),
        buttons=[
            [
                confirmation.button(draft, texts.label_fix_domain(), "domains"),
                confirmation.button(draft, texts.label_fix_place(), "place"),
            ],
            [
                confirmation.button(draft, texts.label_drop_matter(), f"drop:{at}"),
                confirmation.button(draft, texts.label_back(), "look"),
            ],
        ],
    )


async def _drop(turn: Turn, draft: Draft, value: str) -> None:
    """Leave one problem out: of two, the other is sent as a report of its own."""
    at = int(value) if value.isdecimal() else -1
    if not 0 <= at < len(draft.shares) or len(draft.shares) < 2:
        turn.say(texts.stale_button())
        return
    del draft.shares[at]
    left = shares_of(draft)
    confirmation.go_on(turn, left[0] if len(left) == 1 else draft)


def _line(turn: Turn, share: Draft, at: int) -> str:
    words = _LIST_SIGN.sub("", share.text)
    return texts.matter_line(count=at + 1, text=words, domain=_domain_name(turn, share.domain))


def _words(draft: Draft, problem: Problem) -> str:
    return _LIST_SIGN.sub("", draft.text[problem.start : problem.end].strip())


def _domain_name(turn: Turn, domain: str) -> str:
    return turn.city.domains[domain if domain in turn.city.domains else "other"].name


VERBS: dict[str, Any] = {
    "apart": _choose_apart,
    "together": _choose_together,
    "matter": _correct,
    "drop": _drop,
}
