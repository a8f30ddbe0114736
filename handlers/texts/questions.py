"""Answers to questions about the figures."""

from collections.abc import Sequence
from datetime import date

_COUNTED = {
    "received": "phản ánh nhận được",
    "answered": "vụ đã trả lời",
    "late": "vụ trả lời trễ hạn",
    "late_with_extension": "vụ trả lời trễ, có gia hạn",
    "open": "vụ đang mở",
    "at_risk": "vụ sắp đến hạn",
    "overdue": "vụ quá hạn chưa trả lời",
    "reopened": "vụ bị mở lại",
    "people": "người phản ánh",
}
_HEADINGS = {
    "received": "Phản ánh nhận được",
    "answered": "Đã trả lời",
    "on_time_rate": "Trả lời đúng hạn",
    "late": "Trả lời trễ hạn",
    "late_with_extension": "Trả lời trễ, có gia hạn",
    "open": "Đang mở",
    "at_risk": "Sắp đến hạn",
    "overdue": "Quá hạn chưa trả lời",
    "reopened": "Bị mở lại",
    "satisfaction": "Người dân hài lòng",
    "median_hours": "Thời gian xử lý",
    "people": "Số người phản ánh",
}
_MOST_NAMES = 3
_EXAMPLES = {
    "hom qua co bao nhieu phan anh": "Hôm qua có bao nhiêu phản ánh?",
    "tuan nay don vi nao tre nhieu nhat": "Tuần này đơn vị nào trễ nhiều nhất?",
    "bao nhieu vu sap tre han": "Bao nhiêu vụ sắp trễ hạn?",
    "y kien nao dang nong": "Ý kiến nào đang nóng?",
    "thang nay hai long bao nhieu phan tram": "Tháng này hài lòng bao nhiêu %?",
}
EXAMPLES = tuple(_EXAMPLES)
"""Questions that can be tapped, as they are typed without accents."""


def figure_heading(*, metric: str) -> str:
    """Name a figure, as the title of a picture or a table."""
    return _HEADINGS[metric]


def figure_value(*, metric: str, value: float | None) -> str:
    """Return a figure as people read it: a number, a share, or working hours."""
    if value is None:
        return "chưa có số liệu"
    if metric in ("on_time_rate", "satisfaction"):
        return f"{percent(share=value)}%"
    if metric == "median_hours":
        return f"{_hours(value)} giờ làm việc"
    return _count(value)


def percent(*, share: float) -> str:
    """Return a share as a percentage without the sign: one decimal where it is no whole number."""
    tenths = round(share * 1000)
    if 0 < share < 1:  # never rounded up to all or down to nothing
        tenths = min(max(tenths, 1), 999)
    whole, tenth = divmod(tenths, 10)
    return _count(whole) + (f",{tenth}" if tenth else "")


def _hours(hours: float) -> str:
    return f"{hours:.1f}".removesuffix(".0").replace(".", ",")


def _count(value: float) -> str:
    return f"{int(value):,}".replace(",", ".")


def figure_sentence(*, metric: str, value: float | None, of: int) -> str:
    """Say one figure as a sentence; `of` is how many cases it is made of."""
    if value is None:
        return {
            "on_time_rate": "Chưa có vụ nào được trả lời nên chưa tính được tỷ lệ đúng hạn.",
            "median_hours": "Chưa có số liệu về thời gian xử lý.",
        }.get(metric, "Chưa có lượt đánh giá nào của người dân.")
    if metric == "on_time_rate":
        return f"{percent(share=value)}% trả lời đúng hạn ({_count(of * value + 0.5)}/{_count(of)} vụ)."
    if metric == "satisfaction":
        return f"{percent(share=value)}% người dân chấm hài lòng ({_count(of)} lượt chấm)."
    if metric == "median_hours":
        return f"Một nửa số vụ xong trong {_hours(value)} giờ làm việc ({_count(of)} vụ đã trả lời)."
    return f"{_count(value)} {_COUNTED[metric]}."


def figure_extreme(*, metric: str, names: Sequence[str], value: float | None, highest: bool) -> str:
    """Say which units or domains stand at an end of a comparison; several where they stand alike."""
    name = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        name += f" và {len(names) - _MOST_NAMES} nơi khác"
    end = "cao nhất" if highest else "thấp nhất"
    if metric == "median_hours":
        end = "lâu nhất" if highest else "nhanh nhất"
    elif metric not in ("on_time_rate", "satisfaction"):
        end = "nhiều nhất" if highest else "ít nhất"
    return f"{_HEADINGS[metric]} {end}: {name} ({figure_value(metric=metric, value=value)})."


