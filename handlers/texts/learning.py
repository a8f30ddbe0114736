"""What officials read when they correct what the machine made of a report."""

from datetime import datetime

from handlers.texts.common import moment


def label_wrong_domain() -> str:
    """Label: the domain of this case is wrong."""
    return "Sai lĩnh vực"


def choose_right_domain(*, code: str, domain: str) -> str:
    """Ask for the right domain of a case that a unit has."""
    return (
        f"{code} đang ghi lĩnh vực: {domain}. Lĩnh vực đúng là gì? Bấm một lĩnh vực; thời hạn không bị kéo "
        "dài. Nếu phản ánh về thái độ hay tiêu cực của cán bộ, xin bấm “Trả lại” để bộ phận điều phối xử lý."
    )


def domain_corrected(*, code: str, domain: str, due_at: datetime | None) -> str:
    """Confirm a corrected domain where the unit keeps the case."""
    return f"Đã sửa lĩnh vực của {code}: {domain}.{_due(due_at)} Máy sẽ học từ lần sửa này."


def domain_corrected_elsewhere(*, code: str, domain: str, unit: str, due_at: datetime | None) -> str:
    """Confirm a corrected domain, and say which unit answers for it."""
    return (
        f"Đã sửa lĩnh vực của {code}: {domain}.{_due(due_at)} Lĩnh vực này thường do {unit} phụ trách: "
        "anh/chị chuyển cho họ, hay đơn vị mình làm tiếp?"
    )


def label_hand_to(*, unit: str) -> str:
    """Label: hand the case to the unit that answers for its domain."""
    return f"Chuyển {unit}"


def label_keep_case() -> str:
    """Label: the unit keeps the case."""
    return "Đơn vị tôi làm tiếp"


def _due(due_at: datetime | None) -> str:
    return f" Hạn trả lời: {moment(at=due_at)}." if due_at else ""
