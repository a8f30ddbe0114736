"""A process that sends with the shared tokens, for tests of several: `python -m tests.token_user JSON`."""

import asyncio
import json
import sys
from typing import Any

from bot.channels.zalo_oa.client import Client
from bot.settings import load_settings
from bot.vault import keeper_of
from handlers.channel import ChannelError
from storage.database import Database


def say(line: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def send(client: Client, user: str) -> str:
    """Send one message, again where that helps, as the outbox does; return the last error, empty for none."""
    body = {"recipient": {"user_id": user}, "message": {"text": "Xin chào"}}
    error = ""
    for _ in range(3):
        try:
            await client.call("POST", "v3.0/oa/message/cs", json=body)
        except ChannelError as failure:
            error = repr(failure)
        else:
            return ""
    return error


async def work(task: dict[str, Any]) -> list[str]:
    """Send in rounds, all of a round at once, as soon as a line comes in; return what went wrong."""
    settings, _ = load_settings(task["environment"])
    database = Database(settings.database_url)
    keeper = keeper_of(settings, database)
    client = Client(tokens=keeper, api_url=str(settings.zalo_api_url), per_minute=100_000)
    wrong = []
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(task["rounds"]):
        wrong += await asyncio.gather(*(send(client, task["user"]) for _ in range(task["at_once"])))
    await client.close()
    await keeper.close()
    await database.close()
    return [each for each in wrong if each]


if __name__ == "__main__":
    say(json.dumps(asyncio.run(work(json.loads(sys.argv[1])))))
