"""Labelled texts to measure by: read from JSON lines, every bad line named."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.domain import domains
from routing.kind import KINDS
from routing.place import find_province

_TEXTS = ("text_messy", "ward", "province_context")
_LABELS = tuple(
    f"{before}{name}{after}"
    for name in ("domain", "kind")
    for before, after in (("", ""), ("", "_alt"), ("second_", ""))
)
_BESIDES = ("id", "urgent", "messy_style", "district", "province", "street")
"""What the shipped evaluation set tells besides, which is not read."""
_KEYS = ("text", *_LABELS, *_TEXTS, *_BESIDES)
_NEARLY = 0.8
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Line = str | bytes
Numbered = tuple[int, Line]


class BadRows(Exception):
    """Some lines of the file cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One labelled text. `*_alt` is a second label that is defensible; None means not labelled or no such.

    province: the slug of where the writer lives, where the file says it ("province_context"). second_domain,
    second_kind: what another person said who did not know the labels; None when nobody was asked.
    """

    text: str
    text_messy: str | None
    domain: str | None
    domain_alt: str | None
    kind: str | None
    kind_alt: str | None
    names_ward: bool
    ward: str | None
    labels_ward: bool
    province: str | None = None
    second_domain: str | None = None
    second_kind: str | None = None


def numbered_lines(lines: Iterable[Line], *, empty: bool = False) -> Iterator[Numbered]:
    """Yield the lines of a file with their numbers, without a byte order mark; empty ones on request."""
    for number, line in enumerate(lines, start=1):
        if number == 1 and isinstance(line, bytes):
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if empty or line.strip():
            yield number, line


def read_object(line: Line, *, blank: bool = False) -> dict[str, Any]:
    """Return the JSON object of a line, which has a text. Raises ValueError with what is wrong with it.

    blank: whether the text may say nothing.

    A key that is nearly a known one is wrong: what it says would be passed over without a word.
    """
    row = _parsed(line)
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for key in row:
        if meant := _nearly_known(key):
            raise ValueError(f"unknown key {key!r}; did you mean {meant!r}?")
    text = row.get("text")
    if not isinstance(text, str) or not (blank or text.strip()):
        raise ValueError("no text")
    return row


def _parsed(line: Line) -> Any:
    try:
        row = json.loads(line.decode("utf-8") if isinstance(line, bytes) else line)
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("half a character (a lone surrogate)") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    return row


def _nearly_known(key: str) -> str | None:
    """Return the known key that an unknown one was probably meant to be."""
    if key in _KEYS:
        return None
    plain = key.strip().lower()
    letters = sorted(plain)
    near = [known for known in _KEYS if plain == known or letters == sorted(known)]
    return next(iter([*near, *difflib.get_close_matches(plain, _KEYS, n=1, cutoff=_NEARLY)]), None)


def read_cases(lines: Iterable[Line]) -> list[Case]:
    """Return the cases of JSON lines. Raises BadRows with every bad line by number."""
    cases: list[Case] = []
    problems: list[str] = []
    for number, line in numbered_lines(lines):
        try:
            cases.append(_case(_checked(read_object(line))))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems or not cases:
        raise BadRows(problems or ["no cases"])
    return cases


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose labels are known. Raises ValueError."""
    known = {"domain": [domain.id for domain in domains()], "kind": list(KINDS)}
    for name, allowed in known.items():
        for field in (name, f"{name}_alt", f"second_{name}"):
            if row.get(field) is not None and row[field] not in allowed:
                raise ValueError(f"unknown {field} {row[field]!r}")
    for field in _TEXTS:
        if not isinstance(row.get(field), str | None):
            raise ValueError(f"{field} is no text: {row[field]!r}")
    if row.get("domain") is None and row.get("kind") is None:
        raise ValueError("neither domain nor kind")
    return row


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        text=row["text"],
        text_messy=row.get("text_messy"),
        domain=row.get("domain"),
        domain_alt=row.get("domain_alt"),
        kind=row.get("kind"),
        kind_alt=row.get("kind_alt"),
        labels_ward="ward" in row,
        names_ward=row.get("ward") is not None,
        ward=row.get("ward"),
        province=_province(row.get("province_context")),
        second_domain=row.get("second_domain"),
        second_kind=row.get("second_kind"),
    )


def _province(name: str | None) -> str | None:
    found = find_province(name) if name else None
    return found.slug if found else None
