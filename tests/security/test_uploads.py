"""Hostile pictures and files: others see plain pixels, or a file that does nothing."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers import media
from handlers.media import NotAPicture, NotKept, TooLarge, keep_photo, open_media, store_file, store_photo
from tests.standins.telegram import jpeg

PAGE = b"<html><script>alert(document.cookie)</script></html>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return one part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *parts: bytes, rows: bytes = b"") -> bytes:
    """Return a PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(parts) + body


def encoded(kind: str, **options: object) -> bytes:
    data = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(data, kind, **options)
    return data.getvalue()


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(png(20_000, 20_000), id="20,000 x 20,000"),
        pytest.param(png(65_535, 65_535), id="as large as can be said"),
        pytest.param(png(6_400, 6_400, rows=bytes(1_000_000)), id="just over the limit"),
        pytest.param(encoded("JPEG", progressive=True) + b"\xff\xda" * 200, id="passes without end"),
    ],
)
def test_a_bomb_is_refused_before_it_is_read(bomb: bytes, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        store_photo(bomb, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(DRAWING, id="SVG"),
        pytest.param(PAGE, id="a page"),
        pytest.param(b"GIF89a" + PAGE, id="a page that begins as a GIF"),
        pytest.param(b"\xff\xd8\xff\xe0" + PAGE, id="a page that begins as a JPEG"),
        pytest.param(jpeg()[: len(jpeg()) // 3], id="a torn JPEG"),
        pytest.param(png(64, 48, rows=b"\0" * 40), id="a PNG with hardly a row"),
        pytest.param(
            png(64, 48, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000)))), id="a text bomb"
        ),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n/showpage", id="a program for printers"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(file: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotAPicture):
        store_photo(file, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_pixels_is_kept(tmp_path: Path) -> None:
    text = chunk(b"tEXt", b"Comment\0" + PAGE)
    hostile = [
        encoded("JPEG", comment=PAGE) + PAGE,
        jpeg(taken_at=(21.0285, 105.8542)) + b"PK\x03\x04" + PAGE,
        png(2, 1, text, rows=b"\0" + bytes(6)) + PAGE,
        encoded("WEBP", xmp=PAGE),
    ]
    for data in hostile:
        kept = open_media(store_photo(data, tmp_path).media_key, tmp_path)
        with Image.open(BytesIO(kept)) as picture:
            assert picture.format == "JPEG"
            assert not picture.getexif()
            assert not {"comment", "xmp", "exif"} & picture.info.keys()
        assert b"<script" not in kept
        assert kept.endswith(b"\xff\xd9")


def test_a_moving_picture_stands_still(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "green")]
    data = BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], loop=0)
    with Image.open(BytesIO(open_media(store_photo(data.getvalue(), tmp_path).media_key, tmp_path))) as kept:
        assert getattr(kept, "n_frames", 1) == 1


async def test_nobody_waits_for_a_picture_that_cannot_be_read_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "STORE_SECONDS", 0.0)
    with pytest.raises(TooLarge):
        await keep_photo(jpeg(), tmp_path)


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (PAGE, ".pdf"),
        (DRAWING, ".ogg"),
        (b"MZ" + bytes(100), ".docx"),
        (b"PK\x03\x04" + bytes(26) + b"word/vbaProject.bin", ".docx"),
        (b"%PDF-1.7", ".html"),
        (DRAWING, ".svg"),
    ],
)
def test_a_file_that_could_do_something_is_not_kept(data: bytes, ending: str, tmp_path: Path) -> None:
    with pytest.raises(NotKept):
        store_file(data, tmp_path, suffix=ending)


def test_a_recording_does_not_tell_where_it_was_made(tmp_path: Path) -> None:
    place = b"+21.0285+105.8542/"
    box = struct.pack(">I", 12 + len(place)) + b"\xa9xyz" + struct.pack(">HH", len(place), 0x15C7) + place
    data = struct.pack(">I", 16) + b"ftypM4A \0\0\0\0" + box + b"sound"
    kept = open_media(store_file(data, tmp_path, suffix=".m4a").media_key, tmp_path)
    assert b"21.0285" not in kept
    assert len(kept) == len(data)
    assert kept.endswith(b"sound")
