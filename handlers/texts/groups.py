"""What is said about and in group chats of officials."""

from datetime import datetime

from handlers.texts.common import kind_name, moment
from handlers.texts.officials import case_status


def group_hint() -> str:
    """Tell a group what it can say to the bot."""
    return (
        "Anh/chị có thể hỏi số liệu (ví dụ: tuần này phường nào trễ nhiều nhất?), "
        "hoặc trả lời vào một hồ sơ để giao việc."
    )


def group_card(
    *,
    code: str,
    kind: str,
    status: str,
    urgent: bool,
    domain: str,
    unit: str,
    place: str,
    text: str,
    due_at: datetime | None,
    overdue: bool,
    people: int,
    answer: str,
) -> str:
    """Show a case to a group; nobody is named in it."""
    late = " – ĐÃ QUÁ HẠN" if overdue else ""
    lines = [
        "🔴 KHẨN" if urgent else "",
        f"{kind_name(kind=kind)} {code} ({case_status(status=status)})",
        f"• Lĩnh vực: {domain}",
        f"• Đơn vị: {unit}" if unit else "",
        f"• Nơi: {place or 'chưa rõ'}",
        f"• Trả lời trước: {moment(at=due_at)}{late}" if due_at else "",
        f"• {people} người cùng phản ánh" if people > 1 else "",
        f"«{text}»",
        f"Đơn vị đã trả lời: «{answer}»" if answer else "",
    ]
    return "\n".join(line for line in lines if line)


def label_open_privately() -> str:
    """Label of the button in a group that shows a case to whoever presses it, alone."""
    return "Xem trong tin nhắn riêng"


def topic_title(*, code: str, domain: str, unit: str) -> str:
    """Name the topic of a case."""
    return " · ".join(part for part in (code, domain, unit) if part)
