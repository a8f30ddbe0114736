"""What corrections teach: which of them count, how much each weighs, and which are kept back as a test."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.deadline import LOCAL_TIME
from routing.evaluation import BadRows
from routing.evaluation.rows import Line, numbered_lines, read_object
from routing.vietnamese import words

CITIZEN = "citizen"
FIELDS = ("domain", "kind")
"""What the model can learn; a corrected ward is kept, but places are not learned from texts."""
OFFICIAL_WEIGHT, CITIZEN_WEIGHT = 2.0, 1.0
"""Beside 2 for a whole message of the corpus. Citizens may be wrong or mean harm."""
MOST_A_DAY, MOST_OF_ONE = 3, 20
"""How many corrections of one citizen count a day, and in all."""
FEWEST_CITIZENS = 3
"""Citizens who must have corrected one label into another before their word counts without an official's."""
FEWEST_FOR_TEST = 30
_LEARNED = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What a person made of the machine's reading of a text, masked of personal data.

    field: "domain", "ward" or "kind". actor_role: "citizen" or the role of an official's post. person_id
    is None for corrections of before it was kept.
    """

    case_id: int | None
    text: str
    field: str
    was: str | None
    now: str
    actor_role: str
    at: datetime
    person_id: int | None = None
    model_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """One labelled text to learn from: "domain" or "kind", its label, and how much it weighs."""

    text: str
    field: str
    label: str
    weight: float = OFFICIAL_WEIGHT


def lessons(corrections: Iterable[Correction], *, labels: Mapping[str, Collection[str]]) -> list[Lesson]:
    """Return what corrections teach, oldest first; `labels` are those that the model knows, by field.

    Of several corrections of one case and field the last by the most authoritative counts; where that one
    is of no label that the model knows, the case teaches nothing.
    """
    final = _last_word(sorted(corrections, key=lambda one: one.at))
    last = [one for one in final if one.now in labels.get(one.field, ())]
    counted = [*_officials(last), *_believed(_capped(last))]
    return [_lesson(one) for one in sorted(counted, key=lambda one: one.at)]


def _last_word(corrections: Sequence[Correction]) -> list[Correction]:
    final: dict[tuple[object, str], Correction] = {}
    for one in corrections:
        key = (one.case_id if one.case_id is not None else one.text, one.field)
        if key not in final or _is_official(one) or not _is_official(final[key]):
            final[key] = one
    return list(final.values())


def _is_official(one: Correction) -> bool:
    return one.actor_role != CITIZEN


def _officials(corrections: Iterable[Correction]) -> list[Correction]:
    return [one for one in corrections if _is_official(one)]


def _capped(corrections: Sequence[Correction]) -> list[Correction]:
    """Return the citizens' corrections, only the first few a day and the newest few in all of each person."""
    by_day: dict[tuple[int | None, object], list[Correction]] = defaultdict(list)
    for one in sorted(corrections, key=lambda one: one.at):
        day = by_day[one.person_id, one.at.astimezone(LOCAL_TIME).date()]
        if not _is_official(one) and len(day) < MOST_A_DAY:
            day.append(one)
    by_person: dict[int | None, list[Correction]] = defaultdict(list)
    for (person, _), day in by_day.items():
        by_person[person] += day
    return [one for own in by_person.values() for one in own[-MOST_OF_ONE:]]


def _believed(corrections: Sequence[Correction]) -> list[Correction]:
    """Return those of citizens that enough different people agree on: the same label into the same other."""
    people: dict[tuple[str, str | None, str], set[int | None]] = defaultdict(set)
    for one in corrections:
        people[one.field, one.was, one.now].add(one.person_id)
    return [one for one in corrections if len(people[one.field, one.was, one.now]) >= FEWEST_CITIZENS]


def _lesson(one: Correction) -> Lesson:
    weight = OFFICIAL_WEIGHT if _is_official(one) else CITIZEN_WEIGHT
    return Lesson(text=one.text, field=one.field, label=one.now, weight=weight)


def read_examples(
    lines: Iterable[Line], *, labels: Mapping[str, Collection[str]], reserved: Iterable[str]
) -> list[tuple[Lesson, ...]]:
    """Return the lessons of JSON lines {"text", "domain"?, "kind"?}, row by row.

    `reserved` are texts that must not be learned from, since the model is measured on them. Raises BadRows
    with every bad line.
    """
    kept = {as_compared(text) for text in reserved} - {""}
    found: list[tuple[Lesson, ...]] = []
    problems: list[str] = []
    for number, line in numbered_lines(lines):
        try:
            found.append(_read_row(line, labels, kept))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems or not found:
        raise BadRows(problems or ["no examples"])
    return found


def _read_row(
    line: Line, labels: Mapping[str, Collection[str]], reserved: Collection[str]
) -> tuple[Lesson, ...]:
    """Return what one line teaches. Raises ValueError with what is wrong with it."""
    row = read_object(line)
    given = {field: row[field] for field in FIELDS if row.get(field) is not None}
    for field, label in given.items():
        if not isinstance(label, str) or label not in labels[field]:
            raise ValueError(f"unknown {field} {label!r}")
    if not given:
        raise ValueError("neither domain nor kind")
    if as_compared(row["text"]) in reserved:
        raise ValueError("this text belongs to the evaluation set")
    return tuple(Lesson(text=row["text"], field=field, label=label) for field, label in given.items())


def as_compared(text: str) -> str:
    """Return a text as its words alone, to tell whether it is another one's twin."""
    return " ".join(words(text))


def kept_back(taught: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Divide lessons, oldest first, into those to learn from and the newest fifth to test with.

    Fewer than 30 are all learned from. What is pasted again by somebody else must not be on both sides.
    """
    if len(taught) < FEWEST_FOR_TEST:
        return list(taught), []
    at = int(_LEARNED * len(taught))
    test = list(taught[at:])
    asked = {as_compared(one.text) for one in test}
    return [one for one in taught[:at] if as_compared(one.text) not in asked], test


def teaching_value(confidences: Sequence[float]) -> float:
    """Return how much a person's answer would teach, 0 to 1, from a reading's confidences, best first.

    It is how little lies between the first two. A text that could not be read at all teaches nothing.
    """
    if not confidences or confidences[0] <= 0:
        return 0.0
    second = confidences[1] if len(confidences) > 1 else 0.0
    return round(1.0 - (confidences[0] - second), 4)
