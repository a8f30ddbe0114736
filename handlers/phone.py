"""A person's telephone number: offered once where a chat closes after some days, kept and taken back."""

import re
from collections.abc import Sequence

from handlers import confirmation, intake, texts, typed
from handlers.channel import Button, OutboundMessage
from handlers.draft import draft_of
from handlers.turn import Handler, Turn
from routing.place import read_place
from storage import consents, contacts, messages, people
from storage.messages import Notice

STEP = "phone"
FEWEST_DIGITS = 6
"""With fewer digits a message is no number, and about something else."""
LONGEST = 40
_SHARED = re.compile(r"\+?\d{6,20}", re.ASCII)
_MOBILE = ("3", "5", "7", "8", "9")
"""What mobile numbers begin with behind +84."""


def read_mobile(text: str) -> str | None:
    """Return a Vietnamese mobile number as people write it, "0912345678"; None for anything else."""
    number = contacts.read_phone(text)
    if number is None or not number.startswith("+84"):
        return None
    rest = number.removeprefix("+84")
    return f"0{rest}" if len(rest) == 9 and rest.startswith(_MOBILE) else None


def offer(turn: Turn) -> None:
    """Offer, once in a lifetime, to leave a number where the bot may not always write first."""
    if not turn.windowed or turn.person.phone or turn.chat.group:
        return
    message = OutboundMessage(
        text=texts.offer_phone(), buttons=((Button(label=texts.label_leave_phone(), data="phone:leave"),),)
    )
    turn.tell(turn.address, message, dedupe_key=f"phone-offer:{turn.person.id}")


def answers_offer(turn: Turn, shown: Sequence[Notice]) -> bool:
    """Tell whether a number is typed where one was just offered to be left: many type it at once."""
    return read_mobile(turn.message.text) is not None and any(map(_offers, shown))


async def press(turn: Turn, argument: str) -> None:
    """Ask for a number, keep one that was shared before, or leave it be."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif number := _shared_before(argument):
        _keep(turn, number, agreed=texts.phone_consent())
    elif argument == "no":
        _leave_step(turn)
        turn.say(texts.phone_left_out())
    elif argument != "leave" or turn.chat.step not in ("", STEP):
        turn.say(texts.stale_button())
    else:
        turn.chat.step = STEP
        _ask(turn, texts.ask_phone())


def _shared_before(argument: str) -> str:
    """Return the number that a button asks about; empty where it holds none that could be shared."""
    number = argument.removeprefix("keep:") if argument.startswith("keep:") else ""
    return number if _SHARED.fullmatch(number) else ""


def _ask(turn: Turn, text: str) -> None:
    message = OutboundMessage(
        text=text,
        buttons=((_no_button(),),),
        ask_contact=texts.label_share_phone(),
        replace=turn.message.button_message,
    )
    turn.tell(turn.address, message)


def _leave_step(turn: Turn) -> None:
    if turn.chat.step == STEP:
        turn.chat.step = ""


async def take(turn: Turn, argument: str = "") -> None:
    """Take in a typed number; words that hold none are a message like every other."""
    text = turn.message.text.strip()
    if sum(map(str.isdecimal, text)) < FEWEST_DIGITS or len(text) > LONGEST or turn.message.photos:
        _leave_step(turn)
        await intake.receive(turn)
    elif number := read_mobile(text):
        _keep(turn, number, agreed=await _agreed(turn) or texts.ask_phone())
    else:
        _ask(turn, texts.phone_not_read(given=text))


async def _agreed(turn: Turn) -> str:
    """Return the sentence that a number answers, as it was shown; empty where nobody asked for one."""
    if turn.chat.step == STEP:
        return texts.ask_phone()
    here = (turn.chat.channel, turn.chat.chat)
    shown = turn.shown or (await messages.last_sent(turn.transaction, [here], limit=3)).get(here, [])
    return next((str(notice.message["text"]) for notice in shown if _offers(notice)), "")


def _offers(notice: Notice) -> bool:
    return any(button.data == "phone:leave" for button in typed.choices_of(notice.message))


def _keep(turn: Turn, number: str, *, agreed: str) -> None:
    """Keep a number with the sentence to which it was the answer."""
    people.set_phone(turn.transaction, turn.person.id, phone=number)
    consents.give(
        turn.transaction,
        person_id=turn.person.id,
        what=consents.PHONE,
        text=agreed,
        channel=turn.chat.channel,
        at=turn.now,
    )
    _leave_step(turn)
    mobile = read_mobile(number) == number
    shown = f"{number[:4]} {number[4:7]} {number[7:]}" if mobile else number
    turn.say(texts.phone_kept(phone=shown))


async def take_contact(turn: Turn) -> None:
    """Keep a shared number that is the sender's own; offer a shared address for the open report.

    Where nobody asked for a number it is kept only once its owner agrees to the sentence that is shown then.
    """
    contact = turn.message.contact
    if contact is None or not contact.own:
        turn.say(texts.contact_not_own())
        return
    if number := read_mobile(contact.phone) or _shared_before(f"keep:{_plain(contact.phone)}"):
        if agreed := await _agreed(turn):
            _keep(turn, number, agreed=agreed)
        else:
            turn.say(texts.phone_consent(), buttons=[[_keep_button(number)], [_no_button()]])
    if contact.address:
        _offer_address(turn, contact.address)


def _plain(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isascii() and (letter.isdigit() or letter == "+"))


def _keep_button(number: str) -> Button:
    return Button(label=texts.label_keep_phone(), data=f"phone:keep:{number}")


def _no_button() -> Button:
    return Button(label=texts.label_no_phone(), data="phone:no")


def _offer_address(turn: Turn, address: str) -> None:
    """Ask whether the open report is about the ward where its writer lives, if it lacks a place."""
    draft = draft_of(turn.chat.step, turn.chat.draft, turn.now)
    if draft is None or not confirmation.lacks_place(turn, draft):
        return
    ward = read_place(address, province=turn.city.province).ward
    if ward is None or turn.city.ward_unit(ward.code) is None:
        return
    button = confirmation.button(draft, texts.label_use_address(ward=ward.name), f"ward:{ward.code}")
    turn.say(texts.offer_address(ward=ward.name), buttons=[[button]])


async def forget(turn: Turn, argument: str = "") -> None:
    """`/boso`: erase the number."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    _leave_step(turn)
    kept = turn.person.phone
    people.set_phone(turn.transaction, turn.person.id, phone=None)
    consents.withdraw(turn.transaction, person_id=turn.person.id, what=consents.PHONE, at=turn.now)
    turn.say(texts.phone_forgotten() if kept else texts.no_phone_kept())


COMMANDS: dict[str, Handler] = {"/boso": forget}
BUTTONS: dict[str, Handler] = {"phone": press}
STEPS: dict[str, Handler] = {STEP: take}
