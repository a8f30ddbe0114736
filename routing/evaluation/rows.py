"""Labelled texts to measure by: read from JSON lines, every bad line named."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.domain import domains
from routing.kind import KINDS
from routing.place import find_province

_TEXTS = ("text_messy", "ward", "province_context")


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


def read_cases(lines: Sequence[str]) -> list[Case]:
    """Return the cases of JSON lines. Raises BadRows with every bad line by number."""
    cases: list[Case] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        problem, row = _check(line)
        if problem:
            problems.append(f"line {number}: {problem}")
        else:
            cases.append(_case(row))
    if not cases and not problems:
        problems.append("no cases")
    if problems:
        raise BadRows(problems)
    return cases


def _check(line: str) -> tuple[str | None, dict[str, Any]]:
    try:
        row = json.loads(line)
    except ValueError:
        return "not JSON", {}
    if not isinstance(row, dict):
        return "not a JSON object", {}
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        return "no text", {}
    known = {"domain": [domain.id for domain in domains()], "kind": list(KINDS)}
    for name, allowed in known.items():
        for field in (name, f"{name}_alt", f"second_{name}"):
            if row.get(field) is not None and row[field] not in allowed:
                return f"unknown {field} {row[field]!r}", {}
    for field in _TEXTS:
        if not isinstance(row.get(field), str | None):
            return f"{field} is no text: {row[field]!r}", {}
    if row.get("domain") is None and row.get("kind") is None:
        return "neither domain nor kind", {}
    return None, row


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
