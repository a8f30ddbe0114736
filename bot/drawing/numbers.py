"""Numbers as they are written in Việt Nam, and round steps for scales."""

from math import floor, log10


def told(number: float, unit: str = "") -> str:
    """Return a number with its unit: 1.234; 12,5; 82,5%; 3 giờ. At most one decimal, none from 1.000 on."""
    rounded = round(number, 1) if abs(number) < 1000 else round(number)
    whole = f"{rounded:,.1f}".removesuffix(".0")
    written = whole.translate(str.maketrans(",.", ".,"))
    return f"{written}%" if unit == "%" else f"{written} {unit}".strip()


def briefly(number: float) -> str:
    """Return a number for a narrow place: 950, 12,3k (thousands), 4,5tr (millions)."""
    for least, size, sign in ((10**9, 10**9, "tỷ"), (10**6, 10**6, "tr"), (10**4, 10**3, "k")):
        if abs(number) >= least:
            return told(number / size) + sign
    return told(number)


def round_steps(largest: float, *, about: int = 4) -> list[float]:
    """Return round numbers from 0 to at least the largest, about so many steps."""
    if largest <= 0:
        return [0, 1]
    raw = largest / about
    size = 10 ** floor(log10(raw))
    step = next(each * size for each in (1, 2, 2.5, 5, 10) if each * size >= raw * 0.999)
    if float(largest).is_integer() and largest >= 1:
        step = max(1, round(step)) if step < 10 else step
    count = -int(-largest / step // 1)
    return [round(step * number, 6) for number in range(count + 1)]
