"""Where a message leads: to a button, a command, the step the chat is in, a case, or a new report."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import ModuleType

from rapidfuzz import fuzz, process

from handlers import (
    access,
    answering,
    appointing,
    approving,
    asking,
    casework,
    data_requests,
    digest,
    directives,
    draft,
    duplicates,
    explaining,
    extending,
    followup,
    group_binding,
    group_listing,
    group_making,
    group_putting,
    groups,
    handover,
    intake,
    linking,
    looking_ahead,
    menus,
    noting,
    organisation,
    overdue,
    own_data,
    phone,
    posts,
    questions,
    recasting,
    refusing,
    review,
    searching,
    signing_out,
    snoozing,
    statistics,
    stepping_back,
    supporting,
    templates,
    texts,
    triage,
    typed,
    withdrawing,
    worklist,
    writing,
)
from handlers.channel import InboundMessage
from handlers.turn import Handler, Turn
from routing import tracking_code
from routing.vietnamese import strip_accents
from routing.workflow import Status
from storage import cases, chats, messages
from storage.cases import Case
from storage.chats import Chat
from storage.groups import Group
from storage.messages import Notice

MODULES: tuple[ModuleType, ...] = (
    intake,
    review,
    followup,
    phone,
    organisation,
    linking,
    stepping_back,
    own_data,
    withdrawing,
    data_requests,
    posts,
    casework,
    worklist,
    appointing,
    answering,
    approving,
    noting,
    asking,
    templates,
    handover,
    extending,
    refusing,
    recasting,
    writing,
    triage,
    duplicates,
    explaining,
    overdue,
    snoozing,
    supporting,
    searching,
    signing_out,
    statistics,
    looking_ahead,
    groups,
    group_making,
    group_listing,
    group_putting,
    directives,
    questions,
    digest,
)
"""What people can do: each module declares its commands, buttons and steps."""

PATIENT_STEPS = frozenset({draft.STEP, followup.ADDING, followup.RATING, phone.STEP})
"""Steps that wait while a message is about something else: a reply to a case, a unit's question, a code."""
_NEAR = 60
_COMMAND = re.compile(r"^/\s*(\w+)(?:@\w+)?[\s:]*(.*)$", re.DOTALL)
_STRAY_NUMBER = re.compile(r"\d{1,2}")
_INVITATION = re.compile(r"[0-9A-Za-z]{5}(-[0-9A-Za-z]{5}){2}")


class DuplicateHandler(Exception):
    """Two modules handle the same command, button or step."""


def merged(modules: Iterable[ModuleType], table: str) -> dict[str, Handler]:
    """Return one table ("COMMANDS", "BUTTONS", "STEPS" or "REASONS") of all modules.

    Raises DuplicateHandler.
    """
    found: dict[str, Handler] = {}
    for module in modules:
        for name, handler in getattr(module, table, {}).items():
            if name in found:
                raise DuplicateHandler(f"{module.__name__} handles {name!r}, which is handled already")
            found[name] = handler
    return found


async def help(turn: Turn, argument: str = "") -> None:
    """Tell what the person can do: a citizen's part, and an official's where they hold a post."""
    told = [texts.citizen_help()]
    lines = [
        texts.command_line(command=f"/{name}", description=description)
        for name, description in menus.official_commands(turn.person)
    ]
    if lines:
        told.insert(0, texts.command_list(lines=lines))
    turn.say("\n\n".join(told), menu=menus.menu_of(turn.person))


async def send_reason(turn: Turn, argument: str) -> None:
    """Act for the reason that was typed and shown: `CODE`. What it is the reason for, the step tells."""
    step = turn.chat.step
    written = writing.writing_in(turn, step, argument)
    if step in REASONS and written is not None and written.texts:
        await REASONS[step](turn, written.text)
    else:
        turn.say(texts.draft_gone())


async def say_unoffered(turn: Turn, argument: str = "") -> None:
    """Answer a typed number that none of the choices shown begins with."""
    turn.say(texts.number_not_offered())


