"""The same conversation in aiogram with its in-memory state: quick to write, and forgetful when it stops."""

import argparse
import asyncio
from collections.abc import Callable

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import InlineKeyboardMarkup, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

from benchmarks.reading import reader
from benchmarks.reference import answer_to, keyboard


class Steps(StatesGroup):
    """Where a conversation stands."""

    confirm = State()


def build(arguments: argparse.Namespace, read: Callable[[str], object]) -> web.Application:
    """Return the bot's web application."""
    api = TelegramAPIServer.from_base(arguments.api_url)
    bot = Bot("1:" + "x" * 35, session=AiohttpSession(api=api))
    dispatcher = Dispatcher()
    filed: dict[int, list[str]] = {}

    @dispatcher.message(CommandStart())
    async def start(message: Message, state: FSMContext) -> None:
        await state.clear()
        await message.answer(answer_to("/start", "", "")[2])

    @dispatcher.message(Command("cuatoi"))
    async def mine(message: Message) -> None:
        texts = filed.get(message.chat.id, [""])
        await message.answer(answer_to("/cuatoi", "", texts[-1])[2])

    @dispatcher.message(Steps.confirm, F.text == "1")
    async def send(message: Message, state: FSMContext) -> None:
        draft = (await state.get_data())["draft"]
        filed.setdefault(message.chat.id, []).append(draft)
        await state.clear()
        await message.answer(answer_to("1", "confirm", draft)[2])

    @dispatcher.message(F.text)
    async def complain(message: Message, state: FSMContext) -> None:
        text = message.text or ""
        await asyncio.to_thread(read, text)
        await state.set_state(Steps.confirm)
        await state.update_data(draft=text)
        answer = answer_to(text, "", "")[2]
        await message.answer(answer, reply_markup=InlineKeyboardMarkup.model_validate(keyboard(answer)))

    application = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token="secret").register(application, path="/telegram")
    setup_application(application, dispatcher, bot=bot)
    return application


def main() -> None:
    """Run the bot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--read", action="store_true")
    arguments = parser.parse_args()
    import uvloop

    uvloop.install()
    web.run_app(
        build(arguments, reader(arguments.read)),
        host="127.0.0.1",
        port=arguments.port,
        access_log=None,
        print=lambda *_: None,
    )


if __name__ == "__main__":
    main()
