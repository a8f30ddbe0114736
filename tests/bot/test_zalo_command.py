"""`zalo` and `new-key`: tokens stored without being shown, a link that is good once, how the chain stands."""

import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.channel import Envelope, Unavailable
from tests.shell import Shell

ACCESS, REFRESH = "access-token-of-the-account", "refresh-token-of-the-account"
APP = {
    "LANGNGHE_ZALO_APP_ID": "360846524940903967",
    "LANGNGHE_ZALO_APP_SECRET": "secret of the app",
    "LANGNGHE_ZALO_OA_SECRET_KEY": "secret of the webhook",
}


class Typed(io.StringIO):
    """Standard input; `terminal` tells whether somebody sits at it."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def shell(tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """An operator's shell beside a city with an app at the vendor."""
    path = tmp_path / "city.db"
    path.write_bytes(city_file.read_bytes())
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{path}", **APP})


def types(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Typed(text))


def changes(shell: Shell, **columns: Any) -> None:
    """Change the stored credential."""
    with closing(sqlite3.connect(shell.database)) as connection:
        for name, value in columns.items():
            connection.execute(f"UPDATE credential SET {name} = ?", (value,))  # noqa: S608
        connection.commit()


def microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def test_a_pair_is_stored_encrypted_and_never_shown(shell: Shell) -> None:
    stored = shell("zalo", "tokens", "--access", ACCESS, "--refresh", REFRESH)
    assert (stored.status, stored.err) == (0, "")
    status = shell("zalo", "status")
    assert status.status == 0
    held = b"".join(file.read_bytes() for file in shell.database.parent.iterdir())
    for secret in (ACCESS, REFRESH):
        assert secret not in stored.out + status.out + shell("zalo", "status", "--json").out
        assert secret.encode() not in held


@pytest.mark.parametrize(
    "given",
    [
        f"{ACCESS}\n{REFRESH}\n",
        json.dumps({"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": "9"}),
    ],
)
def test_a_pair_can_be_piped_in_so_that_no_history_holds_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    types(monkeypatch, given)
    assert shell("zalo", "tokens").status == 0
    assert shell("zalo", "status", "--json").data["version"] == 1


def test_at_a_terminal_it_is_asked_for_unseen(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "")
    monkeypatch.setattr(Typed, "terminal", True)
    answers = iter([ACCESS, REFRESH])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    assert shell("zalo", "tokens").status == 0


