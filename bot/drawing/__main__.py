"""The drawing process: reads specifications on standard input, writes pictures to standard output.

It ends when its input does, so that it never outlives the program that started it.
"""

import json
import os
import signal
import sys

from bot.drawing.frames import DRAWN, FAILED, frame, read_frame
from bot.drawing.painting import paint

_POLITENESS = 10
"""How much the process steps back for others (nice): answers to people come first."""


def answer(request: bytes) -> bytes:
    """Return the picture of a specification, or why there is none."""
    try:
        return frame(DRAWN + paint(json.loads(request)))
    except Exception as error:
        return frame(FAILED + f"{type(error).__name__}: {error}".encode()[:1000])


def main() -> None:
    """Draw until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program ends it in its own time
    if hasattr(os, "nice"):
        os.nice(_POLITENESS)
    while (request := read_frame(sys.stdin.buffer)) is not None:
        sys.stdout.buffer.write(answer(request))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
