"""`partitions list` and `partitions detach`, as an operator uses them."""

import json

import pytest

from tests.shell import Shell


def shell_on(url: str, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": url})


def test_an_operator_sees_every_partition(postgresql_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shell = shell_on(postgresql_url, capsys)
    listed = [json.loads(line) for line in shell("partitions", "list", "--json").out.splitlines()]
    assert {part["table"] for part in listed} == {"inbox", "outbox", "event"}
    assert all(part["size"] > 0 for part in listed)
    table = shell("partitions", "list")
    assert table.status == 0
    assert len(table.out.splitlines()) == len(listed)


def test_what_is_not_over_stays(postgresql_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused = shell_on(postgresql_url, capsys)("partitions", "detach", "inbox_first")
    assert refused.status == 1
    assert "not over" in refused.err


def test_events_are_not_detached_by_mistake(postgresql_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shell = shell_on(postgresql_url, capsys)
    refused = shell("partitions", "detach", "event_first")
    assert refused.status == 1
    assert "verify" in refused.err
    assert "--yes" in refused.err
    assert "no partition event_1999" in shell("partitions", "detach", "event_1999", "--yes").err


def test_on_sqlite_there_are_none(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = shell_on(sqlite_url, capsys)("partitions", "list")
    assert shown.status == 0
    assert "no partitions" in shown.out
    refused = shell_on(sqlite_url, capsys)("partitions", "detach", "inbox_2026_10")
    assert refused.status == 1
    assert "no partitions" in refused.err
