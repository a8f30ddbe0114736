"""One refresher: tokens renewed in good time, once however many ask, saved before they are used.

The stand-in takes a refresh token once; using one twice fails the test.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.zalo_oa import tokens
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.oauth import OAuth, Refused, _read, challenge_of, new_verifier
from bot.channels.zalo_oa.tokens import Pair, TokenKeeper
from bot.data_key import DataKey
from bot.settings import Settings, load_settings
from bot.vault import TokenVault, oauth_of
from handlers.channel import Ailment, Misconfigured, Unavailable
from storage.database import Database
from tests.standins.zalo_oa import Garbage, Status, ZaloOaStandIn

ROOT = Path(__file__).parent.parent.parent.parent
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
TOKEN_PATH = "/v4/oa/access_token"
KEY = "a key for tests, long enough"


class Time:
    """A clock that stands until it is moved, the vendor's too."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **parts: float) -> None:
        self.at += timedelta(**parts)


class Office:
    """A city with an Official Account: the vendor, the vault, and keepers as if each were a process."""

    def __init__(self, zalo: ZaloOaStandIn, database: Database, time: Time, settings: Settings) -> None:
        self.zalo, self.database, self.time, self.settings = zalo, database, time, settings
        self.keepers: list[TokenKeeper] = []

    @property
    def vault(self) -> TokenVault:
        return TokenVault(self.database, DataKey(self.settings))

    def keeper(self) -> TokenKeeper:
        keeper = TokenKeeper(vault=self.vault, oauth=oauth_of(self.settings), now=self.time)
        self.keepers.append(keeper)
        return keeper

    async def consents(self) -> Pair:
        given = self.zalo.new_pair()
        pair = Pair(
            access=given.access,
            refresh=given.refresh,
            obtained_at=self.time(),
            expires_at=self.time() + timedelta(seconds=given.expires_in),
            oa_id=self.zalo.oa_id,
        )
        await self.vault.put(pair)
        return pair

    async def stored(self) -> tokens.Kept:
        kept = await self.vault.read()
        assert kept is not None
        return kept


def settings_for(zalo: ZaloOaStandIn, database_url: str) -> dict[str, str]:
    return {
        "LANGNGHE_DATABASE_URL": database_url,
        "LANGNGHE_DATA_KEY": KEY,
        "LANGNGHE_ZALO_APP_ID": zalo.app_id,
        "LANGNGHE_ZALO_APP_SECRET": zalo.app_secret,
        "LANGNGHE_ZALO_OA_SECRET_KEY": zalo.oa_secret_key,
        "LANGNGHE_ZALO_OAUTH_URL": zalo.url,
        "LANGNGHE_ZALO_API_URL": zalo.url,
    }


@pytest.fixture
async def office(database: Database, database_url: str) -> AsyncIterator[Office]:
    time = Time()
    async with ZaloOaStandIn(clock=time) as zalo:
        office = Office(zalo, database, time, load_settings(settings_for(zalo, database_url))[0])
        yield office
        for keeper in office.keepers:
            await keeper.close()


async def test_a_good_token_is_used_as_it_is(office: Office) -> None:
    pair = await office.consents()
    office.time.pass_(hours=22, minutes=59)
    assert await office.keeper().access() == pair.access
    assert office.zalo.refreshed == 0


async def test_with_two_hours_left_it_is_renewed_and_saved(office: Office) -> None:
    pair = await office.consents()
    office.time.pass_(hours=23)
    renewed = await office.keeper().access()
    kept = await office.stored()
    assert renewed == kept.pair.access != pair.access
    assert kept.pair.refresh != pair.refresh
    assert kept.pair.expires_at == office.time() + timedelta(hours=25), "the vendor writes seconds as a text"
    assert (kept.version, kept.pair.oa_id) == (2, office.zalo.oa_id)


async def test_the_watchdog_renews_what_nobody_uses(office: Office) -> None:
    await office.consents()
    keeper = office.keeper()
    for _ in range(100):
        office.time.pass_(hours=22)
        assert await keeper.ailments() == []
        office.time.pass_(hours=2)
        assert await keeper.ailments() == []
    assert office.zalo.refreshed == 100


async def test_hundreds_of_sends_refused_at_once_renew_once(office: Office) -> None:
    await office.consents()
    keepers = [office.keeper() for _ in range(4)]
    refused = [await keeper.access() for keeper in keepers]
    office.zalo.expires_tokens()
    renewed = await asyncio.gather(
        *(keeper.renewed(token) for keeper, token in zip(keepers, refused, strict=True) for _ in range(100))
    )
    assert len(set(renewed)) == 1
    assert office.zalo.refreshed == 1


