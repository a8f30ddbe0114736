"""Whether and how a person can still be written to: reply windows, what it costs, what is done instead.

Before a notice is handed to its channel it is known whether it goes free, costs something or can no longer
go at all. What cannot go waits until its person writes again (`held`), and where that can be, a form of the
vendor's or a short message tells them meanwhile that there is news. See docs/reaching.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

import structlog

from handlers import cards, composing_held, oversight, texts
from handlers.channel import Channel, ChannelError, InboundMessage, OutboundMessage, Unavailable
from routing import deadline
from routing.deadline import LOCAL_TIME
from storage import cases, chats, contacts, duplicates, erasures, holding, messages, people, traffic, units
from storage.cases import Case
from storage.chats import ChatKey
from storage.database import Transaction
from storage.holding import Heard
from storage.messages import Notice
from storage.traffic import Tally

SMS = "sms"
MARGIN = timedelta(minutes=5)
"""So long before a window ends by our clock it counts as over: the vendor's clock is another."""
PAID_TRIES = 3
"""So many tries of a message that costs are made when no answer tells whether it was charged."""
JUST_NOW = timedelta(minutes=2)
"""Who wrote so recently may have written while the channel was refusing something for them."""
SOON = timedelta(seconds=10)
"""How long what was refused meanwhile waits for its second and last try."""
UNSURE_PAUSE = timedelta(minutes=30)
"""How long such a try is waited after."""
NO_FORMS_FROM, NO_FORMS_UNTIL = time(22), time(6)
"""The vendor takes no forms at night (local time)."""
TO_MANY = 2
"""The urgency of what is sent to many: not worth any money."""
_OF_ONE_CHAT = ("replace", "reply_to")
"""Parts that name messages of the chat that a notice was meant for."""
ALARMS = (80, 100)
"""Percentages of the month's budget of which the operators hear."""
log = structlog.get_logger()


class Window(StrEnum):
    """How a chat stands now."""

    FREE = "free"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """By what people can be reached, and what that may cost in a calendar month (đồng)."""

    channels: Mapping[str, Channel]
    budget: int = 0
    sms_price: int = 0
    link: str = ""
    """The address of the city's page that a form may name."""


class Purse:
    """What may still be spent in this month; nobody else spends while something is taken out of it."""

    def __init__(self, transaction: Transaction, means: Means, now: datetime) -> None:
        self._transaction = transaction
        self._budget = means.budget
        self._now = now
        self._left: int | None = None
        self.short = False
        """Whether something could not be paid."""

    async def open(self) -> None:
        """Let nobody else spend until the transaction ends; before anything of cases is locked."""
        if self._budget and self._left is None:
            day = traffic.local_day(self._now)
            await traffic.lock_spending(self._transaction, day)
            self._left = self._budget - await traffic.spent(self._transaction, day)

    async def holds(self, amount: int) -> bool:
        """Tell whether so much is left; what costs nothing can always be paid."""
        if not amount:
            return True
        await self.open()
        left = 0 if self._left is None else self._left
        self.short = self.short or amount > left
        return amount <= left

    async def take(self, amount: int) -> bool:
        """Take so much out; False where it is not there."""
        if not await self.holds(amount):
            return False
        if amount and self._left is not None:
            self._left -= amount
        return True

    async def tell(self) -> None:
        """Tell the operators, once a month each, when most of the budget is spent and when all is."""
        if not self._budget or (self._left is None and not self.short):
            return
        used = 100 if self.short or self._left is None else 100 * (self._budget - self._left) // self._budget
        for share in ALARMS:
            if used >= share:
                await _tell_of_budget(self._transaction, share, self._budget, self._now)


async def _tell_of_budget(transaction: Transaction, share: int, budget: int, now: datetime) -> None:
    await oversight.tell_operators(
        transaction,
        texts.budget_used(share=share, budget=budget),
        now=now,
        dedupe_key=f"budget:{share}:{traffic.local_day(now):%Y-%m}",
        not_before=deadline.after_quiet_hours(now),
    )


# ── before a notice is handed to its channel ─────────────────────────────────────────────────────


