"""A city is written to one file while it lives, and brought back from it: elsewhere, whole, and checked."""

import asyncio
import io
import itertools
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import CannotStart, lock_sqlite
from bot.archive import BrokenArchive, open_archive
from bot.backing_up import NotNow, back_up
from bot.data_key import DataKey
from bot.keyring import make_key
from bot.restoring import Restored, Restoring, Unfit
from bot.settings import Settings
from handlers import statistics
from storage import copying, folding, messages, migrating, seals, standing
from storage.database import Database, Transaction
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding
from tests.machinery import found_city
from tests.shell import Shell

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


@pytest.fixture
async def lived(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội, of each kind of database, with a report that has a photo, and a day that is sealed."""
    city = await found_city(database, tmp_path / "media")
    await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.writes(RUBBISH, photos=2)
    await an.presses("Đồng ý và gửi")
    await city.becomes(MONDAY_MORNING + timedelta(days=1))
    await city.ticks()
    await an.writes("Đèn đường hỏng ở phố Khương Hạ, phường Khương Đình")
    await an.files()
    await city.becomes(MONDAY_MORNING + timedelta(days=2))
    await city.ticks()
    return city


@pytest.fixture
def empty_place(tmp_path: Path) -> Settings:
    """Another machine, with nothing on it."""
    (tmp_path / "elsewhere").mkdir()
    return place(f"sqlite:///{tmp_path}/elsewhere/city.db", tmp_path / "elsewhere/media")


def database_of(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def place(url: str, media_dir: Path) -> Settings:
    return Settings(database_url=url, media_dir=media_dir)


async def archived(city: CityHarness, path: Path) -> Path:
    await back_up(city.database, path, media_dir=city.media_dir, key=None, now=city.now)
    return path


async def restored(
    settings: Settings, path: Path, *, force: bool = False, set_aside: bool = False
) -> Restored:
    archive = open_archive(path, lambda _: None)
    restoring = Restoring(settings, archive, now=datetime(2026, 11, 30, tzinfo=UTC))
    try:
        await restoring.prepare(force=force)
        return await restoring.run(set_aside=set_aside, progress=lambda _: None)
    finally:
        await restoring.close()
        archive.close()


async def everything(database: Database) -> dict[str, list[copying.Row]]:
    """Return all rows of all tables, but for the note that a backup was made."""
    async with database.read() as transaction:
        return {
            layout.name: [
                row
                async for rows in copying.rows_of(transaction, layout)
                for row in rows
                if row[0] != "backup"
            ]
            for layout in copying.layouts()
        }


def as_values(rows: dict[str, list[copying.Row]]) -> dict[str, list[object]]:
    """Return rows so that two databases can be compared: each writes the same JSON in a way of its own."""
    kinds = {layout.name: [kind for _, kind in layout.columns] for layout in copying.layouts()}
    return {
        name: sorted(
            (
                [
                    json.loads(value) if kind == "json" and value is not None else value
                    for kind, value in zip(kinds[name], row, strict=True)
                ]
                for row in found
            ),
            key=repr,
        )
        for name, found in rows.items()
    }


# ── there and back ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("database_url", "kind"),
    [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")],
    indirect=["database_url"],
)
async def test_a_city_comes_back_elsewhere_whole(
    lived: CityHarness, kind: str, request: pytest.FixtureRequest, tmp_path: Path, empty_place: Settings
) -> None:
    """From each kind of database, into each kind: a small city's file can become a nation's city."""
    settings = empty_place
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
        async with server.database(empty=True) as url:
            await there_and_back(lived, place(url, empty_place.media_dir), tmp_path)
    else:
        await there_and_back(lived, settings, tmp_path)


async def there_and_back(city: CityHarness, settings: Settings, tmp_path: Path) -> None:
    path = await archived(city, tmp_path / "city.tar")
    told = await restored(settings, path)
    there = Database(settings.database_url)
    try:
        assert as_values(await everything(there)) == as_values(await everything(city.database))
        async with city.database.read() as transaction:
            root = await seals.latest(transaction)
            figures = await figures_of(transaction, city)
        async with there.read() as transaction:
            assert (await seals.verify(transaction)).holds
            assert await folding.differences(transaction) == []
            assert await figures_of(transaction, city) == figures
        assert root is not None
        assert told.root == root.root
        assert told.city == "Hà Nội"
        assert told.media == 2
        assert media(settings.media_dir) == media(city.media_dir)
        await it_goes_on(city, there)
    finally:
        await there.close()


async def figures_of(transaction: Transaction, city: CityHarness) -> object:
    everything = {"start": None, "end": None, "unit": None, "domain": None}
    return await statistics.collect(transaction, city.city, now=city.now, **everything)


def media(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.jpg")}


def another(city: CityHarness, there: Database) -> CityHarness:
    """Return the same city on another database."""
    elsewhere = CityHarness(
        database=there,
        city=city.city,
        understanding=PlainUnderstanding(),
        media_dir=city.media_dir,
        now=city.now,
    )
    elsewhere.channel._numbers = itertools.count(1000)  # the vendor goes on counting
    return elsewhere


async def it_goes_on(city: CityHarness, there: Database) -> None:
    """Life continues in the restored city: numbers go on, and what was sent is not sent again."""
    elsewhere = another(city, there)
    await elsewhere.settles()
    assert all(not channel.shown for channel in elsewhere.channels.values())
    an = elsewhere.citizen("an")
    await an.writes("/tracuu")
    an.sees("HN-")
    other = elsewhere.citizen("binh")
    await other.writes("Đèn đường hỏng ở phố Khương Hạ, phường Khương Đình")
    await other.presses("Đồng ý và gửi")
    async with there.read() as transaction:
        assert (await seals.verify(transaction)).holds
        assert await folding.differences(transaction) == []


async def test_what_waited_is_sent_after_a_restore_unless_it_is_set_aside(
    city: CityHarness, tmp_path: Path, empty_place: Settings
) -> None:
    async with city.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat="an", message={"text": "đang chờ"}, at=city.now)
    path = await archived(city, tmp_path / "city.tar")
    assert (await restored(empty_place, path)).waiting == 1
    assert await shown_after_a_start(city, empty_place) == ["đang chờ"]
    aside = place(f"sqlite:///{tmp_path}/aside.db", tmp_path / "aside")
    assert (await restored(aside, path, set_aside=True)).set_aside
    assert await shown_after_a_start(city, aside) == []


async def shown_after_a_start(city: CityHarness, settings: Settings) -> list[str]:
    """Return what people are sent when the restored city starts."""
    there = Database(settings.database_url)
    elsewhere = another(city, there)
    await elsewhere.settles()
    await there.close()
    return [shown.text for screen in elsewhere.channel.shown.values() for shown in screen]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def archive(city: CityHarness, tmp_path: Path) -> Path:
    """A small archive: one report with a photo."""
    an = city.citizen("an")
    await an.writes(RUBBISH, photos=1)
    await an.presses("Đồng ý và gửi")
    return await archived(city, tmp_path / "city.tar")


def rewritten(path: Path, change: Callable[[str, bytes], Iterator[tuple[str, bytes]]]) -> Path:
    """Write an archive anew, each member as `change` makes it."""
    other = path.with_name("other.tar")
    with tarfile.open(path) as old, tarfile.open(other, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            for name, data in change(member.name, content.read()):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
    return other


def without_media(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if not name.startswith("media/"):
        yield name, data


def with_one_bit_changed(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, bytes([data[0] ^ 1]) + data[1:] if name.startswith("media/") else data


def with_a_way_out(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name.replace("media/", "media/../../"), data


def of_another_program(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data.replace(b"a city", b"a list") if name == "langnghe.json" else data


@pytest.mark.parametrize("change", [without_media, with_one_bit_changed, with_a_way_out, of_another_program])
async def test_an_archive_that_was_touched_changes_nothing(
    archive: Path, change: Callable[[str, bytes], Iterator[tuple[str, bytes]]], empty_place: Settings
) -> None:
    with pytest.raises(BrokenArchive):
        await restored(empty_place, rewritten(archive, change))
    assert not database_of(empty_place).exists()


def cut_off(path: Path, part: float) -> None:
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data[: int(len(data) * part)])


@pytest.mark.parametrize("part", [0.0, 0.9, 0.999])
async def test_an_archive_that_was_cut_off_changes_nothing(
    archive: Path, part: float, empty_place: Settings
) -> None:
    cut_off(archive, part)
    with pytest.raises(BrokenArchive):
        await restored(empty_place, archive)


async def test_a_file_of_any_other_kind_is_refused_by_name(
    tmp_path: Path, empty_place: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.zip"
    await asyncio.to_thread(other.write_bytes, b"PK\x03\x04" + bytes(4000))
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": empty_place.database_url})
    answer = await asyncio.to_thread(shell, "restore", other)
    assert answer.status == 1
    assert "not an archive of `backup`" in answer.err
    assert "nothing was changed" in answer.err


async def test_rows_that_do_not_fit_the_ledger_are_not_put_in_place(
    archive: Path, empty_place: Settings
) -> None:
    """Whoever writes the hashes anew as well still cannot change what the ledger holds."""
    opened = open_archive(archive, lambda _: None)
    opened.manifest["root"] = "0" * 64  # type: ignore[index]
    restoring = Restoring(empty_place, opened, now=datetime(2026, 11, 30, tzinfo=UTC))
    await restoring.prepare(force=False)
    with pytest.raises(Unfit, match="ledger"):
        await restoring.run(set_aside=False, progress=lambda _: None)
    await restoring.close()
    opened.close()
    assert sorted(path.suffix for path in Path(empty_place.media_dir).parent.glob("city.db*")) == [".lock"]


async def test_a_city_is_replaced_only_on_demand_and_the_old_file_is_kept(
    archive: Path, city: CityHarness, tmp_path: Path
) -> None:
    other = tmp_path / "there.db"
    shutil.copy(city.database.url.database or "", other)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("INSERT INTO setting VALUES ('mark', '1')")
        connection.commit()
    settings = place(f"sqlite:///{other}", tmp_path / "media")
    with pytest.raises(Unfit, match=r"holds Hà Nội; --force"):
        await restored(settings, archive)
    told = await restored(settings, archive, force=True)
    assert told.kept is not None
    with closing(sqlite3.connect(told.kept)) as connection:
        assert connection.execute("SELECT value FROM setting WHERE name = 'mark'").fetchone() == (1,)


async def test_somebody_must_type_the_name_of_the_city_that_goes(
    archive: Path, city: CityHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "there.db"
    shutil.copy(city.database.url.database or "", other)
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{other}"})
    before = shell.everything()
    answer = await asyncio.to_thread(shell, "restore", archive, "--force")
    assert answer.status == 1
    assert "--yes" in answer.err
    assert shell.everything() == before
    answer = await asyncio.to_thread(shell, "restore", archive, "--force", "--yes")
    assert answer.status == 0, answer.err
    assert "The ledger holds" in answer.out


async def test_a_city_that_is_being_served_is_not_replaced(archive: Path, empty_place: Settings) -> None:
    lock = lock_sqlite(empty_place.database_url)
    assert lock is not None
    try:
        with pytest.raises(CannotStart, match="in use"):
            await restored(empty_place, archive)
    finally:
        os.close(lock)


async def test_a_disk_that_is_full_leaves_no_archive(
    city: CityHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.archive.os.fsync", full)
    path = tmp_path / "full/city.tar"
    path.parent.mkdir()
    with pytest.raises(OSError, match="No space left"):
        await archived(city, path)
    assert list(path.parent.iterdir()) == []


async def test_a_database_of_another_version_is_not_backed_up(sqlite: Database, tmp_path: Path) -> None:
    await migrating.downgrade(str(sqlite.url), "0011")
    with pytest.raises(NotNow, match="0011"):
        await back_up(sqlite, tmp_path / "c.tar", media_dir=tmp_path, key=None, now=datetime.now(UTC))


# ── the command ──────────────────────────────────────────────────────────────────────────────────


async def test_the_key_is_in_it_only_on_demand(
    city: CityHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = city.database.url.database
    await asyncio.to_thread(Path(f"{database}.key").write_text, "the key of this city, 32 letters")
    shell = Shell(
        capsys,
        {"LANGNGHE_DATABASE_URL": f"sqlite:///{database}", "LANGNGHE_MEDIA_DIR": str(tmp_path / "media")},
    )
    answer = await asyncio.to_thread(shell, "backup", tmp_path / "a.tar")
    assert answer.status == 0, answer.err
    assert "THE KEY IS NOT IN IT" in answer.err
    assert b"the key of this city" not in (tmp_path / "a.tar").read_bytes()
    assert (tmp_path / "a.tar").stat().st_mode & 0o777 == 0o600
    assert (await asyncio.to_thread(shell, "backup", tmp_path / "a.tar")).status == 1
    answer = await asyncio.to_thread(shell, "backup", tmp_path / "b.tar", "--with-key")
    assert "THE KEY IS IN IT" in answer.err
    settings = place(f"sqlite:///{tmp_path}/there.db", tmp_path / "there")
    assert not (await restored(settings, tmp_path / "b.tar")).key_missing
    assert (tmp_path / "there.db.key").read_text() == "the key of this city, 32 letters"


async def test_a_folder_that_is_not_there_is_named(
    city: CityHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the disk refuses is not taken for a database that is away."""
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{city.database.url.database}"})
    answer = await asyncio.to_thread(shell, "backup", tmp_path / "nowhere/city.tar")
    assert answer.status == 1
    assert answer.err == f"{tmp_path}/nowhere/city.tar: No such file or directory; nothing was written\n"


async def test_a_restored_file_is_for_its_owner_alone(archive: Path, empty_place: Settings) -> None:
    await restored(empty_place, archive)
    assert database_of(empty_place).stat().st_mode & 0o077 == 0


async def test_a_key_that_is_another_one_is_told_of(
    city: CityHarness, tmp_path: Path, empty_place: Settings
) -> None:
    right = Settings(data_key=SecretStr("the key of this city, 32 letters"))
    async with city.database.begin() as transaction:
        await make_key(transaction, DataKey(right), 1, now=city.now, active_from=city.now)
    path = await archived(city, tmp_path / "city.tar")
    wrong = empty_place.model_copy(update={"data_key": SecretStr("a key of quite another city")})
    assert (await restored(wrong, path)).key_missing
    same = empty_place.model_copy(update={"data_key": right.data_key})
    assert not (await restored(same, path, force=True)).key_missing


async def test_a_backup_by_other_means_can_be_noted(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{city.database.url.database}"})
    assert (await asyncio.to_thread(shell, "backup", "--note-only")).status == 0
    async with city.database.read() as transaction:
        noted = await standing.backed_up_at(transaction)
    assert noted is not None
    assert datetime.now(UTC) - noted < timedelta(minutes=1)
