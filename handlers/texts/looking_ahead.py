"""What is said about cases likely to be late and about what rises unusually."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from handlers.texts.common import moment

_SIGNS = {"red": "🔴", "orange": "🟠", "green": "🟢", "grey": "⚪"}
_ALMOST_SURE = 0.8


# ── cases that may miss their deadline ───────────────────────────────────────────────────────────


def command_at_risk() -> str:
    """Describe the command that lists what may be late."""
    return "Vụ việc có nguy cơ trễ hạn"


def chance_in_words(*, colour: str, chance: float) -> str:
    """Say what a chance of missing the deadline means."""
    if colour == "grey":
        return "chưa đủ dữ liệu để dự báo"
    if colour == "green":
        return "dự kiến kịp hạn"
    if colour == "orange":
        return "có thể trễ"
    return "gần như chắc chắn trễ" if chance >= _ALMOST_SURE else "nhiều khả năng trễ"


def at_risk_summary(*, unit: str, counts: Mapping[str, int], shown: int, first: int) -> str:
    """Stand above the cases that may be late: how many of each colour there are."""
    told = [
        f"{_SIGNS['red']} nhiều khả năng trễ: {counts['red']}",
        f"{_SIGNS['orange']} có thể trễ: {counts['orange']}",
        f"{_SIGNS['green']} dự kiến kịp: {counts['green']}",
        f"{_SIGNS['grey']} chưa đủ dữ liệu: {counts['grey']}",
    ]
    total = counts["red"] + counts["orange"]
    lines = [f"{unit}: {sum(counts.values())} vụ đang mở, chưa quá hạn", " · ".join(told)]
    if total > shown:
        lines.append(f"Vụ {first}–{first + shown - 1} trên {total}, dễ trễ nhất trước:")
    return "\n".join(lines)


def at_risk_line(
    *, number: int, code: str, domain: str, unit: str, due_at: datetime, colour: str, chance: float
) -> str:
    """Say of one case what is to be expected, and why it matters now."""
    about = " – ".join(part for part in (domain, unit) if part)
    said = chance_in_words(colour=colour, chance=chance)
    return f"{number}. {_SIGNS[colour]} {code} · {about} · {said} (hạn {moment(due_at)})"


def nothing_at_risk(*, unit: str, counts: Mapping[str, int]) -> str:
    """Answer when no open case is likely to be late."""
    if not sum(counts.values()):
        return f"{unit}: hiện không có vụ nào đang mở mà chưa quá hạn. Việc đã quá hạn xem ở /viec."
    if counts["grey"] and not counts["green"]:
        return (
            f"{unit}: {counts['grey']} vụ đang mở nhưng chưa đủ dữ liệu để dự báo. "
            "Khi đơn vị đã xử lý thêm một số vụ, tôi sẽ dự báo được."
        )
    unknown = f" {counts['grey']} vụ chưa đủ dữ liệu để dự báo." if counts["grey"] else ""
    return f"{unit}: {counts['green']} vụ đang mở đều dự kiến kịp hạn.{unknown}"


def at_risk_chart_title(*, count: int) -> str:
    """Say in a picture's title how many cases are likely to be late."""
    return f"{count} vụ đang mở nhiều khả năng trễ hạn"


def at_risk_chart_note() -> str:
    """Say below a picture how it is to be read."""
    return "Dự báo theo tốc độ xử lý của từng đơn vị. Vụ đã quá hạn không tính ở đây."


# ── what rises unusually ─────────────────────────────────────────────────────────────────────────


def rise_noticed(
    *, ward: str, domain: str, people: int, days: int, usual: float, codes: Sequence[str], more: int
) -> str:
    """Tell leaders and the ward's chair that something rises beyond what is usual there."""
    when = "Hôm nay" if days == 1 else f"Trong {days} ngày qua"
    expected = "gần như không có" if usual < 0.5 else f"khoảng {_number(usual)}"
    lines = [
        f"📈 Tăng bất thường: {domain} ở {ward}.",
        f"{when} có {people} lượt người phản ánh; bình thường {expected}.",
    ]
    if codes:
        rest = f" và {more} vụ khác" if more else ""
        lines.append(f"Mới nhất: {', '.join(codes)}{rest}.")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".replace(".", ",").removesuffix(",0")


def rise_chart_title(*, ward: str, domain: str) -> str:
    """Say in a picture's title what rises."""
    return f"{domain} ở {ward} tăng bất thường"


def rise_chart_names() -> tuple[str, str]:
    """Name the two lines of the picture: what was reported, and the most that is still usual."""
    return "Lượt người phản ánh", "Mức cao nhất thường gặp"


def rise_chart_unit() -> str:
    """Name what the picture counts."""
    return "lượt người"


def label_rise_cases() -> str:
    """Label: show the cases of a rise."""
    return "Xem các vụ việc"


def rise_cases(*, ward: str, domain: str, first: date, last: date, lines: Sequence[str], count: int) -> str:
    """List the cases of a rise that the reader may see."""
    days = f"{first:%d/%m}" if first == last else f"{first:%d/%m} – {last:%d/%m}"
    heading = f"{domain} ở {ward}, {days}: {count} vụ anh/chị xem được"
    return "\n".join([heading, *lines])


def rise_case_line(*, number: int, code: str, place: str, status: str, received_at: datetime) -> str:
    """Say in a line which case it is."""
    about = " · ".join(part for part in (place, status) if part)
    return f"{number}. {code} · {about} · nhận {moment(received_at)}"


def rise_without_cases(*, ward: str, domain: str) -> str:
    """Answer when none of a rise's cases is the reader's to see."""
    return (
        f"{domain} ở {ward}: không có vụ nào thuộc phạm vi anh/chị xem. "
        "Số liệu chung của đơn vị xem ở /thongke."
    )
