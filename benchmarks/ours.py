"""Lắng Nghe itself under the benchmark: the whole program, with or without its real reading."""

import argparse
from pathlib import Path

from benchmarks.load import COMPLAINTS, WARDS, complaint
from benchmarks.reading import KnownReadings
from bot.app import App
from bot.channels.telegram import UNLIMITED
from bot.settings import load_settings
from routing.understanding import Understanding


async def serve(arguments: argparse.Namespace) -> None:
    """Run until told to stop."""
    settings, _ = load_settings(
        {
            "LANGNGHE_DATABASE_URL": arguments.database,
            "LANGNGHE_PORT": str(arguments.port),
            "LANGNGHE_MEDIA_DIR": str(Path(arguments.media)),
            "LANGNGHE_TELEGRAM_TOKEN": "1:" + "x" * 35,
            "LANGNGHE_TELEGRAM_SECRET": "secret",
            "LANGNGHE_TELEGRAM_MODE": "webhook",
            "LANGNGHE_PUBLIC_URL": "https://bench.example",
            "LANGNGHE_TELEGRAM_API_URL": arguments.api_url,
        }
    )
    understanding = Understanding.load()
    if not arguments.read:
        texts = [complaint(number) for number in range(len(WARDS) * len(COMPLAINTS))]
        understanding = KnownReadings(understanding, texts)
    parts = ("web",) if arguments.receive_only else ("web", "worker", "clock")
    app = App(settings, parts=parts, understanding=understanding, telegram_limits=UNLIMITED)
    await app.run(started=lambda _: None)


def main() -> None:
    """Run the program on a database that `init` has made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", default="http://127.0.0.1:9")
    parser.add_argument("--database", required=True)
    parser.add_argument("--media", required=True)
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--receive-only", action="store_true")
    import uvloop

    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
