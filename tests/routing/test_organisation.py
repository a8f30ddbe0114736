"""Building a city, looking things up in it, and its document with every fault named."""

import json
from copy import deepcopy
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.deadline import WorkingCalendar
from routing.organisation import (
    BrokenOrganisation,
    City,
    Unit,
    UnknownProvince,
    build_city,
    from_document,
    slugify,
    to_document,
)
from routing.place import former_wards_of, provinces, wards_of
from routing.tracking_code import code_prefix

HA_NOI = build_city("Hà Nội")
HA_NOI_BEFORE = build_city("Hà Nội", tiers=3)


def code_of_ward(name: str, province: str = "ha-noi") -> str:
    return next(ward.code for ward in wards_of(province) if ward.name == name)


# --- building ---


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Phường Khương Đình", "phuong-khuong-dinh"),
        ("Sở Y tế", "so-y-te"),
        ("  Đắk  Lắk ", "dak-lak"),
        ("Phường 1", "phuong-1"),
        ("Văn Miếu - Quốc Tử Giám", "van-mieu-quoc-tu-giam"),
    ],
)
def test_slugs(name: str, code: str) -> None:
    assert slugify(name) == code
    assert slugify(code) == code


@pytest.mark.parametrize("name", ["Hà Nội", "ha noi", "HN", "hà nội", "HÀ NỘI", "Thành phố Hà Nội", "ha-noi"])
def test_a_province_is_known_by_any_tolerated_name(name: str) -> None:
    assert build_city(name) == HA_NOI


def test_an_unknown_province_lists_the_nearest() -> None:
    with pytest.raises(UnknownProvince, match=r"'Hà Lội'.*Hà Nội"):
        build_city("Hà Lội")


def test_there_are_two_tiers_or_three() -> None:
    with pytest.raises(ValueError, match="tiers"):
        build_city("Hà Nội", tiers=4)


def test_two_tiers_hold_every_commune_of_today() -> None:
    assert len(HA_NOI.wards()) == 126
    assert {unit.ward_code for unit in HA_NOI.wards()} == {ward.code for ward in wards_of("ha-noi")}
    assert HA_NOI.root == Unit(code="ha-noi", name="Thành phố Hà Nội", kind="city", parent=None)
    ward = HA_NOI.ward_unit(code_of_ward("Phường Khương Đình"))
    assert ward is not None
    assert (ward.code, ward.parent) == ("phuong-khuong-dinh", "ha-noi")
    assert HA_NOI.units["cong-an-phuong-khuong-dinh"].name == "Công an phường Khương Đình"


@pytest.mark.parametrize(("name", "wards"), [("TP HCM", 168), ("Đà Nẵng", 94), ("Huế", 40)])
def test_other_cities_of_today(name: str, wards: int) -> None:
    assert len(build_city(name).wards()) == wards


def test_a_province_has_a_provincial_police_and_a_city_a_city_one() -> None:
    assert build_city("Lạng Sơn").units["cong-an-tinh"].name == "Công an tỉnh"
    assert HA_NOI.units["cong-an-thanh-pho"].name == "Công an thành phố"


def test_three_tiers_are_city_district_ward() -> None:
    districts = [unit for unit in HA_NOI_BEFORE.units.values() if unit.kind == "district"]
    assert len(districts) == 30
    ward = HA_NOI_BEFORE.former_ward_unit("Phường Khương Đình", "Quận Thanh Xuân")
    assert ward is not None
    assert [unit.code for unit in HA_NOI_BEFORE.path(ward.code)] == [
        "ha-noi",
        "quan-thanh-xuan",
        "phuong-khuong-dinh",
    ]
    assert HA_NOI_BEFORE.district_of(ward.code) == HA_NOI_BEFORE.district_unit("Quận Thanh Xuân")


def test_three_tiers_hold_every_former_commune_that_a_text_can_name() -> None:
    for former in former_wards_of("ha-noi"):
        assert HA_NOI_BEFORE.former_ward_unit(former.name, former.district), former


def test_a_name_that_repeats_in_three_tiers_carries_its_district() -> None:
    before = build_city("TP HCM", tiers=3)
    ward = before.former_ward_unit("Phường 1", "Quận 3")
    assert ward is not None
    assert ward.code == "phuong-1-quan-3"


def test_three_tiers_of_a_merged_province_are_the_one_of_the_same_name() -> None:
    names = {unit.name for unit in build_city("TP HCM", tiers=3).units.values() if unit.kind == "district"}
    assert "Quận 1" in names
    assert "Thành phố Thủ Dầu Một" not in names
    assert len(names) == 22


