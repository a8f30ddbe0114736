"""Reports of one incident: the citizen is asked, officials merge and un-merge. Nothing is merged silently.

How likely it is that two reports are one incident is `routing/similarity.py`'s matter, what merging does to
cases is `merging`'s.
"""

from collections.abc import Collection
from datetime import datetime

from handlers import (
    access,
    cards,
    case_at_hand,
    confirmation,
    merging,
    offers,
    progress,
    texts,
    viewing,
    writing,
)
from handlers.channel import Button
from handlers.draft import Draft
from handlers.merging import CannotMerge
from handlers.progress import actor_of
from handlers.turn import Handler, Turn
from routing import similarity
from routing.organisation import City
from routing.place import street_name, street_without_house
from routing.similarity import Report
from routing.tracking_code import parse_code
from routing.workflow import OPEN_STATUSES, Action, Status
from storage import cases, duplicates
from storage.cases import Case
from storage.duplicates import Joined
from storage.people import Post

APART = "apart"
"""What the button "send" holds once its writer has said that it is another matter."""
MOST_SHOWN = 10
MOST_PHOTOS = 10
MOST_LATER_WORDS = 3
_DOMAINS_IN_DOUBT = 2
_LEGAL_KINDS = ("grievance", "denunciation")


# ── finding ──────────────────────────────────────────────────────────────────────────────────────


async def find(
    turn: Turn,
    report: Report,
    *,
    domains: Collection[str],
    ward_code: str | None,
    except_for: int | None = None,
    urgent: bool = False,
) -> Case | None:
    """Return the open case that probably tells of the same incident, None for none.

    What is urgent is never compared with what is not: it would wait in the other's line.
    """
    compared = _compared_domains(turn.city, domains)
    if not compared:
        return None
    candidates = await duplicates.candidates(
        turn.transaction,
        domains=compared,
        ward_code=ward_code,
        latitude=report.latitude,
        longitude=report.longitude,
        now=turn.now,
    )
    others = [each for each in candidates if each.id != except_for and (each.urgent or not urgent)]
    while match := similarity.most_alike(report, [each.report for each in others]):
        found = await cases.get_case_by_id(turn.transaction, others.pop(match.position).id)
        if found is not None and not _is_nobody_elses(found):
            return found
    return None


def _is_nobody_elses(case: Case) -> bool:
    """Tell whether a case was read as a matter between its writer and an office, whatever it was sent as.

    What was read as no report at all is for the dispatcher alone, until one has looked at it.
    """
    read = case.reading.get("kind", case.kind)
    waits = case.status == Status.TRIAGE and read not in similarity.COMPARED_KINDS
    return waits or read in _LEGAL_KINDS


def _compared_domains(city: City, domains: Collection[str]) -> set[str]:
    """Return the domains to search, without those that are kept among few people."""
    read = {city.shipped_domain(domain) for domain in domains}
    alike = {found for domain in read for found in similarity.domains_alike(domain)}
    return {
        each.id for each in city.domains.values() if (each.parent or each.id) in alike and not each.restricted
    }


async def find_for(turn: Turn, case: Case) -> Case | None:
    """Return the open case that may be about the same incident as this one, for those who handle it."""
    if access.is_restricted(turn.city, case) or case.kind not in similarity.COMPARED_KINDS:
        return None
    if _is_nobody_elses(case):
        return None
    return await find(
        turn, _report_of(case), domains=[case.domain], ward_code=case.ward_code, except_for=case.id
    )


def _report_of(case: Case) -> Report:
    return Report(
        words=case.words or similarity.stored_words(case.text),
        ward=case.ward_name or "",
        street=street_name(case.street) or "",
        latitude=case.latitude,
        longitude=case.longitude,
    )


async def _find_for_draft(turn: Turn, draft: Draft) -> Case | None:
    if draft.kind not in similarity.COMPARED_KINDS or draft.foreign:
        return None
    if draft.reading.get("kind") in _LEGAL_KINDS:  # a dispatcher reads it first, as a case of its own
        return None
    domains = draft.candidates[:_DOMAINS_IN_DOUBT] if draft.unsure else []
    if _is_kept_among_few(turn.city, draft.domain):
        return None
    report = Report(
        words=similarity.stored_words(draft.text),
        ward=draft.ward_name or "",
        street=street_name(draft.street) or "",
        latitude=draft.latitude,
        longitude=draft.longitude,
    )
    return await find(
        turn, report, domains={draft.domain, *domains}, ward_code=draft.ward_code, urgent=draft.urgent
    )


