"""A Zalo Official Account for tests: the real wire format over HTTP, strict, with people who use it.

async with ZaloOaStandIn() as zalo:
    pair = zalo.new_pair()
    channel = ZaloOaChannel(api_url=zalo.url, app_id=zalo.app_id, ...)
    zalo.webhook = "http://127.0.0.1:8080/zalo/oa"
    await zalo.user_sends("1001", "Xin chào")
    [answer] = await zalo.until_sent("1001")
    await zalo.user_presses(answer, "Gửi")
"""

import argparse
import asyncio
import base64
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.standins.zalo_oa_events import Posted
from tests.standins.zalo_oa_groups import Asset, Room
from tests.standins.zalo_oa_messages import Person, Shown
from tests.standins.zalo_oa_people import SMALL_JPEG, Document, PeopleServer, jpeg
from tests.standins.zalo_oa_rules import Refused, Wrong
from tests.standins.zalo_oa_server import Drop, Fault, Garbage, Hang, Pair, Slow, Status

__all__ = [
    "SMALL_JPEG",
    "Asset",
    "Document",
    "Drop",
    "Fault",
    "Garbage",
    "Hang",
    "Pair",
    "Person",
    "Posted",
    "Refused",
    "Room",
    "Shown",
    "Slow",
    "Status",
    "Wrong",
    "ZaloOaStandIn",
    "jpeg",
]

PAGE = Path(__file__).with_name("zalo_oa.html")


class ZaloOaStandIn(PeopleServer):
    """The vendor's servers, the people around the account, and what tests and a person by hand ask."""

    # ---- what tests ask

    def sent(self, chat: str) -> list[Shown]:
        """Return what the bot has sent to a person or group, oldest first."""
        return list(self._shown.get(chat.removeprefix("g"), []))

    async def until_sent(
        self, chat: str, count: int = 1, *, containing: str = "", seconds: float = 10.0
    ) -> list[Shown]:
        """Wait until the bot has sent this many messages (that contain a text) to a chat; return them."""

        def found() -> list[Shown]:
            return [shown for shown in self.sent(chat) if containing in shown.text]

        if not await self._until(lambda: len(found()) >= count, seconds):
            texts = [shown.text for shown in self.sent(chat)]
            raise AssertionError(f"expected {count} with {containing!r} in {chat}, got {texts}")
        return found()

    async def _until(self, reached: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(reached)
        except TimeoutError:
            return False
        return True

    # ---- by hand

    def routes(self) -> list[web.RouteDef]:
        """Let a person at a page or a terminal play the people."""
        return [
            web.get("/", self._page),
            web.post("/stand-in/say", self._by_hand_say),
            web.post("/stand-in/press", self._by_hand_press),
            web.post("/stand-in/do", self._by_hand_do),
            web.get("/stand-in/sent/{chat}", self._by_hand_sent),
            web.get("/stand-in/picture/{chat}/{id}", self._by_hand_picture),
            *super().routes(),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=PAGE.read_text(encoding="utf-8"), content_type="text/html")

    async def _by_hand_say(self, request: web.Request) -> web.Response:
        said = await request.json()
        photo = base64.b64decode(said["photo"]) if said.get("photo") else None
        place = said.get("location")
        await self.user_sends(
            said["user"],
            said.get("text", ""),
            group=said.get("group", ""),
            photo=photo,
            location=(place[0], place[1]) if place else None,
            contact=said.get("contact"),
        )
        return self._state()

    async def _by_hand_press(self, request: web.Request) -> web.Response:
        pressed = await request.json()
        shown = self._find(pressed["user"], pressed["message_id"])
        await self.user_presses(shown, pressed["button"])
        return self._state()

    async def _by_hand_do(self, request: web.Request) -> web.Response:
        """Do another thing: "follow", "unfollow", "withdraw", "see", "staff" or "pass" (hours)."""
        done = await request.json()
        user = done.get("user", "")
        match done["do"]:
            case "follow":
                await self.user_follows(user)
            case "unfollow":
                await self.user_unfollows(user)
            case "withdraw":
                await self.user_withdraws(user)
            case "see":
                await self.user_sees(*self.sent(user))
            case "staff":
                await self.staff_writes(user, done["text"])
            case "pass":
                ahead = self.now + timedelta(hours=done["hours"]) - datetime.now(UTC)
                self.clock = lambda: datetime.now(UTC) + ahead
                self.stamps = lambda: datetime.now(UTC)  # the bot's own time goes on as it did
            case _:
                raise web.HTTPBadRequest
        return self._state()

    async def _by_hand_sent(self, request: web.Request) -> web.Response:
        return web.json_response([_readable(shown) for shown in self.sent(request.match_info["chat"])])

    async def _by_hand_picture(self, request: web.Request) -> web.Response:
        shown = self._find(request.match_info["chat"], request.match_info["id"])
        return web.Response(body=shown.photos[0], content_type="image/jpeg")

    def _find(self, chat: str, identity: str) -> Shown:
        found = next((shown for shown in self.sent(chat) if shown.id == identity), None)
        if found is None:
            raise web.HTTPNotFound
        return found

    def _state(self) -> web.Response:
        last = self.posted[-1].statuses if self.posted else []
        state = {"webhook": last, "violations": self.violations, "now": self.now.isoformat()}
        return web.json_response(state)


def _readable(shown: Shown) -> dict[str, Any]:
    content = {**asdict(shown), "photos": len(shown.photos), "file": len(shown.file)}
    return {name: value for name, value in {**content, "at": shown.at.isoformat()}.items() if value}


def _settings(zalo: ZaloOaStandIn) -> str:
    settings = {
        "APP_ID": zalo.app_id,
        "APP_SECRET": zalo.app_secret,
        "OA_SECRET_KEY": zalo.oa_secret_key,
        "API_URL": zalo.url,
        "OAUTH_URL": zalo.url,
        "BUSINESS_URL": zalo.url,
    }
    return "".join(f"export LANGNGHE_ZALO_{name}={value}\n" for name, value in settings.items())


async def _run_by_hand(options: argparse.Namespace) -> None:
    standin = ZaloOaStandIn(
        port=options.port,
        webhook=options.webhook,
        strangers=options.strangers,
        latency=options.latency,
        first_id=time.time_ns() // 1000,
    )
    async with standin as zalo:
        pair = zalo.new_pair()
        zalo.add_asset()
        sys.stdout.write(_settings(zalo))
        sys.stdout.write(f"python -m bot zalo tokens --access {pair.access} --refresh {pair.refresh}\n")
        sys.stdout.write(f"# the people are played at {zalo.url}/\n")
        sys.stdout.flush()
        told = 0
        while True:
            await asyncio.sleep(0.5)
            sys.stderr.writelines(f"{violation}\n" for violation in zalo.violations[told:])
            told, zalo.disabled = len(zalo.violations), False


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Zalo Official Account that talks to nobody outside.")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--webhook", default="http://127.0.0.1:8080/zalo/oa", help="where events are posted")
    parser.add_argument("--strangers", action="store_true", help="people who never wrote can be written to")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    asyncio.run(_run_by_hand(parser.parse_args()))
