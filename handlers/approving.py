"""Answers approved by the chair where the city wants that: proposed, sent, or given back to be changed.

While a draft waits the deadline runs on, and the citizen sees nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handlers import (
    access,
    cards,
    case_at_hand,
    notices,
    offers,
    progress,
    reopening,
    telling,
    texts,
    writing,
)
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing.answers import Sense, read_answer
from routing.organisation import Domain
from routing.workflow import OPEN_STATUSES, Action, Role
from storage import cases, ledger, people
from storage.cases import Case
from storage.ledger import Event
from storage.people import Official, Post

WHY = f"{writing.PREFIX}sendback"
APPROVE = "approve"
"""In the table of who may what: the unit's chair, or a chair above it."""
_DONE_ON_THE_GROUND = frozenset({"feedback", "emergency"})
"""Kinds of cases whose answer tells of something done; a question is answered with what is known."""
_CORRECTED = "corrected"
"""The type of the event of a domain or a ward that was put right."""

Rows = list[list[Button]]


# ── what an answer is, and what it lacks ─────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer as the citizen gets it: words, media keys, and why there is no picture."""

    text: str
    photos: Sequence[str] = field(default_factory=tuple)
    no_photo_reason: str = ""

    @classmethod
    def written(cls, written: Writing) -> "Answer":
        """Return what was written; a reason counts only where there is no picture."""
        reason = "" if written.photos else written.no_photo_reason
        return cls(text=written.text, photos=tuple(written.photos), no_photo_reason=reason)

    def as_data(self) -> dict[str, Any]:
        """Return the answer as an event holds it."""
        reason = {"no_photo_reason": self.no_photo_reason} if self.no_photo_reason else {}
        return {"text": self.text, "photos": list(self.photos), **reason}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An answer that waits for the chair; a later draft of the same case has another number."""

    number: int
    answer: Answer
    by: int
    at: datetime


def proposal_of(case: Case) -> Proposal | None:
    """Return the answer that waits for the chair, if any."""
    if case.proposed is None:
        return None
    kept = case.proposed
    answer = Answer(text=kept["text"], photos=kept["photos"], no_photo_reason=kept.get("no_photo_reason", ""))
    at = datetime.fromisoformat(kept["at"])
    return Proposal(number=kept.get("number", 0), answer=answer, by=kept["by"], at=at)


async def needs_approval(turn: Turn, case: Case, post: Post) -> bool:
    """Tell whether what this post sends goes to the chair first."""
    return post.role != Role.CHAIR and any(each.needs_approval for each in await _held_to(turn, case))


async def needs_proof(turn: Turn, case: Case) -> bool:
    """Tell whether an answer must come with a picture of what was done, or say why there is none."""
    return case.kind in _DONE_ON_THE_GROUND and any(each.needs_proof for each in await _held_to(turn, case))


async def _held_to(turn: Turn, case: Case) -> list[Domain]:
    """Return the domains whose demands an answer must meet: the case's own, and those before it.

    Officers cannot free themselves of a demand by correcting the domain: one that an officer of the unit
    took from the case still counts. What a chair or a dispatcher says settles it.
    """
    codes = [case.domain]
    if any(each.needs_approval or each.needs_proof for each in turn.city.domains.values()):
        codes += _domains_before(case, await ledger.events_of(turn.transaction, case.id))
    return [turn.city.domains[code] for code in codes if code in turn.city.domains]


def _domains_before(case: Case, events: Sequence[Event]) -> list[str]:
    """Return the domains that officers of the unit took from a case since a chair or dispatcher set it."""
    found: list[str] = []
    for event in reversed(events):
        if event.type != _CORRECTED or event.data.get("field") != "domain":
            continue
        if event.actor_role != Role.OFFICER:
            break
        if event.unit_code == case.unit_code:
            found.append(event.data["was"])
    return found


def sense_of(case: Case, text: str) -> tuple[Sense, tuple[str, ...]]:
    """Return what a text amounts to as this case's answer, and what it leaves out."""
    if case.kind not in _DONE_ON_THE_GROUND:
        return Sense.RESULT, ()
    reading = read_answer(text)
    return reading.sense, reading.missing


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


async def deliver(turn: Turn, case: Case, post: Post, answer: Answer, **besides: Any) -> bool:
    """Send an answer to the citizen and to all who joined; return whether it is in time."""
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.ANSWER, post, {**answer.as_data(), **besides})
    cases.attach_photos(turn.transaction, case.id, answer.photos, "answer", turn.now)
    await _bring(turn, case, answer)
    return case.answer_due_at is None or turn.now <= case.answer_due_at


