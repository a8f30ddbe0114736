"""`train`: a new model from the corpus and from what people corrected, in use unless it is worse."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands import versions
from bot.commands.opening import Refused, city_of, opened, progress
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.model_in_use import InUse
    from routing.adoption import Figure
    from routing.evaluation import Case
    from routing.lessons import Correction, Lesson
    from routing.organisation import City
    from routing.training import Trained
    from routing.understanding import Reading, Understanding
    from storage.models import StoredModel

ADOPTED, BAD_ROWS, KEPT = 0, 2, 3
"""Exit statuses: the new model is in use; bad rows, nothing was done; the old model stays."""
NOTHING_NEW = "there is nothing new to learn from"


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    train = commands.add_parser("train", help="build a new model, and use it unless it is worse")
    instead = train.add_mutually_exclusive_group()
    instead.add_argument("--list", action="store_true", help="show the models that were adopted")
    instead.add_argument("--rollback", action="store_true", help="go back to the model before")
    instead.add_argument(
        "--ship", action="store_true", help="rebuild the shipped model from the corpus alone; no database"
    )
    train.add_argument("--output", type=Path, help="where --ship writes the model; default: the shipped file")
    train.add_argument("--examples", type=Path, help='more to learn: JSON lines {"text", "domain"?, "kind"?}')
    train.add_argument("--no-corrections", action="store_true", help="leave out what people corrected")
    train.add_argument("--note", default="", help="kept with the model, for --list")
    train.add_argument("--corpus", type=Path, help="a folder to use in place of the shipped corpus")
    train.add_argument("--evaluation", type=Path, help="labelled texts to judge by besides the shipped ones")
    train.add_argument("--json", action="store_true", help="the outcome as one JSON object")
    train.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Train, list, roll back, or rebuild the shipped model."""
    if arguments.ship:
        return _ship(arguments)
    if arguments.list:
        return versions.run_list(arguments)
    if arguments.rollback:
        return versions.run_rollback(arguments)
    return _learn(arguments)


# ── the shipped model ────────────────────────────────────────────────────────────────────────────


def _ship(arguments: argparse.Namespace) -> int:
    from routing.understanding import MODEL_FILE

    trained = _train(arguments, ())
    trained.model.save(arguments.output or MODEL_FILE)
    print(
        f"model {trained.model.version}: {trained.example_count} texts,"
        f" {len(trained.model.vocabulary)} features"
    )
    for name, accuracy in trained.held_out_accuracy.items():
        print(f"{name}: {accuracy:.3f} on lines held out of the corpus")
    return ADOPTED


def _train(arguments: argparse.Namespace, taught: "Sequence[Lesson]") -> "Trained":
    from routing.corpus import CORPUS
    from routing.training import BadCorpus, train

    folder = arguments.corpus or CORPUS
    try:
        return train(folder=folder, taught=taught, follow=lambda made: progress(made, "training texts"))
    except (OSError, UnicodeDecodeError, BadCorpus) as error:
        raise Refused(f"{folder}: {error}") from error


# ── learning ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _Material:
    """What there is to learn from, and what is kept back as a test."""

    corrections: int
    learned: "Sequence[Lesson]"
    kept_back: "Sequence[Lesson]"
    examples: "Sequence[tuple[Lesson, ...]]"
    examples_kept_back: int
    cases: "Sequence[Case]"
    own_cases: "Sequence[Case]"

    @property
    def lessons(self) -> "list[Lesson]":
        """All that is learned besides the corpus."""
        return [*self.learned, *(lesson for row in self.examples for lesson in row)]

    def as_dict(self) -> dict[str, int]:
        return {
            "corrections": self.corrections,
            "learned": len(self.learned),
            "kept_back": len(self.kept_back),
            "examples": len(self.examples),
            "examples_kept_back": self.examples_kept_back,
        }

    def __str__(self) -> str:
        told = (
            f"{self.corrections} corrections: {len(self.learned)} learned from, {len(self.kept_back)} kept"
            f" back as a test; {len(self.examples)} rows from the file of examples"
        )
        if not self.examples_kept_back:
            return f"{told}."
        return f"{told}, and {self.examples_kept_back} left out, for they are among those kept back."