def has_windows(channel: Channel | None) -> bool:
    """Tell whether a channel counts the time since a person's last word."""
    if channel is None:
        return False
    able = channel.capabilities
    return able.free_window is not None or able.reply_window is not None


def closes(channel: Channel | None) -> bool:
    """Tell whether a channel takes nothing for a person who has been silent for long."""
    return channel is not None and channel.capabilities.reply_window is not None


def carries_files(channel: Channel | None) -> bool:
    """Tell whether a channel can send documents."""
    return channel is not None and channel.capabilities.files


def window(channel: Channel, heard: Heard | None, now: datetime) -> Window:
    """Return how a chat stands: groups are always free, and so is what nothing is known of."""
    if heard is None or heard.group:
        return Window.FREE
    able, silent_for = channel.capabilities, now - heard.last_inbound_at + MARGIN
    if able.reply_window is not None and silent_for >= able.reply_window:
        return Window.CLOSED
    if able.free_window is None or silent_for < able.free_window:
        return Window.FREE
    return Window.PAID


async def sendable(
    transaction: Transaction, means: Means, claimed: Sequence[Notice], now: datetime, tally: Tally
) -> list[Notice]:
    """Return those of the claimed notices that may go out as they are now, what they may cost put by.

    The others find another way or are held. `tally` is written when the transaction ends.
    """
    watched = {notice.id: (notice.channel, notice.chat) for notice in claimed if _is_watched(means, notice)}
    if not watched:
        return list(claimed)
    heard = await holding.heard(transaction, [*watched.values()])
    doubtful = [watched[notice.id] for notice in claimed if notice.id in watched and _is_knock(notice)]
    doubtful += [key for key, known in heard.items() if not _is_open(means, known, now)]
    if not doubtful:
        return list(claimed)
    judge = _Judge(transaction, means, Purse(transaction, means, now), now, tally)
    await judge.purse.open()
    # Once more, and locked: whoever writes now waits for this, and then finds what was held.
    heard |= await holding.heard(transaction, doubtful, lock=True)
    going: list[Notice] = []
    for notice in claimed:
        if notice.id in watched:
            judged = await judge.look_at(notice, heard.get(watched[notice.id]))
            going += [judged] if judged else []
        else:
            going.append(notice)
    await judge.purse.tell()
    return going


async def begin(transaction: Transaction, means: Means, failed: bool, now: datetime) -> None:
    """Before outcomes are recorded of which some failed: take the month's row first, as everybody does."""
    if failed and means.budget and any(map(has_windows, means.channels.values())):
        await Purse(transaction, means, now).open()


def _is_open(means: Means, heard: Heard, now: datetime) -> bool:
    channel = means.channels.get(heard.channel)
    return heard.unreachable_at is None and (channel is None or window(channel, heard, now) is Window.FREE)


def _is_watched(means: Means, notice: Notice) -> bool:
    return _is_knock(notice) or (
        "act" not in notice.message and has_windows(means.channels.get(notice.channel))
    )


def _is_knock(notice: Notice) -> bool:
    """Tell whether a notice only says that there is news, in place of one that is held."""
    message = notice.message
    return "template" in message or (notice.channel == SMS and message.get("quota") == "paid")


