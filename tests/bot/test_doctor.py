"""`doctor`: each thing that can be wrong is made wrong here, and is found, with what to do about it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from sqlalchemy import insert, text, update

from bot.backing_up import note
from bot.data_key import DataKey
from bot.doctor import data, machine, reach, work
from bot.doctor.finding import Finding, Place
from bot.doctor.rounds import LOOKS
from bot.settings import Settings
from routing.deadline import LOCAL_TIME
from routing.organisation import Responsibility
from storage import credentials, data_keys, messages, migrating
from storage.database import Database
from storage.tables import erasure, inbox, outbox, person
from tests.city import MONDAY_MORNING, CityHarness
from tests.shell import Shell
from tests.standins.telegram import TelegramStandIn

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
TOKEN = "123456:" + "t" * 35


def place_of(city: CityHarness, **settings: Any) -> Place:
    return Place(
        settings=settings_of(city.database, media_dir=city.media_dir, **settings),
        now=city.now,
        database=city.database,
    )


def settings_of(database: Database, **more: Any) -> Settings:
    url = database.url.set(drivername=database.url.get_backend_name())
    return Settings(database_url=url.render_as_string(hide_password=False), **more)


def levels(found: "Finding | list[Finding]") -> list[str]:
    return [each.level for each in ([found] if isinstance(found, Finding) else found)]


def the(level: str, found: "Finding | list[Finding]") -> Finding:
    """Return the one finding of a level."""
    [one] = [each for each in ([found] if isinstance(found, Finding) else found) if each.level == level]
    assert (one.todo == "") == (level == "OK"), one
    return one


# ── the machine ──────────────────────────────────────────────────────────────────────────────────


async def test_an_address_that_is_not_encrypted(city: CityHarness) -> None:
    assert the("wrong", await machine.settings(place_of(city, public_url="http://phananh.example.vn")))
    assert the("look", await machine.settings(place_of(city)))
    assert the("OK", await machine.settings(place_of(city, public_url="https://phananh.example.vn")))


@asynccontextmanager
async def site(
    answer: Callable[[web.Request], Awaitable[web.Response]], tls: Any = None
) -> AsyncIterator[int]:
    """Serve one answer to everything; yields the port."""
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_a_clock_that_is_far_from_the_vendors(city: CityHarness) -> None:
    ahead = timedelta(0)

    async def tells(_: web.Request) -> web.Response:
        return web.Response(headers={"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)})

    async with site(tells) as port:
        place = place_of(city, telegram_token=TOKEN, telegram_api_url=f"http://127.0.0.1:{port}")
        assert levels(await machine.clock(place)) == ["OK", "OK"]
        ahead = timedelta(seconds=20)
        assert "behind" in the("look", await machine.clock(place)).told
        ahead = timedelta(hours=-7)
        assert "ahead" in the("wrong", await machine.clock(place)).told
    assert the("look", await machine.clock(place)).told == "no vendor tells the time"


async def test_a_clock_that_is_far_from_the_databases(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(settings=settings_of(postgresql), now=datetime.now(UTC), database=postgresql)
    assert levels(await machine.clock(place)) == ["OK", "OK"]

    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(minutes=5)

    monkeypatch.setattr(machine, "datetime", Late)
    assert "behind the database's" in the("wrong", await machine.clock(place)).told


async def test_a_disk_that_is_nearly_full(city: CityHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    free = 10**11
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(10**12, 0, free))
    assert the("OK", await machine.disk(place_of(city)))
    await city.citizen("an").writes(RUBBISH, photos=1)
    free = 10**9
    assert the("look", await machine.disk(place_of(city))).todo.startswith("make room")
    free = 100
    found = await machine.disk(place_of(city))
    assert the("wrong", found)
    assert "the disk of" in the("look", found).told


@pytest.fixture
def certificates(tmp_path: Path) -> Callable[[timedelta], ssl.SSLContext]:
    """Make a certificate of 127.0.0.1 that ends so much after now; kept as `certificate.pem`."""

    def make(left: timedelta) -> ssl.SSLContext:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        made = (
            x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=90))
            .not_valid_after(now + left)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / "certificate.pem"
        path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    return make


@pytest.mark.parametrize(("days", "level"), [(60, "OK"), (5, "look"), (-3, "wrong")])
async def test_a_certificate_that_ends(
    city: CityHarness,
    certificates: Callable[[timedelta], ssl.SSLContext],
    tmp_path: Path,
    days: int,
    level: str,
) -> None:
    async def nothing(_: web.Request) -> web.Response:
        return web.Response()

    async with site(nothing, certificates(timedelta(days=days))) as port:
        settings = settings_of(city.database, public_url=f"https://localhost:{port}")
        place = Place(settings=settings, now=datetime.now(UTC))
        trusted = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        found = the(level, await machine.certificate(place, trusted=trusted))
        assert f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" in found.told
        if days > 0:  # whoever does not know who made it does not trust it
            assert "will not trust" in the("wrong", await machine.certificate(place)).told
    assert "does not answer" in the("look", await machine.certificate(place)).told


async def test_a_program_that_is_not_ready_or_not_there(city: CityHarness) -> None:
    why: list[str] = ["worker"]

    async def tells(_: web.Request) -> web.Response:
        return web.json_response({"ready": not why, "why": why}, status=503 if why else 200)

    async with site(tells) as port:
        place = place_of(city, port=port)
        assert "worker" in the("wrong", await machine.running(place)).told
        why.clear()
        assert the("OK", await machine.running(place))
    assert "nothing answers" in the("look", await machine.running(place)).told


async def test_figures_that_anybody_can_read(city: CityHarness) -> None:
    status = 200

    async def shows(_: web.Request) -> web.Response:
        return web.Response(text="langnghe_healthy 1.0", status=status)

    async with site(shows) as port:
        place = place_of(city, public_url=f"http://localhost:{port}")
        assert "LANGNGHE_TRUSTED_PROXIES" in the("look", await machine.open_to_all(place)).todo
        status = 404
        assert the("OK", await machine.open_to_all(place))


# ── the database ─────────────────────────────────────────────────────────────────────────────────


async def test_a_damaged_file(city: CityHarness) -> None:
    assert "wrong" not in levels(await data.database(place_of(city)))
    path = Path(city.database.url.database or "")
    await city.database.close()  # which brings all of it into the file
    await asyncio.to_thread(damage, path)
    assert "restore" in the("wrong", await data.database(place_of(city))).todo


def damage(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(20, size // 4096, 3):
            file.seek(page * 4096)
            file.write(b"\xff" * 200)


async def test_a_database_that_takes_no_writes(postgresql: Database) -> None:
    place = Place(settings=settings_of(postgresql), now=datetime.now(UTC), database=postgresql)
    assert levels(await data.database(place)) in (["OK"], ["look"])  # on a busy machine it answers late
    async with postgresql.begin() as transaction:
        name = postgresql.url.database
        await transaction.connection.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        )
    await postgresql.close()
    assert "takes no writes" in the("wrong", await data.database(place)).told


async def test_tables_of_another_version(database: Database, database_url: str) -> None:
    place = Place(settings=settings_of(database), now=datetime.now(UTC), database=database)
    assert the("OK", await data.migrations(place))
    await migrating.downgrade(database_url, "0011")
    assert "0011" in the("wrong", await data.migrations(place)).told
    async with database.begin() as transaction:
        await transaction.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer" in the("look", await data.migrations(place)).told


async def test_a_key_that_is_another_one(city: CityHarness) -> None:
    assert "not encrypted" in the("look", await data.data_key(place_of(city))).told
    place = place_of(city, data_key=SecretStr("a key of 16 letters"))
    async with city.database.begin() as transaction:
        wrapped = DataKey(place.settings).seal(b"k" * 32)
        await data_keys.add_key(transaction, 1, wrapped=wrapped, now=city.now, active_from=city.now)
    assert the("OK", await data.data_key(place))
    other = place_of(city, data_key=SecretStr("another key of 16 letters"))
    assert "LANGNGHE_DATA_KEY" in the("wrong", await data.data_key(other)).todo


async def test_a_month_without_a_partition(postgresql: Database) -> None:
    place = Place(settings=settings_of(postgresql), now=datetime.now(UTC), database=postgresql)
    assert the("OK", await data.partitions_ahead(place))
    later = Place(settings=place.settings, now=place.now + timedelta(days=70), database=postgresql)
    assert "clock" in the("wrong", await data.partitions_ahead(later)).todo


async def test_a_day_that_nobody_sealed(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.files()
    assert the("OK", await data.ledger(place_of(city)))
    for days in (1, 2, 3, 4):
        await city.becomes(MONDAY_MORNING + timedelta(days=days))
        await an.writes("Đèn đường hỏng ở phố Khương Hạ, phường Khương Đình")
        await an.files()
    assert f"{MONDAY_MORNING:%Y-%m-%d} is over" in the("wrong", await data.ledger(place_of(city))).told


async def test_a_photo_that_is_gone(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH, photos=2)
    await an.files()
    assert the("OK", await data.media(place_of(city)))
    [key, _] = await city.photos(await city.only_case())
    await asyncio.to_thread((city.media_dir / key[:2] / key).unlink)
    assert key in the("wrong", await data.media(place_of(city))).told


async def test_a_backup_that_is_old(city: CityHarness) -> None:
    assert "no backup" in the("look", await data.backups(place_of(city))).told
    for hours, level in ((1, "OK"), (40, "look"), (300, "wrong")):
        await note(city.database, now=city.now - timedelta(hours=hours))
        assert the(level, await data.backups(place_of(city)))


# ── the work ─────────────────────────────────────────────────────────────────────────────────────


async def test_queues_that_stand_still(city: CityHarness) -> None:
    assert the("OK", await work.queues(place_of(city)))
    await city.receive("web", city.citizen("an").message(text="Xin chào"))
    city.now += timedelta(minutes=3)
    assert "inbox" in the("look", await work.queues(place_of(city))).told
    city.now += timedelta(minutes=30)
    assert "worker" in the("wrong", await work.queues(place_of(city))).todo
    await changed(city, update(inbox).values(claimed_until=city.now - timedelta(minutes=10)))
    assert "neither finished" in the("look", await work.queues(place_of(city))).told


async def test_messages_that_nobody_can_be_sent(city: CityHarness) -> None:
    async with city.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat="an", message={"text": "x"}, at=city.now)
    await changed(city, update(outbox).values(held_at=city.now))
    assert "LANGNGHE_MONTHLY_BUDGET" in the("look", await work.queues(place_of(city))).todo
    assert the("OK", await work.dead_letters(place_of(city)))
    await changed(city, update(outbox).values(held_at=None, failed_at=city.now))
    assert the("look", await work.dead_letters(place_of(city))).todo == "python -m bot dead list"


async def changed(city: CityHarness, statement: Any) -> None:
    async with city.database.begin() as transaction:
        await transaction.execute(statement)


async def test_rules_that_reach_nobody(city: CityHarness) -> None:
    found = await work.rules(place_of(city))
    assert levels(found) == ["look", "look", "look"], "no receivers, no admin, no dispatcher"
    await city.official("ha-noi", "admin")
    await city.official("ha-noi", "dispatcher")
    assert "nobody receives" in the("look", await work.rules(place_of(city))).told
    broken = Responsibility(domain="waste", unit="@district", position=1)
    await city.changes(responsibilities=(broken, *city.city.responsibilities))
    assert the("wrong", await work.rules(place_of(city))).todo == "python -m bot org check"


async def test_requests_whose_time_is_up(city: CityHarness) -> None:
    await changed(city, insert(person).values(id=1, name="", created_at=city.now))
    assert the("OK", await work.privacy(place_of(city)))
    row = {"person_id": 1, "channel": "web", "asked_at": city.now, "due_at": city.now + timedelta(days=2)}
    await changed(city, insert(erasure).values(**row))
    assert the("look", await work.privacy(place_of(city)))
    city.now += timedelta(days=3)
    assert "privacy list" in the("wrong", await work.privacy(place_of(city))).todo


# ── the vendors ──────────────────────────────────────────────────────────────────────────────────


async def test_a_webhook_that_is_somebody_elses(city: CityHarness) -> None:
    async with TelegramStandIn(token=TOKEN) as telegram:
        mine = {
            "telegram_token": TOKEN,
            "telegram_api_url": telegram.url,
            "telegram_mode": "webhook",
            "telegram_secret": "s",
            "public_url": "https://city.example",
        }
        place = place_of(city, **mine)
        assert "webhook_stolen" in the("wrong", await reach.channels(place)).told
        telegram._webhook = {"url": "https://city.example/telegram"}
        assert the("OK", await reach.channels(place))
        polling = place_of(city, **{**mine, "telegram_mode": "polling"})
        assert "polling_conflict" in the("wrong", await reach.channels(polling)).told
        other = place_of(city, **{**mine, "telegram_token": "7:" + "o" * 35})
        found = the("wrong", await reach.channels(other))
        assert found.todo.startswith("LANGNGHE_TELEGRAM_TOKEN")
        assert "o" * 35 not in found.told
        assert telegram.counts.keys() <= {"getMe", "getWebhookInfo"}, "nothing was changed"
    assert "does not answer" in the("look", await reach.channels(place)).told


async def test_tokens_that_are_lost_old_or_refused(city: CityHarness) -> None:
    settings = {"zalo_app_id": "1", "data_key": SecretStr("a key of 16 letters")}
    place = place_of(city, **settings)
    assert "consent" in the("wrong", await reach.tokens(place)).todo
    sealed = DataKey(place.settings).seal(b"{}")
    for age, level in ((1, "OK"), (70, "look"), (100, "wrong")):
        async with city.database.begin() as transaction:
            await credentials.put_credential(
                transaction,
                "zalo_oa",
                secret=sealed,
                obtained_at=city.now - timedelta(days=age),
                expires_at=None,
            )
        assert the(level, await reach.tokens(place))
    other = place_of(city, **{**settings, "data_key": SecretStr("another key of 16 letters")})
    assert "cannot be opened" in the("wrong", await reach.tokens(other)).told


# ── the command ──────────────────────────────────────────────────────────────────────────────────


async def test_the_command_tells_all_and_no_secret(
    city: CityHarness, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = city.database.url.database
    shell = Shell(
        capsys,
        {
            "LANGNGHE_DATABASE_URL": f"sqlite:///{path}",
            "LANGNGHE_MEDIA_DIR": str(tmp_path),
            "LANGNGHE_PORT": "1",
            "LANGNGHE_TELEGRAM_TOKEN": TOKEN,
            "LANGNGHE_TELEGRAM_API_URL": "http://127.0.0.1:1",
            "LANGNGHE_DATA_KEY": "a key of 16 letters",
        },
    )
    before = shell.everything()
    answer = await asyncio.to_thread(shell, "doctor", "--json")
    assert answer.status == 0, answer.out
    assert {found["look"] for found in answer.data} == set(LOOKS)
    assert all(found["todo"] for found in answer.data if found["level"] in ("look", "wrong"))
    assert shell.everything() == before
    plain = await asyncio.to_thread(shell, "doctor")
    for said in (answer.out, plain.out, plain.err):
        assert "ttttt" not in said
        assert "a key of 16" not in said
    await note(city.database, now=datetime(2020, 1, 1, tzinfo=UTC))
    plain = await asyncio.to_thread(shell, "doctor")
    assert plain.status == 1
    assert "wrong   backups" in plain.out
    assert "1 thing wrong" in plain.out


def test_a_database_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(
        capsys, {"LANGNGHE_DATABASE_URL": "postgresql://a:secret@127.0.0.1:1/city", "LANGNGHE_PORT": "1"}
    )
    answer = shell("doctor")
    assert answer.status == 1
    assert "wrong   database" in answer.out
    assert "skipped queues" in answer.out
    assert "secret" not in answer.out


def test_a_city_that_was_never_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{tmp_path}/none.db", "LANGNGHE_PORT": "1"})
    answer = shell("doctor", "--json")
    assert answer.status == 1
    [told] = [each for each in answer.data if each["look"] == "database"]
    assert "bot init" in told["todo"]
    assert not (tmp_path / "none.db").exists()


def test_the_local_zone_is_the_one_that_is_looked_for() -> None:
    assert datetime(2026, 1, 1, tzinfo=LOCAL_TIME).utcoffset() == timedelta(hours=7)
    assert machine.ZONE == "Asia/Ho_Chi_Minh"
