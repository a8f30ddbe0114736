"""Mergers, splits, renamings and moves of units, and what becomes of the rules that name them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.organisation import City, Responsibility, Unit, build_city, from_document, to_document
from routing.organisation.changing import (
    BrokenChange,
    Reorganised,
    first_day,
    reorganise,
    rows_before,
    with_rows,
)
from routing.responsibility import assign

DAY = date(2026, 12, 1)
EVE = date(2026, 11, 30)
HANOI = build_city("Hà Nội")


def a_city(*units: Unit, rules: tuple[Responsibility, ...] = ()) -> City:
    """Return a small city; without rules its root answers for everything."""
    root = Unit(code="ha-noi", name="Thành phố Hà Nội", kind="city", parent=None)
    usual = (Responsibility(domain="*", unit="ha-noi", position=100),)
    return replace(
        HANOI, units={unit.code: unit for unit in (root, *units)}, responsibilities=(*rules, *usual)
    )


def ward(code: str, parent: str = "ha-noi", ward_code: str | None = None) -> Unit:
    return Unit(code=code, name=f"Phường {code.upper()}", kind="ward", parent=parent, ward_code=ward_code)


def district(code: str, parent: str = "ha-noi") -> Unit:
    return Unit(code=code, name=f"Quận {code.upper()}", kind="district", parent=parent)


def changed(city: City, *changes: dict[str, Any], day: date = DAY) -> Reorganised:
    return reorganise(city, {"on": day.isoformat(), "changes": list(changes)}, day=day)


def faults(city: City, *changes: Any) -> list[str]:
    with pytest.raises(BrokenChange) as broken:
        changed(city, *changes)
    return broken.value.problems


def new(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"Phường {code.upper()}", **more}


TWO_WARDS = a_city(ward("a", ward_code="00001"), ward("b", ward_code="00002"), ward("c", ward_code="00003"))


# ── what becomes of the units ────────────────────────────────────────────────────────────────────


def test_merged_units_are_over_from_the_day_on_and_the_new_one_begins_then() -> None:
    after = changed(TWO_WARDS, {"merge": ["a", "b"], "into": new("n")}).city
    assert (after.units["a"].valid_to, after.units["a"].successors) == (DAY, ("n",))
    assert after.units["n"].valid_from == DAY
    assert after.units["n"].parent == "ha-noi"
    eve, day = after.on(EVE), after.on(DAY)
    assert [unit.code for unit in eve.children("ha-noi")] == ["a", "b", "c"]
    assert [unit.code for unit in day.children("ha-noi")] == ["n", "c"]
    assert [unit.code for unit in day.wards()] == ["n", "c"]


def test_both_wards_of_a_merger_lead_to_the_new_unit() -> None:
    after = changed(TWO_WARDS, {"merge": ["a", "b"], "into": new("n")}).city.on(DAY)
    for ward_code in ("00001", "00002"):
        found = after.ward_unit(ward_code)
        assert found is not None
        assert found.code == "n"
    assert after.units["n"].ward_code == "00001"


def test_a_unit_may_take_over_another_and_go_on() -> None:
    made = changed(TWO_WARDS, {"merge": ["a", "b"], "into": "b"})
    assert made.created == ()
    assert made.city.on(DAY).heir("a") == "b"
    assert made.city.on(DAY).is_valid("b")
    assert [each.was for each in made.successions] == ["a"]


def test_what_lay_below_a_unit_that_ends_lies_below_its_successor() -> None:
    city = a_city(district("d"), district("e"), ward("a", "d", "00001"), ward("b", "e", "00002"))
    made = changed(city, {"end": "d", "successor": "e"})
    assert made.city.units["a"].parent == "e"
    assert made.moved == (("a", "d"),)
    assert made.city.is_within("a", "e")


def test_a_renamed_unit_keeps_its_code_and_its_former_names() -> None:
    once = changed(TWO_WARDS, {"rename": "a", "name": "Phường Hồ"}).city
    made = changed(once, {"rename": "a", "name": "Phường Hồ Tây"})
    assert made.city.units["a"].name == "Phường Hồ Tây"
    assert made.city.units["a"].former_names == ("Phường A", "Phường Hồ")
    assert made.renamed == (("a", "Phường Hồ"),)
    back = changed(made.city, {"rename": "a", "name": "Phường A"}).city
    assert back.units["a"].former_names == ("Phường Hồ", "Phường Hồ Tây")


def test_a_moved_unit_takes_along_what_lies_below_it() -> None:
    city = a_city(district("d"), district("e"), ward("a", "d", "00001"), ward("office", "a"))
    after = changed(city, {"move": "a", "parent": "e"}).city
    assert [unit.code for unit in after.path("office")] == ["ha-noi", "e", "a", "office"]


def test_a_split_hands_down_areas_and_the_rest_is_asked_for() -> None:
    city = a_city(district("d"), ward("a", "d", "00001"), ward("b", "d", "00002"))
    parts = [
        {"code": "e", "name": "Quận E", "areas": ["a"]},
        {"code": "f", "name": "Quận F", "areas": ["b"]},
    ]
    after = changed(city, {"split": "d", "into": parts}).city.on(DAY)
    assert (after.units["a"].parent, after.units["b"].parent) == ("e", "f")
    assert after.heir("d", "00002") == "f"
    assert after.heir("d", "00001") == "e"
    assert after.heir("d") == "e"
    found = faults(city, {"split": "d", "into": [parts[0], {**parts[1], "areas": []}]})
    assert found == ["changes row 1: into: nobody has the unit 'b' below it: name it in areas"]


def test_a_unit_may_go_on_and_give_a_part_away() -> None:
    city = a_city(district("d"), ward("a", "d", "00001"), ward("b", "d", "00002"))
    made = changed(
        city, {"split": "d", "into": [{"code": "d"}, {"code": "e", "name": "Quận E", "areas": ["b"]}]}
    )
    assert made.city.on(DAY).is_valid("d")
    assert (made.city.units["a"].parent, made.city.units["b"].parent) == ("d", "e")
    (succession,) = made.successions
    assert succession.people == ("e",)
    assert succession.unit_for(made.city, ward_code="00002", street=None) == ("e", True)
    assert succession.unit_for(made.city, ward_code="00001", street=None) == ("d", True)
    assert succession.unit_for(made.city, ward_code=None, street=None) == ("d", False)


def test_the_streets_of_a_split_ward_tell_its_cases_apart() -> None:
    parts = [new("n", streets=["Phố Huế"]), new("m", streets=["Đại La", "Bạch Mai"], ward_code="00009")]
    made = changed(TWO_WARDS, {"split": "a", "into": parts})
    (succession,) = made.successions
    place = {"city": made.city.on(DAY), "ward_code": "00001"}
    assert succession.unit_for(**place, street="số 5 ngõ 7 pho hue") == ("n", True)
    assert succession.unit_for(**place, street="12 Bạch Mai") == ("m", True)
    assert succession.unit_for(**place, street="Bạch") == ("n", False)
    assert succession.unit_for(**place, street=None) == ("n", False)
    assert made.city.on(DAY).heir("a", "00009") == "m"


def test_changes_are_made_in_order_each_on_what_the_one_before_left() -> None:
    made = changed(
        TWO_WARDS,
        {"merge": ["a", "b"], "into": new("n")},
        {"rename": "n", "name": "Phường Mới"},
        {"end": "n", "successor": "c"},
    )
    assert made.city.on(DAY).heir("a") == "c"
    assert made.city.units["n"].former_names == ("Phường N",)


# ── what becomes of the rules ────────────────────────────────────────────────────────────────────


def rule(position: int, unit: str, **more: Any) -> Responsibility:
    return Responsibility(**{"domain": "waste", "position": position, "unit": unit, **more})


def rules_of(made: Reorganised) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.area, each.unit, each.supporting) for each in made.city.responsibilities[:-1]]


def test_rules_name_the_successor_in_unit_area_and_support() -> None:
    city = a_city(
        ward("a", ward_code="00001"),
        ward("b", ward_code="00002"),
        ward("x"),
        rules=(
            rule(10, "x", area="ward:00002", supporting=("a", "b")),
            rule(20, "a", domain="roads"),
        ),
    )
    made = changed(city, {"merge": ["a", "b"], "into": new("n")})
    assert rules_of(made) == [("ward:00001", "x", ("n",)), ("*", "n", ())]
    assert [each.position for each in made.city.responsibilities] == [10, 20, 100]


def test_rules_that_have_become_the_same_are_one_and_what_is_lost_is_said() -> None:
    rules = (rule(10, "x", area="a"), rule(20, "y", area="b"))
    city = a_city(ward("a"), ward("b"), ward("x"), ward("y"), rules=rules)
    made = changed(city, {"merge": ["a", "b"], "into": new("n")})
    assert rules_of(made) == [("n", "x", ())]
    assert made.notes == ("rule 20 (waste → y) is dropped: rule 10 (→ x) comes first in n",)


def test_a_rule_of_a_unit_that_is_split_becomes_one_for_each_place() -> None:
    city = a_city(
        district("d"),
        ward("a", "d", "00001"),
        ward("b", "d", "00002"),
        Unit(code="x", name="Công ty X", kind="company", parent="ha-noi"),
        rules=(rule(10, "x"), rule(11, "x", domain="roads", area="a")),
    )
    parts = [
        {"code": "y", "name": "Công ty Y", "wards": ["00001"]},
        {"code": "z", "name": "Công ty Z", "wards": ["00002"]},
    ]
    made = changed(city, {"split": "x", "into": parts})
    assert rules_of(made) == [("ward:00002", "z", ()), ("*", "y", ()), ("a", "y", ())]
    assert [each.position for each in made.city.responsibilities] == [10, 20, 30, 40]
    assert made.city.on(DAY).heir("x", "00002") == "z"
    assert made.city.on(DAY).heir("x", "00001") == "y"


def test_the_area_of_a_split_district_is_that_of_its_parts() -> None:
    city = a_city(
        district("d"), ward("a", "d", "00001"), ward("b", "d", "00002"), rules=(rule(10, "d", area="d"),)
    )
    parts = [
        {"code": "e", "name": "Quận E", "areas": ["a"]},
        {"code": "f", "name": "Quận F", "areas": ["b"]},
    ]
    made = changed(city, {"split": "d", "into": parts})
    assert rules_of(made) == [("e", "e", ()), ("f", "f", ())]


def test_a_merger_in_hanoi_has_to_think_of_the_police() -> None:
    two = {"merge": ["phuong-khuong-dinh", "phuong-cau-giay"], "into": new("phuong-moi")}
    fault = faults(HANOI, two)[0].split(":", 2)[-1].strip()
    assert "cong-an-@ward, which does not exist here" in fault
    police = {
        "merge": ["cong-an-phuong-khuong-dinh", "cong-an-phuong-cau-giay"],
        "into": {"code": "cong-an-phuong-moi", "name": "Công an phường Mới", "parent": "phuong-moi"},
    }
    after = changed(HANOI, two, police).city.on(DAY)
    for was in ("phuong-khuong-dinh", "phuong-cau-giay"):
        code = HANOI.units[was].ward_code
        found = assign(after, domain="waste", kind="feedback", ward_code=code, street=None)
        assert found.unit is not None
        assert found.unit.code == "phuong-moi"


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"merge": ["a", "x"], "into": new("n")}, "merge: unit 'x' does not exist"),
        ({"merge": ["a", "a"], "into": new("n")}, "merge: names a unit twice"),
        ({"merge": ["a"], "into": "a"}, "merge: nothing is merged into the unit but itself"),
        ({"merge": ["a", "b"]}, "into: must be a unit's code, or an object"),
        ({"merge": [], "into": new("n")}, "merge: must list the units"),
        ({"merge": "a", "into": new("n")}, "merge 'a' must be a list of texts"),
        ({"merge": ["ha-noi", "a"], "into": new("n")}, "merge: 'ha-noi' is the city itself"),
        ({"merge": ["a", "b"], "into": new("c")}, "changes row 1, into: code: 'c' is taken"),
        ({"merge": ["a", "b"], "into": new("Phường")}, "may hold a-z, 0-9 and single hyphens only"),
        ({"merge": ["a", "b"], "into": {"name": "Phường N"}}, "changes row 1, into: code is missing"),
        ({"merge": ["a", "b"], "into": new("n", kind="village")}, "kind 'village' is none of"),
        (
            {"merge": ["a", "b"], "into": new("n", parent="a")},
            "parent: 'a' is, or lies below, 'a', which ends",
        ),
        ({"merge": ["a", "b"], "into": new("n", chair="An")}, "unknown column 'chair'"),
        ({"end": "a", "successor": "a"}, "successor: is the unit that ends"),
        ({"end": "a"}, "successor is missing"),
        ({"rename": "a", "name": "Phường A"}, "is the name that it has"),
        ({"rename": "a"}, "name is missing"),
        ({"move": "a", "parent": "ha-noi"}, "lies below 'ha-noi' already"),
        ({"move": "a", "parent": "a"}, "is the unit itself or lies below it"),
        ({"move": "ha-noi", "parent": "a"}, "the city itself cannot be moved"),
        ({"move": "a", "parent": "b", "on": "2026-12-01"}, "unknown column 'on'"),
        ({"split": "a", "into": [new("n")]}, "into: must list two units or more"),
        ({"split": "a", "into": [new("n"), new("n")]}, "into: names a unit twice"),
        ({"split": "a", "into": [new("n"), new("m")]}, "into 2: ward_code is missing"),
        ({"split": "a", "into": [new("n", wards=["9"]), new("m")]}, "no unit has the official ward code '9'"),
        ({"split": "a", "into": [new("n", areas=["b"]), new("m")]}, "'b' does not lie below 'a'"),
        ({"rename": "a", "move": "a", "parent": "b"}, "must name exactly one of"),
        ({"abolish": "a"}, "must name exactly one of"),
        ("rename a", "is not an object"),
    ],
)
def test_each_fault_is_named_with_its_row(change: Any, fault: str) -> None:
    found = faults(TWO_WARDS, change)
    assert any(fault in each for each in found), found
    assert all(each.startswith("changes row 1") for each in found), found


def test_all_faults_are_named_at_once() -> None:
    found = faults(TWO_WARDS, {"rename": "x", "name": "Y"}, {"end": "a", "successor": "z"})
    assert [each[:13] for each in found] == ["changes row 1", "changes row 2"]


def test_a_unit_never_comes_to_lie_below_itself() -> None:
    city = a_city(district("d"), ward("a", "d", "00001"), ward("office", "a"))
    assert "lies below itself" not in str(faults(city, {"move": "d", "parent": "office"}))
    assert faults(city, {"end": "d", "successor": "a"}) == [
        "changes row 1: 'a' lies below 'd', which ends: move it elsewhere first"
    ]
    after = changed(city, {"move": "a", "parent": "ha-noi"}, {"end": "d", "successor": "a"}).city
    assert after.on(DAY).heir("d") == "a"


def test_a_merger_of_units_that_lie_below_one_another_stands_beside_the_highest() -> None:
    city = a_city(district("d"), district("x", "d"), ward("a", "x", "00001"))
    after = changed(city, {"merge": ["a", "d"], "into": new("n")}).city
    assert [unit.code for unit in after.path("x")] == ["ha-noi", "n", "x"]
    (fault,) = faults(city, {"merge": ["a", "d"], "into": new("n", parent="x")})
    assert "parent: 'x' is, or lies below, 'd', which ends" in fault


def test_a_part_never_gets_what_lies_above_it() -> None:
    city = a_city(district("d"), district("x", "d"), ward("a", "x", "00001"))
    (fault,) = faults(city, {"split": "d", "into": [{"code": "d"}, new("n", parent="a", areas=["x"])]})
    assert fault.endswith("areas: 'x' is 'n' or lies above it")


def test_what_a_unit_above_takes_over_lies_below_it_at_once() -> None:
    city = a_city(district("d"), district("x", "d"), ward("a", "x", "00001"))
    after = changed(city, {"split": "x", "into": [{"code": "d", "areas": ["a"]}, district_row("n")]}).city
    assert after.units["a"].parent == "d"


def district_row(code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Quận {code.upper()}"}


def test_what_is_over_cannot_be_changed_again() -> None:
    after = changed(TWO_WARDS, {"merge": ["a", "b"], "into": new("n")}).city
    assert faults(after, {"rename": "a", "name": "Phường Hồ"}) == [
        "changes row 1: rename: unit 'a' no longer exists from 2026-12-01 on"
    ]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (
            {"on": "2026-11-30"},
            "on: 2026-11-30 is past, and nothing is edited backwards; today is 2026-12-01",
        ),
        ({}, "on is missing"),
        ([], "on is missing"),
        ({"on": "1/12/2026"}, "'1/12/2026' is not a date such as"),
    ],
)
def test_the_day_must_be_one_to_come(document: Any, fault: str) -> None:
    with pytest.raises(BrokenChange, match="document: ") as broken:
        first_day(document, today=DAY)
    assert fault in str(broken.value)


def test_today_and_days_to_come_are_taken() -> None:
    assert first_day({"on": "2026-12-01"}, today=DAY) == DAY
    assert first_day({"on": "2027-01-01"}, today=DAY) == date(2027, 1, 1)


# ── both trees ───────────────────────────────────────────────────────────────────────────────────


def test_the_tree_before_a_change_can_be_shown_again() -> None:
    city = a_city(district("d"), district("e"), ward("a", "d", "00001"), ward("b", "d", "00002"))
    made = changed(
        city,
        {"move": "a", "parent": "e"},
        {"rename": "e", "name": "Quận Mới"},
        {"merge": ["b"], "into": new("n")},
    )
    rows = rows_before(city, made.city)
    assert rows.keys() == {"a", "e", "b", "n"}
    assert with_rows(made.city, rows).units == city.units


# ── whatever is changed ──────────────────────────────────────────────────────────────────────────


@st.composite
def change_files(draw: st.DrawFn) -> tuple[City, list[dict[str, Any]]]:
    """A tree of any shape with rules that name its units, and changes that may or may not be possible."""
    count = draw(st.integers(3, 9))
    units = []
    for number in range(count):
        parent = draw(st.sampled_from(["ha-noi", *(unit.code for unit in units)]))
        code = f"u{number}"
        own = f"0000{number}" if draw(st.booleans()) else None
        units.append(ward(code, parent, own) if own else district(code, parent))
    codes = st.sampled_from([unit.code for unit in units])
    rules = tuple(
        rule(
            10 * number + 10,
            draw(codes),
            domain=draw(st.sampled_from(["waste", "roads", "*"])),
            area=draw(st.one_of(st.just("*"), codes)),
            supporting=tuple(draw(st.lists(codes, max_size=2, unique=True))),
        )
        for number in range(draw(st.integers(0, 4)))
    )
    city = a_city(*units, rules=rules)
    return city, [draw(_changes(units, number)) for number in range(draw(st.integers(1, 4)))]


@st.composite
def _changes(draw: st.DrawFn, units: list[Unit], number: int) -> dict[str, Any]:
    codes = st.sampled_from([unit.code for unit in units])
    unit, other = draw(codes), draw(codes)
    fresh = new(f"n{number}", kind="district")
    match draw(st.sampled_from(["merge", "end", "move", "rename", "split", "split"])):
        case "merge":
            into = draw(st.sampled_from([other, fresh]))
            return {"merge": draw(st.lists(codes, min_size=1, max_size=3, unique=True)), "into": into}
        case "end":
            return {"end": unit, "successor": other}
        case "move":
            return {"move": unit, "parent": draw(st.sampled_from(["ha-noi", other]))}
        case "rename":
            return {"rename": unit, "name": f"Tên mới {number}"}
    below = [each for each in units if each.parent == unit]
    sides = [draw(st.booleans()) for _ in below]
    wards = [each.ward_code for each in units if each.ward_code and draw(st.booleans())]
    halves = [
        {
            "areas": [each.code for each, side in zip(below, sides, strict=True) if side == half],
            "wards": wards[: len(wards) // 2] if half else wards[len(wards) // 2 :],
        }
        for half in (True, False)
    ]
    first = draw(st.sampled_from([{"code": unit}, {"code": other}, fresh]))
    return {
        "split": unit,
        "into": [{**first, **halves[0]}, {**fresh, "code": f"m{number}", **halves[1]}],
    }


@settings(max_examples=200, deadline=None)
@given(change_files())
def test_no_change_loses_a_unit_a_case_or_a_rule(given_file: tuple[City, list[dict[str, Any]]]) -> None:
    city, changes = given_file
    try:
        made = changed(city, *changes)
    except BrokenChange:
        return
    after = made.city.on(DAY)
    assert from_document(to_document(made.city)) == made.city
    assert city.units.keys() <= after.units.keys()
    for code in after.units:
        heir = after.heir(code)
        assert heir is not None
        assert after.is_valid(heir)
        assert after.path(code)[0] == after.root
        if after.is_valid(code):
            assert all(after.is_valid(above.code) for above in after.path(code))
    for each in made.city.responsibilities:
        assert all(after.is_valid(unit) for unit in (each.unit, *each.supporting))
        assert each.area == "*" or each.area.startswith("ward:") or after.is_valid(each.area)
    for succession in made.successions:
        for ward_code in (None, *(unit.ward_code for unit in city.wards())):
            to, _ = succession.unit_for(after, ward_code=ward_code, street="Phố Huế")
            assert after.heir(to, ward_code) is not None
    assert {unit for unit in city.units if not after.is_valid(unit)} == {
        each.was for each in made.successions if each.ends and each.was in city.units
    }
    undone = with_rows(made.city, rows_before(city, made.city))
    assert undone.units == city.units


# ── units that rules bind to a ward ──────────────────────────────────────────────────────────────


LANG, KHUONG = "phuong-lang", "phuong-khuong-dinh"


def test_what_a_rule_binds_to_a_merged_ward_is_named_to_be_merged_as_well() -> None:
    wards = {"merge": [LANG, KHUONG], "into": {"code": "phuong-moi", "name": "Phường Mới"}}
    told = faults(HANOI, wards)
    assert told[-1] == f"phuong-moi: merge cong-an-{KHUONG}, cong-an-{LANG} into cong-an-phuong-moi as well"
    police = {
        "merge": [f"cong-an-{LANG}", f"cong-an-{KHUONG}"],
        "into": {"code": "cong-an-phuong-moi", "name": "Công an phường Mới"},
    }
    assert changed(HANOI, wards, police).notes == ()


def test_what_is_left_without_its_ward_is_noted() -> None:
    wards = {"merge": [KHUONG], "into": LANG}
    assert changed(HANOI, wards).notes == (
        f"cong-an-{KHUONG} stays without its ward {KHUONG}: merge it into cong-an-{LANG} as well",
    )
    police = {"merge": [f"cong-an-{KHUONG}"], "into": f"cong-an-{LANG}"}
    assert changed(HANOI, police, wards).notes == changed(HANOI, wards, police).notes == ()
