"""Figures after a reorganisation: which unit of today stands for a former one, as far as that can be told."""

from dataclasses import replace
from datetime import date

import pytest

from routing import trees
from routing.organisation import City, Unit, build_city

OVER = date(2026, 7, 1)
WARDS = {"x": "00001", "y": "00002", "z": "00003"}


def unit(code: str, parent: str | None = "ha-noi", *, over: tuple[str, ...] = ()) -> Unit:
    return Unit(
        code=code,
        name=code,
        kind="ward" if code in WARDS else "office",
        parent=parent,
        ward_code=WARDS.get(code),
        valid_to=OVER if over else None,
        successors=over,
    )


@pytest.fixture(scope="module")
def city() -> City:
    """a went into c; d was divided into e (with ward x) and f (with wards y, z); b went into a before."""
    units = (
        unit("ha-noi", None),
        unit("a", over=("c",)),
        unit("b", over=("a",)),
        unit("c"),
        unit("d", over=("e", "f")),
        unit("d-team", "d"),
        unit("e"),
        unit("f"),
        unit("x", "e"),
        unit("y", "f"),
        unit("z", "f"),
    )
    return replace(build_city("Hà Nội"), units={each.code: each for each in units})


def test_a_merged_units_cases_count_for_the_one_that_took_over(city: City) -> None:
    moved = trees.as_now(city)
    assert (moved["a"], moved["b"]) == ("c", "c")
    assert "c" not in moved


def test_a_divided_units_cases_go_where_their_ward_lies_now(city: City) -> None:
    moved = trees.as_now(city)
    assert {key: to for key, to in moved.items() if key.startswith("d")} == {
        "d/00001": "e",
        "d/00002": "f",
        "d/00003": "f",
    }


def test_what_cannot_be_told_stays_with_the_former_unit(city: City) -> None:
    assert "d" not in trees.as_now(city)
    gone = replace(city, units={**city.units, "x": replace(city.units["x"], ward_code=None)})
    assert "d/00001" not in trees.as_now(gone)


def test_units_that_follow_one_another_in_a_circle_stay(city: City) -> None:
    circle = {"a": unit("a", over=("c",)), "c": unit("c", over=("a",))}
    assert "e" not in trees.as_now(replace(city, units={**city.units, **circle}))


def test_a_city_that_was_never_reorganised_moves_nothing() -> None:
    assert trees.as_now(build_city("Hà Nội")) == {}


def test_units_count_for_the_one_above_them_that_is_asked_for(city: City) -> None:
    below = trees.counted_below(city, "ha-noi", {})
    assert (below["x"], below["y"], below["d-team"]) == ("e", "f", "d")
    assert "e" not in below
    now = trees.counted_below(city, "ha-noi", trees.as_now(city))
    assert (now["d/00002"], now["a"]) == ("f", "c")
    assert trees.counted_below(city, "f", trees.as_now(city))["d/00002"] == "f"
