"""`serve` with a clock that can be set: `python -m tests.faults.serving CLOCK_FILE [--plain]`.

Everything else is as `python -m bot serve` has it: settings from the environment, the whole program, signals.
With `--plain` texts are read by a few words, which starts in half the time.
"""

import asyncio
import os
import sys
from pathlib import Path

from bot.app import App, CannotStart, set_up_logging
from bot.channels.telegram import UNLIMITED
from bot.settings import load_settings
from routing.understanding import Understanding
from tests.faults.clock import SetClock


async def _serve(clock: SetClock, *, plain: bool) -> None:
    settings, _ = load_settings(os.environ)
    understanding: Understanding | None = None
    if plain:
        from tests.faults.plain import PlainUnderstanding

        understanding = PlainUnderstanding()  # type: ignore[assignment]
    app = App(settings, understanding=understanding, telegram_limits=UNLIMITED, now=clock.now)
    await app.run(started=lambda _: None)


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; 1 when the program cannot start."""
    set_up_logging()
    clock = SetClock(Path(arguments[0]))
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        run(_serve(clock, plain="--plain" in arguments))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
