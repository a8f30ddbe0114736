"""What is said about orders to units, reports on them, and requests to explain."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment, moment_of_year
from routing.deadline import LOCAL_TIME
from routing.vietnamese import strip_accents

DIRECTIVE_KINDS = {
    "assign": "Giao xử lý",
    "report": "Yêu cầu báo cáo",
    "extend": "Gia hạn",
    "explain": "Yêu cầu giải trình",
}
FIGURE_NAMES = {
    "received": "số vụ đã nhận",
    "answered": "số vụ đã trả lời",
    "on_time_rate": "tỷ lệ đúng hạn",
    "late": "số vụ trả lời trễ",
    "late_with_extension": "số vụ trễ có gia hạn",
    "open": "số vụ đang mở",
    "at_risk": "số vụ sắp trễ hạn",
    "overdue": "số vụ quá hạn",
    "reopened": "số vụ mở lại",
    "satisfaction": "mức hài lòng",
    "median_hours": "thời gian giải quyết",
    "people": "số người phản ánh",
}
"""What the figures are called that a unit can be asked to explain."""
LONG_EXTENSION_DAYS = 30
"""From more days on an extension is pointed out to whoever grants it."""
_STANDING = {
    "proposed": "chưa giao",
    "given": "chưa nhận",
    "seen": "đã nhận, chưa báo cáo",
    "done": "đã báo cáo",
    "dropped": "không giao",
}
_HISTORY = {
    "proposed": "Soạn",
    "given": "Giao",
    "seen": "Đã nhận việc",
    "reported": "Báo cáo",
    "reminded_before": "Nhắc đơn vị trước hạn",
    "reminded_after": "Nhắc đơn vị đã quá hạn",
    "told_giver": "Báo người giao là đã quá hạn",
    "dropped": "Bỏ, không giao",
    "lapsed": "Hết hiệu lực vì chưa được xác nhận",
    "answered": "Vụ việc đã được trả lời",
    "rewritten": "Viết lại báo cáo, bỏ bản đang soạn của đồng nghiệp",
    "reorganised": "Chuyển sang đơn vị mới theo sắp xếp tổ chức",
}


def command_directives() -> str:
    """Describe /chidao in the menu."""
    return "Chỉ đạo đã giao, đã nhận"


def label_give(*, extends: bool) -> str:
    """Name the button that lets an order count."""
    return "Gia hạn" if extends else "Giao ngay"


def label_give_earlier(*, before: datetime) -> str:
    """Name the button for the reading by which "trước thứ Sáu" does not count Friday."""
    local = before.astimezone(LOCAL_TIME)
    return f"Không, hạn {local:%H:%M} {local.day}/{local.month}"


def label_give_drop() -> str:
    """Name the button that drops an order."""
    return "Bỏ"


def label_directive_seen() -> str:
    """Name the button by which a unit says that it has read an order."""
    return "Đã nhận việc"


def label_directive_report() -> str:
    """Name the button by which a unit reports."""
    return "Báo cáo"


def label_directive_send() -> str:
    """Name the button that sends a report."""
    return "Gửi báo cáo"


def label_directive_again() -> str:
    """Name the button that begins a report anew."""
    return "Viết lại"


def label_directive_take() -> str:
    """Name the button that begins a report anew in the place of a colleague."""
    return "Bỏ bản đó, tôi viết"


def label_directive_open(*, number: int) -> str:
    """Name the button that opens an order of a list."""
    return f"Xem {number}"


def label_directive_list(*, which: str, count: int) -> str:
    """Name the button that narrows a list of orders."""
    names = {
        "": "Tất cả",
        "given": "Chưa nhận",
        "seen": "Đã nhận",
        "done": "Đã báo cáo",
        "overdue": "Quá hạn",
    }
    return f"{names[which]} ({count})"


def label_directives_side(*, given: bool) -> str:
    """Name the button that shows what was ordered of oneself, or by oneself."""
    return "Tôi đã giao" if given else "Đơn vị được giao"


def figure_about(*, metric: str, unit: str, first: datetime | None, last: datetime | None) -> str:
    """Say which figure is to be explained."""
    name = FIGURE_NAMES.get(metric, "kết quả giải quyết phản ánh")
    if first is None or last is None:
        return f"{name} của {unit}"
    return f"{name} của {unit}, {first.day}/{first.month}–{last.day}/{last.month}"


def explain_figure_order(*, about: str) -> str:
    """Put a request to explain a figure into words."""
    return f"Đề nghị giải trình {about}."


def directive_echo(
    *,
    kind: str,
    unit: str,
    about: str,
    due_at: datetime | None,
    day_off: bool,
    unsaid: bool,
    text: str,
    photos: int,
    recordings: int,
    moves_from: str,
    was_due_at: datetime | None,
    not_late: bool,
    now: datetime,
) -> str:
    """Say what was understood of an order, before it counts.

    was_due_at: the case's own deadline where it still runs, or is to be moved. not_late: that which is to
    be explained as late is not.
    """
    lines = [f"Tôi hiểu: {DIRECTIVE_KINDS[kind].lower()}, {about}", f"Đơn vị: {unit}"]
    if kind == "extend" and was_due_at and due_at:
        lines += _moved_deadline(was_due_at, due_at, now)
    elif due_at:
        note = " (anh/chị chưa nêu hạn)" if unsaid else " (ngày nghỉ)" if day_off else ""
        lines.append(f"Hạn: {moment_of_year(due_at, now=now)}{note}")
        if kind in ("assign", "report") and was_due_at and due_at > was_due_at:
            lines.append(f"Lưu ý: hạn này sau hạn trả lời người dân ({moment_of_year(was_due_at, now=now)}).")
    lines += ["Lưu ý: vụ việc này chưa trễ hạn."] if not_late else []
    if moves_from:
        lines.append(f"Vụ việc sẽ chuyển từ {moves_from} sang {unit}; hạn trả lời người dân giữ nguyên.")
    lines.append(f"Nội dung: {excerpt(text, 600)}")
    kept = [f"{photos} ảnh"] * bool(photos) + [f"{recordings} tệp ghi âm, tài liệu"] * bool(recordings)
    lines += [f"Kèm: {', '.join(kept)}"] if kept else []
    return "\n".join(lines) + "\nBấm để giao. Chưa bấm thì chưa có gì thay đổi."


def _moved_deadline(was: datetime, due_at: datetime, now: datetime) -> list[str]:
    moved = f"từ {moment_of_year(was, now=now)} sang {moment_of_year(due_at, now=now)}"
    days = (due_at.astimezone(LOCAL_TIME).date() - was.astimezone(LOCAL_TIME).date()).days
    long = f"Lưu ý: gia hạn dài, thêm {days} ngày (khoảng {round(days / 30)} tháng) so với hạn cũ."
    return [f"Hạn trả lời người dân: {moved}", *[long] * (days > LONG_EXTENSION_DAYS)]


def extension_by_leader() -> str:
    """Give the citizen a reason for more time where whoever granted it gave none."""
    return "Lãnh đạo thành phố gia hạn để giải quyết"


def directive_given_twice(*, unit: str, at: datetime) -> str:
    """Answer somebody who confirms the same order once more."""
    return (
        f"Chỉ đạo này đã giao {unit} lúc {moment(at)} rồi nên không giao thêm lần nữa. "
        "Gõ /chidao để xem đơn vị đã nhận, đã báo cáo chưa."
    )


def which_unit_is_told(*, text: str) -> str:
    """Ask which of several units is meant."""
    return f"Giao cho đơn vị nào? Mỗi chỉ đạo giao một đơn vị.\nNội dung: {excerpt(text, 300)}"


def directive_in_doubt(*, doubt: str, words: str, nearest: str = "") -> str:
    """Ask what was not clear in an order."""
    if doubt == "past":
        return f"Thời điểm “{words}” đã qua. Anh/chị nhắn lại chỉ đạo với hạn khác."
    if doubt == "no_such_day":
        return f"Không có ngày giờ “{words}”. Anh/chị nhắn lại chỉ đạo với hạn khác."
    if doubt == "lunar":
        return f"“{words}” tính theo âm lịch. Anh/chị nhắn lại chỉ đạo với ngày dương lịch."
    if doubt == "how_long":
        return "Gia hạn đến khi nào? Anh/chị nhắn lại, ví dụ: gia hạn đến 30/11, hoặc: cho thêm 3 ngày."
    if doubt == "no_unit":
        return (
            "Vụ việc chưa có đơn vị nào giữ. Anh/chị nhắn lại, nêu tên đơn vị, ví dụ: giao phường Láng xử lý."
        )
    if doubt == "which_unit":
        return f"“{words}” nào? Anh/chị nhắn lại với tên đầy đủ của đơn vị, ví dụ: giao phường Láng xử lý."
    near = f" Gần nhất: {nearest}." if nearest else ""
    return f"Không có đơn vị nào tên “{words}”.{near} Anh/chị nhắn lại với tên đầy đủ của đơn vị."


def directive_which_case() -> str:
    """Ask which case an order is about."""
    return (
        "Chỉ đạo này về vụ việc nào? Anh/chị trả lời (reply) thẻ của vụ việc, hoặc ghi mã vụ việc trong câu."
    )


def directive_not_here() -> str:
    """Refuse an order in a group that does not concern the case or the unit."""
    return (
        "Vụ việc hoặc đơn vị này không thuộc phạm vi của nhóm. "
        "Anh/chị nhắn riêng cho tôi chỉ đạo này, kèm mã vụ việc."
    )


def directive_not_allowed(*, unit: str) -> str:
    """Refuse an order to a unit that is not below the writer's."""
    return f"Anh/chị không giao việc cho {unit} được: chỉ giao được đơn vị trực thuộc. Cần thì báo cấp trên."


