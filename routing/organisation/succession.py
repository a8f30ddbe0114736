"""Who takes over from a unit, and which of its cases go where."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from routing.organisation.city import City, bare_line


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one successor takes over: official ward codes, units of the tree, streets; nothing for all."""

    unit: str
    wards: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Succession:
    """One unit's work goes to others.

    ends: the unit is over; else it goes on as one of the shares. people: the units at which its officials
    get posts; none where they stay.
    """

    was: str
    shares: tuple[Share, ...]
    ends: bool = True
    people: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        """The units that take over, in order."""
        return tuple(share.unit for share in self.shares)

    def unit_for(self, city: City, *, ward_code: str | None, street: str | None) -> tuple[str, bool]:
        """Return who gets a case of this place, and whether its place tells.

        Where it does not: the unit itself if it goes on, else the first of its successors.
        """
        if len(self.shares) == 1:
            return self.shares[0].unit, True
        found = self._by_street(street) or self._by_ward(city, ward_code)
        if found is not None:
            return found, True
        return (self.shares[0].unit if self.ends else self.was), False

    def _by_street(self, street: str | None) -> str | None:
        words = f" {bare_line(street or '')} "
        named = ((share.unit, bare_line(each)) for share in self.shares for each in share.streets)
        return next((unit for unit, each in named if each and f" {each} " in words), None)

    def _by_ward(self, city: City, ward_code: str | None) -> str | None:
        if ward_code is None:
            return None
        listed = next((share.unit for share in self.shares if ward_code in share.wards), None)
        ward = city.ward_unit(ward_code)
        # A ward that was split itself says nothing about where in it a case is.
        if listed is not None or ward is None or ward_code == city.units[self.was].ward_code:
            return listed
        upwards = (unit.code for unit in reversed(city.path(ward.code)))
        owners = {area: share.unit for share in self.shares for area in (share.unit, *share.areas)}
        return next((owners[code] for code in upwards if code in owners), None)

    def as_row(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Succession":
        """Return what `as_row` wrote."""
        shares = tuple(
            Share(
                unit=each["unit"],
                wards=tuple(each["wards"]),
                areas=tuple(each["areas"]),
                streets=tuple(each["streets"]),
            )
            for each in row["shares"]
        )
        return cls(was=row["was"], shares=shares, ends=row["ends"], people=tuple(row["people"]))
