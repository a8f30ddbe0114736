"""An outgoing message as the calls that show it: a list for its buttons, lines for its links, cut to size."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from bot.channels.splitting import split_text, storable
from bot.channels.zalo_bot.updates import CHANNEL
from handlers.channel import OutboundMessage, Photo, Rejected

TEXT_LIMIT = 2000
"""Characters of a text or a caption."""
_NUMBER = re.compile(r"\d+")
_LOST = ("ask_location", "ask_contact", "files")
"""What the vendor has nothing for; the words of a message say what can be done instead."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One call that shows something: a text, or a photo at a public address with its caption."""

    text: str = ""
    photo: str = ""
    reply_to: str = ""


def compose(message: OutboundMessage, publish: Callable[[Photo], str], *, choose: str = "") -> list[Part]:
    """Divide a message into parts; `publish` gives a photo's public address, or nothing. Raises Rejected.

    `choose` stands above a list of choices and says how to choose.
    """
    for name in _LOST:
        if getattr(message, name):
            _degraded(name)
    addresses = [address for photo in message.photos if (address := publish(photo))]
    if len(addresses) < len(message.photos):
        _degraded("photos")
    labels = [button.label for row in message.buttons for button in row]
    texts = _texts(message.text, _list(labels, choose), _links(message.links))
    if len(addresses) == 1 and len(texts) == 1:
        parts = [Part(text=texts[0], photo=addresses[0])]
    else:
        parts = [*(Part(photo=address) for address in addresses), *(Part(text=text) for text in texts)]
    if not parts and not message.replace:
        raise Rejected("there is nothing to show")
    if parts and message.reply_to:
        parts[0] = replace(parts[0], reply_to=message.reply_to)
    return parts


def _degraded(part: str) -> None:
    log.info(
        "A part of a message is not shown on this channel.",
        action="message_degraded",
        channel=CHANNEL,
        part=part,
    )


def _texts(text: str, choices: str, links: str) -> list[str]:
    """Return the texts to send: the list stays whole and together with the end of the words before it."""
    above = "\n".join(filter(None, (storable(text).strip(), links)))
    pieces = split_text(above, TEXT_LIMIT)
    if not choices:
        return pieces
    last = pieces[-1:]
    together = "\n\n".join([*last, choices])
    if len(together) <= TEXT_LIMIT:
        return [*pieces[: len(pieces) - len(last)], together]
    return [*pieces, *split_text(choices, TEXT_LIMIT)]


def _list(labels: Sequence[str], choose: str) -> str:
    """Return buttons as lines, each with what can be typed for it, below the words that say so.

    A number among all buttons, except where several labels begin with numbers of their own that are not
    their places ("3 ngày", "5 ngày"): there those numbers are meant.
    """
    own = {label: found[0] for label in labels if (found := _NUMBER.match(label))}
    confusing = len(own) > 1 and any(
        own.get(label, str(place)) != str(place) for place, label in enumerate(labels, 1)
    )
    lines = (f"• {label}" if confusing else f"{place}. {label}" for place, label in enumerate(labels, 1))
    return "\n".join([choose] * bool(choose and labels) + [storable(line) for line in lines])


def _links(links: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {address}" for label, address in links)
