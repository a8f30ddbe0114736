"""`/chucvu`: one's own posts, laying one down, naming a deputy until a day, and who works at one's unit."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers import cards, draft, leaving, menus, progress, texts, unit_search, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.deadline import LOCAL_TIME
from routing.when import read_coming_day
from storage import caseloads, chats, people
from storage.people import HeldPost, Post

UNTIL = "posts.until"
"""The step in which a chair writes until when somebody shall act in their place."""
_DRAFT = "deputy"
_DROP = [[Button(label=texts.label_drop(), data="deputydrop")]]
_LONGEST = timedelta(days=366)
_MOST = 8
"""Colleagues that are offered as successors or deputies, and people of a unit with a button."""


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


async def show(turn: Turn, argument: str) -> None:
    """`/chucvu`: the writer's posts and deputies; `/chucvu UNIT`: who works at a unit of theirs."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif not turn.person.posts:
        turn.say(await refusal(turn))
    elif argument.strip():
        found = unit_search.named(turn.city.units.values(), argument)
        await _show_staff(turn, found[0].code if found else "")
    else:
        await _show_own(turn)


async def are_over(turn: Turn) -> bool:
    """Tell whether the writer was an official and is none any more."""
    left = not turn.person.posts and not turn.chat.new
    return left and await people.has_left(turn.transaction, turn.person.id, now=turn.now)


async def refusal(turn: Turn) -> str:
    """Return what somebody without posts is told: that theirs is over, or that they never held one."""
    over = await are_over(turn)
    return texts.post_no_longer_held() if over else texts.not_an_official(official=False)


async def _show_own(turn: Turn) -> None:
    lines: list[str] = []
    rows: list[list[Button]] = []
    for post in turn.person.posts:
        unit = cards.unit_name(turn.city, post.unit_code)
        lines.append(
            texts.post_line(role=post.role, unit=unit, ends_at=post.ends_at, deputy=bool(post.deputy_for))
        )
        if post.role == "chair":
            for deputy in await people.deputies_of(turn.transaction, post.id, now=turn.now):
                name = deputy.name or texts.someone()
                lines.append(texts.deputy_line(name=name, unit=unit, ends_at=deputy.ends_at))
                rows.append([Button(label=texts.end_deputy_choice(name=name), data=f"leave:{deputy.id}")])
        rows += _own_buttons(post, unit)
    turn.say(texts.own_posts(lines=lines), buttons=rows)


def _own_buttons(post: Post, unit: str) -> Iterator[list[Button]]:
    if post.role == "chair" and post.deputy_for is None:
        yield [Button(label=texts.deputy_choice(unit=unit), data=f"deputy:{post.id}")]
    if post.role == "chair":
        yield [Button(label=texts.staff_choice(unit=unit), data=f"staff:{post.id}")]
    yield [Button(label=texts.leave_choice(role=post.role, unit=unit), data=f"leave:{post.id}")]


async def staff(turn: Turn, argument: str) -> None:
    """List who works at the unit that the writer leads by this post: `POST`."""
    own = next((each for each in turn.person.posts if str(each.id) == argument), None)
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif own is None:
        turn.say(texts.post_gone() if turn.person.posts else await refusal(turn))
    else:
        await _show_staff(turn, own.unit_code)


async def _show_staff(turn: Turn, code: str) -> None:
    """List who holds a post at a unit of the writer's, or of those below, with what may be ended."""
    if code not in turn.city.units or not _oversees(turn, code):
        turn.say(texts.staff_not_yours())
        return
    there = await people.held_posts(turn.transaction, now=turn.now, units=[code])
    lines = [
        texts.staff_line(
            name=each.name or texts.someone(),
            role=each.role,
            ends_at=each.ends_at,
            deputy=bool(each.deputy_for),
            reachable=each.reachable,
        )
        for each in there
    ]
    endable = [each for each in there if _post_to_end_by(turn, each) is not None]
    rows = [
        [
            Button(
                label=texts.end_post_choice(name=each.name or texts.someone(), role=each.role),
                data=f"leave:{each.id}",
            )
        ]
        for each in endable
        if each.person_id != turn.person.id
    ]
    turn.say(texts.staff(unit=cards.unit_name(turn.city, code), lines=lines), buttons=rows[: 5 * _MOST])