@dataclass(slots=True)
class _Judge:
    """Decides about the notices of one claim."""

    transaction: Transaction
    means: Means
    purse: Purse
    now: datetime
    tally: Tally

    async def look_at(self, notice: Notice, heard: Heard | None) -> Notice | None:
        if _is_knock(notice):
            return await self._knock(notice, heard)
        channel = self.means.channels[notice.channel]
        if await self._has_withdrawn(notice, heard):
            return None
        stands = window(channel, heard, self.now)
        if stands is Window.FREE:
            return notice
        why = "the reply window has closed"
        if stands is Window.PAID:
            price = channel.capabilities.price
            if not is_worth_money(notice):
                why = "not worth what it costs"
            elif self._is_tried_enough(notice, price):
                why = "nobody knows whether it arrived"
            elif await self.purse.take(price):
                paid = replace(notice, message={**notice.message, "quota": "paid"})
                return self._put_by(paid, "paid", price)
            else:
                why = "the month's budget is spent"
        await _find_way(self, notice, heard, closed=stands is Window.CLOSED, why=why)
        return None

    async def _has_withdrawn(self, notice: Notice, heard: Heard | None) -> bool:
        """Drop what is meant for somebody who asked to be forgotten, and has written nothing since."""
        if heard is None or heard.unreachable_at is None or heard.person_id is None:
            return False
        if not await erasures.is_open(self.transaction, heard.person_id):
            return False
        holding.drop(self.transaction, notice.id, at=self.now, why="its person withdrew")
        if notice.case_id is not None:
            await oversight.citizen_not_reached(
                self.transaction, notice.case_id, channel=notice.channel, chat=notice.chat, now=self.now
            )
        return True

    def _is_tried_enough(self, notice: Notice, price: int) -> bool:
        return bool(price) and (notice.cost or 0) >= PAID_TRIES * price

    async def _knock(self, notice: Notice, heard: Heard | None) -> Notice | None:
        """Let a form or a short message go if it is still needed, at a time when it may, and can be paid."""
        if "template" in notice.message:
            channel = self.means.channels.get(notice.channel)
            kind, price = "template", channel.capabilities.template_price if channel else None
            opens = after_form_hours(self.now)
        else:
            kind, price, opens = "paid", self.means.sms_price, self.now
        opens = max(opens, deadline.after_quiet_hours(self.now))
        if why := await self._why_not(notice, heard):
            holding.drop(self.transaction, notice.id, at=self.now, why=why)
            return None
        if opens > self.now:
            messages.retry_notice(self.transaction, notice.id, again_at=opens, why=None, counts=False)
            return None
        if price is not None and not self._is_tried_enough(notice, price) and await self.purse.take(price):
            return self._put_by(notice, kind, price)
        holding.drop(self.transaction, notice.id, at=self.now, why="it cannot be paid")
        await knock_failed(self.transaction, self.means, notice, self.now)
        return None

    async def _why_not(self, notice: Notice, heard: Heard | None) -> str:
        """Return why a form or a short message is not needed any more; empty where it is."""
        case = await cases.get_case_by_id(self.transaction, notice.case_id) if notice.case_id else None
        if case is None:
            return "its case is no more"
        person = await people.get_person(self.transaction, case.reporter_id, now=self.now)
        if await erasures.is_open(self.transaction, case.reporter_id):
            return "its person withdrew"
        if notice.channel == SMS:
            number = contacts.read_phone((person and person.phone) or "")
            if number is None or not (contacts.is_reference(notice.chat) or notice.chat == number):
                return "the number was taken back"
        used = [heard] if heard is not None else []
        used += await holding.chats_of(self.transaction, case.reporter_id)
        if any(each.last_inbound_at > notice.created_at for each in used if not each.group):
            return "not needed any more: the person wrote"
        return ""

    def _put_by(self, notice: Notice, kind: str, price: int) -> Notice:
        """Count what a try may cost before it is made: a program that dies meanwhile has counted it."""
        day = traffic.local_day(self.now)
        holding.reserve(self.transaction, notice.id, kind=kind, amount=price)
        self.tally.add(notice.channel, kind, on=day, count=0, cost=price)
        cost = (notice.cost or 0) + price
        return replace(notice, price=kind, cost=cost, reserved=price, reserved_on=day)


def is_worth_money(notice: Notice) -> bool:
    """Tell whether a notice may cost something: what was promised about a case, and nothing else."""
    return notice.case_id is not None and notice.urgency < TO_MANY


def after_form_hours(at: datetime) -> datetime:
    """Return at itself, or when the vendor takes forms again."""
    local = at.astimezone(LOCAL_TIME)
    if NO_FORMS_UNTIL <= local.time() < NO_FORMS_FROM:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= NO_FORMS_FROM else 0)
    return datetime.combine(day, NO_FORMS_UNTIL, LOCAL_TIME)


# ── another way ──────────────────────────────────────────────────────────────────────────────────


