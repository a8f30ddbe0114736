"""Orders as they are stored: what became of each, its files, lists, counts, and what is due."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from routing.organisation import build_city, to_document
from storage import contacts, directives, people, reorganising, units
from storage.database import Database, Transaction
from storage.directives import Counts, Directive, KeptFile
from storage.identity import new_id
from storage.tables import outbox

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WARD = "phuong-khuong-dinh"


async def leader_in(transaction: Transaction) -> int:
    """Found the city and return somebody who gives orders."""
    await units.save_city(transaction, to_document(build_city("Hà Nội")), now=NOW)
    return people.add_person(transaction, channel="web", user="leader", name="Lãnh đạo", now=NOW).id


def order(giver: int, **columns: object) -> Directive:
    """Return an order to the ward."""
    values = {
        "id": new_id(),
        "kind": "report",
        "unit_code": WARD,
        "text": "yêu cầu báo cáo",
        "given_by": giver,
        "given_role": "leader",
        "given_unit": "ha-noi",
        "channel": "web",
        "chat": "1",
        "proposed_at": NOW,
        **columns,
    }
    return Directive(**values)  # type: ignore[arg-type]


async def test_an_order_is_kept_as_it_is(database: Database) -> None:
    async with database.begin() as transaction:
        giver = await leader_in(transaction)
        written = order(giver, about={"metric": "overdue"}, due_at=NOW + timedelta(days=1))
        directives.add_directive(transaction, written)
    async with database.begin() as transaction:
        found = await directives.get_directive(transaction, written.id, lock=True)
        assert found == written
        found.status, found.given_at = "given", NOW
        directives.save_directive(transaction, found)
    async with database.read() as transaction:
        again = await directives.get_directive(transaction, written.id)
        assert again is not None
        assert (again.status, again.given_at) == ("given", NOW)
        assert await directives.get_directive(transaction, 0) is None
        assert await directives.get_directive(transaction, 2**64) is None


async def test_its_events_are_numbered_in_order(database: Database) -> None:
    async with database.begin() as transaction:
        written = order(await leader_in(transaction))
        directives.add_directive(transaction, written)
        for type in ("proposed", "given", "seen"):
            await directives.append_event(
                transaction, written, type=type, actor_id=None, actor_role="system", at=NOW, data={"a": 1}
            )
    async with database.read() as transaction:
        events = await directives.events_of_directive(transaction, written.id)
    assert [(event.sequence, event.type) for event in events] == [(1, "proposed"), (2, "given"), (3, "seen")]
    assert events[0].data == {"a": 1}


async def test_files_belong_to_the_order_or_to_the_report(database: Database) -> None:
    photo, voice = KeptFile(media_key="p.jpg", kind="photo"), KeptFile(media_key="v.ogg", kind="voice")
    async with database.begin() as transaction:
        written = order(await leader_in(transaction))
        directives.add_directive(transaction, written)
        add = directives.add_files
        await add(transaction, written.id, [photo, photo], purpose=directives.ORDER, at=NOW)
        await add(transaction, written.id, [voice, photo], purpose=directives.DRAFT, at=NOW)
    async with database.begin() as transaction:
        of = directives.files_of_directive
        assert await of(transaction, written.id, directives.ORDER) == [photo]
        assert await of(transaction, written.id, directives.DRAFT) == [voice]
        directives.send_draft_files(transaction, written.id)
        assert await of(transaction, written.id, directives.ANSWER) == [voice]
        directives.drop_draft_files(transaction, written.id)
        assert await of(transaction, written.id, directives.ANSWER) == [voice]


async def test_lists_and_counts_agree(database: Database) -> None:
    async with database.begin() as transaction:
        giver = await leader_in(transaction)
        for number, status in enumerate(("proposed", "given", "given", "seen", "done", "dropped")):
            due_at = NOW + timedelta(hours=number - 2)
            directives.add_directive(transaction, order(giver, status=status, due_at=due_at))
    async with database.read() as transaction:
        counts = Counts(given=2, seen=1, done=1, overdue=1)
        assert await directives.count_given(transaction, giver, now=NOW) == counts
        assert await directives.count_received(transaction, [WARD], now=NOW) == counts
        assert await directives.count_received(transaction, ["so-y-te"], now=NOW) == Counts()
        for which, expected in (("", 4), ("open", 3), ("given", 2), ("seen", 1), ("done", 1), ("overdue", 1)):
            given = await directives.directives_given(transaction, giver, which=which, now=NOW, limit=10)
            received = await directives.directives_received(
                transaction, [WARD], which=which, now=NOW, limit=10
            )
            assert len(given) == expected, which
            assert given == received
        everything = await directives.directives_given(transaction, giver, now=NOW, limit=10)
        assert [each.status for each in everything][-1] == "done"
        assert [each.is_overdue(NOW) for each in everything] == [True, False, False, False]


async def test_what_is_due_is_found(database: Database) -> None:
    async with database.begin() as transaction:
        giver = await leader_in(transaction)
        due, later, never = (order(giver, next_check_at=at) for at in (NOW, NOW + timedelta(minutes=1), None))
        for each in (due, later, never):
            directives.add_directive(transaction, each)
    async with database.begin() as transaction:
        assert await directives.due_directives(transaction, now=NOW, limit=9) == [due]


async def test_what_a_unit_has_not_reported_on_is_found_in_batches(database: Database) -> None:
    statuses = ("proposed", "given", "seen", "done", "given")
    async with database.begin() as transaction:
        giver = await leader_in(transaction)
        written = [order(giver, status=status, next_check_at=NOW) for status in statuses]
        for each in (*written, order(giver, status="given", unit_code="so-y-te")):
            directives.add_directive(transaction, each)
    async with database.begin() as transaction:
        first = await directives.open_directives_at(transaction, WARD, after=0, limit=2)
        rest = await directives.open_directives_at(transaction, WARD, after=first[-1].id, limit=2)
        assert [*first, *rest] == [written[1], written[2], written[4]]
        over = [WARD, "so-y-te", "so-xay-dung"]
        assert await reorganising.units_with_work(transaction, over, now=NOW) == [WARD, "so-y-te"]
        directives.check_later(transaction, first[0].id, at=NOW + timedelta(days=1))
        due = await directives.due_directives(transaction, now=NOW, limit=9)
        assert first[0].id not in {each.id for each in due}


async def test_a_message_tells_which_order_it_is_about(database: Database) -> None:
    buttons = [[{"label": "Đã nhận việc", "data": "dseen:77"}]]
    async with database.begin() as transaction:
        for number, message in enumerate(({"text": "x", "buttons": buttons}, {"text": "y"})):
            row = {"channel": "web", "chat": "1", "message": message, "created_at": NOW, "available_at": NOW}
            await transaction.execute(
                insert(outbox), {**row, "external_id": f"m{number}", "other_ids": f" p{number} "}
            )
    async with database.read() as transaction:
        for message_id, expected in (("m0", 77), ("p0", 77), ("m1", None), ("m_", None)):
            found = await directives.directive_of_message(
                transaction, channel="web", chat="1", message_id=message_id, actions=("dseen",)
            )
            assert found == expected


async def test_contacts_of_a_unit(database: Database) -> None:
    async with database.begin() as transaction:
        assert await contacts.contacts_of(transaction, WARD) == contacts.Contacts()
        await units.set_setting(transaction, contacts.SETTING, {WARD: {"mail": ["a@b.example"]}})
        assert (await contacts.contacts_of(transaction, WARD)).mail == ("a@b.example",)
        assert (await contacts.contacts_of(transaction, WARD)).phone == ()
