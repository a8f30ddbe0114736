"""Keep the table of what channels can do in docs/channels.md true: the adapters declare it.

`python -m scripts.describe_channels` writes it; a test fails when it is out of date.
"""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.channels import mail, sms, web
from bot.channels.telegram import TelegramChannel
from bot.channels.zalo_bot.channel import CAPABILITIES as ZALO_BOT
from bot.channels.zalo_oa.channel import CAPABILITIES as ZALO_OA
from handlers.channel import Capabilities

PAGE = Path(__file__).resolve().parent.parent / "docs" / "channels.md"
START, END = "<!-- table: written by scripts/describe_channels.py -->\n", "<!-- end of table -->\n"
CHANNELS = {
    "zalo_oa": ZALO_OA,
    "zalo_bot": ZALO_BOT,
    "telegram": TelegramChannel.capabilities,
    "web": web.CAPABILITIES,
    "sms": sms.CAPABILITIES,
    "mail": mail.CAPABILITIES,
}
ROWS = {
    "text_limit": "letters in a message",
    "caption_limit": "letters under a photo",
    "buttons": "buttons",
    "links": "buttons that open a page",
    "photos": "photos are shown",
    "photos_per_message": "photos in one message",
    "files": "documents are sent",
    "location_request": "a button that sends the position",
    "contact_request": "a button that sends the phone number",
    "locations": "people can send a position",
    "recordings": "recordings and documents of people arrive",
    "edits": "people can change what they sent",
    "write_first": "the bot may write first",
    "groups": "the bot can be in groups",
    "create_group": "the bot makes groups",
    "group_assets": "each group uses up something paid for",
    "topics": "groups have topics",
    "mentions_only": "in groups it hears only what names it",
    "receipts": "tells what arrived and was seen",
    "history": "what was missed can be asked for",
    "free_window": "free after a person's last word for",
    "reply_window": "can write after a person's last word for",
    "price": "price of a message after the free time, at most",
    "template_price": "price of a message by template (zalo_oa: where one is set up)",
    "messages_per_minute": "messages a minute to all",
    "source": "source",
}
"""What each capability is called in the table, in its order."""
_UNSET = {"free_window": "always", "reply_window": "always"}
_OF_PHOTOS = ("caption_limit", "photos_per_message")


def table() -> str:
    """Return the table; a capability that `ROWS` does not name raises KeyError."""
    missing = {field.name for field in fields(Capabilities)} - ROWS.keys()
    if missing:
        raise KeyError(f"ROWS does not name {', '.join(sorted(missing))}")
    lines = ["| | " + " | ".join(CHANNELS) + " |", "|---" * (len(CHANNELS) + 1) + "|"]
    for name, label in ROWS.items():
        cells = [cell(name, declared) for declared in CHANNELS.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(name: str, declared: Capabilities) -> str:
    """Return a capability of a channel as a cell of the table."""
    if not declared.photos and name in _OF_PHOTOS:
        return "—"
    return shown(name, getattr(declared, name))


def shown(name: str, value: Any) -> str:
    """Return the value of a capability as a cell."""
    if isinstance(value, bool):
        return "yes" if value else "—"
    if isinstance(value, timedelta):
        hours = value // timedelta(hours=1)
        return f"{hours // 24} days" if hours % 24 == 0 and hours > 48 else f"{hours} hours"
    if value is None:
        return _UNSET.get(name, "—")
    if name == "price":
        return f"{value} đ" if value else "—"
    if name == "source" and str(value).startswith("https://"):
        return f"[vendor]({value})"
    return f"{value:,}" if isinstance(value, int) else f"`{value}`"


def page() -> str:
    """Return the page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(START) + len(START)] + table() + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