def figure_line(
    *,
    number: int,
    name: str,
    metric: str,
    value: float | None,
    of: int,
    previous: float | None,
    compared: bool,
) -> str:
    """Return one line of a table of figures."""
    told = figure_value(metric=metric, value=value)
    basis = f" của {_count(of)} vụ" if metric in ("on_time_rate", "median_hours") and of else ""
    before = f" (kỳ trước {figure_value(metric=metric, value=previous)})" if compared else ""
    return f"{number}. {name}: {told}{basis}{before}"


def figure_course_line(*, label: str, metric: str, value: float | None) -> str:
    """Return one line of a course of time."""
    return f"{label}: {figure_value(metric=metric, value=value)}"


def figure_change(
    *, metric: str, value: float | None, previous: float | None, first: date, last: date
) -> str:
    """Say how a figure differs from the period before."""
    span = f"{first.day}/{first.month}" + ("" if first == last else f" – {last.day}/{last.month}")
    before = f"Kỳ trước ({span}): {figure_value(metric=metric, value=previous)}"
    if value is None or previous is None:
        return f"{before}."
    if value == previous:
        return f"{before}, không đổi."
    word = "tăng" if value > previous else "giảm"
    if metric in ("on_time_rate", "satisfaction"):
        return f"{before}, {word} {percent(share=abs(value - previous))} điểm phần trăm."
    if metric == "median_hours":
        return f"{before}, {word} {_hours(abs(value - previous))} giờ."
    share = f" ({percent(share=round(abs(value - previous) / previous, 2))}%)" if previous else ""
    return f"{before}, {word} {_count(abs(value - previous))}{share}."


def figures_without_hidden() -> str:
    """Say that what stands in no group is not counted either."""
    return "Không tính phản ánh về thái độ cán bộ."


def figure_as_of_now() -> str:
    """Say that open cases are counted as of now, whatever the period."""
    return "Tính đến lúc này, không theo khoảng ngày."


def figure_until_today() -> str:
    """Say that a period is not over, so that it is compared with as many days."""
    return "Kỳ này chưa hết nên chỉ so với cùng số ngày của kỳ trước."


def figures_refused_for(*, units: Sequence[str]) -> str:
    """Refuse figures of units that are not the asker's to see, and say what follows instead."""
    if not units:
        return "Số liệu từng đơn vị khác không thuộc phạm vi của anh/chị. Đây là số chung của toàn thành phố:"
    named = ", ".join(units)
    return f"Số liệu riêng của {named} không thuộc phạm vi của anh/chị. Đây là số chung của toàn thành phố:"


def figures_in_no_line(*, count: int) -> str:
    """Say how many of the total belong to none of the units that are compared."""
    return f"Ngoài các đơn vị trên: {_count(count)}."


def figures_earlier(*, count: int) -> str:
    """Say how many earlier lines of a course of time are left out."""
    return f"(bỏ {count} dòng đầu, xem đủ trong hình)"


def figures_rest_of(*, count: int) -> str:
    """Say how many lines a table leaves out."""
    return f"… và {count} dòng nữa."


def figures_about(*, names: Sequence[str], domains: Sequence[str], period: str) -> str:
    """Return the heading of an answer: whose figures, about what, of which days."""
    return " · ".join(part for part in (", ".join(names), ", ".join(domains), period) if part)


def ask_figures_hint() -> str:
    """Show how figures are asked for."""
    return "Anh/chị hỏi bằng lời thường, ví dụ như các câu dưới đây, hoặc bấm một câu:"


def figures_not_clear(*, query: str) -> str:
    """Say that a question was not understood; the nearest ones that are follow as buttons."""
    return f"Tôi chưa chắc đã hiểu câu hỏi «{query}». Có phải anh/chị muốn hỏi một trong các câu này?"


def figures_only_for_officials() -> str:
    """Tell somebody in a group that figures are for those who hold a post."""
    return "Số liệu chỉ dành cho lãnh đạo và cán bộ đang giữ chức vụ."


