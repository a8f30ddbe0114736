"""A citizen's report: one message, one tap.

A draft is kept in the chat. Every message amends it, and the answer shows what was understood with one
button that consents and sends (`confirmation`, `review`); only what is missing is asked for.
"""

from datetime import datetime, timedelta

from handlers import confirmation, followup, places, splitting, texts
from handlers.channel import InboundMessage
from handlers.draft import MOST_PHOTOS, STEP, Draft, draft_of, tells_of_a_matter
from handlers.turn import Handler, Turn
from routing.language import cries_for_help, is_courtesy, is_foreign
from routing.model import bare_words
from routing.place import read_place
from routing.problems import content_words
from routing.understanding import LONGEST_TEXT, Reading
from routing.vietnamese import words
from storage.chats import Chat

BURST = timedelta(seconds=10)
"""Pictures that come so soon after one another are one deed: they join without another answer."""
LONGEST_WARD_NAME = 60
MOST_WORDS_OF_A_NAME = 6
REPORT = "report"
"""The button that makes a report of what was taken for a greeting."""
_GREETED = "greeted"
_WORDS_BEFORE_THANKS = 4
_THANKS = " cam on "


async def welcome(turn: Turn, argument: str = "") -> None:
    """Greet somebody who opens the chat."""
    turn.say(texts.welcome(city=turn.city.name))


async def receive(turn: Turn, argument: str = "") -> None:
    """Take in a plain message: begin a draft or amend the one that is open."""
    from handlers import phone  # it imports this module

    message = turn.message
    draft = draft_of(turn.chat.step, turn.chat.draft, turn.now)
    if message.contact is not None:
        await phone.take_contact(turn)
    elif await _is_edit_of_a_case(turn, draft):
        return
    elif not (message.text.strip() or message.photos or message.location):
        _say_unusable(turn)
    elif draft is not None and draft.asking == "ward" and _is_ward_name(turn, draft):
        if not _take_address(turn, draft) and not _take_ward_name(turn, draft):
            await _amend(turn, draft)
    else:
        await _amend(turn, draft or Draft.begun(turn.now))


async def _is_edit_of_a_case(turn: Turn, draft: Draft | None) -> bool:
    """Take an edit of what was sent already; any other edit is a message like every other."""
    message = turn.message
    if not message.edited or (draft is not None and draft.holds(message.message_id)):
        return False
    return await followup.take_edit(turn)


def text_to_read(chat: Chat, message: InboundMessage, now: datetime) -> str:
    """Return the text that must be understood for a message: the open draft's, with this one in it."""
    draft = draft_of(chat.step, chat.draft, now)
    if draft is None:
        return message.text
    draft.write(message.message_id, message.text.strip(), edited=message.edited)
    return draft.text


def _say_unusable(turn: Turn) -> None:
    what = turn.message.unsupported
    turn.say(texts.unsupported(what=what) if what else texts.nothing_received())


async def _amend(turn: Turn, draft: Draft) -> None:
    message = turn.message
    earlier = draft.text
    untold = draft.asking == "citizen"  # an official has not tapped yet that it is a report of their own
    before = {} if draft.asking == splitting.ASKING or not earlier else {**draft.as_dict(), "before": {}}
    if message.unsupported:
        _say_unusable(turn)
    if message.text.strip():
        draft.write(message.message_id, message.text.strip(), edited=message.edited)
        if draft.full:
            turn.say(texts.too_long(limit=LONGEST_TEXT))
            return
        if _is_small_talk(turn, draft, earlier):
            _answer_small_talk(turn, draft, earlier)
            return
        if turn.reading is not None:
            draft.understand(turn.reading, turn.city)
            splitting.renew(turn, draft)
            splitting.keep_before(draft, before)
    joins = _joins_silently(turn, draft)
    _take_photos(turn, draft)
    joins = not _take_place_of_photo(turn, draft) and joins
    confirmation.keep(turn, draft)
    if message.location is not None and not _take_position(turn, draft):
        return
    if not joins:
        await confirmation.decide(turn, draft, begun=untold or not earlier)


