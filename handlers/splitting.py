"""Several problems in one message: offered as separate reports, shown together, sent with one tap.

While the writer has not said how to send them, the draft holds what the reading found. Sent apart, each is a
draft of its own in `Draft.shares`; photos, anonymity and consent are the whole draft's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from handlers import cards, confirmation, offers, texts
from handlers.channel import Button
from handlers.draft import BETWEEN_MESSAGES, LEGAL, Draft
from handlers.turn import Turn
from routing.personal_data import find_personal_data
from routing.problems import Problem
from routing.understanding import TRIAGE_BELOW, Candidate, Reading
from storage.cases import Case
from storage.identity import new_token

ASKING = "split"
_LIST_SIGN = re.compile(r"^\s*(?:\(?(?:\d{1,2}|[a-eA-E]) ?[.)/:\-](?!\d)|[-–—•*+▪])\s*")
_LIKE = "like:"
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
    found = _problems_read(draft)
    legal = "kind" not in draft.fixed and any(problem.kind in LEGAL for problem in found)
    return [] if draft.foreign or legal or len(found) < 2 else found


def _problems_read(draft: Draft) -> list[Problem]:
    return [Problem.from_dict(each) for each in draft.reading.get("problems", ())]


def is_to_ask(draft: Draft) -> bool:
    """Tell whether the writer must say how to send them. An emergency is not held up by a question."""
    return not draft.split and draft.kind != "emergency" and bool(problems_of(draft))


def renew(turn: Turn, draft: Draft) -> None:
    """Take over what a new reading found: a problem more is asked about, shares are cut anew."""
    draft.at_hand = ""
    back = [each for each in _problems_read(draft) if _plain(_words(draft, each)) in draft.dropped]
    if back:
        _keep_only(turn, draft, [each for each in _problems_read(draft) if each not in back])
    found = problems_of(draft)
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
            count=number,
            text=_words(draft, problem),
            domain=_domain_name(turn, problem.domain),
            more=problem.more,
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
            [confirmation.button(draft, texts.label_discard(), "undo" if draft.before else "discard")],
        ],
    )


def keep_before(draft: Draft, before: Mapping[str, Any]) -> None:
    """Keep the draft as it was before a message that is asked about; what was kept before stays."""
    if not is_to_ask(draft):
        draft.before = {}
    elif not draft.before:
        draft.before = dict(before)


async def undo(turn: Turn, draft: Draft, value: str = "") -> None:
    """Take back the message that was asked about: the draft is again what it was."""
    if not draft.before:
        turn.say(texts.stale_button())
        return
    turn.say(texts.message_taken_back())
    confirmation.go_on(turn, Draft.from_dict(draft.before))


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
    _send_apart(turn, draft, found)
    confirmation.go_on(turn, draft)


def _send_apart(turn: Turn, draft: Draft, found: Sequence[Problem]) -> None:
    draft.split, draft.split_count, draft.asking, draft.before = "apart", len(found), "", {}
    _cut(turn, draft, found)


async def _choose_together(turn: Turn, draft: Draft, value: str) -> None:
    draft.split, draft.split_count, draft.asking = "together", len(problems_of(draft)), ""
    draft.shares, draft.at_hand, draft.before = [], "", {}
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
        draft.shared += 1
        share.share = str(draft.shared)
        cut.append(corrected.pop(share.text, {"inherits": inherits, "draft": share.as_dict()}))
    draft.shares = cut


def _share(turn: Turn, draft: Draft, problem: Problem) -> Draft:
    share = Draft(nonce=draft.nonce, changed_at=draft.changed_at, parts=_parts_of(draft, problem))
    share.more = problem.more
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
    ordinary = problem.kind in ("suggestion", "question", *LEGAL)
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
    share.nonce = draft.nonce
    share.photos, share.anonymous, share.consent = draft.photos, draft.anonymous, draft.consent
    share.album = draft.album
    if kept["inherits"] and "ward" not in share.fixed:
        for name in _PLACE:
            setattr(share, name, getattr(draft, name))
    return share


@contextmanager
def in_question(draft: Draft) -> Iterator[Draft]:
    """Yield the draft that an answer is about: one of the shares, changed with the answer, or the whole."""
    at = _position_of(draft, draft.at_hand)
    if at is None:
        yield draft
        return
    share = shares_of(draft)[at]
    yield share
    told = "ward" in share.fixed or (share.ward_unknown and not draft.ward_unknown)
    inherits = draft.shares[at]["inherits"] and not told
    draft.shares[at] = {"inherits": inherits, "draft": share.as_dict()}


def _position_of(draft: Draft, name: str) -> int | None:
    names = [kept["draft"]["share"] for kept in draft.shares]
    return names.index(name) if name in names else None


def asked_about(draft: Draft, name: str) -> Draft | None:
    """Return the share of this name, the whole draft for none, None where there is no such share."""
    if not name:
        return draft
    at = _position_of(draft, name)
    return None if at is None else shares_of(draft)[at]


# ── what is left out ─────────────────────────────────────────────────────────────────────────────


def _keep_only(turn: Turn, draft: Draft, kept: Sequence[Problem]) -> None:
    """Leave all else out of a draft's words, and read it as what is left."""
    if not kept:
        return
    parts: list[list[str]] = []
    moved: list[Problem] = []
    for problem in kept:
        start = 0
        for at, (message_id, text) in enumerate(_parts_of(draft, problem)):
            if at == 0:
                start = _append(parts, message_id, text)
            else:
                _append(parts, message_id, text)
        moved.append(replace(problem, start=start))
    length = len(BETWEEN_MESSAGES.join(text for _, text in parts))
    ends = [*(problem.start for problem in moved[1:]), length]
    moved = [replace(problem, end=end) for problem, end in zip(moved, ends, strict=True)]
    reading = _reading(draft, kept[0], BETWEEN_MESSAGES.join(text for _, text in parts))
    draft.parts = parts
    draft.understand(replace(reading, problems=tuple(moved) if len(moved) > 1 else ()), turn.city)


