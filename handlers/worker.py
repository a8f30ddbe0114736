"""The turn worker: claims updates, reads their texts, and commits the turns of many chats together."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from handlers import dispatch, flood, oversight, places, reaching, receiving, telling, texts
from handlers.channel import (
    Address,
    Channel,
    ChannelError,
    File,
    InboundMessage,
    OutboundMessage,
    Photo,
    gather_album,
)
from handlers.media import (
    FILE_LIMIT,
    MediaError,
    NotAPicture,
    StoredFile,
    StoredPhoto,
    TooLarge,
    file_suffix,
    keep_photo,
    store_file,
)
from handlers.turn import Turn
from routing.organisation import City
from routing.understanding import Reading, Understanding
from storage import cases, chats, files, messages, people, units
from storage.database import Database, Transaction
from storage.faults import is_away, is_conflict
from storage.messages import Notice, Update
from storage.traffic import Tally

BATCH = 64
"""Chats whose turns share one transaction at most."""
LEAST = 8
"""How many do so however long they take: fewer would cost each of them too much."""
HOLD_SECONDS = 0.008
"""How long their transaction should keep the writer from a receipt that waits for it."""
TRIES = 3
CONFLICTS = 5
"""How often turns that met other transactions are done again at once, which counts as no try."""
SHOWN = 3
"""How many of the messages that a chat was shown last may be meant by a number that is typed."""
ALBUM_PATIENCE = timedelta(seconds=10)
FETCH_SECONDS = 20.0
"""How long the photos and files of one message may take; less than a claim lasts, or they would be fetched
twice."""
GATHER_SECONDS = 0.004
"""How long the first update after a rest waits for others: turns are cheap together and dear alone."""
EARLY_PAUSE = timedelta(seconds=1)
"""How long a receipt waits that came before its message was recorded."""
IDLE_SECONDS = 1.0
"""How long to sleep without a wake-up, for updates that become due or come from another process."""

TURNS = Counter("langnghe_turns", "Turns, by result.", ["result"])
TURN_SECONDS = Histogram(
    "langnghe_turn_seconds",
    "From the receipt of an update to the commit of its turn.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
TURN_BATCH = Histogram(
    "langnghe_turn_batch", "How many turns shared one commit.", buckets=(1, 2, 4, 8, 16, 32, 64)
)
COMMIT_SECONDS = Histogram(
    "langnghe_turn_commit_seconds",
    "How long the transaction of a batch of turns took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
CONFIDENCE = Histogram(
    "langnghe_reading_confidence",
    "How sure the model was of the domain of a text.",
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1),
)
READINGS = Counter("langnghe_readings", "Texts read, by whether a person has to look at them.", ["triage"])
log = structlog.get_logger()


class NoCity(Exception):
    """There is no city whose messages could be handled."""


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A claimed update (or album) read into one message; the message is None when there is nothing to do."""

    updates: list[Update]
    chat: chats.Chat | None
    """The chat when they were claimed, None for a new one: a text may have to be read with its draft."""
    message: InboundMessage | None = None
    stored: tuple[StoredPhoto, ...] = ()
    files: tuple[tuple[File, StoredFile], ...] = ()
    """What was kept of recordings and documents, with what their sender called them."""
    reading: Reading | None = None

    @property
    def address(self) -> tuple[str, str]:
        """Channel and chat."""
        return self.updates[0].channel, self.updates[0].chat


