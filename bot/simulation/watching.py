"""What must always hold, checked at every simulated midnight; `docs/simulation.md` tells each in words."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bot.simulation.by_hand import wrong_deadline
from bot.simulation.life import CHANNEL, Delivered, Life
from bot.simulation.town import Town
from routing.deadline import LOCAL_TIME, in_quiet_hours
from routing.organisation import City
from storage import figures, inspecting, ledger, seals, units
from storage.database import Database, Transaction
from storage.inspecting import Record

AWAKE = timedelta(hours=2)
"""Who did something so recently may be written to at night."""
TWICE_WITHIN = timedelta(hours=1)
"""The same words to the same chat within so long, and nothing said between, is being told twice."""
NIGHTS_TO_BE_SENT = 5
"""A notice is sent within so many nights, even when its channel is away for a day."""
OVERLAP = timedelta(minutes=1)
EDGES = " .,;:!?()-…"
SHOWN = 90
"""How much of a message is shown with what does not hold."""


class BrokenInvariant(Exception):
    """Something that must always hold does not: which, of which case, on which simulated day."""

    def __init__(self, invariant: str, *, day: date, case: str = "", detail: str = "") -> None:
        self.invariant, self.day, self.case, self.detail = invariant, day, case, detail
        of_case = f", case {case}" if case else ""
        super().__init__(f"{invariant}{of_case}, {day.isoformat()}: {detail}")


class Watch:
    """Checks a simulated city each midnight; raises BrokenInvariant.

    What changed since the last midnight is checked each time, all of it at the start of each month and at
    the end.
    """

    def __init__(self, database: Database, life: Life, town: Town) -> None:
        self._database = database
        self._life = life
        self._town = town
        self._since = life.start
        self._inbox = self._outbox = 0
        self._texts: dict[str, str] = {}
        self._seen: set[str] = set()
        self._recount: figures.Recount | None = None
        self._last_words: dict[tuple[str, bytes], datetime] = {}
        self._ends: deque[int] = deque([0], maxlen=NIGHTS_TO_BE_SENT)
        """The last notices of the latest midnights: what is sent today was mostly written after the first."""
        self.checks = 0

    @property
    def day(self) -> date:
        """The simulated day that has just ended."""
        return (self._life.now - timedelta(hours=1)).astimezone(LOCAL_TIME).date()

    async def midnight(self, *, whole: bool = False) -> None:
        """Check everything that must hold now."""
        whole = whole or self._life.now.astimezone(LOCAL_TIME).day == 1
        self.checks += 1
        async with self._database.read() as transaction:
            city = await units.load_city(transaction) or self._town.city
            await self._nothing_lost(transaction)
            await self._nobody_told_twice(transaction)
            await self._quiet_at_night(transaction)
            await self._every_case_owned(transaction, city)
            await self._cases(transaction, city, whole=whole)
            await self._figures(transaction, city, whole=whole)
        self._since = self._life.now - OVERLAP
        self._life.told.today.clear()

    def _broken(self, invariant: str, detail: str, *, case: str = "") -> BrokenInvariant:
        return BrokenInvariant(invariant, day=self.day, case=case, detail=detail)

    # ── nothing is lost ──────────────────────────────────────────────────────────────────────────

    async def _nothing_lost(self, transaction: Transaction) -> None:
        stored = await inspecting.inbox_after(transaction, self._inbox)
        known = {row["external_id"] for row in stored}
        missing = self._life.sent_ids - known
        if missing:
            raise self._broken("nothing lost", f"update {min(missing)} was acknowledged and is not stored")
        waits = await inspecting.unfinished(transaction)
        late = [row for row in waits if row["available_at"] < self._life.now - timedelta(hours=1)]
        if late:
            raise self._broken("nothing lost", f"update {late[0]['id']} of {late[0]['chat']} waits unheard")
        dead = [row for row in stored if row["failed_at"] is not None]
        if dead:
            first = dead[0]
            raise self._broken("nothing lost", f"{first['chat']}: number {first['id']} was set aside")
        pending = {row["id"] for row in waits}
        done = [row["id"] for row in stored if row["id"] not in pending]
        self._inbox = min(pending) - 1 if pending else max(done, default=self._inbox)
        self._life.sent_ids = {row["external_id"] for row in stored if row["id"] > self._inbox}

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    async def _nobody_told_twice(self, transaction: Transaction) -> None:
        today = self._life.told.today
        recorded = await inspecting.sent_since(
            transaction, self._since - timedelta(days=1), after=self._ends[0]
        )
        self._ends.append(await inspecting.last_notice(transaction))
        unknown = [each for each in today if each.message_id not in recorded]
        allowed = self._life.faults.killed_sends if self._life.faults else 0
        if len(unknown) > allowed:
            first = unknown[0]
            raise self._broken("nobody told twice", f"{first.chat} got a message that was not recorded")
        if self._life.faults:
            self._life.faults.killed_sends -= len(unknown)
        twice = self._said_again([each for each in today if each.message_id in recorded])
        if twice is not None:
            notice = await inspecting.notice_sent_as(
                transaction, channel=CHANNEL, chat=twice.chat, message_id=twice.message_id
            )
            detail = f"{twice.chat} is told again what it was told before: {_words_of(notice)}"
            raise self._broken("nobody told twice", detail)

    def _said_again(self, today: Sequence[Delivered]) -> Delivered | None:
        for each in today:
            key = (each.chat, each.content)
            before = self._last_words.get(key)
            self._last_words[key] = each.at
            if before is None or each.at - before > TWICE_WITHIN or each.retried:
                continue
            if not self._life.did_anything(each.chat, before - TWICE_WITHIN, each.at):
                return each
        edge = self._life.now - TWICE_WITHIN
        self._last_words = {key: at for key, at in self._last_words.items() if at >= edge}
        return None

    async def _quiet_at_night(self, transaction: Transaction) -> None:
        for each in self._life.told.today:
            if not in_quiet_hours(each.at) or each.retried:
                continue
            if self._life.did_anything(each.chat, each.at - AWAKE, each.at):
                continue
            notice = await inspecting.notice_sent_as(
                transaction, channel=CHANNEL, chat=each.chat, message_id=each.message_id
            )
            case_id = notice["case_id"] if notice else None
            found = await inspecting.records(transaction, [case_id]) if case_id else []
            if found and (found[0].row["urgent"] or found[0].row["kind"] == "emergency"):
                continue
            code = found[0].row["code"] if found else ""
            at = each.at.astimezone(LOCAL_TIME)
            detail = f"{each.chat} was written to at {at:%H:%M}: {_words_of(notice)}"
            raise self._broken("no message at night", detail, case=code)

    # ── cases ────────────────────────────────────────────────────────────────────────────────────

    async def _every_case_owned(self, transaction: Transaction, city: City) -> None:
        now = city.at(self._life.now)
        for case in await inspecting.open_cases(transaction):
            # While a change of the tree is carried out, its successors stand for a unit that is over.
            if case["status"] != "triage" and now.heir(case["unit_code"] or "", case["ward_code"]) is None:
                detail = f"{case['status']}, unit {case['unit_code']}"
                raise self._broken("no case without an owner", detail, case=case["code"])

    async def _cases(self, transaction: Transaction, city: City, *, whole: bool) -> None:
        ids = await inspecting.touched_since(transaction, self._since)
        for record in await inspecting.records(transaction, ids):
            self._check_text(record)
            wrong = wrong_deadline(city, record.row["received_at"], record.events)
            if not wrong and record.events:
                wrong = _other_than_told(record)
            if wrong:
                raise self._broken("deadlines as computed by hand", wrong, case=record.row["code"])
        await self._ledger(transaction, ids, whole=whole)
        lost = self._town.filed.keys() - self._seen
        if lost:
            raise self._broken("nothing lost", "it was confirmed and is not there", case=min(lost))

    async def _ledger(self, transaction: Transaction, ids: Sequence[int], *, whole: bool) -> None:
        if whole:
            faults = (await seals.verify(transaction)).faults
        else:
            broken = await ledger.verify_chains(transaction, ids) or await seals.missing(transaction)
            faults = (broken,) if broken else ()
        if faults:
            raise self._broken("ledger whole", str(faults[0]), case=faults[0].code)

    def _check_text(self, record: Record) -> None:
        code, text = record.row["code"], record.row["text"]
        self._seen.add(code)
        known = self._texts.setdefault(code, text)
        if known != text:
            raise self._broken("nothing lost", "its text was changed", case=code)
        citizen = self._town.filed.get(code)
        written = " ".join(citizen.written) if citizen else text
        # A message about several things becomes cases of their own: the same words, cut apart.
        if strange := _words(text) - _words(written):
            detail = f"its text has words that were not written: {min(strange)}"
            raise self._broken("nothing lost", detail, case=code)

    async def _figures(self, transaction: Transaction, city: City, *, whole: bool) -> None:
        if self._recount is None:
            self._recount = figures.Recount(city.calendar)
        await self._recount.read(transaction)
        now = self._life.now
        month = (now - timedelta(days=31)).astimezone(LOCAL_TIME).replace(day=1)
        start = self._life.start if whole else month
        counted = await figures.figures(transaction, start=start, end=now, now=now, group_by="unit")
        recounted = self._recount.figures(start=start, end=now, now=now, group_by="unit")
        if counted != recounted:
            unit = next(
                each for each in counted.keys() | recounted.keys() if counted.get(each) != recounted.get(each)
            )
            detail = f"{unit}: {counted.get(unit)} is recounted as {recounted.get(unit)}"
            raise self._broken("figures equal to a recount", detail)


def _words(text: str) -> set[str]:
    return {word.strip(EDGES).casefold() for word in text.split()}


def _words_of(notice: Mapping[str, Any] | None) -> str:
    return repr(str(notice["message"].get("text", ""))[:SHOWN]) if notice else "(not recorded)"


def _other_than_told(record: Record) -> str:
    """Return how a case's deadline differs from what its last event says, empty for not at all."""
    written = record.events[-1]["data"]["state"].get("due_at")
    told = datetime.fromisoformat(written) if written else None
    due = record.row["due_at"]
    return "" if due == told else f"due {due}, by its last event {told}"
