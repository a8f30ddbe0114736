"""What somebody is shown in a chat, whichever way it came there."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.channel import Button, OutboundMessage

UNABLE = "cannot"
"""What the reason of a skip says behind the channel's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One message that somebody was shown."""

    id: str
    message: OutboundMessage

    @property
    def text(self) -> str:
        """What it says."""
        return self.message.text

    @property
    def buttons(self) -> list[Button]:
        """What can be chosen, in order."""
        return [button for row in self.message.buttons for button in row]

    @property
    def labels(self) -> list[str]:
        """What the choices are called."""
        return [button.label for button in self.buttons]

    def __str__(self) -> str:
        parts = [self.text, *(f"[{label}]" for label in self.labels)]
        parts += [f"[{label}]({address})" for label, address in self.message.links]
        if self.message.ask_location:
            parts.append(f"[{self.message.ask_location}]")
        return "\n".join(parts)


def without_choices(text: str, labels: Sequence[str]) -> str:
    """Return a text without the numbered list of its choices; AssertionError where they are not listed.

    A choice is listed with its number, or without where its label begins with a number of its own.
    """
    lines = text.split("\n")
    for number, label in enumerate(labels, 1):
        plain = " ".join(label.split())
        listed = [line for line in (f"{number}. {plain}", f"• {plain}", plain) if line in lines]
        assert listed, f"choice {number}, {label!r}, is not listed in:\n{text}"
        del lines[len(lines) - 1 - lines[::-1].index(listed[0])]
    return "\n".join(lines).strip()
