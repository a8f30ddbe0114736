"""docs/channels.md tells the truth: its table is that of the adapters, and its example channel works."""

import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyHttpUrl, SecretStr
from sqlalchemy import select

from bot import building
from bot.channels.web import WebChannel
from bot.server import build_server
from bot.settings import Settings
from handlers.channel import (
    Address,
    Button,
    Channel,
    ChannelError,
    Forbidden,
    Malformed,
    Misconfigured,
    OutboundMessage,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from handlers.receipt import Receiver
from scripts import describe_channels
from storage.database import Database
from storage.tables import inbox

SECRET = {"X-Hook-Secret": "s3cret"}
CALL = {"id": "m1", "chat": "kiosk-7", "text": "Đèn đường tắt", "at": 1732181280}


class OwnSettings(Settings):
    """The settings as step 3 of the page has them."""

    hook_url: AnyHttpUrl | None = None
    hook_secret: SecretStr = SecretStr("")


def code_on_the_page() -> str:
    page = describe_channels.PAGE.read_text(encoding="utf-8")
    _, _, rest = page.partition("## Adding a fifth channel")
    return rest.partition("```python\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The example, as a module."""
    path = tmp_path_factory.mktemp("example") / "hook.py"
    path.write_text(code_on_the_page(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("hook_on_the_page", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


class OtherSystem:
    """Takes messages, and answers with the status that it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[dict[str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["X-Hook-Secret"] == "s3cret"
        self.taken.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def other() -> AsyncIterator[OtherSystem]:
    other = OtherSystem()
    app = web.Application()
    app.router.add_post("/take", other.take)
    async with TestServer(app) as server:
        other.url = str(server.make_url("/take"))
        yield other


@pytest.fixture
def channel(hook: ModuleType, other: OtherSystem) -> Channel:
    built: Channel = hook.HookChannel(url=other.url, secret="s3cret")
    return built


def test_the_table_of_the_channels_page_is_that_of_the_adapters() -> None:
    written = describe_channels.PAGE.read_text(encoding="utf-8")
    assert written == describe_channels.page(), "run: python -m scripts.describe_channels"


def test_the_example_refuses_strangers_and_garbage(channel: Channel) -> None:
    for body in (
        b"{}",
        b"[" * 100_000,
        b"null",
        b'{"id": null, "chat": "1"}',
        b'{"id": "\\u0000", "chat": 1}',
    ):
        with pytest.raises(Malformed):
            channel.envelope(body, SECRET)
    with pytest.raises(Forbidden):
        channel.envelope(json.dumps(CALL).encode(), {"X-Hook-Secret": "other"})


def test_the_example_reads_texts_and_buttons(channel: Channel) -> None:
    body = json.dumps(CALL).encode()
    assert channel.envelope(body, SECRET) == channel.envelope(body, SECRET)
    said = channel.parse(body)
    assert said is not None
    assert (said.address, said.text) == (Address("hook", "kiosk-7"), "Đèn đường tắt")
    assert said.sent_at == datetime(2024, 11, 21, 9, 28, tzinfo=UTC)
    pressed = channel.parse(json.dumps({**CALL, "text": "", "button": "draft:send"}).encode())
    assert pressed is not None
    assert pressed.button == "draft:send"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(call=st.fixed_dictionaries({}, optional=dict.fromkeys(CALL, ANYTHING)))
def test_the_example_breaks_on_nothing(hook: ModuleType, call: dict[str, Any]) -> None:
    channel = hook.HookChannel(url="http://127.0.0.1:9/", secret="s3cret")
    body = json.dumps(call).encode()
    try:
        envelope = channel.envelope(body, SECRET)
    except Malformed:
        return
    said = channel.parse(body)
    assert said.address.chat == envelope.chat
    json.dumps(said.text).encode()
    assert "\0" not in said.text + envelope.chat + envelope.external_id


async def test_the_example_shows_messages(channel: Channel, other: OtherSystem) -> None:
    message = OutboundMessage(
        text="Gửi?",
        buttons=((Button(label="Gửi", data="draft:send"),),),
        links=(("Mở", "https://example.vn"),),
        reference="77",
    )
    assert (await channel.send(Address("hook", "kiosk-7"), message)).message_id == "77"
    assert other.taken == [
        {
            "chat": "kiosk-7",
            "text": "Gửi?\nMở: https://example.vn",
            "buttons": [{"label": "Gửi", "data": "draft:send"}],
            "id": "77",
        }
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, RateLimited),
        (401, Misconfigured),
        (404, RecipientUnreachable),
        (503, Unavailable),
        (400, Rejected),
    ],
)
async def test_the_example_says_what_went_wrong_as_the_port_does(
    channel: Channel, other: OtherSystem, status: int, error: type[ChannelError]
) -> None:
    other.status = status
    with pytest.raises(error):
        await channel.send(Address("hook", "1"), OutboundMessage(text="x"))


async def test_the_example_cannot_reach_a_system_that_is_away(hook: ModuleType) -> None:
    channel = hook.HookChannel(url="http://127.0.0.1:9/", secret="s3cret")
    with pytest.raises(Unavailable):
        await channel.send(Address("hook", "1"), OutboundMessage(text="x"))


async def test_the_example_is_built_served_and_stored_by_its_builder_and_settings_alone(
    hook: ModuleType, other: OtherSystem, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(building, "FURTHER", (hook.build,))
    assert "hook" not in channels_of(OwnSettings(), database)
    given = OwnSettings(hook_url=AnyHttpUrl(other.url), hook_secret=SecretStr("s3cret"))
    receiver = Receiver(database, stored=lambda: None)
    server = build_server(
        channels=channels_of(given, database),
        receive=receiver.receive,
        health=nothing_to_tell,
        web=None,
        media_dir=tmp_path,
        demo=None,
        may_see=nobody_may,
        commands=no_commands,
    )
    async with TestClient(TestServer(server)) as client:
        for headers, expected in ((SECRET, 200), (SECRET, 200), ({}, 401)):
            async with client.post("/hook", json=CALL, headers=headers) as answer:
                assert answer.status == expected
    await receiver.close()
    async with database.read() as transaction:
        rows = await transaction.fetch(select(inbox.c.channel, inbox.c.chat, inbox.c.external_id))
    assert [tuple(row.values()) for row in rows] == [("hook", "kiosk-7", "m1")]


def channels_of(given: Settings, database: Database) -> dict[str, Channel]:
    built = building.build_channels(
        given,
        web=WebChannel(history=no_history),
        simulated=False,
        database=database,
        open_media=no_media,
        now=lambda: datetime(2024, 11, 21, tzinfo=UTC),
    )
    return built.by_name


async def no_history(*_: Any, **__: Any) -> list[Any]:
    return []


async def no_media(key: str) -> bytes:
    raise FileNotFoundError(key)


async def nothing_to_tell() -> dict[str, Any]:
    return {}


async def nobody_may(chat: str, key: str) -> bool:
    return False


async def no_commands(chat: str) -> list[tuple[str, str]]:
    return []
