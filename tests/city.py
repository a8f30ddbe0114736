"""A whole city for tests: people who write and press buttons, the real worker and delivery, a real database.

    an = city.citizen("an")
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    an.sees("Rác thải", "Phường Khương Đình")
    await an.presses("Đồng ý và gửi")

Only the channel and the understanding are stood in for; time stands still until `city.passes`. With a wire
(`tests/wires/`) the channel is real, too: what people do goes over HTTP, and they see what their app shows.
"""

import asyncio
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.clock import tick_all
from handlers.channel import (
    Acted,
    Address,
    Button,
    Capabilities,
    ChannelError,
    Contact,
    CreateGroup,
    Envelope,
    File,
    GroupAct,
    GroupRights,
    InboundMessage,
    Location,
    NotSupported,
    OutboundMessage,
    Photo,
    Sent,
)
from handlers.delivery import Delivery
from handlers.receipt import ALBUM_PAUSE, Receiver
from handlers.worker import TurnWorker
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from routing.place import read_place
from routing.problems import SpanReading, find_problems
from routing.understanding import Candidate, Reading
from routing.vietnamese import strip_accents
from storage import cases, chats, ledger, people, units
from storage.cases import Case
from storage.database import Database
from tests.wires.shown import Shown
from tests.wires.wire import Wire

MONDAY_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
"""A working day after a working day: Tuesday, 24 November, is Vietnam Cultural Day and off."""


def picture(colour: str = "grey", size: tuple[int, int] = (32, 24)) -> bytes:
    """Return a small JPEG."""
    encoded = BytesIO()
    Image.new("RGB", size, colour).save(encoded, "JPEG")
    return encoded.getvalue()


def picture_png() -> bytes:
    """Return a small PNG, as what the program draws."""
    encoded = BytesIO()
    Image.new("RGB", (40, 30), "white").save(encoded, "PNG")
    return encoded.getvalue()


def _written(message: InboundMessage) -> bytes:
    parts = asdict(message)
    parts["sent_at"] = message.sent_at.isoformat()
    return json.dumps(parts).encode()


def _read(body: bytes) -> InboundMessage:
    parts = json.loads(body)
    parts["address"] = Address(**parts["address"])
    parts["sent_at"] = datetime.fromisoformat(parts["sent_at"])
    parts["photos"] = tuple(Photo(**photo) for photo in parts["photos"])
    parts["location"] = Location(**parts["location"]) if parts["location"] else None
    parts["contact"] = Contact(**parts["contact"]) if parts["contact"] else None
    parts["files"] = tuple(File(**file) for file in parts["files"])
    if rights := parts["rights"]:
        parts["rights"] = GroupRights(**{**rights, "missing": tuple(rights["missing"])})
    return InboundMessage(**parts)


_DOMAIN_WORDS = {
    "rac": "waste",
    "karaoke": "noise",
    "o ga": "roads",
    "den duong": "lighting",
    "mat dien": "electricity",
    "ho so": "public_service",
    "hach dich": "conduct",
    "cay xanh": "trees",
    "ngap": "drainage",
    "via he": "public_order",
}
_KIND_WORDS = {
    "chay nha": "emergency",
    "khieu nai quyet dinh": "grievance",
    "to cao": "denunciation",
    "do ngu": "abuse",
    "xin chao": "smalltalk",
    "cho hoi": "question",
    "de xuat": "suggestion",
}


def _kind_and_domains(text: str) -> tuple[str, list[str]]:
    bare = strip_accents(text).lower()
    found = [domain for word, domain in _DOMAIN_WORDS.items() if re.search(rf"\b{word}\b", bare)]
    return next((kind for word, kind in _KIND_WORDS.items() if word in bare), "feedback"), found


