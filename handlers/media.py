"""Pictures and files: checked and kept durably under a key nobody can guess.

Pictures are stripped of all but the picture; files are kept as they are.
"""

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from handlers.channel import Location
from storage.identity import new_token

SIZE_LIMIT = 12 * 1024 * 1024
"""Bytes of one picture as it is sent."""
PIXEL_LIMIT = 40_000_000
SCAN_LIMIT = 100
"""Passes over a JPEG: usual ones have up to a dozen, and each costs a look at every pixel."""
STORE_SECONDS = 15.0
"""How long anybody waits until a picture is read."""
EDGE_LIMIT = 2560
"""Pixels of the longer side as it is kept."""
FILE_LIMIT = 20 * 1024 * 1024
"""Bytes of one recording or document."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
_KEY = re.compile(r"[0-9a-f]{32}\.(jpg|png)")
_MIME = {"jpg": "image/jpeg", "png": "image/png"}
_FILE_MIME = {
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The files that are kept, by their ending."""
_ENDINGS = {
    **{mime: ending for ending, mime in _FILE_MIME.items()},
    "audio/opus": "ogg",
    "application/ogg": "ogg",
    "audio/mp3": "mp3",
    "audio/x-m4a": "m4a",
    "audio/m4a": "m4a",
}
_FILE_KEY = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join(_FILE_MIME)})")
_ZIP = b"PK\x03\x04"
_BEGINS: dict[str, Callable[[bytes], bool]] = {
    "ogg": lambda start: start.startswith(b"OggS"),
    "mp3": lambda start: start.startswith(b"ID3") or (start[:1] == b"\xff" and start[1:2] >= b"\xe0"),
    "m4a": lambda start: start[4:8] == b"ftyp",
    "pdf": lambda start: b"%PDF-" in start,
    "docx": lambda start: start.startswith(_ZIP),
    "xlsx": lambda start: start.startswith(_ZIP),
}
"""Whether the first bytes can be those of such a file: a page that calls itself a PDF is not kept."""
_START = 1024
_MACROS = b"vbaProject.bin"
"""Stands in the list of what a document holds when it holds a program."""
_PLACES = re.compile(rb"(?s)(....)(\xa9xyz|loci)")
"""Where a recording says that it was made: its length, and what it is."""
_LONGEST_PLACE = 512
_QUALITY = 85
_WHITE = (255, 255, 255)


class MediaError(Exception):
    """The picture or file cannot be kept."""


class NotAPicture(MediaError):
    """The bytes are no picture of a kind that can be read."""


class NotKept(MediaError):
    """The bytes are no file of a kind that is kept."""


class TooLarge(MediaError):
    """The picture or file has too many bytes or too many pixels."""


class UnknownPhoto(MediaError):
    """There is no picture under this key."""


class UnknownFile(MediaError):
    """There is no file under this key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPhoto:
    """A kept picture: its key, type, bytes, and size in pixels."""

    media_key: str
    mime: str
    size: int
    width: int
    height: int
    taken_at: Location | None = None
    """Where it was taken, as the file said; what is kept says it no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A kept recording or document: its key, type and bytes."""

    media_key: str
    mime: str
    size: int


def store_photo(data: bytes, directory: Path) -> StoredPhoto:
    """Check and re-encode a picture, keep it durably, and return what is kept.

    It is turned upright, made no larger than EDGE_LIMIT and stripped of metadata: no position, no device.
    Takes up to a second of computing: call it in a thread. Raises NotAPicture, TooLarge, or OSError when
    the disk refuses.
    """
    if len(data) > SIZE_LIMIT:
        raise TooLarge(f"{len(data)} bytes")
    picture = _read(data)
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return replace(_keep(encoded.getvalue(), "jpg", picture, directory), taken_at=position_in(data))


async def keep_photo(data: bytes, directory: Path) -> StoredPhoto:
    """Do as `store_photo` in a thread; one that takes too long to read is refused as TooLarge."""
    work = asyncio.ensure_future(asyncio.to_thread(store_photo, data, directory))
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await asyncio.shield(work)
    except TimeoutError:
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise TooLarge(f"not read in {STORE_SECONDS:.0f} s") from None


def position_in(data: bytes) -> Location | None:
    """Return where a picture was taken, if its file says so (EXIF); photos sent as files often do."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            told = picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        gps = ExifTags.GPS
        latitude = _degrees(told[gps.GPSLatitude], told[gps.GPSLatitudeRef], "S")
        longitude = _degrees(told[gps.GPSLongitude], told[gps.GPSLongitudeRef], "W")
    except Exception:  # whatever is wrong with it, it says nothing then
        return None
    known = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return Location(latitude=latitude, longitude=longitude) if known else None


def _degrees(parts: Sequence[float], side: str, negative: str) -> float:
    """Return degrees from degrees, minutes and seconds; the sign is the side of the world."""
    value: float = sum(float(part) / 60.0**place for place, part in enumerate(parts))
    return round(-value if side.strip().upper() == negative else value, 6)


