"""Every parser of bytes from outside: what is fed to it, how it may refuse, and how long it may take."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from benchmarks.messages import any_text
from benchmarks.spoiling import any_body, spoilt_bytes, spoilt_document
from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel, write_update
from bot.channels.zalo_bot import ZaloBotChannel
from bot.channels.zalo_oa import ZaloOaChannel
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.signature import sign
from bot.page_input import Refused, checked_update
from bot.session import Visitor
from bot.workbook.book import read_book, write_book
from bot.workbook.grid import NoWorkbook
from bot.workbook.invitations import read_list
from handlers import dispatch, phone, statistics
from handlers.channel import Channel, Empty, Forbidden, Malformed
from handlers.media import MediaError, position_in, store_file, store_photo
from routing import moments, tracking_code, when
from routing.answers import read_answer
from routing.instruction import read_instruction
from routing.model import Model, Unsuitable
from routing.organisation import City, build_city, to_document
from routing.personal_data import find_personal_data
from routing.places.borders import BrokenBorders, read_border_file
from routing.places.search import find_wards
from routing.question import read_question
from routing.understanding import MODEL_FILE, Understanding

LIMIT_MS = 50.0
"""Of processor time, on the event loop or for one text."""
FILE_LIMIT_MS = 2000.0
"""For pictures, workbooks and models, which are read in threads, or by a command."""
_PAYLOADS = Path(__file__).parents[1] / "tests" / "payloads"
_SECRET = "a-Secret_1"
_OA, _APP, _KEY = "388613280878808645", "360846524940903967", "oa-secret-key"
_NOW = datetime(2024, 11, 21, 9, 30, tzinfo=UTC)
_DAY = date(2026, 11, 23)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parser:
    """One parser. `draw` makes an input, `read` reads it; any exception but `refusals` is a failure.

    weight: how many of its inputs are in a thousand.
    """

    name: str
    draw: Callable[[Random], Any]
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = ()
    limit_ms: float = LIMIT_MS
    weight: int


# ── what vendors and pages post ──────────────────────────────────────────────────────────────────


class _NoTokens:
    async def access(self) -> str:
        raise AssertionError

    async def renewed(self, refused: str) -> str:
        raise AssertionError


async def _no_media(key: str) -> bytes:
    raise AssertionError(key)


@cache
def _channels() -> dict[str, Any]:
    zalo = ZaloOaChannel(
        client=Client(tokens=_NoTokens()),
        app_id=_APP,
        oa_secret_key=_KEY,
        open_media=_no_media,
        now=lambda: _NOW,
    )
    zalo._oa_id = _OA
    return {
        "telegram": TelegramChannel(
            token="42:stand-in", secret=_SECRET, mode="webhook", open_media=_no_media
        ),
        "zalo_oa": zalo,
        "zalo_bot": ZaloBotChannel(token="42:stand-in", secret=_SECRET, mode="webhook"),
    }


@cache
def _recorded(channel: str) -> tuple[Any, ...]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted((_PAYLOADS / channel).glob("*.json"))]
    return tuple(each if channel == "telegram" else each["event"] for each in found)


def _proof(channel: str, body: bytes) -> dict[str, str]:
    """Return what the vendor proves a body with: a stranger's is never read."""
    if channel == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": _SECRET}
    if channel == "zalo_bot":
        return {"X-Bot-Api-Secret-Token": _SECRET}
    try:
        event = json.loads(body)
        stamp = event.get("timestamp", "") if isinstance(event, dict) else ""
        stamp = stamp if isinstance(stamp, str) else str(stamp)
        return {"X-ZEvent-Signature": f"mac={sign(body, stamp, _APP, _KEY)}"}
    except (ValueError, RecursionError):
        return {}


def _webhook(name: str, weight: int) -> Parser:
    def read(body: bytes) -> object:
        channel: Channel = _channels()[name]
        channel.envelope(body, _proof(name, body))
        return channel.parse(body)

    return Parser(
        name=name,
        draw=lambda random: any_body(random, _recorded(name)),
        read=read,
        refusals=(Forbidden, Malformed, Empty, ValueError),
        weight=weight,
    )


_PAGE_SAYS: tuple[Any, ...] = (
    {"id": "abcdef12-3456", "text": "Rác chất đống", "photos": [], "reply_to": "12"},
    {"id": "abcdef12-3457", "button": "case:HN-7F3K-9Q2M", "button_message": "17"},
    {"id": "abcdef12-3458", "latitude": 21.03, "longitude": 105.85},
)
_VISITOR = Visitor("t" * 43)


def _read_page(body: bytes) -> object:
    update = checked_update(json.loads(body), _VISITOR)
    return WebChannel(history=_no_history).parse(
        write_update(chat=_VISITOR.chat, user=_VISITOR.chat, sent_at=_NOW, **update)
    )


