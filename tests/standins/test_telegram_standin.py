"""The stand-in refuses what the vendor refuses, in the vendor's words."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.standins.telegram import SMALL_JPEG, TelegramStandIn
from tests.standins.telegram_rules import ADMINISTRATOR_RIGHTS

CITIZEN, GROUP = 1001, -1009001


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn() as server:
        await server.user_sends(CITIZEN, "xin chào")
        await server.user_sends(GROUP, "xin chào", user=CITIZEN)
        yield server
        server.violations.clear()


async def call(telegram: TelegramStandIn, method: str, token: str = "", **fields: Any) -> dict[str, Any]:
    url = f"{telegram.url}/bot{token or telegram.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=fields) as answer:
        body: dict[str, Any] = await answer.json()
        assert body["ok"] is (answer.status == 200)
        assert body.get("error_code", 200) == answer.status
        return body


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[button]]}


def wish(**changed: Any) -> dict[str, Any]:
    wanted = {"request_id": 1, "chat_is_channel": False, **changed}
    return {"keyboard": [[{"text": "Nhóm", "request_chat": wanted}]]}


RIGHTS = dict.fromkeys(ADMINISTRATOR_RIGHTS, True)
POSITION = {"keyboard": [[{"text": "Vị trí", "request_location": True}]]}


@pytest.mark.parametrize(
    ("method", "fields", "description"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": "năm", "text": "x"}, "must be an integer"),
        ("sendMessage", {"chat_id": 77, "text": "x"}, "chat not found"),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": wish(bot_administrator_rights={})},
            "rights lack",
        ),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": wish(request_id=2**31)},
            "32-bit",
        ),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": wish(bot_administrator_rights=RIGHTS)},
            "among those of the user",
        ),
        (
            "sendMessage",
            {"chat_id": GROUP, "text": "x", "reply_markup": wish()},
            "in private chats only",
        ),
        ("sendMessage", {"chat_id": CITIZEN, "text": "x", "link_preview_options": {"off": True}}, "no field"),
        ("setMyCommands", {"commands": [], "scope": {"type": "nobody"}}, "BotCommandScope"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat", "chat_id": 77}}, "chat not found"),
        ("sendMessage", {"chat_id": CITIZEN}, "message text is empty"),
        ("sendMessage", {"chat_id": CITIZEN, "text": " \n"}, "message text is empty"),
        ("sendMessage", {"chat_id": CITIZEN, "text": "😟" * 2049}, "message is too long"),
        ("sendMessage", {"chat_id": CITIZEN, "text": "x", "colour": "red"}, "no field colour"),
        ("sendMessage", {"chat_id": CITIZEN, "text": "x", "reply_markup": "{"}, "can't parse"),
        ("sendMessage", {"chat_id": CITIZEN, "text": "x", "reply_markup": keyboard(text="A")}, "unallowed"),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": keyboard(text="A", callback_data="ộ" * 22)},
            "BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": {**POSITION, **keyboard(text="A", url="x")}},
            "no field keyboard",
        ),
        ("sendMessage", {"chat_id": GROUP, "text": "x", "reply_markup": POSITION}, "in private chats only"),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_parameters": {"message_id": 999}},
            "message to be replied not found",
        ),
        ("sendPhoto", {"chat_id": CITIZEN, "photo": "attach://p"}, "there is no photo"),
        ("sendPhoto", {"chat_id": CITIZEN, "photo": "x"}, "wrong file identifier"),
        ("sendPhoto", {"chat_id": CITIZEN, "photo": "x", "caption": "a" * 1025}, "caption is too long"),
        ("sendMediaGroup", {"chat_id": CITIZEN, "media": [{"type": "photo", "media": "x"}]}, "2 to 10"),
        ("editMessageReplyMarkup", {"chat_id": CITIZEN, "message_id": 99}, "message to edit not found"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("getFile", {"file_id": "x"}, "wrong file_id"),
        ("sendMessage", {"chat_id": GROUP, "text": "x", "message_thread_id": 9}, "message thread not found"),
        (
            "sendMessage",
            {"chat_id": CITIZEN, "text": "x", "reply_markup": keyboard(text="A", url="javascript:x")},
            "Wrong HTTP URL",
        ),
        ("sendDocument", {"chat_id": CITIZEN}, "there is no document"),
        ("getChatMember", {"chat_id": GROUP, "user_id": 5}, "PARTICIPANT_ID_INVALID"),
        ("createChatInviteLink", {"chat_id": GROUP, "name": "x"}, "not enough rights"),
        ("createForumTopic", {"chat_id": GROUP, "name": "x"}, "the chat is not a forum"),
        ("approveChatJoinRequest", {"chat_id": GROUP, "user_id": CITIZEN}, "not enough rights"),
        ("banChatMember", {"chat_id": GROUP, "user_id": CITIZEN}, "not enough rights"),
        ("setWebhook", {"url": "http://langnghe.example"}, "An HTTPS URL must be provided"),
        ("setWebhook", {"url": "https://a.example", "secret_token": "mật"}, "unallowed characters"),
        ("setMyCommands", {"commands": [{"command": "Tra-cứu", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ],
)
async def test_a_wrong_call_is_refused_as_the_vendor_does(
    telegram: TelegramStandIn, method: str, fields: dict[str, Any], description: str
) -> None:
    body = await call(telegram, method, **fields)
    assert body["error_code"] == 400
    assert body["description"].startswith("Bad Request: ")
    assert description in body["description"]


async def test_unknown_methods_and_tokens_are_refused(telegram: TelegramStandIn) -> None:
    assert (await call(telegram, "sendLove"))["error_code"] == 404
    assert (await call(telegram, "getMe", token="42:other"))["error_code"] == 401
    assert (await call(telegram, "getme"))["result"]["is_bot"] is True


async def test_updates_stay_until_the_offset_passes_them(telegram: TelegramStandIn) -> None:
    first = (await call(telegram, "getUpdates"))["result"]
    assert (await call(telegram, "getUpdates", limit=1))["result"] == first[:1]
    offset = first[0]["update_id"] + 1
    assert (await call(telegram, "getUpdates", offset=offset))["result"] == first[1:]
    assert (await call(telegram, "getUpdates", offset=-1))["result"] == first[-1:]


async def test_kinds_of_update_that_nobody_asked_for_are_not_delivered(telegram: TelegramStandIn) -> None:
    await call(telegram, "getUpdates", allowed_updates=["callback_query"])
    await telegram.user_sends(CITIZEN, "xin chào")
    assert len((await call(telegram, "getUpdates"))["result"]) == 2


async def test_polling_and_a_webhook_exclude_each_other(telegram: TelegramStandIn) -> None:
    await call(telegram, "deleteWebhook", drop_pending_updates=True)
    await call(telegram, "setWebhook", url="https://langnghe.example/telegram")
    assert (await call(telegram, "getWebhookInfo"))["result"]["url"] == "https://langnghe.example/telegram"
    assert (await call(telegram, "getUpdates"))["error_code"] == 409
    await call(telegram, "deleteWebhook")
    assert (await call(telegram, "getUpdates"))["ok"] is True


async def test_a_form_is_read_like_json(telegram: TelegramStandIn) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("chat_id", str(CITIZEN))
    form.add_field("reply_markup", json.dumps(keyboard(text="A", callback_data="a")))
    form.add_field("photo", SMALL_JPEG, filename="a.jpg")
    url = f"{telegram.url}/bot{telegram.token}/sendPhoto"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        body = await answer.json()
    assert body["result"]["photo"][-1]["width"] == 1280
    [shown] = telegram.sent(CITIZEN)
    assert (shown.photos, shown.buttons) == ([SMALL_JPEG], [("A", "a")])


async def test_it_can_be_played_by_hand(telegram: TelegramStandIn) -> None:
    async with aiohttp.ClientSession() as session:
        said = {"chat": CITIZEN, "text": "đèn hỏng"}
        async with session.post(f"{telegram.url}/stand-in/say", json=said) as answer:
            assert answer.status == 200
        await call(telegram, "sendMessage", chat_id=CITIZEN, text="ở đâu?")
        async with session.get(f"{telegram.url}/stand-in/sent/{CITIZEN}") as answer:
            assert [message["text"] for message in await answer.json()] == ["ở đâu?"]
        async with session.get(f"{telegram.url}/stand-in/counts") as answer:
            assert (await answer.json())["sendMessage"] == 1


async def test_a_careless_call_fails_the_test_that_makes_it() -> None:
    with pytest.raises(AssertionError, match="no field colour"):
        async with TelegramStandIn(strangers=True) as telegram:
            await call(telegram, "sendMessage", chat_id=CITIZEN, text="x", colour="red")