def directive_not_receiving(*, unit: str, code: str) -> str:
    """Refuse to bring a case to a unit that it may not go to."""
    return f"{unit} không được nhận vụ việc {code}. Anh/chị chọn đơn vị khác, hoặc chỉ đạo đơn vị đang xử lý."


def directive_case_finished(*, code: str) -> str:
    """Refuse an order to settle what is settled."""
    return (
        f"{code} đã được trả lời nên không giao xử lý được nữa. "
        "Anh/chị có thể yêu cầu báo cáo hoặc giải trình, hoặc mở lại vụ việc."
    )


def directive_extension_impossible(*, code: str, due_at: datetime | None) -> str:
    """Refuse to grant more time that is none."""
    due = f" Hạn hiện nay: {moment(due_at)}." if due_at else ""
    return (
        f"Không gia hạn {code} như vậy được: hạn mới phải sau hạn hiện nay.{due} Anh/chị nhắn lại hạn khác."
    )


def directive_gone() -> str:
    """Answer a button of an order that is none, or of somebody else's."""
    return "Chỉ đạo này không còn ở đây nữa. Anh/chị gõ /chidao để xem các chỉ đạo của mình."


def directive_not_yours() -> str:
    """Answer somebody who presses what another person must press."""
    return "Chỉ người soạn chỉ đạo này mới bấm được. Anh/chị muốn chỉ đạo thì nhắn một câu khác."


