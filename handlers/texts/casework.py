"""What officials and citizens read when a unit steers its cases: who does what, where to, until when."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment, moment_of_year, review_possible, still_unsolved

EXTENSION_REASONS: Mapping[str, str] = {
    "material": "Chờ vật tư, thiết bị",
    "survey": "Cần khảo sát, xác minh thêm tại chỗ",
    "partner": "Chờ đơn vị khác phối hợp",
    "weather": "Thời tiết chưa cho phép thi công",
    "file": "Hồ sơ phức tạp, cần thêm thời gian",
}
"""Why a unit needs more time; the citizen reads it too."""

EXTENSION_REFUSALS: Mapping[str, str] = {
    "enough": "Hạn hiện nay vẫn đủ",
    "unclear": "Lý do chưa rõ",
    "urgent": "Việc gấp, cần làm ngay",
}
"""Why more time is not granted."""

REFUSALS: Mapping[str, tuple[str, str, str]] = {
    "outside": (
        "Ngoài thẩm quyền thành phố",
        "Việc này nằm ngoài thẩm quyền của các cơ quan trong thành phố.",
        "Anh/chị có thể gửi đến đúng cơ quan, doanh nghiệp quản lý việc này.",
    ),
    "civil": (
        "Tranh chấp giữa các bên",
        "Đây là tranh chấp giữa các bên, do hoà giải ở cơ sở hoặc toà án giải quyết.",
        "Anh/chị có thể đề nghị tổ hoà giải nơi mình ở, hoặc khởi kiện tại toà án.",
    ),
    "unclear": (
        "Không đủ thông tin",
        "Nội dung chưa đủ rõ để xử lý.",
        "Anh/chị cho biết thêm việc gì, ở đâu, kèm ảnh nếu có; việc sẽ được xem lại.",
    ),
    "legal": (
        "Khiếu nại, tố cáo",
        "Đây là khiếu nại hoặc tố cáo, phải theo thủ tục riêng.",
        "Anh/chị nộp đơn tại Ban Tiếp công dân; nơi đó hướng dẫn từng bước.",
    ),
    "improper": (
        "Không phải phản ánh",
        "Nội dung không phải phản ánh hoặc không phù hợp.",
        "Nếu có việc cần giải quyết, anh/chị gửi lại: việc gì, ở đâu.",
    ),
}
"""Why a unit does not handle a case: what the button says, the reason, what the citizen can do instead."""


def _named(name: str, otherwise: str = "một cán bộ của đơn vị") -> str:
    return name or otherwise


# ── who does it within the unit ──────────────────────────────────────────────────────────────────


def choose_officer(*, code: str, name: str) -> str:
    """Ask who at the unit shall do it; `name` has it now, empty for nobody."""
    now = f"{code} đang do {name} xử lý. Giao lại cho ai?" if name else f"Giao {code} cho ai?"
    return f"{now} Bấm một tên, hoặc gõ tên. Trong ngoặc là số việc đang mở của mỗi người."


def choose_officer_again(*, code: str, query: str) -> str:
    """Offer the officers with a name like the one that was typed."""
    return f"Những người có tên gần với «{excerpt(query, 40)}». Bấm một tên để giao {code}, hoặc gõ lại."


def officer_not_found(*, query: str, unit: str) -> str:
    """Say that nobody at the unit has the typed name."""
    return f"{unit} không có ai tên «{excerpt(query, 40)}» ở đây. Anh/chị gõ lại, hoặc bấm Bỏ để dừng."


def officer_choice(*, name: str, count: int) -> str:
    """Name somebody on a button, with how many open cases they have."""
    return f"{excerpt(_named(name), 40)} ({count})"


def no_officer(*, unit: str) -> str:
    """Say that the unit has nobody else."""
    return (
        f"{unit} chưa có chuyên viên nào dùng được ở đây. Anh/chị tự nhận, hoặc xin mã mời cho chuyên viên."
    )


def officer_gone(*, code: str) -> str:
    """Say that the chosen person cannot be given a case any more."""
    return f"Người này không còn nhận việc ở đơn vị, nên chưa giao {code}. Anh/chị chọn người khác."


def appointed(*, code: str, name: str, due_at: datetime | None) -> str:
    """Confirm who does it now."""
    due = f" Trả lời trước {moment(due_at)}." if due_at else ""
    return f"Đã giao {code} cho {_named(name)}; phiếu việc đã được gửi riêng cho người đó.{due}"


def appointed_already(*, code: str, name: str) -> str:
    """Answer who gives a case to whoever has it."""
    return f"{code} đang do {_named(name)} xử lý rồi. Chưa có gì thay đổi."


def given_to_you(*, name: str) -> str:
    """Say on a card who gave it to its reader."""
    return f"👤 {_named(name, 'Lãnh đạo đơn vị')} giao anh/chị xử lý việc này."


def not_yours_any_more(*, code: str, name: str) -> str:
    """Tell who had a case that a colleague does it now."""
    return f"{code} nay do {_named(name, 'đồng nghiệp')} xử lý. Anh/chị không phải làm gì thêm."


def handled_by(*, name: str) -> str:
    """Say on a card who does it."""
    return f"👤 Người xử lý: {_named(name)}"


def handled_by_you() -> str:
    """Say on a card that its reader does it."""
    return "👤 Người xử lý: anh/chị"


def ask_take_over(*, code: str, name: str) -> str:
    """Ask whether somebody means to take over what a colleague does."""
    return f"{code} đang do {_named(name, 'một đồng nghiệp')} xử lý. Anh/chị nhận thay? Chưa có gì thay đổi."


def taken_over(*, code: str, due_at: datetime | None) -> str:
    """Confirm that the case is now in this person's hands."""
    due = f" Trả lời trước {moment(due_at)}." if due_at else ""
    return f"Anh/chị đã nhận thay {code}.{due}"


