"""Delivery: claims due notices, sends them with no transaction open, records what became of them."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import structlog
from prometheus_client import Counter, Histogram

from handlers import group_acts, oversight, reaching, texts, typed
from handlers.channel import (
    Acted,
    Address,
    Channel,
    ChannelError,
    CreateGroup,
    GroupAct,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    OutsideReplyWindow,
    RateLimited,
    RecipientUnreachable,
    Unavailable,
)
from handlers.lanes import Claim, Lanes
from handlers.lost_media import without_lost
from handlers.making import Draw, Export, Maker
from routing import deadline
from storage import chats, contacts, groups, messages
from storage.database import Database, Transaction
from storage.faults import is_away
from storage.holding import HELD
from storage.messages import Notice
from storage.traffic import Tally

TRIES = 20
LONGEST_PAUSE = timedelta(hours=1)
AWAKE = timedelta(hours=2)
"""Who wrote so recently is answered at night, too."""
OUTAGE = timedelta(hours=12)
"""So long messages wait for a channel that is away without being given up."""
NO_CHANNEL_PAUSE = timedelta(minutes=10)
IDLE_SECONDS = 1.0
LINGER_SECONDS = 0.005
"""How long a send that is done waits for others, so that one commit records them all."""
SEND_SECONDS = 20.0
"""How long a send may take; less than a claim lasts, or another would begin the same meanwhile."""

OUTSIDE = frozenset({"mail", "sms"})
"""Channels that reach units outside of chat: an address is the city's list's, nobody's own chat."""
RINGING = "sms"
"""What comes this way rings a telephone: at night too, unless it waits."""

TopicKey = tuple[str, str, str]
"""Channel, chat, and what the topic is for."""

