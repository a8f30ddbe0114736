"""Questions about the figures in plain words, and the answers: a sentence, a table, a picture, the cases."""

from handlers.turn import Handler, Turn


async def take(turn: Turn) -> bool:
    """Answer a question about the figures; False when the message is none."""
    return False


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
