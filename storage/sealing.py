"""Contact data at rest: sealed with keys that rotate, and opened again by the columns that hold it.

A sealed text is "s<key id>:<base64>" of a nonce, the ciphertext and its tag (AES-256-GCM); sealed bytes are
the same without base64. What has no such mark is plain and is read as it is.
"""

import hmac
import json
import os
import re
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import JSON, Dialect, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

INDEX_KEY = 0
"""The id of the key by which numbers are found again; it seals nothing, so it does not rotate."""
KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_MARK = re.compile(rb"s(\d{1,5}):")
_SHOWN = ("act", "drawing", "export")
"""What queries ask of a message, so that it is told beside what is sealed."""
_dump_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
log = structlog.get_logger()


class UnknownKey(Exception):
    """Something is sealed with a key that this process has not heard of yet; it is asked for."""


class Keyring:
    """The data keys at hand. `active` is the id of the one that seals, None where nothing is sealed any more.

    `wanted` is called when something is sealed with a key that is not here.
    """

    def __init__(
        self, keys: Mapping[int, bytes], *, active: int | None, wanted: Callable[[], None] | None = None
    ) -> None:
        self.wanted = wanted or (lambda: None)
        self._missed: set[int] = set()
        self._lost: set[int] = set()
        self.replace(keys, active=active)

    def replace(self, keys: Mapping[int, bytes], *, active: int | None) -> None:
        """Take up the keys as they are now; what was missed and is not among them is lost."""
        # 6 MB that a city without keys does not need.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._refusal = InvalidTag
        self._ciphers = {number: AESGCM(key) for number, key in keys.items() if number != INDEX_KEY}
        self._index_key = keys[INDEX_KEY]
        self._lost = (self._lost | self._missed) - keys.keys()
        self._missed = set()
        self.active = active
        self._cipher = None if active is None else self._ciphers[active]
        self._prefix = f"s{active}:".encode()

    @property
    def seals(self) -> bool:
        """Whether what is stored is sealed; what was, is opened in any case."""
        return self._cipher is not None

    def seal(self, content: bytes, purpose: bytes) -> bytes:
        """Return content as it may be stored; it opens only for the same purpose (table and column)."""
        assert self._cipher is not None
        nonce = os.urandom(_NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, content, purpose)

    def open(self, sealed: bytes, purpose: bytes) -> bytes | None:
        """Return what was sealed, None for what no key opens. Raises UnknownKey for a key still to come."""
        mark = _MARK.match(sealed)
        if mark is None or len(sealed) < mark.end() + _NONCE_BYTES + _TAG_BYTES:
            return None
        cipher = self._known(int(mark[1]))
        start = mark.end() + _NONCE_BYTES
        try:
            return cipher.decrypt(sealed[mark.end() : start], sealed[start:], purpose) if cipher else None
        except self._refusal:
            return None

    def _known(self, number: int) -> "AESGCM | None":
        found = self._ciphers.get(number)
        if found is None and number not in self._lost:
            self._missed.add(number)
            self.wanted()
            raise UnknownKey(f"data key {number} is not known yet")
        return found

    def seal_text(self, content: str, purpose: bytes) -> str:
        """Return a text as it may be stored."""
        sealed = self.seal(content.encode("utf-8", "surrogatepass"), purpose)
        start = len(self._prefix)
        return sealed[:start].decode() + b2a_base64(sealed[start:], newline=False).decode()

    def open_text(self, sealed: str, purpose: bytes) -> str | None:
        """Return the text that was sealed, None for what no key opens. Raises UnknownKey."""
        mark, colon, rest = sealed.partition(":")
        try:
            opened = self.open(f"{mark}{colon}".encode() + a2b_base64(rest), purpose)
        except (NotBase64, ValueError):
            return None
        return None if opened is None else opened.decode("utf-8", "surrogatepass")

    def trace(self, number: str) -> str:
        """Return what stands for a telephone number where it must be found but not be read.

        Of any other word it makes a secret that all processes share.
        """
        return "tel" + hmac.new(self._index_key, number.encode(), sha256).hexdigest()[:24]


