"""Templates filled in: fields in braces become what holds of a case, gaps are completed by hand."""

import re
from collections.abc import Mapping
from datetime import datetime

from handlers import cards, texts
from routing.organisation import City
from routing.vietnamese import normalise, strip_accents, words
from storage.cases import Case

GAP = "…"
"""What stands where nothing is known, or where the writer of a template left room."""
_FIELD = re.compile(r"\{([^{}]*)\}")
_DOTS = re.compile(r"\.{3,}|_{3,}|…(?:\s*…)+")
_SPACE_BEFORE_SIGN = re.compile(r"[ \t]+(?=[,;.!?])")
_CONTEXT = 30
_SAME_WORDS = 0.6


def tidy(text: str) -> str:
    """Return a template's text as it is kept: rows of dots and dashes are gaps."""
    return _SPACE_BEFORE_SIGN.sub("", _DOTS.sub(GAP, normalise(text).strip()))


def unknown_fields(text: str) -> list[str]:
    """Return the fields of a template that mean nothing, as they were typed; a lone brace is one too."""
    named = [match[0] for match in _FIELD.finditer(text) if _key(match[1]) not in _keys()]
    return named + re.findall(r"[{}]", _FIELD.sub("", text))


def with_accents(text: str) -> str:
    """Return a template with its fields as they are spelled: "{don vi}" becomes "{đơn vị}"."""
    return _FIELD.sub(lambda match: f"{{{texts.TEMPLATE_FIELDS[_keys()[_key(match[1])]]}}}", text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a template with these values in place of its fields, and gaps where there is none."""
    return _FIELD.sub(lambda match: values.get(_keys().get(_key(match[1]), ""), "") or GAP, text)


def values_of(city: City, case: Case, now: datetime) -> dict[str, str]:
    """Return what the fields of a template stand for in a case; never who reported it."""
    return {
        "code": case.code,
        "place": texts.place_name(case.street, case.ward_name),
        "street": case.street or "",
        "ward": case.ward_name or "",
        "domain": cards.domain_name(city, case.domain),
        "unit": cards.unit_name(city, case.unit_code),
        "due": texts.moment(case.due_at) if case.due_at else "",
        "received": texts.day(at=case.received_at),
        "today": texts.day(at=now),
    }


def gap_in(text: str) -> str:
    """Return the first gap of a text with the words around it; empty for none."""
    at = text.find(GAP)
    if at < 0:
        return ""
    before, after = text[:at].split("\n")[-1], text[at + 1 :].split("\n")[0]
    return f"{_cut_front(before)}{GAP}{_cut_back(after)}".strip()


def _cut_front(text: str) -> str:
    return text if len(text) <= _CONTEXT else text[-_CONTEXT:].partition(" ")[2]


def _cut_back(text: str) -> str:
    return text if len(text) <= _CONTEXT else text[:_CONTEXT].rpartition(" ")[0]


def completed(text: str, typed: str) -> str:
    """Return a text with what was typed in its first gap, or in its place where that is the whole again."""
    if _is_whole(text, typed):
        return typed
    head, _, tail = text.partition(GAP)
    return f"{head}{typed.strip().rstrip('.')}{tail}"


def _is_whole(text: str, typed: str) -> bool:
    before, after = set(words(text)), set(words(typed))
    return bool(before) and len(before & after) >= _SAME_WORDS * len(before)


def _key(name: str) -> str:
    return " ".join(strip_accents(name).lower().replace("_", " ").split())


def _keys() -> dict[str, str]:
    """Return the meaning of each field by its name without accents."""
    return {_key(name): key for key, name in texts.TEMPLATE_FIELDS.items()}