def label_more_actions() -> str:
    """Name the button that shows everything that can be done."""
    return "Việc khác…"


def all_actions(*, code: str) -> str:
    """Stand above all that can be done to a case."""
    return f"{code}: anh/chị chọn việc cần làm."


def label_appoint() -> str:
    """Label: choose who at the unit does it."""
    return "Giao người xử lý"


def label_myself() -> str:
    """Label: do it oneself."""
    return "Tôi tự xử lý"


def label_take_over() -> str:
    """Label: take over what a colleague does."""
    return "Nhận thay"


# ── to another unit ──────────────────────────────────────────────────────────────────────────────


def unit_above(*, unit: str) -> str:
    """Name the unit above on a button."""
    return f"⬆ Lên cấp trên: {unit}"


def unit_below(*, unit: str) -> str:
    """Name a unit below on a button."""
    return f"⬇ Xuống: {unit}"


def confirm_hand_over(*, code: str, unit: str, due_at: datetime | None, before: str) -> str:
    """Ask for a word to the receiving unit before a case goes there; `before` warns."""
    due = f" Thời hạn giữ nguyên: {moment(due_at)}." if due_at else ""
    warning = f"{before}\n\n" if before else ""
    return (
        f"{warning}Chuyển {code} cho {unit}?{due}\n"
        "Nhắn một câu vì sao, đơn vị nhận sẽ đọc; hoặc bấm «Chuyển luôn»."
    )


def goes_round(*, unit: str, at: datetime, reason: str) -> str:
    """Warn that a unit gave the same case away before."""
    why = f": «{excerpt(reason, 120)}»" if reason else ""
    return (
        f"⚠ {unit} đã từng chuyển việc này đi lúc {moment(at)}{why}. Chuyển lại dễ đi vòng và trễ hạn; "
        "bộ phận điều phối có thể quyết định giúp."
    )


def came_from_because(*, unit: str, reason: str) -> str:
    """Say on a card which unit handed it over, and why."""
    return f"Chuyển đến từ {unit}" + (f": «{reason}»" if reason else "")


def passed_through(*, units: Sequence[str]) -> str:
    """Say on a card which units had the case before."""
    return f"Đã qua: {' → '.join(units)}"


def history_hand_over(*, at: datetime, unit: str, reason: str) -> str:
    """Return a line of a card: why a unit handed it on."""
    return f"{unit} chuyển đi lúc {moment(at)}: «{excerpt(reason, 300)}»"


