"""The ledger: appended, chained, and every way of touching it is found, on both databases."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from storage import cases, ledger
from storage.cases import Case
from storage.database import Database
from storage.ledger import Broken, event_hash
from storage.tables import case as case_table
from storage.tables import event
from tests.storage.samples import HOUR, NOON, SECOND, a_case, add_reporter

TODAY = NOON.date()


def append(transaction: Any, case: Case, type: str, *, at: datetime, **data: Any) -> None:
    ledger.append_event(
        transaction,
        case,
        type=type,
        actor_id=case.reporter_id,
        actor_role="citizen",
        unit_code=case.unit_code,
        at=at,
        data=data,
    )


async def three_cases(database: Database) -> list[Case]:
    """Three cases, each with four events an hour apart."""
    reporter = await add_reporter(database)
    stored = [a_case(reporter) for _ in range(3)]
    async with database.begin() as transaction:
        for case in stored:
            for hours, type in enumerate(("received", "assigned", "accepted", "answered")):
                append(transaction, case, type, at=NOON + hours * HOUR, note="đã làm")
            cases.add_case(transaction, case)
    return stored


async def broken(database: Database) -> Broken | None:
    return await ledger.verify(database)


async def tamper(database: Database, *statements: Any) -> None:
    async with database.begin() as transaction:
        for statement in statements:
            await transaction.execute(statement)


def of(case: Case, sequence: int) -> Any:
    return (event.c.case_id == case.id) & (event.c.sequence == sequence)


async def test_an_untouched_ledger_holds(database: Database) -> None:
    assert await broken(database) is None
    await three_cases(database)
    heard: list[tuple[int, int]] = []
    assert await ledger.verify(database, lambda done, total: heard.append((done, total))) is None
    assert heard[-1] == (12, 12)
    async with database.read() as transaction:
        assert await ledger.count_events(transaction) == 12


async def test_events_come_back_in_order_and_say_how_the_case_stood(database: Database) -> None:
    case = (await three_cases(database))[0]
    async with database.read() as transaction:
        events = await ledger.events_of(transaction, case.id)
        assert await ledger.verify_chains(transaction, [case.id]) is None
    assert [found.type for found in events] == ["received", "assigned", "accepted", "answered"]
    assert [found.at for found in events] == [NOON + hours * HOUR for hours in range(4)]
    assert events[0].previous_hash == ""
    assert [found.previous_hash for found in events[1:]] == [found.hash for found in events[:-1]]
    assert events[0].data["note"] == "đã làm"
    assert events[0].data["state"]["unit_code"] == "phuong-khuong-dinh"
    assert datetime.fromisoformat(events[0].data["state"]["due_at"]) == case.due_at


CHANGES: dict[str, Any] = {
    "type": "rejected",
    "actor_id": None,
    "actor_role": "chair",
    "unit_code": "phuong-cau-giay",
    "at": NOON + 2 * HOUR + SECOND,
    "data": {"note": "đã làm xong"},
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
}


@pytest.mark.parametrize("field", CHANGES)
async def test_any_changed_field_is_found(database: Database, field: str) -> None:
    case = (await three_cases(database))[1]
    await tamper(database, update(event).where(of(case, 3)).values({field: CHANGES[field]}))
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=3, fault="changed", day=TODAY
    )


def test_every_field_of_an_event_is_among_those_changed() -> None:
    assert {column.name for column in event.columns} == {*CHANGES, "case_id", "sequence"}


@pytest.mark.parametrize(("sequence", "named"), [(1, 1), (2, 2), (4, 4)])
async def test_a_removed_event_is_found(database: Database, sequence: int, named: int) -> None:
    case = (await three_cases(database))[1]
    await tamper(database, delete(event).where(of(case, sequence)))
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=named, fault="removed", day=TODAY if named == 4 else None
    )


async def test_a_case_without_any_of_its_events_is_found(database: Database) -> None:
    case = (await three_cases(database))[2]
    await tamper(database, delete(event).where(event.c.case_id == case.id))
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=1, fault="removed", day=None
    )


async def test_a_case_that_never_had_an_event_is_found(database: Database) -> None:
    """Whoever adds a case to the figures by its row alone, or clears a case and its head, is found."""
    stored = await three_cases(database)
    async with database.begin() as transaction:
        added = a_case(stored[0].reporter_id)
        cases.add_case(transaction, added)
    missing = {"sequence": 1, "fault": "removed", "day": None}
    assert await broken(database) == Broken(case_id=added.id, code=added.code, **missing)
    cleared = {"event_count": 0, "head_hash": "", "head_at": None}
    await tamper(
        database,
        delete(case_table).where(case_table.c.id == added.id),
        delete(event).where(event.c.case_id == stored[0].id),
        update(case_table).where(case_table.c.id == stored[0].id).values(cleared),
    )
    assert await broken(database) == Broken(case_id=stored[0].id, code=stored[0].code, **missing)


async def said(database: Database) -> Case:
    """A case whose first event keeps the hash of its text, with an answer that its event keeps."""
    case = a_case(await add_reporter(database), text="Rác ở ngõ 5.", answer="Đã dọn.")
    async with database.begin() as transaction:
        append(transaction, case, "received", at=NOON, text_hash=ledger.text_hash(case.text))
        append(transaction, case, "answered", at=NOON + HOUR, text="Đang dọn.")
        append(transaction, case, "reopened", at=NOON + 2 * HOUR, reason="Chưa sạch")
        append(transaction, case, "answered", at=NOON + 3 * HOUR, text="Đã dọn.")
        cases.add_case(transaction, case)
    return case


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"text": "Rác ở ngõ 6."}, "text"),
        ({"answer": "Đã dọn xong."}, "answer"),
        ({"answer": None}, "answer"),
    ],
)
async def test_words_that_were_changed_behind_the_events_are_found(
    database: Database, changes: dict[str, Any], fault: str
) -> None:
    case = await said(database)
    assert await broken(database) is None
    await tamper(database, update(case_table).where(case_table.c.id == case.id).values(changes))
    found = await broken(database)
    assert found == Broken(case_id=case.id, code=case.code, sequence=None, fault=fault, day=TODAY)


@pytest.mark.parametrize(("version", "without"), [(2, ["paused_at"]), (1, ["paused_at", "returned_count"])])
async def test_events_that_keep_less_of_a_case_still_hold(
    database: Database, monkeypatch: pytest.MonkeyPatch, version: int, without: list[str]
) -> None:
    """As earlier versions of the program wrote them."""
    monkeypatch.setattr(ledger, "STATE_VERSION", version)
    monkeypatch.setattr(ledger, "COUNTED_COLUMNS", ledger._COUNTED[version])
    case = a_case(await add_reporter(database), paused_at=NOON, returned_count=version - 1)
    async with database.begin() as transaction:
        append(transaction, case, "citizen_asked", at=NOON)
        cases.add_case(transaction, case)
    monkeypatch.undo()
    async with database.read() as transaction:
        (stored,) = await ledger.events_of(transaction, case.id)
    assert not stored.data["state"].keys() & set(without[:1])
    assert await broken(database) is None


async def row_of(database: Database, case: Case, sequence: int) -> dict[str, Any]:
    async with database.read() as transaction:
        return dict((await transaction.fetch(select(event).where(of(case, sequence))))[0])


def sealed(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row the hash that it would need."""
    fields = {name: value for name, value in row.items() if name not in ("previous_hash", "hash")}
    return {**row, "hash": event_hash(row["previous_hash"], fields)}