def directive_settled(*, status: str) -> str:
    """Answer a button that was pressed before."""
    if status == "dropped":
        return "Chỉ đạo này đã bỏ hoặc hết hiệu lực. Anh/chị nhắn lại nếu vẫn cần giao."
    return "Chỉ đạo này đã giao rồi. Gõ /chidao để xem đơn vị đã nhận, đã báo cáo chưa."


def directive_no_longer_allowed() -> str:
    """Refuse to let an order count whose writer may not give it any more."""
    return "Anh/chị hiện không giao được chỉ đạo này nữa. Gõ /chucvu để xem chức vụ của mình."


def directive_lapsed() -> str:
    """Refuse to let an order count that was written too long ago."""
    return "Chỉ đạo này soạn đã quá 24 giờ hoặc đã quá hạn nêu trong đó. Anh/chị nhắn lại nếu vẫn cần giao."


def directive_dropped() -> str:
    """Confirm that an order was dropped."""
    return "Đã bỏ, chưa giao gì cả."


def directive_given(
    *, kind: str, unit: str, about: str, due_at: datetime | None, readers: int, outside: int, now: datetime
) -> str:
    """Confirm that an order is out, and say whom it reached."""
    if kind == "extend":
        due = f" đến {moment_of_year(due_at, now=now)}" if due_at else ""
        return f"Đã gia hạn {about}{due}. {unit} và người dân được báo hạn mới."
    due = f", hạn {moment_of_year(due_at, now=now)}" if due_at else ""
    text = f"Đã giao {unit}: {DIRECTIVE_KINDS[kind].lower()}, {about}{due}."
    if readers:
        text += f" {readers} người của đơn vị nhận được tin."
    else:
        text += " Đơn vị chưa có ai dùng chat này; người điều phối đã được báo."
    text += f" Gửi thêm {outside} thư, tin nhắn SMS." if outside else ""
    return text + " Gõ /chidao để xem đơn vị đã nhận, đã báo cáo chưa."


