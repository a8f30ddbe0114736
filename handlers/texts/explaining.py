"""What people read when they ask why: reading, corrections, the unit's rule, the deadline added up."""

from collections.abc import Sequence
from datetime import date, datetime

from handlers.texts.common import moment

_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_DISPATCHERS = "Bộ phận điều phối"
_FEW_DAYS = 8
_SHOWN_AT_EACH_END = 3
_ROADS = {"main": "đường, phố", "alley": "ngõ, hẻm"}
_HOURS = {"working": "tin đến trong giờ làm việc", "off": "tin đến ngoài giờ làm việc"}


def command_why() -> str:
    """Describe `/viso` in a menu."""
    return "Vì sao phản ánh được hiểu, được chuyển và có hạn như vậy"


def ask_which_case_why() -> str:
    """Ask for the code of the case that is to be explained."""
    return "Xin gõ /viso kèm mã phản ánh, ví dụ: /viso HN-7F3K-9Q2M"


def explanation(*, code: str, parts: Sequence[str]) -> str:
    """Put the parts of an explanation together."""
    return "\n\n".join((f"Vì sao {code} được xử lý như vậy?", *parts))


def why_read(*, reasons: Sequence[str], confidence: float | None, version: str) -> str:
    """Tell what the machine made of the text."""
    sure = f" (mức chắc chắn về lĩnh vực: {confidence:.0%})" if confidence is not None else ""
    lines = [*reasons, *([f"Bản máy đọc: {version}."] if version else [])]
    return f"Máy đọc tin nhắn{sure}:\n" + "\n".join(f"• {line}" for line in lines)


def why_corrected(*, lines: Sequence[str]) -> str:
    """Tell what people changed of the machine's reading."""
    return "Người sửa lại:\n" + "\n".join(f"• {line}" for line in lines)


def chosen_by_reporter(*, what: str, now: str) -> str:
    """Tell what the writer themself chose before sending."""
    return f"{what}: người gửi chọn {now}."


def placed_by_position(*, now: str) -> str:
    """Tell that the place follows from a position that the writer shared."""
    return f"Địa bàn: {now}, theo vị trí người gửi chia sẻ."


def part_of_domain(*, now: str) -> str:
    """Tell that the city has a name of its own for what the machine read."""
    return f"Lĩnh vực: thành phố xếp vào mục riêng là {now}, theo từ khoá trong tin."


def why_merged(*, unit: str, due_at: datetime | None, code: str) -> str:
    """Tell that a case is handled together with another; the code only for whoever may see that one."""
    into = f" vào {code}" if code else " vào một vụ việc đã có"
    by = f" Đơn vị trả lời: {unit}." if unit else ""
    due = f" Hạn trả lời: {moment(due_at)}." if due_at else ""
    return f"Phản ánh này đã gộp{into} vì cùng một việc.{by}{due}"


def corrected_by_official(*, what: str, was: str, now: str, at: datetime) -> str:
    """Tell what an official corrected."""
    before = f" (trước đó: {was})" if was else ""
    return f"{what}: cán bộ sửa thành {now}{before}, lúc {moment(at)}."


def label_of_domain() -> str:
    """Name what was corrected: the domain."""
    return "Lĩnh vực"


def label_of_place() -> str:
    """Name what was corrected: the place."""
    return "Địa bàn"


def why_unit(*, lines: Sequence[str]) -> str:
    """Tell how the case came to its unit."""
    return "Đơn vị:\n" + "\n".join(f"• {line}" for line in lines)


def unit_by_rule(
    *, unit: str, position: int, limits: Sequence[str], at: datetime, supporting: Sequence[str] = ()
) -> str:
    """Tell by which rule of the city a unit was chosen, and which units contribute by the same rule."""
    told = f"{unit}, theo {_rule(position, limits)}, lúc {moment(at)}."
    return f"{told} Cùng phối hợp theo quy tắc này: {', '.join(supporting)}." if supporting else told