def _is_kept_among_few(city: City, domain: str) -> bool:
    return domain in city.domains and city.domains[domain].restricted


# ── asking whoever reports ───────────────────────────────────────────────────────────────────────


async def asks(turn: Turn, draft: Draft) -> bool:
    """Ask whether a draft tells of a known incident; False when there is nothing to ask.

    An emergency goes out at once: those who handle it are told of the likeness instead (`hint`).
    """
    if draft.kind == "emergency":
        return False
    found = await _find_for_draft(turn, draft)
    if found is None:
        return False
    confirmation.keep(turn, draft)
    turn.say(
        texts.same_incident(
            code=found.code,
            own=found.reporter_id == turn.person.id,
            domain=cards.domain_name(turn.city, found.domain),
            place=texts.place_name(street_without_house(found.street), found.ward_name),
            text=_shown_to_anybody(found),
            received_at=found.received_at,
            people=found.people_count,
            unit=cards.unit_name(turn.city, found.unit_code),
            due_at=found.due_at,
        ),
        buttons=[
            [confirmation.button(draft, texts.label_same(), f"same:{found.code}")],
            [confirmation.button(draft, texts.label_not_same(), f"send:{APART}")],
            [confirmation.button(draft, texts.label_back(), "look")],
        ],
    )
    return True


def _shown_to_anybody(case: Case) -> str:
    """Return the words of a case that others may read: none of those that nobody has looked at yet."""
    return "" if case.anonymous or case.status == Status.TRIAGE else cards.for_others(case.text)


async def hint(turn: Turn, draft: Draft) -> str:
    """Return what those who handle an emergency should know: the case that it may be the same as.

    Of a case that the unit may not see it is told only that there is one.
    """
    found = await _find_for_draft(turn, draft) if draft.kind == "emergency" else None
    if found is None:
        return ""
    unit = draft.assignment(turn.city, turn.now).unit
    sees = unit is not None and access.unit_sees(turn.city, unit.code, found)
    return _told(turn, found) if sees else texts.perhaps_same_elsewhere()


async def join(turn: Turn, case: Case, code: str, *, photos: list[str]) -> Case | None:
    """Store a new case as one with the case of this code; None where that is finished or out of reach."""
    known = parse_code(code)
    master = await merging.open_master(turn.transaction, known) if known else None
    if master is None or not _may_join(turn.city, case, master):
        return None
    await merging.join(turn, case, master, photos=photos)
    return master


def _may_join(city: City, case: Case, master: Case) -> bool:
    """Tell whether one may join the other: anybody can send the data of a button that they never saw.

    The words may also have changed since the question: an emergency is never one more report of something.
    """
    if case.kind == "emergency" or (case.urgent and not master.urgent):
        return False
    if access.is_restricted(city, master) or access.is_restricted(city, case):
        return False
    if _is_nobody_elses(master) or _is_nobody_elses(case):
        return False
    if not {case.kind, master.kind} <= set(similarity.COMPARED_KINDS):
        return False
    return master.domain in _compared_domains(city, [case.domain, *_read_domains(case)])


def _read_domains(case: Case) -> list[str]:
    read = case.reading.get("candidates", ()) if case.triage_reason else ()
    return [each["domain"] for each in read[:_DOMAINS_IN_DOUBT]]


def say_joined(turn: Turn, case: Case, master: Case, *, photos: int) -> None:
    """Tell somebody who has joined: their own code, who handles it and by when."""
    text = texts.joined(
        code=case.code,
        master=master.code,
        people=master.people_count,
        unit=cards.unit_name(turn.city, master.unit_code),
        due_at=master.due_at,
        photos=photos,
    )
    turn.say(text, buttons=offers.add(case.code), case_id=case.id)


async def leave(turn: Turn, case: Case) -> None:
    """Take one's report out of a merged case: it becomes a case of its own, due as counted from now.

    After the answer it would be late at once: whoever finds that nothing was done says so instead.
    """
    case, master = await duplicates.lock_with_master(turn.transaction, case)
    if master is None:
        turn.say(texts.stale_button())
        return
    if master.status not in OPEN_STATUSES:
        turn.say(texts.leave_finished(code=case.code), buttons=offers.unsolved(case.code), case_id=case.id)
        return
    await merging.unmerge(
        turn.transaction, turn.city, case, master, actor=progress.citizen(case), now=turn.now, from_now=True
    )
    await merging.tell_unmerged(turn.transaction, turn.city, case, master, now=turn.now)


# ── what officials see ───────────────────────────────────────────────────────────────────────────


