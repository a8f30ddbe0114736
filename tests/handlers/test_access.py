"""Who may do what: every action tried as every role, at the case's unit, above it, beside it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers import access
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city
from storage.cases import Case
from storage.people import Person, Post

NOW = datetime(2026, 11, 23, 9, tzinfo=LOCAL_TIME)
WARD, BESIDE, ABOVE, INSPECTORS = "phuong-khuong-dinh", "phuong-thanh-xuan", "ha-noi", "thanh-tra-thanh-pho"
REPORTER = 7

ACTIONS = sorted({*access.REACHES, *access.REPORTER_ACTIONS, "no such action"})
WORK = {
    "accept",
    "answer",
    "ask_citizen",
    "stop_waiting",
    "return",
    "hand_over",
    "take_over",
    "request_extension",
    "ask_support",
}
APPROVE = {"appoint", "approve", "send_back"}
EXTEND = {"grant_extension", "refuse_extension"}
STEER = {"assign", "reject", "hand_over", "ask_support", "snooze"}
LOOK = {"see", "figures"}
NAME = {"see_reporter"}
MERGE = {"merge", "unmerge"}
ORDER = {"direct", "explain_to"}

# What each may do to an ordinary case of the ward.
ALLOWED: dict[tuple[str, str], set[str]] = {
    ("officer", WARD): LOOK | NAME | WORK | {"propose_answer"},
    ("chair", WARD): LOOK | NAME | WORK | MERGE | APPROVE | {"reject", "snooze"},
    ("officer", ABOVE): LOOK,
    ("chair", ABOVE): LOOK | APPROVE | EXTEND | ORDER | {"hand_over"},
    ("officer", BESIDE): set(),
    ("chair", BESIDE): set(),
    ("leader", ABOVE): LOOK | EXTEND | ORDER | {"ask_support"},
    ("dispatcher", ABOVE): LOOK | MERGE | STEER,
    ("dispatcher", BESIDE): LOOK | MERGE | STEER,
    ("admin", ABOVE): set(),
    ("admin", WARD): set(),
}


@pytest.fixture(scope="module")
def city() -> City:
    return build_city("Hà Nội")


def a_case(**changes: Any) -> Case:
    parts: dict[str, Any] = {
        "id": 1,
        "code": "HN-2222-2222",
        "kind": "feedback",
        "domain": "waste",
        "status": "assigned",
        "text": "Rác",
        "reporter_id": REPORTER,
        "channel": "web",
        "chat": "an",
        "consent_at": NOW,
        "consent_text": "",
        "received_at": NOW - timedelta(hours=1),
        "unit_code": WARD,
    }
    return Case(**{**parts, **changes})


def somebody(*posts: tuple[str, str]) -> Person:
    held = tuple(Post(id=number, unit_code=unit, role=role) for number, (role, unit) in enumerate(posts, 1))
    return Person(id=1, name="Ai đó", posts=held)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("post", ALLOWED, ids=":".join)
def test_every_action_as_every_role(city: City, post: tuple[str, str], action: str) -> None:
    assert access.may(somebody(post), city, action, a_case()) is (action in ALLOWED[post])


@pytest.mark.parametrize("action", ACTIONS)
def test_a_citizen_may_do_nothing_to_a_foreign_case(city: City, action: str) -> None:
    assert not access.may(somebody(), city, action, a_case())


@pytest.mark.parametrize("action", ACTIONS)
def test_whoever_reported_a_case_has_a_citizens_part_in_it(city: City, action: str) -> None:
    reporter = Person(id=REPORTER)
    assert access.may(reporter, city, action, a_case()) is (action in access.REPORTER_ACTIONS)


@pytest.mark.parametrize("post", ALLOWED, ids=":".join)
def test_nobody_sees_an_anonymous_writer(city: City, post: tuple[str, str]) -> None:
    assert not access.may(somebody(post), city, "see_reporter", a_case(anonymous=True))


def test_a_name_in_a_complaint_about_officials_is_told_only_to_whom_the_rules_name(city: City) -> None:
    entitled = a_case(domain="conduct", unit_code=INSPECTORS)
    astray = a_case(domain="conduct", unit_code=WARD)
    assert access.may(somebody(("officer", INSPECTORS)), city, "see_reporter", entitled)
    assert not access.may(somebody(("chair", WARD)), city, "see_reporter", astray)
    for post in ALLOWED:
        assert not access.may(somebody(post), city, "see_reporter", entitled), post


@pytest.mark.parametrize("how", [{"kind": "denunciation"}, {"reading": {"kind": "denunciation"}}])
def test_nobody_is_told_who_wrote_what_reads_as_a_denunciation(city: City, how: dict[str, Any]) -> None:
    for post in ALLOWED:
        assert not access.may(somebody(post), city, "see_reporter", a_case(**how)), post


@pytest.mark.parametrize("post", ALLOWED, ids=":".join)
def test_a_complaint_about_officials_is_seen_by_its_unit_and_those_who_steer(
    city: City, post: tuple[str, str]
) -> None:
    about_officials = a_case(domain="conduct", unit_code=INSPECTORS)
    assert access.may(somebody(post), city, "see", about_officials) is (post[0] in ("leader", "dispatcher"))
    assert access.may(somebody(("officer", INSPECTORS)), city, "see", about_officials)


def test_a_complaint_about_officials_may_go_only_where_the_rules_send_it(city: City) -> None:
    about_officials = a_case(domain="conduct", unit_code=INSPECTORS)
    assert access.may_receive(city, INSPECTORS, about_officials)
    assert not any(
        access.may_receive(city, code, about_officials) for code in city.units if code != INSPECTORS
    )
    assert all(access.may_receive(city, code, a_case()) for code in city.units)
    assert not access.may_receive(city, "no-such-unit", a_case())


def test_a_case_without_a_unit_is_only_the_steering_peoples(city: City) -> None:
    waiting = a_case(unit_code=None, status="triage")
    seen_by = {post for post in ALLOWED if access.may(somebody(post), city, "see", waiting)}
    assert {role for role, _ in seen_by} == {"leader", "dispatcher"}


def test_one_person_acts_by_the_post_that_allows_it(city: City) -> None:
    both = somebody(("dispatcher", ABOVE), ("officer", WARD))
    assert (found := access.post_for(both, city, "answer", a_case()))
    assert found.role == "officer"
    assert (found := access.post_for(both, city, "assign", a_case()))
    assert found.role == "dispatcher"


def test_figures_reach_as_far_as_the_highest_post(city: City) -> None:
    assert access.unit_for_figures(somebody(("officer", WARD)), city) == WARD
    assert access.unit_for_figures(somebody(("officer", WARD), ("leader", WARD)), city) == "ha-noi"
    assert access.unit_for_figures(somebody(("admin", ABOVE)), city) is None
    assert access.unit_for_figures(somebody(), city) is None
    assert access.unit_for_figures(somebody(("chair", "a-unit-that-is-gone")), city) is None


def test_figures_of_every_post_are_seen_and_of_no_other_unit() -> None:
    city = build_city("Hà Nội")
    both = somebody(("officer", WARD), ("chair", "phuong-lang"))
    assert access.sees_figures(both, city, WARD)
    assert access.sees_figures(both, city, "cong-an-phuong-lang")
    assert not access.sees_figures(both, city, "phuong-hoan-kiem")
    assert not access.sees_figures(both, city, "ha-noi")
    assert access.sees_figures(somebody(("leader", WARD)), city, "ha-noi")
    assert not access.sees_figures(somebody(("admin", WARD)), city, WARD)
