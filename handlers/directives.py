"""What leaders and chairs order of units in ordinary words, and what units report on it."""

from handlers.turn import Handler, Turn


async def take(turn: Turn) -> bool:
    """Take an order in a person's own words; False when the message is none."""
    return False


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