def store_drawing(png: bytes, directory: Path) -> StoredPhoto:
    """Keep a PNG that the program drew itself, as it is; durable when this returns."""
    with Image.open(BytesIO(png), formats=("PNG",)) as picture:
        return _keep(png, "png", picture, directory)


def photo_path(key: str, directory: Path) -> Path:
    """Return where a kept picture lies; raises UnknownPhoto for a key that is none or that has no file."""
    path = directory / key[:2] / key
    if not _KEY.fullmatch(key) or not path.is_file():
        raise UnknownPhoto(repr(key[:80]))
    return path


def open_photo(key: str, directory: Path) -> bytes:
    """Return the bytes of a kept picture; raises UnknownPhoto."""
    return photo_path(key, directory).read_bytes()


def photo_mime(key: str) -> str:
    """Return the media type that a key stands for; raises UnknownPhoto."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise UnknownPhoto(repr(key[:80]))
    return _MIME[match[1]]


def store_file(data: bytes, directory: Path, *, suffix: str) -> StoredFile:
    """Keep a recording or document as it is; durable when this returns. `suffix` is its ending: ".pdf".

    Call it in a thread. Raises NotKept for an ending that is not kept or bytes that do not fit it, TooLarge,
    or OSError when the disk refuses.
    """
    ending = suffix.lower().removeprefix(".")
    if len(data) > FILE_LIMIT:
        raise TooLarge(f"{len(data)} bytes")
    if ending not in _FILE_MIME or not _BEGINS[ending](data[:_START]) or _MACROS in data:
        raise NotKept(f"{suffix!r}, {data[:8]!r}")
    if ending == "m4a":
        data = _without_place(data)
    key = f"{new_token(16)}.{ending}"
    _write_durably(directory / key[:2] / key, data)
    return StoredFile(media_key=key, mime=_FILE_MIME[ending], size=len(data))


def _without_place(data: bytes) -> bytes:
    """Return a recording with zeros where it tells the place that it was made at; no box moves."""
    kept = bytearray(data)
    for place in _PLACES.finditer(data):
        start, length = place.end(), int.from_bytes(place[1], "big") - 8
        if 0 < length <= _LONGEST_PLACE and start + length <= len(data):
            kept[start - 4 : start + length] = b"free" + bytes(length)
    return bytes(kept)


def file_suffix(*, name: str, mime: str) -> str:
    """Return the ending under which a file that calls itself so is kept; empty when it is not kept."""
    named = Path(name).suffix.lower().removeprefix(".")
    if named in _FILE_MIME:
        return f".{named}"
    ending = _ENDINGS.get(mime.partition(";")[0].strip().lower())
    return f".{ending}" if ending else ""


def file_path(key: str, directory: Path) -> Path:
    """Return where a kept file lies; raises UnknownFile for a key that is none or that has no file."""
    path = directory / key[:2] / key
    if not _FILE_KEY.fullmatch(key) or not path.is_file():
        raise UnknownFile(repr(key[:80]))
    return path


def file_mime(key: str) -> str:
    """Return the media type that a key stands for; raises UnknownFile."""
    match = _FILE_KEY.fullmatch(key)
    if match is None:
        raise UnknownFile(repr(key[:80]))
    return _FILE_MIME[match[1]]


def open_media(key: str, directory: Path) -> bytes:
    """Return the bytes of a kept picture or file; raises UnknownPhoto or UnknownFile."""
    path = file_path(key, directory) if _FILE_KEY.fullmatch(key) else photo_path(key, directory)
    return path.read_bytes()


def _read(data: bytes) -> Image.Image:
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > SCAN_LIMIT:
        raise TooLarge("too many scans")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise TooLarge(f"{picture.width} x {picture.height} pixels")
            picture.draft("RGB", (EDGE_LIMIT, EDGE_LIMIT))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((EDGE_LIMIT, EDGE_LIMIT), Image.Resampling.LANCZOS)
            return _plain(upright)
    except TooLarge:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(str(error)) from error
    except Exception as error:  # decoders fail on broken bytes in every way there is
        raise NotAPicture(f"{type(error).__name__}: {error}") from error


def _plain(picture: Image.Image) -> Image.Image:
    """Return the pixels alone, transparent parts white, without metadata."""
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        background = Image.new("RGB", picture.size, _WHITE)
        background.paste(picture, mask=picture.getchannel("A"))
        return background
    plain = Image.new("RGB", picture.size)
    plain.paste(picture.convert("RGB"))
    return plain


def _keep(data: bytes, ending: str, picture: Image.Image, directory: Path) -> StoredPhoto:
    key = f"{new_token(16)}.{ending}"
    _write_durably(directory / key[:2] / key, data)
    width, height = picture.size
    return StoredPhoto(media_key=key, mime=_MIME[ending], size=len(data), width=width, height=height)


def _write_durably(path: Path, data: bytes) -> None:
    made = not path.parent.is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    for folder in (path.parent, path.parent.parent) if made else (path.parent,):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