def directive_card(
    *,
    kind: str,
    unit: str,
    giver: str,
    about: str,
    place: str,
    due_at: datetime | None,
    text: str,
    extract: str,
) -> str:
    """Bring an order to whoever must answer it."""
    lines = [f"CHỈ ĐẠO: {DIRECTIVE_KINDS[kind]}", f"Gửi: {unit}", f"Người giao: {giver}", f"Việc: {about}"]
    lines += [f"Nơi: {place}"] if place else []
    lines += [f"Phản ánh: {extract}"] if extract else []
    lines.append(f"Nội dung chỉ đạo: {text}")
    lines += [f"Hạn báo cáo: {moment(due_at)}"] if due_at else []
    lines.append(
        "Bấm «Đã nhận việc» khi đã đọc. Khi xong, bấm «Báo cáo» hoặc trả lời (reply) tin này, kèm ảnh."
    )
    return "\n".join(lines)


def directive_extended(*, unit: str, about: str, giver: str, due_at: datetime | None, text: str) -> str:
    """Tell a unit that it was given more time."""
    due = f" Hạn mới: {moment(due_at)}." if due_at else ""
    return f"{giver} gia hạn cho {unit}, {about}.{due}\nNội dung: {text}"


def directive_nobody_there(*, unit: str, about: str) -> str:
    """Tell dispatchers of an order that reaches nobody."""
    return (
        f"{unit} vừa được giao chỉ đạo về {about} nhưng chưa có ai dùng chat. "
        "Xin liên hệ đơn vị bằng cách khác."
    )


def directive_to_unit_only(*, unit: str) -> str:
    """Answer somebody who is not of the unit that must act."""
    return f"Chỉ người của {unit} mới nhận và báo cáo chỉ đạo này. Gõ /chidao để xem việc của mình."


def directive_is_seen(*, unit: str, due_at: datetime | None) -> str:
    """Confirm that an order was acknowledged."""
    due = f" Hạn báo cáo: {moment(due_at)}." if due_at else ""
    return f"{unit} đã nhận việc.{due} Khi xong, trả lời (reply) tin chỉ đạo kèm ảnh, hoặc bấm «Báo cáo»."


def directive_seen_already(*, name: str, at: datetime) -> str:
    """Answer somebody who acknowledges what was acknowledged."""
    return f"{name or 'Đơn vị'} đã nhận việc này lúc {moment(at)}. Khi xong, anh/chị bấm «Báo cáo»."


def directive_reported_already(*, name: str, at: datetime) -> str:
    """Answer somebody who reports what was reported."""
    return (
        f"{name or 'Đơn vị'} đã báo cáo lúc {moment(at)}. Người giao đã nhận được; cần thêm thì họ sẽ nhắn."
    )


