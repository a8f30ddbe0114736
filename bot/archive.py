"""One file that holds a whole city: rows, photos and files, and what proves that all of it is there.

A tar without compression: first `langnghe.json` (what it is), then the rows as compressed JSON lines, the
media, and last `manifest.json` with the size and SHA-256 of everything before it.
"""

import gzip
import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

FORMAT = 1
HEADER, MANIFEST, KEY = "langnghe.json", "manifest.json", "data.key"
ROWS_IN_PART = 4 * 1024 * 1024
"""Bytes of JSON lines that are compressed together."""
_PIECE = 1024 * 1024
_MEDIA = re.compile(r"media/([0-9a-f]{2})/(\1[0-9a-f]{30}\.[a-z0-9]{2,5})")
_PART = re.compile(r"rows/([a-z_]+)/(\d{6})\.jsonl\.gz")

Row = list[Any]
Progress = Callable[[int], None]
"""Told how many more bytes are done."""


class BrokenArchive(Exception):
    """The file is no archive of a city, or not all of it is there; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What an archive says of itself before anything else."""

    revision: str
    kind: str
    """The database it was taken from: "sqlite" or "postgresql"."""
    taken_at: str
    city: str
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Each table with the names and kinds of its columns, in the order in which they can be filled."""
    last_numbers: Mapping[str, int]

    def as_json(self) -> bytes:
        """Return it as it is written."""
        told = {
            "what": "Lắng Nghe: a city",
            "format": FORMAT,
            **{name: getattr(self, name) for name in _TOLD},
        }
        return json.dumps(told, ensure_ascii=False).encode()


_TOLD = ("revision", "kind", "taken_at", "city", "tables", "last_numbers")


class Writer:
    """Writes an archive beside its name; it gets its name only when all of it is on the disk.

    The file is readable for its owner alone. Raises OSError when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._file: IO[bytes] = os.fdopen(
            os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
        )
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._members: dict[str, tuple[int, str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, data: bytes) -> None:
        """Add a member."""
        self._tar.addfile(_member(name, len(data)), BytesIO(data))
        self._members[name] = (len(data), hashlib.sha256(data).hexdigest())

    def add_rows(self, table: str) -> "RowsWriter":
        """Begin a table."""
        return RowsWriter(self, table)

    def count(self, table: str, rows: int) -> None:
        """Note how many rows a table has."""
        self._counts[table] = rows

    def add_file(self, name: str, path: Path) -> int:
        """Add a file as it lies on the disk; return its size. Raises FileNotFoundError."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashing = _Hashing(file)
            self._tar.addfile(_member(name, size), hashing)
        self._members[name] = (size, hashing.digest.hexdigest())
        return size

    def finish(self, **told: Any) -> int:
        """Write the manifest, and give the file its name; durable when this returns its size."""
        manifest = {"members": self._members, "counts": self._counts, **told}
        self.add(MANIFEST, json.dumps(manifest, ensure_ascii=False).encode())
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        os.replace(self._draft, self._path)
        sync_folder(self._path.parent)
        return size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)


class RowsWriter:
    """Writes the rows of one table, a part at a time."""

    def __init__(self, archive: Writer, table: str) -> None:
        self._archive, self._table = archive, table
        self._lines: list[bytes] = []
        self._size = self._parts = self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
            self._lines.append(line)
            self._size += len(line) + 1
        self._rows += len(rows)
        if self._size >= ROWS_IN_PART:
            self._put()

    def close(self) -> int:
        """Write what is left; return how many rows there were."""
        if self._lines:
            self._put()
        self._archive.count(self._table, self._rows)
        return self._rows

    def _put(self) -> None:
        self._parts += 1
        data = gzip.compress(b"\n".join(self._lines) + b"\n", compresslevel=3, mtime=0)
        self._archive.add(f"rows/{self._table}/{self._parts:06}.jsonl.gz", data)
        self._lines, self._size = [], 0


@dataclass(kw_only=True, slots=True)
class Reader:
    """An archive that was looked through from its beginning to its end and is whole."""

    header: Header
    manifest: Mapping[str, Any]
    _file: IO[bytes]
    _places: Mapping[str, tuple[int, int]]
    """Where each member begins, and its size."""
    media: tuple[str, ...] = field(default=())
    """The keys of the photos and files."""

    @property
    def size(self) -> int:
        """How many bytes rows and media have."""
        return sum(size for _, size in self._places.values())

    @property
    def has_key(self) -> bool:
        """Whether the key of what is encrypted lies in it."""
        return KEY in self._places

    def read(self, name: str) -> bytes:
        """Return a member; raises BrokenArchive when it is no more what it was."""
        start, size = self._places[name]
        self._file.seek(start)
        data = self._file.read(size)
        if hashlib.sha256(data).hexdigest() != self.manifest["members"][name][1]:
            raise BrokenArchive(f"{name}: it has changed since it was looked at")
        return data

    def media_of(self, key: str) -> bytes:
        """Return a photo or file."""
        return self.read(f"media/{key[:2]}/{key}")

    def rows_of(self, table: str, progress: Progress) -> Iterator[Row]:
        """Yield the rows of a table."""
        for name in sorted(name for name in self._places if name.startswith(f"rows/{table}/")):
            for line in gzip.decompress(self.read(name)).splitlines():
                yield json.loads(line)
            progress(self._places[name][1])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_archive(path: Path, progress: Progress) -> Reader:
    """Look through all of a file and return it as an archive. Raises BrokenArchive or OSError."""
    file = path.open("rb")
    try:
        return _looked_through(file, progress)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        file.close()
        raise BrokenArchive(f"not an archive of `backup`, or not all of it ({error})") from error
    except BaseException:
        file.close()
        raise


def _looked_through(file: IO[bytes], progress: Progress) -> Reader:
    places: dict[str, tuple[int, int]] = {}
    hashes: dict[str, str] = {}
    header: Header | None = None
    manifest: Mapping[str, Any] | None = None
    for member in _members(file):
        if manifest is not None:
            raise BrokenArchive(f"{member.name}: it stands behind the end")
        data = _content(file, member, progress)
        if header is None:
            header = _header(member.name, data.kept)
        elif member.name == MANIFEST:
            manifest = json.loads(data.kept)
        places[member.name] = (member.offset_data, member.size)
        hashes[member.name] = data.digest
    if header is None or manifest is None:
        raise BrokenArchive("its end is missing: it was cut off, or never finished")
    _compare(places, hashes, manifest)
    media = tuple(found[2] for name in places if (found := _MEDIA.fullmatch(name)))
    return Reader(header=header, manifest=manifest, _file=file, _places=places, media=media)


def _members(file: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # else it keeps millions of them
            known = member.name in (HEADER, MANIFEST, KEY)
            if not member.isreg() or not (
                known or _MEDIA.fullmatch(member.name) or _PART.fullmatch(member.name)
            ):
                raise BrokenArchive(f"{member.name!r}: nothing that `backup` writes")
            yield member


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    digest: str
    kept: bytes


def _content(file: IO[bytes], member: tarfile.TarInfo, progress: Progress) -> _Content:
    """Read a member for its hash; only what says what the archive is, is kept."""
    keeps = member.name in (HEADER, MANIFEST)
    digest, kept, left = hashlib.sha256(), [], member.size
    file.seek(member.offset_data)
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise BrokenArchive(f"it was cut off within {member.name}")
        digest.update(piece)
        left -= len(piece)
        progress(len(piece))
        if keeps:
            kept.append(piece)
    return _Content(digest=digest.hexdigest(), kept=b"".join(kept))


def _header(name: str, data: bytes) -> Header:
    told = json.loads(data) if name == HEADER else {}
    if told.get("what") != "Lắng Nghe: a city":
        raise BrokenArchive("not an archive of `backup`")
    if told["format"] != FORMAT:
        raise BrokenArchive(f"its format is {told['format']}, this program reads {FORMAT}: use a newer one")
    tables = tuple(
        (table, tuple((column, kind) for column, kind in columns)) for table, columns in told["tables"]
    )
    return Header(**{name: told[name] for name in _TOLD if name != "tables"}, tables=tables)


def _compare(
    places: Mapping[str, tuple[int, int]], hashes: Mapping[str, str], manifest: Mapping[str, Any]
) -> None:
    """Raise BrokenArchive unless exactly what the manifest names is there, as it was written."""
    named = manifest["members"]
    if missing := sorted(named.keys() - places.keys()):
        raise BrokenArchive(f"{missing[0]} is missing" + _and_more(missing))
    if strange := sorted(places.keys() - named.keys() - {MANIFEST}):
        raise BrokenArchive(f"{strange[0]} does not belong to it" + _and_more(strange))
    if changed := [name for name, (_, digest) in named.items() if hashes[name] != digest]:
        raise BrokenArchive(f"{changed[0]} is not what was written" + _and_more(changed))


def _and_more(names: Sequence[str]) -> str:
    return f", and {len(names) - 1} more" if len(names) > 1 else ""


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def media_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every kept photo and file of a media folder, by its name in an archive."""
    for shelf in sorted(folder.iterdir()) if folder.is_dir() else []:
        for path in sorted(shelf.iterdir()) if shelf.is_dir() else []:
            name = f"media/{shelf.name}/{path.name}"
            if _MEDIA.fullmatch(name) and path.is_file():
                yield name, path


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