COMMANDS = {**merged(MODULES, "COMMANDS"), "/trogiup": help, "/help": help}
BUTTONS = {**merged(MODULES, "BUTTONS"), "sendreason": send_reason, typed.UNOFFERED: say_unoffered}
STEPS = merged(MODULES, "STEPS")
REASONS = merged(MODULES, "REASONS")
"""What a reason leads to that was typed in a step, once it is sent with a tap; the argument is the reason."""
_FOR_EVERYBODY = (
    intake,
    review,
    followup,
    phone,
    organisation,
    linking,
    signing_out,
    stepping_back,
    own_data,
    withdrawing,
    data_requests,
    posts,
    duplicates,
    explaining,
    statistics,
)
_FOR_OFFICIALS = [module for module in MODULES if module not in _FOR_EVERYBODY]
OFFICIAL_COMMANDS = frozenset(merged(_FOR_OFFICIALS, "COMMANDS"))
OFFICIAL_BUTTONS = frozenset({*merged(_FOR_OFFICIALS, "BUTTONS"), "sendreason"})
"""What only officials do; whoever was one hears that it is over."""
GROUP_BUTTONS = frozenset(action for module in MODULES for action in getattr(module, "GROUP_BUTTONS", ()))


# ── one turn ─────────────────────────────────────────────────────────────────────────────────────


async def handle(turn: Turn) -> None:
    """Lead one message to what it is meant for."""
    message = turn.message
    if message.moved_to:
        await _move(turn)
    elif message.left and not message.group:
        chats.mark_unreachable(turn.transaction, turn.chat.channel, turn.chat.chat, at=turn.now)
    elif message.by_staff:
        await stepping_back.note_staff(turn)
    elif message.withdrawn:
        await withdrawing.note(turn)
    elif message.group:
        await _handle_in_group(turn)
    elif message.joined:
        await intake.welcome(turn)
    elif message.picked:
        await group_binding.bind_picked(turn)
    elif message.button and (message.button in BUTTONS or not message.text):
        await _press(turn, message.button)
    elif message.text.startswith("/"):
        await _command(turn)
    elif not await stepping_back.keeps_silent(turn):
        await _plain(turn)


def text_to_read(chat: Chat | None, message: InboundMessage, now: datetime) -> str:
    """Return the text that must be understood for a message: with what the chat's open draft holds."""
    return intake.text_to_read(chat, message, now) if chat else message.text


async def _move(turn: Turn) -> None:
    channel, old, new = turn.chat.channel, turn.chat.chat, turn.message.moved_to
    await chats.move_chat(turn.transaction, channel=channel, old=old, new=new, at=turn.now)
    await messages.readdress(turn.transaction, channel=channel, old=old, new=new)
    await groups.moved(turn)


async def _handle_in_group(turn: Turn) -> None:
    """Do what a group's message asks for; what people say to one another there is left alone."""
    message = turn.message
    if await groups.take_change(turn):
        return
    group = await groups.group_here(turn)
    command = command_of(message.text)
    if message.button:
        await _press_in_group(turn, group, message.button)
    elif command and command[0] in menus.GROUP_COMMANDS and _takes_part(turn, group):
        await COMMANDS[command[0]](turn, command[1])
    elif command and command[0] in COMMANDS:
        turn.say(texts.only_in_private())
    elif group is None or not groups.takes_part(turn.city, group, turn.person):
        if message.mentioned:
            await groups.say_to_outsider(turn, group)
    elif pressed := await typed.button_in_group(turn):
        await _press_in_group(turn, group, pressed)
    elif not await _said_in_group(turn, group) and message.mentioned:
        turn.say(texts.group_hint())


def _takes_part(turn: Turn, group: Group | None) -> bool:
    return group is not None and groups.takes_part(turn.city, group, turn.person)


async def _press_in_group(turn: Turn, group: Group | None, data: str) -> None:
    if data.partition(":")[0] not in GROUP_BUTTONS:
        turn.say(texts.only_in_private())
    elif _takes_part(turn, group):
        await _press(turn, data)
    else:
        await groups.say_to_outsider(turn, group)


async def _said_in_group(turn: Turn, group: Group) -> bool:
    """Take an order, a question or the code of a case; False for whatever people say to one another."""
    if await directives.take(turn) or await questions.take(turn):
        return True
    return not turn.message.edited and await group_putting.take_code(turn, group)