@pytest.mark.parametrize("tiers", [2, 3])
def test_every_province_can_be_built_and_has_a_code_prefix(tiers: int) -> None:
    for province in provinces():
        city = build_city(province.slug, tiers=tiers)
        assert len(city.wards()) > 30
        assert city.root.code == province.slug
        assert code_prefix(city.province)


def test_every_domain_has_its_hours_and_conduct_is_restricted() -> None:
    assert set(HA_NOI.deadlines) == set(HA_NOI.domains)
    assert len(HA_NOI.domains) == 22
    assert [domain.id for domain in HA_NOI.domains.values() if domain.restricted] == ["conduct"]
    assert HA_NOI.domains["roads"].needs_proof
    assert not HA_NOI.domains["public_service"].needs_proof


def test_hours_of_an_own_domain_are_those_of_other() -> None:
    assert HA_NOI.deadline_rule("flower_beds") == HA_NOI.deadlines["other"]
    assert HA_NOI.deadline_rule("security").answer_hours == 16


def test_the_calendar_has_the_swapped_days() -> None:
    assert HA_NOI.calendar.is_working_day(date(2026, 1, 10))
    assert not HA_NOI.calendar.is_working_day(date(2026, 1, 2))


# --- looking up ---


def test_a_subtree_is_a_unit_and_all_below() -> None:
    assert HA_NOI.subtree("ha-noi") == set(HA_NOI.units)
    assert HA_NOI.subtree("phuong-khuong-dinh") == {"phuong-khuong-dinh", "cong-an-phuong-khuong-dinh"}
    assert HA_NOI.subtree("nowhere") == set()
    assert HA_NOI.is_within("cong-an-phuong-khuong-dinh", "ha-noi")
    assert not HA_NOI.is_within("ha-noi", "phuong-khuong-dinh")
    assert [unit.code for unit in HA_NOI.children("van-phong-uy-ban")] == ["bo-phan-dieu-phoi"]
    assert HA_NOI.path("nowhere") == ()
    assert HA_NOI.ward_unit("99999") is None


@given(st.sampled_from(sorted(HA_NOI_BEFORE.units)), st.sampled_from(sorted(HA_NOI_BEFORE.units)))
def test_a_unit_is_within_exactly_the_units_of_its_path(code: str, other: str) -> None:
    above = {unit.code for unit in HA_NOI_BEFORE.path(code)}
    assert HA_NOI_BEFORE.is_within(code, other) is (other in above)


def test_of_two_units_for_one_ward_the_lasting_one_is_found() -> None:
    document = small_document()
    ended = {
        **document["units"][1],
        "code": "xa-cu",
        "valid_from": "2025-07-01",
        "valid_to": "2026-04-29",
    }
    document["units"].append(ended)
    ward = from_document(document).ward_unit("00001")
    assert ward is not None
    assert ward.code == "phuong-a"


# --- the document ---


@pytest.mark.parametrize("city", [HA_NOI, HA_NOI_BEFORE], ids=["two tiers", "three tiers"])
def test_a_city_survives_being_written_and_read(city: City) -> None:
    assert from_document(json.loads(json.dumps(to_document(city)))) == city


def small_document() -> dict[str, Any]:
    hours = {"accept_hours": 8, "answer_hours": 72, "warn_hours": 24, "escalate_hours": [24, 48]}
    return {
        "format": 1,
        "province": "hue",
        "name": "Huế",
        "tiers": 2,
        "units": [
            {"code": "hue", "name": "Thành phố Huế", "kind": "city"},
            {
                "code": "phuong-a",
                "name": "Phường A",
                "kind": "ward",
                "parent": "hue",
                "ward_code": "00001",
                "valid_from": "2025-07-01",
            },
            {"code": "cong-an-phuong-a", "name": "Công an phường A", "kind": "office", "parent": "phuong-a"},
        ],
        "domains": [{"id": "waste", "name": "Rác", "needs_proof": True}, {"id": "other", "name": "Khác"}],
        "responsibilities": [
            {"position": 1, "domain": "waste", "area": "ward:00001", "unit": "@ward"},
            {"position": 2, "domain": "*", "road": "main", "unit": "cong-an-@ward"},
            {"position": 3, "domain": "*", "area": "hue", "unit": "hue"},
        ],
        "calendar": {"sessions": [["08:00", "12:00"]], "weekdays": [1, 2], "make_up_days": ["2026-01-10"]},
        "deadlines": [{"domain": "waste", **hours}, {"domain": "other", **hours}],
    }


