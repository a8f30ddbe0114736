"""Small parts of the vendor's JSON, read whatever they are."""

from collections.abc import Mapping
from typing import Any

from bot.channels.splitting import storable

CHANNEL = "zalo_oa"
GROUP_MARK = "g"
"""Stands before a group's id, so that no group's chat is taken for a person's."""


def part_of(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside another; an empty one where there is none."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def first_text(content: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields that holds a text or a number, as a text; empty for none."""
    return next((found for name in names if (found := as_text(content.get(name)))), "")


def as_text(value: Any) -> str:
    """Return a text or a whole number as a text that can be stored; empty for anything else."""
    if isinstance(value, str):
        return storable(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def texts_in(value: Any) -> list[str]:
    """Return the texts of a list; a single text is a list of one."""
    values = value if isinstance(value, list) else [value]
    return [text for each in values if (text := as_text(each))]


def ids_in(value: Any) -> tuple[str, ...]:
    """Return the ids of a list of objects or of texts, each once."""
    values = value if isinstance(value, list) else []
    found = (
        first_text(each, "id", "user_id") if isinstance(each, dict) else as_text(each) for each in values
    )
    return tuple(dict.fromkeys(each for each in found if each))
