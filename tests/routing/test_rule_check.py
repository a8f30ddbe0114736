"""What `org check` says about rules that are broken, that never match, or that leave somebody to nobody."""

from dataclasses import replace
from datetime import date, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.deadline import LOCAL_TIME
from routing.kind import KINDS
from routing.organisation import City, Responsibility, Unit, build_city
from routing.place import wards_of
from routing.responsibility import assign
from routing.rule_check import Fault, Problem, check, check_rules

HA_NOI = build_city("Hà Nội")
HA_NOI_BEFORE = build_city("Hà Nội", tiers=3)
CODES = {ward.name: ward.code for ward in wards_of("ha-noi")}
KHUONG_DINH = CODES["Phường Khương Đình"]
HOAN_KIEM = CODES["Phường Hoàn Kiếm"]
WORKING = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
OFF = datetime(2026, 11, 22, 9, 0, tzinfo=LOCAL_TIME)


def with_rules(city: City, *rules: Responsibility) -> City:
    return replace(city, responsibilities=rules)


def rule(position: int, unit: str, **scope: object) -> Responsibility:
    return Responsibility(**{"domain": "*", **scope}, unit=unit, position=position)


# --- holes and broken rules ---


@pytest.mark.parametrize("tiers", [2, 3])
@pytest.mark.parametrize("name", ["Hà Nội", "TP HCM", "Đà Nẵng", "Lạng Sơn", "An Giang"])
def test_the_shipped_rules_leave_nobody_out(name: str, tiers: int) -> None:
    assert check(build_city(name, tiers=tiers)) == []


def texts(city: City) -> list[str]:
    return [str(problem) for problem in check(city)]


def test_a_rule_about_nothing_is_named() -> None:
    city = with_rules(
        HA_NOI,
        rule(1, "so-y-te", domain="magic"),
        rule(2, "so-ma-thuat", domain="waste"),
        rule(3, "so-y-te", domain="noise", area="nowhere"),
        rule(4, "so-y-te", domain="noise", area="ward:99999"),
        rule(5, "so-y-te"),
    )
    assert texts(city)[:4] == [
        "rule 1 (domain magic): unknown domain 'magic'",
        "rule 2 (domain waste): unit 'so-ma-thuat' does not exist",
        "rule 3 (domain noise, area nowhere): area 'nowhere' does not exist",
        "rule 4 (domain noise, area ward:99999): area 'ward:99999' does not exist",
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        ({}, {"domain": "waste"}, True),
        ({"domain": "waste"}, {}, False),
        ({"domain": "waste"}, {"domain": "waste", "kind": "question"}, True),
        ({"domain": "waste", "kind": "question"}, {"domain": "waste"}, False),
        ({"road": "main"}, {"road": "alley"}, False),
        ({"area": "ha-noi"}, {"area": f"ward:{KHUONG_DINH}"}, True),
        ({"area": f"ward:{KHUONG_DINH}"}, {"area": "ha-noi"}, False),
        ({"area": "phuong-khuong-dinh"}, {"area": f"ward:{KHUONG_DINH}"}, True),
    ],
)
def test_a_rule_that_can_never_match_is_named(
    earlier: dict[str, str], later: dict[str, str], hidden: bool
) -> None:
    city = with_rules(HA_NOI, rule(1, "so-y-te", **earlier), rule(2, "so-xay-dung", **later))
    assert any("is never reached: rule 1" in text for text in texts(city)) is hidden


def test_holes_are_gathered_by_domain_and_cause() -> None:
    wards_without_police = {
        code: unit for code, unit in HA_NOI.units.items() if code != "cong-an-phuong-khuong-dinh"
    }
    city = replace(HA_NOI, units=wards_without_police)
    assert check(city) == [
        Problem(
            text="security reaches nobody in 1 of 126 wards (phuong-khuong-dinh): "
            "rule 200 (domain security) → cong-an-@ward, which does not exist here",
            fault=Fault.HOLE,
            position=200,
            domain="security",
            wards=("phuong-khuong-dinh",),
        )
    ]


def test_a_domain_without_a_rule_is_one_line_and_not_126() -> None:
    only_waste = with_rules(HA_NOI, rule(1, "@ward", domain="waste"))
    problems = check(only_waste)
    assert len(problems) == len(HA_NOI.domains) - 1
    assert all("reaches nobody in every ward" in problem.text for problem in problems)


def test_a_hole_on_one_kind_of_road_is_a_hole() -> None:
    city = with_rules(HA_NOI, rule(1, "so-xay-dung", road="main"), rule(2, "@ward", road="alley"))
    assert any("no rule matches road not known" in text for text in texts(city))


