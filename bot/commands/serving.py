"""`serve` and `demo`."""

import argparse
import asyncio
import gc
import sys
from typing import TYPE_CHECKING, Any

from bot.settings import Settings, sqlite_path

if TYPE_CHECKING:
    from bot.app import App

PARTS = ("web", "worker", "clock")
OBJECTS_AT_START = 100_000
"""How many new objects have Python look for what is over while the program starts: nearly all of it stays.

With the usual 700 that search takes a tenth of the start.
"""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    serve = commands.add_parser("serve", help="run the program")
    serve.add_argument(
        "--parts", type=_parts, default=PARTS, help="which of web,worker,clock to run; all by default"
    )
    serve.set_defaults(run=run_serve)
    demo = commands.add_parser("demo", help="run a sample city with simulated history and the web chat")
    demo.set_defaults(run=run_demo)


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = [part for part in parts if part not in PARTS]
    if wrong or not parts:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(wrong) or text!r} ({', '.join(PARTS)})")
    return parts


def run_serve(arguments: argparse.Namespace) -> int:
    """Run the chosen parts until stopped."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_AT_START)
    from bot.app import App, keep_loaded

    def started(app: "App") -> None:
        keep_loaded()
        gc.set_threshold(*usual)
        _say_serving(app)

    return _run(lambda: App(arguments.settings, parts=arguments.parts), started)


def run_demo(arguments: argparse.Namespace) -> int:
    """Run the sample city, with a database of its own unless one is set."""
    from bot import demo
    from bot.app import App

    settings = _demo_settings(arguments.settings)
    return _run(lambda: App(settings, demo=demo.prepare), _say_demo)


def _demo_settings(settings: Settings) -> Settings:
    if "database_url" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"database_url": "sqlite:///var/demo.db"})


def _run(build: Any, started: Any) -> int:
    from bot.app import CannotStart, set_up_logging

    set_up_logging()

    async def work() -> None:
        await build().run(started=started)

    try:
        _runner()(work())
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _runner() -> Any:
    """Return uvloop's runner where it is installed, asyncio's elsewhere."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


def _say_serving(app: "App") -> None:
    print(
        f"Serving on http://{app.settings.host}:{app.port} (chat page: /chat). Stop with Ctrl+C.", flush=True
    )


def _say_demo(app: "App") -> None:
    print(
        f"A sample city is ready at http://{app.settings.host}:{app.port}\n"
        "Everything in it is simulated. Open the page, choose who you are, and write a message.\n"
        f"Its data: {sqlite_path(app.settings.database_url) or 'the set database'}. Stop with Ctrl+C.",
        flush=True,
    )