async def test_an_event_put_in_at_the_end_is_found(database: Database) -> None:
    case = (await three_cases(database))[0]
    last = await row_of(database, case, 4)
    more = sealed({**last, "sequence": 5, "type": "rated", "previous_hash": last["hash"]})
    await tamper(database, insert(event).values(more))
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=5, fault="inserted", day=TODAY
    )


async def test_an_event_put_in_the_middle_is_found(database: Database) -> None:
    case = (await three_cases(database))[0]
    second, third, fourth = [await row_of(database, case, sequence) for sequence in (2, 3, 4)]
    put_in = sealed({**third, "type": "note", "previous_hash": second["hash"]})
    moved = [sealed({**third, "sequence": 4}), sealed({**fourth, "sequence": 5})]
    await tamper(
        database,
        delete(event).where(event.c.case_id == case.id, event.c.sequence > 2),
        *(insert(event).values(row) for row in (put_in, *moved)),
    )
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=4, fault="inserted", day=TODAY
    )


async def test_an_event_of_another_case_is_found(database: Database) -> None:
    first, second, _ = await three_cases(database)
    other = sealed({**await row_of(database, second, 2), "case_id": first.id})
    await tamper(database, delete(event).where(of(first, 2)), insert(event).values(other))
    found = await broken(database)
    assert found == Broken(case_id=first.id, code=first.code, sequence=2, fault="inserted", day=TODAY)


@pytest.mark.parametrize("by", [-2 * HOUR, timedelta(days=-300)])
async def test_a_back_dated_event_is_found_even_with_a_chain_made_to_fit(
    database: Database, by: timedelta
) -> None:
    case = (await three_cases(database))[1]
    third, fourth = [await row_of(database, case, sequence) for sequence in (3, 4)]
    moved = sealed({**third, "at": third["at"] + by})
    after = sealed({**fourth, "previous_hash": moved["hash"]})
    await tamper(
        database,
        update(event).where(of(case, 3)).values(at=moved["at"], hash=moved["hash"]),
        update(event).where(of(case, 4)).values(previous_hash=after["previous_hash"], hash=after["hash"]),
        update(case_table).where(case_table.c.id == case.id).values(head_hash=after["hash"]),
    )
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=3, fault="back-dated", day=(NOON + 2 * HOUR + by).date()
    )