async def _find_way(judge: _Judge, notice: Notice, heard: Heard | None, *, closed: bool, why: str) -> None:
    """Send a notice to another chat of its person, or hold it and let them know that there is news."""
    transaction, now = judge.transaction, judge.now
    if heard is not None and (other := await _other_chat(judge, heard)):
        messages.replace_message(transaction, notice.id, _elsewhere(notice.message))
        holding.send_elsewhere(transaction, notice.id, channel=other.channel, chat=other.chat)
        return
    judge.tally.add(notice.channel, "held", on=traffic.local_day(now))
    if notice.case_id is None:
        holding.hold(transaction, notice.id, at=now, why=why)
        if closed and await _is_officials(transaction, heard, now):
            chats.mark_unreachable(transaction, notice.channel, notice.chat, at=now)
            await oversight.official_not_reached(
                transaction, channel=notice.channel, chat=notice.chat, now=now
            )
        return
    case = await cases.get_case_by_id(transaction, notice.case_id)
    way, key = "held", ""
    if case is not None and _is_reporters(notice, heard, case):
        if closed and is_worth_money(notice):
            way, key = await _knock_for(judge, notice, heard, case)
    elif closed or is_worth_money(notice):
        # An official: a card that nobody pays for is as lost to them as any, and those above must hear.
        chats.mark_unreachable(transaction, notice.channel, notice.chat, at=now)
    holding.hold(transaction, notice.id, at=now, why=key or why)
    await oversight.citizen_not_reached(
        transaction, notice.case_id, channel=notice.channel, chat=notice.chat, now=now, way=way
    )
    log.info("A message waits for its person to write.", action="notice_held", outbox_id=notice.id, why=why)


async def _other_chat(judge: _Judge, heard: Heard) -> Heard | None:
    """Return another chat of the same person that can be written to freely now."""
    if heard.person_id is None:
        return None
    for other in await holding.chats_of(judge.transaction, heard.person_id):
        channel = judge.means.channels.get(other.channel)
        same = (other.channel, other.chat) == (heard.channel, heard.chat)
        if channel is not None and not same and window(channel, other, judge.now) is Window.FREE:
            return other
    return None


async def _is_officials(transaction: Transaction, heard: Heard | None, now: datetime) -> bool:
    if heard is None or heard.person_id is None:
        return False
    return bool(await people.posts_of(transaction, heard.person_id, now=now))


def _is_reporters(notice: Notice, heard: Heard | None, case: Case) -> bool:
    same_chat = (notice.channel, notice.chat) == (case.channel, case.chat)
    return same_chat or (heard is not None and heard.person_id == case.reporter_id)


async def _knock_for(judge: _Judge, notice: Notice, heard: Heard | None, case: Case) -> tuple[str, str]:
    """Let the reporter know that there is news; return the way ("template", "sms", "held") and its key."""
    channel = judge.means.channels[notice.channel]
    price = channel.capabilities.template_price
    if price is not None and await judge.purse.holds(price):
        return "template", await _post_form(judge.transaction, judge.means, notice, heard, case, judge.now)
    return await _short_message(judge.transaction, judge.means, judge.purse, heard, case, judge.now)


def _knock_key(way: str, case: Case, handled: Case, heard: Heard | None) -> str:
    """Return what makes it one for each state of a case in each silence, however much is told of it."""
    silence = f"{heard.last_inbound_at:%y%m%d%H%M%S}" if heard is not None else ""
    return f"knock:{way}:{case.id}:{handled.status}:{handled.reopened_count}:{silence}"


async def _post_form(
    transaction: Transaction, means: Means, notice: Notice, heard: Heard | None, case: Case, now: datetime
) -> str:
    """Post the vendor's form in place of a notice; return its key."""
    handled = await duplicates.master_of(transaction, case) or case
    key = _knock_key("template", case, handled, heard)
    city = await units.load_city(transaction, now=now)
    unit = cards.unit_name(city, handled.unit_code) if city else ""
    message = OutboundMessage(
        text=texts.news_by_form(code=case.code, status=handled.status),
        template={
            "code": case.code,
            "unit": unit or texts.city_office(),
            "status": texts.status_name(handled.status),
            "date": f"{now.astimezone(LOCAL_TIME):%d/%m/%Y}",
            "link": means.link,
        },
        quota="paid",
    )
    messages.post_notice(
        transaction,
        channel=notice.channel,
        chat=notice.chat,
        message=message.as_dict(),
        at=now,
        case_id=case.id,
        not_before=after_form_hours(deadline.after_quiet_hours(now)),
        dedupe_key=key,
    )
    return key