def is_sealed(stored: object) -> bool:
    """Tell whether a stored text, bytes or JSON object is sealed."""
    if isinstance(stored, dict):
        stored = stored.get("sealed", "")
    if isinstance(stored, str):
        stored = stored[:8].encode("utf-8", "replace")
    return isinstance(stored, bytes) and _MARK.match(stored) is not None


def seal_json(keyring: Keyring | None, value: Any, purpose: bytes) -> Any:
    """Return a JSON value as it may be stored; plain without a keyring."""
    if keyring is None or not keyring.seals:
        return value
    hints = {name: 1 for name in _SHOWN if isinstance(value, dict) and value.get(name) is not None}
    return {"sealed": keyring.seal_text(_dump_json(value), purpose), **hints}


def open_json(keyring: Keyring | None, stored: Any, purpose: bytes) -> Any:
    """Return a stored JSON value; what no key opens comes back as it is stored. Raises UnknownKey."""
    if keyring is None or not is_sealed(stored):
        return stored
    opened = keyring.open_text(stored["sealed"], purpose)
    return _broken(stored, purpose) if opened is None else json.loads(opened)


def _broken(stored: Any, purpose: bytes) -> Any:
    # Kept as it is: whoever needs it fails on it and sets it aside, and nothing is lost.
    log.error("Something sealed cannot be opened.", action="seal_broken", column=purpose.decode())
    return stored


def keyring_of(dialect: Dialect) -> Keyring | None:
    """Return the keyring that a database's connections carry; None where contact data is kept plain."""
    found: Keyring | None = getattr(dialect, "keyring", None)
    return found


class Sealed:
    """What the types of sealed columns have in common: values depend on the keyring of each database."""

    purpose: bytes


class SealedText(Sealed, TypeDecorator[str]):
    """A text that is sealed where the database has a keyring."""

    impl = String(32).with_variant(Text(), "postgresql")
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose.encode()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Seal a text."""
        keyring = keyring_of(dialect)
        if value is None or keyring is None or not keyring.seals:
            return value
        return keyring.seal_text(value, self.purpose)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Open a text; one that no key opens comes back as it is stored. Raises UnknownKey."""
        keyring = keyring_of(dialect)
        if value is None or keyring is None or not is_sealed(value):
            return value
        opened = keyring.open_text(value, self.purpose)
        return str(_broken(value, self.purpose)) if opened is None else opened


class SealedBytes(Sealed, TypeDecorator[bytes]):
    """Bytes that are sealed where the database has a keyring."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose.encode()

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Seal bytes."""
        keyring = keyring_of(dialect)
        if value is None or keyring is None or not keyring.seals:
            return value
        return keyring.seal(value, self.purpose)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Open bytes; what no key opens comes back as it is stored. Raises UnknownKey."""
        keyring = keyring_of(dialect)
        if value is None or keyring is None or _MARK.match(value) is None:
            return value
        opened = keyring.open(value, self.purpose)
        return bytes(_broken(value, self.purpose)) if opened is None else opened


class SealedJson(Sealed, TypeDecorator[Any]):
    """A JSON object that is sealed where the database has a keyring, but for what queries ask of it."""

    impl = JSON().with_variant(JSONB(), "postgresql")
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose.encode()

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Let parts of the object be asked for, as of any JSON."""
        return self.impl_instance.coerce_compared_value(op, value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return what seals an object; its few outer letters are not worth another walk through it."""
        plain = super().bind_processor(dialect)
        purpose = self.purpose

        def bound(value: Any) -> Any:
            keyring = keyring_of(dialect)
            if keyring is None or not keyring.seals or not isinstance(value, dict):
                return plain(value) if plain else value
            shown = "".join([f',"{name}":1' for name in _SHOWN if value.get(name) is not None])
            return f'{{"sealed":"{keyring.seal_text(_dump_json(value), purpose)}"{shown}}}'

        return bound

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal an object that is no message."""
        return seal_json(keyring_of(dialect), value, self.purpose)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open an object; one that no key opens comes back as it is stored. Raises UnknownKey."""
        return open_json(keyring_of(dialect), value, self.purpose)