async def _no_history(chat: str, after: int) -> list[Any]:
    return []


_RECEIPTS: tuple[Any, ...] = (
    {"id": "m1", "status": "delivered"},
    {"data": {"smsid": 42, "state": "failed"}},
    {"messageId": "m-3", "status": "DELIVRD"},
)


def _read_receipt(body: bytes) -> object:
    channel = SmsChannel(url="http://127.0.0.1/", receipt_secret=_SECRET)
    return channel.receipt(body, {"Authorization": f"Bearer {_SECRET}"})


# ── what people type ─────────────────────────────────────────────────────────────────────────────


@cache
def _city() -> City:
    return build_city("Hà Nội")


@cache
def understanding() -> Understanding:
    """Return the reading in use."""
    return Understanding.load()


def _read_message(text: str) -> object:
    reading = understanding().read(text, province="ha-noi")
    spans = [(item.start, item.end) for item in reading.personal_data]
    spans += [(problem.start, problem.end) for problem in reading.problems]
    if reading.text != text or any(not 0 <= start < end <= len(text) for start, end in spans):
        raise AssertionError("a span outside the text")
    return reading


_STARTS = ("/thongke ", "/tim ", "/start ", "/giao ", "/TraCứu ", "/", "/chidao ", "@bot ", "")
_BUTTON_DATA = ("case:HN-7F3K-9Q2M", "rate:HN-7F3K-9Q2M:5", "assign:X:1:2:3", "phone:leave", "::", ":")


def _command(random: Random) -> str:
    return random.choice(_STARTS) + any_text(random)


def _read_command(text: str) -> object:
    _, argument = dispatch.command_of(text) or ("", text)
    return argument, phone.read_mobile(argument), tracking_code.parse_code(argument)


def _read_figures(text: str) -> object:
    return statistics.read_request(_city(), text, own="ha-noi", now=_NOW)


def _button(random: Random) -> str:
    data = spoilt_bytes(random, random.choice(_BUTTON_DATA).encode())
    return data.decode("latin-1") * random.choice((1, 1, 1000))


def _read_button(data: str) -> object:
    action, _, argument = data.partition(":")
    return dispatch.BUTTONS.get(action), tracking_code.parse_code(argument.partition(":")[0])


def _code(random: Random) -> str:
    if random.random() < 0.3:
        return any_text(random)
    letters = "HN-7F3K-9Q2M hcm ０１２Z S" + "".join(map(chr, range(0x2F00, 0x2F20)))
    return "".join(random.choice(letters) for _ in range(random.randrange(24)))


def _read_moment(text: str) -> object:
    return moments.read_moment(text, now=_NOW, calendar=_city().calendar)


