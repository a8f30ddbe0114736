"""A simulated town: who lives and works there, and the year that they live through."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from bot.simulation.citizens import Citizen
from bot.simulation.complaints import WORDS, Complaint, Composer, words
from bot.simulation.life import Life
from bot.simulation.officials import Dispatcher, Leader, Office, Official
from bot.simulation.weather import Weather
from routing.organisation import City, Unit
from storage.database import Database, Transaction

REPORTS_OF_A_CITIZEN = 4
"""How many reports one citizen writes, on average."""
SAME_INCIDENT = 0.04
"""How often somebody reports what a neighbour has reported within the last days."""
LAZY, DILIGENT = 0.15, 0.3
"""Which share of the units is slow, and which is quick."""
PHOTOS = 0.35
NEIGHBOURS = 40
"""So many reports back lies what a neighbour reports too."""
NEWCOMERS_FROM = 100
"""Above this number are those who came later."""
MOVED_IN_BEFORE = timedelta(days=1)
"""Officials came a day before all begins: nobody takes them to be at their phones that night."""


@dataclass(kw_only=True)
class Town:
    """The people of a simulated city."""

    life: Life
    city: City
    cases: int
    photos: Sequence[str] = ()
    wards: frozenset[str] = frozenset()
    """The names of the wards with people; empty for all."""
    composer: "Complaints | None" = None
    """What people complain of; by default composed from the corpus."""
    rest_from: datetime | None = None
    """From when on dispatchers leave what waits."""
    truth: dict[str, Complaint] = field(default_factory=dict)
    """Tracking code → what its writer meant."""
    filed: dict[str, Citizen] = field(default_factory=dict)
    """Tracking code → who reported it."""
    offices: dict[str, Office] = field(default_factory=dict)
    known_about: "deque[Complaint]" = field(default_factory=lambda: deque(maxlen=NEIGHBOURS))
    """What was reported lately."""
    _newcomers: int = 0

    async def settle(self, database: Database) -> None:
        """Bring everybody into the city, and plan what will be reported."""
        random = Random(f"town {self.life.random.random()}")
        self.life.now -= MOVED_IN_BEFORE
        async with database.begin() as transaction:
            for unit in self._units_with_people():
                await self._staff(transaction, unit, random)
            await self._staff_city(transaction)
        self.life.now += MOVED_IN_BEFORE
        self._plan_reports(random)

    def _units_with_people(self) -> list[Unit]:
        """Return the units that have officials: all but the root, and the wards with all below them."""
        return [unit for unit in self.city.units.values() if self._has_people(unit)]

    def _has_people(self, unit: Unit) -> bool:
        if unit.code == self.city.root.code:
            return False
        return not self.wards or all(
            each.kind != "ward" or each.name in self.wards for each in self.city.path(unit.code)
        )

    async def _staff(self, transaction: Transaction, unit: Unit, random: Random) -> None:
        slowness = random.choices((3.0, 0.5, 1.0), (LAZY, DILIGENT, 1 - LAZY - DILIGENT))[0]
        office = self.offices[unit.code] = Office(code=unit.code, slowness=slowness)
        busy = unit.kind == "department" or unit.kind == "company"
        officers = random.randrange(3, 6) if busy else random.randrange(0, 3)
        roles = ["chair", *["officer"] * officers]
        for number, role in enumerate(roles):
            await self._hire(transaction, office, role, number)

    async def _hire(self, transaction: Transaction, office: Office, role: str, number: int) -> None:
        """Give a unit one more official from the beginning."""
        official = self._official(f"{role}-{number}-{office.code}", office, role, number)
        office.members.append(official)
        await self.life.appoint(transaction, official.chat, office.code, role)

    def welcome(self, office: Office, role: str) -> Official:
        """Bring somebody into the city who will get a post at a unit; they work there from then on."""
        self._newcomers += 1
        number = NEWCOMERS_FROM + self._newcomers
        return self._official(f"{role}-{number}-{office.code}", office, role, number)

    def _official(self, chat: str, office: Office, role: str, number: int) -> Official:
        official = Official(self.life, chat, role=role, office=office, truth=self.truth, photos=self.photos)
        unit = self.city.units.get(office.code)
        name = WORDS["posts"][role].format(unit=unit.name if unit else office.code, number=number)
        self.life.settle(chat, name, official)
        return official

    def merge_offices(self, codes: Sequence[str], into: str) -> None:
        """Let the people of several units work as one."""
        former = [self.offices.pop(code) for code in codes]
        slowness = sum(office.slowness for office in former) / len(former)
        merged = self.offices[into] = Office(code=into, slowness=slowness)
        for member in (member for office in former for member in office.members):
            member.office = merged
            merged.members.append(member)

    async def _staff_city(self, transaction: Transaction) -> None:
        root = self.city.root.code
        if not self.wards:
            office = self.offices[root] = Office(code=root, slowness=1.0, oversees=True)
            await self._hire(transaction, office, "chair", 0)
        for number in (1, 2):
            chat = f"dispatcher-{number}"
            name = WORDS["posts"]["dispatcher"].format(number=number)
            dispatcher = Dispatcher(self.life, chat, truth=self.truth, rest_from=self.rest_from)
            self.life.settle(chat, name, dispatcher)
            await self.life.appoint(transaction, chat, root, "dispatcher")
            leader = Leader(self.life, f"leader-{number}", questions=WORDS["leader_questions"])
            self.life.settle(leader.chat, WORDS["posts"]["leader"].format(number=number), leader)
            await self.life.appoint(transaction, leader.chat, root, "leader")
            leader.begin()
        admin = Leader(self.life, "admin", questions=WORDS["help"])
        self.life.settle(admin.chat, WORDS["posts"]["admin"], admin)
        await self.life.appoint(transaction, admin.chat, root, "admin")

    # ── reports ──────────────────────────────────────────────────────────────────────────────────

    def _plan_reports(self, random: Random) -> None:
        weather = Weather(self.city.calendar, start=self.life.start, end=self.life.end, random=random)
        citizens = [self._citizen(number) for number in range(max(1, self.cases // REPORTS_OF_A_CITIZEN))]
        wards = tuple(unit.name for unit in self._units_with_people() if unit.kind == "ward")
        composer = self.composer or Composer(random, wards=wards, domains=tuple(self.city.domains))
        for moment in weather.moments(self.cases, random):
            storm = weather.storm_at(moment) is not None and random.random() < 0.8
            report = _Report(town=self, composer=composer, citizens=citizens, storm=storm)
            self.life.plan(moment, report.write)

    def _citizen(self, number: int) -> Citizen:
        citizen = Citizen(self.life, f"citizen-{number}", filed=self._note)
        self.life.settle(citizen.chat, WORDS["citizen"].format(number=number), citizen)
        return citizen

    def _note(self, code: str, citizen: Citizen) -> None:
        if citizen.complaint is not None:
            self.truth[code] = citizen.complaint
        self.filed[code] = citizen


@dataclass(kw_only=True)
class _Report:
    """Somebody will report something; who and what is drawn when the time has come."""

    town: Town
    composer: "Complaints"
    citizens: Sequence[Citizen]
    storm: bool

    def write(self) -> None:
        """Let a citizen who has nothing else under way write."""
        life = self.town.life
        free = next((citizen for citizen in self._drawn() if not citizen.busy), None)
        if free is None:
            life.after(timedelta(hours=1), self.write)
            return
        complaint = self._complaint()
        photos = self.town.photos
        shown = tuple(life.random.sample(photos, 1)) if photos and life.random.random() < PHOTOS else ()
        free.report(complaint, shown)

    def _complaint(self) -> Complaint:
        """Return something new, or what a neighbour has reported, in words that differ a little."""
        random, known = self.town.life.random, self.town.known_about
        if known and random.random() < SAME_INCIDENT:
            told = random.choice(known)
            return replace(told, text=f"{told.text.rstrip(' .!')}. {words('same_again', random)}")
        complaint = self.composer.compose(storm=self.storm)
        known.append(complaint)
        return complaint

    def _drawn(self) -> Iterator[Citizen]:
        for _ in range(5):
            yield self.town.life.random.choice(self.citizens)


class Complaints(Protocol):
    """Whatever tells what somebody complains of."""

    def compose(self, *, storm: bool = False) -> Complaint:
        """Return the next complaint; of a storm, if one rages."""
        ...