SENDS = Counter(
    "langnghe_sends", "Messages handed to a channel, by channel and result.", ["channel", "result"]
)
SEND_TOOK = Histogram(
    "langnghe_send_seconds",
    "How long a channel took for one message, by channel.",
    ["channel"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
_sends, _send_took = cache(SENDS.labels), cache(SEND_TOOK.labels)
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one try: the channel's message id, what came of an act, or why it failed."""

    notice: Notice
    message_id: str = ""
    other_ids: tuple[str, ...] = ()
    price: str = ""
    cost: int = 0
    acted: Acted | None = None
    error: ChannelError | None = None


class Delivery:
    """Sends notices until it is stopped, in order per chat; a slow or blocked chat holds up only itself."""

    def __init__(
        self,
        database: Database,
        *,
        channels: Mapping[str, Channel],
        media_dir: Path | None = None,
        draw: Draw | None = None,
        export: Export | None = None,
        budget: int = 0,
        sms_price: int = 0,
        link: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """`draw` and `export` make the pictures and workbooks of messages, which are kept in `media_dir`;
        without them messages go out without these. budget: what messages may cost in a month, sms_price:
        what a short one costs (đồng). link: the address of the city's page. elapsed: seconds of a clock that
        is never set, by which channels keep to their rates.
        """
        self._database = database
        self._channels = channels
        self._means = reaching.Means(channels=channels, budget=budget, sms_price=sms_price, link=link)
        self._maker = Maker(draw=draw, export=export, media_dir=media_dir)
        self._media_dir = media_dir
        self._now = now
        self._wake = asyncio.Event()
        self._lanes = Lanes(channels, elapsed)
        self._elapsed = elapsed
        self.moved_at = elapsed()
        """When it came round last: somebody looks whether it still does."""
        self._sending: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._stopping = False
        self._turned_away = False
        """Whether some of the last claim may not go out as they are: another way may be due at once."""
        self._full: list[Claim] = []
        """The last claims that took as many as there was room for: more may be due."""
        self._lingering: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, record it, then return from `run`."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped; a database fault is logged and tried again."""
        while not self._stopping or self._sending or self._outcomes:
            try:
                busy = await self.step()
                self.moved_at = self._elapsed()
            except Exception as error:
                log.error("The delivery met a fault.", action="delivery_failed", error=error)
                busy = False
                await asyncio.sleep(IDLE_SECONDS)
            if not (busy and (self._stopping or self._may_go_on())):
                await self._sleep()

    def _may_go_on(self) -> bool:
        """Tell whether there was more to claim and there is room for it."""
        return any(self._lanes.has_room(claim, self._now()) for claim in self._full)

    async def step(self) -> bool:
        """Record what was sent, claim what is due and start sending; return whether there was any work."""
        self._wake.clear()
        outcomes, self._outcomes = self._outcomes, []
        now, tally = self._now(), Tally()
        try:
            async with self._database.begin(short=True) as transaction:
                failed = any(outcome.error or outcome.notice.price == HELD for outcome in outcomes)
                await reaching.begin(transaction, self._means, failed, now)
                for outcome in outcomes:
                    await self._record(transaction, outcome, now, tally)
                await transaction.flush()
                claimed = await self._claim(transaction, now, tally)
                tally.write(transaction)
        except Exception as error:
            if is_away(error) or not outcomes:
                self._outcomes = outcomes + self._outcomes
                raise
            claimed = []
            await self._record_apart(outcomes, now)
        for notice in claimed:
            task = asyncio.create_task(self._send(notice))
            self._lanes.take(notice.channel)
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
            await asyncio.sleep(0)  # begins this one: all at once would hold up everybody else
        return bool(outcomes or claimed or self._turned_away)

    async def _claim(self, transaction: Transaction, now: datetime, tally: Tally) -> list[Notice]:
        """Take what is due and may go out, with the channel's id of the topic that each message is for."""
        self._full = []
        claimed: list[Notice] = []
        for claim in [] if self._stopping else self._lanes.claims(now):
            found = await messages.claim_notices(
                transaction, now=now, limit=claim.limit, channel=claim.channel, most=claim.most
            )
            claimed += found
            if len(found) == claim.limit:
                self._full.append(claim)
        if deadline.in_quiet_hours(now):
            claimed = await _not_at_night(transaction, claimed, now)
        going = await reaching.sendable(transaction, self._means, claimed, now, tally)
        self._turned_away = len(going) < len(claimed)
        claimed = going
        claimed = [await _numbered(transaction, notice) for notice in claimed]
        keys = [key for notice in claimed if (key := _topic_key(notice))]
        topics = await groups.topics_of(transaction, keys) if keys else {}
        return [_in_topic(transaction, notice, topics) for notice in claimed]

    async def _record_apart(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Record each outcome in a transaction of its own, so that one that cannot be holds up no other."""
        for number, outcome in enumerate(outcomes):
            try:
                await self._record_alone(outcome, now)
            except Exception:
                self._outcomes = [*outcomes[number:], *self._outcomes]
                raise

    async def _record_alone(self, outcome: Outcome, now: datetime) -> None:
        """Record one outcome; what follows from it is left out when that is what fails."""
        try:
            tally = Tally()
            async with self._database.begin(short=True) as transaction:
                await self._record(transaction, outcome, now, tally)
                tally.write(transaction)
        except Exception as error:
            if is_away(error):
                raise
            log.error(
                "Nobody could be told what became of a message.",
                action="record_failed",
                outbox_id=outcome.notice.id,
                exc_info=error,
            )
            async with self._database.begin(short=True) as transaction:
                _record_only(transaction, outcome, now)

    async def drain(self) -> None:
        """Send until nothing is due (for tests and short commands)."""
        while await self.step() or self._sending or await self._waits_for_rate():
            if self._sending:
                await asyncio.wait(self._sending)

    async def _waits_for_rate(self) -> bool:
        """Wait until a channel with something to send, whose rate is used up, may send again."""
        now = self._now()
        for channel, seconds in self._lanes.dry(now).items():
            async with self._database.read() as transaction:
                due = await messages.is_any_due(transaction, channel, now=now)
            if due:
                await asyncio.sleep(seconds)
                return True
        return False

    async def _sleep(self) -> None:
        """Wait for something to do, or until a channel whose rate was used up may send again."""
        dry = self._lanes.dry_seconds(self._now())
        try:
            async with asyncio.timeout(IDLE_SECONDS if dry is None else min(dry, IDLE_SECONDS)):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _send(self, notice: Notice) -> None:
        begun = self._elapsed()
        outcome = await self._try(notice)  # apart: while this waits, `step` puts a new list in place
        result = type(outcome.error).__name__ if outcome.error else "sent"
        _sends(notice.channel, result).inc()
        _send_took(notice.channel).observe(self._elapsed() - begun)
        self._lanes.settle(
            notice.channel, len(outcome.other_ids), outcome.error, self._now(), chat=notice.chat
        )
        self._outcomes.append(outcome)
        if self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._lingered)

    def _lingered(self) -> None:
        self._lingering = None
        self._wake.set()

    async def _try(self, notice: Notice) -> Outcome:
        channel = self._channels.get(notice.channel)
        if channel is None:
            why = f"no channel {notice.channel!r} is set up"
            error = RateLimited(why, retry_after=NO_CHANNEL_PAUSE, for_all=True)
            return Outcome(notice=notice, error=error)
        try:
            return await self._send_through(channel, notice)
        except ChannelError as error:
            return Outcome(notice=notice, error=error)
        except Exception as error:
            log.error(
                "A channel failed in an unforeseen way.",
                action="send_crashed",
                outbox_id=notice.id,
                exc_info=error,
            )
            return Outcome(notice=notice, error=Unavailable(repr(error)))

    async def _send_through(self, channel: Channel, notice: Notice) -> Outcome:
        address = Address(notice.channel, notice.number or notice.chat)
        message = OutboundMessage.from_dict({**notice.message, "reference": str(notice.id)})
        if message.drawing is not None or message.export is not None:
            message = await self._make(notice, message)
        if self._media_dir is not None:
            message = await without_lost(message, self._media_dir, tries=notice.attempts)
        message = typed.explained(message, channel.capabilities, about_case=notice.case_id is not None)
        async with asyncio.timeout(SEND_SECONDS):
            if message.act:
                acted = await _act(channel, address, message.act)
                return Outcome(notice=notice, message_id=f"act-{notice.id}", acted=acted)
            sent = await channel.send(address, message)
        return Outcome(
            notice=notice,
            message_id=sent.message_id or str(notice.id),
            other_ids=sent.other_ids,
            price=sent.price,
            cost=sent.cost,
        )

    async def _make(self, notice: Notice, message: OutboundMessage) -> OutboundMessage:
        """Make what a message needs and store it with its row, so that it is made once and can be seen."""
        made = await self._maker.make(message)
        async with self._database.begin(short=True) as transaction:
            made.record(transaction, at=self._now())
            content = made.message.as_dict()
            messages.replace_message(transaction, notice.id, content)
            messages.note_shown(transaction, channel=notice.channel, chat=notice.chat, message=content)
        return made.message

    async def _record(self, transaction: Transaction, outcome: Outcome, now: datetime, tally: Tally) -> None:
        notice, error = outcome.notice, outcome.error
        if error is not None:
            reaching.refused(transaction, tally, notice, error)
        if error is None:
            price, cost = await reaching.gone_out(
                transaction, tally, notice, price=outcome.price, cost=outcome.cost, now=now
            )
            _record_sent(transaction, outcome, now, price=price, cost=cost)
            if outcome.acted:
                await group_acts.done(transaction, notice, outcome.acted, None, now)
        elif error.moved_to and error.moved_to != notice.chat and notice.attempts + 1 < TRIES:
            await self._follow(transaction, notice, error.moved_to, now)
        elif isinstance(error, RateLimited) or _is_away(notice, error, now):
            await self._hold_back(transaction, notice, error, now)
        elif error.retryable and notice.attempts + 1 < TRIES:
            await self._retry(transaction, notice, error, now)
        elif isinstance(error, OutsideReplyWindow) and "act" not in notice.message:
            await reaching.too_late(transaction, self._means, notice, now, tally)
        elif "act" in notice.message:
            await self._give_up_act(transaction, outcome, error, now)
        else:
            await self._set_aside(transaction, notice, error, now)

    async def _follow(self, transaction: Transaction, notice: Notice, new: str, now: datetime) -> None:
        await chats.move_chat(transaction, channel=notice.channel, old=notice.chat, new=new, at=now)
        messages.retry_notice(transaction, notice.id, again_at=now, why=f"moved to {new}")
        await messages.readdress(transaction, channel=notice.channel, old=notice.chat, new=new)

    async def _hold_back(
        self, transaction: Transaction, notice: Notice, error: ChannelError, now: datetime
    ) -> None:
        """Send a notice once its chat, or the whole channel, may be written to again; this was no try."""
        again_at = now + (error.retry_after or timedelta(seconds=2))
        if error.for_all:
            again_at = self._lanes.rests_until(notice.channel) or again_at
        await _try_again(transaction, notice, again_at, str(error), now=now, counts=False)
        if isinstance(error, Misconfigured):
            await _tell_misconfigured(transaction, notice.channel, now)

    async def _retry(
        self, transaction: Transaction, notice: Notice, error: ChannelError, now: datetime
    ) -> None:
        pause = (
            reaching.pause(notice)
            or error.retry_after
            or min(timedelta(seconds=2**notice.attempts), LONGEST_PAUSE)
        )
        await _try_again(transaction, notice, now + pause, str(error), now=now)
        log.warning(
            "A message could not be sent yet.",
            action="send_retried",
            outbox_id=notice.id,
            error=type(error).__name__,
        )
        if isinstance(error, Misconfigured):
            await _tell_misconfigured(transaction, notice.channel, now)

    async def _give_up_act(
        self, transaction: Transaction, outcome: Outcome, error: ChannelError, now: datetime
    ) -> None:
        """Tell the groups why something was not done; that a channel has nothing of the kind is an answer."""
        notice = outcome.notice
        if isinstance(error, NotSupported):
            _record_sent(transaction, outcome, now, price=outcome.price, cost=outcome.cost)
        else:
            why = f"{type(error).__name__}: {error}"
            messages.set_notice_aside(transaction, notice.id, at=now, why=why)
            log.warning(
                "Something could not be done with a group.",
                action="act_given_up",
                outbox_id=notice.id,
                act=notice.message["act"]["do"],
                error=error,
            )
        await group_acts.done(transaction, notice, None, error, now)

    async def _set_aside(
        self, transaction: Transaction, notice: Notice, error: ChannelError, now: datetime
    ) -> None:
        messages.set_notice_aside(transaction, notice.id, at=now, why=f"{type(error).__name__}: {error}")
        log.error(
            "A message was set aside.",
            action="send_set_aside",
            outbox_id=notice.id,
            error=type(error).__name__,
        )
        if await reaching.knock_failed(transaction, self._means, notice, now):
            return
        if isinstance(error, RecipientUnreachable):
            if notice.channel in OUTSIDE:
                await oversight.address_not_reached(
                    transaction, channel=notice.channel, address=notice.chat, now=now
                )
                return
            if await group_acts.not_reached(transaction, notice, error, now):
                return
            chats.mark_unreachable(transaction, notice.channel, notice.chat, at=now)
        else:
            await oversight.tell_operators(
                transaction,
                texts.notice_set_aside(outbox_id=notice.id),
                now=now,
                # By chat and hour: an administrator who cannot be told must not be told of that, and so on.
                dedupe_key=f"outbox-dead:{notice.channel}:{notice.chat[:80]}:{now:%Y-%m-%dT%H}",
            )
        if notice.case_id is not None:
            await oversight.citizen_not_reached(
                transaction, notice.case_id, channel=notice.channel, chat=notice.chat, now=now
            )
        elif isinstance(error, RecipientUnreachable):
            await oversight.official_not_reached(
                transaction, channel=notice.channel, chat=notice.chat, now=now
            )


def _is_away(notice: Notice, error: ChannelError, now: datetime) -> bool:
    """Tell whether the channel is to blame; of one that is away so long, tries count after all."""
    long = isinstance(error, Unavailable) and now - notice.created_at > OUTAGE
    return error.for_all and error.retryable and not long


async def _tell_misconfigured(transaction: Transaction, channel: str, now: datetime) -> None:
    await oversight.tell_operators(
        transaction,
        texts.channel_misconfigured(channel=channel),
        now=now,
        dedupe_key=f"misconfigured:{channel}:{now:%Y-%m-%dT%H}",
    )


async def _numbered(transaction: Transaction, notice: Notice) -> Notice:
    """Return a notice with the number that its chat stands for, where it goes to one."""
    if notice.channel != RINGING:
        return notice
    return replace(notice, number=await contacts.number_of(transaction, notice.chat))


async def _not_at_night(transaction: Transaction, claimed: list[Notice], now: datetime) -> list[Notice]:
    """Return what may go out at night; what was meant for the day, and its channel kept waiting, may not."""
    going: list[Notice] = []
    for notice in claimed:
        is_late = not deadline.in_quiet_hours(notice.created_at)
        if is_late and await _waits_for_morning(transaction, notice, now):
            morning = deadline.after_quiet_hours(now)
            messages.retry_notice(transaction, notice.id, again_at=morning, why=None, counts=False)
        else:
            going.append(notice)
    return going


def _topic_key(notice: Notice) -> TopicKey | None:
    """Return the key of a topic as handlers write it ("case:CODE"); None where there is none to look up."""
    topic = notice.message.get("topic", "")
    return (notice.channel, notice.chat, topic) if ":" in topic else None


def _in_topic(transaction: Transaction, notice: Notice, topics: Mapping[TopicKey, str]) -> Notice:
    """Return a notice for its topic; while that is not open, for everybody in the group."""
    key = _topic_key(notice)
    if key is None:
        return notice
    placed = replace(notice, message={**notice.message, "topic": topics.get(key, "")})
    if key in topics:
        messages.replace_message(transaction, notice.id, placed.message)
    else:
        log.info("A message goes to everybody: its topic is not open.", action="no_topic", topic=key[2])
    return placed


async def _act(channel: Channel, address: Address, act: GroupAct) -> Acted:
    if act.do != "create":
        return await channel.act(address, act)
    made = await channel.create_group(CreateGroup(title=act.title, members=act.members))
    return Acted(value=made.chat)


async def _try_again(
    transaction: Transaction,
    notice: Notice,
    again_at: datetime,
    why: str,
    *,
    now: datetime,
    counts: bool = True,
) -> None:
    """Send a notice again later, but not at night one about a case that can wait till the morning.

    Nor what rings and is about no case.
    """
    if deadline.in_quiet_hours(again_at) and await _waits_for_morning(transaction, notice, now):
        # Without a fault it joins the line in the morning, and holds up nothing that is urgent till then.
        morning = deadline.after_quiet_hours(again_at)
        messages.retry_notice(transaction, notice.id, again_at=morning, why=None, counts=counts)
    else:
        messages.retry_notice(transaction, notice.id, again_at=again_at, why=why, counts=counts)


async def _waits_for_morning(transaction: Transaction, notice: Notice, now: datetime) -> bool:
    if notice.channel == RINGING and notice.case_id is None:
        return True
    return await messages.can_wait(transaction, notice, now - AWAKE)


def _record_only(transaction: Transaction, outcome: Outcome, now: datetime) -> None:
    """Record what became of a message and nothing else; without this it would be sent for ever."""
    row_id, error = outcome.notice.id, outcome.error
    if error is None:
        notice = outcome.notice  # what was put by for it stays spent: nobody could count anything else
        kept = (notice.price or "", notice.cost or 0) if notice.reserved else (outcome.price, outcome.cost)
        _record_sent(transaction, outcome, now, price=kept[0], cost=kept[1])
    elif error.retryable and outcome.notice.attempts + 1 < TRIES:
        messages.retry_notice(transaction, row_id, again_at=now + LONGEST_PAUSE, why=str(error))
    else:
        messages.set_notice_aside(transaction, row_id, at=now, why=f"{type(error).__name__}: {error}")


def _record_sent(transaction: Transaction, outcome: Outcome, now: datetime, *, price: str, cost: int) -> None:
    messages.notice_sent(
        transaction,
        outcome.notice.id,
        at=now,
        message_id=outcome.message_id,
        other_ids=outcome.other_ids,
        price=price,
        cost=cost,
    )