async def test_a_send_that_was_refused_while_another_renewed_gets_the_new_token(office: Office) -> None:
    pair = await office.consents()
    quick, slow = office.keeper(), office.keeper()
    assert await slow.access() == pair.access
    renewed = await quick.renewed(pair.access)
    assert await slow.renewed(pair.access) == renewed
    assert await quick.renewed(pair.access) == renewed
    assert office.zalo.refreshed == 1


async def test_a_pair_that_somebody_pasted_is_renewed_at_once_and_its_age_known(office: Office) -> None:
    given = office.zalo.new_pair()
    await office.vault.put(Pair(access=given.access, refresh=given.refresh, obtained_at=office.time()))
    assert await office.keeper().access() != given.access
    assert (await office.stored()).pair.expires_at == office.time() + timedelta(hours=25)


async def test_while_the_vendor_is_away_the_old_token_serves_as_long_as_it_is_good(office: Office) -> None:
    pair = await office.consents()
    keeper = office.keeper()
    office.time.pass_(hours=23, minutes=30)
    for fault in (Status(503), Garbage(), Status(429)):
        office.zalo.fails(next=fault, path=TOKEN_PATH)
        assert await keeper.access() == pair.access
        assert "HTTP" in (await office.stored()).error
        assert await keeper.access() == pair.access, "no other try within the minute"
        office.time.pass_(minutes=1)
    assert await keeper.access() != pair.access
    assert (await office.stored()).error == ""


async def test_once_the_old_token_is_dead_too_sends_wait_and_operators_hear_of_it(office: Office) -> None:
    await office.consents()
    keeper = office.keeper()
    office.zalo.fails(next=Status(502), path=TOKEN_PATH, times=4)
    office.time.pass_(hours=24, minutes=30)
    assert [found.what for found in await keeper.ailments()] == ["token_not_renewed"]
    office.time.pass_(hours=1)
    with pytest.raises(Unavailable) as why:
        await keeper.access()
    assert why.value.for_all
    assert why.value.retry_after == tokens.SHORT_PAUSE
    for _ in range(2):
        office.time.pass_(seconds=6)
        assert [found.what for found in await keeper.ailments()] == ["token_not_renewed"]
    office.time.pass_(seconds=6)
    await keeper.access()
    assert await keeper.ailments() == []


async def test_a_refused_refresh_token_breaks_the_chain_until_somebody_consents(office: Office) -> None:
    pair = await office.consents()
    keeper, other = office.keeper(), office.keeper()
    assert await keeper.access() == await other.access() == pair.access
    office.zalo.breaks_chain()
    for each in (keeper, other, other):
        with pytest.raises(Misconfigured) as why:
            await each.renewed(pair.access)
        assert why.value.for_all
        assert pair.refresh not in str(why.value)
    (found,) = await other.ailments()
    assert (found.what, "-14014" in found.detail) == ("token_broken", True)
    assert (await office.stored()).broken_at == office.time()
    fresh = await office.consents()
    assert await keeper.access() == fresh.access
    assert await other.ailments() == []


async def test_with_a_broken_chain_a_token_that_is_still_good_serves(office: Office) -> None:
    pair = await office.consents()
    keeper = office.keeper()
    office.time.pass_(hours=23, minutes=30)
    office.zalo.fails(next=-14014, path=TOKEN_PATH, times=1)
    assert await keeper.access() == pair.access
    assert [found.what for found in await keeper.ailments()] == ["token_broken"]
    office.time.pass_(minutes=59)
    assert await keeper.access() == pair.access
    office.time.pass_(minutes=2)
    assert await keeper.access() != pair.access, "an error that was none for good heals after an hour"
    assert await keeper.ailments() == []


async def test_a_refresh_token_that_grows_old_is_told_with_its_last_day(office: Office) -> None:
    given = office.zalo.new_pair()
    old = Pair(
        access=given.access,
        refresh=given.refresh,
        obtained_at=NOON - timedelta(days=60),
        expires_at=NOON + timedelta(hours=3),
    )
    await office.vault.put(old)
    assert await office.keeper().ailments() == []
    office.time.pass_(minutes=1)
    assert await office.keeper().ailments() == [Ailment(what="token_old", detail="2026-12-23")]


async def test_without_a_consent_nothing_is_sent_and_the_first_is_seen_at_once(office: Office) -> None:
    keeper = office.keeper()
    with pytest.raises(Misconfigured, match="zalo consent"):
        await keeper.access()
    assert await keeper.ailments() == [Ailment(what="token_missing")]
    pair = await office.consents()
    assert await keeper.access() == pair.access


