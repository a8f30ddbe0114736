"""The connection to SQLite: who stops while it works leaves nothing behind."""

import asyncio
import threading
import time
from pathlib import Path

from storage import sqlite_driver


def test_a_loop_that_closes_during_a_statement_leaves_no_error_behind(tmp_path: Path) -> None:
    """A process that stops does not wait for its statements; the thread ends as if nothing had happened."""
    errors: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, errors.append
    try:
        connection = asyncio.run(_leave_in_the_middle(str(tmp_path / "city.db")))
        connection._thread.join(timeout=30)
    finally:
        threading.excepthook = before
    assert not connection._thread.is_alive()
    assert errors == []


async def _leave_in_the_middle(path: str) -> sqlite_driver.OneCrossingConnection:
    connection = await sqlite_driver.connect(path)
    statement = asyncio.ensure_future(connection.cross(lambda: time.sleep(0.3)))
    await asyncio.sleep(0.05)
    statement.cancel()
    connection.stop()
    return connection
