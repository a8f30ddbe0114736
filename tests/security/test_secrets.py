"""Secrets stay where they are: no log line, error, process list, HTTP answer or database holds one.

The real program runs with a marked secret in every setting that takes one, and is given reasons to complain.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.settings import PREFIX, Settings
from tests.shell import Shell

ROOT = Path(__file__).parent.parent.parent
MARK = "MARKEDxSECRET"
SECRETS = {
    "TELEGRAM_TOKEN": f"1234567890:{MARK}-telegram-token-of-35",
    "TELEGRAM_SECRET": f"{MARK}-telegram",
    "SMTP_URL": f"smtp://user:{MARK}-smtp@127.0.0.1:1",
    "SMS_TOKEN": f"{MARK}-sms",
    "SMS_RECEIPT_SECRET": f"{MARK}-receipts",
    "DATA_KEY": f"{MARK}-data-key",
    "DATA_KEY_BEFORE": f"{MARK}-data-key-before",
    "METRICS_TOKEN": f"{MARK}-metrics",
    "ZALO_APP_SECRET": f"{MARK}-zalo-app",
    "ZALO_OA_SECRET_KEY": f"{MARK}-zalo-key",
    "ZALO_BOT_TOKEN": f"12345689:{MARK}-bot",
    "ZALO_BOT_SECRET": f"{MARK}-bot-secret",
}
OTHERS = {
    "TELEGRAM_MODE": "webhook",
    "PUBLIC_URL": "https://langnghe.example.vn",
    "MAIL_FROM": "phananh@langnghe.example.vn",
    "SMS_URL": "http://127.0.0.1:1/send",
    "ZALO_APP_ID": "360846524940903967",
    "ZALO_BOT_MODE": "webhook",
    "PORT": "0",
}
APIS = ("TELEGRAM_API_URL", "ZALO_API_URL", "ZALO_OAUTH_URL", "ZALO_BUSINESS_URL", "ZALO_BOT_API_URL")


def test_every_secret_setting_is_marked() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    assert secret == set(SECRETS), "give the new secret setting a marked value above"


@pytest.fixture
async def vendor() -> AsyncIterator[str]:
    """A vendor that refuses everything, in words that repeat what it was asked."""

    async def refuse(request: web.Request) -> web.Response:
        told = f"{request.path_qs} {dict(request.headers)} {await request.text()}"
        body = {"ok": False, "error": -216, "error_code": 401, "description": told, "message": told}
        return web.json_response(body, status=401)

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", refuse)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class Program:
    """The program with these settings, and all that it says."""

    def __init__(self, folder: Path, **given: str) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            **{f"{PREFIX}{name}": value for name, value in given.items()},
            f"{PREFIX}MEDIA_DIR": str(folder / "media"),
        }

    async def __aenter__(self) -> asyncio.subprocess.Process:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "serve",
            "--parts",
            "web,clock",
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return self.process

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def said_by(folder: Path, **given: str) -> tuple[int, str]:
    """Return the status and the words of a program that cannot start."""
    async with Program(folder, **given) as process, asyncio.timeout(180):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


def test_settings_that_are_wrong_are_named_without_their_values(capsys: pytest.CaptureFixture[str]) -> None:
    spoilt = {
        name: f"{MARK} !" if name.endswith(("TOKEN", "SECRET", "URL")) else value[-3:]
        for name, value in SECRETS.items()
    }
    given = {**spoilt, **OTHERS, "DATABASE_URL": f"oracle://user:{MARK}@host/name"}
    answer = Shell(capsys, {f"{PREFIX}{name}": value for name, value in given.items()})("serve")
    told = answer.out + answer.err
    assert answer.status != 0
    assert "LANGNGHE_TELEGRAM_TOKEN" in told
    assert "LANGNGHE_DATABASE_URL" in told
    assert MARK not in told


async def test_a_database_that_refuses_the_password_is_told_without_it(tmp_path: Path) -> None:
    url = f"postgresql://user:{MARK}-password@127.0.0.1:1/name"
    status, told = await said_by(tmp_path, DATABASE_URL=url)
    assert status != 0
    assert told.strip()
    assert MARK not in told


async def test_a_vendor_that_refuses_a_token_is_told_without_it(
    city_url: str, tmp_path: Path, vendor: str
) -> None:
    apis = dict.fromkeys(APIS, vendor)
    status, told = await said_by(tmp_path, **SECRETS, **OTHERS, **apis, DATABASE_URL=city_url)
    assert status != 0
    assert "_TOKEN" in told
    assert MARK not in told


async def test_a_program_that_serves_lets_nothing_out(city_url: str, tmp_path: Path, vendor: str) -> None:
    """Without the tokens that it would check at start: it serves, and is asked for all that it has."""
    asked = {
        name: value for name, value in SECRETS.items() if name not in ("TELEGRAM_TOKEN", "ZALO_BOT_TOKEN")
    }
    apis = dict.fromkeys(APIS, vendor)
    settings = {**asked, **OTHERS, **apis, "DATABASE_URL": city_url, "SMS_URL": f"{vendor}/send"}
    async with Program(tmp_path, **settings) as process, asyncio.timeout(180):
        assert process.stdout is not None
        told = ""
        while not (found := re.search(r"Serving on (http://\S+)", told)):
            line = (await process.stdout.readline()).decode()
            assert line, told
            told += line
        answers = await everything(found[1].rstrip("./"))
        command = await asyncio.to_thread(Path(f"/proc/{process.pid}/cmdline").read_bytes)
        process.terminate()
        rest, _ = await process.communicate()
        told += rest.decode()
    assert process.returncode == 0
    assert len(answers) > 10_000, "pages were read"
    assert MARK not in told
    assert MARK not in answers
    assert MARK.encode() not in command
    await no_file_holds_a_secret(tmp_path, Path(city_url.removeprefix("sqlite:///")))


async def everything(url: str) -> str:
    """Return what the program answers to whoever asks, rightly and wrongly."""
    answers = []
    asked = [
        "/healthz",
        "/metrics",
        "/chat",
        "/",
        "/chat/commands",
        "/zalo/callback?code=x&state=y",
        "/nothing",
    ]
    posted = ["/zalo/oa", "/sms/receipt", "/telegram", "/chat/session", "/chat/messages", "/healthz"]
    async with aiohttp.ClientSession(url, headers={"Authorization": "Bearer wrong"}) as http:
        for method, path in [*(("GET", each) for each in asked), *(("POST", each) for each in posted)]:
            async with http.request(method, path, data=None if method == "GET" else "{x") as answer:
                answers.append(f"{answer.headers} {await answer.text()}")
    return "\n".join(answers)


async def no_file_holds_a_secret(*places: Path) -> None:
    def search() -> list[str]:
        files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
        return [path.name for path in files if path.is_file() and MARK.encode() in path.read_bytes()]

    assert await asyncio.to_thread(search) == []
