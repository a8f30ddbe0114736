"""The page about security names a test for every threat, and each of them is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ACTORS = ("citizen", "official", "outsider", "telephone", "operator", "member of a group", "outage")


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in ast.walk(tree) if isinstance(each, functions)}


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or name not in names_in(ROOT / path)
    ]
    assert not missing, "\n".join(missing)


def test_every_threat_names_what_stops_it_and_its_test() -> None:
    for table in PAGE.split("| threat | what stops it | test |")[1:]:
        rows = table.partition("\n\n")[0].splitlines()[2:]
        assert rows
        for row in rows:
            threat, stopped, test = (cell.strip() for cell in row.strip("|").split(" | "))
            assert threat
            assert stopped
            assert NAMED.search(test), row


def test_everybody_who_might_do_harm_has_a_chapter() -> None:
    headings = " ".join(line for line in PAGE.splitlines() if line.startswith("#")).lower()
    assert not [actor for actor in ACTORS if actor not in headings]