class PlainUnderstanding:
    """Reads kind and domain by a few words, one word for one thing, and places as the product does.

    No word or two words of different domains leave the domain in doubt.
    """

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        return [self.read(text, province=province) for text in texts]

    def read(self, text: str, *, province: str | None) -> Reading:
        if "làm hỏng chương trình" in text:
            raise ValueError("this text breaks the reading")
        kind, found = _kind_and_domains(text)
        sure = len(found) == 1
        confidence = 0.9 if sure else 0.4
        candidates = [*found, *(each for each in ("other", "public_order", "traffic") if each not in found)]
        place = read_place(text, province=province)
        return Reading(
            text=text,
            kind=kind,
            kind_confidence=0.9,
            urgent=kind == "emergency" or "nguy hiem" in strip_accents(text).lower(),
            domain=candidates[0],
            confidence=confidence,
            candidates=tuple(
                Candidate(domain=domain, confidence=confidence / (number + 1))
                for number, domain in enumerate(candidates[:3])
            ),
            needs_triage=not sure,
            place=place,
            reasons=(),
            personal_data=(),
            model_version="plain",
            problems=find_problems(
                text,
                place=place,
                read_span=self._read_span,
                read_place=lambda span: read_place(span, province=province),
            ),
        )

    def _read_span(self, span: str) -> SpanReading:
        kind, found = _kind_and_domains(span)
        return SpanReading(
            kind=kind, domains=dict.fromkeys(found, 0.9 / max(1, len(found))) or {"other": 0.3}
        )


class RecordingChannel:
    """A channel without a vendor: it keeps what was sent and asked of it, and fails on demand."""

    def __init__(self, name: str = "web", *, can_create_groups: bool = True) -> None:
        self.name = name
        self.capabilities = Capabilities(
            source="https://example.org",
            text_limit=4096,
            write_first=True,
            create_group=can_create_groups,
            topics=True,
            files=True,
        )
        self.shown: dict[str, list[Shown]] = {}
        self.acts: list[tuple[Address, GroupAct]] = []
        """What it was asked to do with groups, in order; the asker's chat for "create" and "link"."""
        self.created: list[CreateGroup] = []
        self.outcomes: dict[str, Acted | ChannelError] = {}
        """What comes of an act (by its `do`) in place of the usual."""
        self.pictures: dict[str, bytes | ChannelError] = {}
        self.recordings: dict[str, bytes | ChannelError] = {}
        """Contents of files, by reference."""
        self.fetched: list[str] = []
        """References of the photos and files that were asked for."""
        self.failures: dict[str, ChannelError] = {}
        self._numbers = itertools.count(1)

    @property
    def can_create_groups(self) -> bool:
        """Whether it can make a group itself; where not, it gives a link, as Telegram does."""
        return self.capabilities.create_group

    @can_create_groups.setter
    def can_create_groups(self, can: bool) -> None:
        self.capabilities = replace(self.capabilities, create_group=can)

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        message = _read(body)
        return Envelope(external_id=f"{next(self._numbers)}", chat=message.address.chat, album=message.album)

    def parse(self, body: bytes) -> InboundMessage | None:
        return _read(body)

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        if failure := self.failures.get(address.chat):
            raise failure
        shown = Shown(id=f"out-{next(self._numbers)}", message=message)
        self.shown.setdefault(address.chat, []).append(shown)
        return Sent(message_id=shown.id)

    async def fetch(self, photo: Photo) -> bytes:
        self.fetched.append(photo.reference)
        found = self.pictures.get(photo.reference, b"")
        if isinstance(found, ChannelError):
            raise found
        return found or picture()

    async def create_group(self, wish: CreateGroup) -> Address:
        if not self.can_create_groups:
            raise NotSupported
        self.created.append(wish)
        made = self._outcome(GroupAct(do="create"))
        return Address(self.name, made.value)

    async def act(self, address: Address, act: GroupAct) -> Acted:
        if failure := self.failures.get(address.chat):
            raise failure
        if self.can_create_groups and act.do == "link":
            raise NotSupported
        self.acts.append((address, act))
        return self._outcome(act)

    async def fetch_file(self, file: File) -> bytes:
        self.fetched.append(file.reference)
        found = self.recordings.get(file.reference, b"OggS recording")
        if isinstance(found, ChannelError):
            raise found
        return found

    def done(self, do: str) -> list[GroupAct]:
        """Return the acts of one sort that were asked for."""
        return [act for _, act in self.acts if act.do == do]

    def _outcome(self, act: GroupAct) -> Acted:
        planned = self.outcomes.get(act.do)
        if isinstance(planned, ChannelError):
            raise planned
        return planned or self._usual(act)

    def _usual(self, act: GroupAct) -> Acted:
        number = next(self._numbers)
        match act.do:
            case "create":
                return Acted(value=f"group-{number}")
            case "link":
                return Acted(value=f"https://chat.example/bot?startgroup={act.token}")
            case "check":
                return Acted(rights=GroupRights(member=True, forum=True))
            case "invite":
                return Acted(value=f"https://chat.example/+{number}")
            case "open_topic":
                return Acted(value=f"{number}")
        return Acted()


