"""A person's telephone number: offered once where a chat closes after some days, kept and taken back."""

from collections.abc import Sequence

from handlers import confirmation, intake, texts, typed
from handlers.channel import Button, OutboundMessage
from handlers.draft import draft_of
from handlers.turn import Handler, Turn
from routing.place import read_place
from storage import contacts, people
from storage.messages import Notice

STEP = "phone"
FEWEST_DIGITS = 6
"""With fewer digits a message is no number, and about something else."""
LONGEST = 40
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
    offered = (button.data for notice in shown for button in typed.choices_of(notice.message))
    return read_mobile(turn.message.text) is not None and "phone:leave" in offered


async def press(turn: Turn, argument: str) -> None:
    """Ask for a number, or leave it be."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif argument == "no":
        _leave_step(turn)
        turn.say(texts.phone_left_out())
    elif argument != "leave" or turn.chat.step not in ("", STEP):
        turn.say(texts.stale_button())
    else:
        turn.chat.step = STEP
        _ask(turn, texts.ask_phone())


def _ask(turn: Turn, text: str) -> None:
    message = OutboundMessage(
        text=text,
        buttons=((Button(label=texts.label_no_phone(), data="phone:no"),),),
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
        _keep(turn, number)
    else:
        _ask(turn, texts.phone_not_read(given=text))


def _keep(turn: Turn, number: str) -> None:
    people.set_phone(turn.transaction, turn.person.id, phone=number)
    _leave_step(turn)
    turn.say(texts.phone_kept(phone=f"{number[:4]} {number[4:7]} {number[7:]}"))


async def take_contact(turn: Turn) -> None:
    """Keep a shared number that is the sender's own; offer a shared address for the open report."""
    contact = turn.message.contact
    if contact is None or not contact.own:
        turn.say(texts.contact_not_own())
        return
    if number := read_mobile(contact.phone):
        _keep(turn, number)
    elif contact.phone:
        people.set_phone(turn.transaction, turn.person.id, phone=contact.phone[:32])
        _leave_step(turn)
        turn.say(texts.contact_kept())
    if contact.address:
        _offer_address(turn, contact.address)


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
    turn.say(texts.phone_forgotten() if kept else texts.no_phone_kept())


COMMANDS: dict[str, Handler] = {"/boso": forget}
BUTTONS: dict[str, Handler] = {"phone": press}
STEPS: dict[str, Handler] = {STEP: take}