def test_a_district_in_a_city_without_districts_is_a_hole() -> None:
    city = with_rules(HA_NOI, rule(1, "@district"))
    assert all("@district, which does not exist here" in text for text in texts(city))
    assert len(check(city)) == len(HA_NOI.domains)


# --- a rule that several others leave nothing to ---


def never_reached(*rules: Responsibility, city: City = HA_NOI) -> list[int | None]:
    return [each.position for each in check(with_rules(city, *rules)) if each.fault == Fault.UNREACHED]


def test_working_time_and_the_rest_leave_nothing() -> None:
    day, night = rule(1, "so-y-te", hours="working"), rule(2, "so-xay-dung", hours="off")
    assert never_reached(day, night, rule(3, "so-y-te", domain="waste")) == [3]
    assert never_reached(day, rule(3, "so-y-te", domain="waste")) == []
    (problem,) = check(with_rules(HA_NOI, day, night, rule(3, "so-y-te", domain="waste")))
    assert problem.text == (
        "rule 3 (domain waste) is never reached: rule 1 (hours working), rule 2 (hours off) come first"
    )
    assert not problem.leads_nowhere


def test_main_roads_and_alleys_leave_the_reports_without_a_street() -> None:
    roads = rule(1, "so-y-te", road="main"), rule(2, "so-xay-dung", road="alley")
    assert never_reached(*roads, rule(3, "so-y-te")) == []
    days = rule(1, "so-y-te", road="main", hours="off"), rule(2, "so-y-te", road="main", hours="working")
    assert never_reached(*days, rule(3, "so-xay-dung", road="main"), rule(4, "so-y-te")) == [3]


def test_every_kind_together_leaves_nothing() -> None:
    kinds = [rule(number, "so-y-te", kind=kind) for number, kind in enumerate(KINDS)]
    assert never_reached(*kinds, rule(50, "so-xay-dung")) == [50]
    assert never_reached(*kinds[1:], rule(50, "so-xay-dung")) == []


def test_all_parts_of_an_area_leave_nothing_of_it() -> None:
    wards = [unit for unit in HA_NOI_BEFORE.children("quan-thanh-xuan") if unit.kind == "ward"]
    parts = [rule(number, "so-y-te", area=ward.code) for number, ward in enumerate(wards, start=1)]
    rest = rule(98, "so-xay-dung", area="quan-thanh-xuan"), rule(99, "so-y-te")
    # The district itself is a place where its wards are not agreed on.
    assert never_reached(*parts, *rest, city=HA_NOI_BEFORE) == []
    assert never_reached(*parts, rule(97, "so-y-te", area="quan-thanh-xuan"), *rest, city=HA_NOI_BEFORE) == [
        98
    ]


def test_an_area_without_places_is_never_reached() -> None:
    (problem,) = check(with_rules(HA_NOI, rule(1, "so-y-te", area="so-xay-dung"), rule(2, "so-y-te")))
    assert problem.text == ("rule 1 (area so-xay-dung) is never reached: there is nothing that it speaks of")


def test_the_net_below_all_domains_is_reached_by_a_domain_to_come() -> None:
    own = [rule(number, "so-y-te", domain=domain) for number, domain in enumerate(HA_NOI.domains)]
    assert never_reached(*own, rule(999, "so-xay-dung")) == []


# --- hours ---


def test_nobody_at_night_is_a_hole() -> None:
    found = texts(with_rules(HA_NOI, rule(1, "@ward", hours="working")))
    assert len(found) == len(HA_NOI.domains)
    assert "waste reaches nobody in every ward: no rule matches road not known, outside working time" in found


def test_one_kind_that_reaches_nobody_is_a_hole() -> None:
    found = texts(
        with_rules(HA_NOI, *(rule(number, "@ward", kind=kind) for number, kind in enumerate(KINDS[1:])))
    )
    assert "waste reaches nobody in every ward: no rule matches road not known" in found
    found = texts(
        with_rules(HA_NOI, *(rule(number, "@ward", kind=kind) for number, kind in enumerate(KINDS[:2])))
    )
    assert any("no rule matches road not known, kind " in text for text in found)
    # Small talk never becomes a case.
    everything_filed = [rule(number, "@ward", kind=kind) for number, kind in enumerate(KINDS[:6])]
    sent_elsewhere = replace(HA_NOI, domains={"waste": HA_NOI.domains["waste"]})
    assert texts(with_rules(sent_elsewhere, *everything_filed)) == []


# --- restricted domains, units that ended, supporting units ---


def test_a_restricted_domain_that_leads_to_a_ward_is_a_hole() -> None:
    city = with_rules(HA_NOI, rule(1, "@ward", domain="conduct"), rule(2, "@ward"))
    assert (
        "conduct reaches nobody in every ward: rule 1 (domain conduct) → @ward (ward), "
        "which may not have restricted cases" in texts(city)
    )
    found = assign(city, domain="conduct", kind="feedback", ward_code=KHUONG_DINH, street=None)
    assert found.unit is None
    assert not found.needs_place


