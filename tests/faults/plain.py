"""A quick reading of the texts that the load is made of; places are read as the product reads them."""

from collections.abc import Sequence

from routing.place import read_place
from routing.understanding import Candidate, Reading
from routing.vietnamese import strip_accents

_DOMAINS = {"rac": "waste", "den duong": "lighting", "o ga": "roads", "ngap": "drainage"}


class PlainUnderstanding:
    """Tells a few domains by one word each; whatever has none of them is small talk."""

    model_version = "plain"

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        """Return the readings of many texts."""
        return [self.read(text, province=province) for text in texts]

    def read(self, text: str, *, province: str | None) -> Reading:
        """Return the reading of one text."""
        bare = strip_accents(text).lower()
        domain = next((name for word, name in _DOMAINS.items() if word in bare), None)
        return Reading(
            text=text,
            kind="feedback" if domain else "smalltalk",
            kind_confidence=0.9,
            urgent=False,
            domain=domain or "other",
            confidence=0.9,
            candidates=(Candidate(domain=domain or "other", confidence=0.9),),
            needs_triage=False,
            place=read_place(text, province=province),
            reasons=(),
            personal_data=(),
            model_version=self.model_version,
        )
