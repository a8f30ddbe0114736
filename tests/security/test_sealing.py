"""Contact data at rest: nobody who reads the database or a copy of it finds a number; keys come and go."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.__main__ import main
from bot.data_key import DataKey, new_key
from bot.keyring import CannotOpen, KeyWatch, make_key
from bot.settings import Settings
from handlers.channel import OutsideReplyWindow
from storage import contacts, data_keys, messages, migrating, people, resealing, scouring, sealing
from storage.contacts import Contacts
from storage.database import Database
from storage.resealing import Walk
from storage.sealing import Keyring, UnknownKey
from storage.tables import inbox, outbox, person
from tests.city import MONDAY_MORNING, CityHarness, Somebody
from tests.machinery import found_city
from tests.scenarios.test_reaching import opens_window, reports

NUMBER, UNITS = "912345678", "987654321"
"""As they end, however they are written."""
WARD = "phuong-khuong-dinh"
KEY = new_key()


def key_of(database: Database, text: str = KEY, *, before: str = "") -> DataKey:
    url = database.url.render_as_string(hide_password=False).replace("+aiosqlite", "").replace("+asyncpg", "")
    return DataKey(Settings(database_url=url, data_key=SecretStr(text), data_key_before=SecretStr(before)))


async def sealed(database: Database, now: Callable[[], datetime] = lambda: MONDAY_MORNING) -> KeyWatch:
    watch = KeyWatch(database, key_of(database), now=now)
    await watch.load()
    return watch


async def everything(database: Database) -> str:
    """Return all that somebody reads who has stolen the database: its file, or each row of each table."""
    async with database.begin() as transaction:
        connection = transaction.connection
        if not database.sqlite:
            names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            tables = (await connection.execute(text(names))).scalars().all()
            rows = [(await connection.exec_driver_sql(f'TABLE "{name}"')).all() for name in tables]
            return repr(rows)
    path = Path(str(database.url.database))
    return await asyncio.to_thread(bytes_of, path)


def bytes_of(path: Path) -> str:
    found = [path.read_bytes()] + [each.read_bytes() for each in path.parent.glob(f"{path.name}-wal")]
    return b"".join(found).decode("latin-1")


async def gives_number(city: CityHarness) -> tuple[Somebody, Somebody]:
    """Let a citizen leave a number, a unit have one, and short messages go to both."""
    opens_window(city, budget=10_000, sms=True)
    an, officer = await reports(city)
    await an.sends(phone="0912 345 678")
    await an.writes("Rác chất đống trước ngõ 14 Vũ Tông Phan, phường Khương Đình")
    await an.files()
    unit = next(code for code in city.city.units if code.endswith("khuong-dinh"))
    async with city.database.begin() as transaction:
        await contacts.set_contacts(transaction, {unit: Contacts(phone=(f"+84{UNITS}",))})
        chat = contacts.unit_reference(unit, 0)
        messages.post_notice(
            transaction, channel="sms", chat=chat, message={"text": "Có chỉ đạo."}, at=city.now
        )
    await city.settles()
    officer.reads()
    await officer.writes(f"/tim 0{NUMBER}")
    return an, officer


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on each kind of database, in clear."""
    return await found_city(database, tmp_path / "media")


async def test_a_stolen_database_holds_no_number_but_everybody_who_may_sees_it(
    database: Database, tmp_path: Path
) -> None:
    await sealed(database)
    city = await found_city(database, tmp_path / "media")
    an, officer = await gives_number(city)
    officer.sees("trước ngõ 14")
    officer.sees("Khương Đình")
    city.channels["vendor"].failures["an"] = OutsideReplyWindow("48 h")
    case = (await city.cases())[-1]
    await officer.replays(f"card:{case.code}")
    officer.sees(f"0{NUMBER}")
    assert "Có chỉ đạo." in city.channels["sms"].shown[f"+84{UNITS}"][0].text
    found = await everything(database)
    for number in (NUMBER, UNITS, "912 345 678"):
        assert number not in found
    assert "Vũ Tông Phan" in repr(await city.rows(select(outbox.c.message)))
    assert an.last