async def _press(turn: Turn, data: str) -> None:
    action, _, argument = data.partition(":")
    handler = BUTTONS.get(action)
    if handler is None:
        turn.say(texts.stale_button())
    elif action in OFFICIAL_BUTTONS and await posts.are_over(turn):
        turn.say(texts.post_no_longer_held())
    else:
        await handler(turn, argument)


def command_of(text: str) -> tuple[str, str] | None:
    """Return a command in its plain form and what stands behind it: "/TraCứu HN-1" is "/tracuu", "HN-1"."""
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    return f"/{strip_accents(match[1]).lower()}", match[2].strip()


async def _command(turn: Turn) -> None:
    name, argument = command_of(turn.message.text) or ("/", "")
    handler = COMMANDS.get(name)
    if handler is not None and name in OFFICIAL_COMMANDS and await posts.are_over(turn):
        turn.say(texts.post_no_longer_held())
        return
    if handler is not None:
        await handler(turn, argument)
        return
    offered = [each for each, _ in menus.menu_of(turn.person)]
    near = process.extractOne(name.removeprefix("/"), offered, scorer=fuzz.ratio, score_cutoff=_NEAR)
    turn.say(texts.unknown_command(nearest=f"/{near[0]}" if near else ""))


async def _plain(turn: Turn) -> None:
    message, step = turn.message, turn.chat.step
    if message.contact is not None:
        await intake.receive(turn)
        return
    if await followup.take_late_photos(turn):
        return
    at_work = step in STEPS and step not in PATIENT_STEPS
    if at_work and await writing.is_about_another(turn):
        return
    shown = _shown(turn)
    if pressed := await typed.button(turn, shown):
        await _press(turn, pressed)
    elif at_work:
        await STEPS[step](turn, "")
    elif phone.answers_offer(turn, shown):
        await phone.take(turn)
    elif _INVITATION.fullmatch(message.text.strip()):  # people paste the code alone
        await organisation.start(turn, message.text)
    elif linking.CODE.fullmatch(message.text.strip()):
        await linking.link(turn, message.text)
    elif await directives.take(turn):
        pass
    elif case := await _case_meant(turn, shown):
        await _about(turn, case)
    elif code := tracking_code.parse_code(message.text):
        await followup.track(turn, code)
    elif await questions.take(turn):
        pass
    elif step in STEPS:
        await STEPS[step](turn, "")
    elif turn.shown and _STRAY_NUMBER.fullmatch(message.text.strip()) and not message.photos:
        turn.say(texts.number_without_choice())
    else:
        await intake.receive(turn)


def _shown(turn: Turn) -> Sequence[Notice]:
    """Return what the chat was shown last; in the middle of a step only the very last message counts."""
    return turn.shown if turn.chat.step in ("", *PATIENT_STEPS) else turn.shown[:1]


async def _about(turn: Turn, case: Case) -> None:
    if case.reporter_id == turn.person.id:
        await followup.take_reply(turn, case)
    elif access.post_for(turn.person, turn.city, "answer", case) is None and await supporting.take_reply(
        turn, case
    ):
        pass
    elif access.may(turn.person, turn.city, "see", case):
        await answering.take_reply(turn, case.code)
    elif await posts.are_over(turn):
        turn.say(texts.post_no_longer_held())
    else:
        await intake.receive(turn)


async def _case_meant(turn: Turn, shown: Sequence[Notice]) -> Case | None:
    """Return the case that a message is about: the one it replies to, or the one whose question was last."""
    message = turn.message
    if message.reply_to:
        case_id = await messages.case_of_message(
            turn.transaction,
            channel=turn.chat.channel,
            chat=turn.chat.chat,
            message_id=message.reply_to,
        )
        return await cases.get_case_by_id(turn.transaction, case_id, lock=True) if case_id else None
    case_id = shown[0].case_id if shown else None
    if case_id is None or message.edited:
        return None
    case = await cases.get_case_by_id(turn.transaction, case_id, lock=True)
    asked = case is not None and case.status == Status.WAITING_FOR_CITIZEN
    return case if asked and case and case.reporter_id == turn.person.id else None
