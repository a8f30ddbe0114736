"""Every vendor's webhook: only what the vendor signed comes in, once, of a size, and in time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import func, select

from bot import server
from bot.building import build_channels
from bot.channels.web import WebChannel
from bot.channels.zalo_oa import signature
from bot.server import BODY_LIMIT, build_server
from bot.settings import Settings
from handlers.receipt import Receiver
from storage.database import Database
from storage.tables import inbox

PAYLOADS = Path(__file__).parent.parent / "payloads"
TELEGRAM_SECRET, BOT_SECRET = "a-secret-of-telegram", "a-secret-of-the-bot"
APP, KEY = "360846524940903967", "a-key-of-the-account"
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One webhook: where it is, a body, and what a vendor sends with these bytes."""

    path: str
    body: bytes
    signed: Callable[[bytes], Mapping[str, str]]


def _payload(vendor: str, name: str) -> bytes:
    recorded = json.loads((PAYLOADS / vendor / f"{name}.json").read_bytes())
    return json.dumps(recorded.get("event") or recorded.get("update") or recorded).encode()


def _event(at: datetime = NOW) -> bytes:
    event = json.loads(_payload("zalo_oa", "user_send_text"))
    return json.dumps({**event, "app_id": APP, "timestamp": str(int(at.timestamp() * 1000))}).encode()


def _sign(body: bytes) -> Mapping[str, str]:
    try:
        stamp = str(json.loads(body)["timestamp"])
    except (ValueError, KeyError, TypeError, RecursionError):
        stamp = ""
    return {signature.HEADER: f"mac={signature.sign(body, stamp, APP, KEY)}"}


HOOKS = {
    "telegram": Hook(
        path="/telegram",
        body=_payload("telegram", "text"),
        signed=lambda body: {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET},
    ),
    "zalo_bot": Hook(
        path="/zalo/bot",
        body=_payload("zalo_bot", "message_text_received"),
        signed=lambda body: {"X-Bot-Api-Secret-Token": BOT_SECRET},
    ),
    "zalo_oa": Hook(path="/zalo/oa", body=_event(), signed=_sign),
}


@asynccontextmanager
async def _serving(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def url(sqlite: Database, tmp_path: Path) -> AsyncIterator[str]:
    """The real server with every vendor's channel, on a real database."""
    settings = Settings.model_validate(
        {
            "telegram_token": "1234567890:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "telegram_mode": "webhook",
            "telegram_secret": TELEGRAM_SECRET,
            "public_url": "https://langnghe.example.vn",
            "zalo_app_id": APP,
            "zalo_app_secret": "the-secret-of-the-app",
            "zalo_oa_secret_key": KEY,
            "data_key": "a-key-for-the-database",
            "zalo_bot_token": "12345689:abc-xyz",
            "zalo_bot_mode": "webhook",
            "zalo_bot_secret": BOT_SECRET,
        }
    )
    web_channel = WebChannel(history=None)  # type: ignore[arg-type]

    async def nothing(*_: Any) -> Any:
        return {}

    built = build_channels(
        settings, web=web_channel, simulated=False, database=sqlite, open_media=nothing, now=lambda: NOW
    )
    receiver = Receiver(sqlite, stored=lambda: None, now=lambda: NOW)
    application = build_server(
        channels=built.by_name,
        receive=receiver.receive,
        health=nothing,
        web=None,
        media_dir=tmp_path,
        demo=None,
        may_see=nothing,
        commands=nothing,
    )
    async with _serving(application) as running:
        yield running
    await receiver.close()
    for channel in built.vendors:
        await channel.close()


async def post(url: str, hook: Hook, body: bytes, **headers: str) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(url + hook.path, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


async def stored(database: Database) -> int:
    async with database.read() as transaction:
        [row] = await transaction.fetch(select(func.count().label("count")).select_from(inbox))
    return int(row["count"])


@pytest.mark.parametrize("vendor", HOOKS)
async def test_what_a_vendor_sends_twice_comes_in_once(url: str, sqlite: Database, vendor: str) -> None:
    hook = HOOKS[vendor]
    for _ in range(3):
        assert await post(url, hook, hook.body, **hook.signed(hook.body)) == 200
    assert await stored(sqlite) == 1


@pytest.mark.parametrize("vendor", HOOKS)
async def test_what_nobody_signed_or_somebody_else_did_stays_out(
    url: str, sqlite: Database, vendor: str
) -> None:
    hook = HOOKS[vendor]
    name, value = next(iter(hook.signed(hook.body).items()))
    for headers in ({}, {name: ""}, {name: value[:-1]}, {name: value + "x"}, {name: value.swapcase() + "0"}):
        assert await post(url, hook, hook.body, **headers) == 401, headers
    assert await stored(sqlite) == 0


async def test_zalo_s_signature_is_over_the_very_bytes(url: str, sqlite: Database) -> None:
    hook = HOOKS["zalo_oa"]
    changed = hook.body.replace(b'"user_send_text"', b'"user_send_text" ')
    assert changed != hook.body
    assert await post(url, hook, changed, **hook.signed(hook.body)) == 401
    assert await stored(sqlite) == 0


@pytest.mark.parametrize(
    ("off", "status"),
    [
        (timedelta(hours=-2), 200),
        (timedelta(hours=-3, seconds=-1), 401),
        (timedelta(minutes=4), 200),
        (timedelta(minutes=6), 401),
    ],
)
async def test_an_old_call_of_zalo_is_not_taken_again(url: str, off: timedelta, status: int) -> None:
    """The vendor repeats for 1 hour and 51 minutes; what is older somebody has kept."""
    hook, body = HOOKS["zalo_oa"], _event(NOW + off)
    assert await post(url, hook, body, **hook.signed(body)) == status


@pytest.mark.parametrize("vendor", HOOKS)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 5000], ids=repr)
async def test_garbage_is_named_as_such_and_not_stored(
    url: str, sqlite: Database, vendor: str, body: bytes
) -> None:
    hook = HOOKS[vendor]
    assert await post(url, hook, body, **hook.signed(body)) in (200, 400, 401)
    assert await stored(sqlite) == 0


@pytest.mark.parametrize("vendor", HOOKS)
async def test_a_body_has_a_limit_also_where_it_was_packed(url: str, sqlite: Database, vendor: str) -> None:
    import zlib

    hook = HOOKS[vendor]
    large = b'{"x": "' + bytes(BODY_LIMIT) + b'"}'
    assert await post(url, hook, large, **hook.signed(hook.body)) == 413
    packed = {"Content-Encoding": "deflate", **hook.signed(hook.body)}
    assert await post(url, hook, zlib.compress(large), **packed) in (400, 413)
    assert await stored(sqlite) == 0


@pytest.mark.parametrize("vendor", HOOKS)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
async def test_the_type_that_is_claimed_decides_nothing(url: str, vendor: str, kind: str) -> None:
    """A form of a foreign page cannot be signed; a vendor that claims another type is still the vendor."""
    hook = HOOKS[vendor]
    assert await post(url, hook, hook.body, **{"Content-Type": kind}) == 401
    assert await post(url, hook, hook.body, **{"Content-Type": kind}, **hook.signed(hook.body)) == 200


@pytest.mark.parametrize("vendor", HOOKS)
async def test_a_body_that_comes_in_drops_is_not_waited_for(
    url: str, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)
    hook, port = HOOKS[vendor], int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {hook.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + "{"
    writer.write(head.encode())
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("vendor", HOOKS)
async def test_another_method_is_refused(url: str, vendor: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(url + HOOKS[vendor].path) as answer:
        assert answer.status == 405