def _append(parts: list[list[str]], message_id: str, text: str) -> int:
    """Add words to the parts of a draft; return where they begin in its text."""
    if parts and parts[-1][0] == message_id:
        parts[-1][1] += f"\n{text}"
    else:
        parts.append([message_id, text])
    return len(BETWEEN_MESSAGES.join(each for _, each in parts)) - len(text)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _lawful(draft: Draft) -> list[Problem]:
    """Return the problems beside a matter of law; none where there is no such matter."""
    found = _problems_read(draft)
    lawful = [problem for problem in found if problem.kind not in LEGAL]
    return lawful if len(lawful) < len(found) and not draft.foreign else []


def buttons_of_rest(draft: Draft) -> list[Button]:
    """Return the button that sends what is written beside a matter of law."""
    found = draft.kind in LEGAL and bool(_lawful(draft))
    return [confirmation.button(draft, texts.label_send_rest(), "rest")] if found else []


async def _choose_rest(turn: Turn, draft: Draft, value: str) -> None:
    """Leave the matter of law out: its words go nowhere."""
    found = _lawful(draft)
    if not found:
        turn.say(texts.stale_button())
        return
    draft.dropped += [_plain(_words(draft, each)) for each in _problems_read(draft) if each not in found]
    _keep_only(turn, draft, found)
    draft.asking, draft.before = "", {}
    confirmation.go_on(turn, draft)


# ── an emergency goes ahead ──────────────────────────────────────────────────────────────────────


def separate_emergency(turn: Turn, draft: Draft) -> None:
    """Take an emergency apart from what else was written, without a question."""
    if draft.kind != "emergency" or draft.split:
        return
    found = problems_of(draft)
    if len({problem.kind == "emergency" for problem in found}) > 1:
        _send_apart(turn, draft, found)


def ahead(draft: Draft) -> list[Draft]:
    """Return the shares that are sent at once, before anything is asked of the others."""
    shares = shares_of(draft)
    urgent = [share for share in shares if share.kind == "emergency"]
    return urgent if len(urgent) < len(shares) else []


def _show_ahead(turn: Turn, draft: Draft, shares: Sequence[Draft]) -> None:
    draft.asking = ""
    draft.at_hand = shares[0].share if len(shares) == 1 else ""
    draft.consent = texts.consent(city=turn.city.name, anonymous=draft.anonymous)
    confirmation.keep(turn, draft)
    for share in shares:
        share.consent = draft.consent
    said = [confirmation.understood(turn, share) for share in shares]
    others = len(draft.shares) - len(shares)
    turn.say(
        "\n\n".join([texts.emergency_goes_ahead(count=others), *said]),
        buttons=_buttons_ahead(draft, shares),
        ask_location="" if shares[0].ward_name else texts.label_send_position(),
    )


def _buttons_ahead(draft: Draft, shares: Sequence[Draft]) -> list[list[Button]]:
    correct = [
        confirmation.button(draft, texts.label_fix_domain(), "domains"),
        confirmation.button(draft, texts.label_fix_place(), "place"),
    ]
    return [
        [confirmation.button(draft, texts.label_send(), "send")],
        *(confirmation.ward_rows(shares[0]) if len(shares) == 1 else []),
        *([correct] if len(shares) == 1 else []),
        [confirmation.button(draft, texts.label_add_photos(), "photos")],
        [
            confirmation.button(draft, texts.label_together(), "together"),
            confirmation.button(draft, texts.label_discard(), "discard"),
        ],
    ]