async def test_under_another_key_the_tokens_cannot_be_read_and_that_is_told(office: Office) -> None:
    await office.consents()
    other = Settings(database_url=office.settings.database_url, data_key="another key that is long")
    keeper = TokenKeeper(
        vault=TokenVault(office.database, DataKey(other)), oauth=oauth_of(office.settings), now=office.time
    )
    with pytest.raises(Misconfigured, match="LANGNGHE_DATA_KEY"):
        await keeper.access()
    assert [found.what for found in await keeper.ailments()] == ["token_unreadable"]


async def test_a_vendor_that_refuses_what_it_has_just_given_is_not_asked_for_ever(office: Office) -> None:
    await office.consents()
    keeper = office.keeper()
    token = await keeper.access()
    for _ in range(tokens.OFTEN):
        token = await keeper.renewed(token)
    with pytest.raises(Unavailable, match="just given"):
        await keeper.renewed(token)
    assert office.zalo.refreshed == tokens.OFTEN


class Away(TokenVault):
    """A vault whose database is away for the next saves."""

    saves = 0

    async def save(self, version: int, pair: Pair) -> bool:
        if self.saves:
            self.saves -= 1
            raise Unavailable("the database does not answer")
        return await super().save(version, pair)


async def test_a_new_pair_outlives_a_database_that_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "SAVE_PAUSES", (0.01, 0.01))
    pair = await office.consents()
    vault = Away(office.database, DataKey(office.settings))
    keeper = TokenKeeper(vault=vault, oauth=oauth_of(office.settings), now=office.time)
    vault.saves = 2
    renewed = await keeper.renewed(pair.access)
    assert (await office.stored()).pair.access == renewed
    vault.saves = 3
    with pytest.raises(Unavailable):
        await keeper.renewed(renewed)
    assert (await office.stored()).pair.access == renewed, "what is not saved is not used"
    office.time.pass_(minutes=3)
    last = await keeper.access()
    assert (await office.stored()).pair.access == last != renewed
    assert office.zalo.refreshed == 2


async def test_a_send_that_is_given_up_does_not_take_the_new_pair_with_it(office: Office) -> None:
    pair = await office.consents()
    keeper = office.keeper()
    office.zalo.slow(0.3, path=TOKEN_PATH)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await keeper.renewed(pair.access)
    await keeper.close()
    assert (await office.stored()).version == 2


async def test_hundreds_of_sends_while_tokens_die_lose_nothing(office: Office) -> None:
    await office.consents()
    await office.zalo.user_follows("1001")
    await office.zalo.user_sends("1001", "Xin chào")
    clients = [Client(tokens=office.keeper(), api_url=office.zalo.url, now=office.time) for _ in range(3)]

    async def send(client: Client) -> None:
        body = {"recipient": {"user_id": "1001"}, "message": {"text": "Đã nhận phản ánh"}}
        await client.call("POST", "v3.0/oa/message/cs", json=body)

    for _ in range(4):
        office.zalo.expires_tokens()
        await asyncio.gather(*(send(client) for client in clients for _ in range(40)))
    assert len(office.zalo.sent("1001")) == 480
    assert office.zalo.refreshed == 4
    for client in clients:
        await client.close()


# ---- real processes


