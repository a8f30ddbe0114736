"""What people read of deadlines: reminders gathered into one message, putting them off, waits that end."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment

_SECTIONS = {
    "overdue": "🔺 QUÁ HẠN",
    "unaccepted": "🔸 Chưa ai nhận",
    "soon": "🔸 Sắp đến hạn",
    "decide": "✍️ Chờ anh/chị duyệt",
    "triage": "🔸 Chờ điều phối",
    "snoozed": "⏰ Đã hẹn nhắc lại",
}

SNOOZE_REASONS: Mapping[str, str] = {
    "others": "Đang chờ đơn vị khác phối hợp",
    "works": "Đang thi công, xử lý tại chỗ",
    "visit": "Đã hẹn ngày xuống kiểm tra",
    "supplies": "Đang chờ vật tư, kinh phí",
}
"""Why an official puts a reminder off."""


# ── reminders ────────────────────────────────────────────────────────────────────────────────────


def reminders(*, count: int, sections: Sequence[str], left_out: int) -> str:
    """Gather what one reader must be reminded of into one message."""
    more = [f"… và {left_out} việc nữa."] if left_out else []
    return "\n\n".join([f"⏰ Nhắc việc: {count} việc cần anh/chị xem", *sections, *more])


def reminder_section(*, matter: str, count: int, lines: Sequence[str]) -> str:
    """Put the cases of one kind together under their heading, with how many there are in all."""
    return "\n".join([f"{_SECTIONS[matter]} ({count})", *lines])


def reminder_line(
    *,
    number: int,
    matter: str,
    code: str,
    domain: str,
    place: str,
    unit: str,
    urgent: bool,
    at: datetime,
    due_at: datetime | None,
) -> str:
    """Say in two short lines what a case is about and what is wrong with it."""
    mark = "🔴 KHẨN " if urgent else ""
    about = " – ".join(part for part in (domain, unit, excerpt(text=place, limit=40)) if part)
    return f"{number}. {mark}{about}\n    {code}: {_told(matter, at, due_at)}"


def _told(matter: str, at: datetime, due_at: datetime | None) -> str:
    if matter == "unaccepted":
        return f"lẽ ra nhận trước {moment(at)}"
    if matter == "triage":
        return f"lẽ ra chọn đơn vị trước {moment(at)}"
    return f"hạn trả lời {moment(due_at)}" if due_at else "chưa có hạn"


def label_see_all(*, count: int) -> str:
    """Label: show everything that a reminder could not name."""
    return f"Xem tất cả ({count})"


def late_list(*, count: int, first: int, lines: Sequence[str]) -> str:
    """List what is late within somebody's reach."""
    shown = f"{first}–{first + len(lines) - 1} trong {count} việc" if count > len(lines) else f"{count} việc"
    return "\n".join([f"Quá hạn: {shown}, trễ lâu nhất ở trên", *lines, "Bấm một mã để mở phiếu."])


def nothing_late() -> str:
    """Say that nothing is late within somebody's reach."""
    return "Không có việc nào quá hạn trong phạm vi của anh/chị."


# ── putting a reminder off ───────────────────────────────────────────────────────────────────────


def label_snooze() -> str:
    """Label: put the reminder off."""
    return "Nhắc sau"


def ask_snooze_until(*, code: str, due_at: datetime | None) -> str:
    """Ask until when a reminder is put off."""
    due = f" Hạn trả lời vẫn là {moment(due_at)}." if due_at else ""
    return f"Nhắc lại {code} khi nào? Bấm một nút, hoặc gõ ngày, ví dụ: thứ 5, 5/12.{due}"


def label_snooze_hours() -> str:
    """Label: put the reminder off by half a working day."""
    return "4 giờ làm việc nữa"


def label_snooze_morning() -> str:
    """Label: put the reminder off until the next working morning."""
    return "Sáng ngày làm việc tới"


def snooze_day_not_understood(*, query: str, days: int) -> str:
    """Say which days can be chosen."""
    return (
        f"Tôi chưa hiểu «{excerpt(text=query, limit=40)}». Anh/chị gõ một ngày trong {days} ngày tới, "
        "ví dụ: mai, thứ 5, 5/12."
    )


def ask_snooze_reason(*, code: str, until: datetime) -> str:
    """Ask why a reminder is put off."""
    return f"Vì sao {code} cần nhắc lại sau, lúc {moment(until)}? Bấm một lý do, hoặc gõ lý do."


def snoozed(*, code: str, until: datetime, due_at: datetime | None) -> str:
    """Confirm that a reminder is put off; the deadline and those above stay."""
    due = f" Hạn trả lời không đổi: {moment(due_at)}; nếu trễ, cấp trên vẫn được báo." if due_at else ""
    return f"Sẽ nhắc lại {code} lúc {moment(until)}.{due}"


def snoozed_note(*, until: datetime, reason: str) -> str:
    """Say on a card until when its reminder is put off, and why."""
    why = f" ({reason})" if reason else ""
    return f"⏰ Đã hẹn nhắc lại lúc {moment(until)}{why}"


# ── waiting and silence ──────────────────────────────────────────────────────────────────────────


def waiting_over_unit(*, code: str, days: int, due_at: datetime | None) -> str:
    """Tell a unit that the citizen did not reply and the clock runs again."""
    due = f" Hạn trả lời: {moment(due_at)}." if due_at else ""
    return f"{code}: sau {days} ngày người dân chưa trả lời câu hỏi, thời hạn chạy tiếp từ lúc này.{due}"


def waiting_over_citizen(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Tell a citizen that the unit goes on without the reply, which is still welcome."""
    due = f" Hạn trả lời: {moment(due_at)}." if due_at else ""
    return (
        f"{code}: chưa nhận được trả lời của anh/chị nên {unit} xử lý tiếp với thông tin đang có.{due} "
        "Anh/chị vẫn bổ sung được bất cứ lúc nào, đơn vị sẽ nhận ngay."
    )