async def offer(turn: Turn, case: Case) -> tuple[str, list[list[Button]]]:
    """Return what an official should know of a case's likeness to others, and the buttons for it.

    The likely duplicate with a button to merge, and what those who joined have written.
    """
    if case.status == Status.MERGED:
        return await _offer_merged(turn, case)
    rows = merging.people_buttons(case) if await _has_followers(turn, case) else []
    found = await find_for(turn, case) if case.status in OPEN_STATUSES else None
    if found is None or access.post_for(turn.person, turn.city, "see", found) is None:
        return "", rows
    if _post_to_merge(turn, case, found) is not None:
        label = texts.label_merge(code=found.code)
        rows.append([Button(label=label, data=f"merge:{case.code}:{found.code}")])
    return _told(turn, found), rows


async def _offer_merged(turn: Turn, case: Case) -> tuple[str, list[list[Button]]]:
    master = await duplicates.master_of(turn.transaction, case)
    if master is None:
        return "", []
    may_split = access.post_for(turn.person, turn.city, Action.UNMERGE, master) is not None
    note = texts.joined_state(master=master.code, people=master.people_count)
    rows = case_at_hand.open_button(turn, master)
    return note, [*rows, [_split_button(case)]] if may_split else rows


async def _has_followers(turn: Turn, case: Case) -> bool:
    return case.people_count > 1 or bool(await duplicates.joined_to(turn.transaction, [case.id]))


def _told(turn: Turn, found: Case) -> str:
    return texts.perhaps_same(
        code=found.code,
        domain=cards.domain_name(turn.city, found.domain),
        place=texts.place_name(found.street, found.ward_name),
        received_at=found.received_at,
        status=texts.case_status(status=found.status),
    )


async def show_joined(turn: Turn, argument: str) -> None:
    """Show officials what those who joined a case have written and photographed, also later."""
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is None:
        return
    master, _ = found
    others = await duplicates.joined_to(turn.transaction, [master.id])
    if not others:
        turn.say(texts.nobody_joined(code=master.code))
        return
    later = await duplicates.later_words(turn.transaction, [other.id for other in others])
    # The list is cut off: whoever had something to add comes before those who reported and fell silent.
    first = sorted(others, key=lambda other: other.id not in later)[:MOST_SHOWN]
    await viewing.note_many(turn, [other.id for other in first])
    lines, pictures = [], []
    for other in first:
        photos = await cases.photos_of(turn.transaction, other.id, "report")
        pictures += photos
        lines += await _joined_lines(turn, other.id, later.get(other.id, []), photos=len(photos))
    may_split = access.post_for(turn.person, turn.city, Action.UNMERGE, master) is not None
    turn.say(
        texts.joined_list(code=master.code, lines=lines, left_out=len(others) - len(first)),
        buttons=[[_split_button(other)] for other in first] if may_split else (),
        photos=pictures[:MOST_PHOTOS],
        case_id=master.id,
    )


async def _joined_lines(
    turn: Turn, case_id: int, later: list[tuple[datetime, str]], *, photos: int
) -> list[str]:
    """Return what one of those who joined wrote, and the latest of what they added."""
    case = await cases.get_case_by_id(turn.transaction, case_id)
    if case is None:
        return []
    hides = not case_at_hand.knows_reporter(turn, case)
    text = cards.shown(case, case.text, hides=hides)
    said = texts.joined_line(code=case.code, text=text, photos=photos, received_at=case.received_at)
    added = [
        texts.joined_addition(text=cards.for_others(cards.shown(case, words)), at=at)
        for at, words in later[-MOST_LATER_WORDS:]
    ]
    return [said, *added]


def _split_button(case: Case | Joined) -> Button:
    return Button(label=texts.label_unmerge(code=case.code), data=f"unmerge:{case.code}")


# ── merging ──────────────────────────────────────────────────────────────────────────────────────


async def merge_typed(turn: Turn, argument: str) -> None:
    """`/gop CODE CODE` or `/gop CODE`: shows what would be merged, and merges only when that is confirmed."""
    codes = argument.replace(",", " ").split()
    if not _may_begin(turn, Action.MERGE):
        return
    if len(codes) == 2:
        await compare(turn, codes[0], codes[1])
    elif len(codes) == 1:
        await _compare_with_likely(turn, codes[0])
    else:
        turn.say(texts.merge_usage())


async def _compare_with_likely(turn: Turn, code: str) -> None:
    case = await _seen(turn, code)
    if case is None:
        turn.say(texts.case_not_yours())
        return
    case = await duplicates.master_of(turn.transaction, case) or case
    found = await find_for(turn, case) if case.status in OPEN_STATUSES else None
    if found is None or access.post_for(turn.person, turn.city, "see", found) is None:
        turn.say(texts.nothing_alike(code=case.code))
    else:
        await compare(turn, case.code, found.code)