@asynccontextmanager
async def process(
    zalo: ZaloOaStandIn, url: str, *, rounds: int, at_once: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program that sends; it is ended when the test is over."""
    task = {
        "environment": settings_for(zalo, url),
        "rounds": rounds,
        "at_once": at_once,
        "user": "1001",
    }
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.token_user", json.dumps(task)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    assert await running.stdout.readline() == b"ready\n"
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def asked_for_tokens(zalo: ZaloOaStandIn, *, granted: int) -> None:
    while not zalo.calls_of(TOKEN_PATH) or zalo.refreshed != granted:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.02)


async def outcome(running: asyncio.subprocess.Process) -> list[str]:
    out, _ = await running.communicate(b"go\n")
    wrong: list[str] = json.loads(out.splitlines()[-1])
    return wrong


async def test_two_processes_renewing_at_once_never_burn_the_refresh_token(
    database: Database, database_url: str
) -> None:
    async with ZaloOaStandIn(strangers=True) as zalo:
        office = Office(zalo, database, Time(), load_settings(settings_for(zalo, database_url))[0])
        office.time.at = datetime.now(UTC)
        await office.consents()
        await zalo.user_sends("1001", "Xin chào")
        zalo.expires_tokens()
        async with (
            process(zalo, database_url, rounds=10, at_once=30) as one,
            process(zalo, database_url, rounds=10, at_once=30) as two,
        ):
            outcomes = asyncio.gather(outcome(one), outcome(two))
            for count in (150, 300, 450):
                await zalo.until_sent("1001", count)
                zalo.expires_tokens()
            assert await outcomes == [[], []]
        assert len(zalo.sent("1001")) == 600
        assert 2 <= zalo.refreshed <= 4
        assert (await office.stored()).version == 1 + zalo.refreshed


@pytest.mark.parametrize("burnt", [False, True], ids=["before the vendor", "after the vendor"])
async def test_a_process_killed_between_lease_and_save(
    database: Database, database_url: str, burnt: bool
) -> None:
    async with ZaloOaStandIn(strangers=True) as zalo:
        time = Time()
        time.at = datetime.now(UTC)
        office = Office(zalo, database, time, load_settings(settings_for(zalo, database_url))[0])
        pair = await office.consents()
        zalo.expires_tokens()
        zalo.hangs(path=TOKEN_PATH, done=burnt)
        async with process(zalo, database_url, rounds=1, at_once=1) as killed, asyncio.timeout(20):
            assert killed.stdin is not None
            killed.stdin.write(b"go\n")
            await asked_for_tokens(zalo, granted=int(burnt))
            killed.kill()
        keeper = office.keeper()
        refused = asyncio.create_task(keeper.renewed(pair.access))
        await asyncio.sleep(0.5)
        assert not refused.done(), "the lease of the one who was killed still holds"
        time.pass_(minutes=5)
        if burnt:
            with pytest.raises(Misconfigured, match="refused"):
                await refused
            (found,) = await keeper.ailments()
            assert found.what == "token_broken"
            zalo.violations.clear()  # the answer with the next token died with the process
        else:
            assert await refused == (await office.stored()).pair.access
            assert await keeper.ailments() == []


# ---- what the vendor is asked


async def test_nothing_secret_is_readable_in_the_database_or_what_is_printed(
    sqlite: Database, sqlite_url: str
) -> None:
    time = Time()
    async with ZaloOaStandIn(clock=time) as zalo:
        office = Office(zalo, sqlite, time, load_settings(settings_for(zalo, sqlite_url))[0])
        first = await office.consents()
        await office.keeper().renewed(first.access)
        second = (await office.stored()).pair
        assert second.refresh not in repr(await office.stored())
        path = Path(str(sqlite.url.database))
        held = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        for secret in (first.access, first.refresh, second.access, second.refresh, zalo.app_secret, KEY):
            assert secret.encode() not in held


async def test_a_consent_is_changed_into_tokens_with_the_proof_of_who_began_it() -> None:
    async with ZaloOaStandIn() as zalo:
        oauth = OAuth(app_id=zalo.app_id, app_secret=zalo.app_secret, url=zalo.url)
        verifier = new_verifier()
        assert len(verifier) == 43
        back = zalo.consents(
            {
                "app_id": zalo.app_id,
                "redirect_uri": "https://city.example/zalo/callback",
                "code_challenge": challenge_of(verifier),
                "state": "s",
            }
        )
        code = back.partition("code=")[2].partition("&")[0]
        granted = await oauth.exchange(code, verifier)
        assert granted.expires_in == timedelta(hours=25)
        assert granted.access not in repr(granted)
        with pytest.raises(Refused) as why:
            await oauth.exchange(code, verifier)
        assert code not in str(why.value)


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": -14014, "message": "used"}', Refused),
        (b'{"error": "-14014", "error_name": "used"}', Refused),
        (b'{"error": "invalid_grant"}', Refused),
        (b'{"error": -32, "message": "slow down"}', Unavailable),
        (b"{}", Unavailable),
        (b"[]", Unavailable),
        (b'{"access_token": "a", "refresh_token": ""}', Unavailable),
        (b"<html>", Unavailable),
        (b"[" * 100_000, Unavailable),
    ],
)
def test_errors_come_with_http_200_too(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        _read(200, body, [])


@pytest.mark.parametrize("given", ["90000", 90000, "soon", None, -5, 1e400, [], "9" * 30])
def test_a_strange_life_never_loses_a_token_that_is_in_hand(given: Any) -> None:
    body = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": given}).encode()
    granted = _read(200, body, [])
    assert granted.refresh == "r"
    assert granted.expires_in == timedelta(hours=25 if given in ("90000", 90000) else 24)


def test_what_the_vendor_says_of_a_secret_is_not_repeated() -> None:
    with pytest.raises(Refused) as why:
        _read(200, b'{"error": -1, "message": "token abcdef is used"}', ["abcdef", ""])
    assert str(why.value) == "-1 token … is used"
