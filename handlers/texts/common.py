"""Words that all texts share: times as people say them, statuses, lists, and buttons used everywhere."""

from collections.abc import Sequence
from datetime import datetime

from routing.deadline import LOCAL_TIME
from routing.workflow import Status

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
}


def moment(at: datetime) -> str:
    """Return a moment as people say it: "17:00 thứ Tư 25/11"."""
    local = at.astimezone(LOCAL_TIME)
    return f"{local:%H:%M} {_WEEKDAYS[local.weekday()]} {local.day}/{local.month}"


def day(at: datetime) -> str:
    """Return a day as people say it: "thứ Tư 25/11"."""
    local = at.astimezone(LOCAL_TIME)
    return f"{_WEEKDAYS[local.weekday()]} {local.day}/{local.month}"


def status_name(status: str) -> str:
    """Return what a citizen reads for a status."""
    return _STATUSES[Status(status)]


def kind_name(kind: str) -> str:
    """Return what people call this kind of message."""
    return _KINDS.get(kind, "Phản ánh")


def place_name(street: str | None, ward: str | None) -> str:
    """Return a street and a ward as one place; empty when neither is known."""
    return ", ".join(part for part in (street, ward) if part)


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of a text on one line, cut between words, with dots where it was cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[:limit].rsplit(" ", 1)[0] if " " in line[:limit] else line[:limit]
    return f"{cut} …"


def either(names: Sequence[str]) -> str:
    """Return names as a choice: "a, b hoặc c"."""
    *first, last = names
    return f"{', '.join(first)} hoặc {last}" if first else last
