"""What a citizen is about to send: kept in the chat until one tap sends it or throws it away."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from routing.language import calls_for_help, cries_for_help, is_foreign
from routing.organisation import City
from routing.place import FormerWard, Ward
from routing.problems import advertises, content_words
from routing.responsibility import Assignment, assign_case
from routing.understanding import LONGEST_TEXT, Reading
from storage.identity import new_token

STEP = "draft"
"""The step of a chat that holds a draft."""
BETWEEN_MESSAGES = "\n\n"
"""What joins the messages of a draft; the reading takes it for a possible turn to another matter."""
ASIDE = "draft_aside"
KEPT_FOR = timedelta(hours=3)
"""A later message begins a new draft: nobody remembers this one."""
MOST_PHOTOS = 20
MOST_WARDS = 6
NO_FEEDBACK = frozenset({"grievance", "denunciation", "abuse"})
LEGAL = frozenset({"grievance", "denunciation"})
SURE_OF_A_MATTER = 0.6
"""How sure a domain must be for a text that reads like small talk, or an insult, to be a report."""
FEWEST_WORDS_OF_CONTENT = 2
FEWEST_WORDS_BESIDE_AN_INSULT = 5


@dataclass(slots=True, kw_only=True)
class Draft:
    """A report on its way: what was written, what was understood of it, and what the writer corrected.

    `nonce` ties the buttons to this very draft. `asking` says what the next message may answer: "text",
    "ward", "photos", "ordinary" (feedback after all?), "citizen" (an official's own report?) or "split"
    (several reports?).
    """

    nonce: str
    changed_at: str
    parts: list[list[str]] = field(default_factory=list)
    """Message id and text of everything written, in order."""
    photos: list[str] = field(default_factory=list)
    album: str = ""
    asking: str = ""
    kind: str = "feedback"
    domain: str = ""
    unsure: bool = False
    foreign: bool = False
    candidates: list[str] = field(default_factory=list)
    """Domains that the machine thinks possible, best first."""
    urgent: bool = False
    told: list[str] = field(default_factory=list)
    """What was said once and need not be said again: "emergency", "foreign"."""
    ward_code: str | None = None
    ward_name: str | None = None
    former: list[dict[str, str]] = field(default_factory=list)
    street: str | None = None
    elsewhere: str = ""
    """A place outside the city that the text names."""
    wards: list[list[str]] = field(default_factory=list)
    """Code and name of the wards to choose from."""
    ward_unknown: bool = False
    latitude: float | None = None
    longitude: float | None = None
    located: bool = False
    """The ward comes from a position, so a ward in the text wins over it."""
    from_photo: bool = False
    """The position is the one where a picture was taken, not one that was sent."""
    anonymous: bool = False
    fixed: dict[str, str] = field(default_factory=dict)
    """What the writer corrected or told: "domain", "ward" and "kind"."""
    reading: dict[str, Any] = field(default_factory=dict)
    """The machine's reading, for the record."""
    consent: str = ""
    """The notice as it was shown last."""
    split: str = ""
    """How several problems are to be sent, once the writer has said so: "apart" or "together"."""
    split_count: int = 0
    """How many problems there were then."""
    shares: list[dict[str, Any]] = field(default_factory=list)
    """The problems that are to be sent apart (`splitting`), each as a draft of its own."""
    share: str = ""
    """Which of them this draft is; empty for the whole."""
    shared: int = 0
    """How many shares were ever cut, so that no two have the same name."""
    at_hand: str = ""
    """Which of them is asked about; empty for none."""
    dropped: list[str] = field(default_factory=list)
    """Problems that were left out, in their writer's words: they do not come back with an edit."""
    more: int = 0
    """Matters beyond the most that are sent apart, which this one holds besides its own."""
    before: dict[str, Any] = field(default_factory=dict)
    """The draft as it was before the message that may be another matter."""
    sent: dict[str, Any] = field(default_factory=dict)
    """What went ahead of the same messages: an emergency does not wait for the rest."""

    @classmethod
    def begun(cls, now: datetime) -> Self:
        """Return an empty draft."""
        return cls(nonce=new_token(4), changed_at=now.isoformat())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a draft from what the chat holds (and may hold other things beside)."""
        own = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**_own(own))

    def as_dict(self) -> dict[str, Any]:
        """Return what the chat holds: everything, in JSON."""
        return _own({name: getattr(self, name) for name in self.__slots__})

    @property
    def text(self) -> str:
        """Everything written, as one text."""
        return BETWEEN_MESSAGES.join(text for _, text in self.parts)

    @property
    def full(self) -> bool:
        """Whether more was written than is kept."""
        return len(self.text) > LONGEST_TEXT

    def is_stale(self, now: datetime) -> bool:
        """Tell whether nobody has touched the draft for hours."""
        return now - datetime.fromisoformat(self.changed_at) > KEPT_FOR

    def holds(self, message_id: str) -> bool:
        """Tell whether a message is part of the draft."""
        return any(part[0] == message_id for part in self.parts)

    def first(self, saying: str) -> bool:
        """Tell whether this is said for the first time, and note it."""
        if saying in self.told:
            return False
        self.told.append(saying)
        return True

    def write(self, message_id: str, text: str, *, edited: bool = False) -> None:
        """Take a text in; an edit replaces what the same message said before.

        Whoever was asked to write without insults writes in place of the insult.
        """
        for part in self.parts if edited else ():
            if part[0] == message_id:
                part[1] = text
                return
        if self.asking == "ordinary" and self.kind == "abuse":
            del self.parts[-1:]
        self.parts.append([message_id, text])

    def add_photos(self, keys: Sequence[str]) -> None:
        """Take pictures in, up to the limit."""
        self.photos = [*self.photos, *keys][:MOST_PHOTOS]

    def understand(self, reading: Reading, city: City) -> None:
        """Take over what the machine read; what the writer corrected stays."""
        self.reading = {key: value for key, value in reading.as_dict().items() if key != "text"}
        self.foreign = is_foreign(self.text)
        read = self._kind_read(reading)
        self.kind = read if read == "emergency" else self.fixed.get("kind", read)
        self.urgent = self.kind == "emergency" or (reading.urgent and not self.foreign)
        narrowed = [city.narrowed(each.domain, self.text) for each in reading.candidates]
        self.candidates = [domain for domain in narrowed if domain in city.domains]
        if "domain" not in self.fixed:
            domain = city.narrowed(reading.domain, self.text)
            known = domain in city.domains
            self.domain = domain if known else "other"
            self.unsure = reading.needs_triage or self.foreign or not known
        self._place(reading, city)

    def _kind_read(self, reading: Reading) -> str:
        """Return the kind; of a language that the machine cannot read only a call for help counts.

        A call for help counts also among other messages, which are read as one text.
        """
        if self.foreign:
            return "emergency" if calls_for_help(self.text) else "feedback"
        joined = len(self.parts) > 1 and any(cries_for_help(text) for _, text in self.parts)
        one = any(
            problem.kind == "emergency" and cries_for_help(self.text[problem.start : problem.end])
            for problem in reading.problems
        )
        if joined or one or reading.kind == "emergency":
            return "emergency"
        legal = (problem.kind for problem in reading.problems if problem.kind in LEGAL)
        return next(legal, _kind_for_report(reading, self.text))

    def _place(self, reading: Reading, city: City) -> None:
        place = reading.place
        self.street = place.address or self.street
        inside = [ward for ward in place.candidates if ward.province == city.province]
        named = place.ward_named or place.district or ""
        self.elsewhere = named if place.candidates and not inside else ""
        if "ward" in self.fixed:
            return
        self.former = [asdict(ward) for ward in place.former if ward.province == city.province]
        if place.ward is not None and place.ward.province == city.province:
            if place.ward.code != self.ward_code:
                self._drop_place_of_photo()
            self.ward_code, self.ward_name = place.ward.code, place.ward.name
        elif inside and not self.located:
            self.ward_code = self.ward_name = None
        if inside or self.former:
            self.ward_unknown = False
        self.wards = choices_of(city, inside, place.former) or self.wards

    def offer_wards(self, wards: Sequence[Ward]) -> None:
        """Keep wards to choose from."""
        self.wards = [[ward.code, ward.name] for ward in wards[:MOST_WARDS]]

    def choose_ward(self, code: str, city: City, *, located: bool = False) -> bool:
        """Fix the place as the writer says, or as a position says; False when the city has no such ward."""
        unit = city.ward_unit(code) or city.units.get(code)
        if unit is None or unit.kind != "ward":
            return False
        self.ward_code, self.ward_name, self.ward_unknown = unit.ward_code, unit.name, False
        self.former, self.elsewhere, self.wards = [], "", []
        if unit.former_ward is not None:
            name, district = unit.former_ward
            self.former = [{"name": name, "district": district, "province": city.province}]
        self.located = located
        if not located:
            self._drop_place_of_photo()
            self.fixed["ward"] = unit.ward_code or unit.code
        return True

    def _drop_place_of_photo(self) -> None:
        """Forget where a picture was taken, since its writer says that the matter is elsewhere."""
        if self.from_photo:
            self.latitude = self.longitude = None
            self.from_photo = False

    @property
    def landmark(self) -> str | None:
        """What the writer steers by: "gần chợ Hôm"."""
        found: str | None = self.reading.get("place", {}).get("landmark")
        return found

    @property
    def ward_as_written(self) -> str | None:
        """The ward's name in the text, where that is another than today's."""
        named = self.reading.get("ward_named")
        chosen = "ward" in self.fixed or self.located
        return None if chosen or named == self.ward_name else named

    def choose_domain(self, domain: str) -> None:
        """Fix the domain as the writer says."""
        self.domain, self.unsure = domain, False
        self.fixed["domain"] = domain

    def assignment(self, city: City, now: datetime) -> Assignment:
        """Return who would answer what is sent now."""
        return assign_case(
            city,
            domain=self.domain,
            kind=self.kind,
            ward_code=self.ward_code,
            former=[FormerWard(**each) for each in self.former],
            street=self.street,
            received_at=now,
        )

    def corrections(self) -> list[tuple[str, str | None, str]]:
        """Return what the writer changed of the machine's reading: field, what it was, what it is."""
        read = {field: self.reading.get(name) for field, name in _READ_AS.items()}
        return [
            (field, read[field], value)
            for field, value in self.fixed.items()
            if read[field] not in (None, value)
        ]


def tells_of_a_matter(reading: Reading, text: str) -> bool:
    """Tell whether what reads like small talk, or an insult, tells of a matter all the same.

    An insult is often about officials, so that their conduct as its domain says nothing.
    """
    fewest = FEWEST_WORDS_OF_CONTENT if reading.kind == "smalltalk" else FEWEST_WORDS_BESIDE_AN_INSULT
    sure = reading.confidence >= SURE_OF_A_MATTER
    insult = reading.kind == "abuse" and reading.domain == "conduct"
    return sure and not insult and not advertises(text) and len(content_words(text)) >= fewest


def _kind_for_report(reading: Reading, text: str) -> str:
    insult = reading.kind == "abuse" and tells_of_a_matter(reading, text)
    return "feedback" if reading.kind == "smalltalk" or insult else reading.kind


_READ_AS = {"domain": "domain", "ward": "ward_code", "kind": "kind"}


def choices_of(city: City, wards: Sequence[Ward], former: Sequence[FormerWard]) -> list[list[str]]:
    """Return code and name of the city's wards to choose from: today's, or former ones in three tiers."""
    if city.tiers == 2:
        return [[ward.code, ward.name] for ward in wards[:MOST_WARDS]]
    units = [city.former_ward_unit(each.name, each.district) for each in former]
    return [[unit.code, unit.name] for unit in units if unit is not None][:MOST_WARDS]


def draft_of(step: str, kept: Mapping[str, Any], now: datetime) -> Draft | None:
    """Return the draft that a chat holds, None when it holds none or a forgotten one."""
    draft = unsent_draft(step, kept) if step == STEP else None
    return None if draft is None or draft.is_stale(now) else draft


def unsent_draft(step: str, kept: Mapping[str, Any]) -> Draft | None:
    """Return the draft that a button may still send: however old, and also one that was laid aside."""
    data = kept if step == STEP else kept.get(ASIDE)
    return Draft.from_dict(data) if data else None


def lay_aside(step: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a chat goes on holding of its draft while it waits for something else."""
    data = kept if step == STEP else kept.get(ASIDE)
    return {ASIDE: data} if data else {}


def take_up(kept: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return step and content of a chat that is done with something else: back to the draft, if any."""
    return (STEP, dict(kept[ASIDE])) if ASIDE in kept else ("", {})


_REPLACED = frozenset({"reading", "before"})


def _own(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that can be changed; what was read and what was before are replaced as a whole."""
    return {name: part if name in _REPLACED else _copied(part) for name, part in parts.items()}


def _copied(value: Any) -> Any:
    """Return a copy of JSON values; `copy.deepcopy` takes ten times as long for these."""
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value
