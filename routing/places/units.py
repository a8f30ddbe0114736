"""What a place is: provinces, today's wards, former wards, and the reading of one text."""

from dataclasses import dataclass
from typing import Any


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

    def as_dict(self) -> dict[str, str]:
        """Return the parts in JSON."""
        return {"code": self.code, "name": self.name, "province": self.province}


@dataclass(frozen=True, kw_only=True, slots=True)
class FormerWard:
    """A commune until 30 June 2025: names in full, and the slug of the province it belongs to today."""

    name: str
    district: str
    province: str

    def as_dict(self) -> dict[str, str]:
        """Return the parts in JSON."""
        return {"name": self.name, "district": self.district, "province": self.province}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceReading:
    """What a text says about where something is.

    `province` is the full name of the province named (former names as named) or else of the one given;
    `ward_named` and `district` are what the text names, in full form; `ward` is today's ward when one is
    certain enough and `candidates` all that are possible, best first; `former` the former wards meant;
    `span` the ward's mention in the text. `street` is the street's name and `street_word` what stands
    before it ("đường", "phố"); `alley` is "ngõ 45" or "ngách 12 ngõ 45", `house_number` "12" or "12/3A",
    `landmark` "gần chợ Hôm" or "ngã tư Trần Phú - Lê Lợi", as it is written.
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
    street_word: str | None = None
    alley: str | None = None
    house_number: str | None = None
    landmark: str | None = None

    @property
    def address(self) -> str | None:
        """The house, alley and street as people write them: "số 12 ngõ 45 đường Nguyễn Trãi"."""
        number = self.house_number
        house = f"số {number}" if number and "/" not in number else number
        named = " ".join(part for part in (self.street_word, self.street) if part) if self.street else None
        return " ".join(part for part in (house, self.alley, named) if part) or None

    def as_dict(self) -> dict[str, Any]:
        """Return the parts in JSON; by hand, because `dataclasses.asdict` takes ten times as long."""
        return {
            "province": self.province,
            "ward_named": self.ward_named,
            "district": self.district,
            "ward": self.ward.as_dict() if self.ward else None,
            "candidates": [ward.as_dict() for ward in self.candidates],
            "former": [ward.as_dict() for ward in self.former],
            "street": self.street,
            "span": list(self.span) if self.span else None,
            "reasons": list(self.reasons),
            "street_word": self.street_word,
            "alley": self.alley,
            "house_number": self.house_number,
            "landmark": self.landmark,
        }
