"""Officials who leave and are replaced, and chairs who are away for a week with a deputy in their place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from bot.simulation.life import Life
from bot.simulation.officials import Official, Step
from bot.simulation.town import Town
from handlers import leaving
from handlers.progress import Actor
from routing.deadline import LOCAL_TIME
from storage import people, units
from storage.database import Transaction

LEAVE_IN_A_YEAR = 0.1
AWAY_IN_A_YEAR = 0.5
"""How often an official leaves, and how often a chair with colleagues goes away, within a year."""
TAKEN_AWAY = 0.3
"""Which share of posts an administrator takes away; the others lay theirs down."""
AWAY = timedelta(days=7)
YEAR = timedelta(days=365)
ADMINISTRATOR = Actor(person_id=None, role="admin")


@dataclass(kw_only=True)
class Turnover:
    """Draws who leaves and who goes away, when, and who follows."""

    life: Life
    town: Town
    random: Random
    _leaving: set[str] = field(default_factory=set)

    def plan(self) -> None:
        """Plan all of it; even in a short time somebody leaves and somebody has a deputy."""
        officials = [member for office in self.town.offices.values() for member in office.members]
        for moment in self._moments(len(officials) * LEAVE_IN_A_YEAR):
            self.life.plan(moment, self._somebody_leaves)
        chairs = [each for each in officials if each.role == "chair" and len(each.office.members) > 1]
        for moment in self._moments(len(chairs) * AWAY_IN_A_YEAR):
            self.life.plan(moment, partial(self._goes_away, self.random.choice(chairs)))

    def _moments(self, in_a_year: float) -> Iterator[datetime]:
        time = self.life.end - self.life.start
        for _ in range(max(1, round(in_a_year * (time / YEAR)))):
            yield self.life.start + time * self.random.uniform(0.1, 0.7)

    # ── leaving ──────────────────────────────────────────────────────────────────────────────────

    def _somebody_leaves(self) -> None:
        official = self._who_leaves()
        if official is None:
            return
        self._leaving.add(official.chat)
        if self.random.random() < TAKEN_AWAY:
            at = self.life.city.calendar.next_working_moment(self.life.now)
            self.life.plan(at, lambda: self._is_dismissed(official))
            return
        official.run_errand(
            [
                Step(write="/chucvu"),
                Step(press="leave:"),
                Step(press="leaveyes:", among=True, then=lambda: self._is_gone(official)),
            ]
        )

    def _who_leaves(self) -> Official | None:
        offices = [office for office in self.town.offices.values() if office.members and not office.oversees]
        for _ in range(10):
            official = self.random.choice(self.random.choice(offices).members)
            if official.chat not in self._leaving and official.away_until is None:
                return official
        return None

    async def _is_dismissed(self, official: Official) -> None:
        """Take a post away as the command `people end` does."""

        async def end(transaction: Transaction) -> None:
            city = await units.load_city(transaction)
            assert city is not None
            held = await people.held_posts(transaction, now=self.life.now, units=[official.office.code])
            own = [each for each in held if each.name == self.life.name_of(official.chat)]
            for post in own[:1]:
                now = self.life.now
                await leaving.leave(transaction, city.at(now), post, actor=ADMINISTRATOR, now=now)

        await self.life.command(end)
        self._is_gone(official)

    def _is_gone(self, official: Official) -> None:
        official.gone = True
        official.office.members.remove(official)
        pause = timedelta(hours=self.random.uniform(1, 60))
        at = self.life.city.calendar.next_working_moment(self.life.now + pause)
        self.life.plan(at, lambda: self._is_replaced(official))

    async def _is_replaced(self, official: Official) -> None:
        """Invite somebody as the command `invite` does; they use the code some hours later."""
        office, role = official.office, official.role

        async def invite(transaction: Transaction) -> str:
            return await people.create_invitation(
                transaction, unit_code=office.code, role=role, now=self.life.now
            )

        code = await self.life.command(invite)
        newcomer = self.town.welcome(office, role)
        pause = timedelta(hours=self.random.uniform(0.5, 20))
        at = self.life.city.calendar.next_working_moment(self.life.now + pause)
        self.life.plan(at, lambda: self._begins(newcomer, code))

    def _begins(self, newcomer: Official, code: str) -> None:
        newcomer.office.members.append(newcomer)
        newcomer.run_errand([Step(write=f"/start {code}"), Step(press="work:", optional=True)])

    # ── being away ───────────────────────────────────────────────────────────────────────────────

    def _goes_away(self, chair: Official) -> None:
        if chair.chat in self._leaving or chair.away_until is not None:
            return
        back_at = chair.away_until = self.life.now + AWAY
        last_day = back_at.astimezone(LOCAL_TIME)
        chair.run_errand(
            [
                Step(write="/chucvu"),
                Step(press="deputy:"),
                Step(press="deputyto:", write=f"{last_day:%d/%m/%Y}"),
                Step(press="deputyyes:"),
            ]
        )
        self.life.plan(back_at, lambda: self._is_back(chair))

    def _is_back(self, chair: Official) -> None:
        chair.away_until = None
