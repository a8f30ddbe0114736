"""Pictures are checked, cleaned and kept, files kept as they are; what is neither is refused."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from handlers.media import (
    EDGE_LIMIT,
    FILE_LIMIT,
    PIXEL_LIMIT,
    SIZE_LIMIT,
    NotAPicture,
    NotKept,
    TooLarge,
    UnknownFile,
    UnknownPhoto,
    file_mime,
    file_path,
    file_suffix,
    open_media,
    open_photo,
    photo_mime,
    photo_path,
    position_in,
    store_drawing,
    store_file,
    store_photo,
)
from tests.standins.telegram import jpeg

RED, BLUE = (200, 20, 20), (20, 20, 200)


def encode(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    data = BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def stored(data: bytes, directory: Path) -> Image.Image:
    return Image.open(BytesIO(open_photo(store_photo(data, directory).media_key, directory)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_picture_of_any_usual_kind_becomes_a_jpeg(kind: str, tmp_path: Path) -> None:
    photo = store_photo(encode(Image.new("RGB", (64, 48), RED), kind), tmp_path)
    picture = Image.open(BytesIO(open_photo(photo.media_key, tmp_path)))
    assert (picture.format, picture.size, photo.mime) == ("JPEG", (64, 48), "image/jpeg")
    assert (photo.width, photo.height) == picture.size
    assert photo.size == photo_path(photo.media_key, tmp_path).stat().st_size


def test_position_and_device_are_gone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "MAKER-OF-THE-PHONE"
    exif.get_ifd(0x8825)[2] = (21.0, 1.0, 30.0)
    exif.get_ifd(0x8825)[1] = "N"
    data = encode(Image.new("RGB", (64, 48)), exif=exif, comment=b"HOME-ADDRESS")
    assert b"MAKER-OF-THE-PHONE" in data
    photo = store_photo(data, tmp_path)
    kept = open_photo(photo.media_key, tmp_path)
    assert not Image.open(BytesIO(kept)).getexif()
    assert b"MAKER-OF-THE-PHONE" not in kept
    assert b"HOME-ADDRESS" not in kept


@pytest.mark.parametrize("place", [(20.991, 105.815), (-33.8568, 151.2153), (0.5, -0.25)])
def test_where_a_picture_was_taken_is_read_before_it_is_dropped(
    place: tuple[float, float], tmp_path: Path
) -> None:
    kept = store_photo(jpeg(taken_at=place), tmp_path)
    assert kept.taken_at is not None
    told = (kept.taken_at.latitude, kept.taken_at.longitude)
    assert told == pytest.approx(place, abs=1e-5)
    assert position_in(open_photo(kept.media_key, tmp_path)) is None


def with_position(**entries: object) -> bytes:
    exif = Image.Exif()
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    usual: dict[str, object] = {"GPSLatitudeRef": "N", "GPSLatitude": (21.0, 0.0, 0.0)}
    usual |= {"GPSLongitudeRef": "E", "GPSLongitude": (105.0, 0.0, 0.0)}
    for name, value in {**usual, **entries}.items():
        if value is not None:
            position[ExifTags.GPS[name]] = value
    return encode(Image.new("RGB", (8, 8)), exif=exif)


@pytest.mark.parametrize(
    "data",
    [
        with_position(GPSLongitude=None),
        with_position(GPSLatitudeRef=None),
        with_position(GPSLatitude=(0.0, 0.0, 0.0), GPSLongitude=(0.0, 0.0, 0.0)),
        with_position(GPSLatitude=(91.0, 0.0, 0.0)),
        with_position(GPSLatitude=(IFDRational(1, 0), 0.0, 0.0)),
        b"no picture",
    ],
)
def test_a_position_that_cannot_be_is_none(data: bytes) -> None:
    assert position_in(data) is None


def test_a_photo_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (80, 40), RED)
    picture.paste(BLUE, (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to see it right
    upright = stored(encode(picture, exif=exif, quality=95), tmp_path)
    assert upright.size == (40, 80)
    top = upright.getpixel((20, 10))
    assert isinstance(top, tuple)
    assert top[2] > top[0]


def test_a_large_photo_is_made_smaller(tmp_path: Path) -> None:
    assert max(stored(encode(Image.new("RGB", (5000, 2500))), tmp_path).size) == EDGE_LIMIT


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    assert stored(encode(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"), tmp_path).getpixel((5, 5)) == (
        255,
        255,
        255,
    )


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_unusual_pixels_are_understood(mode: str, tmp_path: Path) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert stored(encode(Image.new(mode, (20, 20)), kind), tmp_path).mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"%PDF-1.7 ...",
        encode(Image.effect_noise((300, 300), 90))[:5000],
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotAPicture):
        store_photo(data, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        store_photo(bytes(SIZE_LIMIT + 1), tmp_path)


@pytest.mark.parametrize("edge", [7_000, 11_000, 14_000])
def test_a_decompression_bomb_is_refused_before_it_is_opened(edge: int, tmp_path: Path) -> None:
    bomb = encode(Image.new("1", (edge, edge)), "PNG")
    assert len(bomb) < 100_000
    assert edge * edge > PIXEL_LIMIT
    with pytest.raises(TooLarge):
        store_photo(bomb, tmp_path)


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 32, "/etc/passwd", f"{'a' * 32}.svg", f"{'0' * 32}.jpg\n"]
)
def test_a_key_leads_nowhere_else(key: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownPhoto):
        open_photo(key, tmp_path)
    with pytest.raises(UnknownPhoto):
        photo_mime(key)


def test_two_copies_of_a_picture_have_keys_that_say_nothing(tmp_path: Path) -> None:
    data = encode(Image.new("RGB", (20, 20)))
    first, second = store_photo(data, tmp_path), store_photo(data, tmp_path)
    assert first.media_key != second.media_key
    assert len(first.media_key.split(".")[0]) * 4 == 128


def test_a_chart_is_kept_as_it_is(tmp_path: Path) -> None:
    png = encode(Image.new("RGB", (30, 20)), "PNG")
    chart = store_drawing(png, tmp_path)
    assert open_photo(chart.media_key, tmp_path) == png
    assert (photo_mime(chart.media_key), chart.mime, chart.width, chart.height) == ("image/png",) * 2 + (
        30,
        20,
    )


PICTURE = encode(Image.effect_noise((40, 40), 90))


@settings(max_examples=200, deadline=None)
@given(some.integers(0, len(PICTURE) - 1), some.binary(min_size=1, max_size=8))
def test_damaged_bytes_are_kept_or_refused_but_never_crash(
    tmp_path_factory: pytest.TempPathFactory, position: int, damage: bytes
) -> None:
    damaged = PICTURE[:position] + damage + PICTURE[position + len(damage) :]
    with suppress(NotAPicture, TooLarge):
        store_photo(damaged, tmp_path_factory.getbasetemp())


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "mime", "data", "kept_as"),
    [
        ("", "audio/ogg", b"OggS\0\2", "audio/ogg"),
        ("ghi âm.MP3", "application/octet-stream", b"ID3\4", "audio/mpeg"),
        ("", "audio/mpeg", b"\xff\xfb\x90\x44", "audio/mpeg"),
        ("", "audio/x-m4a; codecs=mp4a", b"\0\0\0\x1cftypM4A ", "audio/mp4"),
        ("công văn 12.pdf", "", b"%PDF-1.7", "application/pdf"),
        ("", "application/pdf", b"\n%PDF-1.4", "application/pdf"),
    ],
)
def test_recordings_and_documents_are_kept_as_they_are(
    name: str, mime: str, data: bytes, kept_as: str, tmp_path: Path
) -> None:
    kept = store_file(data, tmp_path, suffix=file_suffix(name=name, mime=mime))
    assert (kept.mime, kept.size) == (kept_as, len(data))
    assert open_media(kept.media_key, tmp_path) == data
    assert file_mime(kept.media_key) == kept_as
    assert name not in kept.media_key or not name


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"<html><script>", ".pdf"),
        (b"MZ\x90", ".ogg"),
        (b"%PDF-1.7", ".xlsx"),
        (b"%PDF-1.7", ".exe"),
        (b"", ".mp3"),
        (b"%PDF-1.7", ""),
    ],
)
def test_what_is_no_file_of_its_kind_is_not_kept(data: bytes, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(NotKept):
        store_file(data, tmp_path, suffix=suffix)
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_has_no_ending() -> None:
    assert file_suffix(name="chay.exe", mime="application/x-msdownload") == ""
    assert file_suffix(name="", mime="") == ""


def test_a_file_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        store_file(b"%PDF-" + bytes(FILE_LIMIT), tmp_path, suffix=".pdf")


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "0" * 32 + ".pdf", "0" * 32 + ".jpg"])
def test_a_key_of_no_file_opens_nothing(key: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownFile):
        file_path(key, tmp_path)
    with pytest.raises((UnknownFile, UnknownPhoto)):
        open_media(key, tmp_path)


def test_a_picture_is_opened_by_the_same_name(tmp_path: Path) -> None:
    photo = store_photo(encode(Image.new("RGB", (8, 8), RED)), tmp_path)
    assert open_media(photo.media_key, tmp_path) == open_photo(photo.media_key, tmp_path)
    with pytest.raises(UnknownFile):
        file_mime(photo.media_key)
