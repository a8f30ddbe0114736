"""The operating guide names everything there is: commands, options, settings, tables, what people type."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from bot.__main__ import build_parser
from bot.settings import PREFIX, Settings
from handlers.dispatch import COMMANDS
from storage.tables import metadata

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)|<img src=\"([^\":]+)\"")
GUIDE = (Path(__file__).parent.parent / "docs/operating.md").read_text(encoding="utf-8")


def options(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from options(child, f"{path} {name}".strip())
        elif not isinstance(action, argparse._HelpAction):
            yield path, action.option_strings[-1] if action.option_strings else action.dest.upper()


def test_every_command_and_option_is_in_the_guide() -> None:
    missing = []
    for command, option in options(build_parser()):
        rows = [line for line in GUIDE.splitlines() if line.startswith("|") and f"`{command}" in line]
        if not any(option.strip("-") in row.lower() or option in row for row in rows):
            missing.append(f"{command} {option}")
    assert not missing, missing


def test_every_command_of_the_chat_is_in_the_guide() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| `/")]
    assert not [name for name in sorted(COMMANDS) if not any(f"`{name}" in row for row in rows)]


def test_every_setting_is_in_the_guide() -> None:
    names = {name.upper() for name in Settings.model_fields}
    assert not [name for name in sorted(names) if f"`{PREFIX}{name}`" not in GUIDE]


def test_every_table_is_in_the_guide() -> None:
    assert not [name for name in metadata.tables if f"`{name}`" not in GUIDE]


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for found in LINK.findall(page.read_text(encoding="utf-8"))
        for link in found
        if link and not (page.parent / link).exists()
    ]
    assert not broken, broken