def ended(city: City, code: str, *successors: str) -> City:
    unit = replace(city.units[code], valid_to=date(2026, 7, 1), successors=successors)
    return replace(city, units={**city.units, code: unit})


def test_a_unit_that_is_over_answers_for_nothing_from_that_day_on() -> None:
    city = with_rules(ended(HA_NOI, "so-y-te"), rule(1, "so-y-te"))
    assert check(city) == check(city.on(date(2026, 6, 30))) == []
    later = city.on(date(2026, 7, 1))
    found = check(later)
    assert str(found[0]) == "rule 1 (everything): unit 'so-y-te' is over and nobody took over from it"
    assert found[0].leads_nowhere
    assert any(each.fault == Fault.HOLE and "which is over" in each.text for each in found)
    answer = assign(later, domain="waste", kind="feedback", ward_code=None, street=None)
    assert (answer.unit, answer.reason) == (None, "rule 1 (everything) → so-y-te, which is over")


def test_who_took_over_answers() -> None:
    merged = ended(ended(HA_NOI, "so-y-te", "so-xay-dung"), "phuong-khuong-dinh", "phuong-lang")
    city = with_rules(
        merged,
        rule(1, "so-y-te", domain="health_food"),
        rule(2, "thanh-tra-thanh-pho", domain="conduct"),
        rule(3, "@ward"),
    ).on(WORKING.date())
    assert check(city) == []
    assert {"so-y-te", "phuong-khuong-dinh"}.isdisjoint(check_rules(city).led_to)

    def unit(domain: str) -> str | None:
        found = assign(city, domain=domain, kind="feedback", ward_code=KHUONG_DINH, street=None)
        return found.unit and found.unit.code

    assert unit("health_food") == "so-xay-dung"
    assert unit("waste") == "phuong-lang"


def test_supporting_units_that_cannot_support_are_named() -> None:
    city = replace(
        HA_NOI, units={code: u for code, u in HA_NOI.units.items() if code != "cong-an-phuong-khuong-dinh"}
    )
    city = with_rules(
        ended(city, "so-noi-vu"),
        rule(1, "@ward", domain="noise", supporting=("cong-an-@ward", "@ward", "so-ma-thuat", "so-noi-vu")),
        rule(2, "@ward", domain="security", supporting=("so-y-te",)),
        rule(3, "thanh-tra-thanh-pho"),
    )
    problems = check(city.on(WORKING.date()))
    assert [str(each) for each in problems] == [
        "rule 1 (domain noise): supporting unit 'cong-an-@ward' does not exist in 1 wards "
        "(phuong-khuong-dinh)",
        "rule 1 (domain noise): supporting unit '@ward' is the one that answers",
        "rule 1 (domain noise): supporting unit 'so-ma-thuat' does not exist",
        "rule 1 (domain noise): supporting unit 'so-noi-vu' is over and nobody took over from it",
    ]
    assert {each.fault for each in problems} == {Fault.SUPPORTING}
    assert not any(each.leads_nowhere for each in problems)


def test_whom_the_rules_lead_to_is_known() -> None:
    city = with_rules(HA_NOI, rule(1, "so-y-te", domain="waste", hours="off"), rule(2, "cong-an-@ward"))
    led_to = check_rules(city).led_to
    assert {"so-y-te", "cong-an-phuong-khuong-dinh"} < led_to
    assert len(led_to) == 1 + len(HA_NOI.wards())
    assert "so-xay-dung" not in led_to


# --- any rules at all ---

LITTLE = replace(
    HA_NOI,
    units={
        unit.code: unit
        for unit in (
            Unit(code="ha-noi", name="Hà Nội", kind="city", parent=None),
            Unit(code="east", name="East", kind="ward", parent="ha-noi", ward_code=KHUONG_DINH),
            Unit(code="west", name="West", kind="ward", parent="ha-noi", ward_code=HOAN_KIEM),
            Unit(code="office", name="Office", kind="department", parent="ha-noi"),
            Unit(code="company", name="Company", kind="company", parent="ha-noi"),
        )
    },
    domains={domain: HA_NOI.domains[domain] for domain in ("waste", "noise", "other")},
)
scopes = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(["*", "waste", "noise", "other"]),
        "kind": st.sampled_from(["*", "feedback", "question"]),
        "area": st.sampled_from(["*", "east", "west", "ha-noi", f"ward:{KHUONG_DINH}"]),
        "road": st.sampled_from(["*", "main", "alley"]),
        "hours": st.sampled_from(["*", "working", "off"]),
        "unit": st.sampled_from(["@ward", "office", "company"]),
        "supporting": st.lists(st.sampled_from(["@ward", "office", "company"]), max_size=3).map(tuple),
    }
)
some_rules = st.lists(scopes, max_size=8).map(
    lambda many: tuple(rule(number, **scope) for number, scope in enumerate(many, start=1))
)
CASES = [
    {"domain": domain, "kind": kind, "ward_code": ward, "street": street, "received_at": at}
    for domain, kind, ward, street, at in product(
        ("waste", "noise", "other", "of a city to come"),
        ("feedback", "question", "suggestion"),
        (None, KHUONG_DINH, HOAN_KIEM),
        (None, "đường Láng", "ngõ 5"),
        (WORKING, OFF),
    )
]