def _is_small_talk(turn: Turn, draft: Draft, earlier: str) -> bool:
    if earlier:
        return is_courtesy(turn.message.text)
    if not any(map(str.isalpha, draft.text)):
        return True
    reading = turn.reading
    if reading is None or reading.kind != "smalltalk" or is_foreign(draft.text):
        return False
    if is_courtesy(draft.text):
        return True
    return not _is_repeated(turn, draft) and (
        _is_thanks(draft.text) or not tells_of_a_matter(reading, draft.text)
    )


def _is_repeated(turn: Turn, draft: Draft) -> bool:
    """Tell whether the same text was answered as a greeting before: whoever repeats it means it."""
    greeted = turn.chat.draft.get(_GREETED)
    return greeted is not None and Draft.from_dict(greeted).text.casefold() == draft.text.casefold()


def _is_thanks(text: str) -> bool:
    """Tell whether a text begins with thanks, and goes on."""
    bare = bare_words(words(text))
    begins = _THANKS in f" {' '.join(bare[:_WORDS_BEFORE_THANKS])} "
    return begins and bool(content_words(text))


def _answer_small_talk(turn: Turn, draft: Draft, earlier: str) -> None:
    """A greeting begins no draft and is no part of one."""
    said = draft.text
    draft.parts = [part for part in draft.parts if part[0] != turn.message.message_id]
    if earlier:
        confirmation.keep(turn, draft)
        turn.say(texts.still_waiting(), buttons=confirmation.closing_buttons(draft))
    elif draft.photos or turn.message.photos:
        _take_photos(turn, draft)
        confirmation.ask_text(turn, draft)
    elif turn.reading is None or is_courtesy(said) or not any(map(str.isalpha, said)):
        turn.say(texts.greeting())
    else:
        _answer_doubtful(turn, turn.reading, said)


def _answer_doubtful(turn: Turn, reading: Reading, said: str) -> None:
    """Answer what may be more than a greeting, with a button that makes a report of it."""
    draft = Draft.begun(turn.now)
    draft.write(turn.message.message_id, said)
    draft.understand(reading, turn.city)
    turn.chat.draft = {**turn.chat.draft, _GREETED: draft.as_dict()}
    turn.say(
        texts.thanked() if _is_thanks(said) else texts.greeting(),
        buttons=[[confirmation.button(draft, texts.label_is_report(), REPORT)]],
    )


async def take_greeting(turn: Turn, nonce: str) -> bool:
    """Take what was answered as a greeting for a report; False when another greeting is meant, or none."""
    greeted = turn.chat.draft.get(_GREETED)
    draft = Draft.from_dict(greeted) if greeted else None
    if draft is None or draft.nonce != nonce:
        return False
    draft.fixed["kind"] = draft.kind = "feedback"
    confirmation.keep(turn, draft)
    await confirmation.decide(turn, draft, begun=True)
    return True


def _joins_silently(turn: Turn, draft: Draft) -> bool:
    """Tell whether these pictures belong to a burst that was answered already."""
    message = turn.message
    alone = bool(message.photos) and not (message.text.strip() or message.location or message.unsupported)
    soon = turn.now - datetime.fromisoformat(draft.changed_at) <= BURST
    same_album = bool(message.album) and message.album == draft.album
    return alone and bool(draft.photos) and (soon or same_album)


def _take_photos(turn: Turn, draft: Draft) -> None:
    if len(draft.photos) + len(turn.message.photos) > MOST_PHOTOS:
        turn.say(texts.too_many_photos(limit=MOST_PHOTOS))
    draft.add_photos([photo.media_key for photo in turn.message.photos])
    draft.album = turn.message.album or draft.album