@dataclass(kw_only=True)
class Somebody:
    """A person with one chat. What arrived since their last deed is what they `see`."""

    harness: "CityHarness"
    chat: str
    name: str = ""
    channel: str
    group: bool = False
    user: str = ""
    mentioned: bool = False
    """Whether what they write in a group names the bot."""
    topic: str = ""
    """The topic of the group that they write in."""
    seen: int = 0
    sent: list[InboundMessage] = field(default_factory=list)

    @property
    def known_as(self) -> str:
        """The name that the channel tells the bot; empty where it tells none."""
        wire = self.harness.wire
        return self.name if wire is None or wire.name != self.channel or wire.tells_names else ""

    def needs_a_name(self) -> None:
        """Skip the test on a channel that tells the bot nobody's name."""
        if not self.known_as and self.harness.wire:
            self.harness.wire.cannot("tell the bot what people are called")

    @property
    def screen(self) -> list[Shown]:
        """Everything ever shown in the chat."""
        return self.harness.channels[self.channel].shown.get(self.chat, [])

    @property
    def news(self) -> list[Shown]:
        """What was shown since the last deed."""
        return self.screen[self.seen :]

    @property
    def last(self) -> Shown:
        """The latest message in the chat."""
        return self.screen[-1]

    @property
    def photos(self) -> list[str]:
        """Media keys of the pictures in the news."""
        return [photo.media_key for shown in self.news for photo in shown.message.photos]

    async def writes(
        self, text: str, *, photos: int = 0, reply_to: Shown | None = None, **parts: Any
    ) -> InboundMessage:
        """Send a text, perhaps with pictures, perhaps as a reply to what was shown."""
        reply = reply_to.id if reply_to else ""
        return await self.does(text=text, photos=self.pictures(photos), reply_to=reply, **parts)

    async def sends(self, **parts: Any) -> InboundMessage:
        """Send anything else: `photos=2`, `position=(21.0, 105.8)`, `unsupported="voice"`, `phone="09.."`,
        `voice=1` (a number of recordings), `document="don.pdf"`; in a group also `rights=GroupRights(...)`,
        `joined=True`, `left=True`, `moved_to="-2"`, `member_joined=True`, `member_left=True`,
        `wants_in=True, invite="https://…"`.
        """
        if recordings := parts.pop("voice", 0):
            parts |= {"files": tuple(self.recording() for _ in range(recordings)), "unsupported": "voice"}
        if name := parts.pop("document", ""):
            parts |= {"files": (self.document(name),), "unsupported": "file"}
        if isinstance(count := parts.get("photos"), int):
            parts["photos"] = self.pictures(count)
        if position := parts.pop("position", None):
            parts["location"] = Location(latitude=position[0], longitude=position[1])
        if phone := parts.pop("phone", None):
            parts["contact"] = Contact(phone=phone, own=True)
        return await self.does(**parts)

    async def edits(self, message: InboundMessage, text: str) -> InboundMessage:
        """Change the text of what was sent earlier."""
        return await self.does(text=text, message_id=message.message_id, edited=True)

    async def presses(self, label_or_data: str) -> InboundMessage:
        """Press the latest button with this label (or a label that begins so), or of this very data.

        One that stands behind "Việc khác…" is looked for there.
        """
        if (found := self._button(label_or_data)) is None and (more := self._button("Việc khác…")):
            await self.does(button=more[1].data, button_message=more[0].id)
            found = self._button(label_or_data)
        assert found, f"no button {label_or_data!r} on the screen:\n{self._told(self.screen)}"
        shown, button = found
        return await self.does(button=button.data, button_message=shown.id)

    def _button(self, wanted: str) -> tuple[Shown, Button] | None:
        for shown in reversed(self.screen):
            for button in shown.buttons:
                if button.data == wanted or button.label.startswith(wanted):
                    return shown, button
        return None

    async def files(self) -> None:
        """Send the draft that is shown; where something like it is known, as another matter."""
        await self.presses("Đồng ý và gửi")
        if "Không, việc khác" in self.last.labels:
            await self.presses("Không, việc khác")

    async def replays(self, data: str) -> InboundMessage:
        """Send the data of a button that may not be on the screen at all.

        Where there are no buttons nobody can do so; there it is looked for on the screen and chosen.
        """
        if self.harness.channels[self.channel].capabilities.buttons:
            return await self.does(button=data, button_message="")
        found = self._button(data)
        if found is None and (more := self._more_about(data)):
            await self.does(button=more[1].data, button_message=more[0].id)
            found = self._button(data)
        return await self.does(button=data, button_message=found[0].id if found else "")

    def _more_about(self, data: str) -> tuple[Shown, Button] | None:
        """Return the button that opens the further choices about the case that some data is about."""
        code = data.partition(":")[2].partition(":")[0]
        for shown in reversed(self.screen):
            for button in shown.buttons:
                if code and button.label == "Việc khác…" and code in button.data:
                    return shown, button
        return None

    async def does(self, **parts: Any) -> InboundMessage:
        """Do one thing in the chat and let the city react."""
        message = self.message(**parts)
        self.seen = len(self.screen)
        self.harness.now += await self.harness.receive(self.channel, message)
        await self.harness.settles()
        return message

    def message(self, **parts: Any) -> InboundMessage:
        """Return a message of this person's."""
        message = InboundMessage(
            address=Address(self.channel, self.chat),
            sender=self.user or self.chat,
            sender_name=self.name,
            sent_at=self.harness.now,
            group=self.group,
            **{
                "message_id": f"in-{next(self.harness.numbers)}",
                "mentioned": self.mentioned,
                "topic": self.topic,
                **parts,
            },
        )
        self.sent.append(message)
        return message

    def pictures(self, count: int) -> tuple[Photo, ...]:
        """Return so many pictures as the channel would refer to them."""
        return tuple(Photo(reference=f"{self.chat}-{next(self.harness.numbers)}") for _ in range(count))

    def recording(self) -> File:
        """Return a voice message as the channel would refer to it."""
        return File(kind="voice", reference=f"{self.chat}-{next(self.harness.numbers)}", mime="audio/ogg")

    def document(self, name: str) -> File:
        """Return a document as the channel would refer to it."""
        reference = f"{self.chat}-{next(self.harness.numbers)}"
        return File(reference=reference, name=name, mime="application/pdf")

    def sees(self, *fragments: str) -> None:
        """Assert that the news hold every fragment, in texts or on buttons."""
        told = self._told(self.news)
        for fragment in fragments:
            assert fragment in told, f"{self.chat} does not see {fragment!r} in:\n{told}"

    def does_not_see(self, *fragments: str) -> None:
        """Assert that no news hold any of the fragments."""
        told = self._told(self.news)
        for fragment in fragments:
            assert fragment not in told, f"{self.chat} sees {fragment!r} in:\n{told}"

    def is_asked_for_a_position(self) -> None:
        """Assert that the news hold the wish for a position, where the channel can bring one."""
        if self.harness.channels[self.channel].capabilities.locations:
            self.sees("[Gửi vị trí]")
        else:
            self.does_not_see("[Gửi vị trí]")

    def sees_nothing(self) -> None:
        """Assert that there is no news."""
        assert not self.news, f"{self.chat} sees:\n{self._told(self.news)}"

    def reads(self) -> None:
        """Take note of everything shown so far."""
        self.seen = len(self.screen)

    def _told(self, shown: Sequence[Shown]) -> str:
        return "\n---\n".join(map(str, shown)) or "(nothing)"