def history_extension(*, at: datetime, reason: str, granted: bool) -> str:
    """Return a line of a card: more time was granted or not, and why."""
    how = "Được gia hạn" if granted else "Không được gia hạn"
    return f"{how} lúc {moment(at)}: {excerpt(reason, 300)}"


def sent_round(*, units: Sequence[str]) -> str:
    """Return the reason for which units leave a case to the dispatchers."""
    return f"Các đơn vị chuyển qua lại, xin điều phối chọn: {' → '.join(units)}"


def handed_away(*, code: str, unit: str) -> str:
    """Tell the officer who had a case that the unit handed it on."""
    return f"{code} đã được chuyển cho {unit}. Anh/chị không phải làm gì thêm."


def label_hand_now() -> str:
    """Label: hand over without a word."""
    return "Chuyển luôn"


def label_ask_dispatch() -> str:
    """Label: let the dispatchers choose the unit."""
    return "Để điều phối chọn"


# ── back ─────────────────────────────────────────────────────────────────────────────────────────


def why_return(*, code: str, back_to: str) -> str:
    """Ask why a case is given back; `back_to` is the unit that it goes to, empty for the dispatchers."""
    where = (
        f"Việc sẽ về lại {back_to}, nơi đã chuyển đến."
        if back_to
        else "Bộ phận điều phối sẽ chọn đơn vị khác."
    )
    return f"Vì sao trả lại {code}? Bấm một lý do, hoặc gõ lý do của anh/chị. {where}"