def why_nothing_changed(*, name: str) -> str:
    """Say that there is nothing to explain."""
    return f"{name}: chưa đủ số liệu của hai kỳ để so sánh."


def why_heading() -> str:
    """Begin the list of what makes up a change."""
    return "Phần lớn do:"


def why_domain(*, name: str, late: int, late_before: int) -> str:
    """Name a domain that a unit is late in more than before."""
    return f"• {name}: {late} vụ trả lời trễ (kỳ trước {late_before})"


def why_change(*, name: str, now: str, before: str) -> str:
    """Name a domain whose figure changed most."""
    return f"• {name}: {now} (kỳ trước {before})"


def why_load(*, received: int, received_before: int) -> str:
    """Say how many more reports came in."""
    return f"• Nhận {_count(received)} vụ, kỳ trước {_count(received_before)}"


def why_slower(*, hours: float, hours_before: float) -> str:
    """Say how much longer cases take."""
    return f"• Một nửa số vụ mất {_hours(hours)} giờ làm việc, kỳ trước {_hours(hours_before)} giờ"


def why_open(*, overdue: int) -> str:
    """Say how many cases are overdue now."""
    return f"• Hiện còn {_count(overdue)} vụ quá hạn chưa trả lời"


def why_no_cause() -> str:
    """Say that no single cause stands out."""
    return "Không có lĩnh vực nào nổi lên; thay đổi rải đều."


def hot_heading(*, period: str) -> str:
    """Begin what is reported most and rising."""
    return f"Đang nóng · {period}"


def hot_line(*, number: int, name: str, received: int, before: int) -> str:
    """Name a domain with how many reports came, and how many before."""
    sign = "🔺 " if received > before else ""
    return f"{number}. {sign}{name}: {_count(received)} phản ánh (kỳ trước {_count(before)})"


def hot_cases() -> str:
    """Begin the list of the cases that most people reported."""
    return "Nhiều người cùng phản ánh:"


def hot_case(*, code: str, people: int, domain: str, place: str) -> str:
    """Return one case that many people reported."""
    where = f", {place}" if place else ""
    return f"• {code}: {_count(people)} người · {domain}{where}"


def hot_none() -> str:
    """Say that nothing came in."""
    return "Chưa có phản ánh nào trong khoảng này."


def behind_heading(*, metric: str, names: str) -> str:
    """Begin a page of the cases behind a figure; of shares, those that fell short."""
    heading = {
        "on_time_rate": "Trả lời chưa đúng hạn đầu",
        "satisfaction": "Người dân chấm dưới 4 sao",
        "median_hours": "Xử lý lâu nhất",
    }.get(metric, _HEADINGS[metric])
    return f"Hồ sơ · {heading} · {names}"


def behind_line(*, number: int, code: str, status: str, domain: str, place: str, due: str) -> str:
    """Return one case behind a figure."""
    parts = [part for part in (status, domain, place, due) if part]
    return f"{number}. {code} · " + " · ".join(parts)


def behind_due(*, at: str) -> str:
    """Say when a case is due."""
    return f"hạn {at}"


def behind_none() -> str:
    """Say that there are no cases to show."""
    return "Không có hồ sơ nào (hoặc không thuộc phạm vi được xem)."


def label_behind() -> str:
    """Label: open the cases behind a figure."""
    return "Xem hồ sơ"


def label_next_cases() -> str:
    """Label: the next page of cases."""
    return "Xem tiếp"


def label_compare() -> str:
    """Label: compare with the period before."""
    return "So với kỳ trước"


def label_split_by_unit() -> str:
    """Label: by unit."""
    return "Theo đơn vị"


def label_demand_explanation() -> str:
    """Label: ask the unit to explain the figure."""
    return "Yêu cầu giải trình"


def command_questions() -> str:
    """Describe /hoi."""
    return "hỏi số liệu bằng lời thường"


def week_label(*, first: date) -> str:
    """Name a week by its Monday."""
    return f"Tuần {first.day}/{first.month}"


def month_label(*, first: date) -> str:
    """Name a month."""
    return f"Tháng {first.month}/{first.year}"


def day_label(*, day: date) -> str:
    """Name a day."""
    return f"{day.day}/{day.month}"


def example_question(*, key: str) -> str:
    """Return a question as a button says it; `key` is how it is typed without accents."""
    return _EXAMPLES[key]