class CityHarness:
    """The city, its clock, its people and its database. Time moves only in `passes` and `becomes`."""

    def __init__(
        self,
        *,
        database: Database,
        city: City,
        understanding: Any,
        media_dir: Path,
        now: datetime,
        wire: Wire | None = None,
    ) -> None:
        self.database, self.city, self.now = database, city, now
        self.media_dir = media_dir
        self.numbers = itertools.count(1)
        self.wire = wire
        self.channel: Any = wire or RecordingChannel("web")
        """The channel that people use unless it is said otherwise."""
        self.channels: dict[str, Any] = {
            self.channel.name: self.channel,
            "other": RecordingChannel("other", can_create_groups=False),
        }
        self.receiver = Receiver(database, stored=lambda: None, now=self.clock)
        self.worker = TurnWorker(
            database,
            channels=self.channels,
            understanding=understanding,
            media_dir=media_dir,
            committed=lambda: None,
            now=self.clock,
        )
        self.drawn: list[dict[str, Any]] = []
        """What the delivery had drawn, as it was described."""
        self.exported: list[dict[str, Any]] = []
        self.delivery = Delivery(
            database,
            channels=self.channels,
            media_dir=media_dir,
            draw=self._draw,
            export=self._export,
            budget=1_000_000,
            now=self.clock,
        )
        self._people: dict[str, Somebody] = {}

    async def _draw(self, spec: dict[str, Any]) -> bytes:
        self.drawn.append(spec)
        return picture_png()

    async def _export(self, spec: dict[str, Any]) -> tuple[bytes, str]:
        self.exported.append(spec)
        return b"PK\3\4 workbook", "so-lieu.xlsx"

    def clock(self) -> datetime:
        """Return the time of the city."""
        return self.now

    async def receive(self, channel: str, message: InboundMessage) -> timedelta:
        """Let a channel bring what somebody did; return how long the program waits for more of it."""
        if self.wire and channel == self.wire.name:
            return await self.wire.brings(message)
        body = _written(message)
        await self.receiver.receive(channel, self.channels[channel].envelope(body, {}), body)
        return timedelta()

    def id_of(self, message: InboundMessage) -> str:
        """Return the id by which the program knows what somebody sent."""
        return self.wire.id_of(message) if self.wire else message.message_id

    async def settles(self) -> None:
        """Let the worker and the delivery do all that is due."""
        await self.worker.drain()
        await self.delivery.drain()
        if self.wire:
            await self.wire.looks()

    async def passes(self, **duration: float) -> None:
        """Let time pass (as for timedelta), then let what became due happen."""
        self.now += timedelta(**duration)
        await self.settles()

    async def becomes(self, local: datetime) -> None:
        """Set the clock to a local time."""
        self.now = local.replace(tzinfo=LOCAL_TIME)
        await self.settles()

    async def ticks(self) -> None:
        """Let the clock jobs run once."""
        await tick_all(self.database, self.now)
        await self.settles()

    async def album(self, somebody: Somebody, *, photos: int, text: str = "", album: str = "album") -> None:
        """Let somebody send several pictures as an album: one update for each, the text on the first."""
        somebody.seen = len(somebody.screen)
        for number in range(photos):
            part = somebody.message(
                text=text if number == 0 else "", photos=somebody.pictures(1), album=album
            )
            await self.receive(somebody.channel, part)
        await self.passes(seconds=ALBUM_PAUSE.total_seconds() + 0.5)

    def citizen(self, name: str, *, channel: str = "") -> Somebody:
        """Return a person of the city; the same one for the same name."""
        channel = channel or self.channel.name
        person = self._people.get(f"{channel}:{name}")
        if person is None:
            person = self._people[f"{channel}:{name}"] = Somebody(
                harness=self,
                chat=self._chat_of(name.title(), name, channel),
                name=name.title(),
                channel=channel,
            )
        return person

    def _chat_of(self, name: str, chat: str, channel: str) -> str:
        """Return the id of somebody's chat: on a wire one as the vendor gives them."""
        return self.wire.chat_of(name) if self.wire and channel == self.wire.name else chat

    async def official(self, unit_code: str, role: str, *, name: str = "", channel: str = "") -> Somebody:
        """Return somebody with a post, who has written to the bot before."""
        channel = channel or self.channel.name
        name = name or f"{role} {self.city.units[unit_code].name}"
        official = self._people.get(f"{channel}:{name}")
        if official is None:
            official = Somebody(
                harness=self, chat=self._chat_of(name, name, channel), name=name, channel=channel
            )
            self._people[f"{channel}:{name}"] = official
            if self.wire and channel == self.wire.name:
                await self.wire.has_written(official.chat)
            async with self.database.begin() as transaction:
                added = people.add_person(
                    transaction, channel=channel, user=official.chat, name=name, now=self.now
                )
                chat = chats.Chat(channel=channel, chat=official.chat, person_id=added.id)
                chats.save_chat(transaction, chat, now=self.now)
                people.add_post(transaction, person_id=added.id, unit_code=unit_code, role=role, now=self.now)
        return official

    def somebody_in_group(
        self,
        group: str,
        user: str | Somebody,
        *,
        mentioned: bool | None = None,
        topic: str = "",
        channel: str = "",
    ) -> Somebody:
        """Return a person writing in a group chat; `user` may be one who writes in private, too.

        mentioned: whether they name the bot; where nothing is said, only where it hears nothing else.
        """
        channel = channel or self.channel.name
        if isinstance(user, Somebody):
            name, channel, user = user.name, user.channel, user.chat
        else:
            name = user.title()
            user = self._chat_of(name, user, channel)
        if self.wire and channel == self.wire.name:
            group = self.wire.group_of(group)
        if mentioned is None:
            mentioned = self.channels[channel].capabilities.mentions_only
        return Somebody(
            harness=self,
            chat=group,
            user=user,
            name=name,
            channel=channel,
            group=True,
            mentioned=mentioned,
            topic=topic,
        )

    async def invitation(self, unit_code: str, role: str) -> str:
        """Return a fresh invitation code."""
        async with self.database.begin() as transaction:
            return await people.create_invitation(transaction, unit_code=unit_code, role=role, now=self.now)

    async def cases(self) -> list[Case]:
        """Return every case, in order of receipt."""
        async with self.database.read() as transaction:
            rows = await transaction.fetch(cases._ALL.order_by(cases.case_table.c.id))
            return [Case(**row) for row in rows]

    async def only_case(self) -> Case:
        """Return the one case that there is."""
        (case,) = await self.cases()
        return case

    async def events(self, case: Case) -> list[ledger.Event]:
        """Return what happened to a case; that somebody looked at it is not told."""
        async with self.database.read() as transaction:
            told = await ledger.events_of(transaction, case.id)
        return [event for event in told if event.type != "viewed"]

    async def photos(self, case: Case, purpose: str = "report") -> list[str]:
        """Return the media keys of a case's pictures."""
        async with self.database.read() as transaction:
            return await cases.photos_of(transaction, case.id, purpose)

    async def rows(self, statement: Any) -> list[dict[str, Any]]:
        """Return the rows of any query."""
        async with self.database.read() as transaction:
            return [dict(row) for row in await transaction.fetch(statement)]

    async def changes(self, **changes: Any) -> None:
        """Store the city again with other settings (fields of City)."""
        await self.founds(replace(self.city, **changes))

    async def founds(self, city: City) -> None:
        """Store another city in place of this one."""
        self.city = city
        async with self.database.begin() as transaction:
            await units.save_city(transaction, to_document(self.city), now=self.now)


