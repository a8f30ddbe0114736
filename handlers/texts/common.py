"""Words that all texts share: times as people say them, statuses, lists, and buttons used everywhere."""

import re
from datetime import datetime, timedelta

from routing.deadline import LOCAL_TIME
from routing.workflow import Status

_UNENDED = re.compile(r"(?<=[^\s.!?,;:…])\s*\n\s*")
_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")

_STATUSES = {
    Status.RECEIVED: "Đã tiếp nhận",
    Status.TRIAGE: "Đang chọn đơn vị trả lời",
    Status.ASSIGNED: "Đã chuyển đơn vị",
    Status.IN_PROGRESS: "Đang giải quyết",
    Status.WAITING_FOR_CITIZEN: "Chờ anh/chị trả lời câu hỏi của đơn vị",
    Status.ANSWERED: "Đã trả lời",
    Status.CLOSED: "Đã xong",
    Status.REJECTED: "Không thuộc phạm vi giải quyết",
    Status.MERGED: "Đã gộp vào một vụ việc khác",
    Status.REOPENED: "Mở lại để giải quyết tiếp",
}

_KINDS = {
    "feedback": "Phản ánh",
    "suggestion": "Kiến nghị",
    "question": "Câu hỏi",
    "emergency": "Phản ánh khẩn cấp",
    "grievance": "Khiếu nại",
    "denunciation": "Tố cáo",
    "abuse": "Lời lẽ không phù hợp",
}


def moment(at: datetime) -> str:
    """Return a moment as people say it: "17:00 thứ Tư 25/11"; midnight is the end of the day before."""
    local = at.astimezone(LOCAL_TIME)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        local -= timedelta(days=1)
        return f"24:00 {_WEEKDAYS[local.weekday()]} {local.day}/{local.month}"
    return f"{local:%H:%M} {_WEEKDAYS[local.weekday()]} {local.day}/{local.month}"


def moment_of_year(at: datetime, *, now: datetime) -> str:
    """Return a moment as people say it, with its year where that is another one than now."""
    year = (at - timedelta(microseconds=1)).astimezone(LOCAL_TIME).year
    return moment(at) if year == now.astimezone(LOCAL_TIME).year else f"{moment(at)}/{year}"


def status_name(status: str) -> str:
    """Return what a citizen reads for a status."""
    return _STATUSES[Status(status)]


def kind_name(kind: str) -> str:
    """Return what people call this kind of message."""
    return _KINDS.get(kind, "Phản ánh")


def place_name(
    street: str | None, ward: str | None, former: str | None = None, landmark: str | None = None
) -> str:
    """Return an address and a ward as one place, with the ward's former name and a landmark, as far as known.

    A junction that the street comes from is shown in its place.
    """
    if street and landmark and street in landmark:
        street = None
    now = f"{former} (nay là {ward})" if former and ward else ward
    return ", ".join(part for part in (street, landmark, now) if part)


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of a text on one line, cut between words, with dots where it was cut.

    What stood on lines of their own are sentences of their own.
    """
    line = " ".join(_UNENDED.sub(". ", text.strip()).split())
    if len(line) <= limit:
        return line
    cut = line[:limit].rsplit(" ", 1)[0] if " " in line[:limit] else line[:limit]
    return f"{cut} …"


def review_possible() -> str:
    """Tell a citizen how a case is looked at again."""
    return "Nếu thấy chưa đúng, anh/chị bấm «Chưa giải quyết», việc sẽ được xem lại."


def still_unsolved() -> str:
    """Tell a citizen what remains where a case cannot be opened again."""
    return "Nếu việc vẫn còn, anh/chị nhắn lại như một phản ánh mới."


def update_set_aside(*, inbox_id: int) -> str:
    """Tell the operators that a message could not be handled."""
    return (
        f"Tin nhắn số {inbox_id} xử lý ba lần đều lỗi nên đã được để riêng, chưa mất. "
        "Xin xem nhật ký của chương trình để tìm nguyên nhân."
    )


def message_not_handled() -> str:
    """Tell a person that their message met a fault of ours."""
    return (
        "Xin lỗi, hệ thống gặp lỗi khi đọc tin nhắn vừa rồi. Tin đã được giữ lại và người vận hành đã được "
        "báo. Anh/chị vẫn có thể nhắn tiếp, hoặc gửi lại tin đó sau ít phút."
    )


def channel_misconfigured(*, channel: str) -> str:
    """Tell the operators that a channel refuses the bot."""
    return (
        f"Kênh {channel} từ chối chương trình (sai hoặc hết hạn mã truy cập). Tin đang chờ sẽ được gửi lại "
        "khi cấu hình đúng. Xin kiểm tra cấu hình của kênh này."
    )


def notice_set_aside(*, outbox_id: int) -> str:
    """Tell the operators that a message could not be sent."""
    return f"Tin gửi đi số {outbox_id} không gửi được nên đã được để riêng. Xin xem nhật ký để biết vì sao."


def attachments_lost(*, count: int) -> str:
    """Stand under a message whose pictures or files the program has lost."""
    return f"(Có {count} ảnh hoặc tệp kèm theo mà hệ thống không còn mở được.)"