def _oversees(turn: Turn, code: str) -> bool:
    """Tell whether the writer leads a unit or one above it."""
    leads = (each.unit_code for each in turn.person.posts if each.role == "chair")
    return "leader" in turn.person.roles or any(turn.city.is_within(code, unit) for unit in leads)


def _post_to_end_by(turn: Turn, post: HeldPost) -> Post | None:
    """Return the writer's post by which they may end this one, None where they may not.

    One's own; what somebody holds in the place of one's own; officers of the unit that one leads; chairs
    of units below the one that one leads, and every chair for the leaders of the city.
    """
    return next((own for own in turn.person.posts if _may_end(turn, own, post)), None)


def _may_end(turn: Turn, own: Post, post: HeldPost) -> bool:
    if own.id in (post.id, post.deputy_for):
        return True
    if own.role == "leader":
        return post.role == "chair"
    if own.role != "chair":
        return False
    if post.role == "officer":
        return post.unit_code == own.unit_code
    below = post.unit_code != own.unit_code and turn.city.is_within(post.unit_code, own.unit_code)
    return post.role == "chair" and below


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────


async def ask_leave(turn: Turn, argument: str) -> None:
    """Ask whether a post shall end, and who follows: `POST`."""
    post = await _post_to_end(turn, argument)
    if post is None:
        return
    count = 0
    if post.works:
        count = await caseloads.count_cases_of_officer(turn.transaction, post.person_id, post.unit_code)
    rows = [[Button(label=texts.label_confirm_leaving(), data=f"leaveyes:{post.id}")]]
    for each in await _colleagues(turn, post) if count else ():
        label = texts.hand_work_choice(name=each.name or texts.someone())
        rows.append([Button(label=label, data=f"leaveyes:{post.id}:{each.id}")])
    rows.append([Button(label=texts.label_keep_post(), data="posts:")])
    own = post.person_id == turn.person.id
    turn.say(
        texts.confirm_leaving(
            name="" if own else post.name or texts.someone(),
            role=post.role,
            unit=cards.unit_name(turn.city, post.unit_code),
            cases=count,
            deputies=len(await people.deputies_of(turn.transaction, post.id, now=turn.now)),
            leaderless=await _leaves_leaderless(turn, post),
        ),
        buttons=rows,
    )


async def _leaves_leaderless(turn: Turn, post: HeldPost) -> bool:
    """Tell whether a unit's officers would be left without a chair who can be reached."""
    there = await people.held_posts(turn.transaction, now=turn.now, units=[post.unit_code])
    left = [each for each in there if each.reachable and post.id not in (each.id, each.deputy_for)]
    roles = {each.role for each in left}
    return post.role == "chair" and "officer" in roles and "chair" not in roles


async def leave(turn: Turn, argument: str) -> None:
    """End a post: `POST`, or `POST:POST` to hand the work to whoever holds the second."""
    code, _, follower = argument.partition(":")
    post = await _post_to_end(turn, code)
    if post is None:
        return
    successor = None
    if follower:
        colleagues = await _colleagues(turn, post, limit=None)
        successor = next((each for each in colleagues if str(each.id) == follower), None)
        if successor is None:
            turn.say(texts.successor_gone())
            return
    by = _post_to_end_by(turn, post)
    assert by is not None
    left = await leaving.leave(
        turn.transaction,
        turn.city,
        post,
        actor=progress.actor_of(turn.person.id, by),
        now=turn.now,
        successor=successor,
    )
    turn.left |= {each.person_id for each in left.posts}
    await _confirm(turn, post, left, successor)


async def _confirm(turn: Turn, post: HeldPost, left: leaving.Left, successor: HeldPost | None) -> None:
    unit = cards.unit_name(turn.city, post.unit_code)
    name = (successor.name or texts.someone()) if successor else ""
    if post.person_id == turn.person.id:
        turn.chat.step, turn.chat.draft = "", {}
        text = texts.post_left(role=post.role, unit=unit, cases=left.cases, name=name)
        turn.say(text, menu=await _menu(turn, post.person_id))
    else:
        holder = post.name or texts.someone()
        turn.say(texts.post_taken_away(holder=holder, role=post.role, unit=unit, cases=left.cases, name=name))


