"""The program's side of drawing: a process that is started when first needed, kept warm, and replaced."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from bot.drawing.frames import DRAWN, LENGTH, MOST, frame

DRAW_SECONDS = 4.0
"""How long one picture may take, the start of the process included; delivery waits for five."""
END_SECONDS = 2.0
COMMAND = (sys.executable, "-m", "bot.drawing")
_ROOT = Path(__file__).parents[2]
log = structlog.get_logger()


class DrawingFailed(Exception):
    """A picture could not be drawn; the message says why."""


class _Gone(Exception):
    """The process ended before it answered."""


class Draughtsman:
    """Draws one picture after the other in a process of its own, which holds none of the program's memory.

    A process that died is replaced at once; one that hangs is ended, and the next picture gets a new one.
    """

    def __init__(self, *, seconds: float = DRAW_SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._seconds = seconds
        self._command = tuple(command)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that draws, if there is one now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def draw(self, spec: Mapping[str, Any]) -> bytes:
        """Return a chart's picture as a PNG. Raises DrawingFailed."""
        try:
            request = frame(json.dumps(spec).encode())
        except (TypeError, ValueError) as error:
            raise DrawingFailed(str(error)) from error
        content = await self._ask_in_turn(request)
        if content[:1] != DRAWN:
            raise DrawingFailed(content[1:].decode(errors="replace"))
        return content[1:]

    async def _ask_in_turn(self, request: bytes) -> bytes:
        async with self._turn:
            if self._closed:
                raise DrawingFailed("nothing is drawn any more")
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._ask(request)
            except TimeoutError as error:
                await self._end()
                raise DrawingFailed(f"took more than {self._seconds:g} s") from error
            except (_Gone, OSError) as error:
                await self._end()
                raise DrawingFailed(str(error)) from error
            except BaseException:
                await self._end()  # its answer would be taken for the next picture's
                raise

    async def close(self) -> None:
        """End the process; what is being drawn is finished first. Nothing is drawn afterwards."""
        async with self._turn:
            self._closed = True
            await self._end()

    async def _ask(self, request: bytes) -> bytes:
        """Ask the process at hand; if that one is gone, a new one."""
        if self._process is not None:
            try:
                return await _answer(self._process, request)
            except (_Gone, OSError):
                log.warning("The drawing process ended; a new one starts.", action="drawing_restarted")
                await self._end()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return await _answer(self._process, request)

    async def _end(self) -> None:
        """End the process, gently unless it is stuck."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        if self._closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.communicate()


async def _answer(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    """Return one answer's content. Raises _Gone, or OSError when the pipe is closed."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request)
    await process.stdin.drain()
    try:
        length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
        if length > MOST:
            raise _Gone("an answer that is none")
        return await process.stdout.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise _Gone("the drawing process ended") from error
