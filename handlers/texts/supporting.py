"""What officials read when units support one another: parts asked for, done, declined, due."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment

_TASK_SHOWN = 80


def command_parts() -> str:
    """Describe the command that lists what a unit was asked to contribute."""
    return "Các phần việc phối hợp"


def label_support() -> str:
    """Name the button that asks another unit to support."""
    return "Mời phối hợp"


def label_send_support() -> str:
    """Name the button that sends the request for support."""
    return "Gửi lời mời"


def label_answer_part() -> str:
    """Name the button that answers a part."""
    return "Trả lời phần việc"


def label_decline_part() -> str:
    """Name the button that declines a part."""
    return "Không thuộc đơn vị tôi"


def label_send_part() -> str:
    """Name the button that sends what a unit contributes."""
    return "Gửi cho đơn vị chủ trì"


def choose_supporting_unit(*, code: str) -> str:
    """Ask which unit should support."""
    return (
        f"{code}: mời đơn vị nào phối hợp? Bấm một nút, hoặc gõ tên đơn vị. Đơn vị của anh/chị vẫn chủ trì."
    )


def supporting_units_named(*, code: str, query: str) -> str:
    """Offer the units whose names look like what was typed."""
    return f"Các đơn vị gần với «{excerpt(query, 40)}». Bấm một nút để mời phối hợp {code}, hoặc gõ lại tên."


def write_task(*, code: str, unit: str) -> str:
    """Ask what the supporting unit should do."""
    return f"{code}: {unit} cần làm phần việc gì? Anh/chị nhắn vài dòng."


def task_draft(*, code: str, unit: str, task: str, due_at: datetime | None) -> str:
    """Show a request for support before it is sent."""
    due = f"\nHạn: {moment(due_at)}" if due_at else ""
    return f"Mời {unit} phối hợp {code}:\n«{task}»{due}\nBấm gửi, hoặc nhắn thêm."


def support_asked(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Confirm that a unit was asked to support."""
    due = f", hạn {moment(due_at)}" if due_at else ""
    return f"Đã mời {unit} phối hợp {code}{due}. Có kết quả tôi báo ngay."


def asked_already(*, code: str, unit: str) -> str:
    """Refuse to ask a unit that has an open part already."""
    return f"{unit} đang có một phần việc chưa xong ở {code}. Anh/chị chờ kết quả, hoặc mời đơn vị khác."


def task_by_rule() -> str:
    """Say what a unit does that the city's rules name as supporting."""
    return "Phối hợp giải quyết theo phân công của thành phố"


def part_card(*, lead: str, task: str, due_at: datetime | None, status: str, answer: str, card: str) -> str:
    """Show a part to the unit that was asked, with the case that it belongs to."""
    due = f"\nHạn phần việc: {moment(due_at)}" if due_at and status == "open" else ""
    done = f"\n{_PART_STATUSES[status]}" + (f": «{answer}»" if answer else "") if status != "open" else ""
    return f"PHỐI HỢP – {lead} chủ trì\nPhần việc của đơn vị: «{task}»{due}{done}\n\n{card}"


_PART_STATUSES = {
    "done": "Đã trả lời",
    "declined": "Đã từ chối",
    "dropped": "Không cần nữa vì vụ việc đã xong",
}


def no_such_part() -> str:
    """Answer a button of a part that does not exist or belongs to another unit."""
    return "Không thấy phần việc này trong các việc phối hợp của anh/chị. Gõ /phoihop để xem danh sách."


def part_over(*, code: str, status: str) -> str:
    """Say that nothing is left to do about a part."""
    why = _PART_STATUSES[status].lower()
    return f"{code}: phần việc này không còn mở ({why}). Anh/chị không phải làm gì thêm."


def write_part(*, code: str) -> str:
    """Ask for what the unit contributes."""
    return f"{code}: đơn vị đã làm gì, khi nào? Anh/chị nhắn vài dòng, kèm ảnh nếu có."


def part_draft(*, code: str, text: str, photos: int) -> str:
    """Show what a unit contributes before it is sent."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    return f"Phần việc {code}:\n«{text}»{pictures}\nBấm gửi, hoặc nhắn thêm."


def part_sent(*, code: str, lead: str) -> str:
    """Confirm that the lead unit has the contribution."""
    return f"Đã gửi phần việc {code} cho {lead}. Cảm ơn anh/chị."


def ask_why_declined(*, code: str) -> str:
    """Ask why a unit cannot take a part."""
    return f"{code}: vì sao phần việc này không thuộc đơn vị? Anh/chị nhắn một câu."


def part_declined(*, code: str, lead: str) -> str:
    """Confirm that a part was declined."""
    return f"Đã báo {lead}: đơn vị không nhận phần việc {code}."


def part_news(*, code: str, unit: str, text: str, photos: int) -> str:
    """Bring the lead unit what a supporting unit contributed."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    return f"{code}: {unit} đã trả lời phần việc:\n«{text}»{pictures}"


def part_declined_news(*, code: str, unit: str, reason: str) -> str:
    """Tell the lead unit that a supporting unit declined."""
    return f"{code}: {unit} không nhận phần việc: «{reason}». Anh/chị có thể mời đơn vị khác."


def no_parts(*, units: Sequence[str]) -> str:
    """Say that nothing is asked of these units."""
    return f"{', '.join(units)}: không có phần việc phối hợp nào đang mở."


def parts_list(*, count: int, lines: Sequence[str]) -> str:
    """List what these units were asked to contribute."""
    return "\n".join([f"Việc phối hợp đang mở: {count}", *lines])


def part_line(*, number: int, code: str, domain: str, place: str, task: str, due_at: datetime | None) -> str:
    """Return one line of the list of parts."""
    where = f" · {place}" if place else ""
    due = f" · hạn {moment(due_at)}" if due_at else ""
    return f"{number}. {code} · {domain}{where}\n   «{excerpt(task, _TASK_SHOWN)}»{due}"


def parts_due(*, lines: Sequence[str], more: int) -> str:
    """Remind of parts that are due and not answered."""
    rest = [f"… và {more} phần việc khác."] if more else []
    return "\n".join(["Đến hạn, đơn vị chủ trì đang chờ phần việc của anh/chị:", *lines, *rest])


def support_has_nobody(*, code: str, unit: str) -> str:
    """Tell dispatchers that a unit was asked to support and that nobody there can be reached."""
    return f"{code}: {unit} được mời phối hợp nhưng chưa có ai nhận việc trong bot. Anh/chị báo giúp đơn vị."


def history_support(*, at: datetime, unit: str, task: str) -> str:
    """Tell in a case's history that a unit was asked to support."""
    return f"{moment(at)} mời {unit} phối hợp: «{excerpt(task, 120)}»"


def history_part(*, at: datetime, unit: str, text: str, declined: bool) -> str:
    """Tell in a case's history what a supporting unit said."""
    verb = "không nhận phần việc" if declined else "phối hợp"
    return f"{moment(at)} {unit} {verb}: «{excerpt(text, 200)}»"