async def compare(turn: Turn, code: str, other_code: str) -> None:
    """Show two cases side by side with the button that merges them; or say why they cannot be merged."""
    found = [await _seen(turn, each) for each in (code, other_code)]
    if found[0] is None or found[1] is None:
        turn.say(texts.case_not_yours())
        return
    one, other = [await duplicates.master_of(turn.transaction, each) or each for each in found if each]
    try:
        case, master, _ = _ready_to_merge(turn, one, other)
    except CannotMerge as refusal:
        turn.say(str(refusal))
        return
    turn.say(
        texts.compare_cases(master=_compared(turn, master), case=_compared(turn, case)),
        buttons=[[Button(label=texts.label_merge_now(), data=f"merge:{case.code}:{master.code}")]],
    )


def _compared(turn: Turn, case: Case) -> str:
    return texts.compared_line(
        code=case.code,
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(case.street, case.ward_name),
        received_at=case.received_at,
        text=cards.for_others(case.text),
    )


async def merge(turn: Turn, argument: str) -> None:
    """Merge two cases, `CODE:CODE` in any order: the older one stays."""
    if not _may_begin(turn, Action.MERGE):
        return
    found = [await _seen(turn, code) for code in argument.split(":")]
    if len(found) != 2 or found[0] is None or found[1] is None:
        turn.say(texts.case_not_yours())
        return
    one, other = found[0], found[1]
    try:
        await _merge(turn, one, other)
    except CannotMerge as refusal:
        turn.say(str(refusal))


async def _seen(turn: Turn, code: str) -> Case | None:
    """Return a case that the writer may see; a wrong code and one out of reach are the same to them."""
    known = parse_code(code)
    case = await cases.get_case(turn.transaction, known) if known else None
    master = await duplicates.master_of(turn.transaction, case) if case else None
    posts = (access.post_for(turn.person, turn.city, "see", each) for each in (case, master) if each)
    return case if any(posts) else None


async def _merge(turn: Turn, one: Case, other: Case) -> None:
    """Merge two cases; one that is merged already stands for its master."""
    one = await duplicates.master_of(turn.transaction, one) or one
    other = await duplicates.master_of(turn.transaction, other) or other
    if one.id == other.id:
        raise CannotMerge(texts.merge_itself())
    one, other = await merging.lock_both(turn.transaction, one, other)
    for each in (one, other):
        if master := await duplicates.master_of(turn.transaction, each):  # merged in this very moment
            raise CannotMerge(texts.merged_already(code=each.code, master=master.code))
    case, master, post = _ready_to_merge(turn, one, other)
    moved = await merging.merge(
        turn.transaction, turn.city, case, master, actor=actor_of(turn.person.id, post), now=turn.now
    )
    writing.finish(turn, case.code)
    turn.say(
        texts.merged_done(code=case.code, master=master.code, people=master.people_count),
        buttons=[*merging.people_buttons(master), [_split_button(case)]],
        case_id=master.id,
    )
    await _tell_merged(turn, moved, master)


def _ready_to_merge(turn: Turn, one: Case, other: Case) -> tuple[Case, Case, Post]:
    """Return the case to merge, the one that stays, and the post that allows it; raises CannotMerge."""
    case, master = merging.in_order(one, other)
    merging.check(turn.city, case, master)
    post = _post_to_merge(turn, case, master)
    if post is not None:
        return case, master, post
    if _post_for_both(turn, Action.MERGE, case, master) is not None:
        raise CannotMerge(texts.merge_not_alike())
    raise CannotMerge(texts.merge_not_yours(code=case.code))


def _post_to_merge(turn: Turn, one: Case, other: Case) -> Post | None:
    """Return the post by which the writer may merge two cases.

    A chair merges only what the search would compare: a deadline of the own unit that runs out is not to be
    got rid of by merging what has nothing to do with it. A dispatcher may merge any two.
    """
    post = _post_for_both(turn, Action.MERGE, one, other)
    if post is None or post.role == "dispatcher":
        return post
    if one.unit_code == other.unit_code and _are_alike(turn.city, one, other):
        return post
    return next((each for each in turn.person.posts if each.role == "dispatcher"), None)