def write_directive_report(*, unit: str, about: str, due_at: datetime | None) -> str:
    """Ask for a report."""
    due = f" Hạn: {moment(due_at)}." if due_at else ""
    return (
        f"Báo cáo của {unit} về {about}.{due} Anh/chị nhắn nội dung, gửi ảnh hoặc ghi âm; xong thì bấm gửi."
    )


def reply_with_directive_report() -> str:
    """Say how to report in a group."""
    return "Trong nhóm, anh/chị trả lời (reply) tin chỉ đạo bằng nội dung báo cáo, kèm ảnh hoặc ghi âm."


def directive_report_draft(*, about: str, text: str, photos: int, recordings: int) -> str:
    """Show a report before it is sent."""
    kept = [f"{photos} ảnh"] * bool(photos) + [f"{recordings} tệp ghi âm, tài liệu"] * bool(recordings)
    more = f"\nKèm: {', '.join(kept)}" if kept else ""
    return (
        f"Báo cáo về {about}, chưa gửi:\n{text or '(chỉ có tệp kèm theo)'}{more}\nBấm để gửi, hoặc nhắn thêm."
    )


def directive_report_of_colleague(*, name: str, about: str) -> str:
    """Refuse words for a report that a colleague is writing."""
    return (
        f"{name or 'Đồng nghiệp'} đang soạn báo cáo về {about}, chưa gửi; tin của anh/chị chưa được ghi vào. "
        "Anh/chị trao đổi với người đó, hoặc bấm để bỏ bản đó và tự viết."
    )


def directive_report_taken(*, name: str, about: str) -> str:
    """Tell somebody that a colleague writes the report that they had begun."""
    return f"{name or 'Đồng nghiệp'} đã bỏ bản báo cáo anh/chị đang soạn về {about} và tự viết báo cáo."


def directive_report_edited() -> str:
    """Say that a message changed afterwards changes no report."""
    return (
        "Tin đã sửa không thay vào báo cáo đang soạn. "
        "Anh/chị nhắn thêm phần cần bổ sung, hoặc bấm «Viết lại» rồi nhắn lại."
    )


def directive_report_empty() -> str:
    """Ask for something to report."""
    return "Anh/chị nhắn nội dung báo cáo, hoặc gửi ảnh, ghi âm."


def directive_report_lost(*, what: str) -> str:
    """Tell that a file of a report could not be kept."""
    return f"Tệp vừa gửi không giữ lại được ({what}). Anh/chị gửi lại tệp khác, hoặc nhắn bằng chữ."


def directive_report_sent(*, giver: str) -> str:
    """Confirm that a report was sent."""
    return f"Đã gửi báo cáo đến {giver}."


def directive_report_news(
    *, kind: str, unit: str, name: str, about: str, text: str, late: bool, order: str
) -> str:
    """Bring a report to whoever ordered it."""
    what = "giải trình" if kind == "explain" else "báo cáo"
    when = " (sau hạn)" if late else ""
    by = f" ({name})" if name else ""
    body = text or "(chỉ có tệp kèm theo)"
    return f"{unit}{by} {what}{when} về {about}:\n{body}\nChỉ đạo: {excerpt(order, 200)}"


def directive_reminder(*, kind: str, unit: str, about: str, due_at: datetime, over: bool) -> str:
    """Remind a unit of an order before its deadline, or after it."""
    what = "giải trình" if kind == "explain" else "báo cáo"
    when = f"đã quá hạn {moment(due_at)}" if over else f"sắp đến hạn {moment(due_at)}"
    return f"Nhắc {unit}: chỉ đạo về {about} {when} mà chưa {what}. Anh/chị bấm «Báo cáo» để gửi."


def directive_overdue(*, kind: str, unit: str, about: str, due_at: datetime, seen: bool) -> str:
    """Tell whoever gave an order that nothing was reported in time."""
    what = "giải trình" if kind == "explain" else "báo cáo"
    read = "đã nhận việc nhưng chưa" if seen else "chưa nhận việc, chưa"
    return f"{unit} {read} {what} về {about}; hạn là {moment(due_at)}. Đơn vị đã được nhắc."


