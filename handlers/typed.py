"""What is typed in place of pressing a button: its number, its number and the code of a case, its label.

Channels without buttons show a numbered list, and some people type what a button says. A number means the
message that it answers, else the last one with a choice; "2 HN-7F3K-9Q2M" means the last one about that
case, so that older messages stay of use; a label in full may mean any of the last few.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handlers import answering, texts
from handlers.channel import Button, Capabilities, InboundMessage, OutboundMessage
from handlers.turn import Turn
from routing.tracking_code import parse_code
from routing.vietnamese import normalise, strip_accents
from storage import cases, messages, shown
from storage.messages import Notice

LONGEST_LABEL = 60
UNOFFERED = "unoffered"
"""The data that a number means which none of the choices has."""
LOOKED_AT = 3
"""How many of the last messages may be meant."""
_MOST_BUTTONS = 40
_NUMBER = re.compile(r"\d+(?!\w)")
_CODE = re.compile(r"(?<![\w-])[A-Z]{2,4}-[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
_LISTED_NUMBER = re.compile(r"(\d{1,2})\s?[.,:;)]")
_SAID_NUMBER = re.compile(r"(?:chon )?(?:so|muc) (\d{1,2}|[a-z]+)[.!]?|chon (\d{1,2}|[a-z]+)[.!]?")
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười"), start=1
    )
}
_BARE_NUMBER_WORDS = {strip_accents(word): number for word, number in _NUMBER_WORDS.items()}
_NUMBER_AND_CODE = re.compile(r"(\d{1,2})[\s.,:;)]\s*(\S+)")

Choices = Sequence[Button]


async def button(turn: Turn, latest: Sequence[Notice]) -> str:
    """Return the data of the button that is meant in a private chat; empty for none.

    latest: what the chat was shown last, latest first, as far as it may be meant.
    """
    typed = _number_said(_typed(turn.message))
    if not typed or (typed.isdecimal() and not turn.message.reply_to and answering.fills_gap(turn)):
        return ""
    listed = [choices for notice in latest if (choices := choices_of(notice.message))]
    return (
        await _pointed_out(turn, typed)
        or _among(listed, typed)
        or (_shortened(listed[0], typed) if listed else "")
    )


async def button_in_group(turn: Turn) -> str:
    """Return the data of the button that is meant in a group without buttons; empty for ordinary talk."""
    typed = _typed(turn.message)
    if not typed or not turn.message.buttonless:
        return ""
    if pointed_out := await _pointed_out(turn, typed):
        return pointed_out
    place = (turn.chat.channel, turn.chat.chat)
    latest = (await messages.last_sent(turn.transaction, [place], limit=LOOKED_AT)).get(place, [])
    listed = [choices for notice in latest if (choices := choices_of(notice.message))]
    meant = _among(listed, typed)
    return "" if meant == UNOFFERED and not turn.message.mentioned else meant


def choices_of(message: Mapping[str, Any]) -> list[Button]:
    """Return the buttons of a stored message, in the order of their numbers."""
    return [button for row in OutboundMessage.from_dict(message).buttons for button in row]


def explained(message: OutboundMessage, can: Capabilities, *, about_case: bool) -> OutboundMessage:
    """Return a message with a hint how its choices are meant later on, where they can only be typed."""
    if not (about_case and message.buttons) or can.buttons:
        return message
    code = next((code for found in _CODE.findall(message.text) if (code := parse_code(found))), None)
    return (
        replace(message, text=f"{message.text}\n\n{texts.choice_with_code(code=code)}") if code else message
    )


def _typed(message: InboundMessage) -> str:
    typed = " ".join(message.text.split())
    if len(typed) > LONGEST_LABEL or message.edited or message.photos:
        return ""
    return found[1] if (found := _LISTED_NUMBER.fullmatch(typed)) else typed


def _number_said(typed: str) -> str:
    """Return the digits of "số 1", "chon 2" and "một"; anything else as it is.

    Without accents a word alone counts only where it is no other word: "nam" and "sau" are.
    """
    if typed.casefold() == "mot" or normalise(typed).casefold() in _NUMBER_WORDS:
        return _BARE_NUMBER_WORDS[_folded(typed)]
    found = _SAID_NUMBER.fullmatch(_folded(typed))
    number = (found[1] or found[2]) if found else ""
    return number if number.isdecimal() else _BARE_NUMBER_WORDS.get(number, typed)


def _folded(text: str) -> str:
    return strip_accents(normalise(text)).casefold()


async def _pointed_out(turn: Turn, typed: str) -> str:
    """Return what is meant where the message says of which earlier one: by a code, or as an answer to it."""
    if found := _NUMBER_AND_CODE.fullmatch(typed):
        return await _by_code(turn, found[1], found[2])
    if not turn.message.reply_to:
        return ""
    where = {"channel": turn.chat.channel, "chat": turn.chat.chat}
    answered = await shown.sent_as(turn.transaction, message_id=turn.message.reply_to, **where)
    return _meant(choices_of(answered), typed) if answered else ""


async def _by_code(turn: Turn, number: str, word: str) -> str:
    """Return what a number means with a code behind it; of any case that was not shown here, nothing."""
    code = parse_code(word)
    if code is None:
        return ""
    case = await cases.get_case(turn.transaction, code)
    if case is None:
        return UNOFFERED
    where = {"channel": turn.chat.channel, "chat": turn.chat.chat}
    told = await shown.last_about(turn.transaction, case_id=case.id, limit=LOOKED_AT, **where)
    choices = next((choices for message in told if (choices := choices_of(message))), [])
    return _meant(choices, number) or UNOFFERED


def _among(listed: Sequence[Choices], typed: str) -> str:
    """Return what is meant by a number of the last choice, or by a label of any."""
    if not listed:
        return ""
    labelled = (_labelled(choices, typed) for choices in listed[1:])
    return _meant(listed[0], typed) or next((data for data in labelled if data), "")


def _meant(buttons: Choices, typed: str) -> str:
    numbered = {button.label: found[0] for button in buttons if (found := _NUMBER.match(button.label))}
    if typed[:1].isdecimal() and len(numbered) > 1:
        begun = [button.data for button in buttons if _begins(button.label, typed)]
        if len(begun) == 1:
            return begun[0]
        if typed.isdecimal() and any(
            numbered.get(button.label, str(place)) != str(place) for place, button in enumerate(buttons, 1)
        ):
            return UNOFFERED  # "4" among 1, 2, 3 and 5 days is no place in a list
    if typed.isdecimal() and 1 <= int(typed) <= min(len(buttons), _MOST_BUTTONS):
        return buttons[int(typed) - 1].data
    return _labelled(buttons, typed)


def _labelled(buttons: Choices, typed: str) -> str:
    """Return the data of the first button that says this, or whose data this is.

    Without accents only where no two buttons are meant.
    """
    said = typed.casefold()
    same = [button.data for button in buttons if typed == button.data or said == button.label.casefold()]
    alike = [button.data for button in buttons if _folded(typed) == _folded(button.label)]
    return same[0] if same else alike[0] if len(alike) == 1 else ""


def _shortened(buttons: Choices, typed: str) -> str:
    """Return the data of the only button that begins with these words, at least two: "dong y"."""
    if " " not in typed:
        return ""
    begun = [button.data for button in buttons if _begins(button.label, typed)]
    return begun[0] if len(begun) == 1 else ""


def _begins(label: str, typed: str) -> bool:
    """Tell whether a label begins with what was typed, as whole words: "3" and "3 ngay" of "3 ngày: …"."""
    words, said = _folded(label), _folded(typed)
    return words.startswith(said) and not words[len(said) :][:1].isalnum()
