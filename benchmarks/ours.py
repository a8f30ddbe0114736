"""Lắng Nghe itself under the benchmark: the whole program, with or without its real reading."""

import argparse
import asyncio
import gc
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.charts import thirty
from benchmarks.load import COMPLAINTS, WARDS, complaint
from benchmarks.reading import KnownReadings
from bot.app import App
from bot.channels.telegram import UNLIMITED
from bot.channels.telegram.pace import Limit
from bot.settings import load_settings
from handlers.channel import OutboundMessage
from routing.understanding import Understanding
from storage import messages


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
    limits = UNLIMITED
    if arguments.at_most:
        limits = replace(limits, overall=Limit(count=arguments.at_most, seconds=1))
    gc.collect()
    gc.freeze()  # as the program does with a model that it loads by itself
    app = App(settings, parts=parts, understanding=understanding, telegram_limits=limits)
    other_work: list[asyncio.Task[None]] = []

    def started(_: App) -> None:
        if arguments.meanwhile:
            other_work.append(asyncio.create_task(OTHER_WORK[arguments.meanwhile](app, arguments)))

    await app.run(started=started)


async def send_notices(app: App, arguments: argparse.Namespace) -> None:
    """Put notices to as many people into the outbox."""
    now = datetime.now(UTC)
    for start in range(0, arguments.notices, 1000):
        async with app.database.begin() as transaction:
            for number in range(start, min(start + 1000, arguments.notices)):
                messages.post_notice(
                    transaction,
                    channel="telegram",
                    chat=str(50_000_000 + number),
                    message=OutboundMessage(text=f"Phường xin báo tin số {number}.").as_dict(),
                    at=now,
                    urgency=2,
                )
    assert app.delivery is not None
    app.delivery.wake()


async def draw_charts(app: App, _: argparse.Namespace) -> None:
    """Draw one picture after the other."""
    while True:
        await app._draughtsman.draw(thirty())


async def train_models(_: App, arguments: argparse.Namespace) -> None:
    """Train one model after the other, as an operator does while the program runs."""
    output = str(Path(arguments.media, "model.bin"))
    while True:
        words = [sys.executable, "-m", "bot", "train", "--ship", "--output", output]
        process = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()


OTHER_WORK = {"notices": send_notices, "charts": draw_charts, "training": train_models}


def main() -> None:
    """Run the program on a database that `init` has made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", default="http://127.0.0.1:9")
    parser.add_argument("--database", required=True)
    parser.add_argument("--media", required=True)
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--receive-only", action="store_true")
    parser.add_argument("--at-most", type=int, default=0, help="messages a second that the vendor allows")
    parser.add_argument("--meanwhile", choices=sorted(OTHER_WORK))
    parser.add_argument("--notices", type=int, default=20_000)
    import uvloop

    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