async def test_without_a_key_all_works_in_clear_and_a_rotation_seals_it(town: CityHarness) -> None:
    database = town.database
    _, officer = await gives_number(town)
    found = await everything(database)
    assert all(number in found for number in (NUMBER, UNITS)), "or nothing is proved by its absence"
    await rotate(town, town.now)
    found = await everything(database)
    for number in (NUMBER, UNITS, "912 345 678"):
        assert number not in found, "overwritten, too"
    async with database.read() as transaction:
        assert (await contacts.all_of(transaction)).popitem()[1].phone == (f"+84{UNITS}",)
        assert [row["phone"] for row in await transaction.fetch(select(person.c.phone)) if row["phone"]] == [
            f"0{NUMBER}"
        ]
    officer.reads()
    await officer.writes(f"/tim 0{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}")
    officer.sees("trước ngõ 14")


async def rotate(city: CityHarness, now: datetime) -> Keyring:
    """Rotate as the command does where no other program runs."""
    database, key = city.database, key_of(city.database)
    async with database.begin() as transaction:
        known = await data_keys.list_keys(transaction)
        last = max((each.id for each in known), default=0)
        for number in (last + 1,) if known else (sealing.INDEX_KEY, last + 1, last + 2):
            await make_key(transaction, key, number, now=now, active_from=now)
    ring = await KeyWatch(database, key, now=lambda: now).load()
    assert ring is not None
    walk, nothing = Walk(), timedelta(0)
    for _ in range(100):
        async with database.begin() as transaction:
            going_on = await resealing.step(
                transaction, ring, walk, now=now, settled_after=nothing, kept_after=nothing
            )
        if not going_on:
            await scouring.scour(database)
            return ring
    raise AssertionError("a rotation without an end")


async def test_a_rotation_goes_on_under_turns_and_leaves_nothing_to_the_old_key(town: CityHarness) -> None:
    database = town.database
    await gives_number(town)
    await rotate(town, town.now)
    an = town.citizen("binh", channel="web")

    async def writes() -> None:
        for number in range(8):
            await an.writes(f"xin chào lần {number}")

    _, ring = await asyncio.gather(writes(), rotate(town, town.now + timedelta(minutes=5)))
    await rotate_rest(database, ring, town.now)
    async with database.read() as transaction:
        assert [key.id for key in await data_keys.list_keys(transaction)] == [0, 3]
        raw = text("SELECT CAST(message AS TEXT) FROM outbox")
        assert all('"s3:' in each for each in (await transaction.connection.execute(raw)).scalars())
        assert not await transaction.fetch(select(inbox.c.id).where(inbox.c.failed_at.is_not(None)))
    assert len(an.screen) >= 8
    assert NUMBER not in await everything(database)


async def rotate_rest(database: Database, ring: Keyring, now: datetime) -> None:
    """Do what turns have left meanwhile, as the clock does at its next tick."""
    async with database.begin() as transaction:
        while await resealing.step(transaction, ring, Walk(), now=now + timedelta(hours=2)):
            pass


async def test_another_key_is_refused_clearly_and_nothing_is_lost(town: CityHarness) -> None:
    database = town.database
    await gives_number(town)
    await rotate(town, town.now)
    with pytest.raises(CannotOpen, match=r"LANGNGHE_DATA_KEY.*Nothing is lost"):
        await KeyWatch(database, key_of(database, new_key())).load()
    changed = new_key()
    await KeyWatch(database, key_of(database, changed, before=KEY)).load()
    ring = await KeyWatch(database, key_of(database, changed)).load()
    assert ring is not None, "once started with both, the new one does"
    with pytest.raises(CannotOpen):
        await KeyWatch(database, key_of(database)).load()
    async with database.read() as transaction:
        found = await transaction.fetch(select(person.c.phone).where(person.c.phone.is_not(None)))
    assert [row["phone"] for row in found] == [f"0{NUMBER}"]


