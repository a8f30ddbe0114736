"""The same conversation with python-telegram-bot's ConversationHandler, without persistence."""

import argparse
import asyncio
from collections.abc import Callable

from aiohttp import web
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    filters,
)

from benchmarks.reading import reader
from benchmarks.reference import answer_to, keyboard

CONFIRM = 1
Context = ContextTypes.DEFAULT_TYPE


def handlers(read: Callable[[str], object]) -> ConversationHandler[Context]:
    """Return the conversation."""

    async def start(update: Update, context: Context) -> int:
        await update.message.reply_text(answer_to("/start", "", "")[2])
        return ConversationHandler.END

    async def mine(update: Update, context: Context) -> int:
        filed = context.chat_data.get("filed", [""])
        await update.message.reply_text(answer_to("/cuatoi", "", filed[-1])[2])
        return ConversationHandler.END

    async def complain(update: Update, context: Context) -> int:
        text = update.message.text
        await asyncio.to_thread(read, text)
        context.chat_data["draft"] = text
        answer = answer_to(text, "", "")[2]
        rows = [
            [InlineKeyboardButton(**button) for button in row] for row in keyboard(answer)["inline_keyboard"]
        ]
        await update.message.reply_text(answer, reply_markup=InlineKeyboardMarkup(rows))
        return CONFIRM

    async def send(update: Update, context: Context) -> int:
        draft = context.chat_data["draft"]
        context.chat_data.setdefault("filed", []).append(draft)
        await update.message.reply_text(answer_to("1", "confirm", draft)[2])
        return ConversationHandler.END

    commands = [CommandHandler("start", start), CommandHandler("cuatoi", mine)]
    return ConversationHandler(
        entry_points=[*commands, MessageHandler(filters.TEXT, complain)],
        states={CONFIRM: [MessageHandler(filters.Text(["1"]), send)]},
        fallbacks=commands,
    )


async def serve(arguments: argparse.Namespace) -> None:
    """Run until killed."""
    application = (
        ApplicationBuilder()
        .token("1:" + "x" * 35)
        .base_url(arguments.api_url + "/bot")
        .updater(None)
        .connection_pool_size(64)
        .pool_timeout(60)
        .build()
    )
    application.add_handler(handlers(reader(arguments.read)))
    await application.initialize()
    await application.start()
    server = web.Application()
    server.router.add_post("/telegram", lambda request: receive(application, request))
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.port).start()
    await asyncio.Event().wait()


async def receive(
    application: "Application[object, Context, dict, dict, dict, object]", request: web.Request
) -> web.Response:
    """Queue one update, as the library's own server does."""
    if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != "secret":
        return web.Response(status=403)
    await application.update_queue.put(Update.de_json(await request.json(), application.bot))
    return web.Response()


def main() -> None:
    """Run the bot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--read", action="store_true")
    import uvloop

    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
