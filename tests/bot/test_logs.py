"""The log: every line has an action, the page lists each, and no line holds anything of anybody."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.clock import JOBS, Clock
from bot.logs import masked, set_up_logging, told, traced
from handlers import dispatch
from handlers.channel import RecipientUnreachable, Rejected, Unavailable
from routing.vietnamese import strip_accents
from scripts import describe_logs
from storage.database import Database
from tests.city import CityHarness, Somebody

WARD = "phuong-khuong-dinh"
PHONE = "0912 345 678"
NAME = "tên rất riêng"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình, ngay trước hiên nhà bà ngoại tôi"
ANSWER = "Tổ môi trường đã dọn sạch lúc 7 giờ sáng, có chữ ký của bác trưởng ngõ."
COMMENT = "Chưa sạch đâu, vẫn còn mùi ở gốc cây khế."


class Log(io.StringIO):
    """What the program logged."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def actions(self) -> set[str]:
        return {line["action"] for line in self.lines}

    def does_not_tell(self, *secrets: str) -> None:
        """Assert that nothing of it stands there, in any case and without accents."""
        told = strip_accents(self.getvalue()).lower()
        found = [secret for secret in secrets if strip_accents(secret).lower() in told]
        assert not found, f"{found} in\n{self.getvalue()}"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """The log of a running program, in place of pytest's own."""
    root, levels = logging.root, {name: logging.getLogger(name).level for name in ("", "bot", "handlers")}
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    stream = Log()
    set_up_logging(stream)
    yield stream
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@cache
def all_calls() -> list[describe_logs.Call]:
    return list(describe_logs.calls())


# ── what is listed ───────────────────────────────────────────────────────────────────────────────


def test_the_page_lists_every_action() -> None:
    """A call without an action, or with one that does not stand in the call, is named as Unclear."""
    assert describe_logs.page() == describe_logs.PAGE.read_text(encoding="utf-8"), (
        "run: python -m scripts.describe_logs"
    )


def test_what_to_look_at_first_names_actions_that_there_are() -> None:
    there_are = {action for call in all_calls() for action in call.actions} | {"library"}
    above = describe_logs.PAGE.read_text(encoding="utf-8").partition("## Every action")[0]
    rows = [line.split("|")[1] for line in above.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named
    assert not named - there_are


def test_actions_are_words() -> None:
    assert not [
        call.where
        for call in all_calls()
        for action in call.actions
        if not re.fullmatch(r"[a-z]+(_[a-z]+)*", action)
    ]


@pytest.mark.parametrize(
    "source",
    ["log.error('It failed.')", "log.error('It failed.', action=name)", "log.error(f'{x}', action='failed')"],
)
def test_a_line_that_nobody_could_look_up_is_found(source: str) -> None:
    with pytest.raises(describe_logs.Unclear, match=re.escape("a.py:1")):
        list(describe_logs.calls_of("a.py", source))


def test_errors_are_handed_over_as_they_are() -> None:
    """`str` and `repr` of an error would pass by the one place that decides what may be told of it."""
    turned = re.compile(r"\b(?:error|why|detail)=(?:repr|str|f\"|type)\(?")
    found = [
        call.where
        for call in all_calls()
        if turned.search(_source_of(call.where)) and "__name__" not in _source_of(call.where)
    ]
    assert not found


def _source_of(where: str) -> str:
    path, _, number = where.partition(":")
    lines = (describe_logs.ROOT / path).read_text(encoding="utf-8").splitlines()[int(number) - 1 :]
    end = next(place for place, line in enumerate(lines) if line.rstrip().endswith(")"))
    return "\n".join(lines[: end + 1])


# ── what errors tell ─────────────────────────────────────────────────────────────────────────────


def test_an_error_of_the_program_is_told_by_its_kind_and_place() -> None:
    try:
        try:
            raise KeyError(RUBBISH)
        except KeyError as error:
            raise ValueError(f"{PHONE} is no number") from error
    except ValueError as error:
        kind, shown = told(error), traced(error)
    assert kind == "ValueError"
    assert "test_logs.py" in shown
    assert shown.splitlines()[-1] == "ValueError"
    assert "KeyError" in shown
    assert RUBBISH not in shown
    assert PHONE not in shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Bad Request: chat not found", "Bad Request: chat not found"),
        ("Bad Request: can't find end of 'Nhà bà ngoại'", "Bad Request: can't find end of '…'"),
        ('unsupported start tag "bà ngoại" at byte 7', "unsupported start tag '…' at byte 7"),
        ("+84 912 345 678 is no number", "+… is no number"),
        ("550 <vanthu@so.example.vn>: refused", "550 <…>: refused"),
        (
            "cannot reach https://x/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
            "cannot reach https://x/bot…/getMe",
        ),
        (
            'duplicate key value violates unique constraint "uq_inbox"',
            'duplicate key value violates unique constraint "uq_inbox"',
        ),
    ],
)
def test_vendors_words_are_shown_without_what_they_quote(words: str, shown: str) -> None:
    assert masked(words) == shown