def _are_alike(city: City, one: Case, other: Case) -> bool:
    """Tell whether the domains are alike, and the ward is the same or the distance small."""
    if other.domain not in _compared_domains(city, [one.domain]):
        return False
    if one.ward_code is not None and one.ward_code == other.ward_code:
        return True
    metres = similarity.metres_between(_report_of(one), _report_of(other))
    return metres is not None and metres <= similarity.NEAR_METRES


def _post_for_both(turn: Turn, action: Action, one: Case, other: Case) -> Post | None:
    """Return the post by which the writer may do this to both cases."""
    posts = [access.post_for(turn.person, turn.city, action, each) for each in (one, other)]
    return posts[0] if all(posts) else None


async def _tell_merged(turn: Turn, moved: list[Case], master: Case) -> None:
    """Tell every reporter whose case has a new master, once each, and whoever reported the master."""
    unit = cards.unit_name(turn.city, master.unit_code)
    first = {case.reporter_id: case for case in reversed(moved)}
    first.pop(master.reporter_id, None)
    for case in first.values():
        news = texts.merged_news(code=case.code, master=master.code, unit=unit, due_at=master.due_at)
        await progress.tell_reporter(
            turn.transaction, case, news, now=turn.now, buttons=offers.leave(case.code)
        )
    if first:
        news = texts.merged_here_news(code=master.code, people=master.people_count)
        await progress.tell_reporter(turn.transaction, master, news, now=turn.now, joined_text="")
    await _tell_units(turn, moved[0], master)


async def _tell_units(turn: Turn, case: Case, master: Case) -> None:
    """Tell the unit that has a case less, and the one that handles both where that is another."""
    if case.unit_code is not None:
        unit = cards.unit_name(turn.city, master.unit_code) if case.unit_code != master.unit_code else ""
        sees = access.unit_sees(turn.city, case.unit_code, master)
        await progress.tell_unit(
            turn.transaction,
            turn.city,
            case,
            texts.merged_away(code=case.code, master=master.code, unit=unit),
            now=turn.now,
            buttons=case_at_hand.card_button(master) if sees else (),
            except_for=turn.person.id,
        )
    if master.unit_code is not None and case.unit_code != master.unit_code:
        await progress.tell_unit(
            turn.transaction,
            turn.city,
            master,
            texts.joined_note(code=master.code, people=master.people_count),
            now=turn.now,
            buttons=merging.people_buttons(master),
            except_for=turn.person.id,
        )


# ── un-merging ───────────────────────────────────────────────────────────────────────────────────


async def unmerge_typed(turn: Turn, argument: str) -> None:
    """`/tach CODE`."""
    if argument.strip():
        await unmerge(turn, argument)
    elif _may_begin(turn, Action.UNMERGE):
        turn.say(texts.unmerge_usage())


async def unmerge(turn: Turn, argument: str) -> None:
    """Make a merged case one of its own again."""
    if not _may_begin(turn, Action.UNMERGE):
        return
    case = await _seen(turn, argument)
    if case is None:
        turn.say(texts.case_not_yours())
        return
    case, master = await duplicates.lock_with_master(turn.transaction, case)
    if master is None:
        await _refuse_unmerge(turn, case)
        return
    post = access.post_for(turn.person, turn.city, Action.UNMERGE, master)
    if post is None:
        turn.say(texts.merge_not_yours(code=case.code))
    else:
        await _unmerge(turn, case, master, post)


async def _refuse_unmerge(turn: Turn, case: Case) -> None:
    if await _has_followers(turn, case):
        turn.say(texts.unmerge_master(code=case.code), buttons=merging.people_buttons(case))
    else:
        turn.say(texts.not_merged(code=case.code))


async def _unmerge(turn: Turn, case: Case, master: Case, post: Post) -> None:
    actor = actor_of(turn.person.id, post)
    await merging.unmerge(turn.transaction, turn.city, case, master, actor=actor, now=turn.now)
    unit = cards.unit_name(turn.city, case.unit_code)
    turn.say(
        texts.unmerged_done(code=case.code, master=master.code, unit=unit, due_at=case.due_at),
        case_id=case.id,
    )
    await merging.tell_unmerged(turn.transaction, turn.city, case, master, now=turn.now)


def _may_begin(turn: Turn, action: Action) -> bool:
    """Tell whether the writer holds a post that merges at all; otherwise say why not."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return False
    if not turn.person.roles & access.REACHES[action].keys():
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))
        return False
    return True


COMMANDS: dict[str, Handler] = {"/gop": merge_typed, "/tach": unmerge_typed}
BUTTONS: dict[str, Handler] = {"merge": merge, "unmerge": unmerge, "joined": show_joined}
STEPS: dict[str, Handler] = {}
