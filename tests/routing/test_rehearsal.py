"""Trying other rules on past cases: only what differs is counted, by where it goes and why."""

from dataclasses import replace
from datetime import datetime

from routing.deadline import LOCAL_TIME
from routing.organisation import City, Domain, Responsibility, build_city
from routing.place import wards_of
from routing.rehearsal import EXAMPLES, PastCase, Rehearsal

HA_NOI = build_city("Hà Nội")
KHUONG_DINH = next(ward.code for ward in wards_of("ha-noi") if ward.name == "Phường Khương Đình")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=LOCAL_TIME)


def a_case(number: int, domain: str = "waste", **more: object) -> PastCase:
    row = {
        "code": f"HN-{number}",
        "kind": "feedback",
        "domain": domain,
        "ward_code": KHUONG_DINH,
        "street": None,
        "urgent": False,
        "received_at": MONDAY,
    }
    return PastCase(**{**row, **more})


def first(city: City, unit: str, **scope: object) -> City:
    """Return a city with a rule before all others."""
    added = Responsibility(**{"domain": "*", **scope}, unit=unit, position=0)
    return replace(city, responsibilities=(added, *city.responsibilities))


def test_the_same_rules_change_nothing() -> None:
    rehearsal = Rehearsal(HA_NOI, build_city("Hà Nội"))
    rehearsal.replay(a_case(number, domain) for number, domain in enumerate(HA_NOI.domains))
    assert rehearsal.cases == len(HA_NOI.domains)
    assert rehearsal.elsewhere == 0
    assert not rehearsal.nobody
    assert (rehearsal.earlier.count, rehearsal.later.count) == (0, 0)


def test_what_goes_elsewhere_is_counted_by_where_from_and_to() -> None:
    proposed = first(HA_NOI, "so-y-te", domain="waste", hours="off")
    rehearsal = Rehearsal(HA_NOI, proposed)
    rehearsal.replay([a_case(1), a_case(2, "noise", received_at=SUNDAY)])
    rehearsal.replay(a_case(number, received_at=SUNDAY) for number in range(10, 15))
    ((route, change),) = rehearsal.moved.items()
    assert route == ("phuong-khuong-dinh", "so-y-te")
    assert (change.count, change.domains) == (5, {"waste": 5})
    assert change.examples == ["HN-10", "HN-11", "HN-12"][:EXAMPLES]


def test_what_would_reach_nobody_is_told_with_the_reason() -> None:
    proposed = first(HA_NOI, "@district", domain="waste")
    rehearsal = Rehearsal(HA_NOI, proposed)
    rehearsal.replay([a_case(1), a_case(2)])
    assert rehearsal.moved["phuong-khuong-dinh", None].count == 2
    ((reason, change),) = rehearsal.nobody.items()
    assert reason == "rule 0 (domain waste) → @district, which does not exist here"
    assert change.count == 2


def test_other_hours_are_due_earlier_or_later() -> None:
    waste = HA_NOI.deadlines["waste"]
    longer = replace(waste, answer_hours=waste.answer_hours + 8)
    proposed = replace(HA_NOI, deadlines={**HA_NOI.deadlines, "waste": longer})
    for present, other, expected in ((HA_NOI, proposed, (0, 1)), (proposed, HA_NOI, (1, 0))):
        rehearsal = Rehearsal(present, other)
        rehearsal.replay([a_case(1), a_case(2, "noise")])
        assert (rehearsal.earlier.count, rehearsal.later.count) == expected
        assert rehearsal.elsewhere == 0


def test_a_domain_that_is_divided_is_read_again_from_the_words() -> None:
    parts = {
        **HA_NOI.domains,
        "pests": Domain(id="pests", name="Chuột", parent="waste", keywords=("chuột",)),
    }
    proposed = first(replace(HA_NOI, domains=parts), "so-y-te", domain="pests")
    rehearsal = Rehearsal(HA_NOI, proposed)
    assert rehearsal.needs_text
    rehearsal.replay([a_case(1, text="Chuột chạy khắp bãi rác"), a_case(2, text="Rác chất đống")])
    assert rehearsal.moved["phuong-khuong-dinh", "so-y-te"].examples == ["HN-1"]
    assert rehearsal.elsewhere == 1


def test_a_domain_that_is_gone_counts_as_other() -> None:
    fewer = {id: domain for id, domain in HA_NOI.domains.items() if id != "waste"}
    rehearsal = Rehearsal(HA_NOI, replace(HA_NOI, domains=fewer))
    rehearsal.replay([a_case(1)])
    assert rehearsal.moved["phuong-khuong-dinh", "bo-phan-dieu-phoi"].count == 1