def test_a_document_written_by_hand_is_read() -> None:
    city = from_document(small_document())
    assert city.units["phuong-a"].valid_from == date(2025, 7, 1)
    assert city.domains["waste"].needs_proof
    assert city.calendar.national_holidays is None
    assert city.calendar.is_working_day(date(2026, 1, 10))
    assert to_document(from_document(to_document(city))) == to_document(city)


def test_rules_come_out_in_the_order_of_their_positions() -> None:
    document = small_document()
    document["responsibilities"].reverse()
    assert [rule.position for rule in from_document(document).responsibilities] == [1, 2, 3]


def problems_of(document: object) -> list[str]:
    with pytest.raises(BrokenOrganisation) as broken:
        from_document(document)
    assert str(broken.value) == "\n".join(broken.value.problems)
    return broken.value.problems


UNIT = {"code": "phuong-b", "name": "Phường B", "kind": "ward", "parent": "hue"}
RULE = {"position": 9, "domain": "*", "unit": "hue"}
HOURS = {"accept_hours": 8, "answer_hours": 72, "warn_hours": 24, "escalate_hours": [24, 48]}


@pytest.mark.parametrize(
    ("table", "row", "problem"),
    [
        ("units", UNIT | {"parent": "x"}, "units row 4: parent 'x' does not exist"),
        ("units", UNIT | {"code": "hue"}, "units row 4: code 'hue' is already in row 1"),
        ("units", UNIT | {"code": "Phường B"}, "units row 4: code 'Phường B' may hold a-z"),
        ("units", UNIT | {"kind": "village"}, "units row 4: kind 'village' is none of city, district, ward"),
        ("units", UNIT | {"name": " "}, "units row 4: name must be a text"),
        ("units", UNIT | {"name": 7}, "units row 4: name must be a text"),
        ("units", {"code": "b", "parent": "hue", "kind": "ward"}, "units row 4: name is missing"),
        ("units", UNIT | {"parnet": "hue"}, "units row 4: unknown column 'parnet'"),
        ("units", UNIT | {"parent": "phuong-b"}, "units row 4: 'phuong-b' lies below itself"),
        ("units", UNIT | {"parent": None}, "units row 4: parent is missing: only 'hue' has none"),
        ("units", UNIT | {"ward_code": "00001"}, "units row 4: ward_code '00001' is already in row 2"),
        ("units", UNIT | {"former_ward": ["Xã B"]}, "units row 4: former_ward ['Xã B'] must be two texts"),
        ("units", UNIT | {"valid_from": "1/7/2025"}, "units row 4: valid_from '1/7/2025' is not a date"),
        (
            "units",
            UNIT | {"valid_from": "2026-01-01", "valid_to": "2025-12-31"},
            "units row 4: valid_to 2025-12-31 is before valid_from 2026-01-01",
        ),
        ("units", "phuong-b", "units row 4: is not an object"),
        ("domains", {"id": "waste", "name": "Rác"}, "domains row 3: id 'waste' is already in row 1"),
        ("domains", {"id": "x", "name": "X", "restricted": 1}, "domains row 3: restricted 1 is none of"),
        ("responsibilities", RULE | {"domain": "x"}, "responsibilities row 4: unknown domain 'x'"),
        ("responsibilities", RULE | {"unit": "x"}, "responsibilities row 4: unit 'x' does not exist"),
        ("responsibilities", RULE | {"area": "x"}, "responsibilities row 4: area 'x' does not exist"),
        (
            "responsibilities",
            RULE | {"area": "ward:9"},
            "responsibilities row 4: area 'ward:9' does not exist",
        ),
        ("responsibilities", RULE | {"road": "lane"}, "responsibilities row 4: road 'lane' is none of main"),
        ("responsibilities", RULE | {"kind": "x"}, "responsibilities row 4: kind 'x' is none of"),
        (
            "responsibilities",
            RULE | {"position": 2},
            "responsibilities row 4: position 2 is already in row 2",
        ),
        (
            "responsibilities",
            RULE | {"position": "2"},
            "responsibilities row 4: position '2' is not a whole number",
        ),
        ("deadlines", {"domain": "x", **HOURS}, "deadlines row 3: unknown domain 'x'"),
        ("deadlines", {"domain": "waste", **HOURS}, "deadlines row 3: domain 'waste' is already in row 1"),
        ("deadlines", {"domain": "x", **HOURS, "warn_hours": 80}, "deadlines row 3: warn_hours must be less"),
        ("deadlines", {"domain": "x", **HOURS, "escalate_hours": [1]}, "deadlines row 3: escalate_hours [1]"),
    ],
)
def test_every_fault_is_named_with_its_row(table: str, row: object, problem: str) -> None:
    document = small_document()
    document[table].append(row)
    assert any(found.startswith(problem) for found in problems_of(document)), problems_of(document)


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("units", None, "units: the list is missing"),
        ("tiers", 4, "document: tiers 4 is none of 2, 3"),
        (
            "province",
            "ha-noi",
            "document: province 'ha-noi' is not that of the units, which lie below 'hue'",
        ),
        ("format", 99, "document: format 99 is none of 1"),
        ("calendar", {}, "calendar: 'sessions' is missing"),
        ("calendar", None, "calendar: "),
        ("calendar", {"sessions": [], "weekdays": [1]}, "calendar: there is no session"),
        ("calendar", {"sessions": [["12:00", "08:00"]], "weekdays": [1]}, "calendar: working sessions"),
        ("calendar", {"sessions": [["8h", "12:00"]], "weekdays": [1]}, "calendar: "),
        ("calendar", {"sessions": [["08:00", "12:00"]], "weekdays": [8]}, "calendar: weekdays"),
        (
            "calendar",
            {"sessions": [["08:00", "12:00"]], "weekdays": [1], "national_holidays": "Atlantis"},
            "calendar: ",
        ),
        (
            "calendar",
            {"sessions": [["08:00", "12:00"]], "weekdays": [1], "days_off": ["2026-02-30"]},
            "calendar: ",
        ),
    ],
)
def test_faults_of_the_whole_are_named(part: str, value: object, problem: str) -> None:
    document = small_document() | {part: value}
    assert any(found.startswith(problem) for found in problems_of(document)), problems_of(document)


