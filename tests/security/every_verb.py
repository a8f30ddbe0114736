"""A small world in which every command, button and step can be tried as anybody, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from handlers import dispatch, texts, writing
from handlers.channel import Address, InboundMessage
from handlers.turn import Turn
from routing.workflow import Status
from storage import chats, directives, parts, people, templates
from storage.cases import Case
from storage.database import Transaction
from storage.directives import Directive
from storage.parts import Part
from storage.people import Person, Post
from tests.city import CityHarness, PlainUnderstanding, Somebody

WARD, BESIDE, ABOVE, LEAD = "phuong-khuong-dinh", "phuong-thanh-xuan", "ha-noi", "so-xay-dung"
SECRET = "Bí-mật-của-người-báo"
ROLES: dict[str, tuple[str, str] | None] = {
    "citizen": None,
    "reporter": None,
    "officer": (WARD, "officer"),
    "chair": (WARD, "chair"),
    "officer beside": (BESIDE, "officer"),
    "chair beside": (BESIDE, "chair"),
    "chair above": (ABOVE, "chair"),
    "dispatcher": (ABOVE, "dispatcher"),
    "leader": (ABOVE, "leader"),
    "admin": (ABOVE, "admin"),
}
REFUSALS = frozenset(
    {
        "case_not_yours",
        "no_such_case",
        "step_not_yours",
        "not_an_official",
        "figures_refused",
        "templates_refused",
        "template_not_yours",
        "template_gone",
        "staff_not_yours",
        "post_gone",
        "post_no_longer_held",
        "digest_refused",
        "directive_not_yours",
        "directive_not_allowed",
        "directive_gone",
        "merge_not_yours",
        "no_such_part",
        "only_in_private",
        "channels_refused",
        "no_groups_here",
        "stale_button",
        "draft_gone",
        "groups_refused",
        "group_outsider",
        "group_unbound",
        "unknown_command",
        "privacy_for_admins",
    }
)
TO_ONESELF = {"outbox", "chat", "attempt"}


class Undone(Exception):
    """What was tried is taken back."""


@dataclass
class Outcome:
    """What came of one try: which sentences were said, what was shown, which tables were written."""

    said: set[str] = field(default_factory=set)
    shown: str = ""
    written: set[str] = field(default_factory=set)

    @property
    def refusals(self) -> set[str]:
        return self.said & REFUSALS

    @property
    def reveals(self) -> bool:
        return SECRET in self.shown

    @property
    def changes(self) -> bool:
        return bool(self.written - TO_ONESELF) or "others told" in self.written


@dataclass
class World:
    """One case of a ward, one that waits for a dispatcher, and a part, template and order of that ward."""

    city: CityHarness
    people: dict[str, Somebody] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    case: Case = None  # type: ignore[assignment]
    waiting: Case = None  # type: ignore[assignment]
    said: set[str] = field(default_factory=set)

    def person(self, role: str) -> Person:
        """Return somebody with their post, as handlers know them."""
        held = ROLES[role]
        posts = (Post(id=1, unit_code=held[0], role=held[1]),) if held else ()
        return Person(id=self.ids[role], posts=posts)

    def filled(self, pattern: str) -> str:
        """Return the argument of a verb with codes and numbers of this world in it."""
        return pattern.format(code=self.case.code, waiting=self.waiting.code, **self.ids)

    async def tries(
        self, role: str, *, text: str = "", button: str = "", step: str = "", group: bool = False
    ) -> Outcome:
        """Let somebody do one thing, look at what came of it, and take it back."""
        self.said.clear()
        outcome = Outcome()
        try:
            async with self.city.database.begin() as transaction:
                turn = await self._turn(transaction, role, text=text, button=button, step=step, group=group)
                await dispatch.handle(turn)
                outcome.said = set(self.said)
                self._look(transaction, turn, outcome)
                raise Undone
        except Undone:
            return outcome

    async def _turn(
        self, transaction: Transaction, role: str, *, text: str, button: str, step: str, group: bool
    ) -> Turn:
        somebody = self.people[role]
        chat_id = "g-1" if group else somebody.chat
        found = await chats.load_chats(transaction, [("web", chat_id)])
        known = await people.load_people(transaction, [("web", somebody.chat)], now=self.city.now)
        chat = found["web", chat_id]
        chat.group, chat.person_id = group, None if group else self.ids[role]
        message = InboundMessage(
            address=Address("web", chat_id),
            sender=somebody.chat,
            sender_name=somebody.name,
            message_id="in-1",
            sent_at=self.city.now,
            text=text,
            button=button,
            group=group,
            mentioned=group,
        )
        plain = text and not text.startswith("/")
        turn = Turn(
            transaction=transaction,
            city=self.city.city,
            now=self.city.now,
            message=message,
            chat=chat,
            person=known["web", somebody.chat],
            reading=PlainUnderstanding().read(text, province="ha-noi") if plain else None,
        )
        if step:
            chat.step = step
            if step.startswith(writing.PREFIX):
                writing.keep(turn, writing.Writing(code=self.case.code))
        return turn

    def _look(self, transaction: Transaction, turn: Turn, outcome: Outcome) -> None:
        outcome.written |= {statement.table.name for statement, _ in transaction._inserts.values()}
        outcome.written |= {statement.table.name for statement, _, _ in transaction._updates}
        rows = [
            row
            for statement, kept in transaction._inserts.values()
            if statement.table.name == "outbox"
            for row in kept
        ]
        for row in rows:
            if row["chat"] == turn.chat.chat:
                outcome.shown += str(row["message"])
            else:
                outcome.written.add("others told")


async def build(city: CityHarness, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let the world come to be, and note from then on which sentences are said."""
    world = World(city)
    for role, post in ROLES.items():
        if post is None:
            world.people[role] = city.citizen(role)
            await world.people[role].writes("/trogiup")
        else:
            world.people[role] = await city.official(*post, name=role)
    await _report(world, f"{SECRET}: rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    [world.case] = await city.cases()
    await world.people["officer"].replays(f"accept:{world.case.code}")
    await _report(world, f"{SECRET}: cột gãy ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    world.waiting = next(case for case in await city.cases() if case.status == Status.TRIAGE)
    world.case = next(case for case in await city.cases() if case.id != world.waiting.id)
    await _store(world)
    for name, spoken in _sentences():
        monkeypatch.setattr(texts, name, _noting(world, name, spoken))
    return world


async def _report(world: World, text: str) -> None:
    reporter = world.people["reporter"]
    await reporter.writes(text)
    await reporter.files()


async def _store(world: World) -> None:
    city = world.city
    async with city.database.begin() as transaction:
        known = await people.load_people(
            transaction, [("web", each.chat) for each in world.people.values()], now=city.now
        )
        world.ids = {role: known["web", each.chat].id for role, each in world.people.items()}
        held = await people.held_posts(transaction, now=city.now)
        world.ids |= {f"post_{post.name}".replace(" ", "_"): post.id for post in held}
        world.ids["template"] = templates.add_template(
            transaction,
            unit_code=WARD,
            domain="waste",
            name="Mẫu",
            text=SECRET,
            created_by=world.ids["chair"],
            now=city.now,
        ).id
        world.ids["part"] = 77
        due = city.now + timedelta(days=2)
        part = Part(
            id=77, case_id=world.waiting.id, unit_code=WARD, task=SECRET, asked_at=city.now, due_at=due
        )
        parts.add_part(transaction, part)
        world.ids["directive"] = 88
        directives.add_directive(
            transaction,
            Directive(
                id=88,
                kind="report",
                status=directives.GIVEN,
                unit_code=WARD,
                text=SECRET,
                given_by=world.ids["leader"],
                given_role="leader",
                given_unit=ABOVE,
                channel="web",
                chat=world.people["leader"].chat,
                proposed_at=city.now,
                given_at=city.now,
                due_at=due,
            ),
        )


def _sentences() -> Iterator[tuple[str, Any]]:
    for name in sorted(REFUSALS):
        if spoken := getattr(texts, name, None):
            yield name, spoken


def _noting(world: World, name: str, spoken: Any) -> Any:
    def say(**parts: Any) -> Any:
        world.said.add(name)
        return spoken(**parts)

    return say