def unit_would_be(*, unit: str, position: int, limits: Sequence[str], supporting: Sequence[str] = ()) -> str:
    """Tell which unit a message would go to, by which rule of the city, and which units would contribute."""
    told = f"Đơn vị: {unit}, theo {_rule(position, limits)}."
    return f"{told} Cùng phối hợp: {', '.join(supporting)}." if supporting else told


def no_unit_without_place(*, position: int, limits: Sequence[str]) -> str:
    """Tell that the rule is known, but not the place that it needs."""
    return f"Chưa có đơn vị: {_rule(position, limits)} cần biết phường, xã mà trong tin chưa rõ."


def no_unit_by_rule(*, position: int, limits: Sequence[str]) -> str:
    """Tell that a rule names a unit that the city does not have."""
    return f"Chưa có đơn vị: {_rule(position, limits)} nêu một đơn vị không có ở đây."


def no_unit_without_rule() -> str:
    """Tell that the city has no rule for such a message."""
    return "Chưa có đơn vị: không có quy tắc phân công nào cho trường hợp này."


def no_unit_elsewhere(*, place: str, city: str) -> str:
    """Tell that the place lies outside the city."""
    return f"Chưa có đơn vị: {place} không thuộc {city}."


def no_unit_without_province() -> str:
    """Tell that it is not known in which province the place lies."""
    return "Chưa có đơn vị và hạn: chưa rõ tỉnh, thành phố."


def due_would_be(*, due_at: datetime, received_at: datetime, allowed: float, domain: str) -> str:
    """Tell by when a message would be answered, and why then."""
    return (
        f"Hạn trả lời {moment(due_at)}: {_hours(allowed)} làm việc của lĩnh vực {domain},"
        f" tính từ {moment(received_at)}."
    )


def named_by_city(*, was: str, now: str) -> str:
    """Tell that the city has a name of its own for a domain."""
    return f"Lĩnh vực {was} ở đây gọi là {now}."


def _rule(position: int, limits: Sequence[str]) -> str:
    return f"quy tắc phân công số {position} ({', '.join(limits) or 'mọi trường hợp còn lại'})"


def unit_by_person(*, unit: str, reason: str, at: datetime) -> str:
    """Tell that a person chose a unit."""
    return f"{unit}, do {reason}, lúc {moment(at)}."


def unit_after_return(*, before: str, unit: str, at: datetime) -> str:
    """Tell that a unit gave the case back: to the unit before it, or to the dispatchers (an empty name)."""
    return f"{unit or _DISPATCHERS}, do {before} trả lại, lúc {moment(at)}."


def unit_after_reopening(*, before: str, unit: str, at: datetime) -> str:
    """Tell that the citizen was not content again, so that the level above has the case, or dispatchers."""
    return (
        f"{unit or _DISPATCHERS}, vì người dân mở lại lần nữa sau khi {before} trả lời nên chuyển lên cấp "
        f"trên, lúc {moment(at)}."
    )


def unit_after_reorganisation(*, before: str, unit: str, at: datetime) -> str:
    """Tell that the units were reorganised."""
    return f"{unit or _DISPATCHERS}, do sắp xếp lại đơn vị, nhận việc của {before}, lúc {moment(at)}."


def unit_changed(*, before: str, unit: str, at: datetime) -> str:
    """Tell that the unit is another since some event."""
    after = f" sau {before}" if before else ""
    return f"{unit or _DISPATCHERS}{after}, lúc {moment(at)}."


def by_dispatcher() -> str:
    """Name who chose a unit: a dispatcher."""
    return "cán bộ điều phối chọn"


def by_unit(*, unit: str) -> str:
    """Name who chose a unit: the unit that had the case before."""
    return f"{unit} chuyển đến" if unit else "đơn vị trước chuyển đến"


def waits_for_dispatcher(*, reason: str) -> str:
    """Tell why no unit has the case."""
    because = f" Lý do: {reason}" if reason else ""
    return f"Chưa có đơn vị, đang chờ cán bộ điều phối.{because}"