def test_all_faults_are_named_at_once() -> None:
    document = small_document()
    document["units"] += [UNIT | {"parent": "x"}, UNIT | {"kind": "village", "valid_to": "soon"}]
    document["responsibilities"][0]["domain"] = "y"
    document["deadlines"][0]["accept_hours"] = -1
    assert problems_of(document) == [
        "units row 5: kind 'village' is none of city, district, ward, department, company, office",
        "units row 5: valid_to 'soon' is not a date such as 2026-07-01",
        "deadlines row 1: accept_hours must be a positive number",
        "units row 5: code 'phuong-b' is already in row 4",
        "units row 4: parent 'x' does not exist",
        "responsibilities row 1: unknown domain 'y'",
    ]


def test_a_ring_of_units_is_named_and_not_followed_for_ever() -> None:
    document = small_document()
    document["units"] += [
        UNIT | {"code": "b", "parent": "c"},
        UNIT | {"code": "c", "parent": "b"},
        UNIT | {"code": "d", "parent": "c"},
    ]
    assert problems_of(document) == [
        "units row 4: 'b' lies below itself",
        "units row 5: 'c' lies below itself",
    ]


@pytest.mark.parametrize("document", [None, [], "units", 7, {}])
def test_what_is_no_document_at_all(document: object) -> None:
    assert problems_of(document)


rubbish = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_rubbish_gets_through_as_another_error(data: st.DataObject) -> None:
    document = deepcopy(small_document())
    table = data.draw(st.sampled_from(sorted(document)))
    if isinstance(document[table], list) and data.draw(st.booleans()):
        row = data.draw(st.sampled_from(document[table]))
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(rubbish)
    elif isinstance(document[table], dict) and data.draw(st.booleans()):
        document[table][data.draw(st.sampled_from(sorted(document[table])))] = data.draw(rubbish)
    else:
        document[table] = data.draw(rubbish)
    try:
        city = from_document(document)
    except BrokenOrganisation:
        return
    assert isinstance(city.calendar, WorkingCalendar)
    assert from_document(to_document(city)) == city


# --- parts of domains ---

BULKY = {
    "id": "bulky_waste",
    "name": "Rác cồng kềnh",
    "parent": "waste",
    "keywords": ["nệm cũ", "ghế sofa", "tủ hỏng"],
}
CEMETERY_WASTE = {"id": "cemetery_waste", "name": "Rác nghĩa trang", "parent": "waste", "keywords": ["mồ mả"]}