def _learn(arguments: argparse.Namespace) -> int:
    from routing.evaluation import BadRows

    try:
        cases, own_cases = _evaluation_sets(arguments)
        examples = _examples(arguments, [*cases, *own_cases])
    except BadRows as bad:
        print("\n".join(bad.problems), file=sys.stderr)
        return BAD_ROWS
    corrections, old = asyncio.run(_from_database(arguments.settings))
    if old.refused:
        print(f"warning: {old.refused}", file=sys.stderr)
    used = [] if arguments.no_corrections else corrections
    material = _material(used, examples, cases, own_cases)
    outcome = _decide(arguments, old, material)
    print(json.dumps(outcome.as_dict(), ensure_ascii=False) if arguments.json else outcome)
    return ADOPTED if outcome.adopted else KEPT


def _evaluation_sets(arguments: argparse.Namespace) -> "tuple[list[Case], list[Case]]":
    """Return the shipped cases, and those of the file given besides. Raises BadRows."""
    from routing.adoption import EVALUATION_FILE
    from routing.evaluation import read_cases

    shipped = read_cases(_lines(EVALUATION_FILE))
    return shipped, read_cases(_lines(arguments.evaluation)) if arguments.evaluation else []


def _examples(arguments: argparse.Namespace, cases: "Iterable[Case]") -> "list[tuple[Lesson, ...]]":
    """Return the lessons of the file of examples. Raises BadRows with every bad line."""
    from routing.lessons import read_examples

    if arguments.examples is None:
        return []
    return read_examples(_lines(arguments.examples), labels=_labels(), reserved=_texts_of(cases))


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error


def _labels() -> dict[str, set[str]]:
    from routing.domain import domains
    from routing.kind import KINDS

    return {"domain": {domain.id for domain in domains()}, "kind": set(KINDS)}


def _texts_of(cases: "Iterable[Case]") -> list[str]:
    return [text for case in cases for text in (case.text, case.text_messy) if text]


async def _from_database(settings: Settings) -> "tuple[list[Correction], InUse]":
    from bot.model_in_use import load
    from storage.corrections import corrections

    async with opened(settings) as database:
        async with database.read() as transaction:
            city = await city_of(transaction)
            known = [_in_shipped_words(city, one) for one in await corrections(transaction)]
        return known, await load(database)


def _in_shipped_words(city: "City", one: "Correction") -> "Correction":
    """Return a correction with the domain that the model knows, where the city has divided it further."""
    return replace(one, now=city.shipped_domain(one.now)) if one.field == "domain" else one


def _material(
    corrections: "Sequence[Correction]",
    examples: "Sequence[tuple[Lesson, ...]]",
    cases: "Sequence[Case]",
    own_cases: "Sequence[Case]",
) -> _Material:
    """Divide what there is: nothing that is measured on is learned from."""
    from routing.lessons import as_compared, kept_back, lessons

    measured = {as_compared(text) for text in _texts_of([*cases, *own_cases])}
    taught = lessons(corrections, labels=_labels())
    learned, test = kept_back([one for one in taught if as_compared(one.text) not in measured])
    tested = {as_compared(one.text) for one in test}
    used = [row for row in examples if as_compared(row[0].text) not in tested]
    return _Material(
        corrections=len(corrections),
        learned=learned,
        kept_back=test,
        examples=used,
        examples_kept_back=len(examples) - len(used),
        cases=cases,
        own_cases=own_cases,
    )