async def _bring(turn: Turn, case: Case, answer: Answer) -> None:
    reopens = reopening.is_left(turn.city, case)
    news = {
        text: texts.case_answered(
            code=case.code,
            unit=cards.unit_name(turn.city, case.unit_code),
            answer=text,
            photos=len(answer.photos),
            no_photo_reason=answer.no_photo_reason,
            reopens=reopens,
        )
        for text in (answer.text, cards.for_others(answer.text))
    }
    await progress.tell_reporter(
        turn.transaction,
        case,
        news[answer.text],
        now=turn.now,
        photos=answer.photos,
        buttons=offers.rating(case.code, reopens=reopens),
        joined_text=news[cards.for_others(answer.text)],
    )


# ── proposing ────────────────────────────────────────────────────────────────────────────────────


async def propose(turn: Turn, case: Case, post: Post, answer: Answer) -> None:
    """Bring an officer's answer before the chair; it takes the place of one that waits."""
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.PROPOSE_ANSWER, post, answer.as_data())
    approvers = await _approvers(turn, case)
    unit = cards.unit_name(turn.city, case.unit_code)
    if not approvers:
        turn.say(texts.nobody_approves(code=case.code, unit=unit), case_id=case.id)
        alarm = texts.approver_wanted(code=case.code, unit=unit)
        key = f"approver:{case.id}:{case.event_count}"
        await notices.tell_operators(turn.transaction, alarm, now=turn.now, dedupe_key=key)
        return
    names = [each.name for each in approvers if each.name]
    turn.say(texts.answer_proposed(code=case.code, names=names, due_at=case.due_at), case_id=case.id)
    for each in approvers:
        own = each.unit_code == case.unit_code
        message = notices.message_of(
            _shown(turn, case, turn.person.name), buttons=_buttons(case, amends=own), photos=answer.photos
        )
        telling.post_when_awake(turn.transaction, [each], message, case=case, now=turn.now)


async def _approvers(turn: Turn, case: Case) -> list[Official]:
    """Return the unit's chairs, or those of the nearest unit above that has one who can be reached."""
    assert case.unit_code is not None
    chairs = await people.officials_of(turn.transaction, case.unit_code, now=turn.now, roles=("chair",))
    if chairs or access.is_restricted(turn.city, case):
        return chairs
    return await telling.chairs_above(turn.transaction, turn.city, case.unit_code, turn.now)


def _shown(turn: Turn, case: Case, name: str) -> str:
    proposal = proposal_of(case)
    assert proposal is not None
    _, missing = sense_of(case, proposal.answer.text)
    return texts.answer_to_approve(
        code=case.code,
        name=name,
        unit=cards.unit_name(turn.city, case.unit_code),
        report=cards.shown(case, case.text, hides=True),
        text=proposal.answer.text,
        photos=len(proposal.answer.photos),
        no_photo_reason=proposal.answer.no_photo_reason,
        missing=missing,
        due_at=case.due_at,
        overdue=case.due_at is not None and turn.now > case.due_at,
    )


def _buttons(case: Case, *, amends: bool) -> Rows:
    proposal = proposal_of(case)
    if proposal is None:
        return []
    draft = f"{case.code}:{proposal.number}"
    amend = [Button(label=texts.label_amend(), data=f"amend:{draft}")] if amends else []
    return [
        [Button(label=texts.label_approve(), data=f"approve:{draft}")],
        [Button(label=texts.label_send_back(), data=f"sendback:{draft}"), *amend],
    ]


async def pending(turn: Turn, case: Case) -> str:
    """Say on a card whose answer waits for the chair; empty for none."""
    proposal = proposal_of(case)
    if proposal is None:
        return ""
    return texts.approval_pending(name=await _name_of(turn, proposal.by), at=proposal.at)


def decision_buttons(turn: Turn, case: Case) -> Rows:
    """Return the button that shows a waiting answer, none for who may not approve it."""
    proposal = proposal_of(case)
    if proposal is None or access.post_for(turn.person, turn.city, APPROVE, case) is None:
        return []
    return [[Button(label=texts.label_show_draft(), data=f"showdraft:{case.code}")]]


async def _name_of(turn: Turn, person_id: int) -> str:
    person = await people.get_person(turn.transaction, person_id, now=turn.now)
    return person.name if person else ""


# ── the chair decides ────────────────────────────────────────────────────────────────────────────


async def waiting(turn: Turn, argument: str, action: str) -> tuple[Case, Post, Proposal] | None:
    """Return the draft that a button is about, `CODE:number`; otherwise say why not.

    Of a draft that was replaced the newest is shown.
    """
    code, _, number = argument.partition(":")
    found = await case_at_hand.case_for(turn, code, action)
    if found is None:
        return None
    case, post = found
    proposal = proposal_of(case)
    if proposal is not None and number == str(proposal.number):
        return case, post, proposal
    if proposal is not None:
        await _show(turn, case, texts.newer_draft())
    elif case.status in OPEN_STATUSES:
        text = texts.no_draft_waits(code=case.code)
        turn.say(text, buttons=case_at_hand.card_button(case), case_id=case.id)
    else:
        await case_at_hand.say_too_late(turn, case)
    return None