async def _short_message(
    transaction: Transaction, means: Means, purse: Purse, heard: Heard | None, case: Case, now: datetime
) -> tuple[str, str]:
    """Post a short message to the number that the reporter gave, where one may be sent and paid."""
    person = await people.get_person(transaction, case.reporter_id, now=now)
    number = contacts.read_phone(person.phone) if person and person.phone else None
    if person is None or number is None or SMS not in means.channels:
        return "held", ""
    if not await purse.holds(means.sms_price):
        return "held", ""
    handled = await duplicates.master_of(transaction, case) or case
    key = _knock_key(SMS, case, handled, heard)
    text = texts.news_by_sms(code=case.code, status=handled.status)
    messages.post_notice(
        transaction,
        channel=SMS,
        chat=contacts.person_reference(person.id),
        message=OutboundMessage(text=text, quota="paid").as_dict(),
        at=now,
        case_id=case.id,
        not_before=deadline.after_quiet_hours(now),
        dedupe_key=key,
    )
    return SMS, key


async def too_late(
    transaction: Transaction, means: Means, notice: Notice, now: datetime, tally: Tally
) -> None:
    """Find another way for a notice that its channel takes no more, because the reply window has closed."""
    if _is_knock(notice):
        messages.set_notice_aside(transaction, notice.id, at=now, why="the reply window has closed")
        await knock_failed(transaction, means, notice, now)
        return
    key = (notice.channel, notice.chat)
    purse = Purse(transaction, means, now)
    await purse.open()
    heard = (await holding.heard(transaction, [key], lock=True)).get(key)
    if heard is not None and not notice.attempts and now - heard.last_inbound_at < JUST_NOW:
        # They may have written while it was refused, and found nothing held: once more before it waits.
        messages.retry_notice(transaction, notice.id, again_at=now + SOON, why="the window has closed")
        return
    judge = _Judge(transaction, means, purse, now, tally)
    await _find_way(judge, notice, heard, closed=True, why="the channel says that its window has closed")
    await purse.tell()


async def knock_failed(transaction: Transaction, means: Means, notice: Notice, now: datetime) -> bool:
    """Go on when a form or a short message was refused for good: the next way. False for any other notice."""
    if not _is_knock(notice):
        return False
    case = await cases.get_case_by_id(transaction, notice.case_id) if notice.case_id else None
    if case is None:
        return True
    way = "held"
    if "template" in notice.message:
        purse = Purse(transaction, means, now)
        key = (notice.channel, notice.chat)
        heard = (await holding.heard(transaction, [key])).get(key)
        way, _ = await _short_message(transaction, means, purse, heard, case, now)
        await purse.tell()
    await oversight.citizen_not_reached(
        transaction, case.id, channel=case.channel, chat=case.chat, now=now, way=way
    )
    return True


# ── afterwards ───────────────────────────────────────────────────────────────────────────────────


async def gone_out(
    transaction: Transaction, tally: Tally, notice: Notice, *, price: str, cost: int, now: datetime
) -> tuple[str, int]:
    """Count a notice that went out; return how it was counted and what it cost, unsure tries included.

    price and cost: what the channel says of it, empty where it says nothing.
    """
    day = notice.reserved_on or traffic.local_day(now)
    before = (notice.cost or 0) - notice.reserved
    kind = price or (notice.price or "" if notice.reserved_on else "")
    actual = cost if price else notice.reserved
    if "act" not in notice.message:
        tally.add(notice.channel, "sent", on=traffic.local_day(now))
    if notice.reserved:
        tally.add(notice.channel, notice.price or "paid", on=day, count=0, cost=-notice.reserved)
    if kind:
        tally.add(notice.channel, kind, on=day, cost=actual)
    if actual > notice.reserved:
        log.warning("A message cost more than was expected.", action="dear", outbox_id=notice.id, cost=actual)
    if notice.price == holding.HELD and notice.case_id is not None:
        await oversight.citizen_reached(
            transaction, notice.case_id, channel=notice.channel, chat=notice.chat, now=now
        )
    # What earlier tries may have cost stays counted, even where this channel tells of no price.
    return kind or ("paid" if before else ""), before + actual


