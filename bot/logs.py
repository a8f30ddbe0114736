"""The log: JSON lines on standard error, each with a stable `action`, and nothing of what people said.

What goes wrong often quotes what it went wrong with: a name, a number, a report. So an error is told by its
kind and its place in the program. Its words are shown only where they come from the program itself, the
system, the database or a vendor, and even there without what stands in quotes, telephone numbers, addresses
and tokens.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from aiohttp import ClientError
from sqlalchemy.exc import DBAPIError

from bot.commands.opening import Refused
from bot.data_key import NoDataKey, WrongDataKey
from handlers.channel import ChannelError, Forbidden, Malformed
from storage.faults import is_driver

OURS = ("bot", "handlers", "storage", "routing")
_SPEAKING = (
    ChannelError,
    Forbidden,
    Malformed,
    Refused,
    NoDataKey,
    WrongDataKey,
    OSError,
    ClientError,
)
"""Errors whose own words tell an operator what to do; those of PostgreSQL's driver do too."""
_LONGEST = 200
_NAMED = r"(?<!constraint )(?<!relation )(?<!column )(?<!database )(?<!role )(?<!table )"
_MASKED = (
    (re.compile(r"\d+:[\w-]{20,}", re.ASCII), "…"),
    (re.compile(r"://[^\s/@]*@"), "://…@"),
    (re.compile(r"[^\s@<>,;:'\"()]{1,64}@[^\s@<>,;:'\"()]+"), "…"),
    (re.compile(rf"{_NAMED}\"[^\"]*\"|(?<!\w)'.*'|“.*”|«.*»"), "'…'"),
    (re.compile(r"\d(?:[ .()-]{0,2}\d){6,}"), "…"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{0,4}:){3,}[0-9a-f.]*", re.IGNORECASE), "…"),
)
Line = MutableMapping[str, Any]


def set_up_logging(stream: TextIO | None = None) -> None:
    """Write JSON lines, those of libraries too (their warnings and errors alone), to standard error.

    An error that ends the program is a line as well.
    """
    stream = stream or sys.stderr
    steps: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_errors,
    ]
    show = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(processors=[*steps, show], logger_factory=structlog.WriteLoggerFactory(file=stream))
    handler = logging.StreamHandler(stream)
    handler.addFilter(_prepare)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.ExtraAdder(allow=("action", "channel", "part", "library")),
                *steps,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, show],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    sys.excepthook = _tell_the_end


def told(error: BaseException) -> str:
    """Return an error as a line may show it: its kind, and its words where they name nobody."""
    kind = type(error).__name__
    if isinstance(error, DBAPIError):
        inner = error.orig
        return f"{kind}: {type(inner).__name__}: {masked(_first_line(str(inner)))}"
    if isinstance(error, _SPEAKING) or is_driver(error):
        return f"{kind}: {masked(getattr(error, 'strerror', None) or _first_line(str(error)))}"
    return kind


def masked(words: str) -> str:
    """Return words without what is in quotes, telephone numbers, mail and network addresses, tokens."""
    for pattern, instead in _MASKED:
        words = pattern.sub(instead, words)
    return words[:_LONGEST]


def traced(error: BaseException) -> str:
    """Return where an error and those behind it were raised, newest last, each told as in `told`."""
    return "\n".join(
        "".join(traceback.format_tb(each.__traceback__)) + told(each)
        for each in reversed(list(_chain(error)))
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        behind = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        waiting += [behind] if behind else []
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()


def _first_line(words: str) -> str:
    # Further lines of PostgreSQL are DETAIL: the row that was refused.
    return words.strip().partition("\n")[0]


def _tell_errors(_logger: Any, _level: str, line: Line) -> Line:
    """Replace every error in a line by what may be told of it."""
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    for name, value in line.items():
        if isinstance(value, BaseException):
            line[name] = told(value)
    if isinstance(error, BaseException):
        line["exception"] = traced(error)
    return line


def _prepare(record: logging.LogRecord) -> bool:
    """Make a line of the standard library's loggers one of ours."""
    if isinstance(record.args, tuple):
        record.args = tuple(told(each) if isinstance(each, BaseException) else each for each in record.args)
    if record.name.split(".")[0] not in OURS:
        # asyncio goes on with the objects concerned, whatever they hold.
        record.msg, record.args = masked(_first_line(record.getMessage())), ()
        record.action, record.library = "library", record.name
    return True


def _tell_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what ends the program, in place of Python's own words."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("The program ended by a fault.", action="crashed", exc_info=error)
