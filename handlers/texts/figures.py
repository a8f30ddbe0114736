"""What leaders and chairs read about figures."""

from datetime import date

from handlers.texts.common import excerpt


def figures_refused() -> str:
    """Answer a citizen who asks for figures."""
    return (
        "Số liệu này dành cho lãnh đạo và cán bộ của các đơn vị. "
        "Anh/chị xem các phản ánh của mình bằng /cuatoi."
    )


def figures_outside(*, unit: str, own: str) -> str:
    """Answer an official who asks about a unit that is not theirs."""
    return f"Số liệu riêng của {unit} không thuộc phạm vi của anh/chị. Đây là số liệu của {own}:"


def figures_not_understood(*, query: str) -> str:
    """Say which ways of asking are understood."""
    return (
        f"Tôi chưa hiểu «{excerpt(text=query, limit=60)}». Anh/chị gõ, ví dụ: /thongke tuần này, "
        "/thongke tháng trước, /thongke 1/11-15/11, hoặc thêm tên đơn vị: /thongke tuần Sở Xây dựng."
    )


def figures_title(*, unit: str, domain: str, period: str) -> str:
    """Return the heading of figures."""
    about = f" · {domain}" if domain else ""
    return f"{unit}{about} · {period}"


def figures_by_todays_units() -> str:
    """Say that the work of former units is counted under those that took over from them."""
    return "Việc của đơn vị đã sáp nhập, chia tách được tính cho đơn vị kế thừa."


def figures_summary(
    *,
    received: int,
    answered: int,
    on_time: int,
    late: int,
    late_with_extension: int,
    on_track: int,
    at_risk: int,
    overdue: int,
    reopened: int,
    returned: int,
    rejected: int,
    rejected_late: int,
    rating: float | None,
    rating_count: int,
    satisfied: int,
    median_hours: float | None,
    p90_hours: float | None,
) -> str:
    """Say the figures of one scope: numbers that are never blended; hours are working hours."""
    refused_late = f" (trong đó {rejected_late} đã trễ hạn)" if rejected_late else ""
    lines = [
        f"Nhận: {received}",
        f"Đã trả lời: {answered}",
        f"   ✅ đúng hạn: {on_time}",
        f"   🔺 trễ hạn: {late}",
        f"   🔸 trễ, có gia hạn: {late_with_extension}",
    ]
    if median_hours is not None and p90_hours is not None:
        half, most = _hours(median_hours), _hours(p90_hours)
        lines.append(f"   50% xong trong {half} giờ làm việc, 90% xong trong {most} giờ")
    lines += [
        f"Đang mở (đến lúc này): {on_track + at_risk + overdue}",
        f"   ✅ còn trong hạn: {on_track}",
        f"   🔸 sắp đến hạn: {at_risk}",
        f"   🔺 quá hạn: {overdue}",
        f"Mở lại: {reopened} · Trả lại: {returned} · Không xử lý: {rejected}{refused_late}",
    ]
    if rating is not None:
        lines.append(
            f"Người dân chấm: {_decimal(rating)}/5 · hài lòng (4–5 sao): {satisfied}/{rating_count} lượt"
        )
    return "\n".join(lines)


def _hours(hours: float) -> str:
    return _decimal(hours).removesuffix(",0")


def _decimal(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")


def figures_heading(*, by: str) -> str:
    """Return the heading of a breakdown by "unit" or "domain"."""
    named = {"unit": "Theo đơn vị", "domain": "Theo lĩnh vực"}[by]
    return f"{named}, kém nhất ở trên:"


def figures_line(
    *,
    number: int,
    name: str,
    received: int,
    on_time: int,
    late: int,
    late_with_extension: int,
    on_track: int,
    at_risk: int,
    overdue: int,
) -> str:
    """Return one unit or domain of a breakdown: what is open, then what was answered."""
    return (
        f"{number}. {name} (nhận {received})\n"
        f"   🔺 quá hạn {overdue} · 🔸 sắp đến hạn {at_risk} · còn hạn {on_track}\n"
        f"   trả lời: đúng hạn {on_time} · trễ {late} · trễ có gia hạn {late_with_extension}"
    )


def figures_rest(*, count: int, received: int, overdue: int, late: int) -> str:
    """Add up what a breakdown leaves out, all of it better than what it shows."""
    return f"Còn lại {count} dòng, khá hơn: nhận {received} · quá hạn {overdue} · trả lời trễ {late}"


def figures_none() -> str:
    """Say that there is nothing to count."""
    return "Chưa có phản ánh nào trong khoảng này."


def figures_seal(*, day: date, root: str) -> str:
    """Show the seal of the ledger, to be noted and compared."""
    return f"🔏 Dấu niêm phong nhật ký đến hết {day.day}/{day.month}/{day.year}: {root}"


def no_unit_yet() -> str:
    """Name the cases that no unit has yet."""
    return "Chờ điều phối"


def former_unit(*, name: str) -> str:
    """Name a unit that is over."""
    return f"{name} (trước đây)"


def label_units_now() -> str:
    """Label: count former units' work under today's units."""
    return "Theo đơn vị hiện nay"


def label_units_then() -> str:
    """Label: count each unit's own work."""
    return "Theo đơn vị lúc đó"
