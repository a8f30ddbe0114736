"""The morning's and the week's digests, and how they are set."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import moment

_PARTS = {
    "new": "phản ánh mới",
    "red": "quá hạn, sắp trễ",
    "solved": "đã trả lời",
    "seal": "dấu niêm phong",
    "picture": "biểu đồ",
}


def digest_heading(*, weekly: bool, names: Sequence[str], period: str) -> str:
    """Head a digest."""
    title = "Bản tin tuần" if weekly else "Bản tin sáng"
    return f"📋 {title} · {', '.join(names)} · {period}"


def digest_new(*, count: int, before: float | None) -> str:
    """Say how many reports came."""
    compared = f" (tuần trước đó {int(before)})" if before is not None else ""
    return f"Mới: {count} phản ánh{compared}"


def digest_solved(*, answered: int, on_time: int, late: int, late_with_extension: int) -> str:
    """Say how many were answered, in three numbers that are never blended."""
    if not answered:
        return "Đã trả lời: 0"
    kept = f"✅ đúng hạn {on_time} · 🔺 trễ {late} · 🔸 trễ có gia hạn {late_with_extension}"
    return f"Đã trả lời: {answered} ({kept})"


def digest_red(*, overdue: int, at_risk: int, likely: int) -> str:
    """Say what is red now."""
    ahead = f" · nhiều khả năng trễ {likely}" if likely else ""
    return f"Lúc này: 🔺 quá hạn {overdue} · 🔸 sắp đến hạn {at_risk}{ahead}"


def digest_worst(*, name: str, overdue: int) -> str:
    """Name a unit with how many of its cases are overdue."""
    return f"• {name}: quá hạn {overdue}"


def digest_picture_title() -> str:
    """Head the picture of a digest."""
    return "Việc đang mở của các đơn vị, quá hạn nhiều nhất ở trên"


def digest_heat_title() -> str:
    """Head the picture of the week."""
    return "Việc quá hạn theo đơn vị và lĩnh vực"


def digest_setting(
    *, daily: bool, weekly: bool, clock: str, parts: Sequence[str], next_at: datetime | None
) -> str:
    """Say how a chat's digest is set."""
    if not (daily or weekly):
        return "Bản tin đang tắt. Anh/chị bấm nút dưới đây, hoặc gõ /bantin bật để nhận lại."
    when = {(True, True): "mỗi ngày làm việc và đầu tuần", (True, False): "mỗi ngày làm việc"}
    told = when.get((daily, weekly), "đầu mỗi tuần")
    lines = [f"Bản tin gửi lúc {clock}, {told}. Gồm: {', '.join(parts) or 'không có mục nào'}."]
    if next_at is not None:
        lines.append(f"Lần tới: {moment(next_at)}. Đổi giờ: gõ ví dụ /bantin 8:00")
    return "\n".join(lines)


def digest_part(*, part: str) -> str:
    """Name a part of a digest."""
    return _PARTS[part]


def digest_not_understood(*, query: str) -> str:
    """Say how the digest is set."""
    return (
        f"Tôi chưa hiểu «{query}». Anh/chị gõ /bantin 8:00 (từ 6:00 đến 21:00), /bantin tắt "
        "hoặc /bantin bật, hoặc bấm nút."
    )


def digest_refused() -> str:
    """Say who sets a group's digest."""
    return "Bản tin của nhóm do lãnh đạo hoặc người lập nhóm đặt. Bản tin riêng: nhắn riêng cho tôi /bantin"


def label_digest_daily(*, on: bool) -> str:
    """Label: the daily digest on or off."""
    return "Tắt bản tin ngày" if on else "Bật bản tin ngày"


def label_digest_weekly(*, on: bool) -> str:
    """Label: the week's digest on or off."""
    return "Tắt bản tin tuần" if on else "Bật bản tin tuần"


def label_digest_part(*, part: str, on: bool) -> str:
    """Label: a part in or out."""
    return f"{'Bỏ' if on else 'Thêm'} {_PARTS[part]}"


def label_digest_now() -> str:
    """Label: see it now."""
    return "Xem thử ngay"


def label_ask_figures() -> str:
    """Label: ask for figures."""
    return "Hỏi số liệu"


def label_overdue_cases() -> str:
    """Label: open the overdue cases."""
    return "Hồ sơ quá hạn"


def command_digest() -> str:
    """Describe /bantin."""
    return "bản tin sáng: bật, tắt, đổi giờ"
