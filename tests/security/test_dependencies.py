"""What the program is made of: every version is pinned, and those are the ones that run."""

from scripts import audit


def test_everything_that_is_needed_is_pinned_and_runs_in_that_version() -> None:
    assert audit.problems_of_pins() == []


def test_constraints_hold_names_and_versions_alone() -> None:
    pins, bad = audit.pinned(
        "aiohttp==3.1\n# why\n\nPyYAML>=6\nx @ https://example.org/x.whl\n--index-url x\n"
    )
    assert pins == {"aiohttp": "3.1"}
    assert bad == ["PyYAML>=6", "x @ https://example.org/x.whl", "--index-url x"]


def test_what_is_needed_by_what_is_needed_is_looked_at_too() -> None:
    found = dict(audit.installed(audit.wanted()))
    assert {"aiohttp", "sqlalchemy", "cryptography", "pillow", "greenlet", "pydantic-core"} <= found.keys()
