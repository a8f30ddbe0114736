"""The way of a case, read from its events."""

from datetime import datetime, timedelta
from typing import Any

from handlers import way
from routing.deadline import LOCAL_TIME
from routing.organisation import build_city
from storage.cases import Case
from storage.ledger import Event
from tests.storage.samples import a_case

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
WARD, BUILDING, BESIDE = "phuong-khuong-dinh", "so-xay-dung", "phuong-thanh-xuan"


def event(number: int, type: str, holder: str | None, *, by: str | None = None, **data: Any) -> Event:
    """Return an event after which a unit has the case."""
    return Event(
        case_id=1,
        sequence=number,
        type=type,
        actor_id=None,
        actor_role="officer",
        unit_code=by or holder,
        at=NINE + timedelta(hours=number),
        data={**data, "state": {"unit_code": holder} if holder else {}},
        previous_hash="",
        hash="",
    )


ASSIGNED = event(1, "assigned", WARD, unit=WARD)
HANDED = event(2, "handed_over", BUILDING, was=WARD, unit=BUILDING, note="Đường lớn")
BACK = event(3, "returned", WARD, by=BUILDING, reason="Ngõ nhỏ", back_to=WARD)
GIVEN_UP = event(4, "returned", None, by=WARD, reason="Không có xe")
AGAIN = event(5, "assigned", BESIDE, unit=BESIDE)


def held_by(unit: str | None, returned: int = 0) -> Case:
    return a_case(1, unit_code=unit, returned_count=returned)


def test_the_units_stand_in_the_order_in_which_they_had_it() -> None:
    accepted = event(2, "accepted", WARD)
    assert way.units_passed([ASSIGNED, accepted, HANDED, BACK, GIVEN_UP, AGAIN]) == [
        WARD,
        BUILDING,
        WARD,
        BESIDE,
    ]
    assert way.units_passed([]) == []


def test_the_card_names_those_before() -> None:
    city = build_city("Hà Nội")
    assert way.told(city, held_by(WARD), [ASSIGNED]) == ""
    assert way.told(city, held_by(BUILDING), [ASSIGNED, HANDED]) == "Đã qua: Phường Khương Đình"
    told = way.told(city, held_by(None), [ASSIGNED, HANDED, BACK, GIVEN_UP])
    assert told == "Đã qua: Phường Khương Đình → Sở Xây dựng → Phường Khương Đình"


def test_only_the_first_return_of_what_was_handed_over_goes_back() -> None:
    assert way.goes_back_to([ASSIGNED, HANDED], held_by(BUILDING)) == WARD
    assert way.goes_back_to([ASSIGNED], held_by(WARD)) is None
    assert way.goes_back_to([ASSIGNED, HANDED, BACK], held_by(WARD, returned=1)) is None
    assert way.goes_back_to([], held_by(WARD)) is None


def test_after_a_dispatchers_choice_it_does_not_go_back_to_who_had_it_before() -> None:
    assert way.goes_back_to([ASSIGNED, HANDED, event(3, "assigned", WARD, unit=WARD)], held_by(WARD)) is None


def test_who_gave_it_back_and_who_gave_it_away() -> None:
    events = [ASSIGNED, HANDED, BACK, GIVEN_UP]
    assert [(each.unit_code, each.reason) for each in way.returns(events)] == [
        (BUILDING, "Ngõ nhỏ"),
        (WARD, "Không có xe"),
    ]
    last = way.left_before(events, WARD)
    assert last is not None
    assert last.reason == "Không có xe", "the latest counts"
    assert way.left_before(events, BESIDE) is None
    assert way.returned_by([ASSIGNED, HANDED], WARD) is None, "handing over is no return"
