"""The key by which secrets in the database are encrypted: a setting, or on SQLite a file beside it."""

import base64
import logging
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings, sqlite_path

if TYPE_CHECKING:  # 6 MB that a city without secrets in the database does not need
    from cryptography.fernet import Fernet

PURPOSE = b"langnghe: secrets in the database, 1"
"""Goes into the derivation, so that the same text used elsewhere gives another key."""
NOT_SET = "LANGNGHE_DATA_KEY: must be set on PostgreSQL; `python -m bot new-key` makes a good one"
logger = logging.getLogger(__name__)


class NoDataKey(Exception):
    """There is no key to encrypt with; the message tells the operator what to do."""


class WrongDataKey(Exception):
    """What is stored was encrypted with another key than the one at hand."""


def new_key() -> str:
    """Return a good value for LANGNGHE_DATA_KEY: 256 random bits."""
    return secrets.token_urlsafe(32)


class DataKey:
    """Encrypts and decrypts. The file is made at the first need, readable for its owner alone.

    Where the setting was added later, what was encrypted with the file's key can still be read; so can what
    was encrypted with the one that stands in LANGNGHE_DATA_KEY_BEFORE.
    """

    def __init__(self, settings: Settings) -> None:
        database = sqlite_path(settings.database_url)
        self._text = settings.data_key.get_secret_value()
        self._before = settings.data_key_before.get_secret_value()
        self._file = database.with_name(f"{database.name}.key") if database else None

    def seal(self, content: bytes) -> bytes:
        """Return what may be stored; raises NoDataKey."""
        return self._own().encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed; raises WrongDataKey."""
        from cryptography.fernet import InvalidToken, MultiFernet

        keys = [_derived(text) for text in (self._text, self._before, self._read_file()) if text]
        try:
            return MultiFernet(keys).decrypt(sealed) if keys else _lost()
        except InvalidToken:
            return _lost()

    @property
    def is_there(self) -> bool:
        """Whether there is a key to encrypt with, or one can be made."""
        return bool(self._text or self._file)

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether something was encrypted with the key at hand, and not with one from before."""
        from cryptography.fernet import InvalidToken

        try:
            self._own().decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def _own(self) -> "Fernet":
        if self._text:
            return _derived(self._text)
        if self._file is None:
            raise NoDataKey(NOT_SET)
        try:
            return _derived(self._read_file() or _made(self._file))
        except OSError as error:
            raise NoDataKey(f"{error.filename}: {error.strerror}") from error

    def _read_file(self) -> str:
        """Return what the file holds, empty where there is none; it is closed to others if it was not."""
        if self._file is None:
            return ""
        try:
            text = self._file.read_text(encoding="ascii").strip()
            if stat.S_IMODE(self._file.stat().st_mode) & 0o077:
                logger.warning("others could read the key in %s", self._file, extra={"action": "key_open"})
                self._file.chmod(0o600)
        except FileNotFoundError:
            return ""
        return text


def _lost() -> bytes:
    raise WrongDataKey(
        "what is stored was encrypted with another key: set LANGNGHE_DATA_KEY (or bring back the file .key "
        "beside the database) as it was, or consent again"
    )


def _derived(text: str) -> "Fernet":
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(text.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def _made(file: Path) -> str:
    """Write a new key durably, unless another process did so just now; return the one that stands there."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.") as draft:
        draft.write(new_key() + "\n")
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, file)  # whole or not at all, and never over another
        except FileExistsError:
            pass
        else:
            _settle(file.parent)
            logger.info("a key was made in %s: keep a copy elsewhere", file, extra={"action": "key_made"})
    return file.read_text(encoding="ascii").strip()


def _settle(folder: Path) -> None:
    """Make a new name in a folder durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