def fits(each: Responsibility, case: dict[str, object]) -> bool:
    """Tell whether a rule speaks of a case, one limit after the other."""
    ward, street = case["ward_code"], case["street"]
    area = {"*": True, "east": ward == KHUONG_DINH, "west": ward == HOAN_KIEM, "ha-noi": ward is not None}
    return (
        each.domain in ("*", case["domain"])
        and each.kind in ("*", case["kind"])
        and area.get(each.area, ward == KHUONG_DINH)
        and (each.road == "*" or (street is not None and (each.road == "alley") == (street == "ngõ 5")))
        and (each.hours == "*" or (each.hours == "working") == (case["received_at"] == WORKING))
    )


@settings(deadline=None)
@given(some_rules, st.sampled_from(CASES), st.randoms())
def test_the_first_rule_that_fits_wins_and_is_named(
    rules: tuple[Responsibility, ...], case: dict[str, object], random: object
) -> None:
    shuffled = sorted(rules, key=lambda _: random.random())
    found = assign(with_rules(LITTLE, *shuffled), **case)
    expected = next((each for each in rules if fits(each, case)), None)
    assert found.rule == expected
    if expected is None:
        assert found.reason.startswith("no rule matches")
        return
    assert found.reason.startswith(f"rule {expected.position} (")
    for name in ("domain", "kind", "area", "road", "hours"):
        limit = getattr(expected, name)
        assert (f"{name} {limit}" in found.reason) is (limit != "*")
    supporting = [unit.code for unit in found.supporting]
    assert found.unit is None or found.unit.code not in supporting
    assert len(set(supporting)) == len(supporting) <= len(expected.supporting)


@settings(deadline=None)
@given(some_rules, scopes, st.sampled_from(CASES))
def test_a_rule_at_the_end_changes_nothing_that_matched_before(
    rules: tuple[Responsibility, ...], scope: dict[str, object], case: dict[str, object]
) -> None:
    before = assign(with_rules(LITTLE, *rules), **case)
    after = assign(with_rules(LITTLE, *rules, rule(99, **scope)), **case)
    assert after == before or before.rule is None


@settings(deadline=None)
@given(some_rules)
def test_what_is_said_to_be_never_reached_matches_nothing_and_all_else_something(
    rules: tuple[Responsibility, ...],
) -> None:
    city = with_rules(LITTLE, *rules)
    matched = {found.rule.position for case in CASES if (found := assign(city, **case)).rule}
    said = {each.position for each in check(city) if each.fault == Fault.UNREACHED}
    assert said == {each.position for each in rules} - matched


@settings(deadline=None)
@given(some_rules)
def test_holes_are_just_where_some_case_with_a_ward_reaches_nobody(
    rules: tuple[Responsibility, ...],
) -> None:
    city = with_rules(LITTLE, *rules)
    lost = {
        (case["domain"], HA_NOI_WARDS[case["ward_code"]])
        for case in CASES
        if case["ward_code"] and case["domain"] in LITTLE.domains and assign(city, **case).unit is None
    }
    said = {(each.domain, ward) for each in check(city) if each.fault == Fault.HOLE for ward in each.wards}
    assert said == lost


HA_NOI_WARDS = {KHUONG_DINH: "east", HOAN_KIEM: "west"}


@settings(deadline=None)
@given(some_rules, scopes, st.sampled_from(["unit", "domain", "area"]))
def test_a_planted_fault_is_found(
    rules: tuple[Responsibility, ...], scope: dict[str, object], broken: str
) -> None:
    city = with_rules(LITTLE, *rules, rule(99, **{**scope, broken: "nonsense"}))
    fault = {"unit": Fault.UNIT, "domain": Fault.DOMAIN, "area": Fault.AREA}[broken]
    (found,) = (each for each in check(city) if each.position == 99 and each.fault == fault)
    assert "'nonsense'" in found.text
    assert found.leads_nowhere