def _take_place_of_photo(turn: Turn, draft: Draft) -> bool:
    """Let a draft without a position have the one of its picture; True when that tells the ward.

    Words win: of a picture that was taken elsewhere nothing is taken over.
    """
    place = turn.message.taken_at
    if place is None or turn.message.location is not None or draft.latitude is not None or draft.shares:
        return False
    wards = places.wards_around(turn.city, place)
    known = draft.ward_code is not None or draft.ward_name is not None
    if not wards or (known and draft.ward_code not in {ward.code for ward in wards}):
        return False
    draft.latitude, draft.longitude, draft.from_photo = place.latitude, place.longitude, True
    if known:
        return False
    if len(wards) == 1 and draft.choose_ward(wards[0].code, turn.city, located=True):
        draft.asking = "" if draft.asking == "ward" else draft.asking
        return True
    draft.offer_wards(wards)
    return False


def _take_position(turn: Turn, draft: Draft) -> bool:
    """Take a position in; False when it leads to a question of its own."""
    location = turn.message.location
    assert location is not None
    wards = places.wards_around(turn.city, location)
    if not wards:
        draft.asking = "ward"
        confirmation.keep(turn, draft)
        turn.say(
            texts.position_outside(city=turn.city.name),
            buttons=confirmation.place_buttons(draft),
            ask_location=texts.label_send_position(),
        )
        return False
    asked_for = draft.asking == "ward"
    with splitting.in_question(draft) as asked:
        asked.latitude, asked.longitude = location.latitude, location.longitude
        asked.from_photo = False
        if asked.ward_name is not None and not asked.located and not asked_for:
            return True
        chosen = len(wards) == 1 and asked.choose_ward(wards[0].code, turn.city, located=not asked_for)
        if not chosen:
            asked.offer_wards(wards)
    if chosen:
        draft.asking = ""
        return True
    draft.asking = "ward" if draft.text else "text"
    confirmation.keep(turn, draft)
    if draft.text:
        turn.say(texts.which_place(), buttons=confirmation.place_buttons(asked))
    return not draft.text


def _is_ward_name(turn: Turn, draft: Draft) -> bool:
    message = turn.message
    short = 0 < len(message.text.strip()) <= LONGEST_WARD_NAME and "\n" not in message.text
    if cries_for_help(message.text):
        return False
    return short and not message.photos and not message.location and not message.edited


def _take_address(turn: Turn, draft: Draft) -> bool:
    """Take in an answer that names the ward among other words; False for a mere name."""
    text = turn.message.text.strip()
    place = read_place(text, province=turn.city.province)
    if place.ward is None or turn.city.tiers != 2:
        return False
    if not place.street and len(places.wards_named(turn.city, text)) == 1:
        return False
    with splitting.in_question(draft) as asked:
        chosen = asked.choose_ward(place.ward.code, turn.city)
    if not chosen:
        return False
    draft.write(turn.message.message_id, text)
    if turn.reading is not None:
        draft.understand(turn.reading, turn.city)
        splitting.renew(turn, draft)
    draft.asking = ""
    confirmation.go_on(turn, draft)
    return True


def _take_ward_name(turn: Turn, draft: Draft) -> bool:
    """Take in the name of a ward; False for words that can be none and belong to the report."""
    query = turn.message.text.strip()
    found = places.wards_named(turn.city, query)
    if not found and len(query.split()) > MOST_WORDS_OF_A_NAME:
        return False
    with splitting.in_question(draft) as asked:
        chosen = len(found) == 1 and asked.choose_ward(found[0].code, turn.city)
        if not chosen:
            asked.offer_wards(found)
    if chosen:
        draft.asking = ""
        confirmation.go_on(turn, draft)
        return True
    confirmation.keep(turn, draft)
    turn.say(
        texts.ask_place(candidates=True) if found else texts.place_not_found(query=query),
        buttons=confirmation.place_buttons(asked),
        ask_location=texts.label_send_position(),
    )
    return True


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {STEP: receive}