async def _menu(turn: Turn, person_id: int) -> Sequence[tuple[str, str]]:
    """Return what somebody's chat offers, now that their posts have changed."""
    person = await people.get_person(turn.transaction, person_id, now=turn.now)
    return menus.menu_of(person) if person else ()


async def _post_to_end(turn: Turn, argument: str) -> HeldPost | None:
    """Return a post that the writer may end; otherwise say why not, the same for all that are not theirs."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    post = await _held(turn, argument)
    if post is not None and _post_to_end_by(turn, post) is not None:
        return post
    turn.say(texts.post_gone() if turn.person.posts else await refusal(turn))
    return None


async def _held(turn: Turn, argument: str) -> HeldPost | None:
    number = argument.strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    return await people.get_post(turn.transaction, int(number), now=turn.now)


async def _colleagues(turn: Turn, post: HeldPost, limit: int | None = _MOST) -> Sequence[HeldPost]:
    """Return who else works at the unit of a post and can be reached, each person once."""
    there = await people.held_posts(turn.transaction, now=turn.now, units=[post.unit_code])
    others = [each for each in there if each.works and each.reachable and each.person_id != post.person_id]
    return list({each.person_id: each for each in reversed(others)}.values())[::-1][:limit]


# ── deputies ─────────────────────────────────────────────────────────────────────────────────────


async def choose_deputy(turn: Turn, argument: str) -> None:
    """Ask who shall act in the place of the writer as chair: `POST`."""
    post = await _own_chair(turn, argument)
    if post is None:
        return
    others = await _colleagues(turn, post)
    rows = [
        [Button(label=each.name or texts.someone(), data=f"deputyto:{post.id}:{each.person_id}")]
        for each in others
    ]
    rows.append([Button(label=texts.label_invite_deputy(), data=f"deputyto:{post.id}:0")])
    unit = cards.unit_name(turn.city, post.unit_code)
    turn.say(texts.choose_deputy(unit=unit, alone=not others), buttons=rows)


async def ask_until(turn: Turn, argument: str) -> None:
    """Ask until which day: `POST:person`, 0 for whoever will be invited."""
    post_id, _, person_id = argument.partition(":")
    post = await _own_chair(turn, post_id)
    if post is None:
        return
    name = await _deputy_name(turn, post, person_id)
    if name is None:
        turn.say(texts.successor_gone())
        return
    if _begin(turn, {"post": post.id, "person": person_id}):
        turn.say(texts.deputy_until_when(name=name), buttons=_DROP)


def _begin(turn: Turn, wish: dict[str, Any]) -> bool:
    """Let the next message be the day; an answer that is being written goes first, a report waits."""
    if code := writing.code_at_work(turn):
        turn.say(texts.draft_busy(code=code), buttons=[[writing.drop_button(code)]])
        return False
    aside = draft.lay_aside(turn.chat.step, turn.chat.draft)
    turn.chat.step, turn.chat.draft = UNTIL, {**aside, _DRAFT: wish}
    return True


def _stop(turn: Turn) -> None:
    """End the question for the day; a report of one's own goes on."""
    if turn.chat.step == UNTIL:
        turn.chat.step, turn.chat.draft = draft.take_up(turn.chat.draft)


async def drop_deputy(turn: Turn, argument: str) -> None:
    """Name nobody after all, and show the posts as they are."""
    _stop(turn)
    await show(turn, "")


async def take_until(turn: Turn, argument: str) -> None:
    """Take the last day that a chair writes, and ask for their word."""
    wish = turn.chat.draft.get(_DRAFT, {})
    post = await _own_chair(turn, str(wish.get("post", "")))
    if post is None:
        _stop(turn)
        return
    name = await _deputy_name(turn, post, str(wish["person"]))
    day = read_coming_day(turn.message.text, today=turn.now.astimezone(LOCAL_TIME).date(), whole_week=True)
    if name is None or day is None or not _may_last_until(turn, day):
        text = texts.successor_gone() if name is None else texts.deputy_day_unclear()
        turn.say(text, buttons=_DROP)
        return
    # The step goes on until a tap: another day that is typed now takes the place of this one.
    unit = cards.unit_name(turn.city, post.unit_code)
    data = f"deputyyes:{post.id}:{wish['person']}:{day:%Y%m%d}"
    rows = [
        [Button(label=texts.label_confirm_deputy(), data=data)],
        [Button(label=texts.label_keep_post(), data="deputydrop")],
    ]
    turn.say(texts.confirm_deputy(name=name, unit=unit, ends_at=_end_of(day)), buttons=rows)


