"""The benchmarks still run: tiny sizes, and nothing is said of how long they take."""

import argparse

import pytest

from benchmarks import acknowledging, notices


async def test_notices_drain_with_answers_among_them(sqlite_url: str) -> None:
    told = await notices.run(sqlite_url, count=40, a_minute=12_000, idle_answers=2)
    assert told.startswith("SQLite      40 notices:")
    assert " 0 refused;" in told


def test_webhooks_are_answered_beside_a_bare_server(capsys: pytest.CaptureFixture[str]) -> None:
    acknowledging.compare(argparse.Namespace(a_second=20, seconds=0.5, warm=0.1, pairs=1))
    assert "20 events a second: answered in" in capsys.readouterr().out