def refused(transaction: Transaction, tally: Tally, notice: Notice, error: ChannelError) -> None:
    """Give back what a try would have cost, unless nobody knows whether the vendor took it."""
    if notice.reserved and notice.reserved_on and not isinstance(error, Unavailable):
        holding.give_back(transaction, notice.id, amount=notice.reserved)
        kind = notice.price or "paid"
        tally.add(notice.channel, kind, on=notice.reserved_on, count=0, cost=-notice.reserved)


def pause(notice: Notice) -> timedelta | None:
    """Return how long a message that costs waits for its next try; None for any other."""
    return UNSURE_PAUSE if notice.reserved else None


# ── when the person writes again ─────────────────────────────────────────────────────────────────


def home(message: InboundMessage, channels: Mapping[str, Channel]) -> ChatKey | None:
    """Return the private chat in which what was held for a writer may be shown now; None for no word.

    A word in a group opens the private chat of its writer, where the channel counts it so.
    """
    if message.left or message.by_staff or message.withdrawn or message.moved_to:
        return None
    if not message.group:
        return message.address.channel, message.address.chat
    if has_windows(channels.get(message.address.channel)):
        return message.address.channel, message.sender
    return None


async def release(
    transaction: Transaction,
    written: Mapping[int, ChatKey],
    now: datetime,
    tally: Tally,
    *,
    new: Mapping[ChatKey, int] | None = None,
) -> None:
    """Put what was held for these people, wherever, at the head of the line of the chat they are back in.

    written: people, with that chat; new: those of the chats that are not stored yet. What is written later
    comes after it. Several about one case become one message, the newest first; nothing that was promised
    is left out.
    """
    held = await holding.held_for(transaction, [*written], new)
    for person_id, rows in held.items():
        to = written[person_id]
        shown = composing_held.compose(rows)
        for row, part in zip(rows, shown, strict=True):
            if part.outdated:
                holding.drop(transaction, row.id, at=now, why="outdated: a newer one was shown")
            elif part.folded:
                holding.fold(transaction, row.id, message=part.message, at=now)
            else:
                message = part.message if to == (row.channel, row.chat) else _elsewhere(part.message)
                holding.release(transaction, row.id, to=to, message=message, case_id=part.case_id, at=now)
            _call_off(transaction, row.error or "", now)
        tally.add(to[0], "released", on=traffic.local_day(now), count=len(rows))
    if held:
        await transaction.flush()


def _elsewhere(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without what names messages of the chat that it was meant for."""
    return {part: said for part, said in message.items() if part not in _OF_ONE_CHAT}


def _call_off(transaction: Transaction, why: str, now: datetime) -> None:
    """End the form that stands for a held notice, and the short message that took the form's place."""
    word, _, rest = why.partition(":")
    if word == "knock":
        for way in ("template", SMS):
            holding.cancel(transaction, f"knock:{way}:{rest.partition(':')[2]}", at=now)


def _is_said(message: InboundMessage) -> bool:
    """Tell whether somebody wrote or sent something, and was not only let in or put out."""
    told = message.member_joined or message.member_left or message.wants_in or message.rights is not None
    return not (told or message.left or message.joined)


def note_in_groups(
    transaction: Transaction, channels: Mapping[str, Channel], said: Sequence[InboundMessage], now: datetime
) -> None:
    """Count what people write in groups as words of theirs in private too, where windows are counted."""
    for message in said:
        if _is_said(message) and message.group and has_windows(channels.get(message.address.channel)):
            at = min(now, message.sent_at)
            holding.note_in_group(transaction, channel=message.address.channel, user=message.sender, at=at)