class TurnWorker:
    """Runs turns until it is stopped. `committed` is called after each commit, to wake the delivery.

    `understanding` reads the texts; another one may take its place at any time.
    """

    def __init__(
        self,
        database: Database,
        *,
        channels: Mapping[str, Channel],
        understanding: Understanding,
        media_dir: Path,
        committed: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._channels = channels
        self.understanding = understanding
        self._media_dir = media_dir
        self._committed = committed
        self._now = now
        self._elapsed = elapsed
        self._flood = flood.Flood(now)
        self._size = BATCH
        """How many turns share the next transaction."""
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._wake = asyncio.Event()
        self._ready: list[Prepared] = []
        self._fetching: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.moved_at = elapsed()
        """When it came round last: somebody looks whether it still does."""
        self._claimed: list[Prepared] | None = None
        """What the last commit has claimed already; None when it must be asked for."""
        self._city: City | None = None
        self._city_version = 0

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is claimed, then return from `run`."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped; a database fault is logged and tried again."""
        try:
            while not self._stopping or self._claimed:
                try:
                    busy = await self.step()
                    self.moved_at = self._elapsed()
                except Exception as error:
                    log.error("The turn worker met a fault.", action="worker_failed", error=error)
                    busy = False
                    await asyncio.sleep(IDLE_SECONDS)
                if not busy:
                    await self._sleep()
                    await asyncio.sleep(GATHER_SECONDS)
            await asyncio.gather(*self._fetching)
            await self._run_ready()
        finally:
            self._readers.shutdown(wait=False)

    async def step(self) -> bool:
        """Claim and run one batch; return whether there was any work."""
        self._wake.clear()
        claimed, self._claimed = self._claimed, None
        if claimed is None:
            async with self._database.begin(short=True) as transaction:
                claimed = await self._claim(transaction)
        for prepared in claimed:
            self._prepare(prepared)
        worked = bool(claimed or self._ready)
        await self._run_ready()
        return worked

    async def drain(self) -> None:
        """Run until nothing is due (for tests and short commands)."""
        while await self.step() or self._fetching:
            await asyncio.gather(*self._fetching)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _claim(self, transaction: Transaction) -> list[Prepared]:
        claimed = await messages.claim_updates(
            transaction, now=self._now(), limit=BATCH, album_patience=ALBUM_PATIENCE
        )
        addresses = [(updates[0].channel, updates[0].chat) for updates in claimed]
        known = await chats.peek_chats(transaction, addresses)
        return [
            Prepared(updates=updates, chat=known.get(address))
            for updates, address in zip(claimed, addresses, strict=True)
        ]

    def _prepare(self, prepared: Prepared) -> None:
        updates = prepared.updates
        try:
            prepared.message = self._parse(updates)
        except Exception as error:
            log.error(
                "An update could not be read and was set aside.",
                action="update_unreadable",
                inbox_id=updates[0].id,
                error=error,
            )
            prepared.updates = [replace(update, attempts=TRIES) for update in updates]
            self._go_on_aside(self._record_failure(prepared, error))
        else:
            message = prepared.message
            if message is not None and (pause := self._flood.pause(message)):
                self._go_on_aside(self._postpone(prepared, message, pause))
                return
            if message is None or not _has_media(message):
                self._ready.append(prepared)
                return
            self._go_on_aside(self._fetch_media(prepared, message))

    async def _postpone(self, prepared: Prepared, message: InboundMessage, pause: timedelta) -> None:
        """Let somebody who writes very much wait behind everybody else."""
        async with self._database.begin() as transaction:
            flood.postpone(transaction, prepared.updates, message, now=self._now(), pause=pause)
        self._committed()

    def _go_on_aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(work))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep a fault from going unseen; its update is claimed again when its claim has run out."""
        try:
            await work
        except Exception as error:
            log.error("The turn worker met a fault.", action="worker_failed", error=error)

    def _parse(self, updates: list[Update]) -> InboundMessage | None:
        channel = self._channels[updates[0].channel]
        parts = [part for update in updates if (part := channel.parse(update.body))]
        return gather_album(parts) if len(parts) > 1 else next(iter(parts), None)

    async def _fetch_media(self, prepared: Prepared, message: InboundMessage) -> None:
        last = prepared.updates[0].attempts + 1 >= TRIES
        try:
            message = prepared.message = await self._without_strangers_media(message)
            async with asyncio.timeout(FETCH_SECONDS):
                message, prepared.stored = await self._store_photos(message, last=last)
                prepared.message, prepared.files = await self._store_files(message, last=last)
        except Exception as error:
            if not last:
                await self._record_failure(prepared, error)
                return
            log.error(
                "Photos or files could not be fetched.",
                action="media_lost",
                inbox_id=prepared.updates[0].id,
                error=error,
            )
            lost = message.unsupported or "photo_lost"
            prepared.message = replace(message, photos=(), files=(), unsupported=lost)
        self._ready.append(prepared)
        self._wake.set()

    async def _without_strangers_media(self, message: InboundMessage) -> InboundMessage:
        """Leave out what is not fetched: files of whoever holds no post, and their photos in a group."""
        if not (message.group or message.files) or await self._holds_post(message):
            return message
        photos = tuple(photo for photo in message.photos if not (message.group and photo.reference))
        return replace(message, photos=photos, files=())

    async def _holds_post(self, message: InboundMessage) -> bool:
        account = (message.address.channel, message.sender)
        async with self._database.read() as transaction:
            known = await people.load_people(transaction, [account], now=self._now())
        return account in known and bool(known[account].posts)

    async def _store_photos(
        self, message: InboundMessage, *, last: bool
    ) -> tuple[InboundMessage, tuple[StoredPhoto, ...]]:
        """Keep what can be fetched; raises ChannelError where another try may help, unless it is the last."""
        channel = self._channels[message.address.channel]
        kept: list[Photo] = []
        stored: list[StoredPhoto] = []
        for photo in message.photos:
            if not photo.reference:
                kept.append(photo)
                continue
            try:
                found = await keep_photo(await channel.fetch(photo), self._media_dir)
            except (NotAPicture, TooLarge, ChannelError) as error:
                if isinstance(error, ChannelError) and error.retryable and not last:
                    raise
                message = replace(message, unsupported=_what_is_wrong(error))
                continue
            stored.append(found)
            kept.append(Photo(media_key=found.media_key))
        taken_at = next((photo.taken_at for photo in stored if photo.taken_at), None)
        return replace(message, photos=tuple(kept), taken_at=taken_at), tuple(stored)

    async def _store_files(
        self, message: InboundMessage, *, last: bool
    ) -> tuple[InboundMessage, tuple[tuple[File, StoredFile], ...]]:
        """Keep what can be kept of an official's files; the others are left out, `unsupported` names them.

        Raises ChannelError where another try may help, unless it is the last.
        """
        channel = self._channels[message.address.channel]
        kept: list[File] = []
        stored: list[tuple[File, StoredFile]] = []
        for file in message.files:
            if not file.reference:
                kept.append(file)
                continue
            try:
                found = await self._store_file(channel, file)
            except (MediaError, ChannelError) as error:
                if isinstance(error, ChannelError) and error.retryable and not last:
                    raise
                log.info("A file was not kept.", action="file_not_kept", error=error)
                continue
            stored.append((file, found))
            kept.append(replace(file, reference="", media_key=found.media_key, size=found.size))
        return replace(message, files=tuple(kept)), tuple(stored)

    async def _store_file(self, channel: Channel, file: File) -> StoredFile:
        suffix = file_suffix(name=file.name, mime=file.mime)
        if (file.size or 0) > FILE_LIMIT:
            raise TooLarge(f"{file.size} bytes")
        data = await channel.fetch_file(file)
        return await asyncio.to_thread(store_file, data, self._media_dir, suffix=suffix)

    async def _run_ready(self) -> None:
        while self._ready:
            batch, self._ready = self._ready[: self._size], self._ready[self._size :]
            try:
                await self._read_and_run(batch)
            except Exception as error:
                if is_away(error):  # done again once it is back; what is finished by then is left out
                    self._ready = [*batch, *self._ready]
                raise

    async def _read_and_run(self, batch: list[Prepared]) -> None:
        prose = [item for item in batch if item.message and _is_prose(item.message)]
        if prose and self._city is None:
            async with self._database.read() as transaction:
                await self._follow_city(transaction)
        unreadable = await self._read_texts(prose)
        await self._run([item for item in batch if item not in unreadable])

    async def _follow_city(self, transaction: Transaction) -> City:
        """Return the city as it is today, loaded anew if it has changed. Raises NoCity."""
        version = await units.city_version(transaction)
        if version != self._city_version:
            city = await units.load_city(transaction)
            self._city = city and await places.with_borders(transaction, city)
            self._city_version = version
        if self._city is None:
            raise NoCity(NoCity.__doc__)
        self._city = self._city.at(self._now())
        return self._city

    async def _read_texts(self, prose: Sequence[Prepared]) -> list[Prepared]:
        """Understand the texts; return those that could not be, put back to be tried again or set aside."""
        try:
            await self._read_together(prose)
        except Exception as error:
            if len(prose) == 1:
                await self._record_failure(prose[0], error)
                return list(prose)
            return [failed for item in prose for failed in await self._read_texts([item])]
        return []

    async def _read_together(self, prose: Sequence[Prepared]) -> None:
        if not prose or self._city is None:
            return
        now = self._now()
        to_read = [dispatch.text_to_read(item.chat, item.message, now) for item in prose if item.message]
        readings = await asyncio.get_running_loop().run_in_executor(self._readers, self._read_many, to_read)
        for item, reading in zip(prose, readings, strict=True):
            item.reading = reading
            CONFIDENCE.observe(reading.confidence)
            READINGS.labels("yes" if reading.needs_triage else "no").inc()

    def _read_many(self, texts_of: list[str]) -> list[Reading]:
        assert self._city is not None
        return self.understanding.read_many(texts_of, province=self._city.province)

    async def _run(self, batch: list[Prepared], *, conflicts: int = 0) -> None:
        if not batch:
            return
        begun = self._elapsed()
        try:
            await self._commit(batch)
        except Exception as error:
            if is_away(error):  # no update is to blame, and none is tried fewer times for it
                raise
            if is_conflict(error) and conflicts < CONFLICTS:
                await self._run(batch, conflicts=conflicts + 1)
                return
            if len(batch) == 1:
                await self._record_failure(batch[0], error)
                return
            for item in batch:
                await self._run([item])
            return
        _count(batch, self._now(), self._elapsed() - begun)
        self._committed()

    async def _commit(self, batch: list[Prepared]) -> None:
        now = self._now()
        async with self._database.begin(short=True) as transaction:
            begun, size = self._elapsed(), len(batch)
            city = await self._follow_city(transaction)
            batch = await _still_open(transaction, batch)
            said = [item for item in batch if item.message and not receiving.is_receipt(item.message)]
            tally = Tally()
            early = await _note_receipts(transaction, batch, now, tally)
            turns = await self._turns(transaction, city, said, now)
            await self._release(transaction, turns, now, tally)
            for number, turn in enumerate(turns):
                await dispatch.handle(turn)
                if turn.left:
                    await _take_posts_away(transaction, turns[number + 1 :], turn.left, now)
            joined = [turn for turn in turns if turn.chat.person_id not in (None, turn.person.id)]
            await self._release(transaction, joined, now, tally)
            filed = [new for turn in turns for new in turn.filed]
            if filed:
                await telling.announce_filed(transaction, city, filed, now=now)
            # Last, so that what one turn reads of chats does not cut the writes of the others in pieces.
            for turn in turns:
                if _wrote(turn.message):  # saving says that somebody wrote and can be reached
                    chats.save_chat(transaction, turn.chat, now=now, heard_at=self._heard_at(turn, now))
            reaching.note_in_groups(transaction, self._channels, [turn.message for turn in turns], now)
            for item in batch:
                _finish(transaction, item, early, now)
            tally.write(transaction)
            await transaction.flush()
            await messages.announce(transaction, "outbox")
            # In the same transaction, because one of its own would cost as much as all of this.
            ahead = [] if self._stopping or self._ready else await self._claim(transaction)
            self._fit(size, self._elapsed() - begun)
        self._claimed = [*(self._claimed or []), *ahead]

    def _fit(self, turns: int, seconds: float) -> None:
        """Choose how many may share the next transaction: more, unless receipts wait for this one."""
        if self._database.is_pressed:
            fitting = int(turns * HOLD_SECONDS / max(seconds, HOLD_SECONDS / BATCH))
            self._size = min(max(fitting, LEAST), BATCH)
        elif turns == self._size:
            self._size = min(self._size * 2, BATCH)

    async def _release(
        self, transaction: Transaction, turns: Sequence[Turn], now: datetime, tally: Tally
    ) -> None:
        """Let what was held for people, in whichever chat, go ahead of whatever they are answered now."""
        if not any(map(reaching.has_windows, self._channels.values())):
            return
        back = {
            turn.chat.person_id or turn.person.id: home
            for turn in turns
            if (home := reaching.home(turn.message, self._channels)) is not None
        }
        if back:
            new = {(turn.chat.channel, turn.chat.chat): turn.person.id for turn in turns if turn.chat.new}
            await reaching.release(transaction, back, now, tally, new=new)

    def _heard_at(self, turn: Turn, now: datetime) -> datetime:
        """Return when somebody wrote, as reply windows count it: not when the program got round to it."""
        if not reaching.has_windows(self._channels.get(turn.chat.channel)):
            return now
        return min(now, max(turn.message.sent_at, turn.chat.heard_at or turn.message.sent_at))

    async def _turns(
        self, transaction: Transaction, city: City, batch: Sequence[Prepared], now: datetime
    ) -> list[Turn]:
        if not batch:
            return []
        known_chats = await chats.load_chats(transaction, [item.address for item in batch])
        accounts = {(item.address[0], item.message.sender) for item in batch if item.message}
        known_people = await people.load_people(transaction, sorted(accounts), now=now)
        shown = await self._shown(transaction, batch, known_chats)
        turns = []
        for item in batch:
            message = item.message
            assert message is not None
            account = (item.address[0], message.sender)
            if account not in known_people:
                known_people[account] = people.add_person(
                    transaction, channel=account[0], user=account[1], name=message.sender_name[:200], now=now
                )
            chat = known_chats[item.address]
            chat.group = message.group
            chat.person_id = None if message.group else known_people[account].id
            for photo in item.stored:
                cases.add_photo(
                    transaction,
                    media_key=photo.media_key,
                    mime=photo.mime,
                    size=photo.size,
                    width=photo.width,
                    height=photo.height,
                    at=now,
                )
            own = [photo.media_key for photo in message.photos if photo.media_key]
            cases.note_sender(transaction, own, known_people[account].id)
            _add_files(transaction, item, person_id=known_people[account].id, now=now)
            turns.append(
                Turn(
                    transaction=transaction,
                    city=city,
                    now=now,
                    message=message,
                    chat=chat,
                    person=known_people[account],
                    reading=item.reading,
                    shown=shown.get((chat.channel, chat.chat), ()),
                    windowed=reaching.closes(self._channels.get(chat.channel)),
                    files=reaching.carries_files(self._channels.get(chat.channel)),
                )
            )
        return turns

    async def _shown(
        self,
        transaction: Transaction,
        batch: Sequence[Prepared],
        known: Mapping[chats.ChatKey, chats.Chat],
    ) -> dict[chats.ChatKey, list[Notice]]:
        """Return what those chats were shown last in which something was typed."""
        typed = [known[item.address] for item in batch if item.message and _is_prose(item.message)]
        asked = [(chat.channel, chat.chat) for chat in typed if not chat.new]
        return await messages.last_sent(transaction, asked, limit=SHOWN) if asked else {}

    async def _record_failure(self, item: Prepared, error: Exception) -> None:
        now = self._now()
        last = item.updates[0].attempts + 1 >= TRIES
        TURNS.labels("set_aside" if last else "retried").inc()
        log.error(
            "A turn failed for the last time; its update was set aside." if last else "A turn failed.",
            action="turn_set_aside" if last else "turn_failed",
            inbox_id=item.updates[0].id,
            error=error,
            exc_info=error,
        )
        async with self._database.begin(short=True) as transaction:
            for update in item.updates:
                if last:
                    messages.set_update_aside(transaction, update.id, at=now, why=repr(error))
                else:
                    again_at = now + timedelta(seconds=2**update.attempts)
                    messages.retry_update(transaction, update.id, again_at=again_at, why=repr(error))
            if last:
                await self._tell_of_failure(transaction, item, now)
        self._wake.set()  # what stands behind it in its chat may go on
        self._committed()

    async def _tell_of_failure(self, transaction: Transaction, item: Prepared, now: datetime) -> None:
        inbox_id = item.updates[0].id
        await oversight.tell_operators(
            transaction,
            texts.update_set_aside(inbox_id=inbox_id),
            now=now,
            dedupe_key=f"inbox-dead:{inbox_id}",
        )
        if item.message and not item.message.group:
            address = Address(*item.address)
            messages.post_notice(
                transaction,
                channel=address.channel,
                chat=address.chat,
                message=OutboundMessage(text=texts.message_not_handled()).as_dict(),
                at=now,
                dedupe_key=f"inbox-dead-apology:{inbox_id}",
                urgency=messages.ANSWER,
            )


async def _note_receipts(
    transaction: Transaction, batch: Sequence[Prepared], now: datetime, tally: Tally
) -> set[chats.ChatKey]:
    """Note receipts; return the chats of which they came before it was recorded what was sent."""
    receipts = [item.message for item in batch if item.message and receiving.is_receipt(item.message)]
    return await receiving.note(transaction, receipts, now, tally) if receipts else set()


def _count(batch: Sequence[Prepared], now: datetime, seconds: float) -> None:
    TURNS.labels("done").inc(len(batch))
    TURN_BATCH.observe(len(batch))
    COMMIT_SECONDS.observe(seconds)
    for item in batch:
        TURN_SECONDS.observe(max(0.0, (now - item.updates[0].received_at).total_seconds()))


def _finish(
    transaction: Transaction, item: Prepared, early: Collection[chats.ChatKey], now: datetime
) -> None:
    """Finish an update; a receipt that came too early is looked at once more."""
    receipt = item.message is not None and receiving.is_receipt(item.message)
    for update in item.updates:
        if receipt and item.address in early and not update.attempts:
            again_at = now + EARLY_PAUSE
            messages.retry_update(transaction, update.id, again_at=again_at, why="not sent yet")
        else:
            messages.finish_update(transaction, update.id, at=now)


async def _take_posts_away(
    transaction: Transaction, later: Sequence[Turn], left: Collection[int], now: datetime
) -> None:
    """Load again whoever lost a post in a turn of this transaction, for the turns of theirs that follow."""
    for turn in later:
        if turn.person.id in left:
            turn.person = await people.get_person(transaction, turn.person.id, now=now) or turn.person
            key = (turn.chat.channel, turn.chat.chat)
            fresh = (await chats.peek_chats(transaction, [key])).get(key)
            if fresh is not None:
                turn.chat.step, turn.chat.draft = fresh.step, fresh.draft


def _add_files(transaction: Transaction, item: Prepared, *, person_id: int, now: datetime) -> None:
    for file, kept in item.files:
        files.add_file(
            transaction,
            media_key=kept.media_key,
            kind=file.kind,
            name=file.name,
            mime=kept.mime,
            size=kept.size,
            person_id=person_id,
            at=now,
        )


def _wrote(message: InboundMessage) -> bool:
    """Tell whether a message shows that its sender can be written to."""
    return not (message.left or message.by_staff or message.withdrawn)


def _has_media(message: InboundMessage) -> bool:
    """Tell whether there are photos to fetch from the channel, or files, which only officials may send."""
    return bool(message.files) or any(photo.reference for photo in message.photos)


def _is_prose(message: InboundMessage) -> bool:
    return bool(message.text.strip()) and not message.text.startswith("/") and not message.group


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, TooLarge):
        return "large_photo"
    return "file" if isinstance(error, NotAPicture) else "photo_lost"


async def _still_open(transaction: Transaction, batch: Sequence[Prepared]) -> list[Prepared]:
    """Leave out what another process dealt with after its claim ran out, and what is here twice."""
    ids = await messages.still_open(transaction, [update.id for item in batch for update in item.updates])
    return list({item.updates[0].id: item for item in batch if item.updates[0].id in ids}.values())
