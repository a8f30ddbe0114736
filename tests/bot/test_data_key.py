"""The data key: a setting, or a file beside a SQLite database that nobody else can read."""

import stat
import sys
import threading
from pathlib import Path

import pytest

from bot.data_key import DataKey, NoDataKey, WrongDataKey, new_key
from bot.settings import Settings

POSTGRESQL = "postgresql://localhost/city"


def key_of(database_url: str, text: str = "") -> DataKey:
    return DataKey(Settings(database_url=database_url, data_key=text))


@pytest.fixture
def city(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'city.db'}"


@pytest.mark.parametrize("text", ["sixteen letters!", "mật khẩu dài của thành phố", "made"])
def test_any_long_text_is_a_key(text: str) -> None:
    text = new_key() if text == "made" else text
    key = key_of(POSTGRESQL, text)
    sealed = key.seal(b"a token")
    assert b"token" not in sealed
    assert key_of(POSTGRESQL, text).open(sealed) == b"a token"
    with pytest.raises(WrongDataKey, match="LANGNGHE_DATA_KEY"):
        key_of(POSTGRESQL, text + ".").open(sealed)


def test_what_was_changed_is_not_opened(city: str) -> None:
    key = key_of(city)
    sealed = bytearray(key.seal(b"a token"))
    sealed[20] ^= 1
    for broken in (bytes(sealed), b"", b"\xff"):
        with pytest.raises(WrongDataKey):
            key.open(broken)


def test_without_a_setting_sqlite_gets_a_file_for_its_owner_alone(city: str, tmp_path: Path) -> None:
    file = tmp_path / "city.db.key"
    key = key_of(city)
    assert not file.exists(), "made when it is needed, not before"
    sealed = key.seal(b"a token")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text(encoding="ascii").strip()) >= 43
    assert key_of(city).open(sealed) == b"a token"
    assert [each.name for each in tmp_path.iterdir()] == ["city.db.key"], "no draft is left behind"


def test_a_file_that_others_can_read_is_closed_to_them(city: str, tmp_path: Path) -> None:
    sealed = key_of(city).seal(b"a token")
    file = tmp_path / "city.db.key"
    file.chmod(0o644)
    assert key_of(city).open(sealed) == b"a token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_lost_file_is_told_and_not_replaced_by_reading(city: str, tmp_path: Path) -> None:
    sealed = key_of(city).seal(b"a token")
    (tmp_path / "city.db.key").unlink()
    with pytest.raises(WrongDataKey, match=r"\.key"):
        key_of(city).open(sealed)
    assert not (tmp_path / "city.db.key").exists()


def test_many_who_need_the_first_key_at_once_agree_on_one(city: str) -> None:
    together = threading.Barrier(8)
    sealed: list[bytes] = []

    def seal() -> None:
        together.wait()
        sealed.append(key_of(city).seal(b"a token"))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=seal) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert [key_of(city).open(each) for each in sealed] == [b"a token"] * 8


def test_a_setting_that_comes_later_still_reads_what_the_file_sealed(city: str) -> None:
    old = key_of(city).seal(b"a token")
    now = key_of(city, "a text of the operator")
    assert now.open(old) == b"a token"
    with pytest.raises(WrongDataKey):
        key_of(city).open(now.seal(b"another"))


def test_postgresql_has_no_file_and_needs_the_setting() -> None:
    with pytest.raises(NoDataKey, match="new-key"):
        key_of(POSTGRESQL).seal(b"a token")
    with pytest.raises(WrongDataKey):
        key_of(POSTGRESQL).open(b"anything")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDataKey, match="No such file"):
        key_of(f"sqlite:///{tmp_path / 'missing' / 'city.db'}").seal(b"a token")


def test_keys_are_long_and_never_the_same() -> None:
    assert new_key() != new_key()
    assert len(new_key()) == 43
