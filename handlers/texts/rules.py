"""What administrators and dispatchers read about rules of responsibility that lead to nobody."""

from collections.abc import Sequence

_FAULTS = {
    "unknown_domain": "nêu một lĩnh vực không có",
    "unknown_unit": "dẫn tới một đơn vị không có",
    "ended_unit": "dẫn tới một đơn vị đã giải thể",
    "unknown_area": "nêu một địa bàn không có",
}


def doubt_rule(*, position: int) -> str:
    """Give a dispatcher the reason: the rule that matches leads to a unit that cannot have the case."""
    return (
        f"Quy tắc phân công số {position} dẫn tới một đơn vị không có, đã giải thể hoặc không được nhận loại "
        "việc này"
    )


def doubt_left_to_dispatchers() -> str:
    """Give a dispatcher the reason: the city's rules leave such a case to them."""
    return "Quy tắc phân công giao việc này cho cán bộ điều phối chọn đơn vị"


def broken_rule(*, position: int, fault: str) -> str:
    """Name a rule that is broken, and how."""
    return f"Quy tắc số {position} {_FAULTS[fault]}."


def hole_in_rules(*, domain: str, wards: Sequence[str], all: bool, position: int | None) -> str:
    """Name a domain that reaches nobody, and where; position is the rule's that leads nowhere."""
    where = "ở mọi phường, xã" if all else f"ở {len(wards)} phường, xã ({_some(wards)})"
    why = "chưa có quy tắc nào" if position is None else f"quy tắc số {position} không dẫn tới đơn vị nào"
    return f"«{domain}» không đến được ai {where}: {why}."


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def rules_lead_nowhere(*, count: int, lines: Sequence[str]) -> str:
    """Alarm the administrators: some reports reach nobody by the city's rules."""
    told = "\n".join(f"• {line}" for line in lines)
    more = f"\n… và {count - len(lines)} lỗi khác." if count > len(lines) else ""
    return (
        f"⚠️ Bảng phân công trách nhiệm có {count} lỗi khiến phản ánh không đến được đơn vị nào và phải chờ "
        f"cán bộ điều phối:\n{told}{more}\nXin chạy «org check» để xem đủ, sửa bảng rồi «org import» lại."
    )