# ── adopting or keeping ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of the new model: in use, or not for these reasons."""

    version: str
    before: str
    material: _Material
    figures: "Sequence[Figure]" = ()
    reasons: Sequence[str] = ()

    @property
    def adopted(self) -> bool:
        return not self.reasons

    def as_dict(self) -> dict[str, Any]:
        return {
            "adopted": self.adopted,
            "model": self.version,
            "before": self.before,
            "in_use": self.version if self.adopted else self.before,
            "reasons": list(self.reasons),
            "figures": [figure.as_dict() for figure in self.figures],
            **self.material.as_dict(),
        }

    def __str__(self) -> str:
        """Say it in lines; the figures of one domain are told only where they are worse."""
        overall = [f"  {figure}" for figure in self.figures if not figure.of_domain]
        if self.adopted:
            end = [f"Adopted: model {self.version} reads from now on, in place of {self.before}."]
        else:
            end = [
                f"Kept: model {self.before} goes on reading, because",
                *(f"  {why}" for why in self.reasons),
            ]
        return "\n".join([str(self.material), *overall, *end])


def _decide(arguments: argparse.Namespace, old: "InUse", material: _Material) -> _Outcome:
    """Train, measure, and adopt the new model unless it is worse."""
    from routing.adoption import worse

    before = old.understanding.model_version
    if not (material.learned or material.examples or arguments.corpus or old.stored):
        return _Outcome(version=before, before=before, material=material, reasons=[NOTHING_NEW])
    trained = _train(arguments, material.lessons)
    version = trained.model.version
    if version == before:
        return _Outcome(version=version, before=before, material=material, reasons=[NOTHING_NEW])
    content, new = _as_stored(trained)
    figures = _measure(old, new, material)
    reasons = [str(figure) for figure in worse(figures)]
    if not reasons:
        kept = {"figures": [figure.as_dict() for figure in figures], **material.as_dict()}
        reasons = asyncio.run(_adopt(arguments, version, content, old.stored, kept))
    return _Outcome(version=version, before=before, material=material, figures=figures, reasons=reasons)


def _as_stored(trained: "Trained") -> "tuple[bytes, Understanding]":
    """Return the new model as it will be stored, and its reading, loaded from that very content."""
    from routing.understanding import Understanding

    file = BytesIO()
    trained.model.save(file)
    return file.getvalue(), Understanding.from_bytes(file.getvalue())


def _measure(old: "InUse", new: "Understanding", material: _Material) -> "list[Figure]":
    """Compare with the model in use; and with the shipped one, so that small losses never add up."""
    from routing.adoption import EVALUATION_SET, OWN_SET, OWN_SINCE_SHIPPED, SINCE_SHIPPED
    from routing.understanding import Understanding

    figures = _against(old.understanding, new, material, EVALUATION_SET, OWN_SET, test=material.kept_back)
    shipped = Understanding.load()
    if shipped.model_version != old.understanding.model_version:
        figures += _against(shipped, new, material, SINCE_SHIPPED, OWN_SINCE_SHIPPED)
    return figures


def _against(
    before: "Understanding",
    new: "Understanding",
    material: _Material,
    shipped_set: str,
    own_set: str,
    *,
    test: "Sequence[Lesson]" = (),
) -> "list[Figure]":
    """Compare with one model on the shipped evaluation set, and on the file given besides."""
    from routing.adoption import compare

    figures = []
    for cases, lessons, name in ((material.cases, test, shipped_set), (material.own_cases, (), own_set)):
        asked = progress(cases, "evaluation texts")
        figures += compare(_read(before), _read(new), asked, lessons, measured_on=name)
    return figures


def _read(understanding: "Understanding") -> "Callable[[str], Reading]":
    return lambda text: understanding.read(text, province=None)


async def _adopt(
    arguments: argparse.Namespace,
    version: str,
    content: bytes,
    old: "StoredModel | None",
    figures: dict[str, Any],
) -> list[str]:
    """Take the new model into use; return why this could not be done."""
    from storage import models

    async with opened(arguments.settings) as database, database.begin() as transaction:
        try:
            adopted = await models.adopt(
                transaction,
                version,
                content,
                instead_of=old,
                figures=figures,
                note=arguments.note,
                now=moment.now(),
            )
        except models.TooLarge as error:
            return [f"the new model is too large to be kept ({error})"]
    return [] if adopted else ["another model was adopted meanwhile; train again"]
