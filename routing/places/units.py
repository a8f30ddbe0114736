"""What a place is: provinces, today's wards, former wards, and the reading of one text."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Province:
    """One of today's 34 provinces and cities: slug "ha-noi", name "Thành phố Hà Nội", short "Hà Nội"."""

    slug: str
    name: str
    short: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ward:
    """A commune of today: official five-digit code, name in full ("Phường Khương Đình"), province slug."""

    code: str
    name: str
    province: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FormerWard:
    """A commune until 30 June 2025: names in full, and the slug of the province it belongs to today."""

    name: str
    district: str
    province: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceReading:
    """What a text says about where something is.

    `province` is the full name of the province named (former names as named) or else of the one given;
    `ward_named` and `district` are what the text names, in full form; `ward` is today's ward when one is
    certain enough and `candidates` all that are possible, best first; `former` the former wards meant;
    `span` the ward's mention in the text.
    """

    province: str | None
    ward_named: str | None
    district: str | None
    ward: Ward | None
    candidates: tuple[Ward, ...]
    former: tuple[FormerWard, ...]
    street: str | None
    span: tuple[int, int] | None
    reasons: tuple[str, ...]
