"""The floors of the house: who may import whom, who reads the environment, where Vietnamese stands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import describe

ROOT = Path(__file__).parent.parent
FLOORS = ("bot", "handlers", "storage", "routing")
ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b|\bload_dotenv\b")
VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")

NAMES = re.compile("Lắng Nghe|Hà Nội")


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def wrong_imports(path: str, source: str) -> list[str]:
    """Name each import that climbs, or that an adapter may not have."""
    floor = FLOORS.index(path.split("/")[0])
    wrong = [
        f"{path}:{line} imports {name}"
        for line, name in imports(source)
        if name.split(".")[0] in FLOORS[:floor]
    ]
    if path.startswith("bot/channels/"):
        wrong += [
            f"{path}:{line} imports {name}"
            for line, name in imports(source)
            if name.split(".")[0] in FLOORS and not name.startswith(("handlers.channel.", "bot.channels."))
        ]
    return wrong


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string that is no docstring."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_point_one_way(floor: str) -> None:
    wrong = [
        line
        for path in sources(floor)
        for line in wrong_imports(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_climbing_import_is_named_with_its_line() -> None:
    assert wrong_imports("routing/deadline.py", "import re\nfrom storage import cases\n") == [
        "routing/deadline.py:2 imports storage.cases"
    ]


def test_an_adapter_may_import_only_the_port() -> None:
    source = "from handlers.channel import Address\nfrom handlers import texts\nfrom storage import cases\n"
    assert wrong_imports("bot/channels/web.py", source) == [
        "bot/channels/web.py:2 imports handlers.texts",
        "bot/channels/web.py:3 imports storage.cases",
    ]


def test_only_the_entrance_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for floor in FLOORS
        for path in sources(floor)
        if ENVIRONMENT.search(path.read_text(encoding="utf-8"))
    }
    assert readers <= {"bot/__main__.py", "bot/settings.py", "bot/app.py"}, readers


def test_vietnamese_sentences_stand_only_among_the_texts() -> None:
    allowed = ("handlers/texts", "routing/")
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {text[:60]!r}"
        for floor in ("bot", "handlers", "storage")
        for path in sources(floor)
        if not str(path.relative_to(ROOT)).startswith(allowed)
        for line, text in sentences(path.read_text(encoding="utf-8"))
        if len(VIETNAMESE.findall(NAMES.sub("", text))) > 3 and " " in text.strip()
    ]
    assert not wrong, "\n".join(wrong)


def test_the_architecture_page_names_every_file() -> None:
    assert describe.PAGE.read_text(encoding="utf-8") == describe.page(), "run: python scripts/describe.py"
