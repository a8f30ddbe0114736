"""The consent of an Official Account: a link good once, a state that nobody guesses, tokens stored."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.app import App
from bot.data_key import DataKey
from bot.settings import Settings, load_settings
from bot.vault import TokenVault
from bot.zalo_consent import PENDING, Consents, link_of, pages_of
from storage import credentials
from storage.database import Database
from tests.standins.zalo_oa import Status, ZaloOaStandIn

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


class Browser:
    """An operator's browser before the pages of a running city."""

    def __init__(
        self, http: aiohttp.ClientSession, address: str, zalo: ZaloOaStandIn, settings: Settings, now: Any
    ) -> None:
        self.http, self.address, self.zalo, self.settings, self.now = http, address, zalo, settings, now
        self.key = DataKey(settings)

    async def opens(self, url: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
        async with self.http.request(method, url, allow_redirects=False) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def begins(self, link: str) -> str:
        """Open a link; return the vendor's page that it leads to."""
        status, _, headers = await self.opens(link)
        assert status == 302
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        return headers["Location"]

    def agrees(self, page: str) -> str:
        """Agree on the vendor's page; return where it leads back to."""
        assert page.startswith(f"{self.zalo.url}/v4/oa/permission?")
        return self.zalo.consents(dict(parse_qsl(urlsplit(page).query)))


@pytest.fixture
def time() -> list[datetime]:
    return [NOON]


@pytest.fixture
async def browser(database: Database, database_url: str, time: list[datetime]) -> AsyncIterator[Browser]:
    def now() -> datetime:
        return time[0]

    application = web.Application()
    runner = web.AppRunner(application, access_log=None)
    async with ZaloOaStandIn(clock=now) as zalo, aiohttp.ClientSession() as http:
        address = "http://127.0.0.1:{}"
        settings, _ = load_settings(
            {
                "LANGNGHE_DATABASE_URL": database_url,
                "LANGNGHE_DATA_KEY": "a key for tests, long enough",
                "LANGNGHE_PUBLIC_URL": "https://city.example",
                "LANGNGHE_ZALO_APP_ID": zalo.app_id,
                "LANGNGHE_ZALO_APP_SECRET": zalo.app_secret,
                "LANGNGHE_ZALO_OA_SECRET_KEY": zalo.oa_secret_key,
                "LANGNGHE_ZALO_OAUTH_URL": zalo.url,
                "LANGNGHE_ZALO_VERIFIER": "Ab-1_",
            }
        )
        pages = pages_of(settings, database, now=now)
        assert pages is not None
        application.add_routes(pages.routes())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = address.format(runner.addresses[0][1])
        yield Browser(http, address, zalo, settings, now)
        await runner.cleanup()


async def new_link(browser: Browser, database: Database) -> str:
    secret = await Consents(database, browser.key, now=browser.now).new_link()
    return link_of(browser.address, secret)


def here(browser: Browser, url: str) -> str:
    """Return a page of the public address as it is reached in the test."""
    assert url.startswith("https://city.example/zalo/callback?")
    return url.replace("https://city.example", browser.address)


async def test_an_account_consents_and_its_tokens_are_stored(browser: Browser, database: Database) -> None:
    back = browser.agrees(await browser.begins(await new_link(browser, database)))
    status, said, headers = await browser.opens(here(browser, back))
    assert (status, f"Đã kết nối Zalo OA {browser.zalo.oa_id}" in said) == (200, True)
    assert headers["Content-Type"].startswith("text/html")
    kept = await TokenVault(database, browser.key).read()
    assert kept is not None
    assert kept.pair.oa_id == browser.zalo.oa_id
    assert kept.pair.expires_at == NOON + timedelta(hours=25)
    for secret in (kept.pair.access, kept.pair.refresh):
        assert secret not in said


async def test_each_step_can_be_taken_once(browser: Browser, database: Database) -> None:
    link = await new_link(browser, database)
    back = browser.agrees(await browser.begins(link))
    assert (await browser.opens(link))[0] == 403
    assert (await browser.opens(here(browser, back)))[0] == 200
    status, said, _ = await browser.opens(here(browser, back))
    assert (status, "zalo consent" in said) == (403, True)
    assert len(browser.zalo.calls_of("access_token")) == 1


async def test_after_ten_minutes_a_link_and_a_state_lead_nowhere(
    browser: Browser, database: Database, time: list[datetime]
) -> None:
    link = await new_link(browser, database)
    time[0] += timedelta(minutes=9, seconds=59)
    page = await browser.begins(link)
    time[0] += timedelta(minutes=9, seconds=59)
    back = browser.agrees(page)
    time[0] += timedelta(seconds=1)
    assert (await browser.opens(here(browser, back)))[0] == 403
    late = await new_link(browser, database)
    time[0] += timedelta(minutes=10)
    assert (await browser.opens(late))[0] == 403
    assert browser.zalo.calls_of("access_token") == []


async def test_a_newer_link_takes_the_place_of_an_older_one(browser: Browser, database: Database) -> None:
    old, new = await new_link(browser, database), await new_link(browser, database)
    assert (await browser.opens(old))[0] == 403
    await browser.begins(new)


async def test_guesses_are_refused_and_use_nothing_up(browser: Browser, database: Database) -> None:
    link = await new_link(browser, database)
    for guess in ("/zalo/consent", "/zalo/consent?key=", "/zalo/consent?key=guess", "/zalo/consent?key=%FF"):
        assert (await browser.opens(browser.address + guess))[0] == 403
    assert (await browser.opens(link, "HEAD"))[0] == 405, "a look beforehand uses nothing up"
    back = browser.agrees(await browser.begins(link))
    for guess in ("", "?code=1", "?state=&code=1", "?state=guess&code=1"):
        assert (await browser.opens(f"{browser.address}/zalo/callback{guess}"))[0] == 403
    assert (await browser.opens(here(browser, back)))[0] == 200


async def test_what_is_under_way_is_encrypted(browser: Browser, database: Database) -> None:
    page = await browser.begins(await new_link(browser, database))
    asked = dict(parse_qsl(urlsplit(page).query))
    async with database.read() as transaction:
        found = await credentials.get_credential(transaction, PENDING)
    assert found is not None
    held = browser.key.open(found.secret)
    assert asked["state"].encode() in held
    assert asked["state"].encode() not in found.secret


async def test_without_a_permission_the_page_says_so_and_the_old_tokens_stay(
    browser: Browser, database: Database
) -> None:
    await browser.opens(
        here(browser, browser.agrees(await browser.begins(await new_link(browser, database))))
    )
    vault = TokenVault(database, browser.key)
    before = await vault.read()
    state = dict(parse_qsl(urlsplit(await browser.begins(await new_link(browser, database))).query))["state"]
    status, said, _ = await browser.opens(
        f"{browser.address}/zalo/callback?state={state}&error=-14003&message=<b>no</b>"
    )
    assert (status, "&lt;b&gt;no" in said, "<b>" in said) == (400, True, False)
    back = browser.agrees(await browser.begins(await new_link(browser, database)))
    browser.zalo.fails(next=-14006, path="access_token")
    status, said, _ = await browser.opens(here(browser, back))
    assert (status, "-14006" in said) == (400, True)
    back = browser.agrees(await browser.begins(await new_link(browser, database)))
    browser.zalo.fails(next=Status(502), path="access_token")
    status, said, _ = await browser.opens(here(browser, back))
    assert (status, "không trả lời" in said) == (503, True)
    assert await vault.read() == before


async def test_the_domain_is_proved_under_the_name_of_its_file(browser: Browser) -> None:
    status, said, headers = await browser.opens(f"{browser.address}/zalo_verifierAb-1_.html")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<meta name="zalo-platform-site-verification" content="Ab-1_">' in said
    assert (await browser.opens(f"{browser.address}/zalo_verifierother.html"))[0] == 404


async def test_without_an_app_there_are_no_pages(sqlite: Database) -> None:
    assert pages_of(Settings(), sqlite) is None


@pytest.fixture
def city_url(city_file: Path, tmp_path: Path) -> str:
    """A SQLite database with a city in it."""
    return f"sqlite:///{shutil.copy(city_file, tmp_path / 'city.db')}"


async def test_a_running_program_serves_the_pages_watches_the_tokens_and_starts_without_any(
    city_url: str, tmp_path: Path
) -> None:
    async with ZaloOaStandIn() as zalo, aiohttp.ClientSession() as http:
        settings, _ = load_settings(
            {
                "LANGNGHE_DATABASE_URL": city_url,
                "LANGNGHE_MEDIA_DIR": str(tmp_path / "media"),
                "LANGNGHE_PORT": "0",
                "LANGNGHE_PUBLIC_URL": "https://city.example",
                "LANGNGHE_ZALO_APP_ID": zalo.app_id,
                "LANGNGHE_ZALO_APP_SECRET": zalo.app_secret,
                "LANGNGHE_ZALO_OA_SECRET_KEY": zalo.oa_secret_key,
                "LANGNGHE_ZALO_OAUTH_URL": zalo.url,
                "LANGNGHE_ZALO_API_URL": zalo.url,
            }
        )
        app = App(settings, parts=("web", "clock"))
        try:
            await app.start()
            browser = Browser(http, f"http://127.0.0.1:{app.port}", zalo, settings, None)
            await gauge(browser, 1.0)
            secret = await Consents(app.database, browser.key).new_link()
            page = await browser.begins(link_of(browser.address, secret))
            assert (await browser.opens(here(browser, browser.agrees(page))))[0] == 200
            assert app._watching is not None
            await app._watching.look()
            await gauge(browser, 0.0)
        finally:
            await app.stop()


async def gauge(browser: Browser, value: float) -> None:
    """Wait until the figures for operators say that so much is wrong with channels."""
    async with asyncio.timeout(10):
        while f" {value}" not in await figure(browser):  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.05)


async def figure(browser: Browser) -> str:
    """Return the line that counts what is wrong with channels."""
    _, said, _ = await browser.opens(f"{browser.address}/metrics")
    return next(line for line in said.splitlines() if line.startswith("langnghe_channel_ailments "))
