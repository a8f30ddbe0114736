"""Small parts of the vendor's JSON, and who the bot is in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CHANNEL = "telegram"
_COMMAND_TO_A_BOT = re.compile(r"^(/\w+)@\w+", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Me:
    """The bot as others see it: id and username; 0 and empty while they are not known."""

    id: int = 0
    username: str = ""
    reads_all: bool = False
    """Whether it is given every message of a group, not only those that name it."""

    def is_this(self, person: Mapping[str, Any]) -> bool:
        """Tell whether a user is the bot; any bot, as long as the own id is not known."""
        return person.get("id") == self.id if self.id else bool(person.get("is_bot"))

    def is_called(self, username: str) -> bool:
        """Tell whether this name (without @) is the bot's; any bot's, as long as it is not known."""
        if not self.username:
            return username.lower().endswith("bot")  # as the vendor has all bots be called
        return username.lower() == self.username.lower()


def is_group(chat: Mapping[str, Any]) -> bool:
    """Tell whether several people write in a chat."""
    return chat["type"] in {"group", "supergroup"}


def identity(value: Any) -> str:
    """Return an id as the port has it; raises TypeError for what is no id of the vendor's."""
    if type(value) is not int:
        raise TypeError(f"not an id: {value!r}")
    return str(value)


def name_of(person: Mapping[str, Any]) -> str:
    """Return a person's name."""
    return storable(f"{person.get('first_name', '')} {person.get('last_name', '')}".strip())


def time_of(seconds: int) -> datetime:
    """Read the vendor's time (seconds since 1970)."""
    return datetime.fromtimestamp(seconds, UTC)


def storable(text: str) -> str:
    """Drop a bot's name behind a command, and what no database can store (NUL, half a surrogate pair)."""
    if text.startswith("/"):
        text = _COMMAND_TO_A_BOT.sub(r"\1", text)
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