async def name_deputy(turn: Turn, argument: str) -> None:
    """Let somebody act in the writer's place: `POST:person:YYYYMMDD`."""
    post_id, _, rest = argument.partition(":")
    person_id, _, written = rest.partition(":")
    post = await _own_chair(turn, post_id)
    if post is None:
        return
    day = _day(written)
    name = await _deputy_name(turn, post, person_id)
    if name is None or day is None or not _may_last_until(turn, day):
        turn.say(texts.successor_gone() if name is None else texts.post_gone())
        return
    _stop(turn)
    if person_id == "0":
        await _invite(turn, post, _end_of(day))
    else:
        await _name(turn, post, int(person_id), name, _end_of(day))


async def _invite(turn: Turn, post: HeldPost, ends_at: datetime) -> None:
    code = await people.create_invitation(
        turn.transaction,
        unit_code=post.unit_code,
        role="chair",
        now=turn.now,
        post_ends_at=ends_at,
        deputy_for=post.id,
    )
    unit = cards.unit_name(turn.city, post.unit_code)
    turn.say(texts.deputy_invited(code=code, unit=unit, ends_at=ends_at))


async def _name(turn: Turn, post: HeldPost, person_id: int, name: str, ends_at: datetime) -> None:
    unit = cards.unit_name(turn.city, post.unit_code)
    held = await people.posts_of(turn.transaction, person_id, now=turn.now)
    if any(each.role == "chair" and each.unit_code == post.unit_code for each in held):
        turn.say(texts.already_chair(name=name, unit=unit))
        return
    people.add_post(
        turn.transaction,
        person_id=person_id,
        unit_code=post.unit_code,
        role="chair",
        now=turn.now,
        ends_at=ends_at,
        deputy_for=post.id,
    )
    turn.say(texts.deputy_named(name=name, unit=unit, ends_at=ends_at))
    address = (await chats.addresses_of(turn.transaction, [person_id])).get(person_id)
    if address is not None:
        chair = turn.person.name or texts.someone()
        leaving.tell(
            turn.transaction,
            address,
            texts.you_are_deputy(name=chair, unit=unit, ends_at=ends_at),
            now=turn.now,
            menu=await _menu(turn, person_id),
        )


async def _own_chair(turn: Turn, argument: str) -> HeldPost | None:
    """Return a chair's post of the writer's own, which they may let others act in; otherwise say no."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    post = await _held(turn, argument)
    own = post is not None and post.person_id == turn.person.id
    if post is not None and own and post.role == "chair" and post.deputy_for is None:
        return post
    turn.say(texts.post_gone() if turn.person.posts else await refusal(turn))
    return None


async def _deputy_name(turn: Turn, post: HeldPost, person_id: str) -> str | None:
    """Return what a possible deputy is called, empty for one to be invited; None for nobody of the unit."""
    if person_id == "0":
        return ""
    colleagues = await _colleagues(turn, post, limit=None)
    found = next((each for each in colleagues if str(each.person_id) == person_id), None)
    return None if found is None else found.name or texts.someone()


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _may_last_until(turn: Turn, day: date) -> bool:
    today = turn.now.astimezone(LOCAL_TIME).date()
    return today < day <= today + _LONGEST


def _end_of(day: date) -> datetime:
    """Return the moment at which a local day is over: a post that ends then is held all that day."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LOCAL_TIME)


async def keep(turn: Turn, argument: str) -> None:
    """Leave everything as it is, and show it."""
    await show(turn, "")


COMMANDS: dict[str, Handler] = {"/chucvu": show}
BUTTONS: dict[str, Handler] = {
    "posts": keep,
    "staff": staff,
    "leave": ask_leave,
    "leaveyes": leave,
    "deputy": choose_deputy,
    "deputyto": ask_until,
    "deputyyes": name_deputy,
    "deputydrop": drop_deputy,
}
STEPS: dict[str, Handler] = {UNTIL: take_until}