async def go_on_with_rest(turn: Turn, draft: Draft, sent: Sequence[Case]) -> None:
    """Go on with what an emergency did not wait for. The buttons shown until now send nothing more."""
    codes = [case.code for case in sent]
    draft.sent = {"nonce": draft.nonce, "code": codes[0], "codes": codes, "album": draft.album}
    draft.nonce, draft.consent, draft.asking, draft.at_hand = new_token(4), "", "", ""
    for share in ahead(draft):
        draft = _without(turn, draft, share.share)
    turn.say(texts.rest_follows())
    confirmation.go_on(turn, draft)


def _without(turn: Turn, draft: Draft, name: str) -> Draft:
    """Return a draft without one of its shares: of two, the other as a draft of its own."""
    at = _position_of(draft, name)
    assert at is not None
    found = problems_of(draft)
    draft.dropped.append(_plain(_words(draft, found[at])))
    del draft.shares[at], found[at]
    if len(draft.shares) > 1:
        _keep_only(turn, draft, found)
        draft.split_count = len(found)
        return draft
    left = shares_of(draft)[0]
    left.share, left.dropped, left.sent, left.shared = "", draft.dropped, draft.sent, draft.shared
    return left


# ── showing them ─────────────────────────────────────────────────────────────────────────────────


def go_on(turn: Turn, draft: Draft) -> None:
    """Ask for the first ward that is missing, or show all problems, ready to send."""
    shares = shares_of(draft)
    draft.at_hand = ""
    if urgent := ahead(draft):
        _show_ahead(turn, draft, urgent)
        return
    lacking = [at for at, share in enumerate(shares) if confirmation.lacks_place(turn, share)]
    if not lacking:
        _show(turn, draft, shares)
    elif draft.shares[lacking[0]]["inherits"]:
        ask_place(turn, draft, [at for at in lacking if draft.shares[at]["inherits"]])
    else:
        draft.at_hand = shares[lacking[0]].share
        ask_place(turn, draft, lacking[:1])


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
    draft.asking, draft.at_hand = "", ""
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
    found = share.assignment(turn.city, turn.now)
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
        more=share.more,
    )


def _buttons(draft: Draft, shares: Sequence[Draft]) -> list[list[Button]]:
    hide = texts.label_named() if draft.anonymous else texts.label_anonymous()
    correct = [
        confirmation.button(draft, texts.label_correct_matter(count=at + 1), f"matter:{share.share}")
        for at, share in enumerate(shares)
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
    """Return what a case keeps of the message that it is part of, which is without what was dropped."""
    return {"whole_text": draft.text, "split_from": draft.nonce, "part": [number, len(draft.shares)]}


def likeness(share: Draft) -> str | None:
    """Return what the writer said of a problem that is known already; None when nothing was said yet."""
    return next((said.removeprefix(_LIKE) for said in share.told if said.startswith(_LIKE)), None)


def note_likeness(draft: Draft, name: str, told: str) -> None:
    """Note of the problem of this name that it is another matter, or the code of the same one; once."""
    draft.at_hand = name
    if told and _position_of(draft, name) is not None:
        with in_question(draft) as share:
            if likeness(share) is None:
                share.told.append(_LIKE + told)
    draft.at_hand = ""


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
    at = _position_of(draft, value)
    if at is None:
        turn.say(texts.stale_button())
        return
    draft.at_hand = value
    confirmation.keep(turn, draft)
    turn.say(
        texts.correct_matter(matter=_line(turn, shares_of(draft)[at], at)),
        buttons=[
            [
                confirmation.button(draft, texts.label_fix_domain(), "domains"),
                confirmation.button(draft, texts.label_fix_place(), "place"),
            ],
            [
                confirmation.button(draft, texts.label_drop_matter(), f"drop:{value}"),
                confirmation.button(draft, texts.label_back(), "look"),
            ],
        ],
    )


async def _drop(turn: Turn, draft: Draft, value: str) -> None:
    """Leave one problem out: of two, the other is sent as a report of its own."""
    if _position_of(draft, value) is None or len(draft.shares) < 2:
        turn.say(texts.stale_button())
        return
    confirmation.go_on(turn, _without(turn, draft, value))


def _line(turn: Turn, share: Draft, at: int) -> str:
    words = _LIST_SIGN.sub("", share.text)
    name = _domain_name(turn, share.domain)
    return texts.matter_line(count=at + 1, text=words, domain=name, more=share.more)


def _words(draft: Draft, problem: Problem) -> str:
    return _LIST_SIGN.sub("", draft.text[problem.start : problem.end].strip())


def _domain_name(turn: Turn, domain: str) -> str:
    return turn.city.domains[domain if domain in turn.city.domains else "other"].name


VERBS: dict[str, Any] = {
    "apart": _choose_apart,
    "together": _choose_together,
    "matter": _correct,
    "drop": _drop,
    "undo": undo,
    "rest": _choose_rest,
}
