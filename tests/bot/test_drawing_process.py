"""The process that draws: warm, replaced when it dies or hangs, and gone when the program is."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.drawing.draughtsman import Draughtsman, DrawingFailed
from bot.drawing.frames import MOST
from handlers.channel import OutboundMessage
from handlers.making import Maker
from handlers.media import open_photo

SPEC: dict[str, Any] = {
    "kind": "ranking",
    "title": "Phường Văn Miếu – Quốc Tử Giám chậm nhất",
    "nothing": "",
    "rows": [{"name": "P. Bồ Đề", "number": 12.5}],
    "unit": "giờ",
    "tone": "bad",
    "missing": "",
}
ROOT = Path(__file__).parent.parent.parent
PNG = b"\x89PNG\r\n\x1a\n"
STUCK = (sys.executable, "-c", "import time; time.sleep(600)")
STUCK_ONCE = """
import os, sys, time
from bot.drawing.__main__ import main
if os.path.exists(sys.argv[1]):
    main()
open(sys.argv[1], "w").close()
time.sleep(600)
"""
DIES = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(1); sys.exit(3)")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - it is another process that is waited for
            await asyncio.sleep(0.01)


@pytest.fixture
async def draughtsman() -> AsyncIterator[Draughtsman]:
    drawing = Draughtsman(seconds=30)
    yield drawing
    await drawing.close()


async def test_pictures_come_from_one_process_that_stays(draughtsman: Draughtsman) -> None:
    assert draughtsman.pid is None
    assert (await draughtsman.draw(SPEC)).startswith(PNG)
    first = draughtsman.pid
    assert (await draughtsman.draw({**SPEC, "dark": True})).startswith(PNG)
    assert draughtsman.pid == first != os.getpid()


async def test_pictures_asked_for_at_once_are_not_mixed_up(draughtsman: Draughtsman) -> None:
    titles = ["Một", "Hai dòng", "Ba dòng chữ"]
    alone = [await draughtsman.draw({**SPEC, "title": title}) for title in titles]
    together = await asyncio.gather(*(draughtsman.draw({**SPEC, "title": title}) for title in titles))
    assert together == alone
    assert len(set(alone)) == 3


async def test_a_process_that_was_killed_is_replaced(draughtsman: Draughtsman) -> None:
    await draughtsman.draw(SPEC)
    killed = draughtsman.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert (await draughtsman.draw(SPEC)).startswith(PNG)
    assert draughtsman.pid != killed


async def test_a_bad_specification_says_why_and_the_process_goes_on(draughtsman: Draughtsman) -> None:
    await draughtsman.draw(SPEC)
    same = draughtsman.pid
    with pytest.raises(DrawingFailed, match="KeyError: 'pie'"):
        await draughtsman.draw({**SPEC, "kind": "pie"})
    with pytest.raises(DrawingFailed, match="not JSON serializable"):
        await draughtsman.draw({**SPEC, "rows": {1, 2}})
    with pytest.raises(DrawingFailed, match="more than a picture needs"):
        await draughtsman.draw({**SPEC, "title": "a" * MOST})
    assert (await draughtsman.draw(SPEC)).startswith(PNG)
    assert draughtsman.pid == same


async def test_a_process_that_hangs_is_ended_and_the_next_picture_is_drawn(tmp_path: Path) -> None:
    command = (sys.executable, "-c", STUCK_ONCE, str(tmp_path / "stuck"))
    draughtsman = Draughtsman(seconds=3, command=command)
    drawing = asyncio.create_task(draughtsman.draw(SPEC))
    await until(lambda: draughtsman.pid is not None)
    stuck = draughtsman.pid
    assert stuck is not None
    with pytest.raises(DrawingFailed, match="more than 3 s"):
        await drawing
    assert not is_running(stuck)
    assert (await draughtsman.draw(SPEC)).startswith(PNG)
    await draughtsman.close()


async def test_who_stops_waiting_leaves_no_answer_for_the_next(tmp_path: Path) -> None:
    command = (sys.executable, "-c", STUCK_ONCE, str(tmp_path / "stuck"))
    draughtsman = Draughtsman(seconds=30, command=command)
    waiting = asyncio.create_task(draughtsman.draw(SPEC))
    await until(lambda: draughtsman.pid is not None)
    stuck = draughtsman.pid
    assert stuck is not None
    await until((tmp_path / "stuck").exists)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not is_running(stuck)
    assert (await draughtsman.draw(SPEC)).startswith(PNG)
    await draughtsman.close()


async def test_a_process_that_dies_each_time_is_not_tried_for_ever() -> None:
    draughtsman = Draughtsman(seconds=30, command=DIES)
    with pytest.raises(DrawingFailed):
        await draughtsman.draw(SPEC)
    assert draughtsman.pid is None
    await draughtsman.close()


async def test_what_cannot_be_started_is_said() -> None:
    draughtsman = Draughtsman(command=("no-such-program-anywhere",))
    with pytest.raises(DrawingFailed, match="no-such-program-anywhere"):
        await draughtsman.draw(SPEC)
    await draughtsman.close()


async def test_closing_leaves_no_process_and_draws_no_more(draughtsman: Draughtsman) -> None:
    await draughtsman.draw(SPEC)
    pid = draughtsman.pid
    assert pid is not None
    await draughtsman.close()
    assert not is_running(pid)
    with pytest.raises(DrawingFailed):
        await draughtsman.draw(SPEC)
    await draughtsman.close()


async def test_the_process_ends_with_the_program_that_started_it() -> None:
    """A program that is killed closes its end of the pipe; nothing else tells the other side."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.drawing",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(b"\x00\x00"), 30)
    assert (process.returncode, out) == (0, b"")


async def test_the_drawing_process_loads_nothing_of_the_program_but_drawing() -> None:
    words = (
        "import sys, bot.drawing.__main__; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'handlers', 'storage', 'routing', 'sklearn', 'numpy', 'matplotlib', 'sqlalchemy', 'aiohttp'}))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"


async def test_a_message_goes_out_with_its_picture_and_without_one_that_cannot_be_drawn(
    draughtsman: Draughtsman, tmp_path: Path
) -> None:
    maker = Maker(draw=draughtsman.draw, media_dir=tmp_path)
    made = await maker.make(OutboundMessage(text="Chậm nhất là Bồ Đề.", drawing=SPEC))
    assert [open_photo(photo.media_key, tmp_path)[:8] for photo in made.message.photos] == [PNG]
    assert made.message.drawing is None
    plain = await maker.make(OutboundMessage(text="Chậm nhất là Bồ Đề.", drawing={**SPEC, "kind": "pie"}))
    assert plain.message == OutboundMessage(text="Chậm nhất là Bồ Đề.")