def test_a_very_long_word_holds_nothing_up() -> None:
    """Were it looked through from each of its letters for an address, this would not end today."""
    assert len(masked("a" * 100_000)) <= 200


async def test_a_refused_row_is_not_told(database: Database) -> None:
    """PostgreSQL names the whole row in its DETAIL, and both name values of the statement."""
    row = text(
        "INSERT INTO inbox (id, channel, external_id, chat, body, received_at, attempts) "
        "VALUES (:id, 'web', 'x', :chat, :body, :at, NULL)"
    )
    values = {"id": 1, "chat": "chat of an", "body": RUBBISH.encode(), "at": None}
    with pytest.raises(DBAPIError) as refused:
        async with database.begin() as transaction:
            await transaction.connection.execute(row, values)
    shown = told(refused.value) + traced(refused.value)
    assert "IntegrityError" in shown
    assert "inbox" in shown
    for secret in ("chat of an", "ngoại", RUBBISH.encode().hex()[:40]):
        assert secret not in shown


# ── a city's life ────────────────────────────────────────────────────────────────────────────────


async def test_nothing_of_anybody_stands_in_the_log(
    city: CityHarness, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen, chair = city.citizen(NAME), await city.official(WARD, "chair", name="chủ tịch riêng")
    await live(city, citizen, chair)
    await fail(city, citizen, chair, monkeypatch)
    assert log.actions >= {
        "media_lost", "file_not_kept", "send_retried", "send_set_aside", "send_crashed", "no_operator",
        "turn_failed", "turn_set_aside", "update_unreadable", "clock_failed",
    }  # fmt: skip
    people = [citizen, chair]
    written = [sent.text for somebody in people for sent in somebody.sent if len(sent.text) > 12]
    shown = [
        line
        for somebody in people
        for shown in somebody.screen
        for line in shown.message.text.splitlines()
        if len(line) > 12
    ]
    assert len(shown) > 20
    log.does_not_tell(*written, *shown, NAME, "chủ tịch riêng", "ngoại", "cây khế", "don-rieng.pdf")
    log.does_not_tell(PHONE, PHONE.replace(" ", ""), "912345678")


async def live(city: CityHarness, citizen: Somebody, chair: Somebody) -> None:
    """From a report to an answer that does not help, with a number, pictures, a document and a question."""
    await citizen.writes(RUBBISH, photos=2)
    await citizen.files()
    await citizen.writes(f"Gọi tôi theo số {PHONE} nhé")
    await citizen.sends(phone=PHONE)
    await chair.presses("Nhận việc")
    await chair.sends(voice=1)
    await chair.sends(document="don-rieng.pdf")
    await chair.presses("Trả lời người dân")
    await chair.writes(ANSWER, photos=1)
    await chair.presses("Gửi câu trả lời")
    await citizen.presses("2")
    await citizen.writes(COMMENT)
    await chair.writes("/thongke tuần này")
    await city.ticks()


async def fail(
    city: CityHarness, citizen: Somebody, chair: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let everything go wrong that can, each with words that somebody wrote."""
    channel = city.channel

    async def lost(_: object) -> bytes:
        raise Rejected(f"no such file: '{NAME}'")

    async def away(_: object) -> bytes:
        raise RuntimeError(f"no answer about {NAME}")

    with monkeypatch.context() as patched:
        patched.setattr(channel, "fetch", away)
        patched.setattr(channel, "fetch_file", lost)
        await citizen.writes(RUBBISH, photos=1)
        await chair.sends(document="don-rieng.pdf")
        for _ in range(4):
            await city.passes(minutes=5)
    for failure in (
        Unavailable(f"cannot deliver “{RUBBISH}”"),
        Rejected(f"Bad Request: can't parse '{RUBBISH}'"),
        RecipientUnreachable(f"{NAME} has blocked the bot"),
    ):
        channel.failures[citizen.chat] = failure
        await citizen.writes("/cuatoi")
        await city.passes(hours=30)
    channel.failures.clear()
    await crash(city, citizen, monkeypatch)


async def crash(city: CityHarness, citizen: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for faults of the program itself."""

    async def crashed(*_: object, **__: object) -> None:
        raise ValueError(RUBBISH)

    with monkeypatch.context() as patched:
        patched.setattr(city.channel, "send", crashed)
        await citizen.writes("/trogiup")
    with monkeypatch.context() as patched:
        patched.setitem(dispatch.COMMANDS, "/cuatoi", crashed)
        await citizen.writes("/cuatoi ngay bây giờ đi")
        for _ in range(4):
            await city.passes(minutes=10)
    await city.receiver.receive(
        city.channel.name,
        city.channel.envelope(written(citizen), {}),
        b'{"text": "nh\xc3\xa0 b\xc3\xa0 ngo\xe1',
    )
    await city.settles()
    clock = Clock(city.database, ticked=lambda: None, now=city.clock)
    with monkeypatch.context() as patched:
        patched.setitem(JOBS, "remind", crashed)
        await clock.tick("remind")


def written(somebody: Somebody) -> bytes:
    from tests.city import _written

    return _written(somebody.message(text=RUBBISH))


# ── what others log ──────────────────────────────────────────────────────────────────────────────


def test_libraries_warn_in_the_same_form_and_without_their_objects(log: Log) -> None:
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=ValueError('%s')>", RUBBISH
    )
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "203.0.113.7")
    logging.getLogger("httpx").info("POST https://api.example/bot123:secret/sendMessage")
    assert [line["event"] for line in log.lines] == [
        "Task exception was never retrieved",
        "Error handling request from …",
    ]
    assert log.actions == {"library"}
    assert [line["library"] for line in log.lines] == ["asyncio", "aiohttp.server"]


def test_our_own_lines_of_the_standard_library_keep_their_action(log: Log) -> None:
    logging.getLogger("bot.channels.telegram").info(
        "a menu was not changed: %s", Rejected(f"'{NAME}' is not there"), extra={"action": "menu_failed"}
    )
    [line] = log.lines
    assert (line["action"], line["level"]) == ("menu_failed", "info")
    assert line["event"] == "a menu was not changed: Rejected: '…' is not there"


def test_what_ends_the_program_is_a_line_too(log: Log) -> None:
    try:
        raise RuntimeError(RUBBISH)
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    assert log.actions == {"crashed"}
    assert "RuntimeError" in log.lines[0]["exception"]
    log.does_not_tell(RUBBISH)


def test_an_error_in_a_line_is_told_as_it_may_be(log: Log) -> None:
    structlog.get_logger().error("It failed.", action="failed", error=ValueError(RUBBISH))
    assert log.lines[0]["error"] == "ValueError"


async def test_no_request_is_logged_by_its_address(city: CityHarness, log: Log) -> None:
    """There is no access log: addresses of people and tokens of their pages would stand in it."""
    assert not logging.getLogger("aiohttp.access").isEnabledFor(logging.INFO)
