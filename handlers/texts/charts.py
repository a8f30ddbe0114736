"""Words in pictures of figures: few and short, since they are read on a phone."""

from unicodedata import normalize

_PARTS = {
    "overdue": "Quá hạn, chưa xong",
    "late": "Trả lời trễ",
    "late_with_extension": "Trễ, có gia hạn",
    "at_risk": "Sắp đến hạn",
    "on_track": "Đang làm, còn hạn",
    "on_time": "Trả lời đúng hạn",
    "likely_late": "Khó kịp hạn",
    "uncertain": "Chưa chắc",
    "likely_on_time": "Có thể kịp hạn",
    "unknown": "Chưa đủ số liệu",
}
_SHORTER = (
    ("Công an phường ", "CA P. "),
    ("Công an xã ", "CA xã "),
    ("Phường ", "P. "),
    ("Quận ", "Q. "),
    ("Huyện ", "H. "),
    ("Thị trấn ", "TT. "),
    ("Văn phòng Ủy ban nhân dân ", "VP UBND "),
    ("Ủy ban nhân dân ", "UBND "),
)


def chart_part(*, part: str) -> str:
    """Return what a colour of a bar stands for, as the legend says it."""
    return _PARTS[part]


def chart_unit(*, name: str) -> str:
    """Return a unit's name, or a domain's, shorter than in sentences."""
    name = normalize("NFC", name)
    for start, short in _SHORTER:
        if name.startswith(start):
            return short + name.removeprefix(start)
    return name.split(",")[0]


def chart_rest(*, count: int) -> str:
    """Return the name of the row that stands for all units that are not shown."""
    return f"{count} đơn vị còn lại"


def chart_nothing() -> str:
    """Stand in a picture that has nothing to show."""
    return "Chưa có số liệu trong thời gian này."


def chart_average() -> str:
    """Name the line that shows the whole."""
    return "Toàn bộ"


def chart_missing() -> str:
    """Stand where a unit has no figure."""
    return "chưa có"


def chart_periods() -> tuple[str, str]:
    """Name the two lines of a trend: the period that was asked for, and the one before it."""
    return "Kỳ này", "Kỳ trước"
