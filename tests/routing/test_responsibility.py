"""Who must answer: the shipped rules, rules by area and time, and what the explanation names."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.deadline import LOCAL_TIME
from routing.kind import KINDS
from routing.organisation import City, Responsibility, build_city
from routing.place import FormerWard, former_wards_of, wards_of
from routing.responsibility import NamedRule, assign, assign_case, named_rule, road_of

HA_NOI = build_city("Hà Nội")
HA_NOI_BEFORE = build_city("Hà Nội", tiers=3)
CODES = {ward.name: ward.code for ward in wards_of("ha-noi")}
KHUONG_DINH = CODES["Phường Khương Đình"]


def former(name: str, district: str) -> FormerWard:
    return FormerWard(name=name, district=district, province="ha-noi")


def unit_for(
    domain: str, *, kind: str = "feedback", ward: str | None = KHUONG_DINH, street: str | None
) -> str:
    found = assign(HA_NOI, domain=domain, kind=kind, ward_code=ward, street=street)
    assert found.unit is not None, found.reason
    return found.unit.code


def unit_before(domain: str, *wards: FormerWard) -> str | None:
    found = assign(HA_NOI_BEFORE, domain=domain, kind="feedback", ward_code=None, former=wards, street=None)
    return found.unit and found.unit.code


# --- roads ---


@pytest.mark.parametrize(
    "street",
    [
        "ngõ 42 Khương Đình",
        "Ngách 12",
        "hẻm 123 Lê Văn Sỹ",
        "kiệt 30 Điện Biên Phủ",
        "số 12, kiệt 5",
        "K32 Ông Ích Khiêm",
        "123/45 Nguyễn Trãi",
        "ngo 42 khuong dinh",
        "hem 5",
        "thôn Đoài",
        "đường liên thôn",
    ],
)
def test_alleys(street: str) -> None:
    assert road_of(street) == "alley"


@pytest.mark.parametrize(
    "street",
    [
        "đường Nguyễn Trãi",
        "Lý Thường Kiệt",
        "số 5 Lý Thường Kiệt",
        "phố Ngô Quyền",
        "ngo quyen",
        "Võ Văn Kiệt",
        "đường Ấp Bắc",
        "Quốc lộ 1A",
        "Láng",
    ],
)
def test_named_streets(street: str) -> None:
    assert road_of(street) == "main"


@pytest.mark.parametrize("street", [None, "", "  "])
def test_no_street(street: str | None) -> None:
    assert road_of(street) is None


# --- assigning ---


@pytest.mark.parametrize(
    ("domain", "street", "unit"),
    [
        ("waste", None, "phuong-khuong-dinh"),
        ("roads", "đường Nguyễn Trãi", "so-xay-dung"),
        ("roads", "ngõ 42 Khương Đình", "phuong-khuong-dinh"),
        ("roads", None, "phuong-khuong-dinh"),
        ("drainage", "ngõ 42", "phuong-khuong-dinh"),
        ("drainage", None, "so-xay-dung"),
        ("water_supply", None, "cong-ty-cap-nuoc"),
        ("electricity", None, "cong-ty-dien-luc"),
        ("security", None, "cong-an-phuong-khuong-dinh"),
        ("fire_safety", None, "cong-an-thanh-pho"),
        ("telecom", None, "so-khoa-hoc-va-cong-nghe"),
        ("other", None, "bo-phan-dieu-phoi"),
        ("a domain nobody knows", None, "bo-phan-dieu-phoi"),
    ],
)
def test_who_answers_in_two_tiers(domain: str, street: str | None, unit: str) -> None:
    assert unit_for(domain, street=street) == unit


@pytest.mark.parametrize("kind", ["feedback", "question", "denunciation", "grievance"])
def test_conduct_and_denunciations_never_reach_the_ward(kind: str) -> None:
    assert unit_for("conduct", kind=kind, street=None) == "thanh-tra-thanh-pho"
    assert unit_for("waste", kind="denunciation", street=None) == "thanh-tra-thanh-pho"


@given(
    st.sampled_from(sorted(HA_NOI.domains)), st.sampled_from(KINDS), st.sampled_from(sorted(CODES.values()))
)
def test_conduct_is_the_wards_own_business_nowhere(domain: str, kind: str, ward: str) -> None:
    found = assign(HA_NOI, domain=domain, kind=kind, ward_code=ward, street=None)
    assert found.unit is not None
    if domain == "conduct" or kind == "denunciation":
        assert found.unit.kind == "department"


def test_what_does_not_depend_on_the_place_needs_none() -> None:
    assert unit_for("electricity", ward=None, street=None) == "cong-ty-dien-luc"
    assert unit_for("roads", ward=None, street="đường Nguyễn Trãi") == "so-xay-dung"


def test_without_a_ward_nobody_is_guessed_and_the_rule_is_named() -> None:
    found = assign(HA_NOI, domain="waste", kind="feedback", ward_code=None, street=None)
    assert (found.unit, found.needs_place) == (None, True)
    assert found.rule is not None
    assert found.rule.unit == "@ward"
    assert found.reason == "rule 40 (domain waste) → @ward: the place is not known"


def test_a_ward_of_another_city_is_no_place_here() -> None:
    elsewhere = wards_of("da-nang")[0].code
    assert assign(HA_NOI, domain="waste", kind="feedback", ward_code=elsewhere, street=None).needs_place


def test_the_explanation_names_the_rule() -> None:
    found = assign(HA_NOI, domain="roads", kind="feedback", ward_code=KHUONG_DINH, street="đường Láng")
    assert found.reason == "rule 70 (domain roads, road main) → so-xay-dung"


def test_who_answers_in_three_tiers() -> None:
    khuong_dinh = former("Phường Khương Đình", "Quận Thanh Xuân")
    assert unit_before("waste", khuong_dinh) == "phuong-khuong-dinh"
    assert unit_before("construction", khuong_dinh) == "quan-thanh-xuan"
    assert unit_before("security", khuong_dinh) == "cong-an-phuong-khuong-dinh"


def test_former_wards_of_one_district_that_do_not_agree_leave_the_district() -> None:
    wards = [each for each in former_wards_of("ha-noi") if each.district == "Quận Thanh Xuân"]
    assert len(wards) > 1
    assert unit_before("waste", *wards) == "quan-thanh-xuan"
    # A district has no police post of its own among the units: a dispatcher decides.
    assert unit_before("security", *wards) is None


def test_former_wards_of_several_districts_leave_nobody() -> None:
    wards = (former("Phường Khương Đình", "Quận Thanh Xuân"), former("Phường Láng Thượng", "Quận Đống Đa"))
    assert unit_before("waste", *wards) is None


# --- other rules ---


def with_rules(city: City, *rules: Responsibility) -> City:
    return replace(city, responsibilities=rules)


def rule(position: int, unit: str, **scope: object) -> Responsibility:
    return Responsibility(**{"domain": "*", **scope}, unit=unit, position=position)


def test_position_decides_not_the_order_in_the_list() -> None:
    city = with_rules(HA_NOI, rule(2, "so-y-te"), rule(1, "so-xay-dung"))
    found = assign(city, domain="waste", kind="feedback", ward_code=None, street=None)
    assert found.unit == city.units["so-xay-dung"]


def test_an_area_is_a_ward_or_a_subtree() -> None:
    city = with_rules(
        HA_NOI_BEFORE,
        rule(1, "so-y-te", area="quan-thanh-xuan"),
        rule(2, "so-xay-dung", area="ha-noi"),
    )

    def unit(*wards: FormerWard) -> object:
        return assign(city, domain="waste", kind="feedback", ward_code=None, former=wards, street=None).unit

    assert unit(former("Phường Khương Đình", "Quận Thanh Xuân")) == city.units["so-y-te"]
    assert unit(former("Phường Láng Thượng", "Quận Đống Đa")) == city.units["so-xay-dung"]
    assert unit() is None


def test_an_area_of_one_ward() -> None:
    city = with_rules(HA_NOI, rule(1, "so-y-te", area=f"ward:{KHUONG_DINH}"), rule(2, "so-xay-dung"))

    def unit(ward_code: str) -> object:
        return assign(city, domain="waste", kind="feedback", ward_code=ward_code, street=None).unit

    assert unit(KHUONG_DINH) == city.units["so-y-te"]
    assert unit(CODES["Phường Hoàn Kiếm"]) == city.units["so-xay-dung"]


def test_the_time_of_the_report_decides_between_working_time_and_outside() -> None:
    city = with_rules(HA_NOI, rule(1, "so-y-te", hours="working"), rule(2, "cong-an-thanh-pho", hours="off"))

    def unit(*local: int) -> str | None:
        at = datetime(*local, tzinfo=LOCAL_TIME) if local else None
        found = assign(city, domain="waste", kind="feedback", ward_code=None, street=None, received_at=at)
        return found.unit and found.unit.code

    assert unit(2026, 11, 23, 9, 0) == "so-y-te"
    assert unit(2026, 11, 23, 22, 0) == "cong-an-thanh-pho"
    assert unit(2026, 11, 22, 9, 0) == "cong-an-thanh-pho"  # a Sunday
    assert unit(2026, 9, 2, 9, 0) == "cong-an-thanh-pho"  # National Day
    assert unit() is None


def test_supporting_units_are_filled_in_without_those_that_do_not_exist_or_answer_themselves() -> None:
    city = with_rules(
        HA_NOI,
        rule(1, "@ward", supporting=("so-xay-dung", "cong-an-@ward", "@ward", "so-ma-thuat", "so-xay-dung")),
    )
    found = assign(city, domain="noise", kind="feedback", ward_code=KHUONG_DINH, street=None)
    assert [unit.code for unit in found.supporting] == ["so-xay-dung", "cong-an-phuong-khuong-dinh"]
    assert found.reason == (
        "rule 1 (everything) → phuong-khuong-dinh with so-xay-dung, cong-an-phuong-khuong-dinh"
    )


def test_a_ward_supports_nobody_where_it_may_not_know() -> None:
    city = with_rules(HA_NOI, rule(1, "thanh-tra-thanh-pho", supporting=("@ward", "so-noi-vu")))
    found = assign(city, domain="conduct", kind="feedback", ward_code=KHUONG_DINH, street=None)
    assert [unit.code for unit in found.supporting] == ["so-noi-vu"]


# --- naming ---


def test_the_rule_is_known_again_from_the_reason_in_the_history() -> None:
    assert named_rule("rule 70 (domain roads, road main) → so-xay-dung") == NamedRule(
        position=70, limits={"domain": "roads", "road": "main"}
    )
    assert named_rule("rule 999 (everything) → ha-noi") == NamedRule(position=999, limits={})
    assert named_rule("chosen by a dispatcher") is None


@pytest.mark.parametrize("domain", ["waste", "roads", "conduct", "other"])
def test_every_reason_names_its_rule(domain: str) -> None:
    found = assign(HA_NOI, domain=domain, kind="feedback", ward_code=KHUONG_DINH, street=None)
    named = named_rule(found.reason)
    assert named is not None
    assert found.rule is not None
    assert named.position == found.rule.position


def test_what_a_rule_leaves_to_the_dispatchers_waits_for_one_of_them() -> None:
    left = assign_case(HA_NOI, domain="other", kind="feedback", ward_code=KHUONG_DINH, street=None)
    assert (left.unit, left.dispatched, left.needs_place) == (None, True, False)
    assert "bo-phan-dieu-phoi" in left.reason
    ruled = assign_case(HA_NOI, domain="waste", kind="feedback", ward_code=KHUONG_DINH, street=None)
    assert ruled == assign(HA_NOI, domain="waste", kind="feedback", ward_code=KHUONG_DINH, street=None)