def returned_to(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Confirm that the unit that had handed a case over has it again."""
    due = f" Thời hạn giữ nguyên: {moment(due_at)}." if due_at else ""
    return f"Đã trả {code} về {unit}, kèm lý do.{due} Người dân đã được báo."


def came_back(*, unit: str, reason: str) -> str:
    """Say on a card who gave it back to the reader's unit, and why."""
    return f"{unit} trả lại: {reason}"


def case_back_with(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Tell the citizen that the unit from before answers after all."""
    due = f" Hạn trả lời vẫn như cũ: trước {moment(due_at)}." if due_at else ""
    return f"{code}: {unit} tiếp tục giải quyết việc này.{due} Anh/chị không phải làm gì thêm."


def returned_often(*, count: int, lines: Sequence[str]) -> str:
    """Tell a dispatcher who gave a case back, and why."""
    return "\n".join([f"Đã bị trả lại {count} lần:", *lines])


def return_line(*, unit: str, at: datetime, reason: str) -> str:
    """Return one line of who gave a case back."""
    return f"• {unit}, {moment(at)}: {reason}"


def unit_gave_it_back(*, unit: str, at: datetime, reason: str) -> str:
    """Warn a dispatcher that the chosen unit gave this very case back."""
    return f"{unit} đã trả lại việc này lúc {moment(at)}: {reason}\nVẫn giao cho đơn vị này?"


def label_assign_anyway() -> str:
    """Label: assign although the unit gave the case back."""
    return "Vẫn giao"


# ── more time ────────────────────────────────────────────────────────────────────────────────────


def choose_extension(*, code: str, due_at: datetime | None) -> str:
    """Ask how much more time a case needs."""
    due = f" Hạn hiện nay: {moment(due_at)}." if due_at else ""
    return f"{code} cần thêm mấy ngày làm việc?{due} Cấp trên sẽ duyệt; trong lúc chờ, hạn này vẫn tính."


def extension_choice(*, count: int, due_at: datetime) -> str:
    """Name a number of working days on a button, with the deadline that follows."""
    return f"{count} ngày: đến {moment(due_at)}"


def number_not_offered() -> str:
    """Answer a typed number that none of the choices shown begins with."""
    return "Không có lựa chọn nào bắt đầu bằng số đó. Anh/chị bấm một nút ở trên, hoặc gõ đúng chữ trên nút."


def number_without_choice() -> str:
    """Answer a typed number where nothing to choose from was shown lately."""
    return (
        "Tôi chưa rõ số này chọn điều gì. Anh/chị trả lời (reply) vào tin có danh sách, hoặc gõ chữ của "
        "mục cần chọn. Muốn phản ánh thì nhắn việc gì, ở đâu."
    )


def choice_with_code(*, code: str) -> str:
    """Say, under choices that can only be typed, how they are meant once other messages have followed."""
    return f"Sau này vẫn chọn được: gõ số kèm mã, ví dụ “1 {code}”."


def choice_by_number() -> str:
    """Say, above a list of choices that are not all buttons, how to choose."""
    return "Để chọn, anh/chị nhắn số ở đầu dòng."


def position_by_hand() -> str:
    """Say, under the words for sending a position, how that is done without a button for it."""
    return "(mở mục thêm, dấu + hoặc ba chấm cạnh ô nhắn tin, rồi chọn «Vị trí»)"


def why_extension(*, code: str, count: int, due_at: datetime) -> str:
    """Ask why a case needs more time."""
    return (
        f"{code}: thêm {count} ngày làm việc, đến {moment(due_at)}. Vì sao? Bấm một lý do, hoặc gõ lý do. "
        "Cấp trên và người dân sẽ đọc."
    )


def extension_asked(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Confirm that the request is with whoever decides."""
    due = f" Trong lúc chờ, hạn {moment(due_at)} vẫn tính." if due_at else ""
    return f"Đã gửi xin gia hạn {code} đến {unit}. Có quyết định tôi báo ngay.{due}"


def extension_request(
    *,
    code: str,
    unit: str,
    name: str,
    domain: str,
    place: str,
    text: str,
    reason: str,
    count: str,
    due_at: datetime | None,
    new_due_at: datetime,
    urgent: bool,
) -> str:
    """Show a request for more time to whoever decides it."""
    who = f"{unit} ({name})" if name else unit
    lines = ["🔴 KHẨN"] if urgent else []
    lines += [f"⏳ Xin gia hạn {code}", f"• {who} xin thêm {count}", f"• Lý do: {reason}"]
    lines += [f"• Hạn hiện nay: {moment(due_at)}"] if due_at else []
    lines += [f"• Hạn mới nếu đồng ý: {moment(new_due_at)}"]
    where = f" · {place}" if place else ""
    return "\n".join([*lines, f"• Việc: {domain}{where}", f"«{excerpt(text, 300)}»"])


def extension_pending(*, count: str, reason: str, unit: str) -> str:
    """Say on a card that more time is asked for."""
    return f"⏳ Chờ {unit} duyệt gia hạn thêm {count}: {reason}"


def extension_too_late(*, code: str, due_at: datetime) -> str:
    """Refuse a request after the deadline."""
    return (
        f"{code} đã quá hạn lúc {moment(due_at)}, nên không xin gia hạn được nữa. "
        "Anh/chị trả lời người dân sớm nhất có thể."
    )


def extension_used_up(*, code: str, limit: int) -> str:
    """Refuse a request when the city allows no more of them."""
    allowed = f"mỗi việc chỉ được gia hạn {limit} lần" if limit else "thành phố không cho gia hạn"
    return f"{code} không gia hạn thêm được: {allowed}. Anh/chị trả lời trong hạn đã hẹn với người dân."


def extension_waits(*, code: str, unit: str) -> str:
    """Answer who asks for more time while a request waits."""
    return f"{code} đã có một yêu cầu gia hạn đang chờ {unit} duyệt. Có quyết định tôi báo ngay."


def extension_not_while_asking(*, code: str) -> str:
    """Refuse a request while the clock stands still."""
    return f"{code} đang chờ người dân trả lời nên thời hạn tạm dừng, chưa cần gia hạn."


def extension_nobody(*, code: str) -> str:
    """Refuse a request where nobody above can decide it."""
    return (
        f"Cấp trên chưa có ai ở đây để duyệt gia hạn {code}, nên yêu cầu chưa được gửi. "
        "Hạn hiện nay giữ nguyên; anh/chị báo bộ phận quản trị mời lãnh đạo vào."
    )


def extension_granted(*, code: str, due_at: datetime) -> str:
    """Confirm that more time was granted."""
    return f"Đã đồng ý gia hạn {code} đến {moment(due_at)}. Đơn vị và người dân đã được báo."


def extension_granted_to_unit(*, code: str, unit: str, due_at: datetime, now: datetime) -> str:
    """Tell the unit that it has more time."""
    due = moment_of_year(due_at, now=now)
    return f"✅ {unit} đồng ý gia hạn {code}. Hạn mới: {due}. Người dân đã được báo."


def extension_granted_to_reporter(
    *, code: str, unit: str, reason: str, due_at: datetime, now: datetime
) -> str:
    """Tell the citizen the new date and why."""
    due = moment_of_year(due_at, now=now)
    return (
        f"{code}: {unit} cần thêm thời gian và sẽ trả lời anh/chị trước {due}.\n"
        f"Lý do: {reason}\nMong anh/chị thông cảm; có kết quả sớm hơn tôi nhắn ngay."
    )


def why_not_extension(*, code: str) -> str:
    """Ask why more time is not granted."""
    return f"Vì sao không đồng ý gia hạn {code}? Bấm một lý do, hoặc gõ lý do. Đơn vị sẽ đọc."


def extension_refused(*, code: str, due_at: datetime | None) -> str:
    """Confirm that more time was not granted."""
    due = f" Hạn giữ nguyên: {moment(due_at)}." if due_at else ""
    return f"Đã báo đơn vị: không gia hạn {code}.{due}"


def extension_refused_to_unit(*, code: str, unit: str, reason: str, due_at: datetime | None) -> str:
    """Tell the unit that it has no more time."""
    due = f"\nHạn giữ nguyên: trả lời trước {moment(due_at)}." if due_at else ""
    return f"{unit} không đồng ý gia hạn {code}: {reason}{due}"


def extension_decided(*, code: str, name: str, at: datetime, granted: bool) -> str:
    """Answer who decides a request that was decided already."""
    how = "đồng ý" if granted else "không đồng ý"
    who = _named(name, "một lãnh đạo khác")
    return (
        f"Yêu cầu gia hạn {code} đã được {who} quyết định ({how}) lúc {moment(at)}. Chưa có gì thay đổi thêm."
    )


def extension_gone(*, code: str) -> str:
    """Answer who decides a request that lapsed."""
    return (
        f"Yêu cầu gia hạn {code} không còn chờ duyệt: việc đã được trả lời hoặc đã chuyển nơi khác. "
        "Chưa có gì thay đổi."
    )


def extension_not_yours(*, code: str) -> str:
    """Refuse to let somebody decide their own request."""
    return f"Yêu cầu gia hạn {code} do chính anh/chị gửi, nên người khác ở cấp trên phải duyệt."


def extension_in_vain(*, code: str, due_at: datetime) -> str:
    """Answer who grants time that has passed already."""
    return (
        f"Hạn mới của {code} ({moment(due_at)}) cũng đã qua, nên gia hạn không còn tác dụng. "
        "Bấm «Không đồng ý» để báo đơn vị."
    )


def working_days(*, count: int) -> str:
    """Return a number of working days in words."""
    return f"{count} ngày làm việc"


def working_hours(*, hours: float) -> str:
    """Return a number of working hours in words."""
    return f"{hours:g} giờ làm việc".replace(".", ",")


def label_extend() -> str:
    """Label: ask for more time."""
    return "Xin gia hạn"


def label_grant() -> str:
    """Label: grant more time."""
    return "Đồng ý"


def label_refuse_extension() -> str:
    """Label: grant no more time."""
    return "Không đồng ý"


# ── not handling a case ──────────────────────────────────────────────────────────────────────────


def why_refuse(*, code: str) -> str:
    """Ask why the unit does not handle a case."""
    return (
        f"Vì sao không xử lý {code}? Người gửi sẽ đọc lý do và có thể yêu cầu xem lại. "
        "Việc của đơn vị khác thì bấm «Chuyển đơn vị»; trùng việc khác thì gõ /gop."
    )


def choose_refusal_first(*, code: str) -> str:
    """Ask for a reason from the list before words of one's own."""
    return f"Anh/chị bấm một lý do trong danh sách trước, rồi viết thêm cho {code} nếu cần."


def refusal_draft(*, code: str, text: str) -> str:
    """Show what the citizen would read."""
    return (
        f"Người gửi {code} sẽ đọc:\n«{text}»\n\n"
        "Nhắn thêm một câu nếu cần giải thích rõ hơn, hoặc bấm «Gửi, không xử lý»."
    )


def refusal_words(*, reason: str, more: str) -> str:
    """Return a reason with the words that somebody added."""
    return f"{reason} {more}".strip()


def refused(*, code: str, reopens: bool) -> str:
    """Confirm that the unit does not handle a case."""
    told = "lý do, việc nên làm tiếp và cách yêu cầu xem lại" if reopens else "lý do và việc nên làm tiếp"
    return f"{code}: không xử lý. Người gửi đã được báo {told}."


def case_refused(*, code: str, unit: str, reason: str, instead: str, reopens: bool) -> str:
    """Tell the citizen that the case is not handled, why, and what they can do instead."""
    return (
        f"{code}: {unit or 'Người điều phối'} không giải quyết được việc này.\nLý do: {reason}\n{instead}\n"
        f"{review_possible() if reopens else still_unsolved()}"
    )


def refused_by_chair(*, code: str, name: str) -> str:
    """Tell the officer who had a case that it is not handled."""
    who = _named(name, "lãnh đạo đơn vị")
    return f"{code}: {who} đã quyết định không xử lý. Anh/chị không phải làm gì thêm."


def label_refuse() -> str:
    """Label: do not handle the case."""
    return "Từ chối xử lý"


def label_send_refusal() -> str:
    """Label: tell the citizen that it is not handled."""
    return "Gửi, không xử lý"


# ── the list ─────────────────────────────────────────────────────────────────────────────────────

_LISTS = {
    "overdue": "🔺 Quá hạn",
    "at_risk": "🔸 Sắp đến hạn",
    "unaccepted": "Chưa tiếp nhận",
    "decisions": "⏳ Chờ duyệt",
    "mine": "Của tôi",
}


def work_summary(
    *, units: str, count: int, today: int, unaccepted: int, at_risk: int, overdue: int, decisions: int
) -> str:
    """Say in two lines how a unit stands; what is nought is left out."""
    counted = [
        f"mới đến hôm nay {today}" if today else "",
        f"chưa ai nhận {unaccepted}" if unaccepted else "",
        f"🔸 sắp đến hạn {at_risk}" if at_risk else "",
        f"🔺 quá hạn {overdue}" if overdue else "",
        f"⏳ chờ anh/chị duyệt {decisions}" if decisions else "",
    ]
    told = " · ".join(each for each in counted if each)
    return f"{units}: {count} việc đang mở" + (f"\n{told}" if told else "")


def work_page(*, heading: str, count: int, first: int, lines: Sequence[str]) -> str:
    """List open cases, the most pressing first."""
    last = first + len(lines) - 1
    shown = f"{first}–{last} trong {count} việc, gấp nhất ở trên" if count > len(lines) else "Gấp nhất ở trên"
    return "\n".join([heading, "", f"{shown}:", *lines, "Bấm một mã để mở phiếu."])


def list_heading(*, name: str, units: str, count: int) -> str:
    """Return the heading of one list."""
    return f"{_LISTS[name]} – {units}: {count} việc"


def list_empty(*, name: str, units: str) -> str:
    """Say that a list is empty."""
    return f"{_LISTS[name]} – {units}: không có việc nào. Gõ /viec để xem tất cả."


def no_decision_waits() -> str:
    """Say to a leader, who has no cases of their own, that nothing waits for their decision."""
    return (
        "Không có việc nào chờ anh/chị quyết định; khi có tôi báo ngay. Tìm vụ việc: /tim. Số liệu: /thongke."
    )


def label_list(*, name: str, count: int) -> str:
    """Label: one of the lists, with how many are in it."""
    return f"{_LISTS[name]}: {count}"


def label_all_work() -> str:
    """Label: all open cases."""
    return "Tất cả việc đang mở"


def due_with(*, due: str, name: str) -> str:
    """Say in a list by when a case is due and who does it."""
    return f"{due} · 👤 {excerpt(name, 40)}"


def decision_line(*, count: str, unit: str) -> str:
    """Say in a list what is asked for a case."""
    return f"{unit} xin thêm {count}"


def approval_line() -> str:
    """Say in a list that an answer waits to be approved."""
    return "câu trả lời chờ anh/chị duyệt"
