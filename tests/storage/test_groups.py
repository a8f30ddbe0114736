"""Groups are found by chat, by word and by case; members and topics are kept with them."""

from datetime import timedelta
from typing import Any

from storage import chats, groups, messages
from storage.cases import add_case
from storage.database import Database, Transaction
from storage.groups import Group, Member
from storage.identity import new_id
from storage.people import add_person
from storage.tables import account
from tests.storage.samples import HOUR, NOON, UNITS, a_case, add_reporter

ABOVE, WARD, BESIDE = UNITS


def proposed(transaction: Transaction, person_id: int, **more: Any) -> Group:
    """Store a group that is shown to somebody."""
    parts: dict[str, Any] = {
        "channel": "web",
        "purpose": "cluster",
        "unit_code": ABOVE,
        "units": [WARD],
        "case_id": None,
    }
    return groups.propose_group(
        transaction, title="Cụm 1", created_by=person_id, now=NOON, **{**parts, **more}
    )


def member(group: Group, person_id: int, state: str, *, invite: str | None = None) -> Member:
    """Return a member of the ward."""
    return Member(
        group_id=group.id,
        person_id=person_id,
        user=str(person_id),
        unit_code=WARD,
        role="chair",
        state=state,
        invite=invite,
    )


async def bound(database: Database, chat: str = "g-1", **more: Any) -> Group:
    """Store a group with a chat."""
    person = await add_reporter(database)
    async with database.begin() as transaction:
        group = proposed(transaction, person, **more)
        await groups.bind(transaction, group.id, chat, forum=True, now=NOON)
        found = await groups.group_of(transaction, "web", chat)
        assert found is not None
        return found


async def test_a_group_is_one_only_once_it_has_a_chat(database: Database) -> None:
    person = await add_reporter(database)
    async with database.begin() as transaction:
        group = proposed(transaction, person)
        assert await groups.group_of(transaction, "web", "") is None
        assert await groups.get_group(transaction, group.id) == group
        await groups.bind(transaction, group.id, "g-1", forum=False, now=NOON)
        found = await groups.group_of(transaction, "web", "g-1")
        assert found is not None
        assert (found.status, found.units, found.title) == ("active", (WARD,), "Cụm 1")
        assert await groups.group_of(transaction, "telegram", "g-1") is None
        groups.close_group(transaction, group.id)
        assert await groups.group_of(transaction, "web", "g-1") is None


async def test_the_word_of_a_group_works_once_and_for_a_day(database: Database) -> None:
    person = await add_reporter(database)
    async with database.begin() as transaction:
        group = proposed(transaction, person)
        groups.set_token(transaction, group.id, "ABC", now=NOON)
        assert await groups.group_by_token(transaction, "ABD", now=NOON) is None
        assert await groups.group_by_token(transaction, "", now=NOON) is None
        assert await groups.group_by_token(transaction, "ABC", now=NOON + 24 * HOUR) is None
        found = await groups.group_by_token(transaction, "ABC", now=NOON + 23 * HOUR)
        assert found is not None
        await groups.bind(transaction, group.id, "g-1", forum=False, now=NOON)
        assert await groups.group_by_token(transaction, "ABC", now=NOON) is None


async def test_what_was_shown_and_never_made_is_forgotten(database: Database) -> None:
    person = await add_reporter(database)
    async with database.begin() as transaction:
        kept, gone = proposed(transaction, person), proposed(transaction, person)
        groups.set_status(transaction, kept.id, groups.ASKED)
        assert await groups.forget_proposed(transaction, before=NOON + HOUR) == 1
        assert await groups.get_group(transaction, kept.id) is not None
        assert await groups.get_group(transaction, gone.id) is None


