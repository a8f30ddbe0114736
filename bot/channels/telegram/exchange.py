"""Small requests over kept connections, at a quarter of what a general HTTP client costs for every answer."""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import cast

from yarl import URL

REST_SECONDS = 30.0
"""How long a connection is kept without being used; vendors close theirs after a minute or so."""
LONGEST = 4 * 1024 * 1024
"""Bytes of an answer; those to small requests have some hundreds."""


class ExchangeFailed(OSError):
    """The server closed the connection, or its answer was none."""


class Exchange:
    """Posts JSON, over at most so many connections to each server and one request at a time on each."""

    def __init__(self, *, connections: int) -> None:
        self._places = asyncio.Semaphore(connections)
        self._resting: dict[URL, deque[_Connection]] = {}
        self._closed = False

    async def post(self, url: URL, body: bytes, *, seconds: float) -> tuple[int, bytes]:
        """Return the status and the body of the answer. Raises TimeoutError and OSError.

        Nothing is sent twice: who gets an error cannot know whether the server took it.
        """
        async with self._places, asyncio.timeout(seconds):
            connection = self._rested(url.origin()) or await self._connect(url)
            try:
                answer = await connection.exchange(_head(url, len(body)) + body)
            except BaseException:
                connection.close()
                raise
        if answer.stays and not self._closed:
            connection.rests_since = asyncio.get_running_loop().time()
            self._resting.setdefault(url.origin(), deque()).append(connection)
        else:
            connection.close()
        return answer.status, bytes(answer.body)

    def close(self) -> None:
        """Close all connections; those in use when they are done."""
        self._closed = True
        for connections in self._resting.values():
            for connection in connections:
                connection.close()
        self._resting.clear()

    def _rested(self, origin: URL) -> "_Connection | None":
        """Return the connection that was used last, if there is one that is still good."""
        resting = self._resting.get(origin)
        while resting:
            connection = resting.pop()
            rested = asyncio.get_running_loop().time() - connection.rests_since
            if connection.is_open and rested < REST_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self, url: URL) -> "_Connection":
        loop = asyncio.get_running_loop()
        secure = _secure() if url.scheme == "https" else None
        assert url.host
        assert url.port
        _, connection = await loop.create_connection(_Connection, url.host, url.port, ssl=secure)
        return connection


@cache
def _secure() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _start_of_head(url: URL) -> bytes:
    host = f"{url.host}:{url.port}" if url.explicit_port else url.host
    return (
        f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()


def _head(url: URL, length: int) -> bytes:
    return _start_of_head(url) + b"%d\r\n\r\n" % length


class NoAnswer(ValueError):
    """What a server sent is no answer of HTTP/1.1, or longer than any that is asked for here."""


class Answer:
    """An answer as its bytes come in (RFC 9112). `feed` raises NoAnswer."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.is_whole = False
        self.stays = True
        """Whether the connection can be used again."""
        self._data = bytearray()
        self._take: Callable[[], bool] = self._take_head
        """Takes the next piece out of the data; False while it is not there."""
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._data += data
        if len(self._data) + len(self.body) > LONGEST:
            raise NoAnswer
        while not self.is_whole and self._take():
            pass

    def end(self) -> None:
        """Take the end of the connection, which may be the answer's."""
        if self._take == self._take_to_the_end:
            self.is_whole = True

    def _take_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = bytes(self._data[:end]).split(b"\r\n")
        del self._data[: end + 4]
        version, status = lines[0][:9], lines[0][9:12]
        if version not in (b"HTTP/1.1 ", b"HTTP/1.0 ") or not status.isdigit():
            raise NoAnswer
        if int(status) >= 200:  # what comes before says only that the answer is being made
            self.status = int(status)
            self._expect_body(_fields(lines[1:]), old=version == b"HTTP/1.0 ")
        return True

    def _expect_body(self, fields: Mapping[bytes, bytes], *, old: bool) -> None:
        self.stays = not old and b"close" not in fields.get(b"connection", b"").lower()
        if self.status in (204, 304):
            self.is_whole = True
        elif fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            self._take = self._take_size
        elif b"content-length" in fields:
            self._missing = _number(fields[b"content-length"], 10)
            self._take = self._take_body
        else:
            self._take, self.stays = self._take_to_the_end, False

    def _take_body(self) -> bool:
        if len(self._data) < self._missing:
            return False
        self.body += self._data[: self._missing]
        self.is_whole = True
        return True

    def _take_to_the_end(self) -> bool:
        self.body += self._data
        self._data.clear()
        return False

    def _take_size(self) -> bool:
        end = self._data.find(b"\r\n")
        if end < 0:
            return False
        self._missing = _number(bytes(self._data[:end]).partition(b";")[0].strip(), 16)
        del self._data[: end + 2]
        self._take = self._take_chunk if self._missing else self._take_trailer
        return True

    def _take_chunk(self) -> bool:
        if len(self._data) < self._missing + 2:
            return False
        self.body += self._data[: self._missing]
        if self._data[self._missing : self._missing + 2] != b"\r\n":
            raise NoAnswer
        del self._data[: self._missing + 2]
        self._take = self._take_size
        return True

    def _take_trailer(self) -> bool:
        """Take lines after the last chunk up to an empty one; nothing in them is of use."""
        end = self._data.find(b"\r\n")
        if end >= 0:
            self.is_whole = end == 0
            del self._data[: end + 2]
        return end >= 0


def _fields(lines: Sequence[bytes]) -> dict[bytes, bytes]:
    parts = (line.partition(b":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in parts}


def _number(digits: bytes, base: int) -> int:
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,7}", digits):
        raise NoAnswer
    try:
        return int(digits, base)
    except ValueError as error:
        raise NoAnswer from error


class _Connection(asyncio.Protocol):
    """One connection, on which one request is answered before the next is sent."""

    def __init__(self) -> None:
        self.rests_since = 0.0
        self.is_open = False
        self._answer = Answer()
        self._whole: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to be of use."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def connection_lost(self, error: Exception | None) -> None:
        """Refuse whoever waits for an answer, unless its end is the end of the connection."""
        self.is_open = False
        self._answer.end()
        self._tell(error or ExchangeFailed(ExchangeFailed.__doc__))

    async def exchange(self, request: bytes) -> Answer:
        """Send a request; return the whole answer."""
        self._answer = Answer()
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._whole

    def data_received(self, data: bytes) -> None:
        """Finish the answer when its end is there; what nobody has asked for closes the connection."""
        if self._whole is None or self._whole.done():
            self.close()
            return
        try:
            self._answer.feed(data)
        except NoAnswer as broken:
            self._tell(broken)
        else:
            self._tell(None)

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        self._transport.close()

    def _tell(self, error: Exception | None) -> None:
        if self._whole is None or self._whole.done():
            return
        if self._answer.is_whole:
            self._whole.set_result(self._answer)
        elif error is not None:
            failed = ExchangeFailed(str(error))
            failed.__cause__ = error
            self._whole.set_exception(failed)