async def _found(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=MONDAY_MORNING)
    await database.close()


@pytest.fixture(scope="session")
def city_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Hà Nội in it, to copy."""
    path = tmp_path_factory.mktemp("city") / "langnghe.db"
    shutil.copy(migrated_file, path)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _found(path)).result()
    return path


@pytest.fixture
async def city(tmp_path: Path, city_file: Path) -> AsyncIterator[CityHarness]:
    """Hà Nội on a Monday morning, nobody in it yet."""
    async with open_hanoi(city_file, tmp_path) as harness:
        yield harness


@cache
def _hanoi() -> City:
    return build_city("Hà Nội")


_cities: dict[Path, tuple[City | None, int]] = {}
"""What the worker made of the city in each file to copy: reading it takes longer than most tests."""


async def _read_once(harness: CityHarness, city_file: Path) -> None:
    worker = harness.worker
    if city_file not in _cities:
        async with harness.database.read() as transaction:
            await worker._follow_city(transaction)
        _cities[city_file] = (worker._city, worker._city_version)
    worker._city, worker._city_version = _cities[city_file]


@asynccontextmanager
async def open_hanoi(city_file: Path, folder: Path, wire: Wire | None = None) -> AsyncIterator[CityHarness]:
    """Open a fresh Hà Nội on a Monday morning, nobody in it yet; its people behind a wire if one is given."""
    database = Database(f"sqlite:///{shutil.copy(city_file, folder / 'city.db')}")
    media = folder / "media"
    media.mkdir()
    harness = CityHarness(
        database=database,
        city=_hanoi(),
        understanding=PlainUnderstanding(),
        media_dir=media,
        now=MONDAY_MORNING,
        wire=wire,
    )
    try:
        await _read_once(harness, city_file)
        if wire:
            await wire.opens(
                database=database, receiver=harness.receiver, media_dir=media, clock=harness.clock
            )
        yield harness
    finally:
        try:
            if wire:
                await wire.closes()
        finally:
            await database.close()
