"""The Vietnamese guides: what they tell people to type, press and read is what the program really has."""

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from bot.__main__ import build_parser
from bot.settings import PREFIX, Settings
from handlers.dispatch import COMMANDS

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "vi"
GUIDES = ["nguoi-dan", "can-bo", "lanh-dao", "van-hanh"]
LARGEST = 60 * 1024
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LABEL = re.compile(r"(?<!!)\[([^\]]+)\](?!\()")
CODE = re.compile(r"`([^`\n]+)`")


def guide(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@cache
def words_of_the_program() -> frozenset[str]:
    """Return every text that the sentences and the chat page hold."""
    found: set[str] = set()
    for path in (ROOT / "handlers" / "texts").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    page = (ROOT / "bot" / "page" / "chat.html").read_text(encoding="utf-8")
    return frozenset(found | {part.strip() for part in re.findall(r">([^<>]+)<", page)})


def commands(name: str) -> list[str]:
    """Return the lines of a guide that are typed into a terminal."""
    text = guide(name)
    blocks = [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [line for line in [*blocks, *CODE.findall(text)] if line.startswith(("scripts/", "python -m bot"))]


@pytest.mark.parametrize("name", GUIDES)
def test_every_button_that_a_guide_names_is_there(name: str) -> None:
    labels = [label.removesuffix(" ★").strip() for label in LABEL.findall(guide(name))]
    stars = [label for label in labels if label.isdigit()]
    assert all(1 <= int(label) <= 5 for label in stars)
    missing = sorted({label for label in labels if label not in words_of_the_program()} - set(stars))
    assert not missing, missing


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_of_the_chat_is_one(name: str) -> None:
    typed = [code.split()[0] for code in CODE.findall(guide(name)) if code.startswith("/")]
    assert typed or name == "van-hanh"
    assert not [command for command in typed if command not in COMMANDS]


def test_every_command_of_the_terminal_is_one() -> None:
    found = [line for name in GUIDES for line in commands(name)]
    assert len(found) > 12
    for line in found:
        words = shlex.split(line.removeprefix("scripts/run ").removeprefix("python -m bot "))
        assert build_parser().parse_args(words).command == words[0], line


@pytest.mark.parametrize("name", GUIDES)
def test_every_setting_and_file_that_a_guide_names_is_there(name: str) -> None:
    text = guide(name)
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert not set(re.findall(rf"{PREFIX}[A-Z_]+", text)) - known
    assert not [path for path in re.findall(r"`(deploy/[^`]+)`", text) if not (ROOT / path).exists()]


@pytest.mark.parametrize("name", GUIDES)
def test_sentences_in_quotation_marks_are_the_programs(name: str) -> None:
    golden = (ROOT / "tests" / "handlers" / "golden_texts.txt").read_text(encoding="utf-8")
    assert not [said for said in re.findall(r"«([^»]+)»", guide(name)) if said not in golden]


@pytest.mark.parametrize("name", GUIDES)
def test_every_picture_is_there_small_told_in_words_and_of_a_telephone(name: str) -> None:
    pictures = PICTURE.findall(guide(name))
    assert 3 <= len(pictures) <= 6
    for told, place in pictures:
        assert len(told) > 5
        path = FOLDER / place
        assert path.stat().st_size <= LARGEST, place
        with Image.open(path) as picture:
            assert picture.height > 1.5 * picture.width


def test_no_picture_is_left_over() -> None:
    used = {place for name in GUIDES for _, place in PICTURE.findall(guide(name))}
    assert {f"images/{path.name}" for path in (FOLDER / "images").iterdir()} == used


@pytest.mark.parametrize("name", GUIDES)
def test_the_sentences_are_short(name: str) -> None:
    """What an older person understands at once: at most 32 words, usually far fewer."""
    text = re.sub(r"```.*?```|^\|.*$|!\[.*?\)|^#.*$", "", guide(name), flags=re.DOTALL | re.MULTILINE)
    sentences = [part for part in re.split(r"[.!?:]\s|\n\s*(?:-|\d+\.)\s|\n\n", text) if part.strip()]
    long = [part.strip() for part in sentences if len(part.split()) > 32]
    assert not long, long
