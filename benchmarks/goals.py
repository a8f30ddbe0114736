"""What is measured and what is aimed at: one table, which the report shows with what came out."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One figure. `most`: it must be at most the aim, not at least. unit: "×" for a ratio."""

    name: str
    aim: float
    most: bool = False
    unit: str = "×"

    def reached(self, value: float) -> bool:
        """Tell whether a value is good enough."""
        return value <= self.aim if self.most else value >= self.aim


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came out: the median of alternated pairs (or the only value), and the range it lay in."""

    value: float
    lowest: float
    highest: float
    note: str = ""
    """The rates or times behind a ratio."""


def of_pairs(values: list[float], note: str = "") -> Result:
    """Return the median of some pairs' ratios."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Result(value=median, lowest=ordered[0], highest=ordered[-1], note=note)
