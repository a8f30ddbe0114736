"""Finding cases by their words, with and without accents, within what somebody sees, on both databases."""

from typing import Any

import pytest

from storage import cases, searching
from storage.database import Database
from storage.people import Person
from storage.searching import Reach, bare_words
from tests.storage.samples import a_case, add_reporter

EVERYTHING = Reach()


async def keep(database: Database, *found: dict[str, Any]) -> None:
    reporter_id = await add_reporter(database)
    reporter = Person(id=reporter_id, name="Lê Thị Bưởi", phone="0912345678")
    async with database.begin() as transaction:
        for number, changes in enumerate(found, start=1):
            case = a_case(reporter.id, id=number, code=f"HN-2222-{number:04d}", **changes)
            cases.add_case(transaction, case)
            searching.remember(transaction, case, reporter)


async def ids(database: Database, typed: str, reach: Reach = EVERYTHING) -> list[int]:
    async with database.read() as transaction:
        return [case.id for case in (await searching.search(transaction, bare_words(typed), reach)).cases]


@pytest.mark.parametrize("typed", ["ổ gà", "o ga", "Ổ GÀ", "ga nguyễn trãi", "nguyen trai", "nguyen tr"])
async def test_accents_and_the_end_of_the_last_word_do_not_matter(database: Database, typed: str) -> None:
    await keep(database, {"text": "Đường có ổ gà", "street": "Nguyễn Trãi"}, {"text": "Mất nước"})
    assert await ids(database, typed) == [1]


async def test_all_words_must_be_there_those_in_a_row_come_first_then_the_newest(database: Database) -> None:
    await keep(
        database,
        {"text": "Cột đèn đường hỏng"},
        {"text": "Đường trước đèn đỏ ngập"},
        {"text": "Đèn đường tắt"},
        {"text": "Đèn sáng"},
    )
    assert await ids(database, "đèn đường") == [3, 1, 2]


async def test_the_person_is_found_unless_anonymous(database: Database) -> None:
    await keep(database, {"text": "Rác", "anonymous": False}, {"text": "Rác", "anonymous": True})
    assert await ids(database, "le thi buoi") == [1]
    assert await ids(database, "0912345678") == [1]


async def test_only_what_one_may_see_is_found(database: Database) -> None:
    await keep(
        database,
        {"text": "Rác", "unit_code": "phuong-khuong-dinh"},
        {"text": "Rác", "unit_code": "phuong-cau-giay"},
        {"text": "Rác", "unit_code": "phuong-cau-giay", "domain": "conduct"},
        {"text": "Rác", "unit_code": None},
    )
    ward_b = Reach(
        units=frozenset({"phuong-cau-giay"}),
        own_units=frozenset({"phuong-cau-giay"}),
        restricted=frozenset({"conduct"}),
    )
    above = Reach(
        units=frozenset({"phuong-khuong-dinh", "phuong-cau-giay"}),
        own_units=frozenset(),
        restricted=frozenset({"conduct"}),
    )
    assert await ids(database, "rác", ward_b) == [3, 2]
    assert await ids(database, "rác", above) == [2, 1]
    assert await ids(database, "rác") == [4, 3, 2, 1]
    assert await ids(database, "rác", Reach(reporter_id=999)) == []


async def test_what_is_learned_later_is_found_too(database: Database) -> None:
    await keep(database, {"text": "Rác"}, {"text": "Rác"})
    async with database.begin() as transaction:
        searching.remember_more(transaction, 2, "Phường Khương Đình")
    assert await ids(database, "khuong dinh") == [2]


ODD = ["", "!!!", '"', "rác OR nước", "NEAR(rác", "rác & | !", "a" * 5000, "rác' --"]


@pytest.mark.parametrize("typed", ODD)
async def test_whatever_is_typed_is_no_query_of_its_own(database: Database, typed: str) -> None:
    await keep(database, {"text": "Rác"})
    assert await ids(database, typed) in ([], [1])


async def test_of_words_that_very_many_cases_hold_only_the_newest_are_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 3)
    units = ["phuong-khuong-dinh", *["phuong-cau-giay"] * 3]
    await keep(database, *({"text": "Rác", "unit_code": unit} for unit in units))
    older = Reach(units=frozenset({"phuong-khuong-dinh"}))
    async with database.read() as transaction:
        found = await searching.search(transaction, ["rac"], older)
        assert (found.cases, found.complete) == ([], False)
        everything = await searching.search(transaction, ["rac"], EVERYTHING)
        assert (len(everything.cases), everything.complete) == (4, True)
        own = Reach(reporter_id=everything.cases[0].reporter_id)
        mine = await searching.search(transaction, ["ra"], own)
        assert ({case.id for case in mine.cases}, mine.complete) == ({1, 2, 3, 4}, True)