async def test_a_process_hears_of_a_new_key_before_it_needs_it(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    now = MONDAY_MORNING
    try:
        watch = await sealed(one, lambda: now)
        late = await sealed(other, lambda: now)
        async with one.begin() as transaction:
            known_at = now + data_keys.KNOWN_AFTER
            await make_key(transaction, key_of(one), 2, now=now, active_from=known_at)
        ring = await watch.load()
        assert ring is not None
        assert ring.active == 1, "others may not have heard of it yet"
        now += data_keys.KNOWN_AFTER
        await watch.load()
        assert ring.active == 2
        async with one.begin() as transaction:
            added = people.add_person(transaction, channel="web", user="an", name="", now=now)
            people.set_phone(transaction, added.id, phone="0912345678")
        with pytest.raises(UnknownKey):  # a process that slept: it asks for the key and tries again
            await numbers(other)
        await late.load()
        assert await numbers(other) == ["0912345678"]
    finally:
        await one.close()
        await other.close()


async def numbers(database: Database) -> list[str]:
    async with database.read() as transaction:
        return [row["phone"] for row in await transaction.fetch(select(person.c.phone))]


async def test_one_row_that_no_key_opens_holds_up_nobody(database: Database) -> None:
    await sealed(database)
    row = {"channel": "web", "received_at": MONDAY_MORNING, "available_at": MONDAY_MORNING}
    async with database.begin() as transaction:
        for name in ("an", "binh"):
            messages.store(transaction, [{**row, "chat": name, "external_id": name, "body": b"{}"}])
        await transaction.flush()
        spoilt = text("UPDATE inbox SET body = :body WHERE chat = 'an'")
        await transaction.connection.execute(spoilt, {"body": b"s1:" + bytes(40)})
    async with database.begin() as transaction:
        claimed = await messages.claim_updates(
            transaction, now=MONDAY_MORNING, limit=5, album_patience=timedelta(0)
        )
    assert sorted(update.body for [update] in claimed) == [b"s1:" + bytes(40), b"{}"]


async def test_what_is_sealed_for_one_column_opens_in_no_other() -> None:
    ring = Keyring({0: bytes(32), 1: bytes(range(32))}, active=1)
    phone = ring.seal_text("0912345678", b"person.phone")
    assert ring.open_text(phone, b"person.phone") == "0912345678"
    assert ring.open_text(phone, b"setting.contacts") is None
    assert ring.seal_text("0912345678", b"person.phone") != phone, "the same number looks different each time"


def test_keys_are_rotated_shown_and_taken_away_by_command(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"LANGNGHE_DATABASE_URL": sqlite_url, "LANGNGHE_MEDIA_DIR": str(tmp_path / "media")}

    def keys(*arguments: str) -> str:
        assert main(["keys", *arguments], environment=environment) == 0
        return capsys.readouterr().out

    assert "  1  made" in keys("show"), "a database that nobody has used is sealed from the beginning"
    assert "Key 2 was made.\nDone." in keys("rotate")
    shown = keys("show")
    assert "  2  made" in shown
    assert "  1  made" not in shown
    assert "Done." in keys("off")
    assert "not encrypted" not in keys("rotate")
    assert main(["keys", "show"], environment={**environment, "LANGNGHE_DATA_KEY": new_key()}) == 0
    (tmp_path / "langnghe.db.key").unlink()
    assert main(["keys", "show"], environment=environment | {"LANGNGHE_DATA_KEY": new_key()}) == 1
    assert "Nothing is lost" in capsys.readouterr().err


async def test_sealed_data_is_not_thrown_away_by_going_back(database_url: str) -> None:
    database = Database(database_url)
    await sealed(database)
    await database.close()
    with pytest.raises(RuntimeError, match="keys off"):
        await migrating.downgrade(database_url, "0011")
