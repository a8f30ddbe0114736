"""A Zalo Bot Platform server for tests: the wire format over HTTP, strict, with people who use the bot.

    async with ZaloBotStandIn() as zalo:
        channel = ZaloBotChannel(token=zalo.token, api_url=zalo.url, ...)
        await zalo.user_sends("u1", "Xin chào")
        [answer] = await zalo.until_sent("u1")
        await zalo.user_presses(answer, "Gửi")  # types the number that stands before the label

By hand: `python -m tests.standins.zalo_bot --port 8083`, then for example
`curl -d '{"user": "u1", "text": "Xin chào"}' http://127.0.0.1:8083/stand-in/say` and
`curl http://127.0.0.1:8083/stand-in/sent/u1`; `photo` (base64), `sticker` and `group` can be told, too.
"""

import argparse
import asyncio
import base64
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from tests.standins.zalo_bot_server import BOT_NAME, BotServer, Shown

__all__ = ["BOT_NAME", "Shown", "ZaloBotStandIn"]


class ZaloBotStandIn(BotServer):
    """The vendor's server and the people around the bot."""

    # ---- what people do

    async def user_sends(
        self,
        user: str,
        text: str = "",
        *,
        group: str = "",
        photo: bytes | None = None,
        photos: Sequence[bytes] = (),
        location: tuple[float, float] | None = None,
        voice: bytes | None = None,
        document: Any = None,
        contact: str | None = None,
        sticker: bool = False,
        reply_to: Shown | None = None,
        name: str = "",
        mention: bool = True,
    ) -> list[dict[str, Any]]:
        """Send something to the bot; return the messages that it became, one for each photo.

        `text` is the caption of the first photo. The vendor hands over no position, document or contact:
        the bot hears only that something came. In a `group` it hears only what names it (`mention`) or
        answers one of its messages; anything else returns nothing.
        """
        if group and not mention and reply_to is None:
            return []
        if group and mention and reply_to is None:
            text = f"@{BOT_NAME} {text}".rstrip()
        pictures = [*([photo] if photo is not None else []), *photos]
        messages = [self._message(user, group=group, name=name) for _ in pictures or [b""]]
        if reply_to is not None:
            messages[0]["reply_to_message"] = {"message_id": reply_to.message_id}
        if pictures:
            for number, (message, picture) in enumerate(zip(messages, pictures, strict=True)):
                message["message_type"] = "CHAT_PHOTO"
                message[self.photo_field] = self.stores(picture)
                if text and number == 0:
                    message["caption"] = text
                await self.delivers("message.image.received", message)
            return messages
        [message] = messages
        if voice is not None:
            message["voice_url"] = self.stores(voice, "aac")
            await self.delivers("message.voice.received", message)
        elif sticker:
            message |= {"sticker": "bfe458bf64fa8da4d4eb", "url": f"{self.url}/sticker.png"}
            await self.delivers("message.sticker.received", message)
        elif location is not None or document is not None or contact is not None:
            await self.delivers("message.unsupported.received", message)
        else:
            message["text"] = text
            await self.delivers("message.text.received", message)
        return messages

    async def user_presses(self, shown: Shown, label: str, *, user: str = "") -> None:
        """Choose from the numbered list of a message, by typing the number before the label that begins so.

        In a group `user` says who; AssertionError when there is no such line.
        """
        await self.user_sends(user or shown.chat, self.number_of(shown, label), group=self.group_of(shown))

    @staticmethod
    def number_of(shown: Shown, label: str) -> str:
        """Return the number that stands before a label; AssertionError when there is none."""
        found = [number for number, own in shown.choices if own.startswith(label)]
        assert found, f"no {label!r} among {shown.choices}"
        return found[0]

    def group_of(self, shown: Shown) -> str:
        """Return the group in which a message is shown; empty for a private chat."""
        return shown.chat if shown.chat in self.groups else ""

    # ---- what tests ask

    def sent(self, chat: str) -> list[Shown]:
        """Return what the bot has sent to a person or group ("g" before a group's id is left out)."""
        return list(self._shown.get(chat) or self._shown.get(chat.removeprefix("g"), []))

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

    async def until_called(self, method: str, times: int = 1, *, seconds: float = 10.0) -> None:
        """Wait until the bot has called a method this many times in all."""
        if not await self._until(lambda: self.counts[method] >= times, seconds):
            raise AssertionError(f"expected {times} calls of {method}, got {dict(self.counts)}")

    async def _until(self, reached: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(reached)
        except TimeoutError:
            return False
        return True

    # ---- by hand

    def routes(self) -> list[web.RouteDef]:
        """Let a person at a terminal play the people."""
        return [
            *super().routes(),
            web.post("/stand-in/say", self._say),
            web.get("/stand-in/sent/{chat}", self._tell_sent),
        ]

    async def _say(self, request: web.Request) -> web.Response:
        said = await request.json()
        await self.user_sends(
            said["user"],
            said.get("text", ""),
            group=said.get("group", ""),
            photo=base64.b64decode(said["photo"]) if said.get("photo") else None,
            sticker=said.get("sticker", False),
        )
        return web.json_response({"said": said.get("text", "")})

    async def _tell_sent(self, request: web.Request) -> web.Response:
        shown = self.sent(request.match_info["chat"])
        return web.json_response(
            [{"message_id": each.message_id, "text": each.text, "photos": len(each.photos)} for each in shown]
        )


async def _run_by_hand(options: argparse.Namespace) -> None:
    if not re.fullmatch(r"\d+:[\w-]+", options.token, re.ASCII):
        raise SystemExit("--token must look like 42:stand-in")
    async with ZaloBotStandIn(token=options.token, port=options.port) as zalo:
        sys.stdout.write(f"export LANGNGHE_ZALO_BOT_API_URL={zalo.url}\n")
        sys.stdout.write(f"export LANGNGHE_ZALO_BOT_TOKEN={zalo.token}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Zalo Bot server that talks to nobody outside.")
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--token", default="42:stand-in")
    asyncio.run(_run_by_hand(parser.parse_args()))