@pytest.mark.parametrize("given", ["", ACCESS, f"{ACCESS} {REFRESH} more", "{}", "[]", f"short\n{REFRESH}"])
def test_half_a_pair_is_refused_and_nothing_stored(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    types(monkeypatch, given)
    refused = shell("zalo", "tokens")
    assert refused.status == 1
    assert ACCESS not in refused.err
    assert not shell("zalo", "status", "--json").data["connected"]


def test_one_token_twice_is_a_slip(shell: Shell) -> None:
    refused = shell("zalo", "tokens", "--access", ACCESS, "--refresh", ACCESS)
    assert (refused.status, "two different" in refused.err) == (1, True)


def test_a_link_is_printed_that_another_process_can_check(shell: Shell) -> None:
    assert "LANGNGHE_PUBLIC_URL" in shell("zalo", "consent").err
    shell.environment["LANGNGHE_PUBLIC_URL"] = "https://city.example/"
    printed = shell("zalo", "consent")
    assert printed.status == 0
    link = urlsplit(printed.out.strip())
    assert (link.netloc, link.path) == ("city.example", "/zalo/consent")
    (key,) = parse_qs(link.query)["key"]
    assert len(key) == 43
    assert "https://city.example/zalo/callback" in printed.err
    assert key not in "".join(shell.everything())


def test_the_status_says_how_the_chain_stands(shell: Shell) -> None:
    missing = shell("zalo", "status")
    assert (missing.status, "zalo consent" in missing.out) == (1, True)
    shell("zalo", "tokens", "--access", ACCESS, "--refresh", REFRESH)
    fresh = shell("zalo", "status", "--json")
    assert fresh.status == 0
    assert (fresh.data["usable"], fresh.data["access_expires_at"]) == (True, None)
    now = datetime.now(UTC)
    changes(
        shell,
        obtained_at=microseconds(now - timedelta(hours=20)),
        expires_at=microseconds(now + timedelta(hours=5)),
        lease_by="machine:7",
        lease_until=microseconds(now + timedelta(minutes=1)),
    )
    data = shell("zalo", "status", "--json").data
    assert data["age_hours"] == pytest.approx(20, abs=0.1)
    assert data["renewed_by"] == "machine:7"
    assert "being renewed by machine:7" in shell("zalo", "status").out
    changes(shell, broken_at=microseconds(now), error="-14014 used")
    broken = shell("zalo", "status")
    assert (broken.status, "BROKEN since" in broken.out, "-14014 used" in broken.out) == (1, True, True)


def test_a_chain_that_is_too_old_or_cannot_be_read_is_of_no_use(shell: Shell) -> None:
    shell("zalo", "tokens", "--access", ACCESS, "--refresh", REFRESH)
    key = shell.database.with_name("city.db.key")
    kept = key.read_bytes()
    key.unlink()
    unreadable = shell("zalo", "status")
    assert (unreadable.status, "LANGNGHE_DATA_KEY" in unreadable.err) == (1, True)
    key.write_bytes(kept)
    changes(shell, obtained_at=microseconds(datetime.now(UTC) - timedelta(days=91)))
    assert shell("zalo", "status").status == 1


def test_without_an_app_every_command_says_what_to_set(shell: Shell) -> None:
    for name in APP:
        del shell.environment[name]
    for words in (("tokens",), ("consent",), ("backfill", "--hours", 3)):
        refused = shell("zalo", *words)
        assert (refused.status, "LANGNGHE_ZALO_APP_ID" in refused.err) == (1, True)


def test_a_key_is_printed_though_settings_are_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, {"LANGNGHE_DATA_KEY": "short", "LANGNGHE_PORT": "eighty"})
    first, second = shell("new-key"), shell("new-key")
    assert first.status == 0
    assert len(first.out.strip()) == 43
    assert first.out != second.out
    assert shell("zalo", "status").status == 2


class Memory:
    """What the vendor remembers of each person."""

    name = "zalo_oa"

    def __init__(self, said: dict[str, list[str]]) -> None:
        self.said = said
        self.fails = False
        self.asked: list[tuple[list[str], datetime]] = []

    async def missed(self, users: list[str], since: datetime) -> list[tuple[Envelope, bytes]]:
        self.asked.append((users, since))
        if self.fails:
            raise Unavailable("no answer")
        return [
            (Envelope(external_id=f"user_send_text:{text}", chat=user), text.encode())
            for user in users
            for text in self.said.get(user, [])
        ]


def test_what_was_missed_is_asked_for_and_stored_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Memory({"1001": ["one", "two"], "1002": ["three"], "g7": ["not a person"]})

    async def close() -> None:
        return None

    monkeypatch.setattr("bot.commands.zalo._channel", lambda *_: (vendor, close))
    with closing(sqlite3.connect(shell.database)) as connection:
        for chat, group in (("1001", 0), ("1002", 0), ("g7", 1)):
            connection.execute(
                'INSERT INTO chat (channel, chat, "group", draft, created_at, last_inbound_at) '
                "VALUES ('zalo_oa', ?, ?, '{}', 0, 0)",
                (chat, group),
            )
        connection.commit()
    said = shell("zalo", "backfill", "--hours", 3)
    assert (said.status, said.out.startswith("3 messages of 2 people")) == (0, True)
    ((users, since),) = vendor.asked
    assert users == ["1001", "1002"]
    assert timedelta(hours=2.9) < datetime.now(UTC) - since < timedelta(hours=3.1)
    assert shell("zalo", "backfill", "--hours", 3).status == 0
    rows = shell.rows("SELECT external_id, chat FROM inbox WHERE channel = 'zalo_oa' ORDER BY id")
    assert rows == [
        ("user_send_text:one", "1001"),
        ("user_send_text:two", "1001"),
        ("user_send_text:three", "1002"),
    ]
    vendor.fails = True
    refused = shell("zalo", "backfill", "--hours", 3)
    assert (refused.status, "run it again" in refused.err) == (1, True)
    assert shell("zalo", "backfill", "--hours", "many").status == 2
