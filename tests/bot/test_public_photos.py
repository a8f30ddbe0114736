"""Photos at signed addresses: opened by anybody who was given one, for an hour, and by nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.public_photos import PublicPhotos
from handlers.channel import Photo
from tests.standins.telegram import SMALL_JPEG

KEY = "0123456789abcdef0123456789abcdef.jpg"
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Clock:
    """A time that can be moved."""

    at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def photos(tmp_path: Path, clock: Clock) -> AsyncIterator[PublicPhotos]:
    (tmp_path / "01").mkdir()
    (tmp_path / "01" / KEY).write_bytes(SMALL_JPEG)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    application = web.Application()
    runner = web.AppRunner(application)
    photos = PublicPhotos(public_url="", secret="42:token", media_dir=tmp_path, now=clock)
    application.add_routes(photos.routes())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield PublicPhotos(public_url=url + "/", secret="42:token", media_dir=tmp_path, now=clock)
    await runner.cleanup()


async def get(address: str) -> tuple[int, bytes, str]:
    async with aiohttp.ClientSession() as client, client.get(address) as answer:
        return answer.status, await answer.read(), answer.content_type


async def test_a_signed_address_shows_the_photo_in_another_process_too(photos: PublicPhotos) -> None:
    assert await get(photos.address(Photo(media_key=KEY))) == (200, SMALL_JPEG, "image/jpeg")


async def test_it_shows_nothing_after_an_hour(photos: PublicPhotos, clock: Clock) -> None:
    address = photos.address(Photo(media_key=KEY))
    clock.at += timedelta(minutes=61)
    assert (await get(address))[0] == 404


async def test_a_changed_address_shows_nothing(photos: PublicPhotos, tmp_path: Path, clock: Clock) -> None:
    address = photos.address(Photo(media_key=KEY))
    name = address.rpartition("/")[2]
    stem, until, proof = name.removesuffix(".jpg").split("-")
    longer = f"{int(until, 16) + 1:08x}"
    other = PublicPhotos(public_url="http://x", secret="43:token", media_dir=tmp_path, now=clock)
    forged = other.address(Photo(media_key=KEY)).rpartition("/")[2]
    gone = photos.address(Photo(media_key="f" * 32 + ".jpg")).rpartition("/")[2]
    for bad in (
        f"{stem}-{longer}-{proof}.jpg",
        f"{stem}-{until}-{proof}.png",
        forged,
        gone,
        "..%2Fsecret.jpg",
    ):
        assert (await get(address.replace(name, bad)))[0] == 404, bad


def test_without_a_public_url_there_is_no_address(tmp_path: Path) -> None:
    photos = PublicPhotos(public_url="", secret="42:token", media_dir=tmp_path)
    assert photos.address(Photo(media_key=KEY)) == ""