@pytest.mark.parametrize("changes", [{"head_hash": "0" * 64}, {"head_at": NOON}, {"head_hash": ""}])
async def test_a_case_that_disagrees_with_its_last_event_is_found(
    database: Database, changes: dict[str, Any]
) -> None:
    case = (await three_cases(database))[1]
    await tamper(database, update(case_table).where(case_table.c.id == case.id).values(changes))
    found = await broken(database)
    assert found == Broken(case_id=case.id, code=case.code, sequence=None, fault="head", day=TODAY)
    assert case.code in str(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"due_at": NOON + 500 * HOUR},
        {"status": "closed"},
        {"unit_code": None},
        {"rating": 5},
        {"extended": True},
        {"received_at": NOON - 500 * HOUR},
        {"paused_at": NOON},
    ],
)
async def test_a_case_whose_figures_were_changed_without_an_event_is_found(
    database: Database, changes: dict[str, Any]
) -> None:
    case = (await three_cases(database))[1]
    await tamper(database, update(case_table).where(case_table.c.id == case.id).values(changes))
    assert await broken(database) == Broken(
        case_id=case.id, code=case.code, sequence=None, fault="record", day=TODAY
    )


@pytest.mark.parametrize(("count", "fault"), [(3, "inserted"), (5, "removed"), (0, "inserted")])
async def test_a_case_that_counts_other_events_is_found(database: Database, count: int, fault: str) -> None:
    case = (await three_cases(database))[1]
    await tamper(database, update(case_table).where(case_table.c.id == case.id).values(event_count=count))
    found = await broken(database)
    assert found is not None
    assert (found.case_id, found.fault) == (case.id, fault)


@pytest.mark.parametrize("which", [0, 2])
async def test_events_without_a_case_are_found(sqlite: Database, which: int) -> None:
    case = (await three_cases(sqlite))[which]
    async with sqlite.begin() as transaction:
        await transaction.connection.execute(text("COMMIT"))
        await transaction.connection.execute(text("PRAGMA foreign_keys=OFF"))
        await transaction.connection.execute(text("BEGIN IMMEDIATE"))
        await transaction.execute(delete(case_table).where(case_table.c.id == case.id))
    assert await broken(sqlite) == Broken(case_id=case.id, code="", sequence=1, fault="inserted", day=TODAY)


async def test_the_first_fault_of_several_is_told(database: Database) -> None:
    stored = await three_cases(database)
    for case in stored[1:]:
        await tamper(database, update(event).where(of(case, 2)).values(type="note"))
    found = await broken(database)
    assert found is not None
    assert found.case_id == stored[1].id


async def test_cases_are_checked_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_CASES", ledger._CASES.limit(1))
    case = (await three_cases(database))[2]
    heard: list[int] = []
    assert await ledger.verify(database, lambda done, _: heard.append(done)) is None
    assert heard == [4, 8, 12, 12]
    await tamper(database, update(event).where(of(case, 1)).values(type="note"))
    found = await broken(database)
    assert found is not None
    assert found.case_id == case.id


async def test_a_clock_that_goes_back_does_not_look_like_back_dating(database: Database) -> None:
    case = a_case(await add_reporter(database))
    async with database.begin() as transaction:
        cases.add_case(transaction, case)
        append(transaction, case, "received", at=NOON)
        append(transaction, case, "assigned", at=NOON - SECOND)
        cases.save_case(transaction, case)
    assert await broken(database) is None
    async with database.read() as transaction:
        assert [found.at for found in await ledger.events_of(transaction, case.id)] == [NOON, NOON]


async def test_the_chain_goes_on_after_the_case_was_loaded_again(database: Database) -> None:
    case = (await three_cases(database))[0]
    async with database.begin() as transaction:
        loaded = await cases.get_case(transaction, case.code, lock=True)
        assert loaded is not None
        append(transaction, loaded, "reopened", at=NOON + 9 * HOUR)
        cases.save_case(transaction, loaded)
    assert await broken(database) is None


@pytest.mark.parametrize(
    "value", [1.0, 1e16, -0.0, 10.762622, 1e-7, 0.1, 2**60, True, None, "\u2028 'x' \\", [1.5, {}]]
)
async def test_numbers_and_letters_survive_the_database(database: Database, value: Any) -> None:
    case = a_case(await add_reporter(database))
    async with database.begin() as transaction:
        append(transaction, case, "received", at=NOON, value=value)
        cases.add_case(transaction, case)
    assert await broken(database) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "một"}, object()])
def test_data_that_no_database_would_give_back_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        event_hash("", {"data": {"value": value}})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(), lambda inner: st.lists(inner)
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), JSON_VALUES), st.dictionaries(st.text(), JSON_VALUES))
def test_other_fields_have_another_hash(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = event_hash("", {"data": one}) == event_hash("", {"data": other})
    assert same == (repr(sorted(one.items(), key=str)) == repr(sorted(other.items(), key=str)))


def test_a_hash_does_not_depend_on_the_order_of_fields_nor_on_the_zone() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=7)))
    assert event_hash("", {"a": 1, "at": NOON}) == event_hash("", {"at": local, "a": 1})


def test_the_hash_of_an_event_never_changes() -> None:
    """Ledgers written by earlier versions must go on being verified."""
    fields = {"case_id": 1, "sequence": 1, "type": "received", "at": NOON, "data": {"text": "Rác"}}
    assert event_hash("", fields) == "b10c67c0b09c6ef84242b16d67342577d00bb7ec24612b37751b1cd5f75be9e3"
