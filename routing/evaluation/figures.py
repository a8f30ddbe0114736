"""Every figure of the reading: domain clean and in a hurry, kind, place, and how often nobody has to ask."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from routing.evaluation.measures import calibration_error, coverage, f1_by_label, macro_f1, sampled, share
from routing.evaluation.rows import Case
from routing.kind import EMERGENCY, FEEDBACK, KINDS
from routing.understanding import Reading, Understanding

_SUREST = 0.8
_WORST = 5
_LEGAL = ("grievance", "denunciation")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    case: Case
    reading: Reading


def evaluate(understanding: Understanding, cases: Iterable[Case], *, home: str | None) -> dict[str, Any]:
    """Return every figure; `home` is the province of the writers whose row names none, None for anywhere."""
    clean: list[_Read] = []
    messy: list[_Read] = []
    for case in cases:
        lives_in = case.province or home
        clean.append(_Read(case=case, reading=understanding.read(case.text, province=lives_in)))
        if case.text_messy:
            messy.append(_Read(case=case, reading=understanding.read(case.text_messy, province=lives_in)))
    return {
        "model_version": understanding.model_version,
        "cases": len(clean),
        "clean": _domain_figures(clean),
        "messy": _domain_figures(messy),
        "typing": _typing_figures(clean, messy),
        "kind": _kind_figures(clean),
        "ward": _ward_figures(clean),
        "ward_messy": _ward_figures(messy),
        "two_readers": _reader_figures([one.case for one in clean]),
    }


# ── domain ───────────────────────────────────────────────────────────────────────────────────────


def _domain_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.domain]
    if not labelled:
        return None
    surest = sorted(labelled, key=lambda one: -one.reading.confidence)[: math.ceil(_SUREST * len(labelled))]
    pairs = [(str(one.case.domain), one.reading.domain) for one in labelled]
    judged = [(one.reading.confidence, _right(one)) for one in labelled]
    return {
        "accuracy": share([_right(one) for one in labelled]),
        "accuracy_with_second_label": share([_defensible(one) for one in labelled]),
        "macro_f1": sampled(pairs, macro_f1),
        "among_first_two": share(
            [one.case.domain in [each.domain for each in one.reading.candidates[:2]] for one in labelled]
        ),
        "surest_80_percent": share([_right(one) for one in surest]),
        "needs_triage": share([one.reading.needs_triage for one in labelled]),
        "expected_calibration_error": sampled(judged, calibration_error),
        "coverage": coverage(judged),
        "worst": _worst(pairs),
        "confusion": _confusion(pairs),
        "judged": [[confidence, right] for confidence, right in judged],
    }


def _right(one: _Read) -> bool:
    return one.reading.domain == one.case.domain


def _defensible(one: _Read) -> bool:
    return one.reading.domain in (one.case.domain, one.case.domain_alt)


def _typing_figures(clean: Sequence[_Read], messy: Sequence[_Read]) -> dict[str, Any] | None:
    """Compare the same texts typed with care and in a hurry: the loss is in points of accuracy."""
    both = {one.case.text: one for one in clean}
    pairs = [(both[one.case.text], one) for one in messy if one.case.domain]
    if not pairs:
        return None
    gaps = [(_right(careful), _right(hurried)) for careful, hurried in pairs]
    return {"loss_in_a_hurry": sampled(gaps, _loss)}


def _loss(gaps: Sequence[tuple[bool, bool]]) -> float:
    return sum(careful - hurried for careful, hurried in gaps) / len(gaps)


# ── kind ─────────────────────────────────────────────────────────────────────────────────────────


def _kind_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.kind]
    if not labelled:
        return None
    ordinary = [one for one in labelled if one.case.kind == FEEDBACK and one.case.kind_alt is None]
    pairs = [(str(one.case.kind), one.reading.kind) for one in labelled]
    legal = [one for one in labelled if one.case.kind in _LEGAL]
    return {
        "accuracy": share([truth == said for truth, said in pairs]),
        "accuracy_with_second_label": share([_kind_defensible(one) for one in labelled]),
        "recall": {
            kind: share([said == kind for truth, said in pairs if truth == kind])
            for kind in KINDS
            if any(truth == kind for truth, _ in pairs)
        },
        "recall_of_grievance_and_denunciation": share([_kind_defensible(one) for one in legal]),
        "ordinary_taken_for_another": share([one.reading.kind != FEEDBACK for one in ordinary]),
        "ordinary_taken_for_emergency": share([one.reading.kind == EMERGENCY for one in ordinary]),
        "worst": _worst(pairs),
        "confusion": _confusion(pairs),
    }


def _kind_defensible(one: _Read) -> bool:
    return one.reading.kind in (one.case.kind, one.case.kind_alt)


# ── place ────────────────────────────────────────────────────────────────────────────────────────


def _ward_figures(read: Sequence[_Read]) -> dict[str, Any] | None:
    labelled = [one for one in read if one.case.labels_ward]
    if not labelled:
        return None
    named = [one for one in labelled if one.case.names_ward]
    without = [one for one in labelled if not one.case.names_ward]
    whole = [one for one in named if one.case.domain]
    return {
        "found_when_named": share([_right_ward(one) for one in named]),
        "found_when_not_named": share([one.reading.place.ward_named is not None for one in without]),
        "needs_no_question": share([_asks_nothing(one) for one in whole]),
        "needs_no_question_and_is_right": share(
            [_asks_nothing(one) and _right_ward(one) and _defensible(one) for one in whole]
        ),
    }


def _right_ward(one: _Read) -> bool:
    """Tell whether the ward is read as it is named, or is among today's candidates."""
    offered = (one.reading.place.ward_named, *(ward.name for ward in one.reading.place.candidates))
    return one.case.ward in offered


def _asks_nothing(one: _Read) -> bool:
    """Tell whether a message that holds domain and ward is filed without a question to anybody."""
    return one.reading.place.ward is not None and not one.reading.needs_triage


# ── how far people agree ─────────────────────────────────────────────────────────────────────────


def _reader_figures(cases: Sequence[Case]) -> dict[str, Any] | None:
    """Compare the labels with a second person's, who did not know them: no machine can do much better."""
    domains = [case for case in cases if case.domain and case.second_domain]
    kinds = [case for case in cases if case.kind and case.second_kind]
    if not domains and not kinds:
        return None
    return {
        "domain": share([case.domain == case.second_domain for case in domains]),
        "domain_with_second_label": share(
            [case.second_domain in (case.domain, case.domain_alt) for case in domains]
        ),
        "kind": share([case.kind == case.second_kind for case in kinds]),
    }


# ── what is confused ─────────────────────────────────────────────────────────────────────────────


def _confusion(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return every pair of truth and answer with its count, the wrong ones first, then the right ones."""
    counted = Counter(pairs).most_common()
    ordered = sorted(counted, key=lambda entry: (entry[0][0] == entry[0][1], -entry[1]))
    return [{"truth": truth, "said": said, "count": count} for (truth, said), count in ordered]


def _worst(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the labels that are read worst, by F1."""
    scores = sorted(f1_by_label(pairs).items(), key=lambda entry: entry[1])[:_WORST]
    counts = Counter(truth for truth, _ in pairs)
    return [{"label": label, "f1": round(score, 4), "count": counts[label]} for label, score in scores]
