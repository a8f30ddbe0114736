"""What an official writes over several messages, kept in the chat until one tap sends or drops it."""

from dataclasses import asdict, dataclass, field

from handlers import texts
from handlers.channel import Button
from handlers.draft import lay_aside, take_up
from handlers.turn import Handler, Turn
from storage import cases, messages

LONGEST_TEXT = 4000
LONGEST_REASON = 500
MOST_PHOTOS = 10
PICTURES = ("photo_lost", "large_photo")
"""What is wrong with pictures that could not be taken in."""
PREFIX = "work."
"""With this begins the name of every step in which an official writes."""


@dataclass(slots=True, kw_only=True)
class Writing:
    """What an official is writing about one case, kept in the chat until it is sent or dropped."""

    code: str
    texts: list[str] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    choice: str = ""
    """What was chosen before the words: a unit, a reason, a number of days."""
    template: int = 0
    """The template that the words began as; 0 for none."""
    no_photo_reason: str = ""
    """Why there is no picture of what was done."""

    @property
    def text(self) -> str:
        """Everything written, as one text."""
        return "\n".join(self.texts)


def writing_in(turn: Turn, step: str, code: str = "") -> Writing | None:
    """Return what is being written in this step, about this case if one is named."""
    if turn.chat.step != step or "work" not in turn.chat.draft:
        return None
    writing = Writing(**turn.chat.draft["work"])
    return writing if code in ("", writing.code) else None


def begin(turn: Turn, step: str, code: str, choice: str = "") -> Writing | None:
    """Let the next messages in this chat belong to a step on this case, and to what was chosen for it.

    What is being written for the same step goes on; for another one it must be sent or dropped first.
    """
    busy = _unsent(turn)
    if busy is not None and (turn.chat.step, busy.code, busy.choice) == (step, code, choice):
        return busy
    if busy is not None:
        turn.say(texts.draft_busy(code=busy.code), buttons=[[drop_button(busy.code)]])
        return None
    writing = Writing(code=code, choice=choice)
    turn.chat.step, turn.chat.draft = step, lay_aside(turn.chat.step, turn.chat.draft)
    keep(turn, writing)
    return writing


def choose(turn: Turn, step: str, code: str, choice: str) -> Writing | None:
    """Begin like `begin`; where only the choice is another one, what was written for it stays."""
    busy = _unsent(turn)
    if busy is None or (turn.chat.step, busy.code) != (step, code):
        return begin(turn, step, code, choice)
    busy.choice = choice
    keep(turn, busy)
    return busy


def _unsent(turn: Turn) -> Writing | None:
    """Return what would be lost if another step began now."""
    if not turn.chat.step.startswith(PREFIX) or "work" not in turn.chat.draft:
        return None
    writing = Writing(**turn.chat.draft["work"])
    return writing if writing.texts or writing.photos else None


def code_at_work(turn: Turn) -> str:
    """Return the code of the case that the chat's step is about; empty for none."""
    return (turn.chat.draft.get("work") or {}).get("code", "") if turn.chat.step.startswith(PREFIX) else ""


def finish(turn: Turn, code: str) -> None:
    """End what is under way about this case; what is being written about another one stays.

    A report of one's own that was laid aside goes on.
    """
    if code and code_at_work(turn) == code:
        turn.chat.step, turn.chat.draft = take_up(turn.chat.draft)


def keep(turn: Turn, writing: Writing) -> None:
    """Keep what has been written so far in the chat."""
    turn.chat.draft = {**lay_aside(turn.chat.step, turn.chat.draft), "work": asdict(writing)}


def add(turn: Turn, writing: Writing) -> bool:
    """Take a message in; say what is wrong with it, if anything, and return whether something came in."""
    message = turn.message
    text = message.text.strip()
    if not (text or message.photos):
        turn.say(_of_no_use(message.unsupported), buttons=[[drop_button(writing.code)]])
        return False
    if message.unsupported:
        turn.say(texts.unsupported(what=message.unsupported))
    if len(writing.text) + len(text) > LONGEST_TEXT:
        turn.say(texts.draft_too_long(limit=LONGEST_TEXT), buttons=[[drop_button(writing.code)]])
        return False
    writing.texts += [text] if text else []
    keys = [photo.media_key for photo in message.photos if photo.media_key]
    if len(writing.photos) + len(keys) > MOST_PHOTOS:
        turn.say(texts.too_many_proofs(limit=MOST_PHOTOS))
    writing.photos = [*writing.photos, *keys][:MOST_PHOTOS]
    keep(turn, writing)
    return True


def _of_no_use(what: str) -> str:
    """Return what is said of a message with nothing to take in: of a picture, that it is to be sent again."""
    return texts.unsupported(what=what) if what in PICTURES else texts.cannot_use()


def drop_button(code: str) -> Button:
    """Return the button that stops what is under way."""
    return Button(label=texts.label_drop(), data=f"drop:{code}")


async def drop(turn: Turn, argument: str) -> None:
    """Throw away what is being written, or stop choosing; the case stays as it is."""
    if not argument or code_at_work(turn) != argument:
        turn.say(texts.draft_gone())
        return
    finish(turn, argument)
    turn.say(texts.draft_dropped(code=argument))


async def take_reason(turn: Turn, argument: str) -> None:
    """Take in a reason that is typed and show it: it counts only once its writer has sent it with a tap.

    Hours may lie between the question and this message, which may be meant for something else.
    """
    written = writing_in(turn, turn.chat.step)
    if written is None:
        turn.say(texts.draft_gone())
        return
    text = turn.message.text.strip()
    if not text:
        turn.say(texts.words_please(), buttons=_reason_rows(written))
    elif len(written.text) + len(text) > LONGEST_REASON:
        turn.say(texts.draft_too_long(limit=LONGEST_REASON), buttons=_reason_rows(written))
    else:
        written.texts.append(text)
        keep(turn, written)
        purpose = turn.chat.step.removeprefix(PREFIX)
        shown = texts.reason_draft(code=written.code, purpose=purpose, text=written.text)
        turn.say(shown, buttons=_reason_rows(written))


def _reason_rows(written: Writing) -> list[list[Button]]:
    send = Button(label=texts.label_send_reason(), data=f"sendreason:{written.code}")
    return [*([[send]] if written.texts else []), [drop_button(written.code)]]


async def is_about_another(turn: Turn) -> bool:
    """Refuse a reply to another case's card in the middle of a step: nothing gets mixed up."""
    if not turn.message.reply_to:
        return False
    other = await messages.case_of_message(
        turn.transaction,
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        message_id=turn.message.reply_to,
    )
    case = await cases.get_case_by_id(turn.transaction, other) if other else None
    code = code_at_work(turn)
    if case is None or case.code == code:
        return False
    if code:
        turn.say(texts.draft_busy(code=code), buttons=[[drop_button(code)]])
    else:
        turn.say(texts.step_busy())
    return True


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"drop": drop}
STEPS: dict[str, Handler] = {}