async def test_members_are_known_by_person_and_by_invitation(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        people = [
            add_person(transaction, channel="web", user=f"c{number}", name="Chủ tịch", now=NOON).id
            for number in range(3)
        ]
        for person, state, link in zip(
            people, ("joined", "invited", "removed"), (None, "l-1", None), strict=True
        ):
            groups.save_member(transaction, member(group, person, state, invite=link), now=NOON)
        found = await groups.member_by_invite(transaction, "l-1")
        assert found is not None
        assert found.person_id == people[1]
        assert await groups.member_by_invite(transaction, "") is None
        assert [each.id for each in await groups.groups_of_person(transaction, people[0])] == [group.id]
        assert await groups.groups_of_person(transaction, people[1]) == []
        groups.save_member(transaction, member(group, people[0], "left"), now=NOON)
        assert len(await groups.members_of(transaction, [group.id])) == 3
        assert await groups.groups_of_person(transaction, people[0]) == []


async def test_a_lost_group_is_still_known(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        groups.save_member(transaction, member(group, group.created_by, "joined"), now=NOON)
        groups.set_lost(transaction, group.id, now=NOON + HOUR)
        found = await groups.group_of(transaction, "web", "g-1")
        assert found is not None
        assert (found.status, found.lost_at) == ("lost", NOON + HOUR)
        groups.set_found(transaction, group.id)
        again = await groups.get_group(transaction, group.id)
        assert again is not None
        assert (again.status, again.lost_at) == ("active", None)


async def test_a_group_follows_its_chat_but_never_onto_another(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        await chats.move_chat(transaction, channel="web", old="g-1", new="g-2", at=NOON)
        found = await groups.group_of(transaction, "web", "g-2")
        assert found is not None
        assert found.id == group.id
        other = proposed(transaction, group.created_by)
        await groups.bind(transaction, other.id, "g-3", forum=False, now=NOON)
        await groups.move_group(transaction, channel="web", old="g-2", new="g-3")
        assert (await groups.get_group(transaction, group.id) or group).chat == "g-2"


async def test_what_could_not_be_sent_is_sent_once_the_group_is_back(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        for number in range(3):
            messages.post_notice(
                transaction, channel="web", chat="g-1", message={"text": f"{number}"}, at=NOON
            )
    for number in range(3):
        async with database.begin() as transaction:
            (notice,) = await messages.claim_notices(transaction, now=NOON, limit=5)
            at = NOON + number * HOUR
            messages.set_notice_aside(transaction, notice.id, at=at, why="gone")
    async with database.begin() as transaction:
        since, now = NOON + timedelta(minutes=30), NOON + 5 * HOUR
        assert await groups.resend(transaction, group, since=since, now=now) == 2
        (first,) = await messages.claim_notices(transaction, now=now, limit=5)
        assert first.message == {"text": "1"}


async def test_topics_are_found_by_what_they_are_for(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        assert not await groups.has_topic(transaction, group.id, "case:HN-1")
        groups.add_topic(transaction, group.id, "case:HN-1", title="HN-1", now=NOON)
        groups.add_topic(transaction, group.id, "unit:a", title="A", now=NOON)
        assert await groups.has_topic(transaction, group.id, "case:HN-1")
        wanted = [("web", "g-1", "case:HN-1"), ("web", "g-1", "unit:a"), ("web", "g-9", "case:HN-1")]
        assert await groups.topics_of(transaction, wanted) == {}
        groups.topic_opened(transaction, group.id, "case:HN-1", "77")
        assert await groups.topics_of(transaction, wanted) == {wanted[0]: "77"}
        assert await groups.topics_of(transaction, []) == {}
        assert await groups.key_of_topic(transaction, group.id, "77") == "case:HN-1"
        assert await groups.key_of_topic(transaction, group.id, "78") == ""
        groups.drop_topic(transaction, group.id, "case:HN-1")
        assert not await groups.has_topic(transaction, group.id, "case:HN-1")


async def test_topics_of_cases_that_are_over_and_groups_of_cases_with_news_are_found(
    database: Database,
) -> None:
    person = await add_reporter(database)
    async with database.begin() as transaction:
        over, open_case = a_case(person, status="closed", closed_at=NOON + HOUR), a_case(person)
        for case in (over, open_case):
            add_case(transaction, case)
        group = proposed(transaction, person, purpose="case", case_id=over.id)
        await groups.bind(transaction, group.id, "g-1", forum=True, now=NOON)
        for case in (over, open_case):
            groups.add_topic(transaction, group.id, f"case:{case.code}", title=case.code, now=NOON)
            groups.topic_opened(transaction, group.id, f"case:{case.code}", str(new_id()))
        (found,) = await groups.topics_to_close(transaction)
        assert found.key == f"case:{over.code}"
        groups.topic_closed(transaction, group.id, found.key, now=NOON)
        assert await groups.topics_to_close(transaction) == []
        assert await groups.groups_to_tell(transaction) == []  # it is not ready
        groups.set_ready(transaction, group.id, now=NOON)
        assert [each.id for each in await groups.groups_to_tell(transaction)] == [group.id]
        groups.group_told(transaction, group.id, now=NOON + 2 * HOUR)
        assert await groups.groups_to_tell(transaction) == []
        assert (await groups.group_for_case(transaction, over.id) or group).chat == "g-1"
        assert await groups.group_for_case(transaction, open_case.id) is None


async def test_a_group_made_anew_keeps_its_scope_and_invites_everybody_again(database: Database) -> None:
    group = await bound(database)
    async with database.begin() as transaction:
        groups.save_member(transaction, member(group, group.created_by, "joined"), now=NOON)
        await groups.make_anew(transaction, group.id)
        found = await groups.get_group(transaction, group.id)
        assert found is not None
        assert (found.chat, found.status, found.units, found.bound_at) == ("", "asked", (WARD,), None)
        assert [each.state for each in await groups.members_of(transaction, [group.id])] == ["wanted"]


async def test_a_person_is_known_by_the_account_used_last(database: Database) -> None:
    person = await add_reporter(database)
    async with database.begin() as transaction:
        assert (await groups.accounts_in(transaction, "web", [person]))[person].chat is None
        for chat_id, at in (("late", NOON + HOUR), ("early", NOON)):
            chat = chats.Chat(channel="web", chat=chat_id, person_id=person)
            chats.save_chat(transaction, chat, now=at)
        known = await groups.accounts_in(transaction, "web", [person])
        assert (known[person].user, known[person].chat) == ("an", "late")
        assert await groups.accounts_in(transaction, "telegram", [person]) == {}


async def test_of_two_accounts_nobody_gets_the_chat_of_the_other(database: Database) -> None:
    async with database.begin() as transaction:
        person = add_person(transaction, channel="web", user="a", name="Chủ tịch", now=NOON).id
        await transaction.execute(account.insert(), {"channel": "web", "user": "b", "person_id": person})
        for chat_id, at in (("a", NOON + HOUR), ("b", NOON)):
            chat = chats.Chat(channel="web", chat=chat_id, person_id=person)
            chats.save_chat(transaction, chat, now=at)
        known = await groups.accounts_in(transaction, "web", [person])
        assert (known[person].user, known[person].chat) == ("a", "a")


async def test_whoever_cannot_be_reached_is_not_known_there(database: Database) -> None:
    async with database.begin() as transaction:
        person = add_person(transaction, channel="web", user="a", name="Chủ tịch", now=NOON).id
        chats.save_chat(transaction, chats.Chat(channel="web", chat="a", person_id=person), now=NOON)
        chats.mark_unreachable(transaction, "web", "a", at=NOON)
        assert await groups.accounts_in(transaction, "web", [person]) == {}
