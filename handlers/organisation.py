"""Becoming an official: an invitation code, typed or in a link, gives a person their post."""

from handlers import cards, intake, menus, texts, tries
from handlers.channel import Button
from handlers.turn import Handler, Turn
from storage import cases, people
from storage.people import Post

TRIES_AN_HOUR = 5
_TRIES = "invitation"


async def start(turn: Turn, argument: str) -> None:
    """`/start CODE`: turn an invited person into an official; without a code, greet."""
    code = argument.strip()
    if not code:
        await intake.welcome(turn)
    elif turn.chat.group:
        turn.say(texts.invitation_in_group())
    elif not await tries.may_try(turn, _TRIES, TRIES_AN_HOUR):
        turn.say(texts.invitation_too_often())
    else:
        await _redeem(turn, code)


async def _redeem(turn: Turn, code: str) -> None:
    post = await people.redeem_invitation(turn.transaction, code, person_id=turn.person.id, now=turn.now)
    if post is None:
        await tries.note_wrong(turn)
        turn.say(texts.invitation_refused())
        return
    turn.chat.step, turn.chat.draft = "", {}
    await _greet(turn, post)


async def _greet(turn: Turn, post: Post) -> None:
    works = post.role in ("chair", "officer")
    waiting = await cases.count_open_cases_of_units(turn.transaction, [post.unit_code]) if works else 0
    button = Button(label=texts.label_open_work(), data="work:0")
    if post.role == "dispatcher":
        button = Button(label=texts.label_open_triage(), data="triage:")
    person = await people.get_person(turn.transaction, turn.person.id, now=turn.now) or turn.person
    turn.say(
        texts.welcome_official(
            name=turn.person.name,
            role=post.role,
            unit=cards.unit_name(turn.city, post.unit_code),
            open_cases=waiting,
        ),
        buttons=[[button]] if waiting or post.role == "dispatcher" else [],
        menu=menus.menu_of(person),
    )


COMMANDS: dict[str, Handler] = {"/start": start}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