def with_parts(*rows: dict[str, Any], without: str = "") -> dict[str, Any]:
    document = to_document(HA_NOI)
    kept = [row for row in document["domains"] if row["id"] != without]
    return document | {"domains": [*kept, *rows]}


def test_a_city_splits_a_domain_by_keywords_typed_in_any_way() -> None:
    city = from_document(with_parts(BULKY, CEMETERY_WASTE))
    assert city.narrowed("waste", "Ai vứt NỆM CŨ ra đầu ngõ") == "bulky_waste"
    assert city.narrowed("waste", "vut nem cu voi ghe sofa canh mo ma") == "bulky_waste"
    assert city.narrowed("waste", "rác ở khu mồ mả") == "cemetery_waste"
    assert city.narrowed("waste", "rác ba ngày không gom") == "waste"
    assert city.narrowed("noise", "nệm cũ kêu cót két") == "noise"


def test_where_the_parts_replace_the_domain_the_first_takes_the_rest() -> None:
    city = from_document(with_parts(CEMETERY_WASTE, BULKY, without="waste"))
    assert city.narrowed("waste", "rác ba ngày không gom") == "cemetery_waste"
    assert city.narrowed("waste", "nệm cũ") == "bulky_waste"


def test_a_part_has_its_parents_rules_and_hours_until_it_has_its_own() -> None:
    city = from_document(with_parts(BULKY))
    assert city.rules_for("bulky_waste") == city.rules_for("waste")
    assert city.deadline_rule("bulky_waste") == city.deadline_rule("waste")
    assert city.shipped_domain("bulky_waste") == "waste"

    document = with_parts(BULKY)
    hours = next(row for row in document["deadlines"] if row["domain"] == "noise")
    own = {"domain": "bulky_waste", "unit": "so-xay-dung", "position": 5}
    city = from_document(
        document
        | {
            "responsibilities": [*document["responsibilities"], own],
            "deadlines": [*document["deadlines"], hours | {"domain": "bulky_waste"}],
        }
    )
    assert city.rules_for("bulky_waste")[0].unit == "so-xay-dung"
    assert not any(rule.domain == "waste" for rule in city.rules_for("bulky_waste"))
    assert city.deadline_rule("bulky_waste") == city.deadline_rule("noise")


def test_a_document_keeps_the_parts() -> None:
    city = from_document(with_parts(BULKY))
    assert from_document(to_document(city)) == city


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (BULKY | {"parent": "rubbish"}, "parent 'rubbish' is none of"),
        (BULKY | {"id": "noise"}, "'noise' is a domain of its own"),
        (BULKY | {"parent": "conduct"}, "must be restricted as 'conduct' is"),
        (BULKY | {"parent": None}, "name its parent"),
        (BULKY | {"keywords": "nệm cũ"}, "must be a list of texts"),
    ],
)
def test_a_part_that_cannot_be_is_named_by_its_row(row: dict[str, Any], fault: str) -> None:
    with pytest.raises(BrokenOrganisation) as caught:
        from_document(with_parts(row, without=row["id"]))
    assert any(fault in problem and "domains row" in problem for problem in caught.value.problems)


def test_a_fault_knows_its_cell() -> None:
    document = small_document()
    document["units"].append(UNIT | {"code": "hue"})
    with pytest.raises(BrokenOrganisation) as broken:
        from_document(document)
    fault = broken.value.faults[0]
    assert (fault.table, fault.row, fault.column, fault.first) == ("units", 4, "code", 1)
    assert fault.sentence(lambda row: row + 2) == "code 'hue' is already in row 3"


def test_every_unit_of_a_circle_is_named_and_none_below_it() -> None:
    document = small_document()
    chain = [("a", "c"), ("b", "a"), ("c", "b"), ("d", "c")]
    document["units"] += [UNIT | {"code": code, "parent": parent} for code, parent in chain]
    found = [line for line in problems_of(document) if "below itself" in line]
    assert [line.split("'")[1] for line in found] == ["a", "b", "c"]


def test_a_chain_of_ten_thousand_units_is_answered_and_not_followed() -> None:
    document = small_document()
    codes = ["hue", *(f"u-{number}" for number in range(10_000))]
    document["units"] += [UNIT | {"code": code, "parent": above} for above, code in pairwise(codes)]
    assert "levels deep" in problems_of(document)[0]