def limit_of_rule(*, key: str, value: str) -> str:
    """Name one limit of a rule of responsibility."""
    if key in ("road", "hours"):
        return {**_ROADS, **_HOURS}.get(value, value)
    name = {"domain": "lĩnh vực", "kind": "loại tin", "area": "địa bàn"}.get(key, key)
    return f"{name} {value}"


def why_due(
    *,
    due_at: datetime,
    began_at: datetime,
    reopened: bool,
    lines: Sequence[str],
    days: Sequence[tuple[date, float]],
    total: float,
) -> str:
    """Add a deadline up: what set and moved it, then day by day, in working hours."""
    start = "mở lại" if reopened else "tiếp nhận"
    told = [
        f"Tính từ lúc {start}: {moment(began_at)}.",
        *lines,
        f"Từng ngày: {_day_by_day(days)}.",
        f"Tổng cộng: {_hours(total)} làm việc.",
    ]
    return f"Hạn trả lời {moment(due_at)}:\n" + "\n".join(f"• {line}" for line in told)


def allowed_hours(*, hours: float, domain: str) -> str:
    """Name the time that the city allows for a domain."""
    return f"Thời hạn của lĩnh vực {domain}: {_hours(hours)} làm việc."


def allowed_by_law(*, days: int, article: str, domain: str) -> str:
    """Name the period that a law sets for a domain, in calendar days."""
    return f"Thời hạn của lĩnh vực {domain}: {days} ngày theo lịch, theo {article}."


def paused_for(*, hours: float) -> str:
    """Name a stretch in which the clock stood still."""
    return f"Cộng {_hours(hours)} làm việc tạm dừng để chờ người dân trả lời."


def extended_by(*, hours: float, unit: str, at: datetime) -> str:
    """Name an extension, who granted it and when."""
    by = f" do {unit} đồng ý" if unit else " được đồng ý"
    return f"Cộng {_hours(hours)} làm việc gia hạn,{by} lúc {moment(at)}."


def shortened_by(*, hours: float, at: datetime) -> str:
    """Name by how much a corrected domain made the deadline shorter."""
    return (
        f"Bớt {_hours(hours)} làm việc vì lĩnh vực được sửa lúc {moment(at)}: "
        "sửa lĩnh vực chỉ làm hạn ngắn đi, không dài ra."
    )


def told_above(*, leader_at: datetime, chairman_at: datetime) -> str:
    """Tell when those above hear of a case that is late."""
    return (
        f"Nếu trễ: cấp trên được báo lúc {moment(leader_at)}, lãnh đạo thành phố lúc {moment(chairman_at)}."
    )


def clock_stands_still(*, since: datetime) -> str:
    """Tell that the clock stands still while the citizen is asked."""
    return (
        f"Đồng hồ đang dừng từ {moment(since)} để chờ người dân trả lời; hạn sẽ lùi đúng bằng thời gian đó."
    )


def _day_by_day(days: Sequence[tuple[date, float]]) -> str:
    if len(days) <= _FEW_DAYS:
        return ", ".join(_day(*each) for each in days)
    first, last = days[:_SHOWN_AT_EACH_END], days[-_SHOWN_AT_EACH_END:]
    between = days[_SHOWN_AT_EACH_END:-_SHOWN_AT_EACH_END]
    hours = _hours(sum(worked for _, worked in between))
    middle = f"{len(between)} ngày làm việc tiếp theo {hours}"
    return ", ".join([*(_day(*each) for each in first), middle, *(_day(*each) for each in last)])


def _day(day: date, hours: float) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.day}/{day.month} {_hours(hours) if hours else 'nghỉ'}"


def _hours(hours: float) -> str:
    """Return "7,5 giờ" or "40 phút" as people say it."""
    minutes = round(hours * 60)
    if minutes % 60 == 0:
        return f"{minutes // 60} giờ"
    whole, rest = divmod(minutes, 60)
    return f"{whole} giờ {rest} phút" if whole else f"{rest} phút"