def _read_days(text: str) -> object:
    return when.read_period(text, today=_DAY), moments.read_day(text, today=_DAY)


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@cache
def _pictures() -> tuple[bytes, ...]:
    """Return small pictures of every kind, with what cameras write beside the pixels."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (21.0, 1.0, 30.0), "E", (105.0, 51.0, 15.0)
    found = []
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP"):
        data = BytesIO()
        told = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "AVIF") else {}
        Image.effect_noise((48, 32), 60).convert("RGB").save(data, kind, **told)
        found.append(data.getvalue())
    return tuple(found)


def _picture(random: Random) -> bytes:
    return spoilt_bytes(random, random.choice(_pictures()))


def _exif(random: Random) -> bytes:
    data = _pictures()[0]
    head, rest = data[:220], data[220:]
    return spoilt_bytes(random, head) + rest


@cache
def _folder() -> Path:
    holder = TemporaryDirectory(prefix="fuzz-")
    _kept.append(holder)
    return Path(holder.name)


_kept: list[TemporaryDirectory[str]] = []


def _read_picture(data: bytes) -> object:
    kept = store_photo(data, _folder())
    (_folder() / kept.media_key[:2] / kept.media_key).unlink()
    return kept


_BEGINNINGS = (b"OggS", b"ID3", b"\xff\xfb", b"\x00\x00\x00\x18ftypM4A ", b"%PDF-1.7", b"PK\x03\x04")
_PLACE = b"\x00\x00\x00\x1e\xa9xyz\x00\x12\x15\xc7+21.0285+105.8542/"


def _file(random: Random) -> tuple[bytes, str]:
    body = (
        random.choice(_BEGINNINGS) + _PLACE * random.randrange(3) + random.randbytes(random.randrange(2000))
    )
    return spoilt_bytes(random, body), random.choice((".ogg", ".mp3", ".m4a", ".pdf", ".docx", ".html"))


def _read_file(given: tuple[bytes, str]) -> object:
    kept = store_file(given[0], _folder(), suffix=given[1])
    (_folder() / kept.media_key[:2] / kept.media_key).unlink()
    return kept


@cache
def _workbook() -> bytes:
    path = _folder() / "book.xlsx"
    write_book(path, to_document(build_city("Hà Nội")), [])
    return path.read_bytes()


def _book(random: Random) -> bytes:
    return spoilt_bytes(random, _workbook())


def _read_workbook(data: bytes) -> object:
    path = _folder() / "spoilt.xlsx"
    path.write_bytes(data)
    return read_book(path)


def _list(random: Random) -> bytes:
    rows = "tên;đơn vị;vai trò;điện thoại;đến ngày\nA;phuong-khuong-dinh;chair;0912345678;2027-01-01\n"
    return spoilt_bytes(random, (rows * random.randrange(1, 30)).encode())


def _read_people(data: bytes) -> object:
    path = _folder() / "people.csv"
    path.write_bytes(data)
    return read_list(path)


_RING = [[105.80, 20.99], [105.83, 20.99], [105.83, 21.01], [105.80, 21.01], [105.80, 20.99]]
_BORDERS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "Phường Khương Đình", "code": "00364"},
            "geometry": {"type": "Polygon", "coordinates": [_RING]},
        }
    ],
}


def _border_file(random: Random) -> Any:
    return spoilt_document(random, _BORDERS)


@cache
def _model_file() -> bytes:
    return MODEL_FILE.read_bytes()


def _model(random: Random) -> bytes:
    data = _model_file()
    return (
        spoilt_bytes(random, data[:4000]) + data[4000:]
        if random.random() < 0.5
        else spoilt_bytes(random, data)
    )


# ── all of them ──────────────────────────────────────────────────────────────────────────────────

PARSERS: tuple[Parser, ...] = (
    _webhook("telegram", 150),
    _webhook("zalo_oa", 130),
    _webhook("zalo_bot", 100),
    Parser(
        name="web",
        draw=lambda random: any_body(random, _PAGE_SAYS),
        read=_read_page,
        refusals=(ValueError, TypeError, RecursionError, Refused),
        weight=100,
    ),
    Parser(
        name="receipts",
        draw=lambda random: any_body(random, _RECEIPTS),
        read=_read_receipt,
        refusals=(Malformed, Forbidden),
        weight=60,
    ),
    Parser(name="reading", draw=any_text, read=_read_message, weight=60),
    Parser(name="personal_data", draw=any_text, read=find_personal_data, weight=40),
    Parser(name="commands", draw=_command, read=_read_command, weight=70),
    Parser(
        name="figures",
        draw=any_text,
        read=_read_figures,
        refusals=(statistics.NotUnderstood, ValueError),
        weight=20,
    ),
    Parser(
        name="questions",
        draw=any_text,
        read=lambda text: read_question(text, city=_city(), today=_DAY),
        weight=15,
    ),
    Parser(
        name="orders", draw=any_text, read=lambda text: read_instruction(text, _city(), now=_NOW), weight=15
    ),
    Parser(
        name="moments",
        draw=any_text,
        read=_read_moment,
        refusals=(moments.PastMoment, moments.NoSuchMoment, moments.LunarMoment),
        weight=10,
    ),
    Parser(name="days", draw=any_text, read=_read_days, refusals=(ValueError,), weight=10),
    Parser(name="answers", draw=any_text, read=read_answer, weight=15),
    Parser(name="wards", draw=any_text, read=lambda text: find_wards(text, province="ha-noi"), weight=10),
    Parser(name="buttons", draw=_button, read=_read_button, weight=60),
    Parser(name="codes", draw=_code, read=tracking_code.parse_code, weight=59),
    Parser(name="exif", draw=_exif, read=position_in, weight=30),
    Parser(
        name="pictures",
        draw=_picture,
        read=_read_picture,
        refusals=(MediaError,),
        limit_ms=FILE_LIMIT_MS,
        weight=15,
    ),
    Parser(
        name="files",
        draw=_file,
        read=_read_file,
        refusals=(MediaError,),
        limit_ms=FILE_LIMIT_MS,
        weight=10,
    ),
    Parser(
        name="people", draw=_list, read=_read_people, refusals=(NoWorkbook,), limit_ms=FILE_LIMIT_MS, weight=9
    ),
    Parser(
        name="workbooks",
        draw=_book,
        read=_read_workbook,
        refusals=(NoWorkbook,),
        limit_ms=FILE_LIMIT_MS,
        weight=1,
    ),
    Parser(
        name="borders",
        draw=_border_file,
        read=lambda document: read_border_file(document, province="ha-noi"),
        refusals=(BrokenBorders,),
        limit_ms=FILE_LIMIT_MS,
        weight=10,
    ),
    Parser(
        name="models",
        draw=_model,
        read=lambda data: Model.load(BytesIO(data)),
        refusals=(Unsuitable,),
        limit_ms=FILE_LIMIT_MS,
        weight=1,
    ),
)
