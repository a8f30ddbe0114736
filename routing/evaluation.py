"""Measuring the reading of texts against labelled ones, with 95 % intervals (Wilson) and what is confused."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.domain import domains
from routing.kind import EMERGENCY, FEEDBACK, KINDS
from routing.understanding import Reading, Understanding

_SUREST = 0.8
_BINS = 10


class BadRows(Exception):
    """Some lines of the file cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One labelled text. `*_alt` is a second label that is defensible; None means not labelled or no such."""

    text: str
    text_messy: str | None
    domain: str | None
    domain_alt: str | None
    kind: str | None
    kind_alt: str | None
    names_ward: bool
    ward: str | None
    labels_ward: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    case: Case
    reading: Reading


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
    known = {"domain": {domain.id for domain in domains()}, "kind": set(KINDS)}
    for name, allowed in known.items():
        for field in (name, f"{name}_alt"):
            if row.get(field) is not None and row[field] not in allowed:
                return f"unknown {field} {row[field]!r}", {}
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
    )


def evaluate(understanding: Understanding, cases: Iterable[Case], *, home: str | None) -> dict[str, Any]:
    """Return every figure; `home` is the province that the writers live in, None for anywhere."""
    clean: list[_Read] = []
    messy: list[_Read] = []
    for case in cases:
        clean.append(_Read(case=case, reading=understanding.read(case.text, province=home)))
        if case.text_messy:
            messy.append(_Read(case=case, reading=understanding.read(case.text_messy, province=home)))
    figures: dict[str, Any] = {"model_version": understanding.model_version, "cases": len(clean)}
    figures |= {"clean": _domain_figures(clean), "messy": _domain_figures(messy)}
    figures |= {"kind": _kind_figures(clean), "ward": _ward_figures(clean)}
    return figures


def _domain_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.domain]
    if not labelled:
        return None
    right = [one.reading.domain == one.case.domain for one in labelled]
    surest = sorted(labelled, key=lambda one: -one.reading.confidence)[: math.ceil(_SUREST * len(labelled))]
    pairs = [(str(one.case.domain), one.reading.domain) for one in labelled]
    return {
        "accuracy": share(right),
        "accuracy_with_second_label": share([_defensible(one) for one in labelled]),
        "macro_f1": macro_f1(pairs),
        "among_first_two": share(
            [one.case.domain in [each.domain for each in one.reading.candidates[:2]] for one in labelled]
        ),
        "surest_80_percent": share([one.reading.domain == one.case.domain for one in surest]),
        "needs_triage": share([one.reading.needs_triage for one in labelled]),
        "expected_calibration_error": calibration_error([one.reading.confidence for one in labelled], right),
        "confusion": _confusion(pairs),
    }


def _defensible(one: _Read) -> bool:
    return one.reading.domain in (one.case.domain, one.case.domain_alt)


def _kind_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.kind]
    if not labelled:
        return None
    ordinary = [one for one in labelled if one.case.kind == FEEDBACK and one.case.kind_alt is None]
    pairs = [(str(one.case.kind), one.reading.kind) for one in labelled]
    return {
        "accuracy": share([truth == said for truth, said in pairs]),
        "accuracy_with_second_label": share(
            [one.reading.kind in (one.case.kind, one.case.kind_alt) for one in labelled]
        ),
        "recall": {
            kind: share([said == kind for truth, said in pairs if truth == kind])
            for kind in KINDS
            if any(truth == kind for truth, _ in pairs)
        },
        "ordinary_taken_for_another": share([one.reading.kind != FEEDBACK for one in ordinary]),
        "ordinary_taken_for_emergency": share([one.reading.kind == EMERGENCY for one in ordinary]),
        "confusion": _confusion(pairs),
    }


def _ward_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.labels_ward]
    if not labelled:
        return None
    named = [one for one in labelled if one.case.names_ward]
    without = [one for one in labelled if not one.case.names_ward]
    return {
        "found_when_named": share([_right_ward(one) for one in named]),
        "found_when_not_named": share([one.reading.place.ward_named is not None for one in without]),
    }


def _right_ward(one: _Read) -> bool:
    """Tell whether the ward is read as it is named, or is among today's candidates."""
    offered = (one.reading.place.ward_named, *(ward.name for ward in one.reading.place.candidates))
    return one.case.ward in offered


def share(hits: Sequence[bool]) -> dict[str, Any] | None:
    """Return the share of hits with its 95 % Wilson interval; None without cases."""
    count = len(hits)
    if not count:
        return None
    observed, z = sum(hits) / count, 1.96
    middle = (observed + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z * math.sqrt(observed * (1 - observed) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    )
    interval = [round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)]
    return {"value": round(observed, 4), "interval": interval, "count": count}


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the mean F1 over the labels that occur in truth, from pairs (truth, said)."""
    truth, said = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    both = Counter(true for true, guess in pairs if true == guess)
    scores = [2 * both[label] / (truth[label] + said[label]) for label in truth]
    return round(sum(scores) / len(scores), 4)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Return the expected calibration error over ten equal bins of confidence."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, hit in zip(confidences, right, strict=True):
        bins.setdefault(min(int(confidence * _BINS), _BINS - 1), []).append((confidence, hit))
    gaps = [
        abs(sum(confidence for confidence, _ in inside) - sum(hit for _, hit in inside))
        for inside in bins.values()
    ]
    return round(sum(gaps) / len(confidences), 4)


def _confusion(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
    return [{"truth": truth, "said": said, "count": count} for (truth, said), count in wrong.most_common()]


def report(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"model {figures['model_version']}, {figures['cases']} cases"]
    for section in ("clean", "messy", "kind", "ward"):
        if figures[section]:
            lines += ["", section, *_section(figures[section])]
    return "\n".join(lines)


def _section(figures: Mapping[str, Any], indent: str = "  ") -> list[str]:
    lines: list[str] = []
    for name, value in figures.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if name == "confusion":
            lines += [f"{label}: {one['truth']} read as {one['said']}, {one['count']}" for one in value]
        elif isinstance(value, Mapping) and "value" in value:
            low, high = value["interval"]
            lines.append(f"{label}: {value['value']:.3f} ({low:.3f}–{high:.3f}, n={value['count']})")
        elif isinstance(value, Mapping):
            lines += [f"{label}:", *_section(value, indent + "  ")]
        elif value is not None:
            lines.append(f"{label}: {value}")
    return lines