async def show_draft(turn: Turn, argument: str) -> None:
    """Show the answer that waits, with what the chair can do about it."""
    found = await case_at_hand.case_for(turn, argument, APPROVE)
    if found is None:
        return
    case, _ = found
    if case.proposed is None:
        await waiting(turn, argument, APPROVE)
    else:
        await _show(turn, case)


async def _show(turn: Turn, case: Case, above: str = "") -> None:
    proposal = proposal_of(case)
    assert proposal is not None
    text = _shown(turn, case, await _name_of(turn, proposal.by))
    own = access.post_for(turn.person, turn.city, Action.ANSWER, case) is not None
    turn.say(
        f"{above}\n\n{text}" if above else text,
        buttons=_buttons(case, amends=own),
        photos=proposal.answer.photos,
        case_id=case.id,
    )


async def approve(turn: Turn, argument: str) -> None:
    """Send the answer as it was proposed: `CODE:number`. The ledger says who approved it."""
    found = await waiting(turn, argument, APPROVE)
    if found is None:
        return
    case, post, proposal = found
    on_time = await deliver(turn, case, post, proposal.answer, **provenance(proposal))
    turn.say(texts.approved_and_sent(code=case.code, on_time=on_time), case_id=case.id)
    await tell_drafter_sent(turn, case, proposal, changed=False)


def provenance(proposal: Proposal) -> dict[str, Any]:
    """Return what the event of an answer tells about its draft."""
    return {"drafted_by": proposal.by, "draft": proposal.number}


async def tell_drafter_sent(turn: Turn, case: Case, proposal: Proposal, *, changed: bool) -> None:
    """Tell the officer that their answer went out, or that the chair's did."""
    text = texts.your_answer_approved(code=case.code, name=turn.person.name, changed=changed)
    await _tell_drafter(turn, case, proposal, text)


async def _tell_drafter(
    turn: Turn, case: Case, proposal: Proposal, text: str, buttons: Sequence[Sequence[Button]] = ()
) -> bool:
    """Tell the officer who drafted it; False where they are not at the unit any more."""
    assert case.unit_code is not None
    there = await people.officials_of(turn.transaction, case.unit_code, now=turn.now)
    drafters = [each for each in there if each.person_id == proposal.by]
    message = notices.message_of(text, buttons=buttons)
    telling.post_when_awake(turn.transaction, drafters, message, case=case, now=turn.now)
    return bool(drafters)


async def send_back(turn: Turn, argument: str) -> None:
    """Ask what is to be changed: `CODE:number`."""
    found = await waiting(turn, argument, Action.SEND_BACK)
    if found is None:
        return
    case, _, proposal = found
    if writing.begin(turn, WHY, case.code, str(proposal.number)) is not None:
        text = texts.why_send_back(code=case.code)
        turn.say(text, buttons=[[writing.drop_button(case.code)]], case_id=case.id)


async def send_back_with(turn: Turn, reason: str) -> None:
    """Give the draft back with what was typed; it is kept for whoever wrote it."""
    written = writing.writing_in(turn, WHY)
    if written is None:
        return
    found = await waiting(turn, f"{written.code}:{written.choice}", Action.SEND_BACK)
    writing.finish(turn, written.code)
    if found is not None:
        await _send_back(turn, *found, reason)


async def _send_back(turn: Turn, case: Case, post: Post, proposal: Proposal, reason: str) -> None:
    kept = {**proposal.answer.as_data(), **provenance(proposal)}
    await case_at_hand.move(turn, case, Action.SEND_BACK, post, {"reason": reason, **kept})
    turn.say(texts.sent_back(code=case.code), case_id=case.id)
    text = texts.your_answer_sent_back(
        code=case.code, name=turn.person.name, reason=reason, due_at=case.due_at
    )
    rows = [
        [Button(label=texts.label_redraft(), data=f"redraft:{case.code}")],
        *case_at_hand.card_button(case),
    ]
    if not await _tell_drafter(turn, case, proposal, text, rows):
        await progress.tell_unit(
            turn.transaction,
            turn.city,
            case,
            text,
            now=turn.now,
            buttons=rows,
            except_for=turn.person.id,
        )


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"approve": approve, "sendback": send_back, "showdraft": show_draft}
STEPS: dict[str, Handler] = {WHY: writing.take_reason}
REASONS: dict[str, Handler] = {WHY: send_back_with}