def directives_heading(*, given: bool, open: int, seen: int, done: int, overdue: int) -> str:
    """Head a list of orders with how they stand."""
    who = "Chỉ đạo anh/chị đã giao" if given else "Chỉ đạo đơn vị được giao"
    return f"{who}: {open} chưa nhận, {seen} đã nhận, {done} đã báo cáo; {overdue} quá hạn."


def no_directives(*, given: bool) -> str:
    """Tell that there are no orders to list."""
    if given:
        return (
            "Chưa có chỉ đạo nào. Anh/chị trả lời (reply) thẻ một vụ việc, ví dụ: "
            "giao phường Láng xử lý trước thứ Sáu."
        )
    return "Chưa có chỉ đạo nào cho đơn vị. Khi có, tin sẽ đến đây."


def directive_line(
    *, number: int, kind: str, unit: str, about: str, status: str, due_at: datetime | None, overdue: bool
) -> str:
    """Show an order on one line of a list."""
    due = f", hạn {moment(due_at)}" if due_at else ""
    standing = f"QUÁ HẠN, {_STANDING[status]}" if overdue else _STANDING[status]
    return f"{number}. {DIRECTIVE_KINDS[kind]} · {unit} · {about}{due} · {standing}"


def directive_record(
    *,
    kind: str,
    unit: str,
    giver: str,
    about: str,
    due_at: datetime | None,
    status: str,
    overdue: bool,
    text: str,
    report: str,
    lines: Sequence[str],
) -> str:
    """Show all that became of an order."""
    parts = [f"{DIRECTIVE_KINDS[kind]}: {about}", f"Đơn vị: {unit}", f"Người giao: {giver}"]
    parts += [f"Hạn: {moment(due_at)}"] if due_at else []
    parts.append(f"Tình trạng: {'QUÁ HẠN, ' if overdue else ''}{_STANDING[status]}")
    parts.append(f"Nội dung: {excerpt(text, 500)}")
    parts += [f"Báo cáo: {excerpt(report, 800)}"] if report else []
    return "\n".join([*parts, "Diễn biến:", *lines])


def directive_history(*, type: str, at: datetime, name: str) -> str:
    """Show one thing that became of an order."""
    return f"• {moment(at)}: {_HISTORY.get(type, type)}{f' ({name})' if name else ''}"


def directive_set_aside(*, number: int) -> str:
    """Tell operators that an order could not be reminded of because of a fault of the program."""
    return (
        f"Lỗi khi nhắc chỉ đạo số {number}; chỉ đạo này được gác lại và sẽ thử lại sau một ngày. "
        "Xin xem nhật ký chương trình."
    )


def directive_subject(*, kind: str, about: str) -> str:
    """Name the subject of a letter about an order."""
    return f"{DIRECTIVE_KINDS[kind]}: {about}"


def directive_letter(*, city: str, kind: str, unit: str, about: str, due_at: datetime | None) -> str:
    """Write to a unit by mail: no words of a citizen's, and none of the order's."""
    due = f"\nHạn: {moment(due_at)}" if due_at else ""
    return (
        f"Kính gửi {unit},\n\n{city} vừa có chỉ đạo cho đơn vị.\n"
        f"Loại: {DIRECTIVE_KINDS[kind]}\nViệc: {about}{due}\n\n"
        "Nội dung đầy đủ có trong chat công vụ. Xin mở chat, bấm «Đã nhận việc» và báo cáo ở đó."
    )


def directive_short_message(*, city: str, kind: str, about: str, due_at: datetime | None) -> str:
    """Write to a unit by SMS: at most 160 letters without accents, no words of a citizen's."""
    due = f", han {due_at.astimezone(LOCAL_TIME):%H:%M %d/%m}" if due_at else ""
    text = f"{city}: {DIRECTIVE_KINDS[kind].lower()} {about}{due}. Xin mo chat cong vu de xem va bao cao."
    plain = strip_accents(text).replace("–", "-").encode("ascii", "ignore").decode()
    return plain if len(plain) <= 160 else f"{plain[:157]}..."
